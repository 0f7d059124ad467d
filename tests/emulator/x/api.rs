//! What each address answers.

use super::model::{Access, Given, Posted, State};
use super::rules::{self, Rule};
use super::show::{self, Wanted};
use super::webhooks;
use super::{APP_TOKEN, CLIENT_ID, CONSUMER};
use crate::openapi::OpenApi;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use sereno::intake::length::weighted;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What is asked.
pub struct Ask {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What is answered.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub headers: Vec<(&'static str, String)>,
    /// In place of a body: a stream of this kind, with these fields.
    pub stream: Option<(&'static str, Wanted)>,
}

impl Reply {
    pub fn of(status: u16, body: Value) -> Reply {
        Reply { status, body, headers: Vec::new(), stream: None }
    }
}

/// A quarter of an hour.
const WINDOW_MS: i64 = 15 * 60_000;
/// How many requests a window holds where nothing else is known.
const ALLOWED: u32 = 900;
/// X's own limits, by what `method path` holds.
const LIMITS: [(&str, u32); 5] =
    [("GET /2/users/me", 75), ("/mentions", 300), ("/search/recent", 300), ("POST /2/tweets", 100), ("/messages", 15)];

/// How X words what it refuses.
pub fn problem(status: u16, kind: &str, detail: &str) -> Reply {
    let title = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Invalid Request",
    };
    let body = match kind {
        // X's own form of these; its description has none, so it is an older error as well.
        "about:blank" => json!({"title": title, "detail": detail, "type": kind, "status": status, "code": status, "message": detail}),
        kind => json!({"title": title, "detail": detail, "type": format!("https://api.x.com/2/problems/{kind}"), "status": status}),
    };
    Reply::of(status, body)
}

/// The thing done, and its answer. `valid`: whether the webhook that it is about answered X.
pub fn answer(state: &mut State, ask: &Ask, valid: bool) -> Reply {
    match ask.path.as_str() {
        "/2/oauth2/token" if ask.method == "POST" => return token(state, ask),
        "/oauth2/token" if ask.method == "POST" => return app_token(ask),
        _ => {}
    }
    let body: Option<Value> = if ask.body.is_empty() { None } else { serde_json::from_slice(&ask.body).ok() };
    let wrong = request_faults(state, ask, body.as_ref());
    if !wrong.is_empty() {
        let reply = problem(400, "invalid-request", &wrong.join("; "));
        state.books.faults.extend(wrong);
        return reply;
    }
    let mut reply = match who(state, ask) {
        Err(reply) => *reply,
        Ok(who) => match too_many(state, ask) {
            Err(reply) => *reply,
            Ok(headers) => {
                let mut reply = route(state, ask, body.as_ref(), &who, valid);
                reply.headers.extend(headers);
                reply
            }
        },
    };
    if reply.stream.is_none() {
        let path = ask.path.clone();
        let faults = state.description.as_ref().map(|d| d.answer(&ask.method, &path, reply.status, &reply.body));
        state.books.faults.extend(faults.into_iter().flatten());
    }
    reply.headers.push(("x-transaction-id", "1".into()));
    reply
}

fn request_faults(state: &State, ask: &Ask, body: Option<&Value>) -> Vec<String> {
    let check = |d: &OpenApi| d.request(&ask.method, &ask.path, &ask.query, body);
    state.description.as_ref().map(check).unwrap_or_default()
}

/// Who asks.
enum Who {
    App,
    Account(Access),
}

fn who(state: &State, ask: &Ask) -> Result<Who, Box<Reply>> {
    let bearer = ask.headers.get("authorization").and_then(|h| h.strip_prefix("Bearer "));
    let unknown = || Box::new(problem(401, "about:blank", "Unauthorized"));
    let who = match bearer.ok_or_else(unknown)? {
        APP_TOKEN => Who::App,
        token => Who::Account(state.access.get(token).filter(|a| a.ends > state.now()).cloned().ok_or_else(unknown)?),
    };
    let is_stream = ask.path.contains("/stream");
    let is_webhook = ask.path.starts_with("/2/webhooks");
    let wrong = |detail| Err(Box::new(problem(403, "about:blank", detail)));
    match &who {
        Who::App if ask.path.contains("/dm_") || ask.method != "GET" && !is_stream && !is_webhook && !ask.path.contains("/activity/") => {
            wrong("Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.")
        }
        Who::Account(_) if is_stream || is_webhook || ask.method == "DELETE" && ask.path.contains("/activity/") => {
            wrong("Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.")
        }
        Who::Account(access) => {
            let scope = match (ask.method.as_str(), ask.path.contains("/dm_")) {
                _ if ask.path.starts_with("/2/media") => "media.write",
                ("GET", true) => "dm.read",
                (_, true) => "dm.write",
                ("GET", false) => "tweet.read",
                _ => "tweet.write",
            };
            if access.scopes.iter().any(|s| s == scope) { Ok(who) } else { wrong("Your token lacks the required scope.") }
        }
        Who::App => Ok(who),
    }
}

/// Counts the request in its window.
fn too_many(state: &mut State, ask: &Ask) -> Result<Vec<(&'static str, String)>, Box<Reply>> {
    let what = format!("{} {}", ask.method, ask.path);
    let ordered = state.allowed.iter().find(|(part, _)| what.contains(**part)).map(|(_, n)| *n);
    let limit = ordered.or_else(|| LIMITS.iter().find(|(part, _)| what.contains(part)).map(|(_, n)| *n)).unwrap_or(ALLOWED);
    let template = state.description.as_ref().and_then(|d| d.template(&ask.path)).unwrap_or(&ask.path).to_owned();
    let token = ask.headers.get("authorization").cloned().unwrap_or_default();
    let now = state.now();
    let window = state.windows.entry((format!("{} {template}", ask.method), token)).or_insert((now, 0));
    if now.since(window.0) >= WINDOW_MS {
        *window = (now, 0);
    }
    window.1 += 1;
    let reset = window.0.plus(WINDOW_MS).0.div_euclid(1_000) + 1;
    let headers = vec![
        ("x-rate-limit-limit", limit.to_string()),
        ("x-rate-limit-remaining", limit.saturating_sub(window.1).to_string()),
        ("x-rate-limit-reset", reset.to_string()),
    ];
    if window.1 <= limit {
        return Ok(headers);
    }
    Err(Box::new(Reply { headers, ..problem(429, "about:blank", "Too Many Requests") }))
}

fn route(state: &mut State, ask: &Ask, body: Option<&Value>, who: &Who, valid: bool) -> Reply {
    let parts: Vec<&str> = ask.path.trim_matches('/').split('/').skip(1).collect();
    let me = match who {
        Who::Account(access) => access.user.clone(),
        Who::App => String::new(),
    };
    match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["users", "me"]) => Reply::of(200, json!({"data": show::person(state, &me, &Wanted::of(&ask.query))})),
        ("GET", ["users"]) => people(state, ask),
        ("GET", ["users", id, "mentions"]) => {
            let found = |state: &State, p: &Posted| p.author != *id && p.reposts.is_none() && speaks_to(state, p, id);
            timeline(state, ask, found)
        }
        ("GET", ["users", id, "tweets"]) => timeline(state, ask, |_, p| p.author == *id),
        ("GET", ["tweets"]) => lookup(state, ask),
        ("POST", ["media", "upload"]) => upload(state, body.unwrap_or(&Value::Null), &me),
        ("POST", ["tweets"]) => create(state, body.unwrap_or(&Value::Null), &me),
        ("DELETE", ["tweets", id]) => match state.post(id).filter(|p| !p.deleted) {
            Some(post) if post.author != me => problem(403, "about:blank", "You are not permitted to delete this Post."),
            Some(_) => {
                state.delete(id);
                Reply::of(200, json!({"data": {"deleted": true}}))
            }
            None => Reply::of(200, json!({"data": {"deleted": false}})),
        },
        ("GET", ["tweets", "search", "recent"]) => {
            let query = one(ask, "query").unwrap_or_default().to_owned();
            match rules::refusal(&query) {
                Some(why) => problem(400, "invalid-request", why),
                None => timeline(state, ask, |_, p| rules::fits(&query, p)),
            }
        }
        ("GET", ["tweets", "search", "stream"]) => stream(state, ask, "search"),
        ("GET", ["activity", "stream"]) => stream(state, ask, "activity"),
        ("GET", ["tweets", "search", "stream", "rules"]) => {
            let rules: Vec<Value> = state.rules.iter().map(show_rule).collect();
            let count = rules.len();
            let mut body = json!({"meta": {"result_count": count}});
            if count > 0 {
                body["data"] = json!(rules);
            }
            Reply::of(200, body)
        }
        ("POST", ["tweets", "search", "stream", "rules"]) => change_rules(state, body.unwrap_or(&Value::Null)),
        (_, ["activity", "subscriptions", rest @ ..]) => webhooks::subscriptions(state, ask, rest),
        (_, ["webhooks", rest @ ..]) => webhooks::webhooks(state, ask, rest, valid),
        ("GET", ["dm_events"]) => messages(state, ask, &me, None),
        ("GET", ["dm_conversations", "with", id, "dm_events"]) => messages(state, ask, &me, Some(id)),
        ("POST", ["dm_conversations", "with", id, "messages"]) => write(state, body.unwrap_or(&Value::Null), &me, id),
        _ => problem(404, "about:blank", "Not Found"),
    }
}

