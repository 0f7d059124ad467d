//! What could not be decrypted: kept durably, tried again, done once its key has come, put aside for people in the end.
//!
//! What was said under one key is done in its order: nothing of it while something that was said before, and can be
//! read by now, still waits. It leaves the list when it is answered, so that a crash before that does it again.

use super::adapter;
use super::hearing::{Hearing, Round};
use super::read::{self, Envelope, Heard};
use super::session::{Fail, fail};
use crate::chat::{Memory, Parked};
use crate::clock::Time;
use crate::policy::RoomId;
use crate::say::Say;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::EventId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

/// Where they are kept.
const STREAM: &str = "matrix:waiting";
/// Kept at most; then the oldest are put aside.
const MOST: usize = 500;
/// What has waited for so many times a pause is tried again after one more.
const PATIENCE: u32 = 20;

/// An event that waits for its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiting {
    /// Where.
    room: RoomId,
    /// Its id.
    event: String,
    /// Since when, milliseconds since 1970.
    since_ms: i64,
    /// Who wrote it.
    #[serde(default)]
    by: String,
    /// The session of keys under which it is encrypted.
    #[serde(default)]
    session: String,
    /// When it was first done or given up: no answer was given earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done_ms: Option<i64>,
    /// Its answers are on their way.
    #[serde(skip)]
    answering: bool,
    /// Not tried again by itself before.
    #[serde(skip)]
    next: Option<Instant>,
    /// Its session's key has come, and begins behind it.
    #[serde(skip)]
    before_key: bool,
}

/// What came of trying one again.
enum Tried {
    /// It was done.
    Done,
    /// It still cannot be read.
    Sealed,
    /// The homeserver did not say.
    Unknown,
}

/// An event that was done, by its id, and its answers on their way.
type Done = (String, Vec<oneshot::Receiver<()>>);

/// All that waits.
pub(super) struct List {
    all: Mutex<Vec<Waiting>>,
    done: mpsc::Sender<Done>,
}

impl List {
    /// What waits since before, and the way of what is done.
    pub(super) async fn load(memory: &dyn Memory) -> anyhow::Result<(List, mpsc::Receiver<Done>)> {
        let kept = memory.cursor(STREAM).await?;
        let all = kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default();
        let (done, to_settle) = mpsc::channel(MOST);
        Ok((List { all: Mutex::new(all), done }, to_settle))
    }

    /// Those that are not done yet and that `wanted` names, in their order.
    async fn of(&self, wanted: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        self.all.lock().await.iter().filter(|w| !w.answering && wanted(w)).cloned().collect()
    }

    /// What was said in a room under a session, before one of them or at all, and may be read by now.
    async fn ahead(&self, room: &RoomId, session: &str, before: Option<&str>) -> Vec<Waiting> {
        let all = self.all.lock().await;
        let first = all.iter().take_while(|w| Some(w.event.as_str()) != before);
        first.filter(|w| w.session == session && w.room == *room && !w.answering && !w.before_key).cloned().collect()
    }

    /// Whether something waits for the key of a session.
    pub(super) async fn awaits(&self, session: &str) -> bool {
        self.all.lock().await.iter().any(|w| w.session == session)
    }

    /// Changes one of them, if it is still there.
    async fn change(&self, event: &str, change: impl FnOnce(&mut Waiting)) {
        self.all.lock().await.iter_mut().find(|w| w.event == event).map(change);
    }

    async fn save(&self, memory: &dyn Memory) -> anyhow::Result<()> {
        let all = self.all.lock().await;
        memory.keep(STREAM, serde_json::to_string(&*all)?).await
    }
}

/// Puts an event among them, durably.
pub(super) async fn put(hearing: &Hearing, room: &RoomId, envelope: &Envelope, session: &str) -> anyhow::Result<()> {
    let mut all = hearing.waiting.all.lock().await;
    if all.iter().any(|w| w.event == envelope.id) {
        return Ok(());
    }
    tracing::warn!(room = room.as_str(), event = envelope.id, "a message cannot be decrypted yet: it is tried again when keys come");
    all.push(Waiting {
        room: room.clone(),
        event: envelope.id.clone(),
        since_ms: hearing.shared.settings.clock.now().0,
        by: envelope.sender.clone(),
        session: session.to_owned(),
        done_ms: None,
        answering: false,
        next: None,
        before_key: false,
    });
    let open = all.iter().filter(|w| !w.answering);
    let oldest = if open.clone().count() > MOST { open.clone().next().cloned() } else { None };
    drop(all);
    hearing.waiting.save(&*hearing.memory).await?;
    match oldest {
        Some(oldest) => give_up(hearing, &oldest).await,
        None => Ok(()),
    }
}

async fn park(hearing: &Hearing, waiting: &Waiting, raw: Option<String>) -> anyhow::Result<()> {
    let raw = match raw {
        Some(raw) => raw,
        None => serde_json::to_string(waiting)?,
    };
    let why = hearing.memory.words(&Say::new("why-no-key"), hearing.memory.room_lang(&waiting.room));
    hearing.memory.park(Parked { id: format!("matrix:{}", waiting.event), why, raw }).await
}

/// The event, if it can be decrypted by now.
pub(super) async fn open(room: &Room, event: &str) -> Result<Option<TimelineEvent>, Fail> {
    let id = EventId::parse(event).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
    let found = room.event(&id, None).await.map_err(|e| fail(&e))?;
    let sealed = matches!(read::read(&adapter::value(&found), ""), Heard::Sealed { .. });
    Ok((!sealed).then_some(found))
}

