//! What the app is told: events, slash commands and interactions; each until it is acked, as often as
//! Slack tries. Events are tried again at once, after a minute and after five; commands and
//! interactions are tried once, and who gave them is told when no ack came within three seconds.

use super::faults::Trouble;
use super::http::Answer;
use super::model::State;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::mpsc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Event,
    Slash,
    Interactive,
}

impl Kind {
    fn envelope(self) -> &'static str {
        match self {
            Kind::Event => "events_api",
            Kind::Slash => "slash_commands",
            Kind::Interactive => "interactive",
        }
    }
}

/// How the app confirmed that it has taken something.
#[derive(Clone, Debug, PartialEq)]
pub struct Ack {
    /// From the first attempt.
    pub latency_ms: i64,
    /// What came with it.
    pub payload: Value,
    /// The connection on which it came; 0: HTTP.
    pub session: u64,
    /// After Slack had stopped to wait.
    pub late: bool,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub at: i64,
    pub envelope: String,
    /// The connection, 0: HTTP.
    pub session: u64,
}

/// Something that the app is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub n: u64,
    pub kind: Kind,
    /// `message`, `/claim`, `block_actions`.
    pub what: String,
    pub payload: Value,
    pub made: i64,
    pub attempts: Vec<Attempt>,
    pub tries: u32,
    /// All acks; more than one where it came twice.
    pub acks: Vec<Ack>,
    pub failed: Option<&'static str>,
    waits: bool,
    why: &'static str,
    spared: bool,
}

/// A request to be sent to the app.
pub struct Job {
    pub n: u64,
    pub url: String,
    pub kind: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// All of them.
#[derive(Default)]
pub struct Deliveries {
    pub all: Vec<Delivery>,
    by_envelope: HashMap<String, u64>,
    pending: BTreeSet<(i64, u64)>,
    /// Comes after the next.
    behind: Option<u64>,
    /// `None`: Socket Mode.
    pub http: Option<String>,
    pub jobs: Option<mpsc::UnboundedSender<Job>>,
    /// Milliseconds to the three tries after the first; of an event.
    pub retries: Option<[i64; 3]>,
    /// Milliseconds in which an ack must come.
    pub patience: Option<i64>,
    /// What is made now waits for [`Deliveries::release`].
    pub held: bool,
    waiting: Vec<u64>,
}

impl Deliveries {
    pub fn get(&self, n: u64) -> &Delivery {
        &self.all[n as usize - 1]
    }

    fn get_mut(&mut self, n: u64) -> &mut Delivery {
        &mut self.all[n as usize - 1]
    }

    pub fn patience(&self) -> i64 {
        self.patience.unwrap_or(3_000)
    }

    pub fn open(&self) -> usize {
        self.pending.len()
    }
}

impl State {
    /// Begins to tell the app something.
    pub fn deliver(&mut self, kind: Kind, what: &str, payload: Value) -> u64 {
        let n = self.deliveries.all.len() as u64 + 1;
        let made = self.now();
        self.deliveries.all.push(Delivery {
            n,
            kind,
            what: what.into(),
            payload,
            made,
            attempts: Vec::new(),
            tries: 0,
            acks: Vec::new(),
            failed: None,
            waits: false,
            why: "",
            spared: false,
        });
        if self.deliveries.held {
            self.deliveries.waiting.push(n);
        } else {
            self.deliveries.pending.insert((made, n));
            self.pump();
        }
        self.touch();
        n
    }

    /// What was held back goes out.
    pub fn release(&mut self) {
        self.deliveries.held = false;
        let now = self.now();
        for n in std::mem::take(&mut self.deliveries.waiting) {
            self.deliveries.pending.insert((now, n));
        }
        if let Some(n) = self.deliveries.behind.take() {
            self.deliveries.pending.insert((now, n));
        }
        self.touch();
    }

    /// The same thing once more, as Slack does when it has lost an ack.
    pub fn again(&mut self, n: u64) {
        let delivery = self.deliveries.get_mut(n);
        delivery.spared = true;
        let envelope = delivery.attempts.last().map(|a| a.envelope.clone());
        self.send(n, envelope);
        self.touch();
    }

    /// Does what is due; the time of the next.
    pub fn pump(&mut self) -> Option<i64> {
        while let Some((due, n)) = self.deliveries.pending.first().copied() {
            if due > self.now() {
                return Some(due);
            }
            self.deliveries.pending.remove(&(due, n));
            if self.deliveries.get(n).waits {
                self.deliveries.get_mut(n).waits = false;
                self.unacked(n, "timeout");
            } else {
                self.attempt(n);
            }
        }
        None
    }

    fn attempt(&mut self, n: u64) {
        let now = self.now();
        let trouble = if self.deliveries.get(n).spared { None } else { self.faults.next_trouble() };
        self.deliveries.get_mut(n).spared = true;
        match trouble {
            Some(Trouble::Late { ms }) => {
                self.deliveries.pending.insert((now + ms, n));
                return;
            }
            Some(Trouble::Behind) if self.deliveries.behind.is_none() => {
                self.deliveries.behind = Some(n);
                return;
            }
            _ => {}
        }
        self.deliveries.get_mut(n).tries += 1;
        let sent = match trouble {
            Some(Trouble::Lost) => self.sockets.cut_one(),
            _ => self.send(n, None),
        };
        match (trouble, sent) {
            (Some(Trouble::Twice), true) => {
                let envelope = self.deliveries.get(n).attempts.last().map(|a| a.envelope.clone());
                self.send(n, envelope);
            }
            (Some(Trouble::Cut), true) => {
                if let Some(session) = self.deliveries.get(n).attempts.last().map(|a| a.session) {
                    self.sockets.cut(session);
                }
            }
            _ => {}
        }
        if sent {
            let until = self.now() + self.deliveries.patience();
            self.deliveries.get_mut(n).waits = true;
            self.deliveries.pending.insert((until, n));
        } else {
            self.unacked(n, "connection_failed");
        }
        if let Some(held) = self.deliveries.behind.take() {
            self.attempt(held);
        }
    }

