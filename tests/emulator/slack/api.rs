//! The Web API: who may call what, and how.

pub mod chat;
pub mod conversations;
pub mod files;
pub mod hooks;
pub mod people;
pub mod views;

use super::http::{Asked, Reply};
use super::model::{APP, BOT, BOT_USER, State, TEAM, Token, no};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An answer, or what is wrong.
pub type Outcome = Result<Value, Value>;

/// A call's arguments: of a form all words, of JSON what it is.
pub struct Arguments {
    pub fields: BTreeMap<String, Value>,
    pub token: Token,
}

impl Arguments {
    pub fn word(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|w| !w.is_empty())
    }

    pub fn need(&self, key: &str) -> Result<&str, Value> {
        self.word(key).ok_or_else(|| missing(key))
    }

    pub fn flag(&self, key: &str) -> bool {
        match self.fields.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(word)) => word == "true" || word == "1",
            Some(Value::Number(n)) => n.as_i64() == Some(1),
            _ => false,
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        match self.fields.get(key)? {
            Value::Number(n) => n.as_i64(),
            Value::String(word) => word.parse().ok(),
            _ => None,
        }
    }

    /// JSON, or a word that holds JSON. `Some(Err)`: neither.
    pub fn json(&self, key: &str) -> Option<Result<Value, ()>> {
        match self.fields.get(key)? {
            Value::String(word) if word.is_empty() => None,
            Value::String(word) => Some(serde_json::from_str(word).map_err(|_| ())),
            other => Some(Ok(other.clone())),
        }
    }
}

pub fn missing(key: &str) -> Value {
    invalid(&[format!("missing required field: {key}")])
}

/// `invalid_arguments` with the reasons.
pub fn invalid(messages: &[String]) -> Value {
    let messages: Vec<String> = messages.iter().map(|m| format!("[ERROR] {m}")).collect();
    json!({"ok": false, "error": "invalid_arguments", "response_metadata": {"messages": messages}})
}

pub fn too_many(after_s: i64) -> Reply {
    let mut reply = Reply::json(&no("ratelimited"));
    reply.code = 429;
    reply.headers.push(("Retry-After", after_s.to_string()));
    reply
}

/// What a method asks for.
struct Rule {
    /// The kinds of token that may call it.
    token: &'static str,
    /// One of these.
    scopes: &'static [&'static str],
    /// Whether it reads a body of JSON; the others take forms and queries alone.
    json: bool,
}

const READS: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];

fn rule(method: &str) -> Option<Rule> {
    let rule = |scopes, json| Some(Rule { token: "bot", scopes, json });
    match method {
        "apps.connections.open" => Some(Rule { token: "app", scopes: &["connections:write"], json: true }),
        "auth.test" => Some(Rule { token: "any", scopes: &[], json: true }),
        "oauth.v2.access" => Some(Rule { token: "none", scopes: &[], json: false }),
        "chat.postMessage" | "chat.update" | "chat.delete" | "chat.postEphemeral" => rule(&["chat:write"], true),
        "chat.getPermalink" => rule(&[], false),
        "conversations.info" | "conversations.members" | "conversations.list" | "users.conversations" => rule(READS, false),
        "conversations.history" | "conversations.replies" => rule(HISTORY, false),
        "conversations.join" => rule(&["channels:join"], true),
        "conversations.open" => rule(&["im:write"], true),
        "reactions.add" | "reactions.remove" => rule(&["reactions:write"], true),
        "reactions.get" => rule(&["reactions:read"], false),
        "pins.add" | "pins.remove" => rule(&["pins:write"], true),
        "pins.list" => rule(&["pins:read"], false),
        "users.info" | "users.list" => rule(&["users:read"], false),
        "usergroups.users.list" | "usergroups.list" => rule(&["usergroups:read"], false),
        "team.info" => rule(&["team:read"], false),
        "views.open" | "views.update" | "views.publish" | "views.push" => rule(&[], true),
        "files.getUploadURLExternal" => rule(&["files:write"], false),
        "files.completeUploadExternal" => rule(&["files:write"], true),
        "files.info" => rule(&["files:read"], false),
        _ => None,
    }
}