pub fn one<'a>(ask: &'a Ask, name: &str) -> Option<&'a str> {
    ask.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or_default()
}

fn speaks_to(state: &State, post: &Posted, who: &str) -> bool {
    let answers = post.answers.as_ref().and_then(|id| state.post(id)).is_some_and(|p| p.author == who);
    answers || state.named(&post.text).iter().any(|p| p.id == who)
}

/// Posts newest first, a page of them.
fn timeline(state: &State, ask: &Ask, fits: impl Fn(&State, &Posted) -> bool) -> Reply {
    let max: usize = one(ask, "max_results").and_then(|n| n.parse().ok()).unwrap_or(10);
    let below = one(ask, "pagination_token").or(one(ask, "next_token")).map_or(i64::MAX, |t| number(t.trim_start_matches("next-")));
    let below = below.min(one(ask, "until_id").map_or(i64::MAX, number));
    let above = one(ask, "since_id").map_or(0, number);
    let since = one(ask, "start_time").and_then(|t| t.parse::<jiff::Timestamp>().ok()).map_or(i64::MIN, jiff::Timestamp::as_millisecond);
    let is_in = |p: &&Posted| {
        let id = number(&p.id);
        let made = (id >> 22) + 1_288_834_974_657;
        !p.deleted && id > above && id < below && made >= since && state.is_last(p) && fits(state, p)
    };
    let mut all: Vec<&Posted> = state.books.posts.iter().filter(is_in).collect();
    all.sort_by_key(|p| -number(&p.id));
    let (page, more) = (all.iter().copied().take(max).collect::<Vec<_>>(), all.len() > max);
    let mut body = shown(state, ask, &page);
    body["meta"] = json!({"result_count": page.len()});
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        body["meta"]["newest_id"] = json!(first.id);
        body["meta"]["oldest_id"] = json!(last.id);
        if more {
            body["meta"]["next_token"] = json!(format!("next-{}", last.id));
        }
    }
    Reply::of(200, body)
}

