//! Messages to Slack: posted once, changed in place, looked up after a doubt.
//!
//! Slack has no key that would make a repeated post one post. So each carries its operation id in
//! its metadata, as a string (anything else there loses the message's text in slack-morphism's
//! models); after a doubt history is read, metadata included, before anything is posted again.

use super::Shared;
use super::render::Rendered;
use super::session::Fail;
use super::{people, pictures, rooms};
use crate::chat::Message;
use crate::clock::{MINUTE_MS, Time};
use crate::outbox::{Look, Outcome, Receipt};
use crate::policy::RoomId;
use crate::say::Say;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The kind of our messages' metadata.
pub(super) const OP: &str = "sereno_op";
/// A page of history. Slack advises no more than 200.
const PAGE: &str = "200";
/// Pages read for one message at once, at most: no more than Slack takes in a burst. The next look goes on from there.
const PAGES_MAX: usize = 20;
/// Looks that were not read to their end, remembered at most.
const LOOKS_MAX: usize = 1_024;
/// A look that was not read to its end goes on after so long, in milliseconds.
const READ_ON_MS: i64 = 1_000;
/// Clocks differ: so much sooner is looked for, in milliseconds.
pub(super) const AHEAD_MS: i64 = 2 * MINUTE_MS;
/// A room of which Slack did not tell us in time whether it is private is asked about again, in milliseconds.
const ASK_AGAIN_MS: i64 = 2_000;

/// From where on looks that were not read to their end go on, by what they look for.
#[derive(Default)]
pub(super) struct Looks(Mutex<BTreeMap<String, String>>);

impl Looks {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is looked for was sent anew, or found, or is not there: the next look begins at the newest.
    fn forget(&self, what: &str) -> String {
        self.lock().remove(what).unwrap_or_default()
    }

    fn keep(&self, what: &str, cursor: String) {
        let mut looks = self.lock();
        if looks.len() >= LOOKS_MAX {
            looks.clear();
        }
        looks.insert(what.to_owned(), cursor);
    }
}

/// Posts or changes a message.
pub(super) async fn post(shared: &Shared, message: &Message) -> Outcome {
    shared.looks.forget(&message.op);
    let body = body(shared, message).await;
    let done = match &message.edit {
        Some(ts) => change(shared, message, body, ts).await,
        None => say(shared, message, &body).await,
    };
    done.unwrap_or_else(|unfit| unfit)
}

/// Writes, in its turn. Whether the room may show private text is asked after all else that was waited for: at the send
/// itself. `Err`: nothing was written, as it may not stand there.
async fn write(
    shared: &Shared,
    message: &Message,
    method: &str,
    channel: Option<&str>,
    body: &Value,
) -> Result<Result<Value, Fail>, Outcome> {
    if let Err(limited) = shared.pass(method, channel, message.urgency).await {
        return Ok(Err(limited));
    }
    let later = |ms, why: String| Err(Outcome::Retry { after_ms: Some(ms), why: why.into(), lane: false });
    if message.private {
        match rooms::refresh(shared, &message.room, true).await {
            Ok(true) => {}
            // Its view is built anew, without what is private.
            Ok(false) => return later(0, "the room is not private".into()),
            Err(why) => return later(ASK_AGAIN_MS, why),
        }
    }
    Ok(shared.send(method, channel, body).await)
}

async fn body(shared: &Shared, message: &Message) -> Value {
    let mut view = message.view.clone();
    people::name(shared, &mut view).await;
    body_of(message, shared.rendered(&view, message.lang))
}

