//! The control socket: how `sereno outbox`, `parked`, `digest`, `export`, `erase` and `check --store` reach
//! a bot that runs.
//!
//! A Unix socket beside the store, mode 0600, for the same user only. A connection carries one
//! request, a line of JSON, and one reply, a line of JSON; behind the reply to an export come the
//! export's own lines. Everything is bounded: the line, how long it may take as a whole to ask and to be
//! answered, how many may be asking and how many are served at once.

use crate::policy::Lang;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The longest request, in bytes.
const MOST_REQUEST: u64 = 64 * 1024;
/// The longest reply, in bytes: an outbox of many thousands of lines.
const MOST_REPLY: u64 = 64 * 1024 * 1024;
/// Requests served at once; others wait.
const AT_ONCE: usize = 4;
/// Connections at once, those that are still asking included; others wait.
const MOST_WAITING: usize = 64;
/// How long whoever connects may take to ask, as a whole.
const ASK_BOUND: Duration = Duration::from_secs(5);
/// How long the bot may take to do what it was asked, and how long a client may take to read the answer
/// as a whole: an export is kept beside the store for as long.
const WORK_BOUND: Duration = Duration::from_secs(300);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The language of the reply's words.
    pub lang: Lang,
    /// What.
    pub errand: Errand,
}

/// What the store or the bot is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Everything that is on its way.
    OutboxList,
    /// A decision about a dead letter or a doubt.
    OutboxDecide {
        /// Which entry.
        entry: u64,
        /// Try again, else give up.
        retry: bool,
    },
    /// What could not be read and is kept.
    ParkedList,
    /// One of it, whole.
    ParkedShow {
        /// The id it came with.
        id: String,
    },
    /// It need not be kept.
    ParkedDrop {
        /// The id it came with; `None`: all of it.
        id: Option<String>,
    },
    /// Every dead letter tried again, but for sends whose fate is in doubt.
    OutboxRetryAll,
    /// The figures of a local day, or of the seven days up to it.
    Digest {
        /// `2026-11-21`; `None`: today.
        day: Option<String>,
        /// The week that ends with it.
        week: bool,
    },
    /// Everything in the store, as JSON lines.
    Export {
        /// To this file, made whole or not at all; `None`: behind the reply.
        file: Option<PathBuf>,
    },
    /// What a case is, before it is erased.
    Describe {
        /// Its number.
        case: u64,
    },
    /// Destroys a case's data beyond recovery.
    Erase {
        /// Its number.
        case: u64,
    },
    /// Reads everything there is and tells what is wrong with it.
    CheckStore,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done and all is well.
    pub ok: bool,
    /// In words of the asked language, lines ended.
    pub text: String,
}

/// Who answers. For an export without a file the stream is written to after the reply.
pub type Answering = dyn Fn(Request, &mut dyn FnMut(Reply) -> std::io::Result<Outlet>) + Send + Sync;

/// Where an answer goes to: a client who has so long to read it, as a whole.
#[derive(Debug)]
pub struct Outlet {
    stream: UnixStream,
    until: Instant,
}

impl Outlet {
    fn new(stream: UnixStream, within: Duration) -> Outlet {
        Outlet { stream, until: Instant::now() + within }
    }

    fn bound(&self) -> std::io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.stream.set_write_timeout(Some(left))
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bound()?;
        self.stream.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// The socket, as long as it is served; taken away when dropped.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.serving.abort();
        std::fs::remove_file(&self.path).ok();
    }
}

/// Serves the socket at `path`. Whoever calls holds the store, so what lies there is a leftover.
///
/// # Errors
/// The socket cannot be made.
pub fn serve(path: &Path, answering: Arc<Answering>) -> std::io::Result<Socket> {
    serve_within(path, answering, ASK_BOUND, WORK_BOUND)
}

fn serve_within(path: &Path, answering: Arc<Answering>, ask: Duration, work: Duration) -> std::io::Result<Socket> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    std::fs::remove_file(&fresh).ok();
    let listener = UnixListener::bind(&fresh)?;
    // Under its real name it stands only once nobody else may use it.
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    let serving = tokio::spawn(accept(listener, answering, ask, work));
    Ok(Socket { path: path.to_owned(), serving })
}

