//! The binary itself: `run` as a service, and the commands that look into it.

use crate::emulator::mastodon::{BRAND_TOKEN, Emulator, Fault, On};
use serde_json::Value;
use sereno::control::{self, Errand, Request};
use sereno::policy::Lang;
use sereno::store::sled::SledStore;
use sereno::store::{Commit, Counters, Store, export};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer unless it is stuck.
pub const BOUND: Duration = Duration::from_secs(60);

pub fn sereno(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
    command.current_dir(dir).args(args).args(["--lang", "en"]).env_remove("RUST_LOG");
    command
}

pub fn said(dir: &Path, args: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = sereno(dir, args).output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// A port that nobody uses at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn configure(dir: &Path, more: &str) {
    configure_on(dir, "http://127.0.0.1:9", "canary-4711\n", more);
}

/// The same on a server, with a token for it.
fn configure_on(dir: &Path, base_url: &str, token: &str, more: &str) {
    let text = format!(
        "[bot]\nbrand = \"Acme\"\n[store]\nmin_free_mb = 24\n[chat.console]\nformat = \"json\"\n[[account]]\nname = \"acme\"\n\
         network = \"mastodon\"\nbase_url = \"{base_url}\"\ntoken = \"file:token\"\n{more}"
    );
    std::fs::write(dir.join("token"), token).unwrap();
    std::fs::write(dir.join("bot.toml"), text).unwrap();
}

/// A server, on a thread of its own.
fn server() -> Emulator {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(Emulator::start())
}

/// A running bot; killed when dropped.
pub struct Bot {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    log: Option<std::thread::JoinHandle<()>>,
}

