//! The driver over HTTP, for those who are no part of this test binary: witnesses in other languages.
//! `POST /control/act {"user": "ana", "does": "slash", "line": "/claim 1"}`, `POST /control/set`,
//! `GET /control/books`.

use super::driver::{Act, User};
use super::faults::{Fault, On, Trouble};
use super::http::{Asked, Reply};
use super::model::State;
use super::server::Shared;
use serde_json::{Value, json};

pub fn answer(state: &Shared, asked: &Asked) -> Reply {
    let said: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    match asked.path() {
        "/control/books" => Reply::json(&books(&state.lock().unwrap())),
        "/control/act" => match act(state, &said) {
            Some(act) => Reply::json(&json!({"ts": act.ts, "told": act.told})),
            None => Reply::text(400, &format!("nobody does this here: {said}")),
        },
        "/control/set" => match set(&mut state.lock().unwrap(), &said) {
            Some(()) => Reply::json(&json!({})),
            None => Reply::text(400, &format!("nothing to set: {said}")),
        },
        _ => Reply::text(404, "control has act, set and books"),
    }
}

fn act(state: &Shared, said: &Value) -> Option<Act> {
    let word = |key: &str| said[key].as_str();
    let id = state.lock().unwrap().user_named(word("user")?)?.id.clone();
    let user = User { workspace: state.clone(), id };
    let act = match word("does")? {
        "slash" => user.slash_in(word("channel").unwrap_or(super::TEAM_CHANNEL), word("line")?),
        "says" => user.says(word("channel").unwrap_or(super::TEAM_CHANNEL), word("thread"), word("text")?),
        "presses" => user.presses(word("ts")?, word("action")?),
        "chooses" => user.chooses(word("ts")?, word("choice")?),
        "shortcut" => user.shortcut(word("callback")?, word("ts")?),
        "types" => user.types(word("view")?, word("block")?, word("text")?),
        "submits" => {
            let values: Vec<(&str, &str)> =
                said["values"].as_object()?.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default())).collect();
            user.submits(word("view")?, &values)
        }
        "closes" => user.closes(word("view")?),
        "reacts" => user.reacts(word("ts")?, word("name")?),
        "unreacts" => user.unreacts(word("ts")?, word("name")?),
        "opens_home" => user.opens_home(),
        _ => return None,
    };
    Some(act)
}

fn set(state: &mut State, said: &Value) -> Option<()> {
    if let Some(ms) = said["advance_ms"].as_i64() {
        state.ahead += ms;
        state.touch();
        return Some(());
    }
    if let Some(url) = said["deliver_to"].as_str() {
        state.deliveries.http = Some(url.to_owned());
        return Some(());
    }
    if said["socket_mode"] == true {
        state.deliveries.http = None;
        return Some(());
    }
    if let Some(unlimited) = said["unlimited"].as_bool() {
        state.limits.off = unlimited;
        return Some(());
    }
    if let Some(after_s) = said["too_many_after_s"].as_i64() {
        state.faults.order(On::Any, Fault::TooMany { after_s }, 1);
        return Some(());
    }
    if said["twice"] == true {
        state.faults.trouble(Trouble::Twice, 1);
        return Some(());
    }
    if let Some(user) = said["member"].as_str() {
        let id = match state.user_named(user) {
            Some(user) => user.id.clone(),
            None => {
                let id = state.id('U');
                state.users.insert(id.clone(), super::person(&id, user));
                id
            }
        };
        let channel = state.channel_named(super::TEAM_CHANNEL)?.id.clone();
        state.channels.get_mut(&channel)?.members.insert(id);
        return Some(());
    }
    None
}

fn books(state: &State) -> Value {
    let messages: Vec<Value> = state
        .channels
        .values()
        .flat_map(|c| c.messages.values().map(move |m| (c, m)))
        .map(|(c, m)| {
            json!({"channel": c.id, "name": c.name, "ts": m.ts, "thread": m.thread, "user": m.user, "ours": m.ours, "text": m.text,
                "words": m.words(), "op": m.op(), "files": m.files, "edited": m.edited})
        })
        .collect();
    let whispers: Vec<Value> =
        state.log.ephemerals.iter().map(|e| json!({"user": e.user, "by": e.by, "text": e.text, "ts": e.ts})).collect();
    let told: Vec<Value> = state
        .deliveries
        .all
        .iter()
        .map(|d| {
            let acks: Vec<Value> =
                d.acks.iter().map(|a| json!({"latency_ms": a.latency_ms, "payload": a.payload, "late": a.late})).collect();
            json!({"n": d.n, "what": d.what, "acks": acks, "failed": d.failed, "tries": d.tries})
        })
        .collect();
    let views: Vec<Value> = state
        .views
        .values()
        .map(|v| json!({"id": v.id, "user": v.user, "open": v.open, "type": v.body["type"], "callback_id": v.body["callback_id"], "errors": v.errors}))
        .collect();
    let files: Vec<Value> = state
        .files
        .values()
        .map(|f| json!({"id": f.id, "name": f.name, "title": f.title, "bytes": f.content.as_ref().map(Vec::len), "shared": f.shared.len()}))
        .collect();
    let channels: Value = state.channels.values().map(|c| (c.name.clone(), json!(c.id))).collect::<serde_json::Map<_, _>>().into();
    let users: Value = state.users.values().map(|u| (u.name.clone(), json!(u.id))).collect::<serde_json::Map<_, _>>().into();
    json!({"messages": messages, "whispers": whispers, "told": told, "views": views, "files": files, "channels": channels, "users": users,
        "calls": state.log.calls, "limited": state.log.limited, "pings": state.log.pings.len(), "connections": state.sockets.sessions.len()})
}
