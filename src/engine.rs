//! The engine: inputs in, one commit, acks and deliveries out. Sans-I/O: whoever holds it (the
//! tokio pump in [`crate::app`], the simulator) tells it the time and carries out what it says.

mod context;
mod delivery;
mod erase;
mod form;
mod mark;
mod parked;
mod query;
mod receipt;
mod recent;
mod redraw;
mod route;
mod run;
mod staff;

pub use delivery::{Body, Delivery};
pub use erase::absent;
pub use form::{Addressed, Form};
pub use query::{LIST_LIMIT, OutboxLine, Reply};
pub use run::Engine;

/// The account under which cursors of the team's chat are kept: no brand account can be called so,
/// as the names in `bot.toml` hold no blank.
pub const CHAT: &str = "the chat";

use crate::command::{Answer, Command};
use crate::cost::Costs;
use crate::outbox::{EntryId, Look, Outcome};
use crate::post::{Account, NetEvent};
use crate::say::Say;
use serde::{Deserialize, Serialize};

/// Everything that can happen to sereno.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a few hundred at a time at most, and a post is what most of them hold")]
pub enum Input {
    /// A network told us something, through this account.
    Net(Account, NetEvent),
    /// Staff want something.
    Command(Command),
    /// A delivery ended.
    Receipt {
        /// Which.
        entry: EntryId,
        /// Which attempt of it, from 1.
        attempt: u32,
        /// How.
        outcome: Outcome,
    },
    /// A look-up of a doubtful delivery ended.
    Looked {
        /// Which.
        entry: EntryId,
        /// Which attempt was looked up.
        attempt: u32,
        /// How.
        look: Look,
    },
    /// A stream has been read up to the present since start-up: sends may go again.
    Reconciled(Account),
    /// Reading from an account failed for lack of rights, or works again.
    Health {
        /// Which.
        account: Account,
        /// `None`: it works; else the network's words.
        lost: Option<String>,
    },
    /// An account signs in as somebody else than it ever did: nothing more is sent until a person has looked.
    Renamed {
        /// Which.
        account: Account,
        /// Who it was: its handle.
        was: String,
        /// Who it is now: its handle.
        is: String,
    },
    /// What an account's month has cost so far.
    Costs {
        /// Which.
        account: Account,
        /// All of it, in the place of what was noted before.
        costs: Costs,
    },
    /// The bot has something to tell the team that no case stands behind.
    Notice(Say),
    /// Something came that could not be read: it is kept until a person has looked.
    Park {
        /// The id it came with.
        id: String,
        /// Why it could not be read, without any of its content.
        why: String,
        /// As it came.
        raw: String,
    },
    /// An operator has looked at what could not be read; it need not be kept. `None`: at all of it.
    Unpark {
        /// The id it came with.
        id: Option<String>,
    },
    /// An operator decides about a dead letter or a doubt.
    Outbox {
        /// Which.
        entry: EntryId,
        /// Try again, or give up.
        retry: bool,
    },
}

/// Inputs that belong together: a stream's page with its new cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// In their order.
    pub inputs: Vec<Input>,
    /// Account, stream, cursor: written in the very commit that takes the inputs.
    pub cursor: Option<(Account, String, String)>,
}

/// What became of an input, told after the commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Ack {
    /// Taken.
    Taken,
    /// A command's answer.
    Answered(Answer),
    /// A query's answer.
    Replied(Box<Reply>),
}

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Entries that wait.
    pub queued: u64,
    /// Entries in flight.
    pub in_flight: u64,
    /// Entries in doubt.
    pub unknown: u64,
    /// Dead letters.
    pub dead: u64,
    /// Open cases.
    pub open: crate::store::OpenCount,
    /// What could not be read and is kept.
    pub parked: u64,
    /// Whether sending is stopped.
    pub paused: bool,
    /// Accounts whose token is bad.
    pub auth_lost: Vec<Account>,
}
