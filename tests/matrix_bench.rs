//! `bash tests/real/matrix.sh FOLDER bench`: the real program in a plain room of a real Synapse, beside a bot that is a loop of
//! plain HTTP calls and keeps nothing, on the same homeserver in the same run.
//!
//! Three questions: how long somebody waits from saying a command until what came of it stands in their own client, how fast a
//! burst of mentions stands in the room (both send one message at a time), and what that costs. What sereno says is durable
//! before; what the loop says is not. Nothing is asserted: what is printed are ratios, and whether a goal was met.

#![expect(clippy::unwrap_used, reason = "what stands in the way of measuring ends it")]

#[expect(unused_imports, reason = "written for the tests, which use all of it")]
mod emulator;
mod openapi;
mod specs;

use emulator::mastodon::{BRAND, BRAND_TOKEN, Emulator};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Mentions of the burst.
const BURST: usize = 1_000;
/// Commands that are timed; those before them warm up.
const COMMANDS: usize = 100;
const WARM: usize = 10;
/// How long anything may take before something is wrong.
const BOUND: Duration = Duration::from_secs(300);

/// Somebody at the homeserver, by plain calls.
struct Person {
    web: reqwest::Client,
    hs: String,
    id: String,
    token: String,
    password: String,
    since: String,
    sent: usize,
}

impl Person {
    async fn new(hs: &str, name: &str) -> Person {
        let web = reqwest::Client::new();
        let (name, password) = (format!("bench-{name}-{}", std::process::id()), "a long enough one".to_owned());
        let body = json!({ "username": name, "password": password, "auth": { "type": "m.login.dummy" } });
        let answer: Value = web.post(format!("{hs}/_matrix/client/v3/register")).json(&body).send().await.unwrap().json().await.unwrap();
        let text = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Person { hs: hs.to_owned(), id: text("user_id"), token: text("access_token"), web, password, since: String::new(), sent: 0 }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = self.web.request(method.parse().unwrap(), format!("{}/_matrix/client/v3/{path}", self.hs)).bearer_auth(&self.token);
        let request = if method == "GET" { request } else { request.json(body) };
        request.send().await.unwrap().json().await.unwrap()
    }

