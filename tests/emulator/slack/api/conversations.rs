//! Channels and what was said in them.

use super::super::model::{BOT_USER, Channel, Message, State, no};
use super::super::render;
use super::{Arguments, Outcome, lacks, page};
use serde_json::{Value, json};

fn scope(channel: &Channel, right: &str) -> String {
    let kind = match channel.kind() {
        "channel" => "channels",
        "group" => "groups",
        _ => "im",
    };
    format!("{kind}:{right}")
}

/// A channel that the app may look at.
fn readable<'a>(state: &'a State, a: &Arguments, right: &str) -> Result<&'a Channel, Value> {
    let channel = state.channels.get(a.need("channel")?).ok_or_else(|| no("channel_not_found"))?;
    let member = channel.members.contains(BOT_USER);
    if channel.private && !member {
        return Err(no("channel_not_found"));
    }
    let needed = scope(channel, right);
    if !a.token.scopes.contains(&needed) {
        return Err(lacks(&a.token, &needed));
    }
    if right == "history" && !member {
        return Err(no("not_in_channel"));
    }
    if let Some(error) = state.shut.get(&channel.id).filter(|_| right == "history") {
        return Err(no(error));
    }
    Ok(channel)
}

pub fn info(state: &mut State, a: &Arguments) -> Outcome {
    let channel = readable(state, a, "read")?;
    let mut out = render::channel(channel);
    if a.flag("include_num_members") {
        out["num_members"] = json!(channel.members.len());
    }
    if a.flag("include_locale") {
        out["locale"] = json!("en-US");
    }
    Ok(json!({"ok": true, "channel": out}))
}

/// Whether a moment lies in the window that was asked for.
fn within(a: &Arguments, ts: &str) -> bool {
    let inclusive = a.flag("inclusive");
    let after = a.word("oldest").is_none_or(|o| o == "0" || later(ts, o) || inclusive && same(ts, o));
    let before = a.word("latest").is_none_or(|l| l == "now" || later(l, ts) || inclusive && same(ts, l));
    after && before
}

fn parts(ts: &str) -> (u64, u64) {
    let (s, u) = ts.split_once('.').unwrap_or((ts, "0"));
    (s.parse().unwrap_or_default(), format!("{u:0<6}").parse().unwrap_or_default())
}

fn millis(ts: &str) -> i64 {
    let (s, us) = parts(ts);
    (s * 1_000 + us / 1_000) as i64
}

fn later(a: &str, b: &str) -> bool {
    parts(a) > parts(b)
}

fn same(a: &str, b: &str) -> bool {
    parts(a) == parts(b)
}

pub fn history(state: &mut State, a: &Arguments) -> Outcome {
    let channel = readable(state, a, "history")?;
    for (key, error) in [("oldest", "invalid_ts_oldest"), ("latest", "invalid_ts_latest")] {
        if a.word(key).is_some_and(|t| t.parse::<f64>().is_err()) {
            return Err(no(error));
        }
    }
    let all: Vec<&Message> = channel
        .messages
        .values()
        .rev()
        .filter(|m| m.thread.as_ref().is_none_or(|t| *t == m.ts) || m.broadcast)
        .filter(|m| within(a, &m.ts) && (m.files.is_empty() || state.now() - millis(&m.ts) >= state.files_late))
        .collect();
    let (part, next) = page(all, a, 100, 999)?;
    let metadata = a.flag("include_all_metadata");
    let messages: Vec<Value> = part.into_iter().map(|m| render::message(state, channel, m, metadata)).collect();
    let pins = channel.messages.values().filter(|m| m.pinned).count();
    let mut out = json!({
        "ok": true, "messages": messages, "has_more": !next.is_empty(), "pin_count": pins, "channel_actions_ts": null, "channel_actions_count": 0,
    });
    if !next.is_empty() {
        out["response_metadata"] = json!({"next_cursor": next});
    }
    Ok(out)
}

