//! Whom sereno is measured beside: a loop of plain calls, and a minimal app on Bolt.

use super::emulator::slack::{APP_TOKEN, BOT_TOKEN, TEAM_CHANNEL};
use super::{BURST, Figures, acks, cpu, memory, posted, stands, until, workspace};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Posts a second of a client that does nothing but post, one after the other on one connection.
pub fn raw(runtime: &tokio::runtime::Runtime, card: &Value) -> f64 {
    let slack = workspace(runtime);
    let channel = slack.channel(TEAM_CHANNEL);
    let client = reqwest::Client::new();
    let url = format!("{}/chat.postMessage", slack.api());
    let began = Instant::now();
    runtime.block_on(async {
        for n in 0..BURST {
            let metadata = json!({ "event_type": "raw", "event_payload": { "op": n.to_string() } });
            let body = json!({ "channel": channel, "text": card["text"], "blocks": card["blocks"], "metadata": metadata });
            let sent = client.post(&url).bearer_auth(BOT_TOKEN).json(&body).send().await.expect("an answer");
            let answer: Value = sent.json().await.expect("JSON");
            assert_eq!(answer["ok"], true, "{answer}");
        }
    });
    BURST as f64 / began.elapsed().as_secs_f64()
}

/// The app on Bolt (`tests/real/bolt_bench.js`): `/case` is acked at once and noted in the channel, each line of its input is a
/// mention that it posts; all at once, as its client does by itself. Nothing of it is durable.
pub fn bolt(runtime: &tokio::runtime::Runtime, card: &Value) -> Option<Figures> {
    let folder = std::env::var("SERENO_SLACK_NODE").ok().filter(|f| !f.is_empty())?;
    let slack = workspace(runtime);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/bolt_bench.js");
    let mut child = Command::new("node")
        .arg(script)
        .args([&folder, &slack.url(), BOT_TOKEN, APP_TOKEN, &slack.channel(TEAM_CHANNEL)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("node: {e}"));
    until("Bolt's connection", || (slack.sockets() > 0).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    let pid = child.id();
    let idle_kib = memory(pid, "VmRSS:");
    let (before, spent, began) = (posted(&slack), cpu(pid), Instant::now());
    let mut input = child.stdin.take().expect("its input");
    let line = json!({ "text": card["text"], "blocks": card["blocks"] });
    for _ in 0..BURST {
        writeln!(input, "{line}").expect("it reads");
    }
    let (burst, posting) = stands(&slack, before, began);
    std::thread::sleep(Duration::from_secs(1));
    let (cpu, peak_kib) = (cpu(pid).saturating_sub(spent), memory(pid, "VmHWM:"));
    let acks = acks(&slack, "/case note 1 called the depot");
    child.kill().ok();
    child.wait().ok();
    Some(Figures { acks, burst, posting, cpu, idle_kib, peak_kib })
}
