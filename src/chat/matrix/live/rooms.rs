//! Which rooms are fit for private messages: encrypted, by invitation only, not joined to another
//! network. Asked of the homeserver, not of what was heard some time ago.

use super::Shared;
use super::session::{Fail, Session, http_fail};
use crate::policy::RoomId;
use crate::say::Say;
use matrix_sdk::Room;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::events::StateEventType;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A room that is unfit is not asked about again within this.
const MOMENT: Duration = Duration::from_secs(2);
/// Rooms remembered at most.
const ROOMS_MAX: usize = 2_000;
/// How a bridge to another network says in the room that it is there (MSC2346, and its name until then).
const BRIDGES: [&str; 2] = ["m.bridge", "uk.half-shot.bridge"];

/// What is known of rooms, for a while.
#[derive(Default)]
pub(super) struct Rooms {
    /// Those that were found unfit.
    known: Mutex<BTreeMap<RoomId, (Instant, Say)>>,
    /// What the bot was told of each room in this run: unfit or fit.
    told: Mutex<BTreeMap<RoomId, bool>>,
}

impl Rooms {
    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<RoomId, (Instant, Say)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a room no longer holds.
    pub(super) fn forget(&self, room: &RoomId) {
        self.known().remove(room);
    }
}

/// What a state event says; `None`: there is none.
async fn state(session: &Session, room: &Room, kind: &str) -> Result<Option<Value>, Fail> {
    let request = get_state_event_for_key::v3::Request::new(room.room_id().to_owned(), StateEventType::from(kind), String::new());
    match session.client.send(request).await {
        Ok(answer) => Ok(serde_json::from_str(answer.event_or_content.get()).ok()),
        Err(error) => match http_fail(&error) {
            fail if fail.is_absent() => Ok(None),
            fail => Err(fail),
        },
    }
}

/// Whether the room is joined to another network, as far as the bridge says so.
pub(super) async fn is_bridged(room: &Room) -> bool {
    for kind in BRIDGES {
        let found = room.get_state_events(StateEventType::from(kind)).await;
        let said = |raw: &matrix_sdk::deserialized_responses::RawAnySyncOrStrippedState| {
            let value = serde_json::to_value(raw).unwrap_or_default();
            is_bridge(kind, value.pointer("/content").or_else(|| value.pointer("/Sync/content")))
        };
        // What cannot be read is taken for a bridge: it costs a listing in [people], the other way costs more.
        if found.map_or(true, |events| events.iter().any(said)) {
            return true;
        }
    }
    false
}

/// Why no private message may stand in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Unencrypted,
    Open,
    WorldReadable,
    Bridged,
}

impl Unfit {
    /// For the team, while the bot runs.
    fn notice(self) -> &'static str {
        match self {
            Unfit::Unencrypted => "notice-room-unencrypted",
            Unfit::Open => "notice-room-open",
            Unfit::WorldReadable => "notice-room-world-readable",
            Unfit::Bridged => "notice-room-bridged",
        }
    }

    /// For whoever sets the bot up, with what to do.
    pub(super) fn finding(self) -> &'static str {
        match self {
            Unfit::Unencrypted => "check-matrix-room-unencrypted",
            Unfit::Open => "check-matrix-room-open",
            Unfit::WorldReadable => "check-matrix-room-world-readable",
            Unfit::Bridged => "check-matrix-room-bridged",
        }
    }
}

/// What of a room's state says who can read it: the contents of its events, where there are any.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub encryption: Option<Value>,
    pub join_rules: Option<Value>,
    pub history: Option<Value>,
    pub bridged: bool,
}

impl Facts {
    /// Everything that is in the way of private messages, the worst first.
    pub(super) fn unfit(&self) -> Vec<Unfit> {
        let text = |event: &Option<Value>, key: &str| event.as_ref().and_then(|e| e.get(key)).and_then(Value::as_str).map(str::to_owned);
        let found = [
            (text(&self.encryption, "algorithm").is_none(), Unfit::Unencrypted),
            (text(&self.join_rules, "join_rule").as_deref() != Some("invite"), Unfit::Open),
            (text(&self.history, "history_visibility").as_deref() == Some("world_readable"), Unfit::WorldReadable),
            (self.bridged, Unfit::Bridged),
        ];
        found.into_iter().filter_map(|(is, why)| is.then_some(why)).collect()
    }
}

/// Whether a state event says that a bridge is there: one that left says so by an empty content.
pub(super) fn is_bridge(kind: &str, content: Option<&Value>) -> bool {
    BRIDGES.contains(&kind) && content.and_then(Value::as_object).is_none_or(|content| !content.is_empty())
}

