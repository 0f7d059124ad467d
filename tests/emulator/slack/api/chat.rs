//! Messages, reactions, pins.

use super::super::blocks::{ALL_CHARACTERS, Faults, Surface, characters, kept};
use super::super::model::{BOT_USER, Channel, Message, State, no, op_of};
use super::super::pings::{Effects, Parse, escaped, linked};
use super::super::render;
use super::{Arguments, Outcome};
use serde_json::{Value, json};

/// Where the app may write.
fn writable(state: &mut State, a: &Arguments) -> Result<String, Value> {
    let named = a.need("channel")?.to_owned();
    let id = if state.users.contains_key(&named) {
        state.im(&named)
    } else {
        state.channel_named(named.trim_start_matches('#')).ok_or_else(|| no("channel_not_found"))?.id.clone()
    };
    let channel = &state.channels[&id];
    let member = channel.members.contains(BOT_USER);
    if !member && channel.private {
        return Err(no("channel_not_found"));
    }
    if !member && !a.token.scopes.iter().any(|s| s == "chat:write.public") {
        return Err(no("not_in_channel"));
    }
    if channel.archived {
        return Err(no("is_archived"));
    }
    Ok(id)
}

/// A channel in which the app looks for a message.
fn known<'a>(state: &'a State, a: &Arguments) -> Result<&'a Channel, Value> {
    let channel = state.channels.get(a.need("channel")?).ok_or_else(|| no("channel_not_found"))?;
    if channel.private && !channel.members.contains(BOT_USER) {
        return Err(no("channel_not_found"));
    }
    Ok(channel)
}

/// What a message is to hold, checked.
pub struct Content {
    pub text: String,
    pub blocks: Option<Vec<Value>>,
    pub attachments: Option<Vec<Value>>,
    pub metadata: Option<Value>,
    pub effects: Effects,
}

pub fn content(state: &mut State, a: &Arguments, cut: bool) -> Result<Content, Value> {
    let list = |key: &str, bad: &str| match a.json(key) {
        None => Ok(None),
        Some(Ok(Value::Array(all))) => Ok(Some(all)),
        Some(_) => Err(no(bad)),
    };
    let blocks = list("blocks", "invalid_blocks_format")?;
    let attachments = list("attachments", "invalid_attachments")?;
    let raw = a.word("text").unwrap_or_default();
    let some = |l: &Option<Vec<Value>>| l.as_ref().is_some_and(|l| !l.is_empty());
    if raw.is_empty() && !some(&blocks) && !some(&attachments) {
        return Err(no("no_text"));
    }
    if attachments.as_ref().is_some_and(|l| l.len() > 100) {
        return Err(no("too_many_attachments"));
    }
    let mut text: String = raw.to_owned();
    if raw.chars().count() > 40_000 {
        if !cut {
            return Err(no("msg_too_long"));
        }
        text = raw.chars().take(40_000).collect();
    }
    if let Some(blocks) = &blocks {
        let mut faults = Faults::default();
        faults.all(blocks, "/blocks", Surface::Message);
        if !faults.0.is_empty() {
            let messages: Vec<String> = faults.0.iter().map(|f| format!("[ERROR] {f}")).collect();
            return Err(json!({
                "ok": false, "error": "invalid_blocks", "errors": faults.0, "response_metadata": {"messages": messages},
            }));
        }
        if blocks.iter().map(characters).sum::<usize>() > ALL_CHARACTERS {
            return Err(no("msg_blocks_too_long"));
        }
    }
    let metadata = metadata(state, a)?;
    let parse = match a.word("parse") {
        Some("none") if !a.flag("link_names") => Parse::Verbatim,
        Some("full") => Parse::Names,
        _ if a.flag("link_names") => Parse::Names,
        _ => Parse::Usual,
    };
    let effects = Effects::of(&text, parse, blocks.as_deref().unwrap_or_default(), attachments.as_deref().unwrap_or_default());
    let blocks = blocks.map(|blocks| {
        let mut ids: Vec<String> = (0..blocks.len() * 30 + 1).map(|_| state.number()).map(|n| format!("b{n}")).collect();
        kept(&blocks, || ids.pop().unwrap_or_default())
    });
    let text = if parse == Parse::Verbatim { escaped(&text) } else { linked(&escaped(&text)) };
    Ok(Content { text, blocks, attachments, metadata, effects })
}