impl Bot {
    pub fn start(dir: &Path) -> Bot {
        let mut child = sereno(dir, &["run"])
            // The loudest there is: secrets must not stand even there.
            .env(
                "RUST_LOG",
                "trace,hyper=trace,tungstenite=trace,tungstenite::handshake=trace,tungstenite::handshake::client=trace,hyper::proto=trace",
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tx, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|l| drop(tx.send(l))));
        let mut log = std::fs::File::options().create(true).append(true).open(dir.join("log")).unwrap();
        let err = BufReader::new(child.stderr.take().unwrap());
        let (runs, running) = std::sync::mpsc::channel();
        let log = std::thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                writeln!(log, "{line}").unwrap();
                // By then the control socket is served.
                if line.contains("sereno runs") {
                    runs.send(()).ok();
                }
            }
        });
        let bot = Bot { child, lines, log: Some(log) };
        running
            .recv_timeout(BOUND)
            .unwrap_or_else(|_| panic!("the bot runs; its log: {}", std::fs::read_to_string(dir.join("log")).unwrap_or_default()));
        assert!(dir.join("sereno-data.sock").exists());
        bot
    }
    /// The next JSON line for which this holds; those before it go to `seen`.
    pub fn event(&self, what: &str, seen: &mut Vec<Value>, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let line = self.lines.recv_timeout(BOUND).unwrap_or_else(|_| panic!("in vain: {what}"));
            let value: Value = serde_json::from_str(&line).unwrap();
            seen.push(value.clone());
            if holds(&value) {
                return value;
            }
            assert!(began.elapsed() < BOUND, "in vain: {what}");
        }
    }
    /// The same, unless it has come already: before the answer to what brought it about, say.
    pub fn sooner_or_later(&self, what: &str, seen: &mut Vec<Value>, holds: impl Fn(&Value) -> bool) {
        if !seen.iter().any(&holds) {
            self.event(what, seen, holds);
        }
    }
    /// Types a line and waits for its answer.
    pub fn say(&mut self, id: &str, line: &str, seen: &mut Vec<Value>) -> Value {
        writeln!(self.child.stdin.as_mut().unwrap(), "{}", serde_json::json!({ "id": id, "by": "console", "line": line })).unwrap();
        self.event(line, seen, |v| matches!(v["type"].as_str(), Some("answer" | "error")) && v["id"] == id)
    }
    /// The next line that holds `text`.
    pub fn line(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let line = self.lines.recv_timeout(BOUND).unwrap_or_else(|_| panic!("in vain: {text}"));
            if line.contains(text) {
                return line;
            }
            assert!(began.elapsed() < BOUND, "in vain: {text}");
        }
    }
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
    pub fn ended(&mut self) -> ExitStatus {
        // Its output ends with it.
        let began = Instant::now();
        while self.lines.recv_timeout(BOUND) != Err(std::sync::mpsc::RecvTimeoutError::Disconnected) {
            assert!(began.elapsed() < BOUND, "in vain: the bot ends");
        }
        if let Some(log) = self.log.take() {
            log.join().unwrap();
        }
        self.child.wait().unwrap()
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
    assert_eq!(said(dir, &["parked", "list"]), (true, "Everything that came could be read.\n".into()));
    let (ok, text) = said(dir, &["parked", "drop", "slack:E1"]);
    assert!(!ok && text.contains("slack:E1"), "{text}");
    assert!(!said(dir, &["parked", "drop"]).0, "it is asked which");
    assert!(said(dir, &["parked", "drop", "--all"]).0);
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

/// Whoever asks for an export and does not read it holds nobody up; read at last, it is whole, and as of then.
#[test]
fn an_export_that_nobody_reads_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure(dir, "");
    let store = SledStore::open(&dir.join("sereno-data"), &dir.join("sereno-data.keys")).unwrap();
    for id in 1..=80 {
        // More in all than any pipe or socket takes by itself.
        let mut case = crate::store_sample::case(id, "cleo", "r1");
        case.tags = vec![format!("{id:08}").repeat(10_000)];
        store.commit(Commit { cases: vec![case], ..Commit::default() }).unwrap();
    }
    let seq = store.commit(Commit { counters: Some(Counters { next_case: 81, next_entry: 1 }), ..Commit::default() }).unwrap();
    drop(store);
    let mut bot = Bot::start(dir);
    let request = Request { lang: Lang::En, errand: Errand::Export { file: None } };
    let mut unread = control::call(&dir.join("sereno-data.sock"), &request).unwrap().unwrap();
    assert!(unread.reply.ok, "{}", unread.reply.text);
    let mut seen = Vec::new();
    let paused = bot.say("p1", "pause", &mut seen);
    assert_eq!(paused["type"], "answer", "{paused}");
    let mut lines = String::new();
    unread.rest.read_to_string(&mut lines).unwrap();
    assert!(lines.len() > 6_000_000 && lines.lines().next_back().is_some_and(|l| l.starts_with("{\"footer\"")));
    let header: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(header["header"]["seq"].as_u64().unwrap() >= seq);
    assert!(!lines.contains("\"paused\":{"), "as of when it was asked for");
    std::fs::write(dir.join("taken"), &lines).unwrap();
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    export::import(&dir.join("taken"), &dir.join("second"), &dir.join("second.keys"), None).unwrap();
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
    for nothing in [&["--config", "bot.toml"][..], &["outbox"]] {
        let (ok, told) = said(dir.path(), nothing);
        assert!(!ok && told.starts_with("What is to be done is missing."), "{told}");
    }
}

#[test]
fn a_port_that_is_taken_is_said_and_nothing_breaks() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), &format!("[http]\nlisten = \"{}\"\n", taken.local_addr().unwrap()));
    let output = sereno(dir.path(), &["run"]).stdin(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&taken.local_addr().unwrap().to_string()) && !told.contains("panicked"), "{told}");
}

