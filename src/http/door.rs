//! Connections, and what they may take: how many at once, in all and from one address, how long a request's head may take,
//! how long a connection may last. Whoever sends nothing, or a byte now and then, keeps nobody out for long.

use super::tls::Tls;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A request's head, in bytes; hyper wants no less.
const HEAD_MAX: usize = 16 * 1024;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many at once; others wait.
    pub at_once: usize,
    /// How many at once from one address, of IPv6 from one /64; others are turned away.
    pub per_peer: usize,
    /// How long a request's head may take, the handshake before it as well.
    pub head: Duration,
    /// How long a connection may last, its last answer included.
    pub lasts: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { at_once: 32, per_peer: usize::MAX, head: Duration::from_secs(15), lasts: Duration::from_secs(15) }
    }
}

/// Told of each connection that came to nothing, and why.
pub(super) type Turned = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Takes connections for as long as it is awaited, and lets go of all of them when it is dropped.
pub(super) async fn attend(listener: TcpListener, routes: Router, limits: Limits, tls: Option<Arc<Tls>>, turned: Turned) {
    let slots = Arc::new(Semaphore::new(limits.at_once));
    let peers = Arc::new(Peers::default());
    let mut visits = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        while visits.try_join_next().is_some() {}
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection was not taken");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(seat) = Peers::seat(&peers, from.ip(), limits.per_peer) else {
            turned("too_many");
            continue;
        };
        let (routes, turned) = (routes.clone(), Arc::clone(&turned));
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        visits.spawn(async move {
            let _kept = (slot, seat);
            let served = match acceptor {
                None => serve(stream, routes, limits).await,
                Some(acceptor) => match timeout(limits.head, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(stream, routes, limits).await,
                    Ok(Err(_)) => Err("tls"),
                    Err(_) => Err("slow"),
                },
            };
            if let Err(why) = served {
                turned(why);
            }
        });
    }
}

/// One connection, and all requests on it.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, routes: Router, limits: Limits) -> Result<(), &'static str> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(HEAD_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // What is under way may end; nothing more is begun.
        () = sleep(limits.lasts / 2) => {
            connection.as_mut().graceful_shutdown();
            timeout(limits.lasts / 2, connection).await.map_err(|_| "slow")?
        }
    };
    match ended {
        Err(error) if error.is_timeout() => Err("slow"),
        Err(error) if error.is_parse() || error.is_parse_too_large() => Err("no_http"),
        // Whoever asked went away.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whose connection it is: of IPv6 everybody has a whole /64 at least (RFC 6177), whose addresses count as one.
fn peer(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (!0 << 64))),
        four @ IpAddr::V4(_) => four,
    }
}

/// How many connections stand from each address.
#[derive(Default)]
struct Peers(Mutex<BTreeMap<IpAddr, usize>>);

impl Peers {
    fn seat(peers: &Arc<Peers>, from: IpAddr, most: usize) -> Option<Seat> {
        let from = peer(from);
        let mut all = peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = all.entry(from).or_default();
        if *here >= most {
            return None;
        }
        *here += 1;
        Some(Seat { peers: Arc::clone(peers), from })
    }
}

/// One of them.
struct Seat {
    peers: Arc<Peers>,
    from: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = all.get_mut(&self.from) {
            *here -= 1;
            if *here == 0 {
                all.remove(&self.from);
            }
        }
    }
}

/// Listens on an address.
///
/// # Errors
/// It cannot be listened on.
pub(super) async fn listen(address: std::net::SocketAddr) -> io::Result<(TcpListener, std::net::SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_network_are_one_peer() {
        let peers = Arc::new(Peers::default());
        let seat = |from: &str| Peers::seat(&peers, from.parse().unwrap(), 2);
        let (one, two) = (seat("2001:db8:1:2::1"), seat("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(one.is_some() && two.is_some() && seat("2001:db8:1:2:3::").is_none());
        let next_door = seat("2001:db8:1:3::1");
        assert!(next_door.is_some(), "another /64 is another's");
        drop(one);
        assert!(seat("2001:db8:1:2::9").is_some(), "a seat that is left is free");
        // What IPv4 looks like on a socket of both kinds is IPv4 all the same.
        let kept = ["::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"].map(seat);
        assert!(kept.iter().all(Option::is_some) && seat("192.0.2.1").is_none() && seat("192.0.2.2").is_some());
        drop((two, next_door, kept));
        assert!(peers.0.lock().unwrap().is_empty(), "nothing is kept of who left");
    }
}
