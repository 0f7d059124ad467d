//! Connections: HTTP read and written by hand, so that one can be broken at any byte, and streams.

use super::api::{Ask, Reply, answer, problem};
use super::model::{Fault, Request, State, Stream};
use super::webhooks;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

type Shared = Arc<Mutex<State>>;

/// Serves until told to stop.
pub async fn run(state: Shared, tell: oneshot::Sender<SocketAddr>, mut stop: oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    tell.send(listener.local_addr().unwrap()).unwrap();
    let mut connections = JoinSet::new();
    connections.spawn(webhooks::deliver(state.clone()));
    loop {
        tokio::select! {
            _ = &mut stop => return,
            accepted = listener.accept() => {
                connections.spawn(serve(state.clone(), accepted.unwrap().0));
            }
        }
    }
}

/// One request a connection.
async fn serve(state: Shared, mut socket: TcpStream) {
    let Some(ask) = read(&mut socket).await else { return };
    let asked = webhooks::asks(&state.lock().unwrap(), &ask);
    let valid = match asked {
        Some(url) => webhooks::answers(&url).await,
        None => false,
    };
    let fault = state.lock().unwrap().fault(&ask.method, &ask.path);
    let (method, path, query) = (ask.method.clone(), ask.path.clone(), ask.query.clone());
    let number = {
        let mut state = state.lock().unwrap();
        let body = serde_json::from_slice(&ask.body).ok();
        state.books.requests.push(Request { method, path, query, body, status: 0, fault, answered: false });
        state.books.requests.len() - 1
    };
    if let Some(Fault::Slow { ms }) = fault {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let reply = {
        let mut state = state.lock().unwrap();
        let done = fault.is_none_or(Fault::done);
        let reply = if done { answer(&mut state, &ask, valid) } else { problem(503, "about:blank", "Service Unavailable") };
        let reply = match fault {
            Some(Fault::TooMany { after_s }) => too_many(&state, after_s),
            Some(Fault::Status { code, .. }) => problem(code, "about:blank", "Service Unavailable"),
            _ => reply,
        };
        let request = &mut state.books.requests[number];
        request.status = reply.status;
        request.answered = !matches!(fault, Some(Fault::Drop { .. } | Fault::Hang { .. }));
        reply
    };
    if let Some(Fault::Late { ms }) = fault {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let written = match (fault, &reply.stream) {
        (Some(Fault::Drop { .. }), _) => return,
        (Some(Fault::Hang { .. }), _) => {
            // Until the asker has enough.
            let mut nothing = [0; 64];
            while matches!(socket.read(&mut nothing).await, Ok(n) if n > 0) {}
            return;
        }
        (None, Some(_)) => stream(state, socket, reply).await,
        (fault, _) => write(&mut socket, &reply, fault).await,
    };
    // Whoever hangs up first is not the emulator's concern.
    drop(written);
}

fn too_many(state: &State, after_s: i64) -> Reply {
    let reset = state.now().plus(after_s * 1_000).0.div_euclid(1_000);
    let headers =
        vec![("x-rate-limit-limit", "1".into()), ("x-rate-limit-remaining", "0".into()), ("x-rate-limit-reset", reset.to_string())];
    Reply { headers, ..problem(429, "about:blank", "Too Many Requests") }
}

async fn read(socket: &mut TcpStream) -> Option<Ask> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.trim().to_lowercase(), v.trim().to_owned())).collect();
    let length: usize = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = bytes[head_end + 4..].to_vec();
    while body.len() < length {
        if socket.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Some(Ask { method, path: path.to_owned(), query, headers, body })
}

fn head(reply: &Reply, rest: &str) -> String {
    let own: String = reply.headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    format!("HTTP/1.1 {} X\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n{own}{rest}\r\n", reply.status)
}

async fn write(socket: &mut TcpStream, reply: &Reply, fault: Option<Fault>) -> std::io::Result<()> {
    let body = match fault {
        Some(Fault::Malformed) => "{\"data\":{\"id\":".to_owned(),
        _ => reply.body.to_string(),
    };
    socket.write_all(head(reply, &format!("content-length: {}\r\n", body.len())).as_bytes()).await?;
    let sent = if fault == Some(Fault::HalfAnswer) { body.len() / 2 } else { body.len() };
    socket.write_all(&body.as_bytes()[..sent]).await?;
    socket.shutdown().await
}

/// Lines as they come, and signs of life, until one side has enough.
async fn stream(state: Shared, mut socket: TcpStream, reply: Reply) -> std::io::Result<()> {
    let (out, mut lines) = mpsc::unbounded_channel::<String>();
    let (kind, fields) = reply.stream.clone().unwrap();
    let every = {
        let mut state = state.lock().unwrap();
        state.streams.push(Stream { kind, fields, out });
        Duration::from_millis(state.keep_alive_ms)
    };
    socket.write_all(head(&reply, "transfer-encoding: chunked\r\n").as_bytes()).await?;
    let (mut from, mut to) = socket.split();
    let mut nothing = [0; 64];
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            read = from.read(&mut nothing) => if matches!(read, Ok(0) | Err(_)) { return Ok(()) } else { continue },
            () = tokio::time::sleep(every) => {
                if state.lock().unwrap().stalled { continue }
                Some("\r\n".to_owned())
            }
        };
        let Some(line) = line else { break };
        to.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await?;
    }
    to.write_all(b"0\r\n\r\n").await
}
