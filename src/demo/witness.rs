//! A witness beside the chat: passes everything on, and notes what staff could read.

use super::judge::Shown;
use crate::chat::{Answered, Chat, Memory, Message, Said, Typed};
use crate::network::Finding;
use crate::outbox::{Look, Outcome};
use crate::policy::RoomId;
use crate::view::View;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Something that stood on the screen.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A message.
    Shown(Shown),
    /// The answer to what was typed.
    Answered {
        /// Done, or refused.
        ok: bool,
        /// What it says.
        view: View,
    },
}

/// A chat that is watched.
pub struct Witness {
    chat: Arc<dyn Chat>,
    /// Unbounded, as the story is finite and the chat must not wait for its witness.
    seen: mpsc::UnboundedSender<Seen>,
    /// Operations noted: the same one again is a repeat of the same message.
    ops: Mutex<BTreeSet<String>>,
}

impl Witness {
    /// Watches `chat`.
    #[must_use]
    pub fn new(chat: Arc<dyn Chat>) -> (Witness, mpsc::UnboundedReceiver<Seen>) {
        let (seen, watching) = mpsc::unbounded_channel();
        (Witness { chat, seen, ops: Mutex::new(BTreeSet::new()) }, watching)
    }

    fn pass_on(&self, said: Said) -> (Said, impl Future<Output = ()> + Send + 'static) {
        let (answer, answered) = oneshot::channel::<Answered>();
        let seen = self.seen.clone();
        let back = said.answer;
        // A form is a question before the command, whose own answer is the one that counts; unless it is refused.
        let form = matches!(said.what, Typed::Form(_));
        let passing = async move {
            // Unanswered: the chat hears that from its dropped end, and asks again.
            if let Ok(answered) = answered.await {
                if !form || !answered.answer.ok {
                    // Nobody may be watching any more.
                    seen.send(Seen::Answered { ok: answered.answer.ok, view: answered.view.clone() }).ok();
                }
                back.send(answered).ok();
            }
        };
        (Said { what: said.what, answer }, passing)
    }
}

#[async_trait]
impl Chat for Witness {
    async fn run(&self, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> anyhow::Result<()> {
        let (tx, mut rx) = mpsc::channel(8);
        let passing_on = async {
            while let Some(said) = rx.recv().await {
                let (said, passing) = self.pass_on(said);
                if inbox.send(said).await.is_err() {
                    return;
                }
                tokio::spawn(passing);
            }
        };
        // The chat hears at once when nobody takes in what it says.
        let (heard, ()) = tokio::join!(self.chat.run(tx, memory), passing_on);
        heard
    }

    async fn post(&self, message: &Message) -> Outcome {
        let outcome = self.chat.post(message).await;
        if let Outcome::Done(receipt) = &outcome {
            let new = self.ops.lock().unwrap_or_else(PoisonError::into_inner).insert(message.op.clone());
            if new {
                let shown = Shown {
                    room: message.room.clone(),
                    message: receipt.native_id.clone(),
                    edit: message.edit.is_some(),
                    view: message.view.clone(),
                };
                self.seen.send(Seen::Shown(shown)).ok();
            }
        }
        outcome
    }

    async fn look(&self, message: &Message) -> Look {
        self.chat.look(message).await
    }

    async fn alarm(&self, room: &RoomId, text: &str) {
        self.chat.alarm(room, text).await;
    }

    async fn check(&self) -> Vec<Finding> {
        self.chat.check().await
    }

    fn home(&self) -> Option<&RoomId> {
        self.chat.home()
    }

    fn posts_per_minute(&self) -> u32 {
        self.chat.posts_per_minute()
    }
}

/// A keyboard whose keys are pressed by a program: lines sent come out as typed.
pub struct Keyboard {
    lines: std::sync::mpsc::Receiver<String>,
    line: Vec<u8>,
    at: usize,
}

impl Keyboard {
    /// A keyboard, and what presses its keys; dropped, the input ends.
    #[must_use]
    pub fn new() -> (std::sync::mpsc::Sender<String>, Keyboard) {
        let (press, lines) = std::sync::mpsc::channel();
        (press, Keyboard { lines, line: Vec::new(), at: 0 })
    }
}

impl BufRead for Keyboard {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at >= self.line.len() {
            // Without a sender left, the input has ended: an empty buffer says so.
            self.line = self.lines.recv().map(|l| format!("{l}\n").into_bytes()).unwrap_or_default();
            self.at = 0;
        }
        Ok(self.line.get(self.at..).unwrap_or_default())
    }
    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Keyboard {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}
