//! Pictures on their way to a room: encrypted where the room is, shown once, however often they are sent.
//!
//! The digest's belongs to it. Those of customers' posts come after the text, which has their links, and beside all else:
//! nothing waits for them, and where one does not come the link stands. They go when their post goes.

use super::Shared;
use super::deliver::{self, Undone};
use super::erasing::{self, Messages};
use super::session::{Fail, Session, fail};
use super::{adapter, fetch, render};
use crate::chat::Message;
use crate::clock::Time;
use crate::policy::RoomId;
use crate::view::Pictures;
use matrix_sdk::Room;
use matrix_sdk::room::{IncludeRelations, RelationsOptions};
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, uint};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Where a picture says which message shows its post: in its relation, which encryption leaves readable.
const OF: &str = "dev.sereno.picture_of";
/// Posts whose pictures are on their way at once; those of others stay links.
const WAITING: usize = 64;
/// Pictures in memory at once.
const AT_ONCE: usize = 2;
/// So often a picture is sent where the homeserver does not answer.
const TRIES: u32 = 3;
/// And the pause in between.
const AGAIN: Duration = Duration::from_secs(2);
/// Pages of a hundred entries of one thread, at most.
const PAGES_MAX: usize = 100;
/// How long what was found in a thread holds, unless the bot itself puts a picture there.
const LISTED: Duration = Duration::from_secs(60);

/// Pictures of posts, on their way and withdrawn.
pub(super) struct Mirrored {
    waiting: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    /// Messages whose post is gone: none of its pictures is to come any more.
    gone: Messages,
    /// And none stands.
    clean: Messages,
    /// The pictures of the thread that was gone through last: what is erased goes message by message.
    listed: Mutex<Option<Listed>>,
    /// How many pictures were sent.
    sent: AtomicU64,
    web: Arc<fetch::Web>,
}

/// The pictures in a thread.
struct Listed {
    room: RoomId,
    thread: OwnedEventId,
    at: Instant,
    /// By the messages whose pictures they are.
    of: HashMap<String, Vec<OwnedEventId>>,
}

impl Mirrored {
    pub(super) fn new(rules: fetch::Rules) -> Mirrored {
        let semaphore = |n| Arc::new(Semaphore::new(n));
        Mirrored {
            waiting: semaphore(WAITING),
            at_once: semaphore(AT_ONCE),
            gone: Messages::default(),
            clean: Messages::default(),
            listed: Mutex::default(),
            sent: AtomicU64::new(0),
            web: Arc::new(fetch::Web::new(rules)),
        }
    }

    fn listed(&self) -> MutexGuard<'_, Option<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A picture may stand that was not listed.
    fn changed(&self) {
        self.sent.fetch_add(1, Ordering::AcqRel);
        self.listed().take();
    }
}

/// A picture's file.
pub(super) struct File<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its media type.
    pub kind: &'a str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Width and height, where they are known.
    pub size: Option<(usize, usize)>,
    /// The thread, and the message of which it is a picture; `None`: it stands in the room itself.
    pub of: Option<(&'a str, &'a str)>,
}

/// Sends the picture that goes with a message, which stands already. What is in the way of that now, and
/// will not be for ever.
pub(super) async fn follow(shared: &Shared, session: &Session, message: &Message) -> Option<Fail> {
    let picture = message.picture.as_ref().filter(|_| message.edit.is_none())?;
    let file = File { name: "digest.png", kind: "image/png", bytes: picture.png(), size: Some(picture.size()), of: None };
    match upload(shared, session, &message.room, &format!("{}-picture", message.op), message.since, file).await {
        Ok(_) => None,
        Err(Undone::Fail(fail @ (Fail::Limited(_) | Fail::Auth(_)))) => Some(fail),
        // Also what is broken now: a room does not wait for a picture.
        Err(Undone::Fail(fail @ (Fail::Broken(_) | Fail::Code(_) | Fail::NotIn))) => {
            tracing::warn!(
                room = message.room.as_str(),
                why = fail.why(),
                "the homeserver takes no picture: a message goes without its own"
            );
            None
        }
        Err(Undone::Later(..) | Undone::InDoubt) => {
            tracing::warn!(room = message.room.as_str(), "whether a picture stands cannot be told: it is not sent again");
            None
        }
    }
}