fn shown(state: &State, ask: &Ask, posts: &[&Posted]) -> Value {
    let wanted = Wanted::of(&ask.query);
    let mut body = json!({});
    if !posts.is_empty() {
        body["data"] = posts.iter().map(|p| show::post(state, p, &wanted)).collect();
    }
    let includes = show::includes(state, posts, &wanted);
    if includes.as_object().is_some_and(|i| !i.is_empty()) {
        body["includes"] = includes;
    }
    body
}

fn gone(id: &str, kind: &str) -> Value {
    json!({
        "type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error", "parameter": "ids",
        "detail": format!("Could not find {kind} with ids: [{id}]."), "resource_type": kind, "resource_id": id, "value": id,
    })
}

fn lookup(state: &State, ask: &Ask) -> Reply {
    let ids: Vec<&str> = one(ask, "ids").unwrap_or_default().split(',').collect();
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match state.post(id).filter(|p| !p.deleted) {
            Some(post) if state.people[&post.author].protected => errors.push(json!({
                "type": "https://api.x.com/2/problems/not-authorized-for-resource", "title": "Authorization Error", "parameter": "ids",
                "detail": format!("Sorry, you are not authorized to see the Post with ids: [{id}]."), "resource_type": "post", "value": id,
                "resource_id": id,
            })),
            Some(post) => found.push(post),
            None => errors.push(gone(id, "post")),
        }
    }
    let mut body = shown(state, ask, &found);
    if !errors.is_empty() {
        body["errors"] = json!(errors);
    }
    Reply::of(200, body)
}

