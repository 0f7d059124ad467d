//! Messages to Matrix: posted once, changed in place, looked up after a doubt.
//!
//! A transaction id makes a repeated send one send, on the same device and for about a day. So the id
//! is made from the operation's; after a new sign-in, or a day later, the room is read before anything
//! is sent again: each of our messages carries its operation in its content.

use super::Shared;
use super::render::{self, Rendered};
use super::session::{Fail, Session, fail};
use super::{adapter, erasing, pictures, pins, rooms};
use crate::chat::Message;
use crate::clock::{HOUR_MS, MINUTE_MS, Time};
use crate::outbox::{Look, Outcome, Receipt};
use crate::policy::RoomId;
use crate::say::Why;
use crate::view::{Pictures, Privacy, View};
use data_encoding::HEXLOWER;
use matrix_sdk::Room;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::{OwnedTransactionId, uint};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// Where our messages carry their operation.
pub(super) const OP: &str = "dev.sereno.op";
/// Where a card says of which case it is.
pub(super) const CASE: &str = "dev.sereno.case";
/// Pages of a hundred events read for one message, at most.
const PAGES_MAX: usize = 100;
/// Clocks differ: so much sooner is looked for, in milliseconds.
const AHEAD_MS: i64 = 2 * MINUTE_MS;
/// Synapse forgets a transaction id after a day; earlier than that it is no longer relied on.
const TXN_MS: i64 = 20 * HOUR_MS;
/// What waits for the account's pace stands in no queue of ours for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);
/// A room of which nobody told us in time whether it is fit is asked about again, in milliseconds.
const ASK_AGAIN_MS: i64 = 2_000;

/// How often it is looked whether keys came, while that is still waited for.
const KEYS_LOOKS: u32 = 12;

/// The transaction id of an operation: the same for every attempt.
pub(super) fn transaction(op: &str) -> OwnedTransactionId {
    let digest = HEXLOWER.encode(&Sha256::digest(op.as_bytes())[..16]);
    format!("sereno-{digest}").into()
}

/// Posts or changes a message.
pub(super) async fn post(shared: &Arc<Shared>, message: &Message) -> Outcome {
    let session = match shared.session() {
        Ok(session) => session,
        Err(fail) => return fail.outcome(),
    };
    let outcome = put(shared, &session, message).await;
    // First the words: they go where the pictures do not.
    if let (Outcome::Done(_), Pictures::Gone, Some(target)) = (&outcome, &message.pictures, &message.edit)
        && let Err(fail) = pictures::withdraw(shared, &session, message, target).await
    {
        return fail.outcome();
    }
    outcome
}

async fn put(shared: &Arc<Shared>, session: &Arc<Session>, message: &Message) -> Outcome {
    if let Some(target) = erasing::wanted(message) {
        return match erasing::take_away(shared, session, message, target).await {
            Ok(()) => Outcome::Done(Receipt { native_id: target.to_owned(), ..Receipt::default() }),
            Err(fail) => fail.outcome(),
        };
    }
    match erasing::to_be_replaced(shared, session, message).await {
        Ok(None) => {}
        Ok(Some(target)) => return replace(shared, session, message, target).await,
        Err(fail) => return fail.outcome(),
    }
    let content = content(shared, message);
    let done = send(shared, session, &message.room, &message.op, message.since, message.edit.is_none(), content).await;
    match done {
        Ok(id) => {
            let id = message.edit.clone().unwrap_or(id);
            if let Some(wanted) = wants_pin(message) {
                pins::wish(shared, session, &message.room, &[(&id, wanted)]);
            }
            pictures::mirror(shared, session, message, &id);
            if let Some(trouble) = pictures::follow(shared, session, message).await {
                // The text stands by now, and stands once.
                return trouble.outcome();
            }
            Outcome::Done(Receipt { native_id: id, ..Receipt::default() })
        }
        Err(undone) => undone.outcome(),
    }
}

/// Takes away what a message ever said, where that may not be read, and posts it anew as it may be read now.
/// Nobody is called by that.
async fn replace(shared: &Arc<Shared>, session: &Arc<Session>, message: &Message, target: &str) -> Outcome {
    // The pictures under it are not found under another.
    if let Err(fail) = pictures::withdraw(shared, session, message, target).await {
        return fail.outcome();
    }
    // First what is not to be read. Where it may be read again, it is gone already.
    if message.privacy != Privacy::Shown
        && let Err(fail) = erasing::take_away(shared, session, message, target).await
    {
        return fail.outcome();
    }
    let rendered = Rendered { loud: false, calls: Vec::new(), ..shared.rendered(&message.view, message.lang) };
    let content = content_of(&Message { edit: None, ..message.clone() }, &rendered);
    // The operation's own id may be that of a change that was made before the room was opened.
    let op = format!("{}-instead", message.op);
    match send(shared, session, &message.room, &op, message.since, true, content).await {
        Ok(id) => {
            if let Some(wanted) = wants_pin(message) {
                pins::wish(shared, session, &message.room, &[(target, false), (&id, wanted)]);
            }
            Outcome::Instead(Receipt { native_id: id, ..Receipt::default() })
        }
        Err(undone) => undone.outcome(),
    }
}

