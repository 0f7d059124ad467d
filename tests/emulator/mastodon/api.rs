//! The calls that sereno makes, answered as Mastodon answers them.

use super::Draft;
use super::model::{State, Status};
use super::render;
use serde_json::{Value, json};

/// A request, read.
pub struct Ask {
    pub method: String,
    /// Path in parts, unescaped.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub body: Value,
    pub token: Option<String>,
    pub key: Option<String>,
}

impl Ask {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }

    fn id(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|v| v.parse().ok())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// An answer.
pub struct Reply {
    pub code: u16,
    pub body: Value,
    pub link: Option<String>,
}

fn ok(body: Value) -> Reply {
    Reply { code: 200, body, link: None }
}

fn error(code: u16, words: &str) -> Reply {
    Reply { code, body: json!({ "error": words }), link: None }
}

fn missing() -> Reply {
    error(404, "Record not found")
}

/// Who asks.
pub fn viewer(state: &State, token: Option<&str>) -> Option<u64> {
    let token = token.filter(|t| !state.revoked.contains(*t))?;
    state.tokens.get(token).copied()
}

/// Answers a request, which takes effect.
pub fn answer(state: &mut State, ask: &Ask) -> Reply {
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    if let ("GET", ["api", version @ ("v1" | "v2"), "instance"]) = (ask.method.as_str(), &path[..]) {
        let there = state.old == (*version == "v1");
        return if there { ok(render::instance(state)) } else { missing() };
    }
    let Some(me) = viewer(state, ask.token.as_deref()) else { return error(401, "The access token is invalid") };
    match (ask.method.as_str(), &path[..]) {
        ("GET", ["api", "v1", "accounts", "verify_credentials"]) => ok(render::credentials(state, &state.accounts[&me])),
        ("GET", ["api", "v1", "accounts", id]) => match id.parse().ok().and_then(|id: u64| state.accounts.get(&id)) {
            Some(account) => ok(render::account(state, account)),
            None => missing(),
        },
        ("GET", ["api", "v1", "accounts", id, "statuses"]) => {
            let of: u64 = id.parse().unwrap_or_default();
            statuses(state, ask, me, |s| s.account == of && !(state.private_apart && s.visibility == "direct"))
        }
        ("GET", ["api", "v1", "timelines", "tag", tag]) => {
            let tag = tag.to_lowercase();
            statuses(state, ask, me, |s| s.visibility == "public" && s.tags.contains(&tag))
        }
        ("GET", ["api", "v1", "timelines", "public"]) => statuses(state, ask, me, |s| s.visibility == "public"),
        ("GET", ["api", "v1", "notifications"]) => notifications(state, ask, me),
        ("GET", ["api", "v1", "conversations"]) => conversations(state, ask, me),
        ("GET", ["api", "v2", "search"]) => search(state, ask, me),
        ("POST", ["api", "v1", "statuses"]) => post(state, ask, me),
        ("GET", ["api", "v1", "statuses"]) => several(state, ask, me),
        (_, ["api", "v1", "statuses", id, rest @ ..]) => {
            let id = id.parse().unwrap_or_default();
            if state.visible(id, Some(me)).is_none() {
                return missing();
            }
            one(state, ask, me, id, rest)
        }
        _ => missing(),
    }
}

fn one(state: &mut State, ask: &Ask, me: u64, id: u64, rest: &[&str]) -> Reply {
    let own = state.statuses[&id].account == me;
    match (ask.method.as_str(), rest) {
        ("GET", []) => ok(render::status(state, &state.statuses[&id])),
        ("GET", ["context"]) => context(state, me, id),
        ("GET", ["source"]) if own => {
            ok(json!({"id": id.to_string(), "text": state.statuses[&id].text, "spoiler_text": state.statuses[&id].warning}))
        }
        ("POST", ["reblog"]) => {
            state.boost(me, id);
            ok(render::status(state, &state.statuses[&id]))
        }
        ("PUT", []) if own => {
            let text = ask.text("status").unwrap_or_default().to_owned();
            if let Some(refused) = refused(state, &text) {
                return refused;
            }
            state.edit(id, &text);
            ok(render::status(state, &state.statuses[&id]))
        }
        ("DELETE", []) if own => {
            let mut shown = render::status(state, &state.statuses[&id]);
            shown["text"] = json!(state.statuses[&id].text);
            state.delete(id);
            ok(shown)
        }
        _ => missing(),
    }
}

