//! Calls to Slack's Web API: each with a bound in time, each failure told as *what to do next*.
//!
//! slack-morphism carries the calls. Its errors print whole bodies, which hold what customers
//! wrote, so none of them is ever logged or passed on: only Slack's own short codes are.

use super::tokens::Tokens;
use super::{Settings, check};
use crate::chat::NoFile;
use crate::clock::SECOND_MS;
use crate::outbox::{Look, Outcome};
use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use slack_morphism::hyper_tokio::{SlackClientHyperConnector, SlackClientHyperHttpsConnector};
use slack_morphism::{SlackApiToken, SlackClient};
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// Without a word of Slack on how long, a rate limit is taken to last this long, in milliseconds.
const LIMITED_MS: i64 = 10 * SECOND_MS;
/// Answers of Slack that are read at most, in bytes, from addresses outside its Web API.
const BODY_MAX: usize = 64 * 1024;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// Too many calls: silence for so many milliseconds.
    Limited(i64),
    /// Slack said no; its code (`channel_not_found`), with the missing scope where it names one.
    Code(String, Option<String>),
    /// It surely never reached Slack.
    NotSent(String),
    /// It may have been done: no answer in time, a broken connection, an error of Slack's own.
    Doubt(String),
}

/// Codes that say that the token is no longer good.
/// Source: the error lists of docs.slack.dev's method pages.
const AUTH: &[&str] = &[
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "org_login_required",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "team_access_not_granted",
    "ekm_access_denied",
    "access_denied",
    "app_uninstalled",
];
/// Codes that say that the channel is no longer there, or no longer for the bot; `is_inactive`: to change
/// something in an archived one. Source: docs.slack.dev/reference/methods/chat.update and chat.postMessage.
const GONE: &[&str] = &["channel_not_found", "not_in_channel", "is_archived", "is_inactive"];
/// Codes after which it may have been done or not.
const DOUBTFUL: &[&str] = &["fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"];
/// Codes of a limit that comes without a 429.
const LIMITS: &[&str] = &["ratelimited", "rate_limited", "message_limit_exceeded"];

impl Fail {
    /// Slack's code, or what happened, without anything that people wrote.
    pub(super) fn why(&self) -> String {
        match self {
            Fail::Limited(_) => "ratelimited".into(),
            Fail::Code(code, Some(needed)) => format!("{code} (needs {needed})"),
            Fail::Code(code, None) => code.clone(),
            Fail::NotSent(why) | Fail::Doubt(why) => why.clone(),
        }
    }

    /// Whether the token is to blame.
    pub(super) fn is_auth(&self) -> bool {
        matches!(self, Fail::Code(code, _) if AUTH.contains(&code.as_str()))
    }

    /// Whether Slack no longer lets the bot in at all, whatever it wants to do.
    pub(super) fn is_shut_out(&self) -> bool {
        ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "app_uninstalled"]
            .into_iter()
            .any(|c| self.is(c))
    }

    /// Whether the channel is gone, or shut to the bot.
    pub(super) fn is_of_the_room(&self) -> bool {
        GONE.iter().any(|code| self.is(code))
    }

    /// Whether Slack answered with this very code.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(self, Fail::Code(code, _) if code == wanted)
    }

    /// What it means for a message that was to be posted.
    pub(super) fn outcome(self) -> Outcome {
        let (why, gone) = (self.why(), self.is_of_the_room());
        match self {
            Fail::Limited(ms) => Outcome::Retry { after_ms: Some(ms), why: why.into(), lane: true },
            Fail::NotSent(_) => Outcome::Retry { after_ms: None, why: why.into(), lane: true },
            Fail::Doubt(_) => Outcome::Unknown { why },
            Fail::Code(code, _) if AUTH.contains(&code.as_str()) => Outcome::AuthLost { why },
            Fail::Code(..) if gone => Outcome::RoomGone { why: why.into() },
            Fail::Code(..) => Outcome::Refused { why: why.into() },
        }
    }

    /// What it means for a file that was to be read.
    pub(super) fn no_file(self) -> NoFile {
        let why = self.why();
        match self {
            Fail::Limited(ms) => NoFile::NotNow(why, Some(ms)),
            Fail::NotSent(_) | Fail::Doubt(_) => NoFile::NotNow(why, None),
            Fail::Code(code, _) if ["file_not_found", "file_deleted", "file_not_visible"].contains(&code.as_str()) => NoFile::Gone,
            Fail::Code(..) => NoFile::NotAllowed(why),
        }
    }

    /// What it means for a look-up.
    pub(super) fn look(self) -> Look {
        let why = self.why();
        match self {
            Fail::Limited(ms) => Look::Retry { why, after_ms: Some(ms) },
            // Where there is no thread there is no message in it. A room that we cannot read may hold it all the same.
            Fail::Code(code, _) if code == "thread_not_found" => Look::Absent,
            Fail::Code(..) | Fail::NotSent(_) | Fail::Doubt(_) => Look::Retry { why, after_ms: None },
        }
    }
}