fn metadata(state: &mut State, a: &Arguments) -> Result<Option<Value>, Value> {
    let Some(value) = a.json("metadata") else { return Ok(None) };
    let value = value.map_err(|()| no("invalid_metadata_format"))?;
    let Some(fields) = value.as_object() else { return Err(no("invalid_metadata_format")) };
    if fields.is_empty() {
        return Ok(Some(Value::Null));
    }
    if !value["event_type"].is_string() || !value["event_payload"].is_object() {
        return Err(no("invalid_metadata_format"));
    }
    if value.to_string().len() > 8_000 {
        return Err(no("metadata_too_large"));
    }
    if value["event_payload"].as_object().into_iter().flatten().any(|(_, v)| !v.is_string()) {
        state.log.odd_metadata.push(value.clone());
    }
    Ok(Some(value))
}

pub fn post(state: &mut State, a: &Arguments) -> Outcome {
    let id = writable(state, a)?;
    let content = content(state, a, true)?;
    let thread = match a.word("thread_ts") {
        None => None,
        Some(ts) => Some(thread_of(state, &id, ts)?),
    };
    let broadcast = thread.is_some() && a.flag("reply_broadcast");
    let ts = state.ts();
    let unfurls = a.has("unfurl_links") && a.flag("unfurl_links") || !a.has("unfurl_media") || a.flag("unfurl_media");
    let message = Message {
        ts: ts.clone(),
        thread,
        user: BOT_USER.into(),
        ours: true,
        subtype: broadcast.then(|| "thread_broadcast".into()),
        text: content.text,
        blocks: content.blocks.unwrap_or_default(),
        attachments: content.attachments.unwrap_or_default(),
        metadata: content.metadata.filter(|m| !m.is_null()),
        broadcast,
        unfurls,
        ..Message::default()
    };
    let op = message.op().map(str::to_owned);
    if let Some(op) = &op {
        state.log.ops.entry(op.clone()).or_default().posted += 1;
    }
    state.effects(&id, &ts, op.as_deref(), content.effects);
    state.log.deeds.push(("posted", id.clone(), ts.clone()));
    state.appear(&id, message);
    let shown = render::message(state, &state.channels[&id], &state.channels[&id].messages[&ts], true);
    Ok(json!({"ok": true, "channel": id, "ts": ts, "message": shown}))
}

/// The thread in which an answer to a message stands.
pub fn thread_of(state: &State, channel: &str, ts: &str) -> Result<String, Value> {
    match state.message(channel, ts) {
        Some(parent) => Ok(parent.thread.clone().unwrap_or_else(|| ts.to_owned())),
        None if state.channels[channel].replies(ts).next().is_some() => Ok(ts.to_owned()),
        None => Err(no("thread_not_found")),
    }
}

impl State {
    /// A message stands from now on, and the app is told.
    pub fn appear(&mut self, channel: &str, message: Message) {
        let mut event = render::content(self, &message);
        if message.ours
            && let Some(metadata) = &message.metadata
        {
            event["metadata"] = metadata.clone();
        }
        let ts = message.ts.clone();
        if let Some(thread) = message.thread.as_ref().filter(|t| **t != ts)
            && let Some(parent) = self.message(channel, thread)
        {
            event["parent_user_id"] = json!(parent.user);
        }
        let place = self.channels.get_mut(channel).expect("checked before");
        place.messages.insert(ts.clone(), message);
        let kind = place.kind();
        event["channel"] = json!(channel);
        event["channel_type"] = json!(kind);
        event["event_ts"] = json!(ts);
        for file in event.get_mut("files").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(fields) = file.as_object_mut() {
                fields.retain(|key, _| !["channels", "groups", "ims"].contains(&key.as_str()));
            }
        }
        if event["files"].is_array() {
            event["subtype"] = json!("file_share");
        }
        self.tell_message(channel, event);
        self.touch();
    }

    /// `message_changed`.
    pub fn altered(&mut self, channel: &str, before: Value, ts: &str) {
        let message = render::content(self, &self.channels[channel].messages[ts]);
        let (kind, event_ts) = (self.channels[channel].kind(), self.event_ts());
        let event = json!({
            "type": "message", "subtype": "message_changed", "channel": channel, "hidden": true, "message": message,
            "previous_message": before, "ts": event_ts, "event_ts": event_ts, "channel_type": kind,
        });
        self.tell_message(channel, event);
        self.touch();
    }

    /// A message goes; where others answered it, a stone stays.
    pub fn vanish(&mut self, channel: &str, ts: &str) {
        let before = render::content(self, &self.channels[channel].messages[ts]);
        let answered = self.channels[channel].replies(ts).next().is_some();
        let place = self.channels.get_mut(channel).expect("checked before");
        if answered {
            let stone = Message {
                ts: ts.to_owned(),
                user: "USLACKBOT".into(),
                subtype: Some("tombstone".into()),
                text: "This message was deleted.".into(),
                ..Message::default()
            };
            place.messages.insert(ts.to_owned(), stone);
        } else {
            place.messages.remove(ts);
        }
        let (kind, event_ts) = (place.kind(), self.event_ts());
        let event = json!({
            "type": "message", "subtype": "message_deleted", "channel": channel, "hidden": true, "deleted_ts": ts,
            "previous_message": before, "ts": event_ts, "event_ts": event_ts, "channel_type": kind,
        });
        self.tell_message(channel, event);
        self.touch();
    }
}

