//! Calls to a server: one client, time limits and size limits on everything, rate-limit headers
//! obeyed, and failures told apart by what to do next.

use super::wire::ApiError;
use crate::clock::{Clock, MINUTE_MS, SECOND_MS, Time};
use crate::network::NetError;
use crate::network::lenient::time;
use crate::network::spoken::spoken;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// A longer answer is none that a server means, in bytes: 40 statuses with their contexts stay well below.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// How far into an answer that is too long the id of its only item is looked for, in bytes.
const MAX_SEARCHED_BYTES: usize = 512 * 1024 * 1024;
/// Requests kept back for sends when reading in the background, out of the usual 300 in 5 minutes.
const RESERVE: u32 = 20;
/// Requests kept back for all else when reading what can be done without.
const RESERVE_ASIDE: u32 = 100;
/// The longest that a rate limit is believed, in milliseconds: posting has a window of 3 hours.
const MAX_WAIT_MS: i64 = 3 * 60 * MINUTE_MS;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server was not reached: nothing was sent.
    NotSent(String),
    /// The connection broke or the time ran out after something was sent.
    Lost(String),
    /// Our share of calls is used up: not even tried. Milliseconds until there is more.
    Spent(i64),
    /// The server refused.
    Status {
        /// HTTP status.
        code: u16,
        /// In its words.
        words: String,
        /// Its wish, in milliseconds.
        after_ms: Option<i64>,
    },
    /// A good answer that cannot be read.
    Malformed(String),
    /// A good answer that is longer than we take.
    TooLong {
        /// The most that was taken, in bytes.
        most: usize,
        /// The id of its first item, where that could be found.
        first: Option<String>,
    },
}

impl Trouble {
    /// Whether the thing asked for is gone, or hidden from us.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Trouble::Status { code: 404 | 410, .. })
    }
    /// In words for logs and operators: no text of customers, no secret.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Trouble::NotSent(why) | Trouble::Lost(why) => why.clone(),
            Trouble::Spent(ms) => format!("rate limit used up, {} s to go", ms / SECOND_MS),
            Trouble::Status { code, words, .. } => format!("HTTP {code}: {words}"),
            Trouble::Malformed(why) => format!("unreadable answer: {why}"),
            Trouble::TooLong { most, .. } => format!("unreadable answer: longer than {most} bytes"),
        }
    }
}

impl From<Trouble> for NetError {
    fn from(trouble: Trouble) -> NetError {
        let why = trouble.words();
        match trouble {
            Trouble::Status { code: 401 | 403, .. } => NetError::Auth(why),
            Trouble::Status { code: 408 | 429 | 500.., after_ms, .. } => NetError::Retry { after_ms, why },
            Trouble::Status { .. } => NetError::Permanent(why),
            Trouble::Spent(ms) => NetError::Retry { after_ms: Some(ms), why },
            Trouble::NotSent(_) | Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::TooLong { .. } => {
                NetError::Retry { after_ms: None, why }
            }
        }
    }
}

/// Which of the server's allowances a call uses up. Mastodon counts posting (300 in 3 hours) and
/// deleting (30 in 30 minutes) apart from everything else (300 in 5 minutes), under the same headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// Reading in the background: leaves a few calls for what staff wait for.
    Background,
    /// Reading that can be done without: leaves a third of the calls for all else.
    Aside,
    /// Reading that a send waits for.
    Read,
    /// Posting and editing.
    Post,
    /// Deleting.
    Delete,
}

impl Share {
    /// Under which the server counts it.
    fn counted(self) -> Share {
        match self {
            Share::Background | Share::Aside => Share::Read,
            other => other,
        }
    }
}

/// A call.
pub struct Call<'a> {
    /// HTTP method.
    pub method: Method,
    /// Path below the base address, in parts that are escaped.
    pub path: Vec<&'a str>,
    /// Query.
    pub query: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// A token to be tried instead of ours.
    pub token: Option<&'a SecretString>,
    /// Allowance.
    pub share: Share,
    /// The longest answer that is taken, in bytes.
    pub most: usize,
    /// Whether it asks for a list of one: if that is too long to be taken, its id is looked for all the same.
    pub single: bool,
}