/// Who we are in the workspace.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Me {
    /// The workspace.
    pub team_id: String,
    /// Where it is found: `https://shop.slack.com/`.
    #[serde(default)]
    pub url: String,
    /// The bot's user.
    pub user_id: String,
    /// The bot itself, as its messages name it.
    #[serde(default)]
    pub bot_id: String,
    /// The organisation, in Enterprise Grid.
    #[serde(default)]
    pub enterprise_id: Option<String>,
}

/// The HTTP client: with TLS, or without for a loopback address.
enum Client {
    Tls(SlackClient<SlackClientHyperHttpsConnector>),
    Plain(SlackClient<SlackClientHyperConnector<HttpConnector>>),
}

/// The way to Slack.
pub(super) struct Session {
    client: Client,
    /// For absolute addresses that Slack gives us: they take no token.
    web: reqwest::Client,
    base: Url,
    bound: Duration,
    tokens: Tokens,
    me: OnceCell<Me>,
}

impl Session {
    /// # Errors
    /// The address is none, or would carry tokens in the clear; this machine has no root certificates.
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Session> {
        let base = settings.api_url.trim_end_matches('/');
        let url: Url = base.parse().map_err(|_| anyhow::anyhow!("[chat.slack] api_url is no address"))?;
        let client = match url.scheme() {
            "https" => Client::Tls(SlackClient::new(SlackClientHyperConnector::new()?.with_slack_api_url(base))),
            "http" if is_loopback(&url) => {
                Client::Plain(SlackClient::new(SlackClientHyperConnector::with_connector(HttpConnector::new()).with_slack_api_url(base)))
            }
            _ => anyhow::bail!("[chat.slack] api_url must begin with https://"),
        };
        let web = reqwest::Client::builder().timeout(settings.call).redirect(reqwest::redirect::Policy::none()).build()?;
        let tokens = Tokens::new(settings)?;
        Ok(Session { client, web, base: url, bound: settings.call, tokens, me: OnceCell::new() })
    }

    /// Who we are; asked once, then known.
    pub(super) async fn me(&self) -> Result<&Me, Fail> {
        self.me
            .get_or_try_init(|| async {
                let answer = self.get("auth.test", &[]).await?;
                serde_json::from_value(answer).map_err(|_| Fail::Doubt("auth.test: an answer that we cannot read".into()))
            })
            .await
    }

    /// Who we are, if that is known by now.
    pub(super) fn known(&self) -> Option<&Me> {
        self.me.get()
    }

    /// Reads, with the bot's token.
    pub(super) async fn get(&self, method: &str, params: &[(&str, &str)]) -> Result<Value, Fail> {
        let params: Vec<(&str, Option<String>)> = params.iter().map(|(k, v)| (*k, Some((*v).to_owned()))).collect();
        let first = self.get_with(method, &params, &self.bot_token().await?).await;
        match first {
            Err(fail) if fail.is("token_expired") && self.tokens.rotates() => {
                self.renew(true).await?;
                self.get_with(method, &params, &self.bot_token().await?).await
            }
            done => done,
        }
    }