/// Why a private message may not stand in a room.
pub(super) async fn unfit(shared: &Shared, session: &Session, room: &RoomId) -> Result<Option<Say>, Fail> {
    // Only what forbids holds for a moment: that a room was fit says nothing of now.
    let held = shared.rooms.known().get(room).filter(|(at, _)| at.elapsed() < MOMENT).map(|(_, unfit)| unfit.clone());
    if let Some(unfit) = held {
        return Ok(Some(unfit));
    }
    let asked = Instant::now();
    let joined = session.room(room.as_str())?;
    let facts = Facts {
        encryption: state(session, &joined, "m.room.encryption").await?,
        join_rules: state(session, &joined, "m.room.join_rules").await?,
        history: state(session, &joined, "m.room.history_visibility").await?,
        bridged: is_bridged(&joined).await,
    };
    let unfit = facts.unfit().first().map(|why| Say::new(why.notice()));
    let mut known = shared.rooms.known();
    if known.len() >= ROOMS_MAX {
        known.clear();
    }
    match &unfit {
        Some(why) => known.insert(room.clone(), (asked, why.clone())),
        None => known.remove(room),
    };
    Ok(unfit)
}

/// Looks at a room and tells the bot what changed. Whether it is fit.
///
/// # Errors
/// The homeserver does not say, or the bot stops: then nothing private may go there.
pub(super) async fn refresh(shared: &Shared, session: &Session, room: &RoomId) -> Result<bool, Fail> {
    let unfit = unfit(shared, session, room).await?;
    let is_unfit = unfit.is_some();
    let told = shared.rooms.told.lock().unwrap_or_else(PoisonError::into_inner).get(room).copied();
    // The bot may remember otherwise from before a restart: it is told at least once.
    if told != Some(is_unfit) {
        let memory = shared.memory().ok_or_else(|| Fail::broken("why-matrix-not-signed-in"))?;
        memory.unfit(room, unfit).await.map_err(|_| Fail::broken("why-matrix-not-kept"))?;
        shared.rooms.told.lock().unwrap_or_else(PoisonError::into_inner).insert(room.clone(), is_unfit);
    }
    Ok(!is_unfit)
}

/// Looks at all rooms now and then, for as long as it is awaited; what is heard of them makes it sooner.
pub(super) async fn keep(shared: &Shared, session: &Session) {
    while shared.session().is_err() {
        tokio::time::sleep(MOMENT / 10).await;
    }
    loop {
        for room in &shared.watched().await {
            if let Err(fail) = refresh(shared, session, room).await {
                tracing::warn!(room = room.as_str(), why = fail.why(), "a room could not be looked at");
            }
        }
        tokio::time::sleep(shared.settings.pace.rooms).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn private_things_stand_only_where_nobody_else_reads() {
        let facts = |encrypted: bool, join: Option<&str>, history: Option<&str>, bridged| Facts {
            encryption: encrypted.then(|| json!({ "algorithm": "m.megolm.v1.aes-sha2" })),
            join_rules: join.map(|join| json!({ "join_rule": join })),
            history: history.map(|history| json!({ "history_visibility": history })),
            bridged,
        };
        let unfit = |encrypted, join, history, bridged| facts(encrypted, join, history, bridged).unfit();
        assert_eq!(unfit(true, Some("invite"), Some("shared"), false), []);
        assert_eq!(unfit(false, Some("invite"), None, false), [Unfit::Unencrypted]);
        for join in [None, Some("public"), Some("knock"), Some("restricted"), Some("knock_restricted")] {
            assert_eq!(unfit(true, join, None, false), [Unfit::Open], "{join:?}");
        }
        assert_eq!(unfit(true, Some("invite"), Some("world_readable"), false), [Unfit::WorldReadable]);
        assert_eq!(unfit(true, Some("invite"), None, true), [Unfit::Bridged]);
        assert_eq!(unfit(false, None, Some("world_readable"), true).len(), 4);
        // Encryption that was taken back, or is none.
        let odd = Facts { encryption: Some(json!({})), ..facts(true, Some("invite"), None, false) };
        assert_eq!(odd.unfit(), [Unfit::Unencrypted]);
        assert!(is_bridge("m.bridge", Some(&json!({ "protocol": {} }))) && is_bridge("uk.half-shot.bridge", None));
        assert!(!is_bridge("m.bridge", Some(&json!({}))) && !is_bridge("m.room.name", Some(&json!({ "name": "m.bridge" }))));
    }
}