impl<'a> Call<'a> {
    /// A `GET` in the background.
    #[must_use]
    pub fn get(path: &[&'a str]) -> Call<'a> {
        Call {
            method: Method::GET,
            path: path.to_vec(),
            query: Vec::new(),
            body: None,
            key: None,
            token: None,
            share: Share::Background,
            most: MAX_BODY_BYTES,
            single: false,
        }
    }
    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
    /// Out of another allowance.
    #[must_use]
    pub fn share(mut self, share: Share) -> Self {
        self.share = share;
        self
    }
}

/// A good answer.
#[derive(Debug)]
pub struct Answer {
    /// Its body.
    pub body: Vec<u8>,
    /// Its `Link` header.
    pub link: Option<String>,
    /// What must not be in any words about it.
    token: SecretString,
}

impl Answer {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        let mut from = serde_json::Deserializer::from_slice(&self.body);
        // The path says which field; the value could be a customer's text and is left out.
        serde_path_to_error::deserialize(&mut from).map_err(|e| Trouble::Malformed(spoken(&format!("at {}", e.path()), &self.token)))
    }
}

#[derive(Clone, Copy, Debug)]
struct Left {
    remaining: u32,
    until: Instant,
}

/// A server, and our token for it.
pub struct Api {
    http: Client,
    base: Url,
    token: RwLock<SecretString>,
    clock: Clock,
    left: Mutex<BTreeMap<Share, Left>>,
}

impl Api {
    /// Makes the client; reaches for nothing yet.
    pub fn new(base: Url, token: SecretString, connect: Duration, total: Duration, clock: Clock) -> Result<Api, NetError> {
        let http = Client::builder()
            .user_agent(concat!("sereno/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .timeout(total)
            // A redirect could carry the token elsewhere, or repeat a post.
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(|e| NetError::Permanent(format!("no HTTP client: {}", words_of(&e))))?;
        Ok(Api { http, base, token: RwLock::new(token), clock, left: Mutex::default() })
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Our token.
    #[must_use]
    pub fn token(&self) -> SecretString {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another token, from the next call on.
    pub fn set_token(&self, token: SecretString) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// What a server says, as it may be passed on.
    #[must_use]
    pub fn spoken(&self, text: &str) -> String {
        spoken(text, &self.token())
    }

    /// Calls, and reads the answer as JSON.
    pub async fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Trouble> {
        self.call(call).await?.json()
    }

    /// Calls.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, Trouble> {
        if let Some(ms) = self.spent(call.share) {
            return Err(Trouble::Spent(ms));
        }
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Trouble::NotSent("the base address takes no path".into()))?.pop_if_empty().extend(&call.path);
        let token = call.token.cloned().unwrap_or_else(|| self.token());
        let mut request = self.http.request(call.method, url).bearer_auth(token.expose_secret());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.map_err(|e| self.trouble_of(&e))?;
        let status = response.status();
        let headers = response.headers().clone();
        self.note(call.share, status, &headers);
        let body = self.read(response, call.most, call.single).await;
        let body = match body {
            // Of a list of one the way on leads past that one.
            Err(Trouble::TooLong { most, first: None }) if call.single => {
                let link = headers.get("link").and_then(|v| v.to_str().ok());
                Err(Trouble::TooLong { most, first: link.and_then(|l| newer(l, "min_id")) })
            }
            body => body,
        };
        if status.is_success() {
            let link = headers.get("link").and_then(|v| v.to_str().ok()).map(str::to_owned);
            return Ok(Answer { body: body?, link, token });
        }
        // Whatever the body holds, the status decides.
        let words = spoken(&words(status, &headers, &body.unwrap_or_default()), &token);
        Err(Trouble::Status { code: status.as_u16(), words, after_ms: self.after_ms(status, &headers) })
    }

    fn spent(&self, share: Share) -> Option<i64> {
        let counted = share.counted();
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = left.get(&counted)?;
        let keep = match share {
            Share::Background => RESERVE,
            Share::Aside => RESERVE_ASIDE,
            Share::Read | Share::Post | Share::Delete => 0,
        };
        let ms = i64::try_from(left.until.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(MAX_WAIT_MS);
        (left.remaining <= keep && ms > 0).then_some(ms.max(1))
    }

    /// Takes down what the server says of our allowance.
    fn note(&self, share: Share, status: StatusCode, headers: &HeaderMap) {
        let counted = share.counted();
        let number = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).and_then(|s| s.trim().parse::<u32>().ok());
        let refused = status == StatusCode::TOO_MANY_REQUESTS;
        let wait_ms = if refused { self.after_ms(status, headers) } else { self.reset_ms(headers) };
        let remaining = if refused { Some(0) } else { number("x-ratelimit-remaining") };
        let (Some(remaining), Some(wait_ms)) = (remaining, wait_ms) else { return };
        // A small allowance keeps nothing back: it would never be used.
        let remaining =
            if number("x-ratelimit-limit").is_some_and(|all| all < RESERVE * 4) && remaining > 0 { u32::MAX } else { remaining };
        let until = Instant::now() + Duration::from_millis(wait_ms.unsigned_abs());
        self.left.lock().unwrap_or_else(PoisonError::into_inner).insert(counted, Left { remaining, until });
    }

    /// How long the server asks us to wait, in milliseconds.
    fn after_ms(&self, status: StatusCode, headers: &HeaderMap) -> Option<i64> {
        let seconds = headers.get("retry-after").and_then(|v| v.to_str().ok()).and_then(|s| s.trim().parse::<i64>().ok());
        let asked = seconds.map(|s| s.saturating_mul(SECOND_MS));
        let asked =
            if status == StatusCode::TOO_MANY_REQUESTS { asked.or_else(|| self.reset_ms(headers)).or(Some(MINUTE_MS)) } else { asked };
        asked.map(|ms| ms.clamp(SECOND_MS, MAX_WAIT_MS))
    }

    /// Milliseconds until `X-RateLimit-Reset`, by the server's own clock where it tells the time.
    fn reset_ms(&self, headers: &HeaderMap) -> Option<i64> {
        let reset = time(headers.get("x-ratelimit-reset")?.to_str().ok()?)?;
        let now = headers.get("date").and_then(http_date).unwrap_or_else(|| self.clock.now());
        Some(reset.since(now).clamp(SECOND_MS, MAX_WAIT_MS))
    }

    async fn read(&self, mut response: reqwest::Response, most: usize, single: bool) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        let mut too_long = None;
        let mut seen = 0;
        while let Some(chunk) = response.chunk().await.map_err(|e| Trouble::Lost(self.spoken(&words_of(&e))))? {
            seen += chunk.len();
            let sought = match &mut too_long {
                None if body.len() + chunk.len() <= most => {
                    body.extend_from_slice(&chunk);
                    continue;
                }
                None => {
                    let sought: &mut FirstId = too_long.insert(FirstId::default());
                    sought.read(&body);
                    body = Vec::new();
                    sought
                }
                Some(sought) => sought,
            };
            sought.read(&chunk);
            if sought.over() || !single || seen > MAX_SEARCHED_BYTES {
                break;
            }
        }
        match too_long {
            Some(sought) => Err(Trouble::TooLong { most, first: sought.found() }),
            None => Ok(body),
        }
    }

    fn trouble_of(&self, e: &reqwest::Error) -> Trouble {
        let why = self.spoken(&words_of(e));
        if e.is_connect() || e.is_builder() { Trouble::NotSent(why) } else { Trouble::Lost(why) }
    }
}

/// Looks for the `id` of a list's first item, wherever in the item it stands, keeping nothing else.
#[derive(Debug, Default)]
struct FirstId {
    /// How many lists and objects we are in: 2 is the first item itself.
    depth: u32,
    quoted: bool,
    escaped: bool,
    /// Behind a colon of the item's own.
    value: bool,
    /// The value to come, or that was just read, is the id's.
    is_id: bool,
    /// The text within the last quotes, cut short.
    text: Vec<u8>,
    ended: bool,
    found: Option<String>,
}

/// No id is longer, in bytes.
const MAX_ID_BYTES: usize = 64;

impl FirstId {
    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.over() {
                return;
            }
            self.one(*byte);
        }
    }

