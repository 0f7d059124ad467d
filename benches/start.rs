//! The program itself with 100,000 open cases on its disk: from its start to its answer to the first command, and its memory then.

use crate::store::fill;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const CASES: u64 = 100_000;
/// What an operator waits for at most, in seconds.
const GOAL: f64 = 2.0;

/// The console as chat, and a server that refuses connections: starting must not wait for a network.
const CONFIG: &str = r#"
[bot]
brand = "Acme"
[store]
path = "store"
keyring = "keyring"
[[account]]
name = "acme"
network = "mastodon"
base_url = "http://127.0.0.1:9"
token = "env:SERENO_BENCH_TOKEN"
[chat.console]
format = "json"
[people.ana]
role = "lead"
[digest]
enabled = false
"#;

/// Starts it three times.
pub fn run() {
    let home = tempfile::tempdir().expect("made");
    let began = Instant::now();
    drop(fill(home.path(), CASES));
    println!("start: {CASES} cases written in {:.1} s", began.elapsed().as_secs_f64());
    std::fs::write(home.path().join("bot.toml"), CONFIG).expect("written");
    for _ in 0..3 {
        started(home.path());
    }
}

fn started(home: &Path) {
    let began = Instant::now();
    let mut bot = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .args(["run", "--config", "bot.toml"])
        .current_dir(home)
        .env("SERENO_BENCH_TOKEN", "nobody")
        .env("RUST_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("started");
    let mut stdin = bot.stdin.take().expect("piped");
    writeln!(stdin, "{}", json!({ "id": "1", "by": "ana", "verb": "list" })).expect("asked");
    let lines = BufReader::new(bot.stdout.take().expect("piped")).lines();
    let mut lines = lines.map(|l| serde_json::from_str::<Value>(&l.expect("read")).expect("each line is JSON"));
    let answer = lines.find(|l| l["id"] == "1").expect("answered");
    let took = began.elapsed().as_secs_f64();
    let text = answer["text"].as_str().unwrap_or_default().replace([',', '.', '\u{a0}'], "");
    assert!(text.contains(&CASES.to_string()), "its list is of other cases: {answer}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", bot.id())).unwrap_or_default();
    let rss = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("?").trim().to_owned();
    bot.kill().expect("ended");
    bot.wait().expect("ended");
    let goal = if took < GOAL { "met" } else { "MISSED" };
    println!("start: first command answered after {took:.2} s with {CASES} open cases, RSS {rss}  goal {GOAL} s: {goal}");
}
