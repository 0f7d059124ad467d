//! Calls to X: one client, limits on time and size, each endpoint's window of requests obeyed, failures told apart by what
//! to do next. A token that X no longer takes is renewed, and the call made once more: what it refuses so was not done.

use super::auth::tokens::{NoToken, Tokens};
use super::auth::{Form, Granted, NotGranted, read_granted};
use super::wire;
use crate::clock::{Clock, MINUTE_MS, SECOND_MS, Time};
use crate::network::NetError;
use crate::network::spoken::spoken;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// A longer answer is none that X means, in bytes: a hundred posts with all they refer to stay well below.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The longest that a limit is believed, in milliseconds: private messages have a window of a day.
const MAX_WAIT_MS: i64 = 24 * 60 * MINUTE_MS;
/// A stream's connection is given up after so long, whatever it says.
const ENDLESS: Duration = Duration::from_secs(30 * 86_400);
/// Where a limit is said to be reached and not until when, in milliseconds: X's usual window.
const WINDOW_MS: i64 = 15 * MINUTE_MS;
/// What is shorter is a word such as `refresh_token`, and no secret, in bytes.
const MIN_SECRET: usize = 16;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// X was not reached: nothing was sent.
    NotSent(String),
    /// The connection broke or the time ran out after something was sent.
    Lost(String),
    /// The window of requests is used up: not even tried. Milliseconds until the next.
    Spent(i64),
    /// There is no token to call with.
    NoToken(NoToken),
    /// X refused.
    Status {
        /// HTTP status.
        code: u16,
        /// In its words.
        words: String,
        /// Its wish, in milliseconds.
        after_ms: Option<i64>,
    },
    /// A good answer that cannot be read, or is longer than any that X means.
    Malformed(String),
}

impl Trouble {
    /// In words for logs and operators: no text of customers, no secret.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Trouble::NotSent(why) | Trouble::Lost(why) => why.clone(),
            Trouble::Spent(ms) => format!("rate limit used up, {} s to go", ms / SECOND_MS),
            Trouble::NoToken(why) => why.to_string(),
            Trouble::Status { code, words, .. } => format!("HTTP {code}: {words}"),
            Trouble::Malformed(why) => format!("unreadable answer: {why}"),
        }
    }
}

impl From<Trouble> for NetError {
    fn from(trouble: Trouble) -> NetError {
        let why = trouble.words();
        match trouble {
            Trouble::Status { code: 401 | 403, .. } | Trouble::NoToken(NoToken::SignIn(_)) => NetError::Auth(why),
            Trouble::Status { code: 408 | 429 | 500.., after_ms, .. } => NetError::Retry { after_ms, why },
            Trouble::Status { .. } | Trouble::NoToken(NoToken::File(_)) => NetError::Permanent(why),
            Trouble::Spent(ms) => NetError::Retry { after_ms: Some(ms), why },
            Trouble::NotSent(_) | Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::NoToken(NoToken::NotNow(_)) => {
                NetError::Retry { after_ms: None, why }
            }
        }
    }
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The endpoint: calls of one share a window.
    pub endpoint: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Path, in parts that are escaped.
    pub path: Vec<&'a str>,
    /// Query.
    pub query: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// The longest wait for the whole answer, where it is shorter than the usual one.
    pub within: Option<Duration>,
}

impl<'a> Call<'a> {
    /// A `GET`.
    #[must_use]
    pub fn get(endpoint: &'static str, path: &[&'a str]) -> Call<'a> {
        Call { endpoint, method: Method::GET, path: path.to_vec(), query: Vec::new(), body: None, within: None }
    }
    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
    /// With a shorter wait for the answer. A token is renewed on the way all the same: that must not be broken off.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = Some(within);
        self
    }
}

/// X, and the account's tokens for it.
pub struct Api {
    http: Client,
    base: Url,
    tokens: Arc<Tokens>,
    clock: Clock,
    /// Of each endpoint whose window is used up: when the next begins.
    spent: Mutex<BTreeMap<&'static str, Time>>,
    /// Endpoints of whose window less than half is left.
    lean: Mutex<BTreeSet<&'static str>>,
}