/// Uploads a file and shows it in a room, under the operation `op` of `since`. Returns the event's id.
pub(super) async fn upload(
    shared: &Shared,
    session: &Session,
    room: &RoomId,
    op: &str,
    since: Time,
    file: File<'_>,
) -> Result<String, Undone> {
    let joined = session.room(room.as_str())?;
    let mut info = json!({ "mimetype": file.kind, "size": file.bytes.len() });
    if let Some((w, h)) = file.size {
        (info["w"], info["h"]) = (json!(w), json!(h));
    }
    let mut content = json!({ "msgtype": "m.image", "body": file.name, "filename": file.name, "info": info, "m.mentions": {} });
    if let Some((thread, of)) = file.of {
        render::in_thread(&mut content, thread, of);
        content["m.relates_to"][OF] = json!(of);
    }
    let state = joined.latest_encryption_state().await.map_err(|e| fail(&e))?;
    if state.is_encrypted() {
        let sealed = session.client.upload_encrypted_file(&mut Cursor::new(file.bytes)).await.map_err(|e| fail(&e))?;
        content["file"] = serde_json::to_value(sealed).unwrap_or(Value::Null);
    } else {
        let kind = file.kind.parse().map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
        let stored = session.client.media().upload(&kind, file.bytes, None).await.map_err(|e| fail(&e))?;
        content["url"] = json!(stored.content_uri);
    }
    deliver::send(shared, session, room, op, since, true, content).await
}

/// Fetches the pictures of the post that a message shows, which stands as `of`, and shows them below it.
pub(super) fn mirror(shared: &Arc<Shared>, session: &Arc<Session>, message: &Message, of: &str) {
    let (Pictures::Shown(addresses), None) = (&message.pictures, &message.edit) else { return };
    let Ok(place) = Arc::clone(&shared.mirrored.waiting).try_acquire_owned() else { return };
    let (at_once, web) = (Arc::clone(&shared.mirrored.at_once), Arc::clone(&shared.mirrored.web));
    // The chat itself is not held: it may end meanwhile.
    let (shared, session) = (Arc::downgrade(shared), Arc::downgrade(session));
    let (room, op, since, of) = (message.room.clone(), message.op.clone(), message.since, of.to_owned());
    let thread = message.thread.clone().unwrap_or_else(|| of.clone());
    let addresses = addresses.clone();
    tokio::spawn(async move {
        let _place = place;
        for (n, address) in addresses.iter().enumerate() {
            let Ok(_turn) = at_once.acquire().await else { return };
            // Where there is a limit, words go first.
            if shared.upgrade().is_none_or(|shared| shared.lanes.is_slow()) {
                return;
            }
            let found = match fetch::picture(&web, address).await {
                Ok(found) => found,
                Err(why) => {
                    tracing::debug!(why, "a picture of a post stays a link");
                    continue;
                }
            };
            let (Some(shared), Some(session)) = (shared.upgrade(), session.upgrade()) else { return };
            let name = format!("picture-{}.{}", n + 1, found.kind.ending());
            let sent = Sent { room: &room, op: &format!("{op}-picture-{}", n + 1), since, thread: &thread, of: &of };
            show(&shared, &session, &sent, &name, &found).await;
        }
    });
}

/// A picture of a post, on its way.
struct Sent<'a> {
    room: &'a RoomId,
    op: &'a str,
    since: Time,
    thread: &'a str,
    of: &'a str,
}

async fn show(shared: &Shared, session: &Session, sent: &Sent<'_>, name: &str, found: &fetch::Fetched) {
    let Sent { room, op, since, thread, of } = *sent;
    let gone = &shared.mirrored.gone;
    let mut unknown = false;
    for tried in 1..=TRIES {
        if gone.has(of) {
            break;
        }
        let file = File { name, kind: found.kind.mime(), bytes: found.bytes.clone(), size: Some(found.size), of: Some((thread, of)) };
        let sent_so = upload(shared, session, room, op, since, file).await;
        // What was listed before does not have it.
        shared.mirrored.changed();
        match sent_so {
            Ok(event) if gone.has(of) => return unsay(shared, session, sent, Some(event)).await,
            Ok(_) => return,
            Err(Undone::Fail(Fail::Broken(_))) => unknown = true,
            Err(_) => break,
        }
        if tried < TRIES {
            tokio::time::sleep(AGAIN).await;
        }
    }
    // It may stand, and whoever took away what stood may have come before it.
    if unknown && gone.has(of) {
        return unsay(shared, session, sent, None).await;
    }
    tracing::debug!(room = room.as_str(), "the homeserver takes no picture: it stays a link");
}

