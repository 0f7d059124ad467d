//! Modals and homes.

use super::super::blocks::{Faults, kept};
use super::super::model::{State, View, no};
use super::super::render;
use super::{Arguments, Outcome, invalid};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The view that was given, checked, as it is kept.
fn body(state: &mut State, a: &Arguments, kind: &str) -> Result<Value, Value> {
    let view = match a.json("view") {
        None => return Err(super::missing("view")),
        Some(Err(())) => return Err(no("invalid_json")),
        Some(Ok(view)) => view,
    };
    checked(state, view, kind)
}

pub fn checked(state: &mut State, mut view: Value, kind: &str) -> Result<Value, Value> {
    let size = view.to_string().len();
    if size > 250_000 {
        return Err(no("view_too_large"));
    }
    let mut faults = Faults::default();
    faults.view(&view);
    if view["type"] != kind {
        faults.0.push(format!("must be a view of type {kind} [json-pointer:/view/type]"));
    }
    if !faults.0.is_empty() {
        return Err(invalid(&faults.0));
    }
    let external = view["external_id"].as_str().unwrap_or_default().to_owned();
    if !external.is_empty() && state.views.values().any(|v| v.open && v.body["external_id"] == external.as_str() && kind == "modal") {
        return Err(no("duplicate_external_id"));
    }
    let blocks = view["blocks"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> = (0..blocks.len() * 30 + 1).map(|_| state.number()).map(|n| format!("v{n}")).collect();
    view["blocks"] = json!(kept(&blocks, || ids.pop().unwrap_or_default()));
    for key in ["title", "submit", "close"] {
        if view[key].is_object() && view[key]["emoji"].is_null() {
            view[key]["emoji"] = json!(true);
        }
    }
    Ok(view)
}

fn trigger(state: &mut State, a: &Arguments) -> Result<(String, Option<String>), Value> {
    let id = a.word("trigger_id").ok_or_else(|| super::missing("trigger_id"))?.to_owned();
    let now = state.now();
    let trigger = state.triggers.get_mut(&id).ok_or_else(|| no("invalid_trigger_id"))?;
    if trigger.used {
        return Err(no("exchanged_trigger_id"));
    }
    if trigger.until < now {
        return Err(no("expired_trigger_id"));
    }
    trigger.used = true;
    Ok((trigger.user.clone(), trigger.view.clone()))
}

pub fn open(state: &mut State, a: &Arguments, push: bool) -> Outcome {
    let body = body(state, a, "modal")?;
    let (user, from) = trigger(state, a)?;
    let previous =
        if push { Some(from.filter(|v| state.views.get(v).is_some_and(|v| v.open)).ok_or_else(|| no("view_not_found"))?) } else { None };
    let view = state.add_view(body, &user, previous);
    Ok(json!({"ok": true, "view": render::view(&view)}))
}

impl State {
    pub fn add_view(&mut self, body: Value, user: &str, previous: Option<String>) -> View {
        let id = self.id('V');
        let root = previous.as_ref().and_then(|p| self.views.get(p)).map_or_else(|| id.clone(), |p| p.root.clone());
        let view = View {
            id: id.clone(),
            body,
            hash: self.view_hash(),
            user: user.into(),
            open: true,
            previous,
            root,
            errors: BTreeMap::new(),
            updates: 0,
            state: json!({"values": {}}),
        };
        self.views.insert(id, view.clone());
        self.touch();
        view
    }

    fn view_hash(&mut self) -> String {
        format!("{}.{}", self.now() / 1_000, self.secret(8))
    }

    /// Another body in the same view.
    pub fn change_view(&mut self, id: &str, body: Value) -> View {
        let hash = self.view_hash();
        let view = self.views.get_mut(id).expect("found before");
        view.body = body;
        view.hash = hash;
        view.updates += 1;
        view.errors.clear();
        let view = view.clone();
        self.touch();
        view
    }
}

pub fn update(state: &mut State, a: &Arguments) -> Outcome {
    let id = match (a.word("view_id"), a.word("external_id")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(external)) => {
            state.views.values().find(|v| v.body["external_id"] == external).map(|v| v.id.clone()).ok_or_else(|| no("not_found"))?
        }
        (None, None) => return Err(super::missing("view_id")),
    };
    let view = state.views.get(&id).filter(|v| v.open).ok_or_else(|| no("not_found"))?;
    if a.word("hash").is_some_and(|h| h != view.hash) {
        return Err(no("hash_conflict"));
    }
    // Its own external id is no duplicate.
    let kind = view.body["type"].as_str().unwrap_or("modal").to_owned();
    if let Some(view) = state.views.get_mut(&id) {
        view.open = false;
    }
    let body = body(state, a, &kind);
    if let Some(view) = state.views.get_mut(&id) {
        view.open = true;
    }
    let view = state.change_view(&id, body?);
    Ok(json!({"ok": true, "view": render::view(&view)}))
}

pub fn publish(state: &mut State, a: &Arguments) -> Outcome {
    let user = a.need("user_id")?.to_owned();
    if !state.users.contains_key(&user) {
        return Err(no("user_not_found"));
    }
    let body = body(state, a, "home")?;
    let view = match state.homes.get(&user).cloned() {
        None => {
            let view = state.add_view(body, &user, None);
            state.homes.insert(user, view.id.clone());
            view
        }
        Some(id) => {
            if a.word("hash").is_some_and(|h| h != state.views[&id].hash) {
                return Err(no("hash_conflict"));
            }
            state.change_view(&id, body)
        }
    };
    Ok(json!({"ok": true, "view": render::view(&view)}))
}
