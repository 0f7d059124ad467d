//! Connections: HTTP read by hand, so that a connection can be broken at any byte, and websockets.

use super::Control;
use super::api::{Ask, Reply, answer, viewer};
use super::faults::{Chances, Fault};
use super::model::{Request, State};
use super::render;
use futures_util::{SinkExt, StreamExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Shared = Arc<Mutex<State>>;

struct Session {
    /// The account of `user`, else none.
    user: Option<u64>,
    channel: String,
    out: mpsc::UnboundedSender<String>,
}

/// An event on its way: the event, its payload, whose streams, which channels.
type Frame = (String, String, Vec<u64>, Vec<String>);

/// The open streams.
#[derive(Default)]
pub struct Streams {
    sessions: Vec<Session>,
    pub stalled: bool,
    pub garbled: bool,
    pub doubled: bool,
    pub reordered: bool,
    pub mute: bool,
    chance: Option<(Chances, ChaCha8Rng)>,
    /// Comes after the next.
    late: Option<Frame>,
    /// How many events met a fault, by name.
    pub done: BTreeMap<&'static str, u64>,
}

impl Streams {
    pub fn kick(&mut self) {
        self.sessions.clear();
    }

    pub fn open(&mut self) -> usize {
        self.sessions.retain(|s| !s.out.is_closed());
        self.sessions.len()
    }

    pub fn raw(&mut self, text: &str) {
        for s in &self.sessions {
            s.out.send(text.to_owned()).ok();
        }
    }

    pub fn by_chance(&mut self, seed: u64, chances: Chances) {
        self.chance = Some((chances, ChaCha8Rng::seed_from_u64(seed ^ 0x57EA)));
        self.flush();
    }

    /// What was late comes now.
    pub fn flush(&mut self) {
        if let Some((event, payload, users, channels)) = self.late.take() {
            self.deliver(&event, &payload, &users, &channels, 1);
        }
    }

    fn drawn(&mut self) -> Option<&'static str> {
        let (c, rng) = self.chance.as_mut()?;
        let mut draw = rng.next_u32() % 1_000;
        let table = [
            (c.stream_lost, "stream-lost"),
            (c.stream_doubled, "stream-doubled"),
            (c.stream_late, "stream-late"),
            (c.stream_garbled, "stream-garbled"),
            (c.stream_broken, "stream-broken"),
        ];
        for (share, name) in table {
            if draw < share {
                *self.done.entry(name).or_default() += 1;
                return Some(name);
            }
            draw -= share;
        }
        None
    }

    pub fn emit(&mut self, event: &str, payload: &str, users: &[u64], channels: &[String]) {
        if self.mute {
            return;
        }
        self.sessions.retain(|s| !s.out.is_closed());
        // What nobody hears can neither be lost nor be late.
        let heard = |s: &Session| s.user.is_some_and(|u| users.contains(&u)) || channels.contains(&s.channel);
        if !self.sessions.iter().any(heard) {
            return;
        }
        let drawn = self.drawn();
        let late = (drawn == Some("stream-late") || self.reordered) && self.late.is_none();
        if late {
            self.late = Some((event.into(), payload.into(), users.to_vec(), channels.to_vec()));
            return;
        }
        if self.garbled || drawn == Some("stream-garbled") {
            self.raw("{\"event\":\"notification\",\"payload\":\"{\\\"id\\\":");
        }
        match drawn {
            Some("stream-lost") => {}
            Some("stream-broken") => self.kick(),
            _ => {
                let times = if self.doubled || drawn == Some("stream-doubled") { 2 } else { 1 };
                self.deliver(event, payload, users, channels, times);
            }
        }
        self.flush();
    }

    fn deliver(&mut self, event: &str, payload: &str, users: &[u64], channels: &[String], times: usize) {
        for s in &self.sessions {
            if s.user.is_some_and(|u| users.contains(&u)) || channels.contains(&s.channel) {
                let stream: Vec<&str> = s.channel.splitn(2, ':').collect();
                let frame = json!({"stream": stream, "event": event, "payload": payload}).to_string();
                for _ in 0..times {
                    s.out.send(frame.clone()).ok();
                }
            }
        }
    }
}