/// The post went while its picture was sent; `None`: whether that stands nobody said.
async fn unsay(shared: &Shared, session: &Session, sent: &Sent<'_>, event: Option<String>) {
    let Sent { room: lane, op, thread, of, .. } = *sent;
    let away = async || {
        let events = match &event {
            Some(event) => vec![event_id(event)?],
            None => standing(shared, session, lane, &event_id(thread)?, of).await?,
        };
        for event in events {
            erasing::redact(shared, session, lane, op, &event).await?;
        }
        Ok(())
    };
    for _ in 0..TRIES {
        match away().await {
            Err(Fail::Limited(ms)) => tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await,
            Err(Fail::Broken(_)) => tokio::time::sleep(AGAIN).await,
            _ => return,
        }
    }
    tracing::warn!(room = lane.as_str(), "a picture of a post that is gone could not be taken away");
}

fn event_id(id: &str) -> Result<OwnedEventId, Fail> {
    EventId::parse(id).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))
}

/// Takes away the pictures of the post that the message `target` shows, and lets none of them come any more.
pub(super) async fn withdraw(shared: &Shared, session: &Session, message: &Message, target: &str) -> Result<(), Fail> {
    let Mirrored { gone, clean, .. } = &shared.mirrored;
    if clean.has(target) {
        return Ok(());
    }
    gone.add(target);
    let named = message.thread.as_deref().unwrap_or(target);
    let thread = thread_of(session, &message.room, target).await?.map_or_else(|| event_id(named), Ok)?;
    for event in standing(shared, session, &message.room, &thread, target).await? {
        erasing::redact(shared, session, &message.room, &message.op, &event).await?;
    }
    clean.add(target);
    Ok(())
}

/// The thread that a message stands in, or begins: not always that of its case by now, whose card may have been replaced.
/// `None`: of what was taken away nobody knows.
async fn thread_of(session: &Session, room: &RoomId, target: &str) -> Result<Option<OwnedEventId>, Fail> {
    let id = event_id(target)?;
    let event = match session.room(room.as_str())?.event(&id, None).await.map_err(|e| fail(&e)) {
        Ok(event) => adapter::value(&event),
        Err(fail) if fail.is_absent() => return Ok(None),
        Err(fail) => return Err(fail),
    };
    if erasing::is_gone(&event) {
        return Ok(None);
    }
    let relation = event.pointer("/content/m.relates_to").filter(|r| r.get("rel_type").is_some_and(|t| t == "m.thread"));
    let root = relation.and_then(|r| r.get("event_id")).and_then(Value::as_str);
    Ok(Some(root.map_or(Ok(id), event_id)?))
}

/// The pictures in a thread that belong to the message `of`.
async fn standing(shared: &Shared, session: &Session, lane: &RoomId, thread: &EventId, of: &str) -> Result<Vec<OwnedEventId>, Fail> {
    let found = |listed: &Listed| listed.of.get(of).cloned().unwrap_or_default();
    let known = |l: &&Listed| l.room == *lane && l.thread == thread && l.at.elapsed() < LISTED;
    if let Some(found) = shared.mirrored.listed().as_ref().filter(known).map(found) {
        return Ok(found);
    }
    let (at, sent) = (Instant::now(), shared.mirrored.sent.load(Ordering::Acquire));
    let of = all(session, &session.room(lane.as_str())?, thread).await?;
    let listed = Listed { room: lane.clone(), thread: thread.to_owned(), at, of };
    let found = found(&listed);
    let mut kept = shared.mirrored.listed();
    if shared.mirrored.sent.load(Ordering::Acquire) == sent {
        *kept = Some(listed);
    }
    Ok(found)
}

/// All pictures of posts in a thread, by the messages that they belong to.
async fn all(session: &Session, room: &Room, thread: &EventId) -> Result<HashMap<String, Vec<OwnedEventId>>, Fail> {
    let (mut found, mut from) = (HashMap::<String, Vec<OwnedEventId>>::new(), None);
    for _ in 0..PAGES_MAX {
        let options = RelationsOptions {
            from,
            limit: Some(uint!(100)),
            include_relations: IncludeRelations::RelationsOfType(RelationType::Thread),
            ..RelationsOptions::default()
        };
        let page = match room.relations(thread.to_owned(), options).await.map_err(|e| fail(&e)) {
            Ok(page) => page,
            // Nothing hangs on what is not there.
            Err(fail) if fail.is_absent() => break,
            Err(fail) => return Err(fail),
        };
        let ours = page.chunk.iter().filter(|e| e.sender().is_some_and(|s| s.as_str() == session.me));
        for (id, event) in ours.filter_map(|e| Some((e.event_id()?, adapter::value(e)))) {
            if let Some(of) = event.pointer("/content/m.relates_to").and_then(|r| r.get(OF)).and_then(Value::as_str) {
                found.entry(of.to_owned()).or_default().push(id);
            }
        }
        from = page.next_batch_token;
        if from.is_none() {
            break;
        }
    }
    Ok(found)
}