async fn accept(listener: UnixListener, answering: Arc<Answering>, ask: Duration, work: Duration) {
    let (slots, serving) = (Arc::new(Semaphore::new(MOST_WAITING)), Arc::new(Semaphore::new(AT_ONCE)));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the control socket takes nobody");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let me = rustix::process::geteuid().as_raw();
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == me || peer.uid() == 0) {
            continue;
        }
        let (answering, serving) = (Arc::clone(&answering), Arc::clone(&serving));
        tokio::spawn(async move {
            // Only whoever has asked takes the place of one to be served.
            let Ok(Ok((line, stream))) = timeout(ask, hear(stream)).await else {
                tracing::debug!("a control connection did not ask in time");
                return;
            };
            let Ok(place) = serving.acquire_owned().await else { return };
            tokio::task::spawn_blocking(move || {
                if let Err(error) = one(&line, stream, work, &*answering) {
                    tracing::debug!(%error, "a control connection ended early");
                }
                drop((place, slot));
            });
        });
    }
}

/// The line that a client asks by.
async fn hear(mut stream: tokio::net::UnixStream) -> std::io::Result<(Vec<u8>, UnixStream)> {
    let mut line = Vec::new();
    tokio::io::BufReader::new((&mut stream).take(MOST_REQUEST)).read_until(b'\n', &mut line).await?;
    Ok((line, stream.into_std()?))
}

fn one(line: &[u8], stream: UnixStream, work: Duration, answering: &Answering) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    let mut reply = |reply: Reply| {
        // From when there is something to read.
        let mut out = Outlet::new(stream.try_clone()?, work);
        send(&mut out, &reply)?;
        Ok(out)
    };
    match serde_json::from_slice::<Request>(line) {
        Ok(request) => answering(request, &mut reply),
        Err(error) => {
            // Another version of sereno is asking.
            let text = format!("the running sereno does not understand this request: {error}\n");
            reply(Reply { ok: false, text })?;
        }
    }
    Ok(())
}

fn send<T: Serialize>(out: &mut impl Write, value: &T) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// A request under way: the reply, and what comes behind it.
#[derive(Debug)]
pub struct Called {
    /// How it went.
    pub reply: Reply,
    /// An export's lines.
    pub rest: BufReader<UnixStream>,
}