    fn one(&mut self, byte: u8) {
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.quoted = false;
                    self.said();
                    return;
                }
                _ => {}
            }
            if self.text.len() <= MAX_ID_BYTES {
                self.text.push(byte);
            }
            return;
        }
        match byte {
            b'"' => {
                self.quoted = true;
                self.text.clear();
            }
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                self.ended |= self.depth < 2;
            }
            b':' if self.depth == 2 => self.value = true,
            b',' if self.depth == 2 => (self.value, self.is_id) = (false, false),
            _ => {}
        }
    }

    /// A text of the item's own has ended.
    fn said(&mut self) {
        match (self.depth, self.value) {
            (2, false) => self.is_id = self.text == b"id",
            (2, true) if self.is_id => {
                let fit = !self.text.is_empty() && self.text.len() <= MAX_ID_BYTES && self.text.iter().all(u8::is_ascii_alphanumeric);
                self.found = String::from_utf8(std::mem::take(&mut self.text)).ok().filter(|_| fit);
                self.ended = true;
            }
            _ => {}
        }
    }

    /// Whether it is found, or will not be.
    fn over(&self) -> bool {
        self.ended
    }

    fn found(self) -> Option<String> {
        self.found
    }
}
fn http_date(value: &HeaderValue) -> Option<Time> {
    let zoned = jiff::fmt::rfc2822::parse(value.to_str().ok()?).ok()?;
    Some(zoned.timestamp().into())
}