fn content(shared: &Shared, message: &Message) -> Value {
    content_of(message, &shared.rendered(&message.view, message.lang))
}

fn content_of(message: &Message, rendered: &Rendered) -> Value {
    let mut content = match &message.edit {
        Some(target) => rendered.replacing(target),
        None => rendered.content(),
    };
    if let (Some(root), None) = (&message.thread, &message.edit) {
        render::in_thread(&mut content, root, root);
    }
    if message.private || message.privacy == Privacy::Shown {
        content[erasing::PRIVATE] = json!(true);
    }
    if let (View::Card(card), None) = (&message.view, &message.edit) {
        content[CASE] = json!(card.case);
    }
    content
}

/// Why a message was not sent.
pub(super) enum Undone {
    Fail(Fail),
    /// Something must be known first that cannot be found out now.
    Later(Why, Option<i64>),
    /// It may stand already, and that cannot be found out.
    InDoubt,
}

impl Undone {
    fn outcome(self) -> Outcome {
        match self {
            Undone::Fail(fail) => fail.outcome(),
            Undone::Later(why, after_ms) => Outcome::Retry { after_ms, why, lane: false },
            Undone::InDoubt => Outcome::Unknown { why: "the room's history cannot be read as far back".into() },
        }
    }
}

impl From<Fail> for Undone {
    fn from(fail: Fail) -> Undone {
        Undone::Fail(fail)
    }
}

/// Sends `content` under the operation `op`, which was decided at `since`: once, however often it is called. Returns
/// the event's id. `unique`: a second one would be one too many (a change made twice does no harm).
pub(super) async fn send(
    shared: &Shared,
    session: &Session,
    room: &RoomId,
    op: &str,
    since: Time,
    unique: bool,
    mut content: Value,
) -> Result<String, Undone> {
    let joined = session.room(room.as_str())?;
    content[OP] = json!(op);
    // One sender a room: two at once on one encrypted room break the library at the change of its keys.
    let turn = shared.turn(room);
    let _turn = turn.lock().await;
    let now = shared.settings.clock.now();
    // Where it was looked and could not be told, the outbox has decided: it is posted.
    let doubtful = unique && (since < session.made || now.since(since) > TXN_MS) && !shared.untold.take(op);
    if doubtful && let Some(stands) = find(shared, session, &joined, op, since).await? {
        return Ok(stands);
    }
    shared.lanes.pass(PATIENCE).await.map_err(Fail::Limited)?;
    // Whether the room may show private text is asked after all else that was waited for: at the send itself.
    if content.get(erasing::PRIVATE).is_some_and(|private| private == true) {
        fit(shared, session, room).await?;
    }
    let sent = joined.send_raw("m.room.message", content).with_transaction_id(&transaction(op)).await;
    match sent {
        Ok(sent) => {
            shared.lanes.passed();
            Ok(sent.response.event_id.to_string())
        }
        Err(error) => {
            let fail = fail(&error);
            if let Fail::Limited(ms) = fail {
                shared.limited(session, ms);
            }
            Err(fail.into())
        }
    }
}

/// Nothing private goes to a room that is not fit for it now.
async fn fit(shared: &Shared, session: &Session, room: &RoomId) -> Result<(), Undone> {
    let later = |why, ms| Err(Undone::Later(why, Some(ms)));
    match rooms::refresh(shared, session, room).await {
        Ok(true) => Ok(()),
        // Its view is built anew, without what is private.
        Ok(false) => later(Why::ours("why-matrix-unfit"), 0),
        Err(fail @ (Fail::NotIn | Fail::Auth(_))) => Err(fail.into()),
        Err(fail) => later(fail.reason(), ASK_AGAIN_MS),
    }
}

/// Whether a message stands.
pub(super) async fn look(shared: &Shared, message: &Message) -> Look {
    // What was changed shows by itself, and changing it again does no harm.
    if message.edit.is_some() {
        return Look::Absent;
    }
    let session = match shared.session() {
        Ok(session) => session,
        Err(fail) => return fail.look(),
    };
    match session.room(message.room.as_str()) {
        Ok(room) => match find(shared, &session, &room, &message.op, message.since).await {
            Ok(Some(id)) => Look::Found(Receipt { native_id: id, ..Receipt::default() }),
            Ok(None) => Look::Absent,
            Err(Undone::Later(why, after_ms)) => Look::Retry { why: why.to_string(), after_ms },
            Err(Undone::Fail(fail)) => fail.look(),
            Err(Undone::InDoubt) => {
                shared.untold.add(&message.op);
                Look::CannotTell
            }
        },
        // Where the bot is not, it cannot look, and it cannot post.
        Err(Fail::NotIn) => Look::Absent,
        Err(fail) => fail.look(),
    }
}

