//! What the team's chat must be able to do for sereno.

pub mod console;

use crate::command::{Answer, Command};
use crate::network::Finding;
use crate::outbox::{Look, Outcome};
use crate::policy::{AgentId, Lang, RoomId};
use crate::view::View;
use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

/// A message to be posted or changed.
#[derive(Clone, Debug)]
pub struct Message {
    /// The operation id, the same for every attempt.
    pub op: String,
    /// Where.
    pub room: RoomId,
    /// In which thread; `None`: in the room itself.
    pub thread: Option<String>,
    /// The message to be changed; `None`: a new one.
    pub edit: Option<String>,
    /// Whether it holds the text of a DM.
    pub private: bool,
    /// The room's language.
    pub lang: Lang,
    /// What it shows.
    pub view: View,
}

/// Something staff did, with the way back for its answer.
#[derive(Debug)]
pub struct Said {
    /// What.
    pub what: Typed,
    /// Answered after the commit; dropped unanswered when the bot stops first: the chat asks again.
    pub answer: oneshot::Sender<Answered>,
}

/// What staff typed or pressed.
#[derive(Clone, Debug)]
pub enum Typed {
    /// A parsed command.
    Command(Command),
    /// A line of text that should be a command.
    Line {
        /// The chat's id of it.
        id: String,
        /// Who.
        by: AgentId,
        /// Where.
        room: RoomId,
        /// In which thread.
        thread: Option<String>,
        /// The writer's own language, where the chat knows it.
        lang: Option<Lang>,
        /// What.
        text: String,
    },
}

/// The answer to something staff did.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Done or refused, in codes.
    pub answer: Answer,
    /// Rendered for the asker, in their language.
    pub view: View,
    /// Its operation id: the same for the same command.
    pub op: String,
}

/// The team's chat.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Hears what staff say until the chat or the bot ends. A full channel slows it.
    async fn run(&self, inbox: mpsc::Sender<Said>) -> anyhow::Result<()>;
    /// Posts or changes a message.
    async fn post(&self, message: &Message) -> Outcome;
    /// Whether a message of which we do not know stands in the chat.
    async fn look(&self, message: &Message) -> Look;
    /// Says something at once that no commit stands behind: a full disk, a revoked token.
    async fn alarm(&self, room: &RoomId, text: &str);
    /// What is wrong with the chat's set-up.
    async fn check(&self) -> Vec<Finding>;
    /// Posts that may be sent to one room a minute.
    fn posts_per_minute(&self) -> u32;
}