    /// Writes, with the bot's token.
    pub(super) async fn post(&self, method: &str, body: &Value) -> Result<Value, Fail> {
        let first = self.post_with(method, body, &self.bot_token().await?).await;
        match first {
            Err(fail) if fail.is("token_expired") && self.tokens.rotates() => {
                self.renew(true).await?;
                self.post_with(method, body, &self.bot_token().await?).await
            }
            done => done,
        }
    }

    /// Writes with another token: that of the app.
    pub(super) async fn post_with(&self, method: &str, body: &Value, token: &SecretString) -> Result<Value, Fail> {
        let token = SlackApiToken::new(token.expose_secret().to_owned().into());
        let call = async {
            match &self.client {
                Client::Tls(client) => client.open_session(&token).http_session_api.http_post::<_, Value>(method, body, None).await,
                Client::Plain(client) => client.open_session(&token).http_session_api.http_post::<_, Value>(method, body, None).await,
            }
        };
        self.within(method, call).await
    }

    async fn get_with(&self, method: &str, params: &Vec<(&str, Option<String>)>, token: &SecretString) -> Result<Value, Fail> {
        let token = SlackApiToken::new(token.expose_secret().to_owned().into());
        let call = async {
            match &self.client {
                Client::Tls(client) => client.open_session(&token).http_session_api.http_get::<Value, _, _>(method, params, None).await,
                Client::Plain(client) => client.open_session(&token).http_session_api.http_get::<Value, _, _>(method, params, None).await,
            }
        };
        self.within(method, call).await
    }

    /// slack-morphism itself waits for ever.
    async fn within(&self, method: &str, call: impl Future<Output = Result<Value, SlackClientError>>) -> Result<Value, Fail> {
        match tokio::time::timeout(self.bound, call).await {
            Err(_) => Err(Fail::Doubt(format!("{method}: no answer in time"))),
            Ok(Ok(answer)) if answer.get("ok").and_then(Value::as_bool) == Some(true) => Ok(answer),
            // What is no JSON comes as an empty object.
            Ok(Ok(_)) => Err(Fail::Doubt(format!("{method}: an answer that is not Slack's"))),
            Ok(Err(error)) => Err(fail(method, &error)),
        }
    }

    /// The bot's token, renewed where that is due.
    pub(super) async fn bot_token(&self) -> Result<SecretString, Fail> {
        if self.tokens.wants_renewal() {
            self.renew(false).await?;
        }
        Ok(self.tokens.bot())
    }

    /// The bot's token for whoever only looks, perhaps beside a running bot: the newest that is kept, exchanged only
    /// where Slack no longer takes it, and never where the new one could not be kept for the bot.
    pub(super) async fn token_to_look(&self) -> Result<SecretString, Fail> {
        if let Err(error) = self.tokens.take_kept() {
            return Err(Fail::NotSent(format!("{error:#}")));
        }
        let token = self.tokens.bot();
        // What is no token of a bot is sent nowhere.
        if self.tokens.rotates()
            && check::is_bot_token(&token)
            && let Err(fail) = self.get_with("auth.test", &Vec::new(), &token).await
            && fail.is("token_expired")
        {
            self.tokens.renew(true, true, |form| self.form("oauth.v2.access", form)).await?;
        }
        Ok(self.tokens.bot())
    }

    /// Exchanges the refresh token. `expired`: the old one no longer serves at all.
    async fn renew(&self, expired: bool) -> Result<(), Fail> {
        let renewed = self.tokens.renew(expired, false, |form| self.form("oauth.v2.access", form)).await;
        match renewed {
            Ok(()) => Ok(()),
            // The old one still serves: no reason to stop.
            Err(fail) if !expired && self.tokens.still_good() => {
                tracing::warn!(why = fail.why(), "the Slack token could not be renewed yet");
                Ok(())
            }
            // Whatever Slack has against the exchange: there is no token, and what waits must not be taken for refused.
            Err(Fail::Code(code, _)) => {
                tracing::error!(
                    code,
                    "Slack no longer renews the bot's token: put a new pair of tokens where bot.toml says, and start again"
                );
                Err(Fail::Code("token_expired".into(), None))
            }
            Err(fail) => Err(fail),
        }
    }