/// An error with its causes, without the address: a search's address holds what is looked for.
fn words_of(e: &reqwest::Error) -> String {
    let kind = if e.is_timeout() {
        "time ran out"
    } else if e.is_connect() {
        "no connection"
    } else {
        "connection broke"
    };
    let mut cause = std::error::Error::source(e);
    let mut last = String::new();
    while let Some(c) = cause {
        last = c.to_string();
        cause = c.source();
    }
    if last.is_empty() { kind.to_owned() } else { format!("{kind}: {last}") }
}

fn words(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> String {
    if status.is_redirection() {
        let to = headers.get("location").and_then(|v| v.to_str().ok()).unwrap_or("somewhere else");
        return format!("the server sends us to {to}; set base_url to the right address");
    }
    let said: ApiError = serde_json::from_slice(body).unwrap_or_default();
    match (said.error, said.error_description) {
        (Some(error), Some(more)) => format!("{error}: {more}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    }
}

/// The value of `name` in the `rel="prev"` (newer) address of a `Link` header. Only the value is
/// taken: the address itself is never called.
#[must_use]
pub fn newer(link: &str, name: &str) -> Option<String> {
    let part = link.split(',').find(|part| part.contains("rel=\"prev\""))?;
    let address = part.split_once('<')?.1.split_once('>')?.0;
    let url = Url::parse(address).ok()?;
    url.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned()).filter(|v| !v.is_empty())
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing {
    use super::*;

    /// An answer of whatever status: what the server says is bounded, and the first item of a list is the same however its
    /// bytes come.
    pub(crate) fn answer(body: &[u8]) {
        let token = SecretString::from("AAAA");
        for status in [StatusCode::FORBIDDEN, StatusCode::FOUND] {
            let said = spoken(&words(status, &HeaderMap::new(), body), &token);
            assert!(said.chars().count() <= 300 && !said.contains(char::is_control));
        }
        if let Ok(date) = HeaderValue::from_bytes(body) {
            http_date(&date);
        }
        let (mut whole, mut in_pieces) = (FirstId::default(), FirstId::default());
        whole.read(body);
        body.chunks(3).for_each(|piece| in_pieces.read(piece));
        let found = whole.found();
        assert_eq!(in_pieces.found(), found);
        // What JSON says of the same list.
        let listed = serde_json::from_slice::<Vec<Value>>(body).ok();
        let first =
            listed.as_ref().and_then(|list| list.first()).and_then(|item| item.get("id")).and_then(Value::as_str).map(str::to_owned);
        let fit = |id: &String| (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
        let plain = !body.contains(&b'\\') && !twice(body);
        let of_objects = listed.is_some_and(|list| list.first().is_none_or(Value::is_object));
        if of_objects && plain {
            assert_eq!(found, first.filter(fit));
        }
    }

    /// Whether an id may stand there more than once: which of them is meant, readers see differently.
    fn twice(body: &[u8]) -> bool {
        body.windows(4).filter(|w| w == b"\"id\"").count() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_too_long_to_read_still_names_its_first_item() {
        let long = |text: &str| {
            // However it is cut into pieces.
            let found: Vec<Option<String>> = (1..7)
                .map(|size| {
                    let mut id = FirstId::default();
                    text.as_bytes().chunks(size).for_each(|piece| id.read(piece));
                    id.found()
                })
                .collect();
            assert!(found.windows(2).all(|w| w[0] == w[1]), "{found:?}");
            found[0].clone()
        };
        assert_eq!(long(r#"[{"id":"42","content":""#).as_deref(), Some("42"));
        assert_eq!(long(r#" [ { "id" : "01HX", "#).as_deref(), Some("01HX"));
        assert_eq!(long(r#"[{"content":"\"id\":\"7\""#), None);
        let last = r#"[{"a":{"id":"1"},"b":[{"id":"2"}],"c":"\"id\":\"3\" \\","d":"id","e":null,"id":"42"},{"id":"5"}]"#;
        assert_eq!(long(last).as_deref(), Some("42"));
        assert_eq!(long(r#"[{"a":1},{"id":"5"}]"#), None, "another item's");
        assert_eq!(long(r#"[{"id":"4/2","#), None);
        assert_eq!(long(&format!(r#"[{{"id":"{}","#, "1".repeat(70))), None);
        assert_eq!(long(""), None);
    }

    fn api() -> Api {
        let second = Duration::from_secs(1);
        Api::new(Url::parse("http://127.0.0.1:1").unwrap(), "t".to_owned().into(), second, second, Clock::system()).unwrap()
    }

    #[test]
    fn link_headers() {
        let link = r#"<https://m.example/api/v1/notifications?max_id=1&limit=2>; rel="next", <https://m.example/api/v1/notifications?limit=2&min_id=77>; rel="prev""#;
        assert_eq!(newer(link, "min_id").as_deref(), Some("77"));
        assert_eq!(newer(r#"<https://m.example/?max_id=1>; rel="next""#, "min_id"), None);
        assert_eq!(newer("nonsense", "min_id"), None);
        assert_eq!(newer(r#"<:::>; rel="prev""#, "min_id"), None);
    }

    #[test]
    fn waits_are_bounded_and_by_the_servers_clock() {
        let api = api();
        let mut h = HeaderMap::new();
        h.insert("date", "Sat, 21 Nov 2026 22:00:00 GMT".parse().unwrap());
        h.insert("x-ratelimit-reset", "2026-11-21T22:01:30.000Z".parse().unwrap());
        assert_eq!(api.after_ms(StatusCode::TOO_MANY_REQUESTS, &h), Some(90_000));
        h.insert("retry-after", "7".parse().unwrap());
        assert_eq!(api.after_ms(StatusCode::TOO_MANY_REQUESTS, &h), Some(7_000));
        h.insert("retry-after", "99999999999".parse().unwrap());
        assert_eq!(api.after_ms(StatusCode::SERVICE_UNAVAILABLE, &h), Some(MAX_WAIT_MS));
        assert_eq!(api.after_ms(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new()), Some(MINUTE_MS));
        assert_eq!(api.after_ms(StatusCode::SERVICE_UNAVAILABLE, &HeaderMap::new()), None);
    }

    #[test]
    fn the_background_leaves_some_for_staff() {
        let api = api();
        let mut h = HeaderMap::new();
        h.insert("date", "Sat, 21 Nov 2026 22:00:00 GMT".parse().unwrap());
        h.insert("x-ratelimit-reset", "2026-11-21T22:01:30.000Z".parse().unwrap());
        h.insert("x-ratelimit-limit", "300".parse().unwrap());
        h.insert("x-ratelimit-remaining", "15".parse().unwrap());
        api.note(Share::Background, StatusCode::OK, &h);
        assert!(api.spent(Share::Background).is_some());
        assert_eq!(api.spent(Share::Read), None);
        assert_eq!(api.spent(Share::Post), None);
        h.insert("x-ratelimit-remaining", "0".parse().unwrap());
        api.note(Share::Read, StatusCode::OK, &h);
        assert!(api.spent(Share::Read).is_some());
    }
}
