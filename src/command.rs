//! What staff can say: one row and one file a command.
//!
//! A row names the verb, its aliases in English and Spanish, what it takes, who may, where it can
//! be said and what it does; the help, the rights table and (for Slack) the manifest derive from
//! it. [`parse`] turns a line of text into a [`Command`]; [`crate::case::step`] and
//! [`crate::desk`] carry it out.

pub mod parse;
pub mod table;

use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{CaseId, Priority};
use crate::desk::DeskWork;
use crate::policy::{AgentId, Lang, Role, RoomId};
use crate::post::Account;
use crate::say::Say;
use serde::{Deserialize, Serialize};

/// What a command is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each verb is described by its row and its file")]
pub enum Verb {
    Claim,
    Release,
    Assign,
    Note,
    Tag,
    Priority,
    Snooze,
    Escalate,
    Draft,
    Reply,
    Approve,
    Reject,
    Discard,
    Retract,
    Correct,
    Handoff,
    Dm,
    Resolve,
    Reopen,
    Merge,
    Link,
    Spam,
    Restore,
    History,
    List,
    Digest,
    Pause,
    Resume,
    Reload,
    Undo,
    Help,
}

/// What stands behind the verb and the case's number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Args {
    /// Nothing.
    #[default]
    None,
    /// Free text, as typed.
    Text(String),
    /// A colleague, as typed (an id, or a name of `[people]`).
    Person(String),
    /// Another case.
    Case(CaseId),
    /// A label; `true`: take it off.
    Tag(String, bool),
    /// A priority.
    Priority(Priority),
    /// A length of time, milliseconds.
    For(i64),
    /// What the report covers.
    Period(Period),
    /// Which cases to list.
    Filter(Filter),
    /// A verb to be explained.
    Topic(String),
}

/// What a report covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Today so far.
    #[default]
    Today,
    /// Yesterday.
    Yesterday,
    /// The last seven days.
    Week,
}

/// Which cases to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Open ones, most urgent first.
    #[default]
    Open,
    /// One's own.
    Mine,
    /// Nobody's.
    Unclaimed,
    /// Hidden as noise.
    Spam,
}

/// Where something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// A slash command.
    Slash,
    /// `!verb` in a thread or room.
    Text,
    /// A button.
    Button,
    /// A reaction.
    Reaction,
    /// A modal's form.
    Modal,
    /// The console.
    Console,
}

/// A command as it reaches the core.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The chat's id of it: the same id twice is the same command.
    pub id: String,
    /// Who.
    pub by: AgentId,
    /// Through what.
    pub door: Door,
    /// In which room.
    pub room: RoomId,
    /// In which thread; names the case where `case` is `None`.
    pub thread: Option<String>,
    /// The language of the answer.
    pub lang: Lang,
    /// What.
    pub verb: Verb,
    /// Of which case.
    pub case: Option<CaseId>,
    /// With what.
    pub args: Args,
}

/// What a command takes behind the case's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Free text that must be there.
    Text,
    /// Free text that may be there.
    MaybeText,
    /// A colleague.
    Person,
    /// Another case.
    Case,
    /// A label.
    Tag,
    /// A priority.
    Priority,
    /// A length of time.
    For,
    /// A period, today if left out.
    Period,
    /// A filter, open if left out.
    Filter,
    /// A verb, if any.
    Topic,
}

/// What carries a command out.
#[derive(Clone, Copy)]
pub enum Run {
    /// Acts on a case.
    Case(fn(&mut Work<'_>, &Command) -> Result<Say, Refusal>),
    /// Acts on the desk.
    Desk(fn(&mut DeskWork<'_>, &Command) -> Result<Say, Refusal>),
    /// Only reads; commits nothing. The engine answers it.
    Query,
}

/// One command.
#[derive(Clone, Copy)]
pub struct Row {
    /// Which.
    pub verb: Verb,
    /// Its English name, which is also the key of its help in the locales: `help-<name>`.
    pub name: &'static str,
    /// Other English names.
    pub en: &'static [&'static str],
    /// Spanish names.
    pub es: &'static [&'static str],
    /// Whether it needs a case.
    pub on_case: bool,
    /// What else it takes.
    pub takes: Takes,
    /// The least role that may.
    pub role: Role,
    /// Where it can be said.
    pub doors: &'static [Door],
    /// What it does.
    pub run: Run,
}

/// The answer to a command: whether it was done, and the sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Done, or refused.
    pub ok: bool,
    /// In words.
    pub say: Say,
    /// The case it was about.
    pub case: Option<CaseId>,
    /// The send it made or moved, shown with its account, target and length.
    pub send: Option<u32>,
}

/// How a send reads before it goes: shown with the answer to `reply`, `handoff`, `dm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPreview {
    /// From which account.
    pub account: Account,
    /// Its length by the network's count.
    pub length: usize,
    /// The most the network takes.
    pub max_length: usize,
}