/// What keeps Slack from making links and mentions of a message's text, which is what people see where it refuses the blocks.
/// `chat.update` does unless told otherwise. Source: docs.slack.dev/reference/methods/chat.update.
pub(super) fn quiet() -> [(&'static str, Value); 2] {
    [("parse", "none".into()), ("link_names", false.into())]
}

/// What keeps it from showing what links lead to.
pub(super) fn unfurled() -> [(&'static str, Value); 2] {
    [("unfurl_links", false.into()), ("unfurl_media", false.into())]
}

/// More fields of a body. Moved into it: `json!` would copy all of it.
pub(super) fn add(body: &mut Value, fields: impl IntoIterator<Item = (&'static str, Value)>) {
    if let Some(object) = body.as_object_mut() {
        object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
}

/// By what a message is known again: Slack's only place for it.
pub(super) fn mark(op: &str) -> (&'static str, Value) {
    ("metadata", json!({ "event_type": OP, "event_payload": { "op": op } }))
}

fn body_of(message: &Message, rendered: Rendered) -> Value {
    let mut body = json!({ "channel": message.room.as_str() });
    add(&mut body, [("text", rendered.text.into()), ("blocks", rendered.blocks)]);
    add(&mut body, quiet());
    add(&mut body, unfurled());
    if message.edit.is_none() {
        add(&mut body, [mark(&message.op)]);
        add(&mut body, message.thread.as_ref().map(|thread| ("thread_ts", thread.as_str().into())));
    }
    body
}

/// Slack refuses a message that it finds too long or odd; the plain text of it is better than nothing.
fn is_of_the_blocks(fail: &Fail) -> bool {
    ["invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format"].into_iter().any(|code| fail.is(code))
}

fn without_blocks(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(object) = body.as_object_mut() {
        object.remove("blocks");
    }
    body
}

async fn say(shared: &Shared, message: &Message, body: &Value) -> Result<Outcome, Outcome> {
    let room = Some(message.room.as_str());
    let mut done = write(shared, message, "chat.postMessage", room, body).await?;
    if let Err(fail) = &done
        && is_of_the_blocks(fail)
    {
        tracing::error!(code = fail.why(), "Slack refused the blocks of a message: it goes as plain text");
        done = write(shared, message, "chat.postMessage", room, &without_blocks(body)).await?;
    }
    Ok(match done {
        Ok(answer) => match answer.get("ts").and_then(Value::as_str) {
            // The text stands: what its picture still waits for is settled by looking.
            Some(ts) => match pictures::follow(shared, message, false).await {
                None => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
                Some(fail) => Outcome::Unknown { why: fail.why() },
            },
            None => Outcome::Unknown { why: "chat.postMessage: an answer without ts".into() },
        },
        // Its share of the limits is used up; what comes behind it has the same limits, or a share of its own.
        Err(Fail::Limited(ms)) => alone_later(ms),
        Err(fail) => fail.outcome(),
    })
}

/// Limited, and no reason for the rest of the room to wait.
fn alone_later(ms: i64) -> Outcome {
    Outcome::Retry { after_ms: Some(ms), why: "ratelimited".into(), lane: false }
}

/// To change a message twice does no harm: a doubt is simply tried again.
async fn change(shared: &Shared, message: &Message, mut body: Value, ts: &str) -> Result<Outcome, Outcome> {
    body["ts"] = json!(ts);
    let mut done = write(shared, message, "chat.update", None, &body).await?;
    if let Err(fail) = &done
        && is_of_the_blocks(fail)
    {
        tracing::error!(code = fail.why(), "Slack refused the blocks of a message: it is changed to plain text");
        // Without the key Slack would leave the old blocks as they stand.
        body["blocks"] = json!([]);
        done = write(shared, message, "chat.update", None, &body).await?;
    }
    Ok(match done {
        Ok(_) => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
        // Somebody deleted it: nothing is left to be changed.
        Err(fail) if fail.is("message_not_found") => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
        Err(Fail::Doubt(why)) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
        // The method is limited for all; the room may go on with what it posts.
        Err(Fail::Limited(ms)) => alone_later(ms),
        Err(fail) => fail.outcome(),
    })
}

/// A moment as Slack writes it.
pub(super) fn slack_ts(at: Time) -> String {
    let ms = at.0.max(0);
    format!("{}.{:03}000", ms / 1_000, ms % 1_000)
}

/// Whether a message stands.
pub(super) async fn look(shared: &Shared, message: &Message) -> Look {
    // What was changed shows by itself, and changing it again does no harm.
    if message.edit.is_some() {
        return Look::Absent;
    }
    let op = message.op.as_str();
    let oldest = oldest(message);
    let stands = find(shared, op, &message.room, message.thread.as_deref(), &oldest, |m| op_of(m) == Some(op)).await;
    match &stands {
        Err(fail) if fail.is_of_the_room() => say_unread(shared, &message.room, fail).await,
        Err(_) => {}
        Ok(_) => {
            shared.unread().remove(&message.room);
        }
    }
    match stands {
        Ok(Found::At(ts)) => match pictures::follow(shared, message, true).await {
            None => Look::Found(Receipt { native_id: ts, ..Receipt::default() }),
            Some(Fail::Limited(ms)) => Look::Retry { why: "its picture: ratelimited".into(), after_ms: Some(ms) },
            Some(fail) => Look::Retry { why: format!("its picture: {}", fail.why()), after_ms: None },
        },
        other => judged(other),
    }
}

/// Whether a message of this operation stands in a room or thread, not older than `oldest`.
pub(super) async fn stands(shared: &Shared, room: &RoomId, thread: Option<&str>, oldest: &str, op: &str) -> Look {
    judged(find(shared, op, room, thread, oldest, |m| op_of(m) == Some(op)).await)
}

fn judged(found: Result<Found, Fail>) -> Look {
    match found {
        Ok(Found::At(ts)) => Look::Found(Receipt { native_id: ts, ..Receipt::default() }),
        Ok(Found::Nowhere) => Look::Absent,
        Ok(Found::TooFar) => Look::Retry { why: "the room's history is too long to be read at once".into(), after_ms: Some(READ_ON_MS) },
        Err(fail) => fail.look(),
    }
}

/// From when on a message is looked for.
pub(super) fn oldest(message: &Message) -> String {
    slack_ts(message.since.plus(-AHEAD_MS))
}

/// What waits for a room that cannot be read waits until people have done something: they are told, once for each time.
async fn say_unread(shared: &Shared, room: &RoomId, fail: &Fail) {
    if !shared.unread().insert(room.clone()) {
        return;
    }
    let why = fail.why();
    tracing::error!(
        room = room.as_str(),
        why,
        "a room cannot be read, so it cannot be told what stands there: nothing is posted there again until the bot is invited back, or `sereno outbox` decides"
    );
    shared.announce(&Say::new("notice-room-unread").text("room", room.as_str()).text("why", why)).await;
}

/// Where a message of ours was found.
pub(super) enum Found {
    /// There.
    At(String),
    /// Surely nowhere.
    Nowhere,
    /// Not as far as was read: the next look reads on.
    TooFar,
}

/// Reads a room's history, or a thread's, from `oldest` on for a message of our own. `what` names what is looked for.
pub(super) async fn find(
    shared: &Shared,
    what: &str,
    room: &RoomId,
    thread: Option<&str>,
    oldest: &str,
    is: impl Fn(&Value) -> bool,
) -> Result<Found, Fail> {
    let me = shared.session.me().await?.clone();
    // Newer messages than those that the last look began with are not its: that was sent before.
    let mut cursor = shared.looks.forget(what);
    for _ in 0..PAGES_MAX {
        let page = match page(shared, room, thread, Some(oldest), &cursor).await {
            Ok(page) => page,
            Err(fail) => {
                if !matches!(fail, Fail::Code(..)) {
                    shared.looks.keep(what, cursor);
                }
                return Err(fail);
            }
        };
        let found = messages(&page).find(|m| is_ours(m, &me.user_id, &me.bot_id) && is(m));
        if let Some(ts) = found.and_then(|m| m.get("ts")).and_then(Value::as_str) {
            return Ok(Found::At(ts.to_owned()));
        }
        match next(&page) {
            Some(next) => cursor = next,
            None => return Ok(Found::Nowhere),
        }
    }
    shared.looks.keep(what, cursor);
    Ok(Found::TooFar)
}

/// A page of a room's history, newest first, or of a thread, oldest first.
pub(super) async fn page(shared: &Shared, room: &RoomId, thread: Option<&str>, oldest: Option<&str>, cursor: &str) -> Result<Value, Fail> {
    let (method, params) = asking(room, thread, oldest, cursor);
    shared.get(method, &params).await
}

/// How a page is asked for.
pub(super) fn asking<'a>(
    room: &'a RoomId,
    thread: Option<&'a str>,
    oldest: Option<&'a str>,
    cursor: &'a str,
) -> (&'static str, Vec<(&'static str, &'a str)>) {
    let mut params = vec![("channel", room.as_str()), ("limit", PAGE), ("include_all_metadata", "true"), ("inclusive", "true")];
    params.extend(oldest.map(|o| ("oldest", o)));
    if !cursor.is_empty() {
        params.push(("cursor", cursor));
    }
    match thread {
        Some(thread) => {
            params.push(("ts", thread));
            ("conversations.replies", params)
        }
        None => ("conversations.history", params),
    }
}

/// The messages of a page.
pub(super) fn messages(page: &Value) -> impl Iterator<Item = &Value> {
    page.get("messages").and_then(Value::as_array).into_iter().flatten()
}

/// Where the next page begins.
pub(super) fn next(page: &Value) -> Option<String> {
    let more = page.get("has_more").and_then(Value::as_bool) != Some(false);
    page.pointer("/response_metadata/next_cursor").and_then(Value::as_str).filter(|c| !c.is_empty() && more).map(str::to_owned)
}

/// Whether a message is the bot's own: anybody can write our metadata.
pub(super) fn is_ours(message: &Value, user: &str, bot: &str) -> bool {
    let is = |name: &str, id: &str| !id.is_empty() && message.get(name).and_then(Value::as_str) == Some(id);
    is("bot_id", bot) || is("user", user)
}

fn op_of(message: &Value) -> Option<&str> {
    let metadata = message.get("metadata")?;
    if metadata.get("event_type").and_then(Value::as_str) != Some(OP) {
        return None;
    }
    metadata.pointer("/event_payload/op").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Lang;
    use crate::view::{Piece, TextView, View};

    fn message() -> Message {
        Message {
            urgency: crate::outbox::Urgency::Normal,
            op: "s-7".into(),
            room: RoomId::from("C1"),
            thread: Some("1.000001".into()),
            edit: None,
            private: false,
            privacy: crate::view::Privacy::Never,
            since: Time(0),
            lang: Lang::En,
            view: View::Text(TextView { code: "notice".into(), lines: vec![vec![Piece::Words("<!channel> hello".into())]] }),
            picture: None,
            pictures: crate::view::Pictures::None,
        }
    }

    #[test]
    fn a_post_carries_its_operation_and_pings_nobody() {
        let rendered = crate::chat::slack::render::message(
            &message().view,
            &crate::chat::slack::render::Ctx { lang: Lang::En, say: &|s| s.code.clone() },
        );
        let body = body_of(&message(), rendered);
        assert_eq!(body["metadata"], json!({"event_type":"sereno_op","event_payload":{"op":"s-7"}}));
        assert_eq!((&body["unfurl_links"], &body["unfurl_media"]), (&json!(false), &json!(false)));
        assert_eq!((&body["parse"], &body["link_names"]), (&json!("none"), &json!(false)));
        assert_eq!(body["thread_ts"], "1.000001");
        assert!(body.get("reply_broadcast").is_none());
        assert!(!body["text"].as_str().unwrap().contains("<!"));
    }

    #[test]
    fn only_our_own_message_with_our_own_operation_is_taken_for_it() {
        let ours = json!({"user":"U0","bot_id":"B0","ts":"5.1","metadata":{"event_type":OP,"event_payload":{"op":"s-7"}}});
        assert!(is_ours(&ours, "U0", "B0") && op_of(&ours) == Some("s-7"));
        let forged = json!({"user":"U9","ts":"5.2","metadata":{"event_type":OP,"event_payload":{"op":"s-7"}}});
        assert!(!is_ours(&forged, "U0", "B0"));
        assert_eq!(op_of(&json!({"metadata":{"event_type":"other","event_payload":{"op":"s-7"}}})), None);
        assert_eq!(slack_ts(Time(1_763_000_000_123)), "1763000000.123000");
    }
}
