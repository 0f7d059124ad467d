//! Which rooms are fit for private messages: neither public nor shared with other companies.

use super::Shared;
use super::inbound::Hearing;
use super::session::Fail;
use crate::policy::RoomId;
use crate::say::Say;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Rooms remembered at most.
const ROOMS_MAX: usize = 2_000;
/// How often a room is asked about at once that changes while Slack answers.
const TRIES: u32 = 3;

#[derive(Clone)]
struct Known {
    at: Instant,
    unfit: Option<Say>,
}

/// What is known of rooms, for a while.
pub(super) struct Rooms {
    holds: Duration,
    moment: Duration,
    known: Mutex<BTreeMap<RoomId, Known>>,
    /// When it was last heard that a room changed: answers to what was asked before are old.
    changed: Mutex<BTreeMap<RoomId, Instant>>,
    /// Rooms that are looked at because an event says that they are shared.
    doubted: Mutex<BTreeSet<RoomId>>,
    /// What the bot was told of each room in this run: unfit or fit.
    told: Mutex<BTreeMap<RoomId, bool>>,
}

impl Rooms {
    pub(super) fn new(holds: Duration, moment: Duration) -> Rooms {
        Rooms { holds, moment, known: Mutex::default(), changed: Mutex::default(), doubted: Mutex::default(), told: Mutex::default() }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<RoomId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, room: &RoomId, within: Duration) -> Option<Option<Say>> {
        self.known().get(room).filter(|k| k.at.elapsed() < within).map(|k| k.unfit.clone())
    }

    /// Why a private message may not stand in a room; looked up if we do not know it of this moment.
    pub(super) async fn unfit(&self, shared: &Shared, room: &RoomId, private: bool) -> Result<Option<Say>, Fail> {
        if let Some(known) = self.held(room, if private { self.moment } else { self.holds }) {
            return Ok(known);
        }
        for _ in 0..TRIES {
            let asked = Instant::now();
            let answer = shared.get("conversations.info", &[("channel", room.as_str())]).await?;
            let unfit = answer.get("channel").map_or_else(|| Some(Say::new("notice-room-unknown")), why_unfit);
            if self.remember(room, asked, unfit.clone()) {
                return Ok(unfit);
            }
        }
        Err(Fail::NotSent("the room changes while Slack is asked about it".into()))
    }

    /// Keeps an answer, unless it was heard since it was asked for that the room changed.
    fn remember(&self, room: &RoomId, asked: Instant, unfit: Option<Say>) -> bool {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.get(room).is_some_and(|at| *at >= asked) {
            return false;
        }
        let mut known = self.known();
        if known.len() >= ROOMS_MAX {
            known.clear();
        }
        known.insert(room.clone(), Known { at: asked, unfit });
        true
    }

    /// Whether it is known, and no private text may stand there.
    pub(super) fn is_known_unfit(&self, room: &RoomId) -> bool {
        self.held(room, self.holds).is_some_and(|unfit| unfit.is_some()) && self.told(room) == Some(true)
    }

    /// An event says that it is shared: whether nobody looks at it for that reason yet.
    pub(super) fn doubt(&self, room: &RoomId) -> bool {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).insert(room.clone())
    }

    /// It was looked at.
    pub(super) fn doubted(&self, room: &RoomId) {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).remove(room);
    }

    fn told(&self, room: &RoomId) -> Option<bool> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).get(room).copied()
    }

    fn tell(&self, room: &RoomId, unfit: bool) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(room.clone(), unfit);
    }

    /// What is known of a room no longer holds.
    pub(super) fn forget(&self, room: &RoomId) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.len() >= ROOMS_MAX {
            changed.retain(|_, at| at.elapsed() < self.holds);
        }
        changed.insert(room.clone(), Instant::now());
        self.known().remove(room);
    }
}

/// Of `conversations.info`, why no private message may stand there.
fn why_unfit(channel: &Value) -> Option<Say> {
    let is = |name: &str| channel.get(name).and_then(Value::as_bool) == Some(true);
    let some = |name: &str| channel.get(name).and_then(Value::as_array).is_some_and(|a| !a.is_empty());
    if is("is_ext_shared") || is("is_pending_ext_shared") || some("pending_connected_team_ids") || is("is_global_shared") {
        Some(Say::new("notice-room-shared"))
    } else if is("is_private") || is("is_im") || is("is_mpim") || is("is_group") {
        None
    } else {
        Some(Say::new("notice-room-public"))
    }
}

/// Looks at a room and tells the bot what changed.
///
/// # Errors
/// Slack does not say, or the bot stops: then nothing private may go there.
pub(super) async fn refresh(shared: &Shared, room: &RoomId, private: bool) -> Result<bool, String> {
    let unfit = shared.rooms.unfit(shared, room, private).await.map_err(|f| f.why())?;
    let is_unfit = unfit.is_some();
    // The bot may remember otherwise from before a restart: it is told at least once.
    if shared.rooms.told(room) != Some(is_unfit) {
        let memory = shared.memory().ok_or("the bot is not up yet")?;
        memory.unfit(room, unfit).await.map_err(|_| "the bot is stopping")?;
        shared.rooms.tell(room, is_unfit);
    }
    Ok(!is_unfit)
}

/// Looks at all rooms now and then, for as long as it is awaited; events make it sooner.
pub(super) async fn keep(hearing: &Arc<Hearing>) {
    let shared = &hearing.shared;
    loop {
        // Those named private as well: cases that nobody sends there any more may have shown something there.
        let mut rooms = shared.watched().await;
        rooms.extend(shared.rooms.known().keys().cloned());
        for room in rooms {
            if let Err(why) = refresh(shared, &room, false).await {
                tracing::warn!(room = room.as_str(), why, "a room could not be looked at");
            }
        }
        tokio::time::sleep(shared.settings.pace.known).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn private_things_stand_only_where_nobody_else_reads() {
        let code = |channel: Value| why_unfit(&channel).map(|s| s.code);
        assert_eq!(code(json!({"is_private":true})), None);
        assert_eq!(code(json!({"is_im":true})), None);
        assert_eq!(code(json!({"is_channel":true,"is_private":false})).as_deref(), Some("notice-room-public"));
        assert_eq!(code(json!({})).as_deref(), Some("notice-room-public"), "no word on it: not private");
        assert_eq!(code(json!({"is_private":true,"is_ext_shared":true})).as_deref(), Some("notice-room-shared"));
        assert_eq!(code(json!({"is_private":true,"is_pending_ext_shared":true})).as_deref(), Some("notice-room-shared"));
        assert_eq!(code(json!({"is_private":true,"is_shared":true,"is_org_shared":true})), None, "shared within the company");
    }
}
