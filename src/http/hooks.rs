//! Webhooks of the networks, at `/hook/<account>`: bounded in size and time, judged by the account, and answered with 200 only
//! after the commit; with 503 where that takes too long, so that the network sends it again.

use super::Server;
use super::door::{self, Limits};
use super::tls::{self, Tls};
use crate::app::{Handle, Hooked};
use crate::network::Knock;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Where and how webhooks are served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address.
    pub address: SocketAddr,
    /// The certificate and its key; `None`: a reverse proxy has them.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How often it is looked whether those files are new.
    pub look: Duration,
    /// What connections may take.
    pub limits: Limits,
    /// The longest body, in bytes.
    pub body_max: usize,
    /// How long a body may take.
    pub body: Duration,
    /// By when a request is answered, whatever stands.
    pub answer: Duration,
}

impl Settings {
    /// The usual settings. `tls`: `None` behind a reverse proxy, from where all connections come.
    #[must_use]
    pub fn new(address: SocketAddr, tls: Option<(PathBuf, PathBuf)>) -> Settings {
        let seconds = Duration::from_secs;
        let per_peer = if tls.is_some() { 16 } else { usize::MAX };
        let limits = Limits { at_once: 256, per_peer, head: seconds(5), lasts: seconds(60) };
        // X gives ten seconds, the others more.
        Settings { address, tls, look: tls::LOOK, limits, body_max: 1024 * 1024, body: seconds(5), answer: seconds(8) }
    }
}

struct Desk {
    bot: Arc<Handle>,
    settings: Settings,
}

/// Serves the webhooks of a bot's accounts.
///
/// # Errors
/// The address cannot be listened on, or the certificate cannot be used.
pub async fn serve(settings: Settings, bot: Arc<Handle>) -> io::Result<Server> {
    let tls = match &settings.tls {
        Some((cert, key)) => Some(Arc::new(Tls::open(cert, key).map_err(io::Error::other)?)),
        None => None,
    };
    let (listener, address) = door::listen(settings.address).await?;
    let (limits, look) = (settings.limits, settings.look);
    let turned = {
        let bot = Arc::clone(&bot);
        Arc::new(move |why: &'static str| bot.metrics().turned_away(why))
    };
    let desk = Arc::new(Desk { bot, settings });
    let routes = Router::new().route("/hook/{account}", any(receive)).fallback(nowhere).with_state(desk);
    let attending = door::attend(listener, routes, limits, tls.clone(), turned);
    let serving = tokio::spawn(async move {
        match tls {
            Some(tls) => drop(tokio::join!(attending, tls.renew(look))),
            None => attending.await,
        }
    });
    Ok(Server { address, serving })
}

async fn nowhere(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.bot.metrics().hooked(None, Hooked::Nowhere.name());
    StatusCode::NOT_FOUND
}

async fn receive(State(desk): State<Arc<Desk>>, Path(account): Path<String>, request: Request) -> Response {
    let by = Instant::now() + desk.settings.answer;
    let body_by = Instant::now() + desk.settings.body;
    let (head, body) = request.into_parts();
    // Labels are of accounts that there are: whoever asks for others makes none.
    let known = desk.bot.accounts().into_keys().find(|a| a.0 == account);
    let counted = |what: &'static str, status: StatusCode| {
        desk.bot.metrics().hooked(known.as_ref(), what);
        status.into_response()
    };
    if !desk.bot.serves_webhook(&account) {
        return counted(Hooked::Nowhere.name(), StatusCode::NOT_FOUND);
    }
    let body = match timeout_at(body_by, read(body, &head.headers, desk.settings.body_max)).await {
        Ok(Ok(body)) => body,
        Ok(Err(status)) => return counted(if status == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "broken" }, status),
        Err(_) => return counted("slow", StatusCode::REQUEST_TIMEOUT),
    };
    // To look is to read: a HEAD comes as a GET does, and gets no more than that.
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let knock = Knock { method: &method, query: head.uri.query().unwrap_or_default(), headers: &head.headers, body: &body };
    let hooked = timeout_at(by, desk.bot.hook(&account, &knock)).await.unwrap_or(Hooked::Later);
    let status = match &hooked {
        Hooked::Nowhere => StatusCode::NOT_FOUND,
        Hooked::Refused => StatusCode::FORBIDDEN,
        Hooked::Later => StatusCode::SERVICE_UNAVAILABLE,
        Hooked::Challenge(_) | Hooked::Taken | Hooked::Again | Hooked::Kept => StatusCode::OK,
    };
    let answer = counted(hooked.name(), status);
    match hooked {
        Hooked::Challenge(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        _ => answer,
    }
}

/// The whole body. What says of itself that it is too long is not begun with.
async fn read(body: Body, headers: &axum::http::HeaderMap, most: usize) -> Result<axum::body::Bytes, StatusCode> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if said.is_some_and(|said| said > most) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    to_bytes(body, most).await.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("length limit"));
        if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })
}