/// The main job, for real: a complaint on a server becomes a case, its answer is published, a kill
/// and hours of downtime lose and double nothing, and what is private stays private.
#[test]
fn from_a_mention_on_a_server_to_a_private_conversation() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure_on(dir, &server.url(), BRAND_TOKEN, "poll_seconds = 1\n[reply]\nundo_seconds = 1\n");
    let (ok, checked) = said(dir, &["check"]);
    assert!(ok, "{checked}");

    let mut seen = Vec::new();
    let mut bot = Bot::start(dir);
    let complaint = server.customer("ana").post("@shop mi pedido no llega");
    let card = bot.event("a card", &mut seen, |v| v["type"] == "card" && v["post"] == complaint.as_str());
    let case = card["case"].as_u64().unwrap();
    assert_eq!(bot.say("a", &format!("claim {case}"), &mut seen)["ok"], true);
    assert_eq!(bot.say("b", &format!("reply {case} Lo miramos ahora mismo."), &mut seen)["ok"], true);
    let published = |v: &Value| v["type"] == "entry" && v["event"] == "published";
    bot.event("it is published", &mut seen, published);
    assert_eq!(server.books().answers_to(&complaint).len(), 1);

    // Killed, and down while people go on talking.
    bot.signal("-KILL");
    bot.ended();
    let waiting: Vec<String> = (0..45).map(|n| server.customer(&format!("person{n}")).post(&format!("@shop no me llega {n}"))).collect();
    let answer = server.books().answers_to(&complaint)[0].uri.clone();
    let again = server.customer("ana").reply_to(&answer, "@shop sigo esperando");
    let mut bot = Bot::start(dir);
    let joined = |v: &Value| v["type"] == "entry" && v["event"] == "joined" && v["post"] == again.as_str();
    let mut later = Vec::new();
    let cards = |seen: &[Value]| {
        let mut by_post: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
        for card in seen.iter().filter(|v| v["type"] == "card" && v["edit"] == false) {
            by_post.entry(card["post"].as_str().unwrap().into()).or_default().insert(card["op"].as_str().unwrap().into());
        }
        by_post
    };
    while cards(&later).len() < waiting.len() || !later.iter().any(joined) {
        bot.event("what was said meanwhile", &mut later, |_| true);
    }
    assert!(waiting.iter().all(|post| cards(&later)[post].len() == 1), "a post has one card");
    seen.append(&mut later);

    // In private: asked, answered, and never shown in a room that is not private.
    assert_eq!(bot.say("c", &format!("handoff {case}"), &mut seen)["ok"], true);
    bot.event("the handoff is published", &mut seen, published);
    let asked = server.books().by_token(BRAND_TOKEN).last().unwrap().uri.clone();
    server.customer("ana").dm_reply(&asked, "@shop mi tarjeta es canary-4711");
    bot.event("the answer in private", &mut seen, |v| v["event"] == "dm-received");
    assert_eq!(bot.say("d", &format!("history {case}"), &mut seen)["ok"], true);
    assert!(!seen.iter().any(|v| v.to_string().contains("4711")), "private words stand in a room that is not private");

    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    assert!(server.books().doubled().is_empty());
    assert_eq!(server.books().by_token(BRAND_TOKEN).len(), 2);
    let log = std::fs::read_to_string(dir.join("log")).unwrap();
    assert!(log.contains("TRACE") && !log.contains(BRAND_TOKEN), "a secret stands in the log");
    assert!(!log.contains("canary-4711"), "private words stand in the log");
}

/// Two accounts on two servers: each hears its own, each answer leaves from the account that was
/// written to, and one whose server is out of order keeps the other from nothing.
#[test]
fn two_accounts_are_told_apart() {
    let (shop, press) = (server(), server());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let second = format!("[[account]]\nname = \"press\"\nnetwork = \"mastodon\"\nbase_url = \"{}\"\ntoken = \"file:token\"\n", press.url());
    configure_on(dir, &shop.url(), BRAND_TOKEN, &format!("poll_seconds = 1\n{second}poll_seconds = 1\n[reply]\nundo_seconds = 0\n"));

    let mut seen = Vec::new();
    let mut bot = Bot::start(dir);
    // The emulators share a host's name: by their authors alone two posts of theirs are two.
    let lost = shop.customer("ana").post("@shop mi maleta no llega");
    let asked = press.customer("luis").post("@shop ¿cuándo es la rueda de prensa?");
    let case_of = |seen: &[Value], post: &str| {
        let card = seen.iter().find(|v| v["type"] == "card" && v["post"] == post)?;
        Some((card["case"].as_u64()?, card["account"].as_str()?.to_owned()))
    };
    while case_of(&seen, &lost).is_none() || case_of(&seen, &asked).is_none() {
        bot.event("both cards", &mut seen, |v| v["type"] == "card");
    }
    let ((first, of_shop), (second, of_press)) = (case_of(&seen, &lost).unwrap(), case_of(&seen, &asked).unwrap());
    assert_eq!((of_shop.as_str(), of_press.as_str()), ("acme", "press"));

    // The shop's server is out of order; the other answers all the same.
    shop.fault(On::Post, Fault::Status { code: 503, done: false, after_s: Some(2) }, 1);
    assert_eq!(bot.say("a", &format!("reply {first} Lo miramos."), &mut seen)["ok"], true);
    assert_eq!(bot.say("b", &format!("reply {second} El jueves."), &mut seen)["ok"], true);
    let published = |case: u64| move |v: &Value| v["type"] == "entry" && v["event"] == "published" && v["case"] == case;
    bot.sooner_or_later("the one is published", &mut seen, published(second));
    bot.sooner_or_later("so is the other, once its server is well again", &mut seen, published(first));
    for (server, post, words) in [(&shop, &lost, "Lo miramos."), (&press, &asked, "El jueves.")] {
        let (all, books) = (server.books().by_token(BRAND_TOKEN).len(), server.books());
        let answers = books.answers_to(post);
        assert!(all == 1 && answers.len() == 1 && answers[0].text.contains(words), "{answers:?}");
    }
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
}