impl Api {
    /// Makes the client; reaches for nothing yet.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new(base: Url, tokens: Arc<Tokens>, connect: Duration, total: Duration, clock: Clock) -> Result<Api, NetError> {
        let http = Client::builder()
            .user_agent(concat!("sereno/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .timeout(total)
            // A redirect could carry the token elsewhere, or repeat a post.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| NetError::Permanent(format!("no HTTP client: {}", words_of(&e))))?;
        Ok(Api { http, base, tokens, clock, spent: Mutex::default(), lean: Mutex::default() })
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// Calls, and reads the answer as JSON.
    ///
    /// # Errors
    /// When it gives nothing.
    pub async fn json<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Trouble> {
        parsed(&self.call(call).await?)
    }

    /// The same with a token that is not the account's own, or not yet.
    ///
    /// # Errors
    /// When it gives nothing.
    pub async fn json_with<T: DeserializeOwned>(&self, call: &Call<'_>, token: &SecretString) -> Result<T, Trouble> {
        parsed(&self.call_with(call, token).await?)
    }

    /// Calls.
    ///
    /// # Errors
    /// When it gives nothing.
    pub async fn call(&self, call: &Call<'_>) -> Result<Vec<u8>, Trouble> {
        let token = self.tokens.access(self.exchanging()).await.map_err(Trouble::NoToken)?;
        match self.call_with(call, &token).await {
            Err(Trouble::Status { code: 401, .. }) => {
                let token = self.tokens.after_refusal(&token, self.exchanging()).await.map_err(Trouble::NoToken)?;
                self.call_with(call, &token).await
            }
            done => done,
        }
    }

    async fn call_with(&self, call: &Call<'_>, token: &SecretString) -> Result<Vec<u8>, Trouble> {
        if let Some(ms) = self.spent_for(call.endpoint) {
            return Err(Trouble::Spent(ms));
        }
        let mut request = self.http.request(call.method.clone(), self.address(&call.path)?).bearer_auth(token.expose_secret());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(within) = call.within {
            request = request.timeout(within);
        }
        let response = request.send().await.map_err(|e| trouble_of(&e, token))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let after_ms = self.note(call.endpoint, status.as_u16(), &headers);
        let body = read(response, token).await;
        if status.is_success() {
            return body;
        }
        // Whatever the body holds, the status decides.
        let words = spoken(wire::problem(&body.unwrap_or_default()).words(), token);
        Err(Trouble::Status { code: status.as_u16(), words, after_ms })
    }

    /// Opens a stream, which has no end: whoever hears it watches that it lives. Its connections have rules of their own,
    /// which are no window's.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn open(&self, call: &Call<'_>, token: &SecretString) -> Result<Response, Trouble> {
        let request = self.http.get(self.address(&call.path)?).bearer_auth(token.expose_secret()).query(&call.query).timeout(ENDLESS);
        let response = request.send().await.map_err(|e| trouble_of(&e, token))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let number = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).and_then(|s| s.trim().parse::<i64>().ok());
        let used_up = number("x-rate-limit-remaining") == Some(0);
        let reset = number("x-rate-limit-reset").filter(|_| used_up).map(|s| Time(s.saturating_mul(SECOND_MS)).since(self.clock.now()));
        let after_ms = reset.map(|ms| ms.clamp(SECOND_MS, MAX_WAIT_MS));
        let body = read(response, token).await.unwrap_or_default();
        Err(Trouble::Status { code: status.as_u16(), words: spoken(wire::problem(&body).words(), token), after_ms })
    }

    /// Posts a form for the account's tokens.
    pub(super) async fn exchange(&self, form: Form) -> Result<Granted, NotGranted> {
        self.exchange_at(&["2", "oauth2", "token"], form).await
    }

    /// Posts a form for tokens.
    pub(super) async fn exchange_at(&self, path: &[&str], form: Form) -> Result<Granted, NotGranted> {
        let address = self.address(path).map_err(|trouble| NotGranted::NotNow(trouble.words()))?;
        exchange(self.http.clone(), address, form, self.clock).await
    }

    /// The same, for whoever outlives the one who asks.
    fn exchanging(&self) -> impl FnOnce(Form) -> Exchange + Send + use<> {
        let (http, address, clock) = (self.http.clone(), self.address(&["2", "oauth2", "token"]), self.clock);
        move |form| {
            Box::pin(async move {
                let address = address.map_err(|trouble| NotGranted::NotNow(trouble.words()))?;
                exchange(http, address, form, clock).await
            })
        }
    }

