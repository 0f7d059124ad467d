//! `cargo bench --profile dist --no-default-features --features slack --bench slack`: the real program in Slack beside a
//! minimal app on Bolt and beside a loop of plain calls, each in an emulated workspace of its own.
//!
//! Three questions, with every limit of Slack's off: how long a command waits for its ack, how fast a
//! burst of mentions stands in the channel, and what that costs. What sereno acks is durable; what Bolt
//! acks is not: so the cost of one fsync is measured beside them. `SERENO_SLACK_NODE` names a folder with
//! `@slack/bolt` in its node_modules (`tests/real/slack-bench.sh` makes one); without it Bolt is left out,
//! and that is said. Nothing is asserted: what is printed are ratios, and whether a goal was met.

#![expect(clippy::unwrap_used, reason = "what stands in the way of measuring ends it")]

#[expect(unused_imports, reason = "written for the tests, which use all of it")]
mod emulator;
mod openapi;
#[path = "slack_bench/rivals.rs"]
mod rivals;
mod specs;

use emulator::mastodon::{BRAND, BRAND_TOKEN, Emulator};
use emulator::slack::{APP_TOKEN, BOT_TOKEN, Slack, TEAM_CHANNEL};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Mentions of the burst.
const BURST: usize = 1_000;
/// Commands that are timed; those before them warm up.
const COMMANDS: usize = 500;
const WARM: usize = 50;
/// How long anything may take before something is wrong.
const BOUND: Duration = Duration::from_secs(120);

/// What was measured of one contender.
#[derive(Debug, Default)]
pub struct Figures {
    /// Command in, ack out: each, sorted.
    acks: Vec<Duration>,
    /// From the first mention's moment to the last post.
    burst: Duration,
    /// From the first post to the last.
    posting: Duration,
    /// CPU time that the burst took.
    cpu: Duration,
    /// Memory while it had nothing to do, in KiB.
    idle_kib: u64,
    /// The most of it, in KiB.
    peak_kib: u64,
}

impl Figures {
    fn ack(&self, percent: usize) -> Duration {
        self.acks.get((self.acks.len() * percent / 100).min(self.acks.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn per_second(&self) -> f64 {
        BURST as f64 / self.burst.as_secs_f64()
    }
}

/// A workspace without limits.
pub fn workspace(runtime: &tokio::runtime::Runtime) -> Slack {
    let slack = runtime.block_on(Slack::start());
    slack.unlimited();
    slack
}

/// Looks again and again until something shows; as finely as a timer can.
pub fn until<T>(what: &str, mut shows: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + BOUND;
    loop {
        if let Some(found) = shows() {
            return found;
        }
        assert!(Instant::now() < end, "not seen within {BOUND:?}: {what}");
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Messages of the app in the channel itself.
pub fn posted(slack: &Slack) -> usize {
    slack.read(|s| s.channel_named(TEAM_CHANNEL).map_or(0, |c| c.messages.values().filter(|m| m.ours && m.thread.is_none()).count()))
}

/// How long each of many commands waits for its ack, one after the other.
pub fn acks(slack: &Slack, line: &str) -> Vec<Duration> {
    let ana = slack.user("ana");
    let mut all: Vec<Duration> = (0..WARM + COMMANDS)
        .map(|n| {
            let began = Instant::now();
            let act = ana.slash(&format!("{line} {n}"));
            let told = *act.told.first().expect("the app was told");
            until("an ack", || slack.read(|s| (!s.deliveries.get(told).acks.is_empty()).then_some(())));
            began.elapsed()
        })
        .skip(WARM)
        .collect();
    all.sort();
    all
}

/// Waits for the whole burst; how long it took from `began`, and from the first post.
pub fn stands(slack: &Slack, before: usize, began: Instant) -> (Duration, Duration) {
    let mut first = None;
    until("all posts", || {
        let now = posted(slack) - before;
        if now > 0 && first.is_none() {
            first = Some(Instant::now());
        }
        // Counting costs the workspace time as well.
        std::thread::sleep(Duration::from_millis(2));
        (now >= BURST).then_some(())
    });
    (began.elapsed(), first.map(|f| f.elapsed()).unwrap_or_default())
}

/// CPU time of a process so far, by the kernel's books.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // Behind the name, utime and stime come as the 12th and 13th; a tick is 10 ms (proc_pid_stat(5)).
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<u64>().ok()).expect("the kernel's books of a process");
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// A line of the kernel's status of a process, in KiB.
pub fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().find_map(|l| l.strip_prefix(name)?.split_whitespace().next()?.parse().ok()).expect("the kernel's books of a process")
}

/// What one durable write of a page costs on this disk, the median of many.
fn fsync() -> Duration {
    let dir = tempfile::tempdir().expect("a folder");
    let mut file = std::fs::File::create(dir.path().join("page")).expect("a file");
    let mut all: Vec<Duration> = (0..200)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4_096]).and_then(|()| file.sync_data()).expect("a write");
            began.elapsed()
        })
        .collect();
    all.sort();
    all[all.len() / 2]
}