    /// What came since the last time: the events of all rooms.
    async fn news(&mut self, wait: Duration) -> Vec<Value> {
        let filter = r#"{"room":{"timeline":{"limit":1000},"ephemeral":{"types":[]}},"presence":{"types":[]}}"#;
        let since = if self.since.is_empty() { String::new() } else { format!("&since={}", self.since) };
        let path = format!(
            "sync?timeout={}{since}&filter={}",
            wait.as_millis(),
            filter.replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
        );
        let answer = self.call("GET", &path, &Value::Null).await;
        self.since = answer["next_batch"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let rooms = answer["rooms"]["join"].as_object().cloned().unwrap_or_default();
        rooms.values().flat_map(|room| room["timeline"]["events"].as_array().cloned().unwrap_or_default()).collect()
    }

    async fn sends(&mut self, room: &str, content: &Value) -> String {
        self.sent += 1;
        let answer = self.call("PUT", &format!("rooms/{}/send/m.room.message/b{}", escaped(room), self.sent), content).await;
        answer["event_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Waits until so many events are such.
    async fn sees(&mut self, what: &str, many: usize, is: impl Fn(&Value) -> bool) -> Vec<(Instant, Value)> {
        let (began, mut seen) = (Instant::now(), Vec::new());
        while seen.len() < many {
            assert!(began.elapsed() < BOUND, "{} of {many} seen: {what}", seen.len());
            let news = self.news(Duration::from_secs(10)).await;
            let now = Instant::now();
            seen.extend(news.into_iter().filter(&is).map(|e| (now, e)));
        }
        seen
    }

    async fn makes_room(&self, with: &str) -> String {
        let body = json!({ "preset": "private_chat", "invite": [with], "power_level_content_override": { "users": { with: 50 } } });
        let made = self.call("POST", "createRoom", &body).await;
        made["room_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }
}

fn escaped(room: &str) -> String {
    room.replace('!', "%21").replace(':', "%3A")
}

fn said(event: &Value, by: &str) -> bool {
    event["sender"] == by && event["type"] == "m.room.message" && event["content"]["m.relates_to"]["rel_type"] != "m.replace"
}

fn middle(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort();
    all[(all.len() * percent / 100).min(all.len() - 1)]
}

/// How long each of many commands takes to be seen done, one after the other.
async fn waits(ana: &mut Person, room: &str, bot: &str, mut command: impl FnMut(usize) -> Value) -> Vec<Duration> {
    let mut all = Vec::new();
    for n in 0..WARM + COMMANDS {
        let mark = format!("number-{n:04}");
        let content = command(n);
        let began = Instant::now();
        ana.sends(room, &content).await;
        ana.sees(&mark, 1, |e| said(e, bot) && e["content"]["body"].as_str().is_some_and(|b| b.contains(&mark))).await;
        all.push(began.elapsed());
    }
    all.split_off(WARM)
}

fn rate(times: usize, took: Duration) -> f64 {
    times as f64 / took.as_secs_f64()
}

/// CPU time of a process so far, by the kernel's books.
fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Behind the name, utime and stime come as the 12th and 13th; a tick is 10 ms (proc_pid_stat(5)).
    Duration::from_millis([11, 12].map(|at| fields[at].parse::<u64>().unwrap()).iter().sum::<u64>() * 10)
}

/// A line of the kernel's status of a process, in MiB.
fn memory(pid: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib: f64 = status.lines().find_map(|l| l.strip_prefix(name)?.split_whitespace().next()?.parse().ok()).unwrap();
    kib / 1_024.0
}

/// The loop: answers each command as soon as it hears it. Returns when nobody asks any more.
async fn raw_bot(mut bot: Person, room: String, mut end: tokio::sync::watch::Receiver<bool>) -> Person {
    loop {
        let news = tokio::select! {
            news = bot.news(Duration::from_secs(10)) => news,
            _ = end.changed() => return bot,
        };
        let me = bot.id.clone();
        for event in news.iter().filter(|e| e["sender"] != me.as_str() && e["type"] == "m.room.message") {
            let asked = event["content"]["body"].as_str().unwrap_or_default();
            let thread = &event["content"]["m.relates_to"];
            let answer = json!({ "msgtype": "m.text", "body": format!("noted: {asked}"), "m.mentions": {}, "m.relates_to": thread });
            bot.sends(&room, &answer).await;
        }
    }
}

struct Raw {
    waits: Vec<Duration>,
    per_second: f64,
}

/// The loop's figures. `card`: what it posts in the burst.
async fn raw(hs: &str, card: &Value) -> Raw {
    let (mut ana, mut bot) = (Person::new(hs, &format!("ana-raw-{}", card.is_null())).await, Person::new(hs, "raw").await);
    let room = ana.makes_room(&bot.id).await;
    bot.call("POST", &format!("join/{}", escaped(&room)), &json!({})).await;
    bot.news(Duration::ZERO).await;
    ana.news(Duration::ZERO).await;
    let root = bot.sends(&room, card).await;
    let me = bot.id.clone();
    ana.news(Duration::ZERO).await;
    let began = Instant::now();
    let posting = async {
        for _ in 0..BURST {
            bot.sends(&room, card).await;
        }
    };
    // Somebody reads along, as in sereno's room: that is work for the homeserver too.
    let ((), _) = tokio::join!(posting, ana.sees("the burst", BURST, |e| said(e, &me)));
    let per_second = rate(BURST, began.elapsed());
    bot.news(Duration::ZERO).await;
    let (stop, end) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(raw_bot(bot, room.clone(), end));
    let waits = waits(&mut ana, &room, &me, |n| in_thread(&root, &format!("!note number-{n:04}"))).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    Raw { waits, per_second }
}

fn in_thread(root: &str, text: &str) -> Value {
    let relation = json!({ "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": { "event_id": root } });
    json!({ "msgtype": "m.text", "body": text, "m.mentions": {}, "m.relates_to": relation })
}

/// The real program, ended when dropped.
struct Sereno {
    child: Child,
    _home: tempfile::TempDir,
}

impl Sereno {
    fn start(bot: &Person, room: &str, ana: &str, square: &str) -> Sereno {
        let home = tempfile::tempdir().unwrap();
        let config = format!(
            "[bot]\nbrand = \"Acme\"\nimport_minutes = 1440\n[store]\npath = \"data\"\nkeyring = \"keys\"\nmin_free_mb = 24\n[digest]\nenabled = false\n\
             [chat.matrix]\nhomeserver = \"{}\"\nuser = \"{}\"\npassword = \"env:BENCH_PASSWORD\"\nroom = \"{room}\"\nposts_per_minute = 60000\n\
             [[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"{square}\"\ntoken = \"env:BENCH_BRAND\"\n\
             [people.\"{ana}\"]\nname = \"Ana\"\nrole = \"lead\"\n",
            bot.hs, bot.id
        );
        std::fs::write(home.path().join("bot.toml"), config).unwrap();
        let log = std::fs::File::create(home.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["run", "--config", "bot.toml"])
            .current_dir(home.path())
            .envs([("BENCH_PASSWORD", bot.password.as_str()), ("BENCH_BRAND", BRAND_TOKEN)])
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Sereno { child, _home: home }
    }
}

impl Drop for Sereno {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[derive(Default)]
struct Figures {
    notes: Vec<Duration>,
    burst: Duration,
    posting: Duration,
    cpu: Duration,
    idle_mib: f64,
    peak_mib: f64,
    card: Value,
}

async fn sereno(hs: &str) -> Figures {
    let (mut ana, bot) = (Person::new(hs, "ana").await, Person::new(hs, "sereno").await);
    let room = ana.makes_room(&bot.id).await;
    let square = Emulator::start().await;
    let customers: Vec<String> = (0..100).map(|n| format!("customer{n}")).collect();
    let text = |n: usize| format!("@{BRAND} my parcel {n} has been under way for three weeks now and nobody answers. Where is it?");
    square.customer("early").post(&text(0));
    ana.news(Duration::ZERO).await;
    let running = Sereno::start(&bot, &room, &ana.id, &square.url());
    let card = |e: &Value| said(e, &bot.id) && e["content"]["m.relates_to"].is_null();
    let first = ana.sees("the first card", 1, card).await;
    let root = first[0].1["event_id"].as_str().unwrap().to_owned();
    let pid = running.child.id();
    // A note that it was given is its rest: nothing of its start is left to do.
    let notes = waits(&mut ana, &room, &bot.id, |n| in_thread(&root, &format!("!note number-{n:04}"))).await;
    let idle_mib = memory(pid, "VmRSS:");
    let (spent, began) = (cpu(pid), Instant::now());
    for n in 1..=BURST {
        square.customer(&customers[n % customers.len()]).post(&text(n));
    }
    let cards = ana.sees("the burst", BURST, card).await;
    let (burst, posting) = (began.elapsed(), cards[0].0.elapsed());
    let (cpu, peak_mib) = (cpu(pid).saturating_sub(spent), memory(pid, "VmHWM:"));
    let mut content = cards[BURST - 1].1["content"].clone();
    content.as_object_mut().unwrap().remove("dev.sereno.op");
    Figures { notes, burst, posting, cpu, idle_mib, peak_mib, card: content }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn goal(what: &str, figure: f64, met: bool) {
    println!("matrix: goal {what}: {figure:.2}, {}", if met { "met" } else { "MISSED" });
}

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let Some(hs) = std::env::var("SERENO_SYNAPSE").ok().filter(|u| !u.is_empty()) else {
        println!("matrix: left out: there is no SERENO_SYNAPSE; `bash tests/real/matrix.sh FOLDER bench` starts a homeserver");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (f, raw) = runtime.block_on(async {
        let f = sereno(&hs).await;
        let raw = raw(&hs, &f.card).await;
        (f, raw)
    });
    let (ours, theirs) = (middle(f.notes.clone(), 50), middle(raw.waits.clone(), 50));
    println!(
        "matrix: sereno: note seen in its thread median {}, p90 {}; burst of {BURST}: {:.1} cards/s ({:.1} from the first on); {:.2} CPU s; at rest {:.1} MiB, at most {:.1} MiB",
        ms(ours),
        ms(middle(f.notes.clone(), 90)),
        rate(BURST, f.burst),
        rate(BURST, f.posting),
        f.cpu.as_secs_f64(),
        f.idle_mib,
        f.peak_mib
    );
    println!("matrix: raw loop: the same seen median {}, p90 {}; {:.1} cards/s", ms(theirs), ms(middle(raw.waits, 90)), raw.per_second);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    goal("one at a time, p50 ≤ 1.10 × the raw loop", ratio, ratio <= 1.10);
    let ratio = rate(BURST, f.burst) / raw.per_second;
    goal("burst ≥ 0.95 × the raw loop", ratio, ratio >= 0.95);
    goal("memory ≤ 40 MiB", f.peak_mib, f.peak_mib <= 40.0);
    let cpu = f.cpu.as_secs_f64() * 1_000.0 / BURST as f64;
    goal("CPU s per 1,000 ≤ 0.3", cpu, cpu <= 0.3);
}
