//! The control socket: how `sereno outbox`, `digest`, `export`, `erase` and `check --store` reach
//! a bot that runs.
//!
//! A Unix socket beside the store, mode 0600, for the same user only. A connection carries one
//! request, a line of JSON, and one reply, a line of JSON; behind the reply to an export come the
//! export's own lines. Everything is bounded: the line, the time, and how many at once.

use crate::policy::Lang;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;

/// The longest request, in bytes.
const MOST_REQUEST: u64 = 64 * 1024;
/// The longest reply, in bytes: an outbox of many thousands of lines.
const MOST_REPLY: u64 = 64 * 1024 * 1024;
/// Requests served at once; others wait.
const AT_ONCE: usize = 4;
/// How long whoever connects may take to ask.
const ASK_BOUND: Duration = Duration::from_secs(5);
/// How long a client may take to read a piece, and how long the bot may take to do what it was asked.
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
pub type Answering = dyn Fn(Request, &mut dyn FnMut(Reply) -> std::io::Result<UnixStream>) + Send + Sync;

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
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    std::fs::remove_file(&fresh).ok();
    let listener = UnixListener::bind(&fresh)?;
    // Under its real name it stands only once nobody else may use it.
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    let serving = tokio::spawn(accept(listener, answering));
    Ok(Socket { path: path.to_owned(), serving })
}

async fn accept(listener: UnixListener, answering: Arc<Answering>) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
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
        let answering = Arc::clone(&answering);
        let Ok(stream) = stream.into_std() else { continue };
        tokio::task::spawn_blocking(move || {
            if let Err(error) = one(stream, &*answering) {
                tracing::debug!(%error, "a control connection ended early");
            }
            drop(slot);
        });
    }
}

fn one(stream: UnixStream, answering: &Answering) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(ASK_BOUND))?;
    stream.set_write_timeout(Some(WORK_BOUND))?;
    let mut line = String::new();
    BufReader::new((&stream).take(MOST_REQUEST)).read_line(&mut line)?;
    let mut reply = |reply: Reply| {
        let mut out = stream.try_clone()?;
        send(&mut out, &reply)?;
        Ok(out)
    };
    match serde_json::from_str::<Request>(&line) {
        Ok(request) => answering(request, &mut reply),
        Err(error) => {
            // Another version of sereno is asking.
            let text = format!("the running sereno does not understand this request: {error}\n");
            reply(Reply { ok: false, text })?;
        }
    }
    Ok(())
}

fn send<T: Serialize>(out: &mut UnixStream, value: &T) -> std::io::Result<()> {
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
        Arc::new(|request: Request, reply: &mut dyn FnMut(Reply) -> std::io::Result<UnixStream>| {
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
