//! Health and metrics over HTTP, on a loopback address, if configured.
//!
//! - `GET /health`: 200 while the store takes commits, else 503; how each account fares and how much
//!   is kept that could not be read, as JSON.
//! - `GET /metrics`: figures for Prometheus.

use crate::app::{AccountState, Handle};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

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
pub async fn serve(address: SocketAddr, bot: Arc<Handle>) -> std::io::Result<Server> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(bot);
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "health and metrics are no longer served");
        }
    });
    Ok(Server { address, serving })
}

async fn health(State(bot): State<Arc<Handle>>) -> impl IntoResponse {
    let now = bot.clock().now();
    let mut accounts = Map::new();
    for (account, state) in bot.accounts() {
        let value = match state {
            AccountState::Starting => json!({ "state": "starting" }),
            AccountState::Ok { since } => json!({ "state": "ok", "read_ms_ago": now.since(since).max(0) }),
            AccountState::Failing { since, why } => json!({ "state": "failing", "for_ms": now.since(since).max(0), "why": why }),
        };
        accounts.insert(account.to_string(), value);
    }
    let store = bot.metrics().store_writable();
    let body: Value =
        json!({ "ok": store, "store": if store { "ok" } else { "not writable" }, "parked": bot.metrics().parked(), "accounts": accounts });
    let status = if store { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string())
}

async fn metrics(State(bot): State<Arc<Handle>>) -> impl IntoResponse {
    // The content type that OpenMetrics 1.0 names.
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], bot.metrics().encode())
}