/// Mastodon's own count: links at their weight, of a remote name only what is before the second `@`.
fn refused(state: &State, text: &str) -> Option<Reply> {
    let counted = |word: &str| {
        if word.starts_with("https://") || word.starts_with("http://") {
            state.link_characters
        } else if let Some(name) = word.strip_prefix('@') {
            1 + name.split('@').next().unwrap_or_default().chars().count()
        } else {
            word.chars().count()
        }
    };
    let length: usize = text.split_inclusive(char::is_whitespace).map(counted).sum();
    if text.trim().is_empty() {
        Some(error(422, "Validation failed: Text can't be blank"))
    } else if length > state.max_characters {
        Some(error(422, &format!("Validation failed: Text character limit of {} exceeded", state.max_characters)))
    } else {
        None
    }
}

fn post(state: &mut State, ask: &Ask, me: u64) -> Reply {
    let now = state.now();
    if let Some(key) = ask.key.clone().filter(|_| state.idempotency) {
        let kept = state.keys.get(&(me, key)).filter(|(_, at)| now - at < sereno::clock::HOUR_MS);
        if let Some((id, _)) = kept.copied() {
            return ok(render::status(state, &state.statuses[&id]));
        }
    }
    let text = ask.text("status").unwrap_or_default().to_owned();
    if let Some(refused) = refused(state, &text) {
        return refused;
    }
    let answers = ask.text("in_reply_to_id").map(|id| id.parse::<u64>().unwrap_or_default());
    if answers.is_some_and(|id| state.visible(id, Some(me)).is_none()) {
        return error(404, "The post you are trying to reply to does not appear to exist.");
    }
    let visibility = match ask.text("visibility") {
        None | Some("public") => "public",
        Some("unlisted") => "unlisted",
        Some("private") => "private",
        Some("direct") => "direct",
        Some(_) => return error(422, "Validation failed: Visibility is not included in the list"),
    };
    let draft = Draft { text, answers: answers.map(|id| state.uri(id)), visibility: Some(visibility), ..Draft::default() };
    let uri = state.publish(me, draft, Some((ask.token.clone().unwrap_or_default(), ask.key.clone())));
    let id = state.id_of(&uri).unwrap();
    state.statuses.get_mut(&id).unwrap().language = ask.text("language").map(str::to_owned);
    if let Some(key) = ask.key.clone() {
        state.keys.insert((me, key), (id, now));
    }
    ok(render::status(state, &state.statuses[&id]))
}

fn several(state: &State, ask: &Ask, me: u64) -> Reply {
    if state.old {
        return missing();
    }
    let ids = ask.query.iter().filter(|(k, _)| k == "id[]").filter_map(|(_, v)| v.parse().ok());
    // Mastodon gives at most 20.
    let found = ids.take(20).filter_map(|id| state.visible(id, Some(me)));
    ok(found.map(|s| render::status(state, s)).collect())
}

fn context(state: &State, me: u64, id: u64) -> Reply {
    let mut ancestors = Vec::new();
    let mut at = state.statuses[&id].answers;
    while let Some(status) = at.and_then(|a| state.visible(a, Some(me))) {
        ancestors.insert(0, render::status(state, status));
        at = status.answers;
    }
    let below = |s: &&Status| {
        let mut at = s.answers;
        while let Some(a) = at {
            if a == id {
                return true;
            }
            at = state.statuses[&a].answers;
        }
        false
    };
    let descendants: Vec<Value> =
        state.statuses.values().filter(below).filter_map(|s| state.visible(s.id, Some(me))).map(|s| render::status(state, s)).collect();
    ok(json!({"ancestors": ancestors, "descendants": descendants}))
}

fn statuses(state: &State, ask: &Ask, me: u64, of: impl Fn(&Status) -> bool) -> Reply {
    let all = state.statuses.values().filter(|s| of(s)).filter_map(|s| state.visible(s.id, Some(me)));
    page(state, ask, all.map(|s| (s.id, s)).collect(), |s| render::status(state, s))
}

fn notifications(state: &State, ask: &Ask, me: u64) -> Reply {
    let kinds: Vec<&str> = ask.query.iter().filter(|(k, _)| k == "types[]").map(|(_, v)| v.as_str()).collect();
    let mine = state.notifications.iter().filter(|n| n.to == me && !n.held);
    let wanted = mine.filter(|n| kinds.is_empty() || kinds.contains(&n.kind));
    page(state, ask, wanted.map(|n| (n.id, n)).collect(), |n| render::notification(state, n))
}