pub fn update(state: &mut State, a: &Arguments) -> Outcome {
    let id = known(state, a)?.id.clone();
    let ts = a.need("ts")?.to_owned();
    let message = state.message(&id, &ts).ok_or_else(|| no("message_not_found"))?;
    if !message.ours {
        return Err(no("cant_update_message"));
    }
    if state.channels[&id].archived {
        return Err(no("is_archived"));
    }
    if !state.channels[&id].members.contains(BOT_USER) {
        return Err(no("channel_not_found"));
    }
    let before = render::content(state, message);
    let content = content(state, a, false)?;
    let op = op_of(content.metadata.as_ref()).map(str::to_owned);
    if let Some(op) = &op {
        state.log.ops.entry(op.clone()).or_default().updated += 1;
    }
    state.effects(&id, &ts, op.as_deref(), content.effects);
    let now = state.event_ts();
    let has_text = a.word("text").is_some();
    let message = state.message_mut(&id, &ts).expect("found above");
    if has_text {
        message.text = content.text;
    }
    // What is not given stays as it was.
    message.blocks = content.blocks.unwrap_or_else(|| std::mem::take(&mut message.blocks));
    message.attachments = content.attachments.unwrap_or_else(|| std::mem::take(&mut message.attachments));
    if let Some(metadata) = content.metadata {
        message.metadata = Some(metadata).filter(|m| !m.is_null());
    }
    message.edited = Some(now);
    state.log.deeds.push(("updated", id.clone(), ts.clone()));
    state.altered(&id, before, &ts);
    let message = &state.channels[&id].messages[&ts];
    let mut shown = render::content(state, message);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("ts");
        fields.remove("thread_ts");
    }
    if let Some(metadata) = &message.metadata {
        shown["metadata"] = metadata.clone();
    }
    Ok(json!({"ok": true, "channel": id, "ts": ts, "text": message.text, "message": shown}))
}

pub fn delete(state: &mut State, a: &Arguments) -> Outcome {
    let id = known(state, a)?.id.clone();
    let ts = a.need("ts")?.to_owned();
    let message = state.message(&id, &ts).ok_or_else(|| no("message_not_found"))?;
    if message.subtype.as_deref() == Some("tombstone") {
        return Err(no("message_not_found"));
    }
    if !message.ours {
        return Err(no("cant_delete_message"));
    }
    state.log.deeds.push(("deleted", id.clone(), ts.clone()));
    state.vanish(&id, &ts);
    Ok(json!({"ok": true, "channel": id, "ts": ts}))
}

pub fn ephemeral(state: &mut State, a: &Arguments) -> Outcome {
    let id = writable(state, a)?;
    let user = a.need("user")?.to_owned();
    if !state.channels[&id].members.contains(&user) {
        return Err(no("user_not_in_channel"));
    }
    let content = content(state, a, true)?;
    let body =
        json!({"text": content.text, "blocks": content.blocks.unwrap_or_default(), "attachments": content.attachments.unwrap_or_default()});
    let thread = a.word("thread_ts").map(str::to_owned);
    let ts = state.whisper("chat.postEphemeral", &user, &id, thread, &body);
    state.effects(&id, &ts, None, content.effects);
    Ok(json!({"ok": true, "message_ts": ts}))
}

pub fn permalink(state: &mut State, a: &Arguments) -> Outcome {
    let channel = known(state, a)?;
    let ts = a.need("message_ts")?;
    let message = channel.messages.get(ts).ok_or_else(|| no("message_not_found"))?;
    let mut link = format!("https://shop.slack.example/archives/{}/p{}", channel.id, ts.replace('.', ""));
    if let Some(thread) = &message.thread {
        link.push_str(&format!("?thread_ts={thread}&cid={}", channel.id));
    }
    Ok(json!({"ok": true, "channel": channel.id, "permalink": link}))
}

