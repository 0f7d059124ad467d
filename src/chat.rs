//! What the team's chat must be able to do for sereno.

pub mod console;
pub mod matrix;
pub mod slack;

use crate::case::{Attached, CaseId};
use crate::clock::Time;
use crate::command::{Answer, Args, Command, Door, Verb};
use crate::network::Finding;
use crate::outbox::{Look, Outcome, Urgency};
use crate::policy::{AgentId, Lang, Person, RoomId};
use crate::say::Say;
use crate::view::picture::Picture;
use crate::view::{Pictures, Privacy, View};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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
    /// What it has to do with private text.
    pub privacy: Privacy,
    /// How soon it should go, where several rooms share a limit.
    pub urgency: Urgency,
    /// When it was first tried: no attempt was earlier, so that nobody need look further back for it.
    pub since: Time,
    /// The room's language.
    pub lang: Lang,
    /// What it shows.
    pub view: View,
    /// What goes with it where pictures can be shown.
    pub picture: Option<Picture>,
    /// The pictures of the post that it shows, for a chat that fetches them.
    pub pictures: Pictures,
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
        /// Through what it was said.
        door: Door,
        /// Where.
        room: RoomId,
        /// In which thread.
        thread: Option<String>,
        /// The writer's own language, where the chat knows it.
        lang: Option<Lang>,
        /// What.
        text: String,
        /// The files that were sent with it.
        files: Vec<Attached>,
    },
    /// A command of which a program names the parts: its text is never searched for a case's number.
    Fields {
        /// The chat's id of it.
        id: String,
        /// Who.
        by: AgentId,
        /// Through what it was said.
        door: Door,
        /// Where.
        room: RoomId,
        /// In which thread.
        thread: Option<String>,
        /// The writer's own language, where the chat knows it.
        lang: Option<Lang>,
        /// What it is called by: one word.
        verb: String,
        /// Of which case.
        case: Option<CaseId>,
        /// What belongs to it; empty: nothing.
        text: String,
    },
    /// A form was sent in: its parts are named one by one, as a program does.
    Filled {
        /// The chat's id of it.
        id: String,
        /// Who.
        by: AgentId,
        /// From which room it was opened.
        room: RoomId,
        /// From which thread.
        thread: Option<String>,
        /// The writer's own language, where the chat knows it.
        lang: Option<Lang>,
        /// The command's English name.
        verb: String,
        /// Of which case.
        case: CaseId,
        /// What stands in the field; empty: nothing.
        text: String,
        /// Whether the form said that everybody will read it ([`crate::view::FormView::public`]).
        public: bool,
    },
    /// Somebody wants to fill in a form: answered with [`View::Form`], or with why not. Commits nothing.
    Form(FormWish),
}

/// A wish to fill in a form for a command that takes a text.
#[derive(Clone, Debug)]
pub struct FormWish {
    /// Who.
    pub by: AgentId,
    /// From which room.
    pub room: RoomId,
    /// Whose thread names the case where `case` is `None`.
    pub thread: Option<String>,
    /// Which case.
    pub case: Option<CaseId>,
    /// Which command the form is for.
    pub verb: Verb,
    /// Which text the button stood beside that asked for it: [`Args::Draft`], [`Args::Version`] or [`Args::None`].
    pub about: Args,
    /// The asker's own language, where the chat knows it.
    pub lang: Option<Lang>,
    /// Whether what is shown stays in the room, where nobody looks after it once the room is opened to others: then it
    /// holds no private text, whatever the room may show.
    pub stays: bool,
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
    /// Whether nobody needs to be told: the case's thread, in the room where it was asked, shows all of
    /// this anyway, or a reaction asked for nothing (it stood at a message of no case; taken away, it
    /// left a case alone that was not theirs).
    pub shown: bool,
}

/// A line with the case that it lacked: `reply Hello` as `reply #42 Hello`. For a chat that finds out by itself which one
/// was meant.
#[must_use]
pub fn with_case(line: &str, case: CaseId) -> String {
    let line = line.trim_start();
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    format!("{verb} {case} {rest}")
}

/// Something that came from a chat and could not be read: kept whole until a person has looked.
#[derive(Clone, Debug)]
pub struct Parked {
    /// The chat's id of it: the same id twice is the same thing.
    pub id: String,
    /// Why it could not be read, in our words, without any of its content.
    pub why: String,
    /// As it came. Personal: sealed where it is kept.
    pub raw: String,
}

