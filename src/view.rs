//! What people see, before any chat's markup: cards, thread entries, answers, digests.
//!
//! Built late, in the reader's language, from the case as it then stands. Foreign text stays
//! [`Untrusted`] until a chat's renderer escapes it.

pub mod build;
pub mod hygiene;
pub mod picture;
pub mod text;

use crate::clock::Time;
use crate::command::Verb;
use crate::policy::Counting;
use crate::post::Untrusted;
use serde::Serialize;

/// What a message has to do with private text: more than that it holds some at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Privacy {
    /// It never shows any.
    #[default]
    Never,
    /// It may show some, now or after a change: its room may show it.
    Shown,
    /// It shows none, for its room may not. What it said before may hold some, from when its room might.
    LeftOut,
}

/// The pictures that hang on the post that a message shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// None that are to be shown, and nothing to be taken away.
    #[default]
    None,
    /// These, by their addresses, which strangers chose.
    Shown(Vec<String>),
    /// The post is gone, and so is to be what was shown of it.
    Gone,
}

/// A run of text within a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Our own words.
    Words(String),
    /// Our own words that matter.
    Strong(String),
    /// Somebody else's words, exactly.
    Foreign(Untrusted),
    /// A link: our label, its address.
    Link {
        /// What it says.
        label: String,
        /// Where it leads.
        url: String,
    },
    /// How long until a moment, in our words: a chat that can shows the moment itself beside them, by
    /// the reader's own clock, for what is posted does not count down.
    Until {
        /// `10 s`.
        words: String,
        /// The moment.
        at: Time,
    },
}

/// One line.
pub type Line = Vec<Piece>;

/// A thing to press; the same verb works as a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What it does.
    pub verb: Verb,
    /// What it says.
    pub label: String,
    /// The same as a command: its name in the reader's language.
    pub typed: String,
    /// Which send's text it is about, by its number: goes with every press, and typed behind the case's number of `approve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Which draft it is about, by its number: goes with every press.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<u32>,
}

/// A case's card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardView {
    /// The case's number.
    pub case: u64,
    /// The customer's code.
    pub code: String,
    /// Status code (`new`), for programs.
    pub status: String,
    /// Priority code (`urgent`), for programs.
    pub priority: String,
    /// The owner's id, for programs.
    pub owner: Option<String>,
    /// Network, for programs.
    pub network: String,
    /// Our account.
    pub account: String,
    /// The id of the post that opened it, for programs.
    pub post: String,
    /// The customer's immutable id: names and handles change and prove nothing.
    pub customer: String,
    /// `#42 · new · urgent`.
    pub title: Line,
    /// Who: name, handle, followers, earlier cases.
    pub who: Line,
    /// What they wrote, as lines.
    pub body: Vec<Line>,
    /// Status, owner, priority and why, deadline, links.
    pub facts: Vec<Line>,
    /// What can be done now.
    pub actions: Vec<Action>,
}

/// An entry in a case's thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// The case's number.
    pub case: u64,
    /// The event's code (`joined`), for programs.
    pub event: String,
    /// The event's number within the case.
    pub n: u32,
    /// The id of the post it shows, for programs.
    pub post: Option<String>,
    /// The immutable id of that post's author.
    pub author: Option<String>,
    /// What it says.
    pub lines: Vec<Line>,
    /// What can be done now.
    pub actions: Vec<Action>,
    /// The ids of those who must act now: a chat that can calls them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
}

/// Lines without a case: notices, answers, lists, help, digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextView {
    /// A code for programs: `notice-paused`, `answer`, `digest`.
    pub code: String,
    /// What it says.
    pub lines: Vec<Line>,
}

/// A form for a command that takes a text: what a modal shows before it is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormView {
    /// The command that its text goes with.
    pub verb: Verb,
    /// The case's number.
    pub case: u64,
    /// `Reply · #42`.
    pub title: String,
    /// What the button says that sends it in.
    pub submit: String,
    /// What the button says that lets it be.
    pub cancel: String,
    /// What the field is called.
    pub label: String,
    /// Whether it says that everybody will read the text. Goes back with it: what was written for one pair of eyes is not
    /// published because the way there was closed meanwhile.
    pub public: bool,
    /// Account, target, what they wrote, warnings.
    pub lines: Vec<Line>,
    /// What stands in the field at first: the current draft.
    pub text: String,
    /// How the network counts, where the text goes to one; `None`: it stays in the team.
    pub limit: Option<FormLimit>,
    /// Answers kept ready: label and text.
    pub canned: Vec<(String, String)>,
}

/// How long a text may be, as its network counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormLimit {
    /// The most it takes.
    pub max: usize,
    /// How it counts.
    pub counting: Counting,
    /// What is counted before a word is written: the mention that goes in front.
    pub taken: usize,
}

/// Anything that can be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "view", rename_all = "snake_case")]
pub enum View {
    /// A card.
    Card(CardView),
    /// A thread entry.
    Entry(EntryView),
    /// Plain lines.
    Text(TextView),
    /// A form to be filled in.
    Form(FormView),
}