fn people(state: &State, ask: &Ask) -> Reply {
    let wanted = Wanted::of(&ask.query);
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        one(ask, "ids").unwrap_or_default().split(',').partition(|id| state.people.contains_key(*id));
    let mut body = json!({});
    if !known.is_empty() {
        body["data"] = known.iter().map(|id| show::person(state, id, &wanted)).collect();
    }
    if !unknown.is_empty() {
        body["errors"] = unknown.iter().map(|id| gone(id, "user")).collect();
    }
    Reply::of(200, body)
}

fn create(state: &mut State, body: &Value, me: &str) -> Reply {
    let text = body["text"].as_str().unwrap_or_default();
    let answers = body["reply"]["in_reply_to_tweet_id"].as_str();
    let quotes = body["quote_tweet_id"].as_str();
    let forbidden = |detail| problem(403, "about:blank", detail);
    if !weighted::count(text).valid {
        return problem(400, "invalid-request", "Your Post text is too long, empty or holds characters that are not allowed.");
    }
    for target in [answers, quotes].into_iter().flatten() {
        let Some(target) = state.post(target).filter(|p| !p.deleted) else {
            return forbidden("You attempted to reply to a Post that is deleted or not visible to you.");
        };
        let quoted_us = target.quotes.as_ref().and_then(|id| state.post(id)).is_some_and(|p| p.author == me);
        let named_us = state.named(&target.text).iter().any(|p| p.id == me);
        if target.author != me && !quoted_us && !named_us {
            return forbidden(
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.",
            );
        }
    }
    let media = match usable(state, &body["media"]["media_ids"], me, "tweet_image") {
        Ok(media) => media,
        Err(reply) => return *reply,
    };
    // X forgets a text that was taken away; how long it remembers one it does not say.
    if state.books.posts.iter().any(|p| p.author == me && !p.deleted && bare(&p.text) == bare(text)) {
        return forbidden("You are not allowed to create a Post with duplicate content.");
    }
    // Whom it answers X puts in front.
    let whom = answers.and_then(|id| state.post(id)).filter(|p| p.author != me).map(|p| state.people[&p.author].name.clone());
    let text = &whom.map_or_else(|| text.to_owned(), |name| format!("@{name} {text}"));
    let id = state.publish(me, text, answers, quotes, true);
    hang(state, &media, &id);
    Reply::of(201, json!({"data": {"id": id, "text": text, "edit_history_post_ids": [id]}}))
}

/// For so long X keeps what nothing hangs on, in milliseconds.
const MEDIA_MS: i64 = 86_400_000;

fn upload(state: &mut State, body: &Value, me: &str) -> Reply {
    let bytes = body["media"].as_str().and_then(|m| BASE64.decode(m.as_bytes()).ok()).unwrap_or_default();
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    if !begins(b"\x89PNG") && !begins(b"\xff\xd8\xff") && !begins(b"RIFF") {
        return problem(400, "invalid-request", "The type of the media is not supported.");
    }
    if bytes.len() > 5 * 1024 * 1024 {
        return problem(413, "invalid-request", "The media is too large.");
    }
    let (id, ends) = (state.id(), state.now().plus(MEDIA_MS));
    let size = bytes.len();
    let category = body["media_category"].as_str().unwrap_or_default().to_owned();
    state.books.media.push(Given { id: id.clone(), by: me.into(), category, bytes, ends, on: None });
    Reply::of(200, json!({"data": {"id": id, "media_key": format!("3_{id}"), "size": size, "expires_after_secs": MEDIA_MS / 1_000}}))
}

