//! Answers to interactions: response_url, and what comes with an ack.

use super::super::blocks::{Faults, Surface};
use super::super::delivery::Kind;
use super::super::http::{Asked, Reply};
use super::super::model::{BOT_USER, Message, State, no};
use super::super::render;
use super::{Arguments, chat, views};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A POST to a response_url: five times in thirty minutes.
pub fn respond(state: &mut State, asked: &Asked, fields: BTreeMap<String, Value>) -> Reply {
    let id = asked.path().trim_start_matches("/hooks/").to_owned();
    let now = state.now();
    let refuse = |state: &mut State, error: &'static str| {
        state.log.hook_uses.push(error);
        let mut reply = Reply::json(&no(error));
        reply.code = 404;
        reply
    };
    let Some(hook) = state.hooks.get(&id).cloned() else { return refuse(state, "no_such_url") };
    if hook.until < now {
        return refuse(state, "expired_url");
    }
    if hook.left == 0 {
        return refuse(state, "used_url");
    }
    let body: Value = fields.into_iter().collect::<serde_json::Map<_, _>>().into();
    let mut faults = Faults::default();
    faults.all(body["blocks"].as_array().map_or(&[][..], Vec::as_slice), "/blocks", Surface::Message);
    if !faults.0.is_empty() {
        return refuse(state, "invalid_blocks");
    }
    state.hooks.get_mut(&id).expect("found above").left -= 1;
    state.log.hook_uses.push("ok");
    let message = hook.message.clone();
    if body["delete_original"] == true {
        match message {
            Some((ts, true)) => gone(state, &ts),
            Some((ts, false)) => state.vanish(&hook.channel, &ts),
            None => {}
        }
        return Reply::json(&json!({"ok": true}));
    }
    match (message, body["replace_original"] == true) {
        (Some((ts, true)), true) => {
            if let Some(shown) = state.log.ephemerals.iter_mut().find(|e| e.ts == ts) {
                shown.text = body["text"].as_str().unwrap_or_default().to_owned();
                shown.blocks = body["blocks"].as_array().cloned().unwrap_or_default();
            }
            state.touch();
        }
        (Some((ts, false)), true) => {
            let before = render::content(state, &state.channels[&hook.channel].messages[&ts]);
            let message = state.message_mut(&hook.channel, &ts).expect("acted upon");
            message.text = body["text"].as_str().unwrap_or_default().to_owned();
            message.blocks = body["blocks"].as_array().cloned().unwrap_or_default();
            state.altered(&hook.channel, before, &ts);
        }
        _ => said(state, "response_url", &hook.user, &hook.channel, hook.thread.filter(|_| body["thread_ts"].is_string()), &body),
    }
    Reply::json(&json!({"ok": true}))
}

fn gone(state: &mut State, ts: &str) {
    if let Some(shown) = state.log.ephemerals.iter_mut().find(|e| e.ts == ts) {
        shown.deleted = true;
    }
    state.touch();
}

/// To one person, or to the channel.
fn said(state: &mut State, by: &'static str, user: &str, channel: &str, thread: Option<String>, body: &Value) {
    if body["response_type"] != "in_channel" {
        state.whisper(by, user, channel, thread, body);
        return;
    }
    let token = super::super::model::Token { kind: "bot", scopes: Vec::new(), dead: None, expires: None };
    let fields = body.as_object().cloned().unwrap_or_default().into_iter().collect();
    let Ok(content) = chat::content(state, &Arguments { fields, token }, true) else { return };
    let ts = state.ts();
    state.effects(channel, &ts, None, content.effects);
    let message = Message {
        ts: ts.clone(),
        thread,
        user: BOT_USER.into(),
        ours: true,
        text: content.text,
        blocks: content.blocks.unwrap_or_default(),
        ..Message::default()
    };
    state.log.deeds.push(("posted", channel.to_owned(), ts));
    state.appear(channel, message);
}

impl State {
    /// What comes with the first ack of something.
    pub fn answered(&mut self, n: u64, payload: &Value) {
        let delivery = self.deliveries.get(n);
        let (kind, told) = (delivery.kind, delivery.payload.clone());
        let word = |key: &str| told[key].as_str().unwrap_or_default();
        let speaks = payload["text"].is_string() || payload["blocks"].is_array();
        match kind {
            Kind::Slash if speaks => {
                let mut faults = Faults::default();
                match &payload["blocks"] {
                    Value::Null => {}
                    Value::Array(blocks) => faults.all(blocks, "/blocks", Surface::Message),
                    _ => faults.0.push("no array of blocks [json-pointer:/blocks]".into()),
                }
                if payload["text"].as_str().is_some_and(|t| t.chars().count() > 40_000) {
                    faults.0.push("too long [json-pointer:/text]".into());
                }
                if !faults.0.is_empty() {
                    let failed = json!({"text": format!("{} failed with the error \"invalid_blocks\"", word("command"))});
                    self.log.bad_acks.append(&mut faults.0);
                    self.whisper("slack", word("user_id"), word("channel_id"), None, &failed);
                    return;
                }
                said(self, "ack", word("user_id"), word("channel_id"), None, payload);
            }
            Kind::Interactive if told["type"] == "view_submission" => {
                let id = told["view"]["id"].as_str().unwrap_or_default().to_owned();
                self.submission_answered(&id, payload);
            }
            _ => {}
        }
    }

    fn submission_answered(&mut self, id: &str, payload: &Value) {
        let Some(view) = self.views.get_mut(id) else { return };
        let user = view.user.clone();
        match payload["response_action"].as_str() {
            None => view.open = false,
            Some("clear") => {
                let root = view.root.clone();
                for other in self.views.values_mut().filter(|v| v.root == root) {
                    other.open = false;
                }
            }
            Some("errors") => {
                let all = payload["errors"].as_object().into_iter().flatten();
                view.errors = all.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect();
                let blocks: Vec<Value> = view.body["blocks"].as_array().cloned().unwrap_or_default();
                if view.errors.is_empty()
                    || view.errors.keys().any(|k| !blocks.iter().any(|b| b["block_id"] == k.as_str() && b["type"] == "input"))
                {
                    // Slack shows such an answer as trouble, without the words.
                    view.errors = [(String::new(), "We had some trouble connecting. Try again?".to_owned())].into();
                }
            }
            Some(action @ ("update" | "push")) => match views::checked(self, payload["view"].clone(), "modal") {
                Ok(body) if action == "update" => {
                    self.change_view(id, body);
                }
                Ok(body) => {
                    self.add_view(body, &user, Some(id.to_owned()));
                }
                Err(why) => {
                    let view = self.views.get_mut(id).expect("found above");
                    view.errors = [(String::new(), why.to_string())].into();
                }
            },
            Some(other) => {
                view.errors = [(String::new(), format!("unknown response_action {other}"))].into();
            }
        }
        self.touch();
    }
}
