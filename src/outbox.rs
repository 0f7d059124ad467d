//! The outbox: effects on their way to the outside, in lanes.
//!
//! An [`Entry`] is made in the commit that decides it, marked in flight in a commit before it is
//! performed, and gone in the commit of its receipt. Entries refer to what they show or send by
//! number, so that no personal text stands in them; the view is made when they are delivered.
//! [`lanes`] decides what may go now; it knows no clock and no I/O.

pub mod lanes;

use crate::case::CaseId;
use crate::clock::Time;
use crate::policy::RoomId;
use crate::post::{Account, PostId};
use crate::say::{Say, Why};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of an entry, unique in a store; staff see it in `sereno outbox list`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A destination with a rate limit of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A room of the team's chat.
    Chat(RoomId),
    /// A brand account on its network.
    Network(Account),
}

/// How soon an entry goes among those of its lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// What a member of staff waits for.
    Staff,
    /// An urgent case.
    Urgent,
    /// Everything else.
    #[default]
    Normal,
    /// Updates of what already stands.
    Update,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Post the case's card in its place `place`, opening the thread.
    Card {
        /// Index into the case's places.
        place: usize,
    },
    /// Bring that card up to date. Collapses: at most one waits.
    CardUpdate {
        /// Index into the case's places.
        place: usize,
    },
    /// Show event `event` in the thread of place `place`.
    ThreadEntry {
        /// Index into the case's places.
        place: usize,
        /// The event's number.
        event: u32,
    },
    /// Bring the message that shows an event up to date: its post was edited or deleted. Collapses.
    EntryUpdate {
        /// Index into the case's places.
        place: usize,
        /// The event's number.
        event: u32,
        /// The chat's id of the message.
        message: String,
    },
    /// Say something in a room, outside of any thread.
    Notice {
        /// What.
        say: Say,
    },
    /// Say in a thread that its case was erased.
    Erased {
        /// Which; the entry itself is of no case, so that it outlives this one.
        case: CaseId,
        /// When.
        at: Time,
        /// The thread.
        thread: String,
        /// The chat's id of the message that is to say so instead of what it says; `None`: a new one.
        edit: Option<String>,
    },
    /// The report of the day that begins at `from`.
    Digest {
        /// First moment of the day or week.
        from: Time,
        /// First moment after it.
        to: Time,
    },
    /// A send of the case, to its network.
    Send {
        /// The send's number within the case.
        send: u32,
    },
}

impl Effect {
    /// Whether it changes a message that stands, rather than posting one.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self, Effect::CardUpdate { .. } | Effect::EntryUpdate { .. } | Effect::Erased { edit: Some(_), .. })
    }

    /// Whether a later effect on the same thing makes this one needless while it waits.
    #[must_use]
    pub fn collapses_with(&self, other: &Effect) -> bool {
        matches!(self, Effect::CardUpdate { .. } | Effect::EntryUpdate { .. }) && self == other
    }
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Waits for its turn.
    Queued,
    /// Marked durably; being performed.
    InFlight,
    /// May or may not have happened: to be looked up before anything is sent again.
    Unknown,
    /// Given up; people decide.
    Dead {
        /// Why.
        why: Why,
    },
}

impl EntryState {
    /// Given up because nobody can find out whether it stands.
    #[must_use]
    pub fn in_doubt() -> EntryState {
        EntryState::Dead { why: Why::ours("why-in-doubt") }
    }
    /// Whether it was given up for that, by this sereno or an earlier one.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        *self == EntryState::in_doubt() || *self == EntryState::Dead { why: "unknown".into() }
    }
}