/// The pictures that a text is to have: one's own, for this use, not forgotten, and not used up.
fn usable(state: &State, ids: &Value, me: &str, category: &str) -> Result<Vec<String>, Box<Reply>> {
    let ids: Vec<String> = ids.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let good = |id: &String| {
        let given = state.books.media.iter().find(|m| m.id == *id);
        given.is_some_and(|m| m.by == me && m.category == category && m.ends > state.now() && m.on.is_none())
    };
    if ids.iter().all(good) { Ok(ids) } else { Err(Box::new(problem(400, "invalid-request", "Your media IDs are invalid."))) }
}

fn hang(state: &mut State, media: &[String], on: &str) {
    for given in state.books.media.iter_mut().filter(|m| media.contains(&m.id)) {
        given.on = Some(on.to_owned());
    }
}

/// Without whom it answers.
fn bare(text: &str) -> &str {
    text.split_once(' ').filter(|(name, _)| name.starts_with('@')).map_or(text, |(_, rest)| rest)
}

fn stream(state: &mut State, ask: &Ask, kind: &'static str) -> Reply {
    state.open_streams();
    if state.streams.iter().any(|s| s.kind == kind) {
        return problem(429, "about:blank", "This stream is currently at the maximum allowed connection limit.");
    }
    let mut reply = Reply::of(200, Value::Null);
    reply.stream = Some((kind, Wanted::of(&ask.query)));
    reply
}

fn show_rule(rule: &Rule) -> Value {
    json!({"id": rule.id, "value": rule.value, "tag": rule.tag})
}

fn change_rules(state: &mut State, body: &Value) -> Reply {
    let gone: Vec<&str> = body["delete"]["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let before = state.rules.len();
    state.rules.retain(|r| !gone.contains(&r.id.as_str()));
    let deleted = before - state.rules.len();
    let (mut made, mut errors) = (Vec::new(), Vec::new());
    for add in body["add"].as_array().into_iter().flatten() {
        let value = add["value"].as_str().unwrap_or_default();
        let refused = rules::refusal(value).or_else(|| state.rules.iter().any(|r| r.value == value).then_some("DuplicateRule"));
        if let Some(why) = refused {
            errors.push(json!({"type": "https://api.x.com/2/problems/invalid-request", "title": why, "detail": why, "value": value}));
            continue;
        }
        let rule = Rule { id: state.id(), value: value.into(), tag: add["tag"].as_str().unwrap_or_default().into() };
        made.push(show_rule(&rule));
        state.rules.push(rule);
    }
    let summary = json!({"created": made.len(), "not_created": errors.len(), "deleted": deleted});
    let mut out = json!({"meta": {"sent": "2026-11-22T10:00:00.000Z", "summary": summary}});
    if !made.is_empty() {
        out["data"] = json!(made);
    }
    if !errors.is_empty() {
        out["errors"] = json!(errors);
    }
    Reply::of(200, out)
}

fn messages(state: &State, ask: &Ask, me: &str, with: Option<&str>) -> Reply {
    let wanted = Wanted::of(&ask.query);
    let max: usize = one(ask, "max_results").and_then(|n| n.parse().ok()).unwrap_or(100);
    let below = one(ask, "pagination_token").map_or(i64::MAX, |t| number(t.trim_start_matches("next-")));
    // A month back, no further.
    let oldest = (state.now().0 - 30 * 86_400_000 - 1_288_834_974_657) << 22;
    let ours = |other: &str| with.is_none_or(|with| with == other);
    let mut all: Vec<_> = state
        .books
        .dms
        .iter()
        .filter(|d| d.from == me && ours(&d.to) || d.to == me && ours(&d.from))
        .filter(|d| (oldest..below).contains(&number(&d.id)))
        .collect();
    all.sort_by_key(|d| -number(&d.id));
    let page: Vec<_> = all.iter().take(max).collect();
    let mut body = json!({"meta": {"result_count": page.len()}});
    if !page.is_empty() {
        body["data"] = page.iter().map(|d| show::dm(state, d, &wanted)).collect();
        let senders: std::collections::BTreeSet<&str> = page.iter().map(|d| d.from.as_str()).collect();
        body["includes"] = json!({"users": senders.into_iter().map(|id| show::person(state, id, &wanted)).collect::<Vec<_>>()});
    }
    if all.len() > max {
        body["meta"]["next_token"] = json!(format!("next-{}", page[max - 1].id));
    }
    Reply::of(200, body)
}

fn write(state: &mut State, body: &Value, me: &str, to: &str) -> Reply {
    let Some(person) = state.people.get(to) else { return problem(400, "invalid-request", "Could not find user.") };
    let wrote = state.books.dms.iter().any(|d| d.from == to && d.to == me);
    if !person.takes_dms && !wrote {
        return problem(403, "about:blank", "You do not have permission to DM one or more participants.");
    }
    let ids: Value = body["attachments"].as_array().into_iter().flatten().map(|a| a["media_id"].clone()).collect();
    let media = match usable(state, &ids, me, "dm_image") {
        Ok(media) if media.len() > 1 => return problem(400, "invalid-request", "A message takes one picture."),
        Ok(media) => media,
        Err(reply) => return *reply,
    };
    let id = state.message(me, to, body["text"].as_str().unwrap_or_default(), true);
    hang(state, &media, &id);
    Reply::of(201, json!({"data": {"dm_conversation_id": show::conversation(me, to), "dm_event_id": id}}))
}

fn fields(ask: &Ask) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&ask.body).into_owned().collect()
}

