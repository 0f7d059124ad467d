//! Slack's events over HTTP, for those who cannot use Socket Mode: one address for events,
//! interactivity and slash commands, `POST /slack/events`.
//!
//! A request is read only if Slack signed it within the last five minutes. It is answered with 200
//! only after the commit; with 503 where that takes too long, and Slack brings it again.

use super::HttpEvents;
use super::inbound::Hearing;
use super::wire::Kind;
use crate::clock::{MINUTE_MS, Time};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The longest request, in bytes.
const BODY_MAX: usize = 1024 * 1024;
/// A signature holds so long, in milliseconds, whichever way the clocks differ.
/// Source: docs.slack.dev/authentication/verifying-requests-from-slack.
const SIGNED_MS: i64 = 5 * MINUTE_MS;
/// The work itself watches the clock; this is for what it did not foresee.
const GRACE: Duration = Duration::from_millis(300);

struct Door {
    hearing: Arc<Hearing>,
    secret: SecretString,
}

/// Serves for as long as it is awaited.
pub(super) async fn run(hearing: &Arc<Hearing>, http: &HttpEvents) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(http.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening for Slack's events");
    let door = Arc::new(Door { hearing: Arc::clone(hearing), secret: http.signing_secret.clone() });
    let routes = Router::new().route("/slack/events", post(receive)).layer(DefaultBodyLimit::max(BODY_MAX)).with_state(door);
    hearing.reached.store(true, Ordering::Release);
    hearing.gap.notify_one();
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn receive(State(door): State<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let now = door.hearing.shared.settings.clock.now();
    if !is_signed(&door.secret, text("x-slack-request-timestamp"), text("x-slack-signature"), &body, now) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(raw) = std::str::from_utf8(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let is_form = text("content-type").starts_with("application/x-www-form-urlencoded");
    let acked = match if is_form { form(raw) } else { event(raw) } {
        Read::Payload(kind, payload) => door.hearing.take(kind, &payload, raw),
        Read::Challenge(challenge) => return answer(&json!({ "challenge": challenge })),
        Read::Nothing => return StatusCode::OK.into_response(),
        Read::Odd(why) => door.hearing.take_unread(raw, why),
    };
    match tokio::time::timeout(door.hearing.shared.settings.pace.ack_by + GRACE, acked).await {
        Ok(Ok(taken)) => {
            // As far as can be known here.
            taken.heard.map(|heard| heard.send(()));
            taken.answer.map_or_else(|| StatusCode::OK.into_response(), |payload| answer(&payload))
        }
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

/// What a request brings.
enum Read {
    Payload(Kind, Value),
    /// Slack asks whether this address is ours.
    Challenge(String),
    Nothing,
    Odd(&'static str),
}

fn event(raw: &str) -> Read {
    let Ok(payload) = serde_json::from_str::<Value>(raw) else { return Read::Odd("a request that is no JSON") };
    match payload.get("type").and_then(Value::as_str) {
        Some("url_verification") => Read::Challenge(payload.get("challenge").and_then(Value::as_str).unwrap_or_default().to_owned()),
        _ => Read::Payload(Kind::Event, payload),
    }
}

fn form(raw: &str) -> Read {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
        fields.insert(name.into_owned(), Value::String(value.into_owned()));
    }
    if fields.contains_key("ssl_check") {
        return Read::Nothing;
    }
    match fields.get("payload").and_then(Value::as_str) {
        Some(payload) => match serde_json::from_str(payload) {
            Ok(payload) => Read::Payload(Kind::Interactive, payload),
            Err(_) => Read::Odd("a payload that is no JSON"),
        },
        None => Read::Payload(Kind::Slash, Value::Object(fields)),
    }
}

/// Whether Slack signed these very bytes lately. Compared in constant time.
fn is_signed(secret: &SecretString, timestamp: &str, signature: &str, body: &[u8], now: Time) -> bool {
    let Ok(seconds) = timestamp.parse::<i64>() else { return false };
    let at = Time(seconds.saturating_mul(1_000));
    if now.since(at).saturating_abs() > SIGNED_MS {
        return false;
    }
    let Some(given) = signature.strip_prefix("v0=").and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing {
    use super::*;

    /// Nobody here knows how to sign.
    pub(crate) fn request(at: &str, signature: &str, body: &[u8]) {
        let secret = SecretString::from("8f742231b10e8888abcd99yyyzzz85a5");
        let now = at.parse::<i64>().map_or(Time(0), |s| Time(s.saturating_mul(1_000)));
        assert!(!is_signed(&secret, at, signature, body, now), "nobody signed this");
    }

    /// A body, as JSON and as a form: what is handed on.
    pub(crate) fn payloads(raw: &str) -> Vec<(Kind, Value)> {
        let handed_on = |read| match read {
            Read::Payload(kind, payload) => Some((kind, payload)),
            Read::Challenge(challenge) => {
                assert!(challenge.len() <= raw.len());
                None
            }
            Read::Nothing | Read::Odd(_) => None,
        };
        [event(raw), form(raw)].into_iter().filter_map(handed_on).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of docs.slack.dev/authentication/verifying-requests-from-slack.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn signed(timestamp: &str, signature: &str, body: &str, now_s: i64) -> bool {
        is_signed(&SECRET.to_owned().into(), timestamp, signature, body.as_bytes(), Time(now_s * 1_000))
    }

    #[test]
    fn slacks_own_example_holds_and_nothing_else_does() {
        let at = AT.parse::<i64>().unwrap();
        assert!(signed(AT, SIGNATURE, BODY, at) && signed(AT, SIGNATURE, BODY, at + 299));
        assert!(!signed(AT, SIGNATURE, BODY, at + 301), "too old");
        assert!(!signed(AT, SIGNATURE, BODY, at - 301), "from the future");
        assert!(!signed(AT, SIGNATURE, &format!("{BODY}x"), at));
        assert!(!signed("1531420619", SIGNATURE, BODY, at));
        for odd in ["", "v0=", "v0=zz", "v1=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"] {
            assert!(!signed(AT, odd, BODY, at), "{odd}");
        }
    }

    #[test]
    fn a_form_is_a_command_or_an_interaction() {
        assert!(matches!(form(BODY), Read::Payload(Kind::Slash, p) if p["command"] == "/webhook-collect"));
        assert!(
            matches!(form("payload=%7B%22type%22%3A%22block_actions%22%7D"), Read::Payload(Kind::Interactive, p) if p["type"] == "block_actions")
        );
        assert!(matches!(form("ssl_check=1&token=x"), Read::Nothing));
        assert!(matches!(form("payload=%7B"), Read::Odd(_)));
        assert!(matches!(event(r#"{"type":"url_verification","challenge":"abc"}"#), Read::Challenge(c) if c == "abc"));
        assert!(matches!(event("{"), Read::Odd(_)));
    }
}
