//! A model chat with books of its own: what stands in which room and thread.

use super::coverage::{Coverage, Hit};
use super::rng::Rng;
use sereno::case::{CaseId, PlaceKind};
use sereno::clock::{SECOND_MS, Time};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::{AgentId, RoomId};
use sereno::post::PostId;
use std::collections::{BTreeMap, BTreeSet};

/// How often things go wrong here, per thousand.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub drop: u32,
    pub throttle: u32,
}

/// What a message shows, as its adapter was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    Card { case: CaseId, place: usize },
    Event { case: CaseId, place: usize, n: u32 },
    Erased { case: CaseId },
    Notice { code: String },
    Digest { from: Time, to: Time },
}

/// What is to be posted.
#[derive(Clone, Debug)]
pub struct Draft {
    pub op: String,
    pub room: RoomId,
    pub thread: Option<String>,
    pub edit: Option<String>,
    pub shows: Shows,
    /// The kind of the case's place, where it stands in one.
    pub kind: Option<PlaceKind>,
    /// The post that it brings into the chat: a card's first one, an entry's own.
    pub post: Option<PostId>,
    /// A card's owner.
    pub owner: Option<AgentId>,
    /// Everything it says.
    pub text: String,
}

/// A message that stands in the chat.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub draft: Draft,
}

/// The chat.
#[derive(Debug)]
pub struct Chat {
    /// Whether the same operation again is the same message (a transaction id), or a second one.
    pub idempotent: bool,
    pub faults: Faults,
    pub messages: Vec<Message>,
    /// Rooms that take nothing, until then.
    pub refusing: BTreeMap<RoomId, Time>,
    /// Nothing works until then.
    pub down_until: Time,
    edits: BTreeSet<String>,
}

impl Chat {
    pub fn new(idempotent: bool, faults: Faults) -> Chat {
        Chat { idempotent, faults, messages: Vec::new(), refusing: BTreeMap::new(), down_until: Time(0), edits: BTreeSet::new() }
    }

    /// Posts or changes a message, or not.
    pub fn post(&mut self, draft: Draft, now: Time, rng: &mut Rng, cov: &mut Coverage) -> Outcome {
        if self.down_until > now || rng.chance(self.faults.throttle) {
            cov.hit(Hit::ChatThrottled);
            return Outcome::Retry { after_ms: Some(rng.between(1, 20) * SECOND_MS), why: "429".into(), lane: rng.chance(500) };
        }
        if draft.edit.is_none() && self.refusing.get(&draft.room).is_some_and(|until| *until > now) {
            cov.hit(Hit::ChatRoomRefuses);
            return Outcome::Refused { why: "is_archived".into() };
        }
        let dropped = rng.chance(self.faults.drop);
        if dropped && rng.chance(500) {
            cov.hit(Hit::ChatDropNot);
            return Outcome::Unknown { why: "connection reset".into() };
        }
        let outcome = self.accept(draft);
        if dropped && matches!(outcome, Outcome::Done(_)) {
            cov.hit(Hit::ChatDropAccepted);
            return Outcome::Unknown { why: "connection reset".into() };
        }
        outcome
    }

    fn accept(&mut self, draft: Draft) -> Outcome {
        if let Some(id) = draft.edit.clone() {
            let Some(message) = self.messages.iter_mut().find(|m| m.id == id) else {
                return Outcome::Refused { why: "message_not_found".into() };
            };
            self.edits.insert(draft.op.clone());
            let first_op = message.draft.op.clone();
            message.draft = Draft { op: first_op, ..draft };
            return done(id);
        }
        if self.idempotent
            && let Some(m) = self.messages.iter().find(|m| m.draft.op == draft.op)
        {
            return done(m.id.clone());
        }
        let id = format!("m{}", self.messages.len());
        self.messages.push(Message { id: id.clone(), draft });
        done(id)
    }

    /// Whether a message stands.
    pub fn look(&self, op: &str, edit: Option<&String>, now: Time, rng: &mut Rng, cov: &mut Coverage) -> Look {
        if self.down_until > now || rng.chance(self.faults.throttle) {
            return Look::Retry { why: "429".into(), after_ms: Some(rng.between(1, 20) * SECOND_MS) };
        }
        let found = match edit {
            Some(id) => self.edits.contains(op).then(|| id.clone()),
            None => self.messages.iter().find(|m| m.draft.op == op).map(|m| m.id.clone()),
        };
        match found {
            Some(id) => {
                cov.hit(Hit::ChatLookFound);
                Look::Found(Receipt { native_id: id, ..Receipt::default() })
            }
            None => {
                cov.hit(Hit::ChatLookAbsent);
                Look::Absent
            }
        }
    }
}

fn done(id: String) -> Outcome {
    Outcome::Done(Receipt { native_id: id, ..Receipt::default() })
}
