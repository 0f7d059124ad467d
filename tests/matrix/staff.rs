//! People on a real homeserver: accounts by HTTP, and a client of others that encrypts.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// By when anything is expected.
const BOUND: Duration = Duration::from_secs(90);
/// Names of accounts are used once.
static NAMES: AtomicU64 = AtomicU64::new(1);

/// The address in a variable; `None`, said aloud: no server was started.
pub fn server(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|u| !u.is_empty());
    if found.is_none() {
        crate::skipped::skipped(&format!("there is no {variable}; `tests/real/matrix.sh` starts a homeserver and runs this"));
    }
    found
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    pub hs: String,
    pub id: String,
    pub password: String,
    pub token: String,
}

impl Account {
    /// A new one.
    pub async fn new(hs: &str, name: &str) -> Account {
        let name = format!("{name}{}-{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        let password = "a long enough one".to_owned();
        let body = json!({ "username": name, "password": password, "auth": { "type": "m.login.dummy" } });
        let url = format!("{hs}/_matrix/client/v3/register");
        let answer: Value = reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap();
        let text = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Account { hs: hs.to_owned(), id: text("user_id"), password, token: text("access_token") }
    }

    /// The name of its homeserver.
    pub fn server(&self) -> &str {
        self.id.split_once(':').unwrap().1
    }

    /// Calls the client-server API.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/_matrix/client/v3/{path}", self.hs);
        let request = reqwest::Client::new().request(method.parse().unwrap(), url).bearer_auth(&self.token);
        let request = if method == "GET" { request } else { request.json(&body) };
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Waits until what it hears of its rooms, told by `found`, is there: each sync holds what came since the one before.
    pub async fn hears(&self, what: &str, mut found: impl FnMut(&Value) -> bool) {
        let filter = escaped(&json!({ "room": { "timeline": { "limit": 1000 } } }).to_string());
        let (began, mut since) = (Instant::now(), String::new());
        loop {
            let news = self.call("GET", &format!("sync?timeout=10000&filter={filter}{since}"), Value::Null).await;
            if found(&news) {
                return;
            }
            assert!(began.elapsed() < BOUND, "{} waited in vain for {what}", self.id);
            since = format!("&since={}", news["next_batch"].as_str().unwrap_or_else(|| panic!("{news}")));
        }
    }

    /// Waits for an event in a room that it is in.
    pub async fn hears_of(&self, room: &str, event: &str) {
        let is = |news: &Value| {
            let timeline = news["rooms"]["join"][room]["timeline"]["events"].as_array();
            timeline.is_some_and(|events| events.iter().any(|e| e["event_id"] == event))
        };
        self.hears(event, is).await;
    }

    /// Comes into a room of another homeserver's, once it was invited.
    pub async fn accepts(&self, room: &str, via: &str) {
        self.hears("an invitation", |news| news["rooms"]["invite"][room].is_object()).await;
        let answer = self.call("POST", &format!("join/{}?server_name={}", escaped(room), escaped(via)), json!({})).await;
        assert!(answer["room_id"].is_string(), "{} cannot come into the room: {answer}", self.id);
    }
}

/// As a part of an address.
pub fn escaped(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    part.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

struct Heard {
    events: Vec<Value>,
    done: Vec<Value>,
    ready: bool,
}

/// Somebody at a client of others.
pub struct Staff {
    pub id: String,
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    heard: Arc<Mutex<Heard>>,
    /// Told of each line.
    news: watch::Receiver<()>,
    next: AtomicU64,
    _folder: tempfile::TempDir,
}

impl Drop for Staff {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        child.kill().ok();
        child.wait().ok();
    }
}

impl Staff {
    /// Signs in.
    pub async fn new(account: &Account) -> Staff {
        let folder = tempfile::tempdir().unwrap();
        let nio = std::env::var("SERENO_NIO").expect("tests/real/matrix.sh names the client");
        let mut words = nio.split_whitespace();
        let mut child = Command::new(words.next().unwrap())
            .args(words)
            .args([&account.hs, &account.id, &account.password])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let heard = Arc::new(Mutex::new(Heard { events: Vec::new(), done: Vec::new(), ready: false }));
        let (out, into) = (child.stdout.take().unwrap(), Arc::clone(&heard));
        let (tell, news) = watch::channel(());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { return };
                let Ok(said) = serde_json::from_str::<Value>(&line) else { continue };
                let mut heard = into.lock().unwrap();
                if said.get("event").is_some() {
                    heard.events.push(said["event"].clone());
                } else if said.get("done").is_some() {
                    heard.done.push(said);
                } else {
                    heard.ready = true;
                }
                drop(heard);
                tell.send(()).ok();
            }
        });
        let input = child.stdin.take().unwrap();
        let staff = Staff {
            id: account.id.clone(),
            child: Mutex::new(child),
            input: Mutex::new(input),
            heard,
            news,
            next: AtomicU64::new(1),
            _folder: folder,
        };
        staff.wait("the client to sign in", |h| h.ready.then_some(())).await;
        staff
    }

    async fn wait<T>(&self, what: &str, mut found: impl FnMut(&Heard) -> Option<T>) -> T {
        let mut news = self.news.clone();
        let until = Instant::now() + BOUND;
        loop {
            news.mark_unchanged();
            if let Some(found) = found(&self.heard.lock().unwrap()) {
                return found;
            }
            // The client ended, or nothing comes.
            if !matches!(tokio::time::timeout_at(until.into(), news.changed()).await, Ok(Ok(()))) {
                panic!("{} waited in vain for {what}; heard:\n{}", self.id, self.sight());
            }
        }
    }

    /// Has something done; its answer.
    pub async fn does(&self, order: Value) -> Value {
        let what = order.to_string();
        let n = self.orders(order);
        let done = self.wait(&what, |h| h.done.iter().find(|d| d["done"] == json!(n)).cloned()).await;
        assert!(done.get("error").is_none(), "{what}: {done}");
        done
    }

    /// Has something done, after all before it; the order's number.
    pub fn orders(&self, mut order: Value) -> u64 {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        order["n"] = json!(n);
        writeln!(self.input.lock().unwrap(), "{order}").unwrap();
        n
    }

    /// What came of an order, once it is done.
    pub fn outcome(&self, order: u64) -> Option<Value> {
        self.heard.lock().unwrap().done.iter().find(|d| d["done"] == json!(order)).cloned()
    }

    /// What was heard, from the `n`-th event on.
    pub fn since(&self, n: usize) -> Vec<Value> {
        self.heard.lock().unwrap().events.iter().skip(n).cloned().collect()
    }

    /// Says a text, in a thread where one is named; its event's id.
    pub async fn says(&self, room: &str, thread: Option<&str>, text: &str) -> String {
        let mut content = json!({ "msgtype": "m.text", "body": text, "m.mentions": {} });
        if let Some(root) = thread {
            content["m.relates_to"] =
                json!({ "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": { "event_id": root } });
        }
        self.sends(room, "m.room.message", content).await
    }

    /// Sends an event; its id.
    pub async fn sends(&self, room: &str, kind: &str, content: Value) -> String {
        let done = self.does(json!({ "do": "say", "room": room, "type": kind, "content": content })).await;
        done["event_id"].as_str().unwrap().to_owned()
    }

    /// Reacts; the reaction's id.
    pub async fn reacts(&self, room: &str, target: &str, key: &str) -> String {
        self.sends(room, "m.reaction", json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": target, "key": key } })).await
    }

    /// Everything heard so far.
    pub fn events(&self) -> Vec<Value> {
        self.heard.lock().unwrap().events.clone()
    }

    /// Waits until something among the events is found.
    pub async fn until<T>(&self, what: &str, mut found: impl FnMut(&[Value]) -> Option<T>) -> T {
        self.wait(what, |h| found(&h.events)).await
    }

    /// What no run may end with, by what was heard of the bot.
    pub fn judges(&self, bot: &str) {
        assert_eq!(self.wrong(bot), [""; 0], "\n{}", self.sight());
    }

    /// Something said twice, a message that does not say whom it mentions, one that others cannot read.
    pub fn wrong(&self, bot: &str) -> Vec<String> {
        let events = self.events();
        let mut wrong = Vec::new();
        let mut ops: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for event in events.iter().filter(|e| e["sender"] == bot && e.get("state_key").is_none()) {
            if event["sealed"] == json!(true) {
                wrong.push(format!("nobody can read {event}"));
            }
            if event["type"] != "m.room.message" {
                continue;
            }
            let content = &event["content"];
            match content["dev.sereno.op"].as_str() {
                // A change that is made twice shows once.
                Some(_) if content["m.relates_to"]["rel_type"] == "m.replace" => {}
                Some(op) => drop(ops.entry(op.to_owned()).or_default().insert(event["event_id"].to_string())),
                // An alarm stands behind nothing.
                None if content["body"].as_str().is_some_and(|b| b.starts_with('🚨')) => {}
                None => wrong.push(format!("no operation: {event}")),
            }
            if !content["m.mentions"].is_object() {
                wrong.push(format!("it does not say whom it mentions: {event}"));
            }
        }
        wrong.extend(ops.iter().filter(|(_, ids)| ids.len() > 1).map(|(op, ids)| format!("{op} stands more than once: {ids:?}")));
        wrong
    }

    /// What was heard, to be read by people.
    pub fn sight(&self) -> String {
        let Ok(heard) = self.heard.try_lock() else { return "(busy)".into() };
        let line = |e: &Value| {
            let sealed = if e["sealed"] == json!(true) { " SEALED" } else { "" };
            format!(
                "{} {} {}{sealed} {}",
                e["event_id"].as_str().unwrap_or("?"),
                e["sender"].as_str().unwrap_or("?"),
                e["type"],
                e["content"]["body"]
            )
        };
        heard.events.iter().filter(|e| e.get("state_key").is_none()).map(line).collect::<Vec<_>>().join("\n")
    }
}