/// Tokens for a code, or for a refresh token, which serves once.
fn token(state: &mut State, ask: &Ask) -> Reply {
    let form = fields(ask);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refused = |status, error: &str, words: &str| Reply::of(status, json!({"error": error, "error_description": words}));
    if field("client_id") != CLIENT_ID {
        return refused(401, "unauthorized_client", "Missing valid authorization header");
    }
    let (user, scopes) = match field("grant_type") {
        "authorization_code" => {
            let proof = BASE64URL_NOPAD.encode(&Sha256::digest(field("code_verifier").as_bytes()));
            // Whatever comes of it, the code is spent.
            match state.codes.remove(field("code")) {
                Some((challenge, redirect)) if challenge == proof && redirect == field("redirect_uri") => {}
                _ => return refused(400, "invalid_request", "Value passed for the authorization code was invalid."),
            }
            (state.brand().id.clone(), "tweet.read tweet.write users.read dm.read dm.write media.write offline.access".to_owned())
        }
        "refresh_token" => match state.refresh.get_mut(field("refresh_token")) {
            Some(refresh) if !refresh.spent => {
                refresh.spent = true;
                state.books.renewed += 1;
                (refresh.user.clone(), refresh.scopes.clone())
            }
            known => {
                state.books.spent_twice += u32::from(known.is_some());
                return refused(400, "invalid_request", "Value passed for the token was invalid.");
            }
        },
        _ => return refused(400, "unsupported_grant_type", "Unsupported grant type"),
    };
    let (access, refresh) = state.grant(&user, &scopes);
    let life_s = state.life_ms / 1_000;
    Reply::of(200, json!({"token_type": "bearer", "expires_in": life_s, "access_token": access, "scope": scopes, "refresh_token": refresh}))
}

fn app_token(ask: &Ask) -> Reply {
    let right = format!("Basic {}", BASE64.encode(format!("{}:{}", CONSUMER.0, CONSUMER.1).as_bytes()));
    let asked = fields(ask).get("grant_type").is_some_and(|g| g == "client_credentials");
    if ask.headers.get("authorization") != Some(&right) || !asked {
        return Reply::of(403, json!({"errors": [{"code": 99, "message": "Unable to verify your credentials"}]}));
    }
    Reply::of(200, json!({"token_type": "bearer", "access_token": APP_TOKEN}))
}
