//! Socket Mode: up to ten connections, each envelope to any one of them.

use super::http::Asked;
use super::model::APP;
use super::server::Shared;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What a connection is told to do.
pub enum Frame {
    Text(String),
    /// A close frame, after so many milliseconds.
    Close(u64),
    /// Broken off.
    Cut,
    /// Stays open and says nothing any more, not even to a ping.
    Dead,
}

pub struct Session {
    pub id: u64,
    out: mpsc::UnboundedSender<Frame>,
}

/// The open connections.
#[derive(Default)]
pub struct Sockets {
    pub sessions: Vec<Session>,
    pub tickets: BTreeSet<String>,
    next: usize,
    /// How many were ever opened.
    pub opened: u64,
    /// So many connections to come are told `too_many_websockets`.
    pub refuse: u32,
    /// Socket Mode is switched off.
    pub disabled: bool,
    /// The most that stood at once.
    pub most: usize,
    /// Connections to come say nothing, not even hello.
    pub born_dead: bool,
}

impl Sockets {
    fn open(&mut self) -> usize {
        self.sessions.retain(|s| !s.out.is_closed());
        self.sessions.len()
    }

    pub fn count(&mut self) -> usize {
        self.open()
    }

    /// Sends to any one connection; which.
    pub fn send(&mut self, text: &str) -> Option<u64> {
        let open = self.open();
        // Not in turn: an app must not count on an order.
        self.next = self.next.wrapping_mul(31).wrapping_add(7);
        let session = self.sessions.get(self.next % open.max(1))?;
        session.out.send(Frame::Text(text.to_owned())).ok().map(|()| session.id)
    }

    pub fn tell_all(&mut self, mut frame: impl FnMut() -> Frame) {
        for session in &self.sessions {
            session.out.send(frame()).ok();
        }
    }

    /// A frame upon which the connections end.
    pub fn disconnect(&mut self, reason: &str, grace_ms: u64) {
        let text = disconnect(reason);
        self.tell_all(|| Frame::Text(text.clone()));
        self.tell_all(|| Frame::Close(grace_ms));
    }

    pub fn cut(&mut self, id: u64) {
        if let Some(at) = self.sessions.iter().position(|s| s.id == id) {
            self.sessions.remove(at).out.send(Frame::Cut).ok();
        }
    }

    pub fn cut_one(&mut self) -> bool {
        self.open();
        let id = self.sessions.first().map(|s| s.id);
        id.inspect(|id| self.cut(*id)).is_some()
    }
}

fn disconnect(reason: &str) -> String {
    json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "wss-primary-emulated"}}).to_string()
}

/// Serves a connection from its request to its end.
pub async fn serve(state: Shared, mut stream: TcpStream, asked: Asked) {
    let ticket = asked.query().into_iter().find(|(k, _)| k == "ticket").map(|(_, v)| v).unwrap_or_default();
    let (out, mut frames) = mpsc::unbounded_channel();
    let key = asked.header("sec-websocket-key").unwrap_or_default();
    let valid = state.lock().unwrap().sockets.tickets.remove(&ticket);
    if !valid {
        stream.write_all(b"HTTP/1.1 404 .\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.ok();
        return;
    }
    let accept = derive_accept_key(key.as_bytes());
    let yes =
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    if stream.write_all(yes.as_bytes()).await.is_err() {
        return;
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let (id, refused) = {
        let mut state = state.lock().unwrap();
        let sockets = &mut state.sockets;
        let open = sockets.open();
        let refused = if sockets.disabled {
            Some("link_disabled")
        } else if sockets.refuse > 0 || open >= 10 {
            sockets.refuse = sockets.refuse.saturating_sub(1);
            Some("too_many_websockets")
        } else {
            None
        };
        sockets.opened += 1;
        let id = sockets.opened;
        if refused.is_none() {
            if sockets.born_dead {
                out.send(Frame::Dead).ok();
            }
            let hello = json!({
                "type": "hello", "num_connections": open + 1,
                "debug_info": {"host": "wss-primary-emulated", "build_number": 12, "approximate_connection_time": 18_060},
                "connection_info": {"app_id": APP},
            });
            out.send(Frame::Text(hello.to_string())).ok();
            sockets.sessions.push(Session { id, out: out.clone() });
            sockets.most = sockets.most.max(open + 1);
        }
        state.touch();
        (id, refused)
    };
    drop(out);
    if let Some(reason) = refused {
        socket.send(Message::text(disconnect(reason))).await.ok();
        socket.close(None).await.ok();
        return;
    }
    let end = talk(&state, &mut socket, id, &mut frames).await;
    if end != End::Over {
        let mut stream = socket.into_inner();
        // What was sent before arrives: dropped with something unread the connection would take it along.
        if end == End::Cut {
            stream.shutdown().await.ok();
        }
        // Notices only that the other side has gone.
        let mut dust = [0; 1024];
        while stream.read(&mut dust).await.is_ok_and(|n| n > 0) {}
    }
    let mut state = state.lock().unwrap();
    state.sockets.sessions.retain(|s| s.id != id);
    state.touch();
}

/// How a connection goes on when nothing more is said on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has ended.
    Over,
    /// It is to play dead.
    Dead,
    /// It breaks: what the other side says is not heard any more.
    Cut,
}

/// Until either side ends it.
async fn talk(state: &Shared, socket: &mut WebSocketStream<TcpStream>, id: u64, frames: &mut mpsc::UnboundedReceiver<Frame>) -> End {
    let mut pings = tokio::time::interval(Duration::from_secs(5));
    let mut closes: Option<tokio::time::Instant> = None;
    loop {
        let until = closes.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_secs(3_600));
        tokio::select! {
            biased;
            frame = frames.recv() => match frame {
                None | Some(Frame::Cut) => return End::Cut,
                Some(Frame::Dead) => return End::Dead,
                Some(Frame::Close(ms)) => closes = Some(tokio::time::Instant::now() + Duration::from_millis(ms)),
                Some(Frame::Text(text)) => {
                    if socket.send(Message::text(text)).await.is_err() {
                        return End::Over;
                    }
                }
            },
            () = tokio::time::sleep_until(until) => {
                socket.close(None).await.ok();
                return End::Over;
            }
            _ = pings.tick() => {
                if socket.send(Message::Ping("Ping from wss-primary-emulated".into())).await.is_err() {
                    return End::Over;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => heard(state, id, &text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Over,
                Some(Ok(_)) => {}
            }
        }
    }
}

/// What the app says on a connection: acks.
fn heard(state: &Shared, id: u64, text: &str) {
    let Ok(mut said) = serde_json::from_str::<Value>(text) else { return };
    let payload = said["payload"].take();
    let mut state = state.lock().unwrap();
    match said["envelope_id"].as_str() {
        Some(envelope) => state.acked(envelope, payload, id),
        None => state.log.strange_acks += 1,
    }
}