/// Answers a call.
pub fn answer(state: &mut State, method: &str, asked: &Asked, arguments: Option<BTreeMap<String, Value>>) -> Reply {
    let mut provided = Vec::new();
    let outcome = match allowed(state, method, asked, arguments, &mut provided) {
        Err(Refusal::Wait(after_s)) => {
            *state.log.limited.entry(method.to_owned()).or_default() += 1;
            return too_many(after_s);
        }
        Err(Refusal::No(no)) => Err(no),
        Ok(arguments) => dispatch(state, method, &arguments),
    };
    let mut body = outcome.unwrap_or_else(|no| no);
    let charset = asked.header("content-type").is_some_and(|t| t.contains("charset"));
    if asked.is_json() && !charset {
        body["warning"] = json!("missing_charset");
        if !body["response_metadata"].is_object() {
            body["response_metadata"] = json!({});
        }
        body["response_metadata"]["warnings"] = json!(["missing_charset"]);
    }
    let mut reply = Reply::json(&body);
    reply.headers.push(("x-oauth-scopes", provided.join(",")));
    reply.headers.push(("x-slack-req-id", state.secret(32)));
    reply
}

enum Refusal {
    Wait(i64),
    No(Value),
}

fn allowed(
    state: &mut State,
    method: &str,
    asked: &Asked,
    arguments: Option<BTreeMap<String, Value>>,
    provided: &mut Vec<String>,
) -> Result<Arguments, Refusal> {
    let refuse = |error: &str| Err(Refusal::No(no(error)));
    let Some(rule) = rule(method) else {
        return Err(Refusal::No(json!({"ok": false, "error": "unknown_method", "req_method": method})));
    };
    let Some(mut fields) = arguments else { return refuse("invalid_json") };
    if asked.is_json() && !rule.json {
        // Slack does not read it, and misses the arguments.
        fields = asked.query().into_iter().map(|(k, v)| (k, Value::String(v))).collect();
    }
    let now = state.now();
    if rule.token == "none" {
        if let Some((user, secret)) = basic(asked) {
            fields.entry("client_id".into()).or_insert(json!(user));
            fields.entry("client_secret".into()).or_insert(json!(secret));
        }
        state.limits.take(method, None, now).map_err(Refusal::Wait)?;
        return Ok(Arguments { fields, token: Token { kind: "none", scopes: Vec::new(), dead: None, expires: None } });
    }
    let in_body = fields.get("token").and_then(Value::as_str).filter(|_| !asked.is_json());
    let Some(word) = asked.bearer().or(in_body) else { return refuse("not_authed") };
    let Some(token) = state.tokens.get(word).cloned() else { return refuse("invalid_auth") };
    if let Some(error) = token.dead {
        return refuse(error);
    }
    if token.expires.is_some_and(|at| at <= now) {
        return refuse("token_expired");
    }
    provided.clone_from(&token.scopes);
    let channel = fields.get("channel").and_then(Value::as_str).map(str::to_owned);
    state.limits.take(method, channel.as_deref(), now).map_err(Refusal::Wait)?;
    if rule.token != "any" && rule.token != token.kind {
        return refuse("not_allowed_token_type");
    }
    if !rule.scopes.is_empty() && !rule.scopes.iter().any(|s| token.scopes.iter().any(|t| t == s)) {
        return Err(Refusal::No(lacks(&token, &rule.scopes.join(","))));
    }
    Ok(Arguments { fields, token })
}

fn basic(asked: &Asked) -> Option<(String, String)> {
    let text = unbase64(asked.header("authorization")?.strip_prefix("Basic ")?)?;
    let (user, secret) = text.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}

const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn unbase64(text: &str) -> Option<String> {
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for byte in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | DIGITS.iter().position(|d| *d == byte)? as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8(out).ok()
}