/// The message that `channel` and `timestamp` name.
fn item(state: &State, a: &Arguments) -> Result<(String, String), Value> {
    let (Some(channel), Some(ts)) = (a.word("channel"), a.word("timestamp")) else { return Err(no("no_item_specified")) };
    let valid = ts.split_once('.').is_some_and(|(s, u)| u.len() == 6 && s.parse::<u64>().is_ok() && u.parse::<u64>().is_ok());
    if !valid {
        return Err(no("bad_timestamp"));
    }
    let place = known(state, a)?;
    if !place.members.contains(BOT_USER) && place.private {
        return Err(no("channel_not_found"));
    }
    if place.archived {
        return Err(no("is_archived"));
    }
    if !place.messages.contains_key(ts) {
        return Err(no("message_not_found"));
    }
    Ok((channel.to_owned(), ts.to_owned()))
}

pub fn react(state: &mut State, a: &Arguments, add: bool) -> Outcome {
    let (channel, ts) = item(state, a)?;
    let name = a.need("name")?.trim_matches(':').to_owned();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-+'".contains(c)) {
        return Err(no("invalid_name"));
    }
    if add && !state.channels[&channel].members.contains(BOT_USER) {
        return Err(no("not_in_channel"));
    }
    if !state.react(&channel, &ts, BOT_USER, &name, add) {
        return Err(no(if add { "already_reacted" } else { "no_reaction" }));
    }
    Ok(json!({"ok": true}))
}

impl State {
    /// Whether it changed anything.
    pub fn react(&mut self, channel: &str, ts: &str, user: &str, name: &str, add: bool) -> bool {
        let message = self.message_mut(channel, ts).expect("checked before");
        let at = message.reactions.iter().position(|(n, _)| n == name);
        let has = at.is_some_and(|at| message.reactions[at].1.iter().any(|u| u == user));
        if has == add {
            return false;
        }
        match (add, at) {
            (true, Some(at)) => message.reactions[at].1.push(user.to_owned()),
            (true, None) => message.reactions.push((name.to_owned(), vec![user.to_owned()])),
            (false, Some(at)) => {
                message.reactions[at].1.retain(|u| u != user);
                message.reactions.retain(|(_, users)| !users.is_empty());
            }
            (false, None) => return false,
        }
        let item_user = message.user.clone();
        let event_ts = self.event_ts();
        let event = json!({
            "type": if add { "reaction_added" } else { "reaction_removed" }, "user": user, "reaction": name, "item_user": item_user,
            "item": {"type": "message", "channel": channel, "ts": ts}, "event_ts": event_ts,
        });
        self.tell(channel, "reactions:read", event);
        self.touch();
        true
    }
}

pub fn reactions(state: &mut State, a: &Arguments) -> Outcome {
    let (channel, ts) = item(state, a)?;
    let place = &state.channels[&channel];
    let mut message = render::message(state, place, &place.messages[&ts], false);
    if a.flag("full") && !place.messages[&ts].reactions.is_empty() {
        message["reactions"] = render::reactions(&place.messages[&ts], usize::MAX);
    }
    message["permalink"] = json!(format!("https://shop.slack.example/archives/{channel}/p{}", ts.replace('.', "")));
    for key in ["reply_count", "reply_users_count", "latest_reply", "reply_users", "is_locked", "subscribed", "thread_ts", "parent_user_id"]
    {
        if let Some(fields) = message.as_object_mut() {
            fields.remove(key);
        }
    }
    Ok(json!({"ok": true, "type": "message", "channel": channel, "message": message}))
}

pub fn pin(state: &mut State, a: &Arguments, add: bool) -> Outcome {
    let (channel, ts) = item(state, a)?;
    let message = state.message_mut(&channel, &ts).ok_or_else(|| no("message_not_found"))?;
    if message.pinned == add {
        return Err(no(if add { "already_pinned" } else { "no_pin" }));
    }
    message.pinned = add;
    Ok(json!({"ok": true}))
}

pub fn pins(state: &mut State, a: &Arguments) -> Outcome {
    let place = known(state, a)?;
    let items: Vec<Value> = place
        .messages
        .values()
        .filter(|m| m.pinned)
        .map(|m| json!({"type": "message", "channel": place.id, "created": place.made, "created_by": BOT_USER, "message": render::message(state, place, m, false)}))
        .collect();
    Ok(json!({"ok": true, "items": items}))
}