fn config(slack: &Slack, square: &str) -> String {
    let (room, ana) = (slack.channel(TEAM_CHANNEL), slack.user("ana").id);
    let mut text = String::from("[bot]\nbrand = \"Acme\"\n[store]\npath = \"data\"\nkeyring = \"keys\"\n[digest]\nenabled = false\n");
    write!(
        text,
        "[chat.slack]\nbot_token = \"env:BENCH_BOT\"\napp_token = \"env:BENCH_APP\"\nchannel = \"{room}\"\napi_url = \"{}\"\n",
        slack.api()
    )
    .ok();
    text.push_str("posts_per_second = 100000\nworkspace_posts_per_minute = 6000000\n");
    write!(text, "[[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"{square}\"\ntoken = \"env:BENCH_BRAND\"\n").ok();
    write!(text, "[people.{ana}]\nname = \"Ana\"\nrole = \"lead\"\n[privacy]\nprivate_rooms = [\"{room}\"]\n").ok();
    text
}

/// The real program, ended when dropped.
struct Sereno {
    child: Child,
    _home: tempfile::TempDir,
}

impl Sereno {
    fn start(slack: &Slack, square: &str) -> Sereno {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("bot.toml"), config(slack, square)).expect("a file");
        let log = std::fs::File::create(home.path().join("log")).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_sereno"))
            .args(["run", "--config", "bot.toml"])
            .current_dir(home.path())
            .envs([("BENCH_BOT", BOT_TOKEN), ("BENCH_APP", APP_TOKEN), ("BENCH_BRAND", BRAND_TOKEN)])
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sereno starts");
        Sereno { child, _home: home }
    }
}

impl Drop for Sereno {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// sereno's figures, and one of its cards: the others post the like.
fn sereno(runtime: &tokio::runtime::Runtime) -> (Figures, Value) {
    let slack = workspace(runtime);
    let square = runtime.block_on(Emulator::start());
    let bot = Sereno::start(&slack, &square.url());
    until("a connection", || (slack.sockets() > 0).then_some(()));
    // It has been up once: what came before its time would be history.
    let customers: Vec<String> = (0..100).map(|n| format!("customer{n}")).collect();
    let text = |n: usize| format!("@{BRAND} my parcel {n} has been under way for three weeks now and nobody answers. Where is it?");
    until("the first card", || {
        if posted(&slack) == 0 {
            square.customer("early").post(&text(0));
            std::thread::sleep(Duration::from_millis(500));
        }
        (posted(&slack) > 0).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    let pid = bot.child.id();
    let idle_kib = memory(pid, "VmRSS:");
    let (before, spent, began) = (posted(&slack), cpu(pid), Instant::now());
    for n in 1..=BURST {
        square.customer(&customers[n % customers.len()]).post(&text(n));
    }
    let (burst, posting) = stands(&slack, before, began);
    std::thread::sleep(Duration::from_secs(1));
    let (cpu, peak_kib) = (cpu(pid).saturating_sub(spent), memory(pid, "VmHWM:"));
    let card = slack.read(|s| {
        let channel = s.channel_named(TEAM_CHANNEL).expect("the channel");
        let card = channel.messages.values().rfind(|m| m.ours && m.thread.is_none()).expect("a card");
        serde_json::json!({ "text": card.text, "blocks": card.blocks })
    });
    let acks = acks(&slack, "/case note 1 called the depot");
    (Figures { acks, burst, posting, cpu, idle_kib, peak_kib }, card)
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

fn goal(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

fn show(name: &str, f: &Figures, raw: f64) {
    println!(
        "slack: {name:<7} ack median {}, p99 {}; burst of {BURST}: {:.0} posts/s, {:.2} × the raw loop ({:.2} from the first post on); \
         {:.2} CPU s; idle {:.1} MiB, at most {:.1} MiB",
        ms(f.ack(50)),
        ms(f.ack(99)),
        f.per_second(),
        f.per_second() / raw,
        BURST as f64 / f.posting.as_secs_f64() / raw,
        f.cpu.as_secs_f64(),
        f.idle_kib as f64 / 1_024.0,
        f.peak_kib as f64 / 1_024.0,
    );
}

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let fsync = fsync();
    let (sereno, card) = sereno(&runtime);
    let mut loops: Vec<f64> = (0..3).map(|_| rivals::raw(&runtime, &card)).collect();
    loops.sort_by(f64::total_cmp);
    let raw = loops[1];
    println!("slack: one fsync {}; a raw loop of posts {raw:.0} posts/s (of three runs {loops:.0?})", ms(fsync));
    show("sereno", &sereno, raw);
    let bolt = rivals::bolt(&runtime, &card);
    match &bolt {
        Some(bolt) => show("Bolt", bolt, raw),
        None => println!("slack: Bolt is left out: SERENO_SLACK_NODE is not set; see tests/real/slack-bench.sh"),
    }
    let ratio = sereno.per_second() / raw;
    println!("slack: goal burst ≥ 0.8 × the raw loop: {ratio:.2}, {}", goal(ratio >= 0.8));
    if let Some(bolt) = &bolt {
        for percent in [50, 99] {
            let (ours, theirs) = (sereno.ack(percent), bolt.ack(percent) + fsync);
            println!("slack: goal ack p{percent} ≤ Bolt's + one fsync: {} to {}, {}", ms(ours), ms(theirs), goal(ours <= theirs));
        }
    }
    let idle = sereno.idle_kib as f64 / 1_024.0;
    println!("slack: goal idle memory ≤ 20 MiB: {idle:.1}, {}", goal(idle <= 20.0));
    let cpu = sereno.cpu.as_secs_f64() * 1_000.0 / BURST as f64;
    println!("slack: goal CPU ≤ 0.3 s per 1,000 mentions: {cpu:.2}, {}", goal(cpu <= 0.3));
}