/// Reads a room's history, from its end to `since`, for our own message of an operation: its event's id.
async fn find(shared: &Shared, session: &Session, room: &Room, op: &str, since: Time) -> Result<Option<String>, Undone> {
    let began = shared.looked_back(room.room_id().as_str());
    let oldest = since.plus(-AHEAD_MS).0;
    let mut from: Option<String> = None;
    let mut sealed = false;
    for _ in 0..PAGES_MAX {
        let mut options = MessagesOptions::backward().from(from.as_deref());
        options.limit = uint!(100);
        let page = match room.messages(options).await {
            Ok(page) => page,
            Err(error) => return Err(unread(&fail(&error))),
        };
        // A page may be empty for what it leaves out, with more behind it.
        let mut newer = page.chunk.is_empty();
        for event in &page.chunk {
            let event = adapter::value(event);
            let recent = event.get("origin_server_ts").and_then(Value::as_i64).is_none_or(|at| at >= oldest);
            let ours = event.get("sender").and_then(Value::as_str) == Some(&session.me);
            if ours && op_of(&event) == Some(op) {
                let id = event.get("event_id").and_then(Value::as_str).unwrap_or_default();
                return Ok(Some(id.to_owned()));
            }
            // What was redacted keeps its type, and says nothing any more.
            let is_sealed = event.get("type").is_some_and(|t| t == "m.room.encrypted") && event.pointer("/content/algorithm").is_some();
            sealed |= ours && recent && is_sealed;
            newer |= recent;
        }
        match page.end {
            // One event's time may be wrong: other servers and bridges say when theirs were. Not that of a whole page.
            Some(end) if newer && from.as_ref() != Some(&end) => from = Some(end),
            // The keys of what an earlier device of ours said come from the backup, one by one, once they are asked for.
            _ if sealed && began.elapsed() < shared.settings.pace.backup => {
                let after = (shared.settings.pace.backup / KEYS_LOOKS).as_millis();
                return Err(Undone::Later(Why::ours("why-matrix-own-unread"), i64::try_from(after).ok()));
            }
            // What nobody can read may be the very message.
            _ if sealed => return Err(Undone::InDoubt),
            _ => return Ok(None),
        }
    }
    Err(Undone::InDoubt)
}

/// What it means for a message that its room's history cannot be read.
fn unread(fail: &Fail) -> Undone {
    let after_ms = if let Fail::Limited(ms) = fail { Some(*ms) } else { None };
    Undone::Later(fail.reason(), after_ms)
}

fn op_of(event: &Value) -> Option<&str> {
    event.get("content")?.get(OP)?.as_str()
}

/// Whether a message is to be pinned: the card of an urgent case that is not over. `None`: it is no card.
fn wants_pin(message: &Message) -> Option<bool> {
    let View::Card(card) = &message.view else { return None };
    let over = matches!(card.status.as_str(), "resolved" | "merged" | "quarantined");
    Some(card.priority == "urgent" && !over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Lang;
    use crate::view::{Piece, TextView};

    fn message(thread: Option<&str>, edit: Option<&str>) -> Message {
        Message {
            urgency: crate::outbox::Urgency::Normal,
            op: "s-7".into(),
            room: RoomId::from("!r:h"),
            thread: thread.map(str::to_owned),
            edit: edit.map(str::to_owned),
            private: false,
            privacy: crate::view::Privacy::Never,
            since: Time(0),
            lang: Lang::En,
            view: View::Text(TextView { code: "notice".into(), lines: vec![vec![Piece::Words("@room hello".into())]] }),
            picture: None,
            pictures: crate::view::Pictures::None,
        }
    }

    fn made(message: &Message) -> Value {
        content_of(message, &render::message(&message.view, &render::Ctx { lang: Lang::En, prefix: "!", say: &|s| s.code.clone() }))
    }

    #[test]
    fn a_post_says_whom_it_mentions_and_where_it_belongs() {
        let content = made(&message(Some("$card"), None));
        assert_eq!(content["m.mentions"], json!({}));
        assert_eq!(content["m.relates_to"]["rel_type"], "m.thread");
        assert_eq!(content["m.relates_to"]["event_id"], "$card");
        let change = made(&message(Some("$card"), Some("$x")));
        assert_eq!(change["m.relates_to"], json!({"rel_type":"m.replace","event_id":"$x"}));
        assert_eq!((&change["m.mentions"], &change["m.new_content"]["m.mentions"]), (&json!({}), &json!({})));
    }

    #[test]
    fn an_operation_has_one_transaction_id_and_no_other_has_it() {
        assert_eq!(transaction("s-7"), transaction("s-7"));
        assert_ne!(transaction("s-7"), transaction("s-8"));
        assert_eq!(transaction("s-7").as_str().len(), "sereno-".len() + 32);
        assert_eq!(op_of(&json!({"content":{OP:"s-7"}})), Some("s-7"));
        assert_eq!(op_of(&json!({"content":{}})), None);
    }
}
