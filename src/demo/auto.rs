//! Plays the member of staff: carries their lines into the chat, and what the chat shows to their eyes.

use super::judge::{Evidence, Left, Verdict, Wrong, judge};
use super::staff::Staff;
use super::town::Town;
use super::witness::Seen;
use crate::app::Handle;
use crate::chat::console::Console;
use crate::view::{Piece, TextView, View};
use anyhow::{Context, bail};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

/// So many glances at which nothing has happened, and the day is taken for over although something
/// is missing. Glances, no seconds: the engine answers each, so that one that is slow is waited for.
const PATIENCE: u32 = 240;
/// The same once it is clear that something is missing.
const NO_PATIENCE: u32 = 20;
/// How long an answer to what was typed may take.
const ANSWER_BOUND: Duration = Duration::from_secs(20);
/// How often it is looked whether the outbox has emptied.
const GLANCE: Duration = Duration::from_millis(25);

/// The hands of the member of staff: how what they would type gets into their chat.
#[async_trait]
pub trait Hands: Send {
    /// Says `line` (a command as the console takes it, `claim 3`) in whichever way the chat has. Does
    /// not wait for its answer.
    ///
    /// # Errors
    /// If nobody listens.
    async fn say(&mut self, line: &str) -> anyhow::Result<()>;
}

/// Hands on the console's keyboard; what they type stands on the screen.
pub struct AtConsole {
    /// The screen.
    pub console: Arc<Console>,
    /// The keys.
    pub keyboard: Sender<String>,
}

#[async_trait]
impl Hands for AtConsole {
    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        let echo = View::Text(TextView { code: "typed".into(), lines: vec![vec![Piece::Strong(format!("› {line}"))]] });
        self.console.print(&echo).await?;
        self.keyboard.send(line.to_owned()).context("nobody listens to the keyboard")
    }
}

/// A member of staff at work.
pub struct Auto<'a> {
    staff: Staff,
    seen: UnboundedReceiver<Seen>,
    hands: Box<dyn Hands>,
    bot: &'a Handle,
    town: &'a Town,
    evidence: Evidence,
    /// Glances since something last happened.
    quiet: u32,
    looked: bool,
    gave_up: bool,
}

impl<'a> Auto<'a> {
    /// Sits down to work.
    #[must_use]
    pub fn new(staff: Staff, seen: UnboundedReceiver<Seen>, hands: Box<dyn Hands>, bot: &'a Handle, town: &'a Town) -> Auto<'a> {
        Auto { staff, seen, hands, bot, town, evidence: Evidence::default(), quiet: 0, looked: false, gave_up: false }
    }

    /// Works through the story and has it judged; `None`: it did not come to an end within `bound`.
    ///
    /// # Errors
    /// If the bot stops, or leaves a line unanswered.
    pub async fn play(mut self, bound: Duration) -> anyhow::Result<Option<Verdict>> {
        let began = Instant::now();
        let mut written = self.town.square.watch();
        while !self.staff.is_done() {
            if began.elapsed() > bound {
                return Ok(None);
            }
            if let Some(line) = self.staff.next() {
                self.town.hold();
                self.type_in(line).await?;
                continue;
            }
            self.town.go_on();
            self.consider().await?;
            tokio::select! {
                seen = self.seen.recv() => self.take(seen.context("the chat has ended")?),
                changed = written.changed() => {
                    changed.context("the square is gone")?;
                    self.quiet = 0;
                }
                () = tokio::time::sleep(GLANCE) => self.quiet += 1,
            }
        }
        self.settle().await?;
        Ok(Some(self.verdict()))
    }

    /// Types a line and waits for its answer, reading on meanwhile.
    async fn type_in(&mut self, line: String) -> anyhow::Result<()> {
        self.hands.say(&line).await?;
        let until = tokio::time::Instant::now() + ANSWER_BOUND;
        loop {
            let seen = tokio::time::timeout_at(until, self.seen.recv()).await;
            let Ok(seen) = seen else { bail!("no answer to: {line}") };
            let seen = seen.context("the chat has ended")?;
            let answered = matches!(seen, Seen::Answered { .. });
            self.take(seen);
            if answered {
                return Ok(());
            }
        }
    }

    fn take(&mut self, seen: Seen) {
        self.quiet = 0;
        match seen {
            Seen::Shown(shown) => {
                self.staff.read(&shown);
                self.evidence.shown.push(shown);
            }
            Seen::Answered { ok, view } => self.staff.answered(ok, &view),
        }
    }

    /// With nothing to type: whether it is time to look into quarantine, or to go home.
    async fn consider(&mut self) -> anyhow::Result<()> {
        if !self.town.at_rest() {
            return Ok(());
        }
        let empty = self.outbox().await?.is_empty();
        let calm = empty && !self.staff.waits();
        if calm && !self.looked {
            self.looked = true;
            self.staff.look_into_quarantine();
            return Ok(());
        }
        // What is missing may still be on its way.
        let complete = calm && self.verdict().count(Wrong::Lost) == 0;
        if complete || self.quiet > PATIENCE {
            self.gave_up |= !complete;
            self.staff.close_shift();
        }
        Ok(())
    }

    /// Waits for the last messages, and notes what never leaves the outbox.
    async fn settle(&mut self) -> anyhow::Result<()> {
        self.quiet = 0;
        let patience = if self.gave_up { NO_PATIENCE } else { PATIENCE };
        loop {
            self.evidence.left = self.outbox().await?;
            while let Ok(seen) = self.seen.try_recv() {
                self.take(seen);
            }
            if self.evidence.left.is_empty() || self.quiet > patience {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
            self.quiet += 1;
        }
    }

    async fn outbox(&self) -> anyhow::Result<Vec<Left>> {
        let lines = self.bot.ask(|engine, _| engine.outbox()).await?;
        Ok(lines.into_iter().map(|l| Left { entry: l.entry.id.0, case: l.entry.case.map(|c| c.0) }).collect())
    }

    fn verdict(&mut self) -> Verdict {
        self.evidence.approved = self.staff.approved().to_vec();
        self.evidence.quarantine = self.staff.quarantine().to_vec();
        self.town.square.with(|books| judge(books, &self.evidence))
    }
}
