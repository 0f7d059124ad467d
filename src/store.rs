//! Keeping state: one atomic, durable commit, and queries.
//!
//! The trait says what the engine needs, in terms that a key-value store and a relational one can
//! serve equally; indices are derived inside an implementation and never appear here. Everything
//! personal (the whole case, its events) is sealed by the implementation. Partners: [`sled`] on
//! disk, [`model`] for the simulator; one conformance suite holds both.

pub mod codec;
pub mod export;
pub mod index;
pub mod keyring;
pub mod model;
pub mod sidecar;
pub mod sled;
pub mod spool;

use crate::case::{Case, CaseId, CaseKey, EventRecord};
use crate::clock::Time;
use crate::command::{Answer, Filter};
use crate::desk::Desk;
use crate::digest::Fact;
use crate::outbox::{Entry, EntryId};
use crate::policy::{AgentId, RoomId};
use crate::post::{Account, AuthorId, Network, PostId, PostRef};
use crate::say::{Say, Why};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody wrote a newer version of a case, or a claimed post is claimed already. Nothing was written.
    #[error("conflict: {0}")]
    Conflict(String),
    /// No room on the disk. Nothing was written.
    #[error("the disk is full: {0}")]
    Full(Why),
    /// What is on disk is not what was written there.
    #[error("damaged: {0}")]
    Corrupt(Why),
    /// The keyring cannot be read, and without it nothing of the store.
    #[error("keys: {0}")]
    Keyring(Why),
    /// Anything else that the machine refuses.
    #[error("unavailable: {0}")]
    Unavailable(Why),
}

impl StoreError {
    /// Why, in the words of the locales or of the machine.
    #[must_use]
    pub fn why(&self) -> Why {
        match self {
            StoreError::Conflict(why) => why.as_str().into(),
            StoreError::Full(why) | StoreError::Corrupt(why) | StoreError::Keyring(why) | StoreError::Unavailable(why) => why.clone(),
        }
    }
    pub(crate) fn full(say: Say) -> StoreError {
        StoreError::Full(say.into())
    }
    pub(crate) fn unavailable(say: Say) -> StoreError {
        StoreError::Unavailable(say.into())
    }
}

/// A path as people read it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What a post id leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// It belongs to a case.
    Case(CaseId),
    /// Its author deleted it, perhaps before we saw it.
    Gone,
    /// Seen, and of no case: our own post outside any conversation, a post from before our time.
    Noted,
}

/// A post id claimed by a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostClaim {
    /// The id. A post with a world id and a local id is claimed under both.
    pub post: PostRef,
    /// What it leads to.
    pub claim: Claim,
    /// When it may be forgotten.
    pub expires: Time,
}

/// A command that was carried out, so that the same id again gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCommand {
    /// The chat's id of it.
    pub id: String,
    /// What was answered.
    pub answer: Answer,
    /// When it may be forgotten.
    pub expires: Time,
}

/// Something from outside that could not be read: kept as it came, sealed, until a person has looked
/// or its time is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The id it came with: the same id is the same thing, and is kept once.
    pub id: String,
    /// Why it could not be read, without any of its content.
    pub why: String,
    /// When it came.
    pub at: Time,
    /// When it may be forgotten.
    pub expires: Time,
    /// How long it was, in bytes; more than `raw` has where that was cut.
    pub bytes: u64,
    /// As it came.
    pub raw: String,
}

/// Everything that one step of the engine wants kept: all of it, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// Cases as they now are; each must stand in the store with `version - 1` (absent for 1).
    pub cases: Vec<Case>,
    /// New events.
    pub events: Vec<EventRecord>,
    /// Posts claimed; a later claim replaces an earlier one.
    pub claims: Vec<PostClaim>,
    /// Commands carried out.
    pub commands: Vec<SeenCommand>,
    /// The desk, if it changed.
    pub desk: Option<Desk>,
    /// Outbox entries added or changed.
    pub outbox: Vec<Entry>,
    /// Outbox entries done.
    pub done: Vec<EntryId>,
    /// Where each stream goes on from.
    pub cursors: Vec<(Account, String, String)>,
    /// What the digest counts.
    pub facts: Vec<Fact>,
    /// What could not be read; an id that stands already is left as it is.
    pub parked: Vec<Parked>,
    /// Ids of what is no longer kept; taken away before anything new is parked.
    pub unparked: Vec<String>,
    /// The counters, if they moved.
    pub counters: Option<Counters>,
}