fn conversations(state: &State, ask: &Ask, me: u64) -> Reply {
    let mut last = std::collections::BTreeMap::new();
    for s in state.statuses.values().filter(|s| s.visibility == "direct" && state.visible(s.id, Some(me)).is_some()) {
        let mut root = s;
        while let Some(above) = root.answers {
            root = &state.statuses[&above];
        }
        last.insert(root.id, s);
    }
    page(state, ask, last.into_values().map(|s| (s.id, s)).collect(), |s| {
        let others: Vec<Value> =
            s.mentions.iter().chain([&s.account]).filter(|a| **a != me).map(|a| render::account(state, &state.accounts[a])).collect();
        json!({"id": s.id.to_string(), "unread": false, "accounts": others, "last_status": render::status(state, s)})
    })
}

fn search(state: &State, ask: &Ask, me: u64) -> Reply {
    if state.old {
        return missing();
    }
    let wanted = ask.get("q").unwrap_or_default().trim_matches('"').to_lowercase();
    let meets = |s: &&Status| state.uri(s.id) == wanted || (s.visibility == "public" && s.text.to_lowercase().contains(&wanted));
    let all = state.statuses.values().filter(meets).filter_map(|s| state.visible(s.id, Some(me)));
    let found = page(state, ask, all.map(|s| (s.id, s)).collect(), |s| render::status(state, s));
    ok(json!({"accounts": [], "hashtags": [], "statuses": found.body}))
}

/// A page as Mastodon cuts it: newest first, also where `min_id` asks for the oldest after an id.
fn page<T>(state: &State, ask: &Ask, mut all: Vec<(u64, T)>, render: impl Fn(T) -> Value) -> Reply {
    all.sort_by_key(|(id, _)| *id);
    let limit = ask.get("limit").and_then(|l| l.parse().ok()).unwrap_or(20usize).clamp(1, 40);
    all.retain(|(id, _)| ask.id("max_id").is_none_or(|max| *id < max));
    all.retain(|(id, _)| ask.id("since_id").or(ask.id("min_id")).is_none_or(|min| *id > min));
    if ask.get("min_id").is_some() {
        all.truncate(limit);
    } else {
        all.drain(..all.len().saturating_sub(limit));
    }
    let (first, last) = (all.first().map(|(id, _)| *id), all.last().map(|(id, _)| *id));
    let address = format!("{}/{}", state.base, ask.path.join("/"));
    let link = first.zip(last).map(|(first, last)| {
        format!("<{address}?limit={limit}&max_id={first}>; rel=\"next\", <{address}?limit={limit}&min_id={last}>; rel=\"prev\"")
    });
    let mut shown: Vec<Value> = all.into_iter().rev().map(|(_, item)| render(item)).collect();
    if state.shuffled && !shown.is_empty() {
        let third = shown.len() / 3;
        shown.rotate_left(third);
        shown.push(shown[0].clone());
    }
    Reply { code: 200, body: Value::Array(shown), link }
}

/// Streams a status to those who get it.
pub fn stream_status(state: &mut State, id: u64, event: &str) {
    let status = &state.statuses[&id];
    let payload = render::status(state, status).to_string();
    let (users, channels) = readers(state, status, false);
    state.stream.emit(event, &payload, &users, &channels);
}

/// Streams a deletion: also to those whom the status named.
pub fn stream_delete(state: &mut State, id: u64) {
    let (users, channels) = readers(state, &state.statuses[&id], true);
    state.stream.emit("delete", &id.to_string(), &users, &channels);
}

/// Streams a notification.
pub fn stream_notification(state: &mut State, at: usize) {
    let n = &state.notifications[at];
    let payload = render::notification(state, n).to_string();
    let to = n.to;
    state.stream.emit("notification", &payload, &[to], &[]);
}

fn readers(state: &State, status: &Status, named: bool) -> (Vec<u64>, Vec<String>) {
    let mut users = vec![status.account];
    if status.visibility != "direct" {
        users.extend(state.follows.iter().filter(|(_, whom)| *whom == status.account).map(|(who, _)| *who));
    }
    if named {
        users.extend(&status.mentions);
    }
    let mut channels = Vec::new();
    if status.visibility == "public" {
        channels.push("public:local".to_owned());
        channels.extend(status.tags.iter().map(|t| format!("hashtag:{t}")));
    }
    (users, channels)
}