    /// Puts it on its way; whether there is one.
    fn send(&mut self, n: u64, envelope: Option<String>) -> bool {
        let at = self.now();
        let envelope = match envelope {
            Some(envelope) => envelope,
            None => self.uuid(),
        };
        let delivery = self.deliveries.get(n);
        let (kind, payload, tries, why) = (delivery.kind, delivery.payload.clone(), delivery.tries, delivery.why);
        let session = if let Some(url) = self.deliveries.http.clone() {
            let job = job(n, &url, kind, &payload, tries, why, at / 1_000);
            if self.deliveries.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err()) {
                return false;
            }
            0
        } else {
            let mut frame = json!({
                "envelope_id": envelope, "payload": payload, "type": kind.envelope(), "accepts_response_payload": kind != Kind::Event,
            });
            if kind == Kind::Event {
                frame["retry_attempt"] = json!(tries - 1);
                frame["retry_reason"] = json!(why);
            }
            let Some(session) = self.sockets.send(&frame.to_string()) else { return false };
            session
        };
        self.deliveries.by_envelope.insert(envelope.clone(), n);
        self.deliveries.get_mut(n).attempts.push(Attempt { at, envelope, session });
        true
    }

    /// No ack came, or there was no way to the app.
    fn unacked(&mut self, n: u64, why: &'static str) {
        let (now, retries) = (self.now(), self.deliveries.retries.unwrap_or([0, 60_000, 300_000]));
        let delivery = self.deliveries.get_mut(n);
        if delivery.acks.iter().any(|a| !a.late) {
            return;
        }
        delivery.why = why;
        match (delivery.kind, retries.get((delivery.tries as usize).saturating_sub(1))) {
            (Kind::Event, Some(wait)) => {
                self.deliveries.pending.insert((now + wait, n));
            }
            (Kind::Event, None) => delivery.failed = Some("given-up"),
            (_, _) => {
                delivery.failed = Some(if why == "timeout" { "operation_timeout" } else { "dispatch_failed" });
                if delivery.kind == Kind::Slash {
                    let (failed, payload) = (delivery.failed.unwrap_or_default(), delivery.payload.clone());
                    let word = |key: &str| payload[key].as_str().unwrap_or_default();
                    let said = json!({"text": format!("{} failed with the error \"{failed}\"", word("command"))});
                    self.whisper("slack", word("user_id"), word("channel_id"), None, &said);
                }
            }
        }
        self.touch();
    }

    /// An ack by Socket Mode.
    pub fn acked(&mut self, envelope: &str, payload: Value, session: u64) {
        match self.deliveries.by_envelope.get(envelope).copied() {
            Some(n) => self.taken(n, payload, session),
            None => self.log.strange_acks += 1,
        }
        self.touch();
    }

    fn taken(&mut self, n: u64, payload: Value, session: u64) {
        let now = self.now();
        let delivery = self.deliveries.get_mut(n);
        let since = delivery.attempts.first().map_or(delivery.made, |a| a.at);
        let first = delivery.acks.is_empty();
        let late = delivery.failed.is_some();
        delivery.acks.push(Ack { latency_ms: now - since, payload: payload.clone(), session, late });
        delivery.waits = false;
        self.deliveries.pending.retain(|(_, other)| *other != n);
        if first && !late {
            self.answered(n, &payload);
        }
    }

    /// What the app's own server said to a request.
    pub fn http_done(&mut self, n: u64, answer: Option<Answer>) {
        self.deliveries.get_mut(n).waits = false;
        self.deliveries.pending.retain(|(_, other)| *other != n);
        match answer {
            Some((200..=299, _, body)) => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let payload =
                    serde_json::from_str(&text).unwrap_or_else(|_| if text.is_empty() { Value::Null } else { json!({"text": text}) });
                self.taken(n, payload, 0);
            }
            Some((_, headers, _)) => {
                let stop = headers.iter().any(|(k, v)| k == "x-slack-no-retry" && v == "1");
                if stop {
                    self.deliveries.get_mut(n).tries = 9;
                }
                self.unacked(n, "http_error");
            }
            None => self.unacked(n, "connection_failed"),
        }
        self.touch();
    }
}

/// Signs a request to the app.
pub fn signature(secret: &str, at_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    mac.update(format!("v0:{at_s}:{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    format!("v0={hex}")
}

fn job(n: u64, url: &str, kind: Kind, payload: &Value, tries: u32, why: &str, at_s: i64) -> Job {
    let form = |pairs: Vec<(String, String)>| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let body = match kind {
        Kind::Event => payload.to_string(),
        Kind::Interactive => form(vec![("payload".into(), payload.to_string())]),
        Kind::Slash => form(
            payload
                .as_object()
                .into_iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
                .collect(),
        ),
    };
    let mut headers =
        vec![("X-Slack-Request-Timestamp", at_s.to_string()), ("X-Slack-Signature", signature(super::SIGNING_SECRET, at_s, &body))];
    if kind == Kind::Event && tries > 1 {
        headers.push(("X-Slack-Retry-Num", (tries - 1).to_string()));
        headers.push(("X-Slack-Retry-Reason", if why == "timeout" { "http_timeout".into() } else { why.into() }));
    }
    let kind = if kind == Kind::Event { "application/json" } else { "application/x-www-form-urlencoded" };
    Job { n, url: url.into(), kind, headers, body }
}