/// Numbers that are given out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The next case's number, from 1.
    pub next_case: u64,
    /// The next outbox entry's number, from 1.
    pub next_entry: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Counters { next_case: 1, next_entry: 1 }
    }
}

/// A line of a list of cases: what the index knows without opening the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub case: CaseId,
    /// When it was opened.
    pub opened_at: Time,
}

/// How many cases stand open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenCount {
    /// How many.
    pub open: u64,
    /// When the oldest of them was opened.
    pub oldest: Option<Time>,
}

/// The sentences of a refused commit, the same from every store.
mod conflict {
    use super::StoreError;
    use crate::case::CaseId;

    pub(super) fn version(case: CaseId, given: u64, stored: u64) -> StoreError {
        StoreError::Conflict(format!("case {case} comes as version {given}, the store has {stored}"))
    }
    pub(super) fn erased(case: CaseId) -> StoreError {
        StoreError::Conflict(format!("case {case} was erased"))
    }
    pub(super) fn no_case(case: CaseId) -> StoreError {
        StoreError::Conflict(format!("an event of case {case}, which the store does not have"))
    }
    pub(super) fn event(case: CaseId, n: u32) -> StoreError {
        StoreError::Conflict(format!("event {n} of case {case} stands already"))
    }
    pub(super) fn counters() -> StoreError {
        StoreError::Conflict("the counters would go back".into())
    }
}

/// A store of cases. All calls block; `commit` returns once what it wrote survives a power cut.
pub trait Store: Send + Sync {
    /// The store's own random name, made with it and never changed.
    fn instance(&self) -> &str;
    /// Writes all of it, or nothing. Several threads may commit at once.
    fn commit(&self, commit: Commit) -> Result<u64, StoreError>;
    /// A case.
    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError>;
    /// The newest case with this key.
    fn case_by_key(&self, key: &CaseKey) -> Result<Option<CaseId>, StoreError>;
    /// The cases of a conversation, oldest first.
    fn conversation(&self, network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError>;
    /// The case whose place (of any kind) has this thread.
    fn case_by_thread(&self, room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError>;
    /// Cases of a customer, newest first.
    fn cases_of(&self, author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError>;
    /// Open cases, most urgent first, then by deadline; quarantined ones for [`Filter::Spam`].
    fn list(&self, filter: Filter, owner: Option<&AgentId>, limit: usize) -> Result<Vec<Listed>, StoreError>;
    /// How many cases are open.
    fn open_count(&self) -> Result<OpenCount, StoreError>;
    /// Events of a case from number `from` on.
    fn events(&self, case: CaseId, from: u32, limit: usize) -> Result<Vec<EventRecord>, StoreError>;
    /// What a post id leads to.
    fn claim(&self, post: &PostRef) -> Result<Option<Claim>, StoreError>;
    /// What was answered to a command.
    fn seen(&self, command: &str) -> Result<Option<Answer>, StoreError>;
    /// Cases that want to be woken at or before `now`, earliest first.
    fn wakes(&self, now: Time, limit: usize) -> Result<Vec<(Time, CaseId)>, StoreError>;
    /// When the next case wants to be woken.
    fn next_wake(&self) -> Result<Option<Time>, StoreError>;
    /// The whole outbox, in order of its numbers.
    fn outbox(&self) -> Result<Vec<Entry>, StoreError>;
    /// Where a stream goes on from.
    fn cursor(&self, account: &Account, stream: &str) -> Result<Option<String>, StoreError>;
    /// Facts of `from <= at < to`, in order.
    fn facts(&self, from: Time, to: Time) -> Result<Vec<Fact>, StoreError>;
    /// What could not be read, oldest first, each without what came (`raw` is empty).
    fn parked_list(&self) -> Result<Vec<Parked>, StoreError>;
    /// What could not be read, whole.
    fn parked(&self, id: &str) -> Result<Option<Parked>, StoreError>;
    /// How much of it is kept.
    fn parked_count(&self) -> Result<u64, StoreError>;
    /// The desk.
    fn desk(&self) -> Result<Option<Desk>, StoreError>;
    /// The counters.
    fn counters(&self) -> Result<Counters, StoreError>;
    /// Forgets claims, commands and what was parked whose time is over; returns how many.
    fn purge(&self, now: Time, limit: usize) -> Result<usize, StoreError>;
    /// Puts a case under a new key and destroys the old one: what it held before cannot be read again.
    fn rekey(&self, case: CaseId) -> Result<(), StoreError>;
    /// Destroys a case's data beyond recovery. Its number stays used.
    fn erase(&self, case: CaseId) -> Result<(), StoreError>;
}