    fn address(&self, path: &[&str]) -> Result<Url, Trouble> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Trouble::NotSent("the base address takes no path".into()))?.pop_if_empty().extend(path);
        Ok(url)
    }

    /// Whether an endpoint's window is used up.
    #[must_use]
    pub fn waits(&self, endpoint: &str) -> bool {
        self.spent_for(endpoint).is_some()
    }

    /// Whether less than half of an endpoint's window is left, as last heard: what can be done without leaves it to others.
    #[must_use]
    pub fn is_lean(&self, endpoint: &str) -> bool {
        self.lean.lock().unwrap_or_else(PoisonError::into_inner).contains(endpoint)
    }

    fn spent_for(&self, endpoint: &str) -> Option<i64> {
        let until = *self.spent.lock().unwrap_or_else(PoisonError::into_inner).get(endpoint)?;
        Some(until.since(self.clock.now())).filter(|ms| *ms > 0)
    }

    /// Takes down what X says of the endpoint's window; gives X's wish, in milliseconds.
    fn note(&self, endpoint: &'static str, status: u16, headers: &HeaderMap) -> Option<i64> {
        let number = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).and_then(|s| s.trim().parse::<i64>().ok());
        let now = self.clock.now();
        let reset = number("x-rate-limit-reset").map(|s| Time(s.saturating_mul(SECOND_MS)).since(now));
        let asked = number("retry-after").map(|s| s.saturating_mul(SECOND_MS));
        let wait = |ms: i64| ms.clamp(SECOND_MS, MAX_WAIT_MS);
        if let (Some(left), Some(all)) = (number("x-rate-limit-remaining"), number("x-rate-limit-limit")) {
            let mut lean = self.lean.lock().unwrap_or_else(PoisonError::into_inner);
            if left < all / 2 {
                lean.insert(endpoint)
            } else {
                lean.remove(endpoint)
            };
        }
        let used_up = status == 429 || number("x-rate-limit-remaining") == Some(0);
        if used_up {
            let ms = wait(reset.or(asked).unwrap_or(WINDOW_MS));
            self.spent.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint, now.plus(ms));
        }
        let refused = status == 429;
        asked.or(reset.filter(|_| refused)).or(refused.then_some(WINDOW_MS)).map(wait)
    }
}

type Exchange = Pin<Box<dyn Future<Output = Result<Granted, NotGranted>> + Send>>;

/// Posts a form for tokens. None of the form's secrets is in what is told of it, should X echo one.
async fn exchange(http: Client, address: Url, form: Form, clock: Clock) -> Result<Granted, NotGranted> {
    let secrets: Vec<&SecretString> = form.fields.iter().map(|(_, value)| value).chain(&form.authorization).collect();
    let clean = |words: &str| secrets.iter().filter(|s| s.expose_secret().len() >= MIN_SECRET).fold(words.to_owned(), |w, s| spoken(&w, s));
    let told = |e: NotGranted| match e {
        NotGranted::Spent(why) => NotGranted::Spent(clean(&why)),
        NotGranted::App(why) => NotGranted::App(clean(&why)),
        NotGranted::NotNow(why) => NotGranted::NotNow(clean(&why)),
    };
    let not_now = |trouble: &Trouble| told(NotGranted::NotNow(trouble.words()));
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
    let mut request = http.post(address).form(&fields);
    if let Some(authorization) = &form.authorization {
        request = request.header("authorization", authorization.expose_secret());
    }
    let nothing = SecretString::from("");
    let response = request.send().await.map_err(|e| not_now(&trouble_of(&e, &nothing)))?;
    let status = response.status().as_u16();
    let body = read(response, &nothing).await.map_err(|t| not_now(&t))?;
    read_granted(status, &body, clock.now()).map_err(told)
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let mut from = serde_json::Deserializer::from_slice(body);
    // The path says which field; the value could be a customer's text and is left out.
    serde_path_to_error::deserialize(&mut from).map_err(|e| Trouble::Malformed(format!("at {}", e.path())))
}

async fn read(mut response: Response, token: &SecretString) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| Trouble::Lost(spoken(&words_of(&e), token)))? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Trouble::Malformed(format!("longer than {MAX_BODY_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn trouble_of(e: &reqwest::Error, token: &SecretString) -> Trouble {
    let why = spoken(&words_of(e), token);
    if e.is_connect() || e.is_builder() { Trouble::NotSent(why) } else { Trouble::Lost(why) }
}

/// An error with its causes, without the address: a search's address holds what is looked for.
fn words_of(e: &reqwest::Error) -> String {
    let mut words = if e.is_timeout() { "time ran out".to_owned() } else { "connection".to_owned() };
    let mut cause = std::error::Error::source(e);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}