/// What the bot remembers for its chat, and does for it beside what staff say.
#[async_trait]
pub trait Memory: Send + Sync {
    /// Up to where `stream` was read, as last given to [`Memory::keep`].
    async fn cursor(&self, stream: &str) -> anyhow::Result<Option<String>>;
    /// Keeps, durably, up to where `stream` was read. Returns after the commit.
    async fn keep(&self, stream: &str, cursor: String) -> anyhow::Result<()>;
    /// Keeps, durably, what could not be read. Returns after the commit; then the chat may be told that it was taken.
    async fn park(&self, parked: Parked) -> anyhow::Result<()>;
    /// The threads of cases that are open or were until a few days ago, most recently changed first, at most `limit`.
    async fn threads(&self, limit: usize) -> anyhow::Result<Vec<(RoomId, String)>>;
    /// Where the cards of cases stand: room and message, of each that has one.
    async fn cards(&self, _cases: Vec<CaseId>) -> anyhow::Result<BTreeMap<CaseId, (RoomId, String)>> {
        Ok(BTreeMap::new())
    }
    /// Who is on the team by the chat's own groups; `[people]` goes before it. Replaces what was said before.
    async fn team(&self, people: BTreeMap<AgentId, Person>) -> anyhow::Result<()>;
    /// A room in which no DM may be shown, whatever `[privacy]` says (`Some`: why), or that is fit again (`None`).
    /// Views made after this returns keep to it; staff are told once for each change.
    async fn unfit(&self, room: &RoomId, why: Option<Say>) -> anyhow::Result<()>;
    /// Somebody whom the rules in force name as one of the team.
    fn person(&self, who: &AgentId) -> Option<Person>;
    /// The rooms that the rules name as they were read last, also those that are not fit for private things.
    async fn rooms(&self) -> BTreeSet<RoomId>;
    /// The language of a room's threads.
    fn room_lang(&self, room: &RoomId) -> Lang;
    /// The sentence for a code in a language: the adapter itself has no words.
    fn words(&self, say: &Say, lang: Lang) -> String;
}

/// Why a file of the chat gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFile {
    /// It is no longer there, or was never there for the bot.
    Gone,
    /// It is larger than what may be read.
    TooLarge,
    /// The bot may not read files: in the chat's words.
    NotAllowed(String),
    /// Not now: why, without texts, and the chat's wish in milliseconds.
    NotNow(String, Option<i64>),
}

/// The team's chat.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Hears what staff say until the chat or the bot ends. A full channel slows it.
    async fn run(&self, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> anyhow::Result<()>;
    /// Posts or changes a message.
    async fn post(&self, message: &Message) -> Outcome;
    /// Whether a message of which we do not know stands in the chat.
    async fn look(&self, message: &Message) -> Look;
    /// Says something at once that no commit stands behind: a full disk, a revoked token.
    async fn alarm(&self, room: &RoomId, text: &str);
    /// The bytes of a file that staff sent, at most `most` of them. Read anew at each call: none are kept.
    async fn file(&self, _id: &str, _most: u64) -> Result<Vec<u8>, NoFile> {
        Err(NoFile::Gone)
    }
    /// What is wrong with the chat's set-up.
    async fn check(&self) -> Vec<Finding>;
    /// The room that is spoken from where none is named, if that can be.
    fn home(&self) -> Option<&RoomId> {
        None
    }
    /// Whether it ended because nobody takes what it says any more: not as it should.
    fn is_lost(&self) -> bool {
        false
    }
    /// Posts that may be sent to one room a minute.
    fn posts_per_minute(&self) -> u32;
    /// Posts that may be on their way to one room at once. With more than one, what belongs to several
    /// cases may come to stand in another order than it was decided in; of one case it never does.
    fn posts_at_once(&self) -> usize {
        1
    }
    /// Whether changes of messages have a limit of their own, so that one that has to wait must hold up no
    /// new message of its room.
    fn changes_apart(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_stands_behind_the_verb() {
        assert_eq!(with_case("claim", CaseId(42)), "claim #42 ");
        assert_eq!(with_case("reply  2 parcels\nare lost", CaseId(42)), "reply #42  2 parcels\nare lost");
    }
}