/// Asks the bot that serves `path`; `None`: no bot runs there.
///
/// # Errors
/// One runs, but did not answer.
pub fn call(path: &Path, request: &Request) -> std::io::Result<Option<Called>> {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    let mut stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(e) if matches!(e.kind(), NotFound | ConnectionRefused) => return Ok(None),
        Err(e) => return Err(e),
    };
    stream.set_write_timeout(Some(ASK_BOUND))?;
    stream.set_read_timeout(Some(WORK_BOUND))?;
    send(&mut stream, request)?;
    let mut rest = BufReader::new(stream);
    let mut line = String::new();
    (&mut rest).take(MOST_REPLY).read_line(&mut line)?;
    let reply = serde_json::from_str(&line)?;
    Ok(Some(Called { reply, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering() -> Arc<Answering> {
        Arc::new(|request: Request, reply: &mut dyn FnMut(Reply) -> std::io::Result<Outlet>| {
            let streamed = request.errand == Errand::Export { file: None };
            let mut out = reply(Reply { ok: true, text: format!("{:?}\n", request.errand) }).unwrap();
            if streamed {
                out.write_all(b"one\ntwo\n").unwrap();
            }
        })
    }

    fn ask(path: &Path, errand: Errand) -> Option<(Reply, String)> {
        let mut called = call(path, &Request { lang: Lang::En, errand }).unwrap()?;
        let mut rest = String::new();
        called.rest.read_to_string(&mut rest).unwrap();
        Some((called.reply, rest))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_is_answered_and_an_export_follows_its_reply() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        assert!(ask(&path, Errand::OutboxList).is_none(), "nobody serves yet");
        // What a killed bot left behind is no bot, and is no obstacle.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(ask(&path, Errand::OutboxList).is_none());
        let socket = serve(&path, answering()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let asked = path.clone();
        tokio::task::spawn_blocking(move || {
            let (reply, rest) = ask(&asked, Errand::OutboxDecide { entry: 7, retry: true }).unwrap();
            assert!(reply.ok && reply.text.contains("entry: 7"));
            assert_eq!(rest, "");
            assert_eq!(ask(&asked, Errand::Export { file: None }).unwrap().1, "one\ntwo\n");
        })
        .await
        .unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    /// However many say nothing, or a byte now and then, whoever has something to ask is answered.
    #[tokio::test(flavor = "multi_thread")]
    async fn who_drips_keeps_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let ask_bound = Duration::from_millis(300);
        let _socket = serve_within(&path, answering(), ask_bound, WORK_BOUND).unwrap();
        tokio::task::spawn_blocking(move || {
            let mut dripping: Vec<UnixStream> = (0..2 * MOST_WAITING).map(|_| UnixStream::connect(&path).unwrap()).collect();
            let mut answered = Vec::new();
            for round in 0..3 {
                // Each byte would begin a bound for one piece anew.
                dripping.iter_mut().for_each(|s| drop(s.write(b"{")));
                let began = Instant::now();
                assert!(ask(&path, Errand::OutboxList).unwrap().0.ok, "round {round}");
                answered.push(began.elapsed());
            }
            assert!(answered.iter().all(|t| *t < Duration::from_secs(20)), "{answered:?}");
            // And they are let go of: their connection ends, unanswered.
            for stream in &mut dripping {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let ended = stream.read(&mut [0; 64]);
                assert!(
                    matches!(ended, Ok(0)) || ended.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
                    "{ended:?}"
                );
            }
        })
        .await
        .unwrap();
    }

    /// A client that does not read is given up: an export takes room on the disk.
    #[tokio::test(flavor = "multi_thread")]
    async fn who_does_not_read_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let (tx, rx) = std::sync::mpsc::channel();
        let endless: Arc<Answering> = Arc::new(move |_, reply: &mut dyn FnMut(Reply) -> std::io::Result<Outlet>| {
            let mut out = reply(Reply::default()).unwrap();
            let error = loop {
                if let Err(error) = out.write_all(&[b'x'; 4096]) {
                    break error;
                }
            };
            tx.send(error.kind()).unwrap();
        });
        let _socket = serve_within(&path, endless, ASK_BOUND, Duration::from_millis(300)).unwrap();
        tokio::task::spawn_blocking(move || {
            let mut called = call(&path, &Request { lang: Lang::En, errand: Errand::OutboxList }).unwrap().unwrap();
            // A piece now and then does not prolong it.
            let (began, mut bytes, mut taken) = (Instant::now(), [0; 512], 0);
            let kind = loop {
                taken += called.rest.read(&mut bytes).unwrap_or(0);
                match rx.recv_timeout(Duration::from_millis(20)) {
                    Ok(kind) => break kind,
                    Err(_) => assert!(began.elapsed() < Duration::from_secs(20), "still held"),
                }
            };
            assert!(matches!(kind, std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock), "{kind:?}");
            assert!(taken > 0, "it did read a little");
        })
        .await
        .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_no_request_is_refused_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let _socket = serve(&path, answering()).unwrap();
        let asked = path.clone();
        tokio::task::spawn_blocking(move || {
            let told = |text: &[u8]| {
                let mut stream = UnixStream::connect(&asked).unwrap();
                // The bot may stop reading, and close, before all is written.
                stream.write_all(text).ok();
                stream.shutdown(std::net::Shutdown::Write).ok();
                let mut line = String::new();
                BufReader::new(stream).read_line(&mut line).ok();
                serde_json::from_str::<Reply>(&line).ok()
            };
            assert!(!told(b"gibberish\n").unwrap().ok);
            assert!(!told(b"{\"lang\":\"en\",\"errand\":{\"explode\":{}}}\n").unwrap().ok);
            assert!(told(&vec![b'['; 1 << 20]).is_none_or(|r| !r.ok), "a line without end is not read to its end");
            // And it still serves.
            assert!(ask(&asked, Errand::OutboxList).unwrap().0.ok);
        })
        .await
        .unwrap();
    }
}
