//! Connections, and what is done to them.

use super::api;
use super::control;
use super::delivery::Job;
use super::faults::Fault;
use super::http::{self, Asked, Reply};
use super::model::{Request, State, no};
use super::socket;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub type Shared = Arc<Mutex<State>>;

pub enum Control {
    Down,
    Up,
    Stop,
}

/// Serves until told to stop.
pub async fn run(state: Shared, port: u16, mut orders: mpsc::UnboundedReceiver<Control>, tell: oneshot::Sender<SocketAddr>) {
    let mut listener = Some(TcpListener::bind(("127.0.0.1", port)).await.unwrap());
    let address = listener.as_ref().unwrap().local_addr().unwrap();
    let (jobs, mut work) = mpsc::unbounded_channel();
    {
        let mut state = state.lock().unwrap();
        state.base = format!("http://{address}");
        state.deliveries.jobs = Some(jobs);
    }
    tell.send(address).ok();
    let mut connections = JoinSet::new();
    let mut others = JoinSet::new();
    others.spawn(pump(state.clone()));
    loop {
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => match order {
                Some(Control::Down) => {
                    listener = None;
                    connections.abort_all();
                    state.lock().unwrap().sockets.sessions.clear();
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
            Some(job) = work.recv() => {
                others.spawn(deliver(state.clone(), job));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            Some(_) = others.join_next(), if !others.is_empty() => {}
        }
    }
}

/// Does what is due when it is.
async fn pump(state: Shared) {
    let wake = state.lock().unwrap().wake.clone();
    loop {
        let wait = {
            let mut state = state.lock().unwrap();
            let next = state.pump();
            next.map(|due| Duration::from_millis((due - state.now()).max(1) as u64))
        };
        match wait {
            Some(wait) => tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = wake.notified() => {}
            },
            None => wake.notified().await,
        }
    }
}

/// One request to the app.
async fn deliver(state: Shared, job: Job) {
    let patience = Duration::from_millis(state.lock().unwrap().deliveries.patience() as u64);
    let answer = tokio::time::timeout(patience, http::post(&job.url, job.kind, &job.headers, &job.body)).await;
    // Where it took too long the pump has noticed.
    if let Ok(answer) = answer {
        state.lock().unwrap().http_done(job.n, answer);
    }
}

/// Serves a connection until either side closes it.
async fn serve(state: Shared, mut stream: TcpStream) {
    stream.set_nodelay(true).ok();
    let mut buffer = Vec::new();
    while let Some(asked) = http::read(&mut stream, &mut buffer).await {
        if asked.header("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket")) {
            return socket::serve(state, stream, asked).await;
        }
        let (fault, reply) =
            if asked.path().starts_with("/control/") { (None, control::answer(&state, &asked)) } else { perform(&state, &asked) };
        let mut out = reply.head();
        match fault {
            Some(Fault::Drop { .. }) => return,
            Some(Fault::Hang { .. }) => return std::future::pending().await,
            Some(Fault::HalfAnswer) => {
                let half: String = reply.body.chars().take(reply.body.chars().count() / 2).collect();
                out.push_str(&half);
                stream.write_all(out.as_bytes()).await.ok();
                return;
            }
            _ => out.push_str(&reply.body),
        }
        if stream.write_all(out.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Takes the request down, meets it with its fault, and lets it take effect unless the fault forbids.
fn perform(state: &Shared, asked: &Asked) -> (Option<Fault>, Reply) {
    let mut guard = state.lock().unwrap();
    let state = &mut *guard;
    let path = asked.path();
    let method = match path.strip_prefix("/api/") {
        Some(method) => method.to_owned(),
        None if path.starts_with("/upload/") => "upload".to_owned(),
        None if path.starts_with("/files/") => "download".to_owned(),
        None if path.starts_with("/hooks/") => "response_url".to_owned(),
        None => return (None, Reply::text(404, "no such page")),
    };
    let fault = state.faults.next(&method);
    let arguments = asked.arguments();
    let mut reply = if fault.is_none_or(Fault::done) {
        match method.as_str() {
            "upload" => api::files::upload(state, asked),
            "download" => api::files::download(state, asked),
            "response_url" => api::hooks::respond(state, asked, arguments.clone().unwrap_or_default()),
            _ => api::answer(state, &method, asked, arguments.clone()),
        }
    } else {
        Reply::json(&no("internal_error"))
    };
    match fault {
        Some(Fault::TooMany { after_s }) => reply = api::too_many(after_s),
        Some(Fault::Status { code, .. }) => reply = Reply::text(code, "<html>upstream error</html>"),
        // What Slack does with a token that it does not take for this.
        Some(Fault::Refused(_)) if method == "download" => reply = api::files::sign_in(),
        Some(Fault::Refused(error)) => reply = Reply::json(&no(error)),
        Some(Fault::Malformed) => reply.body = "<html>not the API</html>".into(),
        _ => {}
    }
    *state.log.calls.entry(method.clone()).or_default() += 1;
    if state.keep_requests {
        let answered = !matches!(fault, Some(Fault::Drop { .. } | Fault::Hang { .. }));
        let error = answered.then(|| match serde_json::from_str::<Value>(&reply.body) {
            Ok(body) => body["error"].as_str().unwrap_or_default().to_owned(),
            Err(_) if reply.code == 200 => String::new(),
            Err(_) => reply.code.to_string(),
        });
        let at = state.now();
        let token = asked.bearer().map(str::to_owned);
        state.log.requests.push(Request {
            at,
            method,
            arguments: arguments.unwrap_or_default(),
            token,
            fault: fault.map(Fault::name),
            error,
        });
    }
    state.touch();
    (fault, reply)
}
