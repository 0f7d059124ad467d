//! Health and metrics over HTTP, on a loopback address, if configured.
//!
//! - `GET /health`: 200 while all is well, else 503: the store takes no commits, or an account has been
//!   failing for [`crate::policy::FAILING_MS`]; how each account fares and how much is kept that could
//!   not be read, as JSON. To be told of.
//! - `GET /live`: 200 while the engine answers, else 503. To be started anew by: neither a full disk nor
//!   a network that is down is mended by that.
//! - `GET /metrics`: figures for Prometheus.
//!
//! A connection lives for seconds and there are few at once, so that whoever sends nothing, or a byte
//! now and then, keeps nobody out for long.

use crate::app::{AccountState, Handle};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};
use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};

/// An engine that does not answer for so long does not live.
const LIVE_BOUND: Duration = Duration::from_secs(10);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many at once; others wait.
    pub at_once: usize,
    /// How long one may last, its answer included.
    pub lasts: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { at_once: 32, lasts: Duration::from_secs(15) }
    }
}

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
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let listener = Door { listener, slots: Arc::new(Semaphore::new(limits.at_once)), lasts: limits.lasts };
    let routes = Router::new().route("/health", get(health)).route("/live", get(live)).route("/metrics", get(metrics)).with_state(bot);
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "health and metrics are no longer served");
        }
    });
    Ok(Server { address, serving })
}

/// Lets in so many at once.
struct Door {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    lasts: Duration,
}

impl axum::serve::Listener for Door {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        loop {
            let slot = Arc::clone(&self.slots).acquire_owned().await;
            match (slot, self.listener.accept().await) {
                (Ok(slot), Ok((stream, from))) => return (Visit { stream, over: Box::pin(sleep(self.lasts)), _slot: slot }, from),
                (_, Err(error)) => {
                    tracing::debug!(%error, "a connection for health and metrics was not taken");
                    sleep(Duration::from_millis(100)).await;
                }
                // The semaphore is never closed.
                (Err(_), Ok(_)) => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that is over at its time, whatever it is at.
struct Visit {
    stream: TcpStream,
    over: Pin<Box<Sleep>>,
    _slot: OwnedSemaphorePermit,
}

impl Visit {
    fn lasts(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.over.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Visit {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.lasts(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.lasts(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lasts(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
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