pub fn base64(text: &str) -> String {
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |b, c| b << 8 | u32::from(*c)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// A scope is missing.
pub fn lacks(token: &Token, needed: &str) -> Value {
    json!({"ok": false, "error": "missing_scope", "needed": needed, "provided": token.scopes.join(",")})
}

fn dispatch(state: &mut State, method: &str, a: &Arguments) -> Outcome {
    match method {
        "auth.test" => Ok(auth_test(state, a)),
        "apps.connections.open" => connections_open(state),
        "oauth.v2.access" => oauth(state, a),
        "chat.postMessage" => chat::post(state, a),
        "chat.update" => chat::update(state, a),
        "chat.delete" => chat::delete(state, a),
        "chat.postEphemeral" => chat::ephemeral(state, a),
        "chat.getPermalink" => chat::permalink(state, a),
        "conversations.info" => conversations::info(state, a),
        "conversations.history" => conversations::history(state, a),
        "conversations.replies" => conversations::replies(state, a),
        "conversations.members" => conversations::members(state, a),
        "conversations.list" | "users.conversations" => conversations::list(state, a, method == "users.conversations"),
        "conversations.join" => conversations::join(state, a),
        "conversations.open" => conversations::open(state, a),
        "reactions.add" | "reactions.remove" => chat::react(state, a, method == "reactions.add"),
        "reactions.get" => chat::reactions(state, a),
        "pins.add" | "pins.remove" => chat::pin(state, a, method == "pins.add"),
        "pins.list" => chat::pins(state, a),
        "users.info" => people::info(state, a),
        "users.list" => people::list(state, a),
        "usergroups.users.list" => people::group(state, a),
        "usergroups.list" => people::groups(state, a),
        "team.info" => Ok(people::team(state)),
        "views.open" | "views.push" => views::open(state, a, method == "views.push"),
        "views.update" => views::update(state, a),
        "views.publish" => views::publish(state, a),
        "files.getUploadURLExternal" => files::upload_url(state, a),
        "files.completeUploadExternal" => files::complete(state, a),
        "files.info" => files::info(state, a),
        _ => Err(no("unknown_method")),
    }
}

fn auth_test(state: &State, a: &Arguments) -> Value {
    if a.token.kind == "app" {
        return json!({"ok": true, "app_name": "sereno", "app_id": APP});
    }
    let mut out = json!({
        "ok": true, "url": "https://shop.slack.example/", "team": state.team, "user": "sereno", "team_id": TEAM, "user_id": BOT_USER,
        "bot_id": BOT, "is_enterprise_install": false,
    });
    if let Some(enterprise) = &state.enterprise {
        out["enterprise_id"] = json!(enterprise);
    }
    if let Some(at) = a.token.expires {
        out["expires_in"] = json!((at - state.now()) / 1_000);
    }
    out
}

fn connections_open(state: &mut State) -> Outcome {
    if state.sockets.disabled {
        return Err(no("not_enabled"));
    }
    let ticket = state.secret(36);
    let url = format!("{}/link/?ticket={ticket}&app_id={APP}", state.base.replacen("http", "ws", 1));
    state.sockets.tickets.insert(ticket);
    Ok(json!({"ok": true, "url": url}))
}

/// Token rotation: a refresh token is good once, what it gives for twelve hours.
fn oauth(state: &mut State, a: &Arguments) -> Outcome {
    if a.word("client_id") != Some(super::CLIENT_ID) {
        return Err(no("invalid_client_id"));
    }
    if a.word("client_secret") != Some(super::CLIENT_SECRET) {
        return Err(no("bad_client_secret"));
    }
    if a.word("grant_type") != Some("refresh_token") {
        return Err(no("invalid_grant_type"));
    }
    let refresh = a.need("refresh_token")?.to_owned();
    match state.refresh.get_mut(&refresh) {
        Some(used) if !*used => *used = true,
        _ => return Err(no("invalid_refresh_token")),
    }
    let (access, refresh) = state.rotated();
    let scope = state.scopes.join(",");
    Ok(json!({
        "ok": true, "app_id": APP, "access_token": access, "refresh_token": refresh, "expires_in": 43_200, "token_type": "bot",
        "scope": scope, "bot_user_id": BOT_USER, "team": {"id": TEAM, "name": state.team}, "enterprise": null,
        "authed_user": {"id": BOT_USER}, "is_enterprise_install": false,
    }))
}

impl State {
    /// A new pair of rotating tokens.
    pub fn rotated(&mut self) -> (String, String) {
        let (access, refresh) = (format!("xoxe.xoxb-1-{}", self.secret(48)), format!("xoxe-1-{}", self.secret(48)));
        let (scopes, expires) = (self.scopes.clone(), Some(self.now() + 12 * 3_600_000));
        self.tokens.insert(access.clone(), Token { kind: "bot", scopes, dead: None, expires });
        self.refresh.insert(refresh.clone(), false);
        (access, refresh)
    }
}

/// A page of a list: the part, and the cursor behind it.
pub fn page<T>(all: Vec<T>, a: &Arguments, usual: usize, most: usize) -> Result<(Vec<T>, String), Value> {
    let limit = match a.number("limit") {
        None | Some(0) => usual,
        Some(n) if n < 0 => return Err(no("invalid_limit")),
        Some(n) => (n as usize).min(most),
    };
    let from = match a.word("cursor") {
        None => 0,
        Some(cursor) => unbase64(cursor)
            .and_then(|c| c.strip_prefix("next:").and_then(|n| n.parse::<usize>().ok()))
            .ok_or_else(|| no("invalid_cursor"))?,
    };
    let more = all.len() > from + limit;
    let part = all.into_iter().skip(from).take(limit).collect();
    Ok((part, if more { base64(&format!("next:{}", from + limit)) } else { String::new() }))
}