/// An effect on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; the order in which effects were decided.
    pub id: EntryId,
    /// Where to.
    pub lane: Lane,
    /// How soon.
    pub urgency: Urgency,
    /// Of which case.
    pub case: Option<CaseId>,
    /// What.
    pub effect: Effect,
    /// When it was decided.
    pub created: Time,
    /// Not before this moment.
    pub due: Time,
    /// Pointless after this moment.
    pub valid_until: Option<Time>,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands.
    pub state: EntryState,
    /// When it was last marked in flight.
    pub sent_at: Option<Time>,
    /// When it was first marked in flight: no attempt was earlier. Not known of what an older sereno tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Time>,
}

impl Entry {
    /// Decided now, due at once, of no case, never tried.
    #[must_use]
    pub fn queued(id: EntryId, lane: Lane, effect: Effect, now: Time) -> Entry {
        Entry {
            id,
            lane,
            urgency: Urgency::Normal,
            case: None,
            effect,
            created: now,
            due: now,
            valid_until: None,
            attempts: 0,
            state: EntryState::Queued,
            sent_at: None,
            tried_at: None,
        }
    }

    /// The same, in flight from now on.
    #[must_use]
    pub fn marked(&self, now: Time) -> Entry {
        let tried_at = self.tried_at.or(Some(if self.attempts == 0 { now } else { self.created }));
        Entry { state: EntryState::InFlight, attempts: self.attempts + 1, sent_at: Some(now), tried_at, ..self.clone() }
    }

    /// No attempt was earlier.
    #[must_use]
    pub fn since(&self) -> Time {
        self.tried_at.unwrap_or(self.created)
    }

    /// Whether it draws anew what its room's privacy made wrong: a change by itself is less urgent.
    #[must_use]
    pub fn redraws(&self) -> bool {
        matches!(self.effect, Effect::CardUpdate { .. } | Effect::EntryUpdate { .. }) && self.urgency != Urgency::Update
    }

    /// The operation id that goes with every attempt: the same for the same thing, always.
    /// `instance` is the store's own random name, so that two stores never share one. A send's goes by the send: one
    /// that was held after it had been tried and is let go again is a new entry, and still the same answer.
    #[must_use]
    pub fn op(&self, instance: &str) -> String {
        match (&self.effect, self.case) {
            (Effect::Send { send }, Some(case)) => format!("{instance}-{}-{send}", case.0),
            _ => format!("{instance}-{}", self.id.0),
        }
    }
}

/// What the destination gave for a performed effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its id there: the chat's message id, or the id on our account's server.
    pub native_id: String,
    /// On a network: its id in the world.
    pub post: Option<PostId>,
    /// Where people see it.
    pub url: Option<String>,
}

/// How an attempt ended, told by the adapter as *what to do next*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It stands.
    Done(Receipt),
    /// The message that it was to change is taken away, with all it ever said; this one stands instead.
    Instead(Receipt),
    /// It surely did not happen; try again after so many milliseconds (`None`: back off).
    Retry {
        /// The destination's own wish.
        after_ms: Option<i64>,
        /// Why.
        why: Why,
        /// Whether the whole lane should wait, not this entry alone.
        lane: bool,
    },
    /// It may have happened.
    Unknown {
        /// What was seen.
        why: String,
    },
    /// It did not happen and never will.
    Refused {
        /// Why.
        why: Why,
    },
    /// Like `Refused`, and nothing else in this room of the chat can be posted or changed either: it is
    /// gone, or the bot is no longer in it.
    RoomGone {
        /// Why.
        why: Why,
    },
    /// The post it answers is gone.
    TargetGone,
    /// The post it answers was changed since; its version now.
    TargetEdited,
    /// The token is no longer good: the lane waits, people are told.
    AuthLost {
        /// In the destination's words.
        why: String,
    },
}

/// What looking up a doubtful entry gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// It stands.
    Found(Receipt),
    /// It surely does not.
    Absent,
    /// Not to be told from here; a person must decide.
    CannotTell,
    /// The look itself failed; look again.
    Retry {
        /// In the destination's words.
        why: String,
        /// The destination's own wish, in milliseconds.
        after_ms: Option<i64>,
    },
}
