//! What could not be decrypted: kept durably, tried again, put aside for people in the end.

use super::adapter;
use super::hearing::{Hearing, Round};
use super::read::{self, Envelope, Heard};
use crate::chat::{Memory, Parked};
use crate::clock::Time;
use crate::policy::RoomId;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::EventId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Where they are kept.
const STREAM: &str = "matrix:waiting";
/// Kept at most; then the oldest are put aside.
const MOST: usize = 500;

/// An event that waits for its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// Where.
    pub room: RoomId,
    /// Its id.
    pub event: String,
    /// Since when, milliseconds since 1970.
    pub since_ms: i64,
}

/// What waits since before.
pub(super) async fn load(memory: &dyn Memory) -> anyhow::Result<Vec<Waiting>> {
    let kept = memory.cursor(STREAM).await?;
    Ok(kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default())
}

/// Puts an event among them, durably.
pub(super) async fn put(hearing: &Hearing, room: &RoomId, envelope: &Envelope) -> anyhow::Result<()> {
    let mut waiting = hearing.waiting.lock().await;
    if waiting.iter().any(|w| w.event == envelope.id) {
        return Ok(());
    }
    tracing::warn!(room = room.as_str(), event = envelope.id, "a message cannot be decrypted yet: it is tried again when keys come");
    waiting.push(Waiting { room: room.clone(), event: envelope.id.clone(), since_ms: hearing.shared.settings.clock.now().0 });
    if waiting.len() > MOST {
        let oldest = waiting.remove(0);
        park(hearing, &oldest, None).await?;
    }
    save(hearing, &waiting).await
}

async fn save(hearing: &Hearing, waiting: &[Waiting]) -> anyhow::Result<()> {
    hearing.memory.keep(STREAM, serde_json::to_string(waiting)?).await
}

async fn park(hearing: &Hearing, waiting: &Waiting, raw: Option<String>) -> anyhow::Result<()> {
    let raw = match raw {
        Some(raw) => raw,
        None => serde_json::to_string(waiting)?,
    };
    hearing.memory.park(Parked { id: format!("matrix:{}", waiting.event), why: "no key came to decrypt it".into(), raw }).await
}

/// The event, if it can be decrypted by now.
pub(super) async fn open(room: &Room, event: &str) -> Option<TimelineEvent> {
    let id = EventId::parse(event).ok()?;
    let found = room.event(&id, None).await.ok()?;
    let sealed = matches!(read::read(&adapter::value(&found), ""), Heard::Sealed);
    (!sealed).then_some(found)
}

/// Tries again when keys came, and now and then, for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>) {
    let pace = hearing.shared.settings.pace;
    loop {
        tokio::select! {
            () = hearing.keys.notified() => {}
            () = tokio::time::sleep(pace.again) => {}
        }
        if let Err(error) = round(hearing).await {
            tracing::warn!(error = format!("{error:#}"), "what could not be decrypted was not tried again");
        }
    }
}

async fn round(hearing: &Arc<Hearing>) -> anyhow::Result<()> {
    let give_up = i64::try_from(hearing.shared.settings.pace.give_up.as_millis()).unwrap_or(i64::MAX);
    let all = hearing.waiting.lock().await.clone();
    for waiting in all {
        let Ok(room) = hearing.session.room(waiting.room.as_str()) else { continue };
        match open(&room, &waiting.event).await {
            Some(event) => {
                hearing.event(&room, &waiting.room, &event, &mut Round::new(Duration::ZERO)).await?;
                tracing::info!(event = waiting.event, "a message could be decrypted after all");
            }
            None if hearing.shared.settings.clock.now().since(Time(waiting.since_ms)) > give_up => {
                let id = EventId::parse(&waiting.event).ok();
                let raw = match id {
                    Some(id) => room.event(&id, None).await.ok().map(|e| e.raw().json().get().to_owned()),
                    None => None,
                };
                park(hearing, &waiting, raw).await?;
            }
            None => continue,
        }
        let mut left = hearing.waiting.lock().await;
        left.retain(|w| *w != waiting);
        save(hearing, &left).await?;
    }
    Ok(())
}
