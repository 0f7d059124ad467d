//! The three steps of an upload.

use super::super::http::{Asked, Reply};
use super::super::model::{BOT_USER, File, Message, State, Token, no};
use super::super::pings::{Effects, Parse, escaped};
use super::super::render;
use super::{Arguments, Outcome, chat};
use serde_json::{Value, json};

pub fn upload_url(state: &mut State, a: &Arguments) -> Outcome {
    let name = a.need("filename")?.to_owned();
    let length = a.number("length").ok_or_else(|| super::missing("length"))?;
    if length <= 0 {
        return Err(super::invalid(&["length must be greater than 0 [json-pointer:/length]".into()]));
    }
    let id = state.id('F');
    let made = state.now() / 1_000;
    let file = File {
        id: id.clone(),
        title: name.clone(),
        name,
        alt: a.word("alt_txt").or(a.word("alt_text")).map(str::to_owned),
        announced: length as usize,
        content: None,
        shared: Vec::new(),
        complete: false,
        made,
    };
    state.files.insert(id.clone(), file);
    let secret = state.secret(24);
    Ok(json!({"ok": true, "upload_url": format!("{}/upload/v1/{id}/{secret}", state.base), "file_id": id}))
}

/// The bytes.
pub fn upload(state: &mut State, asked: &Asked) -> Reply {
    let id = asked.path().split('/').nth(3).unwrap_or_default();
    let content = asked.upload();
    let Some(file) = state.files.get_mut(id).filter(|f| !f.complete) else { return Reply::text(404, "no such upload") };
    if content.len() != file.announced {
        return Reply::text(400, "length does not match");
    }
    let said = format!("OK - {}", content.len());
    file.content = Some(content);
    Reply::text(200, &said)
}

/// Slack's page for signing in, which comes with a 200.
pub fn sign_in() -> Reply {
    Reply { kind: "text/html; charset=utf-8", ..Reply::text(200, "<!DOCTYPE html><html><title>Slack</title>Sign in</html>") }
}

/// The bytes back, for a token that may have them; else Slack's page for signing in, with a 200.
pub fn download(state: &State, asked: &Asked) -> Reply {
    let now = state.now();
    let token = asked.bearer().and_then(|word| state.tokens.get(word));
    let good = |t: &Token| t.dead.is_none() && t.expires.is_none_or(|at| at > now) && t.scopes.iter().any(|s| s == "files:read");
    if !token.is_some_and(good) {
        return sign_in();
    }
    let id = asked.path().split('/').nth(2).unwrap_or_default();
    match state.files.get(id).and_then(|f| f.content.as_ref()) {
        Some(content) => Reply {
            kind: "application/octet-stream",
            ..Reply::text(200, std::str::from_utf8(content).expect("the tests' files are words"))
        },
        None => Reply::text(404, "no such file"),
    }
}

pub fn complete(state: &mut State, a: &Arguments) -> Outcome {
    let files = match a.json("files") {
        Some(Ok(Value::Array(files))) if !files.is_empty() => files,
        _ => return Err(super::missing("files")),
    };
    let mut ids = Vec::new();
    for given in &files {
        let id = given["id"].as_str().unwrap_or_default();
        let file = state.files.get(id).ok_or_else(|| no("file_not_found"))?;
        if file.content.is_none() {
            return Err(no("file_not_found"));
        }
        if file.complete {
            return Err(no("file_update_failed"));
        }
        ids.push(id.to_owned());
    }
    let channel = a.word("channel_id").or(a.word("channels")).map(str::to_owned);
    if let Some(channel) = &channel {
        let place = state.channels.get(channel).ok_or_else(|| no("channel_not_found"))?;
        if !place.members.contains(BOT_USER) {
            return Err(no(if place.private { "channel_not_found" } else { "not_in_channel" }));
        }
        if place.archived {
            return Err(no("is_archived"));
        }
    }
    for (given, id) in files.iter().zip(&ids) {
        let file = state.files.get_mut(id).expect("found above");
        file.complete = true;
        if let Some(title) = given["title"].as_str() {
            file.title = title.to_owned();
        }
    }
    if let Some(channel) = channel {
        let thread = match a.word("thread_ts") {
            None => None,
            Some(ts) => Some(chat::thread_of(state, &channel, ts)?),
        };
        let ts = state.ts();
        for id in &ids {
            state.files.get_mut(id).expect("found above").shared.push((channel.clone(), ts.clone()));
        }
        let comment = a.word("initial_comment").unwrap_or_default();
        state.effects(&channel, &ts, None, Effects::of(comment, Parse::Usual, &[], &[]));
        let message = Message {
            ts: ts.clone(),
            thread,
            user: BOT_USER.into(),
            ours: true,
            text: escaped(comment),
            files: ids.clone(),
            ..Message::default()
        };
        state.log.deeds.push(("shared", channel.clone(), ts));
        state.appear(&channel, message);
    }
    let all: Vec<Value> = ids.iter().map(|id| render::file(state, &state.files[id])).collect();
    Ok(json!({"ok": true, "files": all}))
}

pub fn info(state: &mut State, a: &Arguments) -> Outcome {
    let file = state.files.get(a.need("file")?).filter(|f| f.complete).ok_or_else(|| no("file_not_found"))?;
    Ok(json!({"ok": true, "file": render::file(state, file), "comments": [], "response_metadata": {"next_cursor": ""}}))
}
