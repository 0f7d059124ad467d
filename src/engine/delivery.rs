//! What the engine hands out to be performed: everything an adapter or a view needs, by value.

use super::run::Engine;
use crate::case::{Case, CaseId, EventRecord, Outgoing, SendKind, SendState};
use crate::clock::{MINUTE_MS, Time};
use crate::digest::figures::Figures;
use crate::outbox::{Effect, Entry};
use crate::say::Say;
use crate::store::StoreError;

/// What a delivery shows or sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The case's card, as the case now stands.
    Card {
        /// The case.
        case: Box<Case>,
        /// Index of the place.
        place: usize,
        /// The chat's id of the card that is to be changed; `None`: a new one.
        edit: Option<String>,
    },
    /// An event of the case, in its thread.
    Entry {
        /// The case.
        case: Box<Case>,
        /// Index of the place.
        place: usize,
        /// The thread.
        thread: Option<String>,
        /// The event.
        event: EventRecord,
        /// The chat's id of the message that is to be changed; `None`: a new one.
        edit: Option<String>,
    },
    /// A sentence in a room.
    Notice {
        /// Which.
        say: Say,
    },
    /// A case was erased.
    Erased {
        /// Which.
        case: CaseId,
        /// When.
        at: Time,
        /// Its thread.
        thread: String,
        /// The chat's id of the message that is to be changed; `None`: a new one.
        edit: Option<String>,
    },
    /// A report.
    Digest {
        /// Its figures.
        figures: Box<Figures>,
    },
    /// A send to a network.
    Send {
        /// Of which case.
        case: CaseId,
        /// What.
        send: Box<Outgoing>,
        /// The published send that it takes back or changes.
        earlier: Option<SendState>,
        /// The local ids of the case's other sends that are known to stand: reading back takes none of
        /// them for this one.
        known: Vec<String>,
    },
}

/// Something to be performed now. Its outcome comes back as [`super::Input::Receipt`], or as
/// [`super::Input::Looked`] where `look` is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The entry, as marked in flight; its `attempts` counts this one.
    pub entry: Entry,
    /// The operation id.
    pub op: String,
    /// Only look whether an earlier attempt stands; do not send.
    pub look: bool,
    /// What.
    pub body: Body,
}

/// A send leaves within this of its mark, or is asked for anew: well within what a look is relied on, in milliseconds.
const LEAVES_WITHIN_MS: i64 = 5 * MINUTE_MS;

impl Delivery {
    /// Whether a send was marked so long ago, by whichever way the clock was set, that what the gate and a look found no longer
    /// holds: the machine slept in between. Then it has not left, and must not.
    #[must_use]
    pub fn is_overdue(&self, now: Time) -> bool {
        let since = match &self.body {
            Body::Send { send, .. } if !self.look => match send.state {
                SendState::InFlight { since } => since,
                _ => return false,
            },
            _ => return false,
        };
        now.since(since).saturating_abs() > LEAVES_WITHIN_MS
    }
}

impl Engine {
    /// What an entry shows or sends, as things now stand; `None` where that is gone.
    pub(super) fn body(&self, entry: &Entry, now: Time) -> Result<Option<Body>, StoreError> {
        let case = || entry.case.map(|id| self.case(id)).transpose().map(|c| c.flatten().map(Box::new));
        Ok(match &entry.effect {
            Effect::Notice { say } => Some(Body::Notice { say: say.clone() }),
            Effect::Erased { case, at, thread, edit } => {
                Some(Body::Erased { case: *case, at: *at, thread: thread.clone(), edit: edit.clone() })
            }
            Effect::Digest { from, to } => Some(Body::Digest { figures: Box::new(self.figures(*from, *to, now)?) }),
            Effect::Card { place } => case()?.map(|case| Body::Card { case, place: *place, edit: None }),
            Effect::CardUpdate { place } => case()?.map(|case| {
                let edit = case.places.get(*place).and_then(|p| p.thread.clone());
                Body::Card { case, place: *place, edit }
            }),
            Effect::ThreadEntry { place, event } => self.entry_body(case()?, *place, *event, None)?,
            Effect::EntryUpdate { place, event, message } => {
                let case = case()?;
                let edit = case.as_ref().map(|c| c.now_shown(*place, *event, message));
                self.entry_body(case, *place, *event, edit)?
            }
            Effect::Send { send } => case()?.and_then(|case| {
                let outgoing = case.send(*send)?.clone();
                let earlier = match outgoing.kind {
                    SendKind::Retract { send } | SendKind::Correct { send } => case.send(send).map(|s| s.state.clone()),
                    _ => None,
                };
                let known = published_besides(&case, outgoing.id);
                Some(Body::Send { case: case.id, send: Box::new(outgoing), earlier, known })
            }),
        })
    }

    fn entry_body(&self, case: Option<Box<Case>>, place: usize, n: u32, edit: Option<String>) -> Result<Option<Body>, StoreError> {
        let Some(case) = case else { return Ok(None) };
        let event = self.store.events(case.id, n, 1)?.into_iter().find(|e| e.n == n);
        Ok(event.map(|event| {
            let thread = case.places.get(place).and_then(|p| p.thread.clone());
            Body::Entry { case, place, thread, event, edit }
        }))
    }
}

fn published_besides(case: &Case, send: u32) -> Vec<String> {
    let local_id = |s: &Outgoing| match &s.state {
        SendState::Published { local_id, .. } if s.id != send => Some(local_id.clone()),
        _ => None,
    };
    case.sends.iter().filter_map(local_id).collect()
}