pub fn replies(state: &mut State, a: &Arguments) -> Outcome {
    let channel = readable(state, a, "history")?;
    let ts = a.need("ts")?;
    let message = channel.messages.get(ts).ok_or_else(|| no("thread_not_found"))?;
    // Asked for an answer, Slack gives the answer alone.
    let parent = message.thread.is_none() || message.thread.as_deref() == Some(ts);
    let answers: Vec<&Message> = if parent { channel.replies(ts).filter(|m| within(a, &m.ts)).collect() } else { Vec::new() };
    let (part, next) = page(answers, a, 1_000, 1_000)?;
    let metadata = a.flag("include_all_metadata");
    // The parent comes first on every page.
    let messages: Vec<Value> = std::iter::once(message).chain(part).map(|m| render::message(state, channel, m, metadata)).collect();
    let mut out = json!({"ok": true, "messages": messages, "has_more": !next.is_empty()});
    if !next.is_empty() {
        out["response_metadata"] = json!({"next_cursor": next});
    }
    Ok(out)
}

pub fn members(state: &mut State, a: &Arguments) -> Outcome {
    let channel = readable(state, a, "read")?;
    let (part, next) = page(channel.members.iter().cloned().collect(), a, 100, 1_000)?;
    Ok(json!({"ok": true, "members": part, "response_metadata": {"next_cursor": next}}))
}

pub fn list(state: &mut State, a: &Arguments, mine: bool) -> Outcome {
    let types: Vec<&str> = a.word("types").unwrap_or("public_channel").split(',').map(str::trim).collect();
    let mut kinds = Vec::new();
    for kind in types {
        let (kind, needed) = match kind {
            "public_channel" => ("channel", "channels:read"),
            "private_channel" => ("group", "groups:read"),
            "im" => ("im", "im:read"),
            "mpim" => ("mpim", "mpim:read"),
            _ => return Err(no("invalid_types")),
        };
        if !a.token.scopes.iter().any(|s| s == needed) {
            return Err(lacks(&a.token, needed));
        }
        kinds.push(kind);
    }
    let all: Vec<Value> = state
        .channels
        .values()
        .filter(|c| kinds.contains(&c.kind()) && (c.members.contains(BOT_USER) || !c.private && !mine))
        .filter(|c| !(c.archived && a.flag("exclude_archived")))
        .map(|c| {
            let mut out = render::channel(c);
            if c.im.is_none() {
                out["num_members"] = json!(c.members.len());
            }
            out
        })
        .collect();
    let (part, next) = page(all, a, 100, 1_000)?;
    Ok(json!({"ok": true, "channels": part, "response_metadata": {"next_cursor": next}}))
}

pub fn join(state: &mut State, a: &Arguments) -> Outcome {
    let id = a.need("channel")?.to_owned();
    let channel = state.channels.get_mut(&id).ok_or_else(|| no("channel_not_found"))?;
    if channel.private {
        return Err(no(if channel.im.is_some() { "method_not_supported_for_channel_type" } else { "channel_not_found" }));
    }
    if channel.archived {
        return Err(no("is_archived"));
    }
    let new = channel.members.insert(BOT_USER.into());
    let mut out = json!({"ok": true, "channel": render::channel(channel)});
    if new {
        state.joined(&id, BOT_USER);
    } else {
        out["warning"] = json!("already_in_channel");
        out["response_metadata"] = json!({"warnings": ["already_in_channel"]});
    }
    Ok(out)
}

pub fn open(state: &mut State, a: &Arguments) -> Outcome {
    let users = a.word("users").ok_or_else(|| no("users_list_not_supplied"))?.to_owned();
    if users.contains(',') {
        return Err(lacks(&a.token, "mpim:write"));
    }
    if !state.users.contains_key(&users) {
        return Err(no("user_not_found"));
    }
    let id = state.im(&users);
    Ok(json!({"ok": true, "channel": {"id": id}}))
}