    async fn form(&self, method: &str, form: Vec<(&'static str, String)>) -> Result<Value, Fail> {
        let url = format!("{}/{method}", self.base.as_str().trim_end_matches('/'));
        let broken = |e: &reqwest::Error| {
            let why = format!("{method}: the connection broke");
            if e.is_connect() { Fail::NotSent(why) } else { Fail::Doubt(why) }
        };
        let answer = self.web.post(url).form(&form).send().await.map_err(|e| broken(&e))?;
        if answer.status().as_u16() == 429 {
            return Err(Fail::Limited(LIMITED_MS));
        }
        let answer: Value = answer.json().await.map_err(|_| Fail::Doubt(format!("{method}: an answer that is not Slack's")))?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            return Ok(answer);
        }
        let code = answer.get("error").and_then(Value::as_str).unwrap_or("unknown_error");
        Err(Fail::Code(code.to_owned(), None))
    }

    /// Posts to a `response_url`, which takes no token; serves five times within 30 minutes.
    pub(super) async fn respond(&self, url: &str, body: &Value) -> Result<(), Fail> {
        let url = self.ours(url)?;
        let sent = self.web.post(url).json(body).send().await;
        let answer = sent.map_err(|e| {
            let why = "response_url: the connection broke".to_owned();
            if e.is_connect() { Fail::NotSent(why) } else { Fail::Doubt(why) }
        })?;
        match answer.status().as_u16() {
            200..300 => Ok(()),
            429 => Err(Fail::Limited(LIMITED_MS)),
            status @ 500.. => Err(Fail::Doubt(format!("response_url: HTTP {status}"))),
            status => Err(Fail::Code(format!("response_url_{status}"), None)),
        }
    }

    /// Sends a file's bytes to the address that Slack gave for them.
    pub(super) async fn upload(&self, url: &str, bytes: Vec<u8>) -> Result<(), Fail> {
        let url = self.ours(url)?;
        let sent = self.web.post(url).header("content-type", "application/octet-stream").body(bytes).send().await;
        let answer = sent.map_err(|_| Fail::Doubt("upload: the connection broke".into()))?;
        let status = answer.status();
        if answer.content_length().is_some_and(|n| n > BODY_MAX as u64) || !status.is_success() {
            return Err(Fail::Doubt(format!("upload: HTTP {}", status.as_u16())));
        }
        Ok(())
    }

    /// Reads a file that somebody sent, at most `most` bytes of it.
    pub(super) async fn download(&self, url: &str, most: u64) -> Result<Vec<u8>, NoFile> {
        let not_now = |why: &str| NoFile::NotNow(format!("file: {why}"), None);
        let url = self.ours(url).map_err(|fail| NoFile::NotAllowed(fail.why()))?;
        let token = self.bot_token().await.map_err(|fail| fail.no_file())?;
        // Redirects are followed nowhere: the token would go along.
        let asked = self.web.get(url).bearer_auth(token.expose_secret()).send().await;
        let mut answer = asked.map_err(|_| not_now("the connection broke"))?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Err(NoFile::Gone),
            429 => return Err(NoFile::NotNow("ratelimited".into(), Some(LIMITED_MS))),
            // To its page for signing in, where the token is not good for this.
            300..=399 | 401 | 403 => return Err(NoFile::NotAllowed(format!("HTTP {}", answer.status().as_u16()))),
            status => return Err(not_now(&format!("HTTP {status}"))),
        }
        // Slack shows that page with a 200 as well.
        if answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(NoFile::NotAllowed("a page for signing in".into()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| not_now("the connection broke"))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > most {
                return Err(NoFile::TooLarge);
            }
        }
        Ok(bytes)
    }

    /// An address that came from Slack leads to Slack, or to where we call it: nowhere else.
    fn ours(&self, url: &str) -> Result<Url, Fail> {
        let refused = || Fail::Code("an address outside Slack".into(), None);
        let url: Url = url.parse().map_err(|_| refused())?;
        let host = url.host_str().unwrap_or_default();
        let slacks = url.scheme() == "https" && (host == "slack.com" || host.ends_with(".slack.com") || host.ends_with(".slack-gov.com"));
        let same = url.scheme() == self.base.scheme() && self.base.host_str() == Some(host);
        if slacks || same { Ok(url) } else { Err(refused()) }
    }
}