/// Serves until told to stop.
pub async fn run(state: Shared, mut orders: mpsc::UnboundedReceiver<Control>, tell: oneshot::Sender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tell.send(address).unwrap();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            match &listener {
                Some(l) => l.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => match order {
                Some(Control::Down) => {
                    listener = None;
                    connections.shutdown().await;
                    state.lock().unwrap().stream.kick();
                }
                Some(Control::Up) => {
                    if listener.is_none() {
                        listener = Some(TcpListener::bind(address).await.unwrap());
                    }
                }
                Some(Control::Stop) | None => return,
            },
            Ok((stream, _)) = accept => {
                connections.spawn(serve(state.clone(), stream));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

struct Head {
    ask: Ask,
    target: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
}

/// Serves a connection until either side closes it.
async fn serve(state: Shared, mut stream: TcpStream) {
    stream.set_nodelay(true).ok();
    let mut buffer = Vec::new();
    while let Some(head) = read(&mut stream, &mut buffer).await {
        if head.header("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket")) {
            return websocket(state, stream, head).await;
        }
        let (at, fault) = note(&state, &head);
        if let Some(Fault::Slow { ms }) = fault {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let (reply, headers) = perform(&state, &head, at, fault);
        let text = reply.body.to_string();
        let mut out = head_of(reply.code, &headers, text.len());
        match fault {
            Some(Fault::Drop { .. }) => return,
            Some(Fault::Hang { .. }) => return std::future::pending().await,
            Some(Fault::HalfAnswer) => {
                out.push_str(text.get(..text.len() / 2).unwrap_or_default());
                stream.write_all(out.as_bytes()).await.ok();
                return;
            }
            _ => out.push_str(&text),
        }
        if stream.write_all(out.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Takes the request down as it comes; gives where it stands in the books, and the fault that it meets.
fn note(state: &Shared, head: &Head) -> (usize, Option<Fault>) {
    let mut state = state.lock().unwrap();
    let path = format!("/{}", head.ask.path.join("/"));
    let fault = state.faults.next(&head.ask.method, &path);
    let at = state.requests.len();
    state.requests.push(Request {
        n: at as u64 + 1,
        method: head.ask.method.clone(),
        path,
        query: head.ask.query.clone(),
        token: head.ask.token.clone(),
        key: head.ask.key.clone(),
        text: head.ask.body.get("status").and_then(Value::as_str).map(str::to_owned),
        agent: head.header("user-agent").map(str::to_owned),
        fault: fault.map(Fault::name),
        code: None,
    });
    (at, fault)
}

/// Meets a request with its fault, and lets it take effect unless the fault forbids.
fn perform(state: &Shared, head: &Head, at: usize, fault: Option<Fault>) -> (Reply, Vec<(&'static str, String)>) {
    let mut state = state.lock().unwrap();
    let now = state.now();
    let spent = state.budget.as_mut().is_some_and(|b| !b.take(now));
    let mut headers = limits(&state, now);
    let mut reply = if spent {
        Reply { code: 429, body: json!({"error": "Too many requests"}), link: None }
    } else if fault.is_none_or(Fault::done) {
        answer(&mut state, &head.ask)
    } else {
        Reply { code: 500, body: json!({"error": "We're sorry, but something went wrong on our end."}), link: None }
    };
    match fault {
        Some(Fault::TooMany { after_s } | Fault::TooManyByHeader { after_s }) => {
            reply = Reply { code: 429, body: json!({"error": "Too many requests"}), link: None };
            headers = vec![
                ("X-RateLimit-Limit", "300".into()),
                ("X-RateLimit-Remaining", "0".into()),
                ("X-RateLimit-Reset", render::iso(now + after_s * 1_000)),
            ];
            if matches!(fault, Some(Fault::TooMany { .. })) {
                headers.push(("Retry-After", after_s.to_string()));
            }
        }
        Some(Fault::Status { code, after_s, .. }) => {
            reply.code = code;
            reply.body = json!({"error": "something went wrong"});
            headers.extend(after_s.map(|s| ("Retry-After", s.to_string())));
        }
        Some(Fault::NoScope) => {
            reply = Reply { code: 403, body: json!({"error": "This action is outside the authorized scopes"}), link: None }
        }
        Some(Fault::Malformed) => reply.body = Value::String("<html>not the API</html>".into()),
        _ => {}
    }
    headers.extend(reply.link.clone().map(|l| ("Link", l)));
    let answered = !matches!(fault, Some(Fault::Drop { .. } | Fault::Hang { .. }));
    state.requests[at].code = answered.then_some(reply.code);
    (reply, headers)
}

fn limits(state: &State, now: i64) -> Vec<(&'static str, String)> {
    let (all, left, until) = state.budget.as_ref().map_or((300, 299, now + 300_000), |b| (b.all, b.left, b.until));
    vec![("X-RateLimit-Limit", all.to_string()), ("X-RateLimit-Remaining", left.to_string()), ("X-RateLimit-Reset", render::iso(until))]
}

fn head_of(code: u16, headers: &[(&'static str, String)], length: usize) -> String {
    let mut out = format!("HTTP/1.1 {code} .\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    out
}

/// Reads a request; `None`: the other side is gone, or talks no HTTP.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Head> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > 64 * 1024 || stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(':')).map(|(k, v)| (k.to_ascii_lowercase(), v.trim().to_owned())).collect();
    let find = |name: &str| headers.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    let length: usize = find("content-length").and_then(|l| l.parse().ok()).unwrap_or_default();
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = buffer.drain(..length).collect();
    let url = url::Url::parse(&format!("http://x{target}")).ok()?;
    let unescape =
        |s: &str| url::form_urlencoded::parse(format!("x={}", s.replace('+', "%2B")).as_bytes()).next().map(|(_, v)| v.into_owned());
    let query: Vec<(String, String)> = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    let in_query = query.iter().find(|(k, _)| k == "access_token").map(|(_, v)| v.clone());
    let ask = Ask {
        method,
        path: url.path_segments()?.filter(|s| !s.is_empty()).filter_map(unescape).collect(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        token: find("authorization").and_then(|a| a.strip_prefix("Bearer ").map(str::to_owned)).or(in_query),
        key: find("idempotency-key"),
        query,
    };
    Some(Head { ask, target, headers })
}

/// A stream: one channel a socket.
async fn websocket(state: Shared, mut stream: TcpStream, head: Head) {
    let (out, mut events) = mpsc::unbounded_channel();
    {
        let mut state = state.lock().unwrap();
        let n = state.requests.len() as u64 + 1;
        let who = viewer(&state, head.ask.token.as_deref());
        state.requests.push(Request {
            n,
            method: "GET".into(),
            path: format!("/{}", head.ask.path.join("/")),
            query: head.ask.query.clone(),
            token: head.ask.token.clone(),
            key: None,
            text: None,
            agent: head.header("user-agent").map(str::to_owned),
            fault: None,
            code: Some(if who.is_some() { 101 } else { 401 }),
        });
        let name = head.ask.get("stream").unwrap_or_default();
        let channel = head.ask.get("tag").map_or_else(|| name.to_owned(), |tag| format!("{name}:{tag}"));
        let user = who.filter(|_| name == "user");
        if who.is_some() && head.target.starts_with("/api/v1/streaming") {
            state.stream.sessions.push(Session { user, channel, out });
        } else {
            drop(out);
        }
    }
    let key = head.header("sec-websocket-key").unwrap_or_default();
    // The session's sender is gone where the token is not good.
    if events.is_closed() {
        stream.write_all(b"HTTP/1.1 401 .\r\nContent-Length: 0\r\n\r\n").await.ok();
        return;
    }
    let accept = derive_accept_key(key.as_bytes());
    let yes =
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    if stream.write_all(yes.as_bytes()).await.is_err() {
        return;
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    loop {
        let stalled = || state.lock().unwrap().stream.stalled;
        tokio::select! {
            event = events.recv() => match event {
                None => return,
                Some(_) if stalled() => return std::future::pending().await,
                Some(text) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
            },
            message = socket.next() => match message {
                Some(Ok(_)) if stalled() => return std::future::pending().await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            }
        }
    }
}
