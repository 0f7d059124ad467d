//! HTTP: health and metrics on a loopback address, and webhooks of networks ([`hooks`]), each if configured.
//!
//! - `GET /health`: 200 while all is well, else 503: the store takes no commits, or an account has been
//!   failing for [`crate::policy::FAILING_MS`]; how each account fares and how much is kept that could
//!   not be read, as JSON. To be told of.
//! - `GET /live`: 200 while the engine answers, else 503. To be started anew by: neither a full disk nor
//!   a network that is down is mended by that.
//! - `GET /metrics`: figures for Prometheus.
//!
//! What connections may take is `door`'s business, certificates are [`tls`]'s.

mod door;
pub mod hooks;
pub mod tls;

pub use door::Limits;

use crate::app::{AccountState, Handle};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// An engine that does not answer for so long does not live.
const LIVE_BOUND: Duration = Duration::from_secs(10);

/// Serves until dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Where it listens; a port of 0 has become a real one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves health and metrics of a bot.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(address: SocketAddr, bot: Arc<Handle>, limits: Limits) -> io::Result<Server> {
    let (listener, address) = door::listen(address).await?;
    let routes = Router::new().route("/health", get(health)).route("/live", get(live)).route("/metrics", get(metrics)).with_state(bot);
    let serving = tokio::spawn(door::attend(listener, routes, limits, None, Arc::new(|_| {})));
    Ok(Server { address, serving })
}

async fn live(State(bot): State<Arc<Handle>>) -> impl IntoResponse {
    let answers = timeout(LIVE_BOUND, bot.ask(|_, now| now)).await.is_ok_and(|asked| asked.is_ok());
    if answers { (StatusCode::OK, "alive\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the engine does not answer\n") }
}

async fn health(State(bot): State<Arc<Handle>>) -> impl IntoResponse {
    let now = bot.clock().now();
    let mut accounts = Map::new();
    let mut down = false;
    for (account, state) in bot.accounts() {
        down |= state.is_down(now);
        let value = match state {
            AccountState::Starting => json!({ "state": "starting" }),
            AccountState::Ok { since } => json!({ "state": "ok", "read_ms_ago": now.since(since).max(0) }),
            AccountState::Failing { since, why } => json!({ "state": "failing", "for_ms": now.since(since).max(0), "why": why }),
        };
        accounts.insert(account.to_string(), value);
    }
    let store = bot.metrics().store_writable();
    let ok = store && !down;
    let body: Value =
        json!({ "ok": ok, "store": if store { "ok" } else { "not writable" }, "parked": bot.metrics().parked(), "accounts": accounts });
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string())
}

async fn metrics(State(bot): State<Arc<Handle>>) -> impl IntoResponse {
    // The content type that OpenMetrics 1.0 names.
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], bot.metrics().encode())
}
