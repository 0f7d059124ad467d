//! Messages to Slack: posted once, changed in place, looked up after a doubt.
//!
//! Slack has no key that would make a repeated post one post. So each carries its operation id in
//! its metadata, as a string (anything else there loses the message's text in slack-morphism's
//! models); after a doubt history is read, metadata included, before anything is posted again.

use super::Shared;
use super::render::Rendered;
use super::session::Fail;
use super::{people, rooms};
use crate::chat::Message;
use crate::clock::{MINUTE_MS, Time};
use crate::outbox::{Look, Outcome, Receipt, Urgency};
use crate::policy::RoomId;
use serde_json::{Value, json};

/// The kind of our messages' metadata.
pub(super) const OP: &str = "sereno_op";
/// A page of history. Slack advises no more than 200.
const PAGE: &str = "200";
/// Pages read for one message, at most; then it is looked for again later.
const PAGES_MAX: usize = 50;
/// Clocks differ: so much sooner is looked for, in milliseconds.
const AHEAD_MS: i64 = 2 * MINUTE_MS;
/// A room of which Slack did not tell us in time whether it is private is asked about again, in milliseconds.
const ASK_AGAIN_MS: i64 = 2_000;

/// Posts or changes a message.
pub(super) async fn post(shared: &Shared, message: &Message) -> Outcome {
    if message.private {
        match rooms::refresh(shared, &message.room, true).await {
            Ok(true) => {}
            // Its view is built anew, without what is private.
            Ok(false) => return Outcome::Retry { after_ms: Some(0), why: "the room is not private".into(), lane: false },
            Err(why) => return Outcome::Retry { after_ms: Some(ASK_AGAIN_MS), why: why.into(), lane: false },
        }
    }
    let body = body(shared, message).await;
    match &message.edit {
        Some(ts) => change(shared, body, ts, message.urgency).await,
        None => say(shared, message, &body).await,
    }
}

async fn body(shared: &Shared, message: &Message) -> Value {
    let mut view = message.view.clone();
    people::name(shared, &mut view).await;
    body_of(message, shared.rendered(&view, message.lang))
}

fn body_of(message: &Message, rendered: Rendered) -> Value {
    let mut fields = vec![
        ("channel", message.room.as_str().into()),
        ("text", rendered.text.into()),
        ("blocks", rendered.blocks),
        ("unfurl_links", false.into()),
        ("unfurl_media", false.into()),
    ];
    if message.edit.is_none() {
        fields.push(("metadata", json!({ "event_type": OP, "event_payload": { "op": message.op } })));
        fields.extend(message.thread.as_ref().map(|thread| ("thread_ts", thread.as_str().into())));
    }
    // Moved into it: `json!` would copy all of it.
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
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

async fn say(shared: &Shared, message: &Message, body: &Value) -> Outcome {
    let room = Some(message.room.as_str());
    let mut done = shared.post_as("chat.postMessage", room, message.urgency, body).await;
    if let Err(fail) = &done
        && is_of_the_blocks(fail)
    {
        tracing::error!(code = fail.why(), "Slack refused the blocks of a message: it goes as plain text");
        done = shared.post_as("chat.postMessage", room, message.urgency, &without_blocks(body)).await;
    }
    match done {
        Ok(answer) => match answer.get("ts").and_then(Value::as_str) {
            Some(ts) => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
            None => Outcome::Unknown { why: "chat.postMessage: an answer without ts".into() },
        },
        // Its share of the limits is used up; that of staff's acts is another.
        Err(Fail::Limited(ms)) if message.urgency != Urgency::Staff => alone_later(ms),
        Err(fail) => fail.outcome(),
    }
}

/// Limited, and no reason for the rest of the room to wait.
fn alone_later(ms: i64) -> Outcome {
    Outcome::Retry { after_ms: Some(ms), why: "ratelimited".into(), lane: false }
}

/// To change a message twice does no harm: a doubt is simply tried again.
async fn change(shared: &Shared, mut body: Value, ts: &str, urgency: Urgency) -> Outcome {
    body["ts"] = json!(ts);
    let mut done = shared.post_as("chat.update", None, urgency, &body).await;
    if let Err(fail) = &done
        && is_of_the_blocks(fail)
    {
        tracing::error!(code = fail.why(), "Slack refused the blocks of a message: it is changed to plain text");
        // Without the key Slack would leave the old blocks as they stand.
        body["blocks"] = json!([]);
        done = shared.post_as("chat.update", None, urgency, &body).await;
    }
    match done {
        Ok(_) => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
        // Somebody deleted it: nothing is left to be changed.
        Err(fail) if fail.is("message_not_found") => Outcome::Done(Receipt { native_id: ts.to_owned(), ..Receipt::default() }),
        Err(Fail::Doubt(why)) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
        // The method is limited for all; the room may go on with what it posts.
        Err(Fail::Limited(ms)) => alone_later(ms),
        Err(fail) => fail.outcome(),
    }
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
    let me = match shared.session.me().await {
        Ok(me) => me.clone(),
        Err(fail) => return fail.look(),
    };
    let oldest = slack_ts(message.since.plus(-AHEAD_MS));
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let page = page(shared, &message.room, message.thread.as_deref(), Some(&oldest), &cursor).await;
        let page = match page {
            Ok(page) => page,
            Err(fail) => return fail.look(),
        };
        let found = messages(&page).find(|m| is_ours(m, &me.user_id, &me.bot_id) && op_of(m) == Some(message.op.as_str()));
        if let Some(ts) = found.and_then(|m| m.get("ts")).and_then(Value::as_str) {
            return Look::Found(Receipt { native_id: ts.to_owned(), ..Receipt::default() });
        }
        match next(&page) {
            Some(next) => cursor = next,
            None => return Look::Absent,
        }
    }
    Look::Retry { why: "the room's history is too long to be read at once".into(), after_ms: Some(5 * MINUTE_MS) }
}

/// A page of a room's history, newest first, or of a thread, oldest first.
pub(super) async fn page(shared: &Shared, room: &RoomId, thread: Option<&str>, oldest: Option<&str>, cursor: &str) -> Result<Value, Fail> {
    let mut params = vec![("channel", room.as_str()), ("limit", PAGE), ("include_all_metadata", "true"), ("inclusive", "true")];
    params.extend(oldest.map(|o| ("oldest", o)));
    if !cursor.is_empty() {
        params.push(("cursor", cursor));
    }
    match thread {
        Some(thread) => {
            params.push(("ts", thread));
            shared.get("conversations.replies", &params).await
        }
        None => shared.get("conversations.history", &params).await,
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

/// Uploads a file: an address, the bytes, then the file is shown. Returns its id.
pub(super) async fn upload(
    shared: &Shared,
    room: &RoomId,
    thread: Option<&str>,
    name: &str,
    title: &str,
    bytes: Vec<u8>,
) -> Result<String, Fail> {
    let unread = || Fail::Doubt("files.getUploadURLExternal: an answer that we cannot read".into());
    let length = bytes.len().to_string();
    let place = shared.get("files.getUploadURLExternal", &[("filename", name), ("length", &length)]).await?;
    let url = place.get("upload_url").and_then(Value::as_str).ok_or_else(unread)?;
    let id = place.get("file_id").and_then(Value::as_str).ok_or_else(unread)?;
    shared.session.upload(url, bytes).await?;
    let mut body = json!({ "files": [{ "id": id, "title": title }], "channel_id": room.as_str() });
    if let Some(thread) = thread {
        body["thread_ts"] = json!(thread);
    }
    shared.post("files.completeUploadExternal", None, &body).await?;
    Ok(id.to_owned())
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
