//! Addresses that X sends to: asked before they are believed, and signed what is sent there.

use super::CONSUMER;
use super::api::{Ask, Reply, one, problem};
use super::model::State;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// An address.
pub struct Webhook {
    pub id: String,
    pub url: String,
    pub valid: bool,
}

/// Something that is told: by the stream, or where a webhook is named there.
pub struct Subscription {
    pub id: String,
    pub kind: String,
    pub user: String,
    pub tag: String,
    pub webhook: Option<String>,
}

/// A body on its way to an address.
pub struct Parcel {
    url: String,
    body: String,
}

impl State {
    /// Whoever subscribed to something hears of it.
    pub fn told(&mut self, kind: &str, account: &str, line: &Value) {
        let times = self.times();
        let of = |s: &&Subscription| s.kind == kind && s.user == account;
        if self.subscriptions.iter().filter(of).any(|s| s.webhook.is_none()) {
            for stream in self.streams.iter().filter(|s| s.kind == "activity") {
                for _ in 0..times {
                    stream.out.send(format!("{line}\r\n")).ok();
                }
            }
        }
        for id in self.subscriptions.iter().filter(of).filter_map(|s| s.webhook.as_deref()) {
            let address = self.webhooks.iter().find(|w| w.id == id && w.valid).map(|w| w.url.clone());
            if let (Some(url), Some(parcels)) = (address, &self.parcels) {
                for _ in 0..times {
                    parcels.send(Parcel { url: url.clone(), body: line.to_string() }).ok();
                }
            }
        }
    }
}

fn sealed(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(CONSUMER.1.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("sha256={}", BASE64.encode(&mac.finalize().into_bytes()))
}

/// X wants a certificate that everybody trusts; a test has none.
fn client() -> reqwest::Client {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap()
}

/// Sends what is to be sent.
pub async fn deliver(state: Arc<Mutex<State>>) {
    let (out, mut parcels) = mpsc::unbounded_channel();
    state.lock().unwrap().parcels = Some(out);
    let client = client();
    while let Some(Parcel { url, body }) = parcels.recv().await {
        let request = client.post(url).header("x-twitter-webhooks-signature", sealed(&body)).body(body);
        let answered = request.send().await.map_or(0, |answer| answer.status().as_u16());
        state.lock().unwrap().books.delivered.push(answered);
    }
}

/// The address that a request would have X ask, where it would.
pub fn asks(state: &State, ask: &Ask) -> Option<String> {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("POST", "/2/webhooks") => {
            let body: Value = serde_json::from_slice(&ask.body).ok()?;
            Some(body["url"].as_str()?.to_owned())
        }
        ("PUT", path) => {
            let id = path.strip_prefix("/2/webhooks/")?;
            state.webhooks.iter().find(|w| w.id == id).map(|w| w.url.clone())
        }
        _ => None,
    }
}

/// Whether an address knows the secret.
pub async fn answers(url: &str) -> bool {
    let question = "crc-7f3a";
    let asked = async {
        let answer = client().get(format!("{url}?crc_token={question}")).send().await.ok()?;
        let told: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        Some(told["response_token"] == sealed(question))
    };
    asked.await.unwrap_or(false)
}

/// `valid`: whether the address that this is about answered.
pub fn webhooks(state: &mut State, ask: &Ask, parts: &[&str], valid: bool) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", []) => {
            let all: Vec<Value> = state.webhooks.iter().map(shown).collect();
            Reply::of(200, json!({"data": all, "meta": {"result_count": all.len()}}))
        }
        ("POST", []) => {
            let body: Value = serde_json::from_slice(&ask.body).unwrap();
            if !valid {
                return problem(400, "invalid-request", "CrcValidationFailed");
            }
            let webhook = Webhook { id: state.id(), url: body["url"].as_str().unwrap().into(), valid };
            let data = shown(&webhook);
            state.webhooks.push(webhook);
            Reply::of(200, json!({ "data": data }))
        }
        ("PUT", [id]) => match state.webhooks.iter_mut().find(|w| w.id == *id) {
            Some(known) => {
                known.valid = valid;
                Reply::of(200, json!({"data": {"valid": valid}}))
            }
            None => problem(404, "resource-not-found", "no such webhook"),
        },
        _ => problem(404, "about:blank", "Not Found"),
    }
}

fn shown(webhook: &Webhook) -> Value {
    json!({"id": webhook.id, "url": webhook.url, "valid": webhook.valid, "created_at": "2026-11-22T10:00:00.000Z"})
}

pub fn subscriptions(state: &mut State, ask: &Ask, parts: &[&str]) -> Reply {
    match (ask.method.as_str(), parts) {
        ("GET", []) => {
            // A page is smaller than X's, so that there is a next one.
            let from: usize =
                one(ask, "pagination_token").and_then(|t| t.trim_start_matches("next-page-of-subs").parse().ok()).unwrap_or(0);
            let page: Vec<Value> = state.subscriptions.iter().skip(from).take(3).map(subscription).collect();
            let mut body = json!({"data": page, "meta": {"total_subscriptions": state.subscriptions.len()}});
            if state.subscriptions.len() > from + 3 {
                body["meta"]["next_token"] = json!(format!("next-page-of-subs{}", from + 3));
            }
            Reply::of(200, body)
        }
        ("POST", []) => {
            let body: Value = serde_json::from_slice(&ask.body).unwrap();
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let (kind, user) = (text(&body["event_type"]), text(&body["filter"]["user_id"]));
            if state.subscriptions.iter().any(|s| s.kind == kind && s.user == user) {
                return problem(400, "invalid-request", "DuplicateSubscriptionFailed: Requested subscription already exists");
            }
            let webhook = body["webhook_id"].as_str().map(Into::into);
            let made = Subscription { id: state.id(), kind, user, tag: text(&body["tag"]), webhook };
            let shown = subscription(&made);
            state.subscriptions.push(made);
            Reply::of(200, json!({"data": {"subscription": shown}}))
        }
        ("DELETE", [id]) => {
            let before = state.subscriptions.len();
            state.subscriptions.retain(|s| s.id != *id);
            Reply::of(200, json!({"data": {"deleted": state.subscriptions.len() < before}}))
        }
        _ => problem(404, "about:blank", "Not Found"),
    }
}

fn subscription(s: &Subscription) -> Value {
    let mut shown = json!({
        "subscription_id": s.id, "event_type": s.kind, "filter": {"user_id": s.user},
        "created_at": "2026-11-22T10:00:00.000Z", "updated_at": "2026-11-22T10:00:00.000Z",
    });
    if !s.tag.is_empty() {
        shown["tag"] = json!(s.tag);
    }
    if let Some(id) = &s.webhook {
        shown["webhook_id"] = json!(id);
    }
    shown
}
