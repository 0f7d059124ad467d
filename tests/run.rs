//! The binary itself: `run` as a service, and the commands that look into it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer unless it is stuck.
const BOUND: Duration = Duration::from_secs(30);

fn sereno(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.current_dir(dir).args(args).args(["--lang", "en"]).env_remove("RUST_LOG");
    command
}

fn said(dir: &Path, args: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = sereno(dir, args).output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// A port that nobody uses at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configure(dir: &Path, more: &str) {
    let text = format!(
        "[bot]\nbrand = \"Acme\"\n[store]\nmin_free_mb = 1\n[chat.console]\nformat = \"json\"\n[[account]]\nname = \"acme\"\n\
         network = \"mastodon\"\nbase_url = \"http://127.0.0.1:9\"\ntoken = \"file:token\"\n{more}"
    );
    std::fs::write(dir.join("token"), "canary-4711\n").unwrap();
    std::fs::write(dir.join("bot.toml"), text).unwrap();
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < BOUND, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running bot; killed when dropped.
struct Bot {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Bot {
    fn start(dir: &Path) -> Bot {
        let mut child = sereno(dir, &["run"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tx, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|l| drop(tx.send(l))));
        let bot = Bot { child, lines };
        until("the control socket", || dir.join("sereno-data.sock").exists());
        bot
    }
    /// The next line that holds `text`.
    fn line(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let line = self.lines.recv_timeout(BOUND).unwrap_or_else(|_| panic!("in vain: {text}"));
            if line.contains(text) {
                return line;
            }
            assert!(began.elapsed() < BOUND, "in vain: {text}");
        }
    }
    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the bot ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_service_is_looked_into_reloaded_and_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let port = free_port();
    configure(dir, &format!("[http]\nlisten = \"127.0.0.1:{port}\"\n"));
    let mut bot = Bot::start(dir);

    let mode = std::fs::metadata(dir.join("sereno-data.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // All of these need the store, which the bot holds: the answers come from the bot.
    assert!(said(dir, &["outbox", "list"]).0);
    assert!(!said(dir, &["outbox", "drop", "7"]).0);
    assert!(said(dir, &["digest", "--week"]).1.contains("Digest"));
    assert!(!said(dir, &["digest", "--day", "tomorrow"]).0);
    assert!(said(dir, &["export", "out.jsonl"]).0);
    let (ok, exported) = said(dir, &["export", "-"]);
    assert!(ok && exported.lines().last().unwrap().starts_with("{\"footer\""), "{exported}");
    assert!(!said(dir, &["erase", "1", "--yes"]).0);
    let (_, checked) = said(dir, &["check", "--store", "--offline"]);
    assert!(checked.contains("ok account.acme") && checked.contains("ok store"), "{checked}");
    // A second bot must not start on the same store.
    assert!(!sereno(dir, &["run"]).stdin(Stdio::null()).output().unwrap().status.success());

    let get = |path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    let health = get("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("\"store\":\"ok\"") && health.contains("\"acme\""), "{health}");
    let metrics = get("/metrics");
    assert!(metrics.contains("sereno_commits_total") && metrics.contains("sereno_store_writable 1"), "{metrics}");

    configure(dir, "[reply]\nundo_seconds = 30\n");
    bot.signal("-HUP");
    assert!(bot.line("alarm").contains("[http]"), "the address takes a restart");
    configure(dir, "[reply]\nundo_secs = 30\n");
    bot.signal("-HUP");
    assert!(bot.line("alarm").contains("undo_secs"));
    writeln!(bot.child.stdin.as_mut().unwrap(), "{{\"id\":\"1\",\"by\":\"console\",\"line\":\"list\"}}").unwrap();
    assert!(bot.line("\"answer\"").contains("\"id\":\"1\""));

    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    assert!(!dir.join("sereno-data.sock").exists());
    // And now without it: the store is free, the same answers.
    configure(dir, "");
    assert!(said(dir, &["outbox", "list"]).0);
    std::fs::rename(dir.join("sereno-data"), dir.join("old")).unwrap();
    std::fs::rename(dir.join("sereno-data.keys"), dir.join("old.keys")).unwrap();
    std::fs::remove_file(dir.join("sereno-data.seq")).unwrap();
    assert!(!said(dir, &["outbox", "list"]).0, "to look into a store must not make one");
    assert!(!dir.join("sereno-data").exists());
    let (ok, imported) = said(dir, &["import", "out.jsonl"]);
    assert!(ok, "{imported}");
    assert!(said(dir, &["check", "--store", "--offline"]).0);
    let log = std::fs::read_to_string(dir.join("log")).unwrap();
    assert!(!log.contains("4711"), "a secret stands in the log");
}

#[test]
fn the_end_of_its_input_ends_the_bot() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "");
    let mut bot = Bot::start(dir.path());
    drop(bot.child.stdin.take());
    assert_eq!(bot.ended().code(), Some(0));
}

#[test]
fn what_cannot_be_used_is_said_with_its_own_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let code = |args: &[&str]| sereno(dir.path(), args).stdin(Stdio::null()).output().unwrap().status.code();
    assert_eq!(code(&["run"]), Some(2));
    configure(dir.path(), "[bott]\n");
    assert_eq!(code(&["check"]), Some(2));
    configure(dir.path(), "");
    std::fs::remove_file(dir.path().join("token")).unwrap();
    assert_eq!(code(&["run"]), Some(1));
    assert_eq!(code(&["check", "--offline"]), Some(1));
    assert_eq!(code(&["erase", "x"]), Some(2));
}