/// Whether an address never leaves this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What an error of slack-morphism means.
fn fail(method: &str, error: &SlackClientError) -> Fail {
    match error {
        SlackClientError::RateLimitError(limit) => {
            let ms = limit.retry_after.and_then(|d| i64::try_from(d.as_millis()).ok());
            Fail::Limited(ms.unwrap_or(LIMITED_MS).max(SECOND_MS))
        }
        SlackClientError::ApiError(api) => {
            let code = brief(&api.code);
            if LIMITS.contains(&code.as_str()) {
                Fail::Limited(LIMITED_MS)
            } else if DOUBTFUL.contains(&code.as_str()) {
                Fail::Doubt(code)
            } else {
                Fail::Code(code, api.http_response_body.as_deref().and_then(needed))
            }
        }
        SlackClientError::HttpError(http) => match http.status_code.as_u16() {
            status @ 500.. => Fail::Doubt(format!("{method}: HTTP {status}")),
            401 | 403 => Fail::Code("invalid_auth".into(), None),
            status => Fail::Code(format!("http_{status}"), None),
        },
        SlackClientError::HttpProtocolError(broken) => {
            let cause = broken.cause.as_ref().and_then(|c| c.downcast_ref::<hyper_util::client::legacy::Error>());
            if cause.is_some_and(hyper_util::client::legacy::Error::is_connect) {
                Fail::NotSent(format!("{method}: no connection to Slack"))
            } else {
                Fail::Doubt(format!("{method}: the connection broke"))
            }
        }
        SlackClientError::ProtocolError(_)
        | SlackClientError::EndOfStream(_)
        | SlackClientError::SystemError(_)
        | SlackClientError::SocketModeProtocolError(_) => Fail::Doubt(format!("{method}: an answer that is not Slack's")),
    }
}

/// A code as Slack writes them; anything else is not passed on.
fn brief(code: &str) -> String {
    let plain = code.len() <= 80 && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'));
    if plain { code.to_owned() } else { "unknown_error".to_owned() }
}

/// The scope that Slack says is missing.
fn needed(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body.get("needed").and_then(Value::as_str).filter(|n| !n.is_empty()).map(brief)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> Fail {
        Fail::Code(code.into(), None)
    }

    #[test]
    fn a_failure_says_what_to_do_next() {
        assert_eq!(Fail::Limited(3_000).outcome(), Outcome::Retry { after_ms: Some(3_000), why: "ratelimited".into(), lane: true });
        assert!(matches!(Fail::Doubt("x".into()).outcome(), Outcome::Unknown { .. }));
        assert!(matches!(Fail::NotSent("x".into()).outcome(), Outcome::Retry { lane: true, .. }));
        assert!(matches!(code("token_revoked").outcome(), Outcome::AuthLost { .. }));
        assert!(matches!(code("channel_not_found").outcome(), Outcome::RoomGone { .. }));
        assert!(matches!(code("cant_update_message").outcome(), Outcome::Refused { .. }));
        assert_eq!(code("thread_not_found").look(), Look::Absent);
        assert!(matches!(code("invalid_auth").look(), Look::Retry { .. }));
        assert!(matches!(code("not_in_channel").look(), Look::Retry { .. }), "it may stand where we cannot read");
    }

    #[test]
    fn what_slack_never_says_is_not_passed_on() {
        assert_eq!(brief("channel_not_found"), "channel_not_found");
        assert_eq!(brief("Ana wrote: my IBAN is ES91…"), "unknown_error");
        assert_eq!(needed(r#"{"needed":"chat:write"}"#).as_deref(), Some("chat:write"));
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let loopback = |u: &str| is_loopback(&u.parse().unwrap());
        assert!(loopback("http://127.0.0.1:9/api") && loopback("http://[::1]:9/") && loopback("http://localhost/"));
        assert!(!loopback("http://10.0.0.1/") && !loopback("http://slack.com/"));
    }
}