/// The server took an answer in and never says so: that keeps nobody from stopping the bot, and the
/// next run finds the answer where it stands.
#[test]
fn a_send_without_an_end_does_not_keep_it_from_ending() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure_on(dir, &server.url(), BRAND_TOKEN, "poll_seconds = 1\n[reply]\nundo_seconds = 0\n");

    let mut seen = Vec::new();
    let mut bot = Bot::start(dir);
    let complaint = server.customer("ana").post("@shop mi pedido no llega");
    let card = bot.event("a card", &mut seen, |v| v["type"] == "card");
    server.fault(On::Post, Fault::Hang { done: true }, 1);
    assert_eq!(bot.say("a", &format!("reply {} Lo miramos.", card["case"]), &mut seen)["ok"], true);
    let began = Instant::now();
    while server.books().answers_to(&complaint).is_empty() {
        assert!(began.elapsed() < BOUND, "in vain: the answer stands");
        std::thread::yield_now();
    }
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    let asked = |server: &Emulator| server.books().requests_of("POST", "/statuses").len();
    assert_eq!(asked(&server), 1, "it ended while it waited");

    let mut bot = Bot::start(dir);
    // Its own stream may have told the first run already.
    let began = Instant::now();
    while !bot.say(&format!("b{}", seen.len()), &format!("history {}", card["case"]), &mut seen)["text"]
        .as_str()
        .unwrap()
        .contains("is published")
    {
        assert!(began.elapsed() < BOUND, "in vain: it is found: {seen:?}");
    }
    assert_eq!((asked(&server), server.books().answers_to(&complaint).len()), (1, 1));
}

/// The same name in bot.toml, and another account behind it: nothing goes out in its name before somebody has looked.
#[test]
fn an_account_that_became_another_sends_nothing_by_itself() {
    let server = server();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    configure_on(dir, &server.url(), BRAND_TOKEN, "poll_seconds = 1\n[reply]\nundo_seconds = 0\n[people.console]\nrole = \"lead\"\n");

    let mut seen = Vec::new();
    let mut bot = Bot::start(dir);
    let complaint = server.customer("ana").post("@shop mi pedido no llega");
    let card = bot.event("a card", &mut seen, |v| v["type"] == "card" && v["post"] == complaint.as_str());
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));

    server.issue("press", "of_the_press");
    std::fs::write(dir.join("token"), "of_the_press").unwrap();
    let mut bot = Bot::start(dir);
    let told = bot.event("the team is told", &mut seen, |v| v.to_string().contains("notice-account-renamed"));
    assert!(told.to_string().contains("press") && told.to_string().contains("shop"), "{told}");
    assert_eq!(bot.say("a", &format!("reply {} Lo miramos.", card["case"]), &mut seen)["ok"], true);
    assert_eq!(bot.say("b", "list", &mut seen)["ok"], true);
    assert!(server.books().by_token("of_the_press").is_empty());
    assert_eq!(bot.say("c", "resume", &mut seen)["ok"], true);
    bot.sooner_or_later("it goes out by a person's word", &mut seen, |v| v["type"] == "entry" && v["event"] == "published");
    assert_eq!(server.books().by_token("of_the_press").len(), 1);
}
