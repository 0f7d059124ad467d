//! What was erased is taken away from the homeserver too: a change leaves what a message said before in the room's
//! history, for whoever asks. So the message and all of its changes are redacted.
//!
//! The same holds of private text in a room that stops being private: what showed some is redacted, and a message
//! without it stands instead. Which those are says a mark that each message carries that may show private text, under
//! the room's encryption.

use super::Shared;
use super::adapter;
use super::deliver::{self, PATIENCE};
use super::session::{Fail, Session, fail, http_fail};
use crate::chat::Message;
use crate::policy::RoomId;
use crate::view::Privacy;
use crate::view::View;
use matrix_sdk::Room;
use matrix_sdk::room::{IncludeRelations, RelationsOptions};
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, uint};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Pages of a hundred changes of one message, at most.
const PAGES_MAX: usize = 100;

/// The message that nothing of is to be left, if that is what is wanted.
pub(super) fn wanted(message: &Message) -> Option<&str> {
    let erased = matches!(&message.view, View::Text(text) if text.code == "notice-erased");
    message.edit.as_deref().filter(|_| erased)
}

/// Where a message says that it may show private text.
pub(super) const PRIVATE: &str = "dev.sereno.private";
/// Messages remembered at most of each kind.
const LOOKED_AT_MAX: usize = 2_000;

/// What was found out about messages of ours.
#[derive(Default)]
pub(super) struct LookedAt {
    /// They never showed private text.
    harmless: Messages,
    /// They stand: nobody took them away.
    standing: Messages,
}

impl LookedAt {
    /// Somebody took a message away.
    pub(super) fn taken_away(&self, message: &str) {
        self.standing.forget(message);
        self.harmless.forget(message);
    }
}

/// Some messages, for this run.
#[derive(Default)]
pub(super) struct Messages(Mutex<BTreeSet<String>>);

impl Messages {
    fn known(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has(&self, message: &str) -> bool {
        self.known().contains(message)
    }

    pub(super) fn add(&self, message: &str) {
        let mut known = self.known();
        if known.len() >= LOOKED_AT_MAX {
            known.clear();
        }
        known.insert(message.to_owned());
    }

    pub(super) fn forget(&self, message: &str) {
        self.take(message);
    }

    /// Whether it was one of them; it no longer is.
    pub(super) fn take(&self, message: &str) -> bool {
        self.known().remove(message)
    }
}

/// The message for which another is to stand instead; `None`: it is simply changed. That is where it said something
/// private and may not show it any more, and where it was taken away for that and may show it again by now.
pub(super) async fn to_be_replaced<'m>(shared: &Shared, session: &Session, message: &'m Message) -> Result<Option<&'m str>, Fail> {
    let Some(target) = message.edit.as_deref().filter(|_| message.privacy != Privacy::Never) else { return Ok(None) };
    let LookedAt { harmless, standing } = &shared.looked_at;
    let shown = message.privacy == Privacy::Shown;
    if shown {
        // It shows some from now on.
        harmless.forget(target);
    }
    if if shown { standing.has(target) } else { harmless.has(target) } {
        return Ok(None);
    }
    let room = session.room(message.room.as_str())?;
    let event = EventId::parse(target).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
    let original = match room.event(&event, None).await.map_err(|e| fail(&e)) {
        Ok(event) => adapter::value(&event),
        Err(fail) if fail.is_absent() => return Ok(Some(target)),
        Err(fail) => return Err(fail),
    };
    if is_gone(&original) {
        return Ok(Some(target));
    }
    if shown {
        standing.add(target);
        return Ok(None);
    }
    if may_tell(&original) || changes(session, &room, &event).await?.values().any(may_tell) {
        standing.forget(target);
        return Ok(Some(target));
    }
    harmless.add(target);
    Ok(None)
}

/// Whether an event was taken away.
pub(super) fn is_gone(event: &Value) -> bool {
    event.pointer("/unsigned/redacted_because").is_some()
}

/// Whether an event may hold private text, or held some and is taken away already, so that nothing shows.
fn may_tell(event: &Value) -> bool {
    let marked = event.pointer("/content").and_then(|c| c.get(PRIVATE)).is_some_and(|m| m == true);
    // Of what cannot be decrypted nobody knows.
    let sealed = event.get("type").and_then(Value::as_str) == Some("m.room.encrypted");
    marked || sealed || is_gone(event)
}

/// Takes a message of ours away, with all of its changes: those first, so that none is left should it break off.
pub(super) async fn take_away(shared: &Shared, session: &Session, message: &Message, target: &str) -> Result<(), Fail> {
    let room = session.room(message.room.as_str())?;
    let target = EventId::parse(target).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
    let mut all: Vec<OwnedEventId> = changes(session, &room, &target).await?.into_keys().collect();
    all.push(target);
    for event in all {
        redact(shared, session, &message.room, &message.op, &event).await?;
    }
    Ok(())
}

/// Takes one event away, for the operation `op`.
pub(super) async fn redact(shared: &Shared, session: &Session, room: &RoomId, op: &str, event: &EventId) -> Result<(), Fail> {
    let joined = session.room(room.as_str())?;
    let turn = shared.turn(room);
    let _turn = turn.lock().await;
    shared.lanes.pass(PATIENCE).await.map_err(Fail::Limited)?;
    match joined.redact(event, None, Some(deliver::transaction(&format!("{op}-{event}")))).await {
        Ok(_) => shared.lanes.passed(),
        Err(error) => {
            let fail = http_fail(&error);
            if let Fail::Limited(ms) = fail {
                shared.limited(session, ms);
            }
            // Somebody took it away before.
            if !fail.is_absent() {
                return Err(fail);
            }
        }
    }
    Ok(())
}

/// Our own changes of a message, decrypted where they can be.
async fn changes(session: &Session, room: &Room, target: &EventId) -> Result<BTreeMap<OwnedEventId, Value>, Fail> {
    let (mut found, mut from) = (BTreeMap::new(), None);
    for _ in 0..PAGES_MAX {
        let options = RelationsOptions {
            from,
            limit: Some(uint!(100)),
            include_relations: IncludeRelations::RelationsOfType(RelationType::Replacement),
            ..RelationsOptions::default()
        };
        let page = room.relations(target.to_owned(), options).await.map_err(|e| fail(&e))?;
        let ours = page.chunk.iter().filter(|e| e.sender().is_some_and(|s| s.as_str() == session.me));
        found.extend(ours.filter_map(|e| Some((e.event_id()?, adapter::value(e)))));
        from = page.next_batch_token;
        if from.is_none() {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_may_have_told_something_private_is_known_by_its_mark() {
        let of = |content: Value| json!({ "type": "m.room.message", "content": content });
        assert!(!may_tell(&of(json!({ "body": "hello" }))));
        assert!(!may_tell(&of(json!({ "body": "hello", PRIVATE: false }))));
        assert!(may_tell(&of(json!({ "body": "hello", PRIVATE: true }))));
        assert!(may_tell(&json!({ "type": "m.room.encrypted", "content": { "ciphertext": "x" } })), "nobody knows");
        let gone = json!({ "type": "m.room.message", "content": {}, "unsigned": { "redacted_because": {} } });
        assert!(may_tell(&gone), "something must stand instead");
    }
}
