//! A script at the demo's keyboard: lines that are piped in, as `printf 'claim 1\n' | sereno demo`.
//!
//! A person reads the screen and types when there is something to type about. A script does not: so a
//! line waits for the case that it names, the next one for the answer to it, and the end of the script
//! for what it set going to be out.

use super::witness::Seen;
use crate::app::Handle;
use crate::case::{Case, CaseId, Status};
use crate::outbox::Effect;
use anyhow::Context as _;
use std::io::BufRead as _;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, timeout_at};

/// How long a line waits for its case, and the end of the script for the last answer to go out.
const BOUND: Duration = Duration::from_secs(60);
/// How long an answer to a line may take.
const ANSWER_BOUND: Duration = Duration::from_secs(20);
/// How often it is looked at least whether what is waited for has come.
const GLANCE: Duration = Duration::from_millis(25);
/// Lines that may wait to be typed.
const QUEUE: usize = 16;

/// The lines of standard input, from a thread of their own: nothing calls off a read from a pipe.
pub fn lines() -> std::io::Result<mpsc::Receiver<String>> {
    let (tx, rx) = mpsc::channel(QUEUE);
    std::thread::Builder::new().name("script".into()).spawn(move || {
        // A line that is no text ends the script as its end does.
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tx.blocking_send(line).is_err() {
                break;
            }
        }
    })?;
    Ok(rx)
}

/// Whoever reads a script aloud.
pub struct Script<'a> {
    /// Its lines.
    pub lines: mpsc::Receiver<String>,
    /// The keys that they are typed on; let go of at the end of the script.
    pub keyboard: std::sync::mpsc::Sender<String>,
    /// What stood on the screen.
    pub seen: UnboundedReceiver<Seen>,
    /// The bot that they are typed to.
    pub bot: &'a Handle,
    /// So many cases there can be in the story at most.
    pub most: u64,
}

impl Script<'_> {
    /// Types all of it, and waits until what it set going is out.
    ///
    /// # Errors
    /// If the bot stops in the middle of it, or leaves a line unanswered.
    pub async fn play(mut self) -> anyhow::Result<()> {
        while let Some(line) = self.lines.recv().await {
            let line = line.trim();
            if matches!(line, "quit" | "exit" | "salir") {
                return Ok(());
            }
            if !line.is_empty() {
                self.type_in(line).await?;
            }
        }
        // First what waits for its undo window, then what is told of it in the thread.
        self.until(&Awaited::Sent).await?;
        self.until(&Awaited::Shown).await
    }

    /// Types a line once its case is there, and waits for its answer.
    async fn type_in(&mut self, line: &str) -> anyhow::Result<()> {
        if let Some(case) = named(line).filter(|case| (1..=self.most).contains(&case.0)) {
            self.until(&Awaited::Case(case)).await?;
        }
        self.keyboard.send(line.to_owned()).context("nobody listens to the keyboard")?;
        let until = Instant::now() + ANSWER_BOUND;
        loop {
            let seen = timeout_at(until, self.seen.recv()).await.with_context(|| format!("no answer to: {line}"))?;
            if matches!(seen.context("the chat has ended")?, Seen::Answered { .. }) {
                return Ok(());
            }
        }
    }

    /// Waits until it has come, or for so long that it never will.
    async fn until(&mut self, awaited: &Awaited) -> anyhow::Result<()> {
        let until = Instant::now() + BOUND;
        while Instant::now() < until && !self.has_come(awaited).await? {
            // Whatever is shown may be it; what nothing is shown of is looked for.
            tokio::select! {
                seen = self.seen.recv() => drop(seen.context("the chat has ended")?),
                () = tokio::time::sleep(GLANCE) => {}
            }
        }
        Ok(())
    }

    async fn has_come(&self, awaited: &Awaited) -> anyhow::Result<bool> {
        Ok(match *awaited {
            Awaited::Case(id) => {
                let case = self.bot.ask(move |engine, _| engine.case(id)).await??;
                let shown = |c: &Case| c.status == Status::Quarantined || c.places.iter().any(|p| p.thread.is_some());
                case.is_some_and(|c| shown(&c))
            }
            Awaited::Sent => {
                self.bot.ask(|engine, _| !engine.outbox().iter().any(|l| matches!(l.entry.effect, Effect::Send { .. }))).await?
            }
            Awaited::Shown => self.bot.ask(|engine, _| engine.outbox().is_empty()).await?,
        })
    }
}

/// What a script waits for.
enum Awaited {
    /// That a case stands on the screen.
    Case(CaseId),
    /// That nothing is on its way to a customer any more.
    Sent,
    /// That everything has been shown.
    Shown,
}

/// The case that a line names: `claim 3`, `reply #3 …`.
fn named(line: &str) -> Option<CaseId> {
    let number = line.split_whitespace().nth(1)?;
    number.strip_prefix('#').unwrap_or(number).parse().ok().map(CaseId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_their_cases() {
        for (line, case) in
            [("claim 3", Some(3)), ("reply  #12 on our way", Some(12)), ("list", None), ("list spam", None), ("draft x 3", None)]
        {
            assert_eq!(named(line), case.map(CaseId), "{line}");
        }
    }
}