/// Does what waited for the key of a session and can be read by now, up to one of them where `before` names it. Says
/// whether nothing is left that may have to go first. Whoever calls has the turn.
pub(super) async fn clear_way(hearing: &Arc<Hearing>, room: &RoomId, session: &str, before: Option<&str>) -> anyhow::Result<bool> {
    if session.is_empty() {
        return Ok(true);
    }
    for waiting in hearing.waiting.ahead(room, session, before).await {
        match attempt(hearing, &waiting).await? {
            Tried::Done => {}
            Tried::Sealed => hearing.waiting.change(&waiting.event, |w| w.before_key = true).await,
            Tried::Unknown => return Ok(false),
        }
    }
    Ok(true)
}

/// Tries again when keys came, and now and then, for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    loop {
        let keys = tokio::select! {
            () = hearing.keys.notified() => true,
            () = tokio::time::sleep(pace.again) => false,
        };
        let now = Instant::now();
        for waiting in hearing.waiting.of(|w| keys || w.next.is_none_or(|next| next <= now)).await {
            // Others go in between.
            let _turn = hearing.turn().await;
            if hearing.waiting.of(|w| w.event == waiting.event).await.is_empty() {
                continue;
            }
            match attempt(hearing, &waiting).await? {
                Tried::Done | Tried::Unknown => {}
                Tried::Sealed => again_later(hearing, &waiting).await?,
            }
        }
    }
}

/// Does one that waited, if it can be read by now.
async fn attempt(hearing: &Arc<Hearing>, waiting: &Waiting) -> anyhow::Result<Tried> {
    let found = match hearing.session.room(waiting.room.as_str()) {
        Ok(room) => open(&room, &waiting.event).await.map(|event| event.map(|event| (room, event))),
        Err(fail) => Err(fail),
    };
    let (room, event) = match found {
        Ok(Some(found)) => found,
        // Where the bot is not any more, or what is not there any more, is never read.
        Ok(None) | Err(Fail::NotIn | Fail::Code(_)) => return Ok(Tried::Sealed),
        Err(Fail::Limited(_) | Fail::Auth(_) | Fail::Broken(_)) => return Ok(Tried::Unknown),
    };
    // Its key may have come since those before it were tried.
    if !Box::pin(clear_way(hearing, &waiting.room, &waiting.session, Some(&waiting.event))).await? {
        return Ok(Tried::Unknown);
    }
    let mut round = Round::late(begin(hearing, waiting).await?);
    Box::pin(hearing.event(&room, &waiting.room, &event, &mut round)).await?;
    tracing::info!(event = waiting.event, "a message could be decrypted after all");
    end(hearing, waiting, round.answers).await;
    Ok(Tried::Done)
}

/// Notes when it was first done, before it is done.
async fn begin(hearing: &Hearing, waiting: &Waiting) -> anyhow::Result<Time> {
    let at = waiting.done_ms.unwrap_or_else(|| hearing.shared.settings.clock.now().0);
    hearing
        .waiting
        .change(&waiting.event, |w| {
            w.done_ms = Some(at);
            w.answering = true;
        })
        .await;
    hearing.waiting.save(&*hearing.memory).await?;
    Ok(Time(at))
}

async fn end(hearing: &Hearing, waiting: &Waiting, answers: Vec<oneshot::Receiver<()>>) {
    // Gone only when all of hearing ends.
    hearing.waiting.done.send((waiting.event.clone(), answers)).await.ok();
}

/// Waits longer the longer it has waited; in the end gives it up.
async fn again_later(hearing: &Arc<Hearing>, waiting: &Waiting) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let waited = hearing.shared.settings.clock.now().since(Time(waiting.since_ms)).max(0);
    let waited = Duration::from_millis(waited.unsigned_abs());
    if waited <= pace.give_up {
        let next = Instant::now() + pace.again.max(waited / PATIENCE);
        hearing.waiting.change(&waiting.event, |w| w.next = Some(next)).await;
        return Ok(());
    }
    give_up(hearing, waiting).await
}

/// Puts one aside for people to look at, and says so.
async fn give_up(hearing: &Hearing, waiting: &Waiting) -> anyhow::Result<()> {
    let room = hearing.session.room(waiting.room.as_str());
    let raw = match (&room, EventId::parse(&waiting.event)) {
        (Ok(room), Ok(id)) => room.event(&id, None).await.ok().map(|e| e.raw().json().get().to_owned()),
        _ => None,
    };
    let envelope = Envelope { id: waiting.event.clone(), sender: waiting.by.clone(), at: begin(hearing, waiting).await?.0 };
    park(hearing, waiting, raw).await?;
    tracing::warn!(
        room = waiting.room.as_str(),
        event = waiting.event,
        "no key came to decrypt a message: it is given up, see `sereno parked`"
    );
    let told = match &room {
        Ok(room) => hearing.tell_given_up(room, &waiting.room, &envelope).await,
        Err(_) => None,
    };
    end(hearing, waiting, told.into_iter().collect()).await;
    Ok(())
}

/// Takes off the list what is answered, for as long as it is awaited.
pub(super) async fn settle(hearing: &Hearing, mut done: mpsc::Receiver<Done>) -> anyhow::Result<()> {
    while let Some((event, answers)) = done.recv().await {
        for answer in answers {
            // It ends by being dropped as well: nobody waits for what could not be said.
            answer.await.ok();
        }
        hearing.waiting.all.lock().await.retain(|w| w.event != event);
        hearing.waiting.save(&*hearing.memory).await?;
    }
    Ok(())
}
