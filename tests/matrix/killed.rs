//! The real program, killed again and again in mid-command: the room's own history and the square's books judge.

use super::staff::{Account, Staff, server};
use crate::emulator::mastodon::{BRAND, BRAND_TOKEN, Emulator};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How often it is killed, unless `SERENO_MATRIX_KILLS` says otherwise.
const KILLS: u64 = 12;
/// By when all must be well at the end.
const BOUND: Duration = Duration::from_secs(120);

/// The program, killed with the test.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

struct Home {
    folder: tempfile::TempDir,
    password: String,
}

impl Home {
    fn new(base_url: &str, bot: &Account, room: &str, ana: &str) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            r#"
[bot]
brand = "Acme Rail"
import_minutes = 1440
[store]
path = "data"
min_free_mb = 24
[[account]]
name = "acme"
network = "mastodon"
base_url = "{base_url}"
token = "env:KILLED_TOKEN"
poll_seconds = 1
[reply]
undo_seconds = 0
[digest]
enabled = false
[chat.matrix]
homeserver = "{}"
user = "{}"
password = "env:KILLED_PASSWORD"
room = "{room}"
posts_per_minute = 60000
[people."{ana}"]
name = "Ana"
role = "lead"
"#,
            bot.hs, bot.id
        );
        std::fs::write(folder.path().join("bot.toml"), config).unwrap();
        Home { folder, password: bot.password.clone() }
    }

    fn start(&self) -> Bot {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
        command.args(["run", "--config", "bot.toml"]).current_dir(self.folder.path());
        command.env("KILLED_TOKEN", BRAND_TOKEN).env("KILLED_PASSWORD", &self.password).env_remove("RUST_LOG");
        Bot(command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// The card of the complaint of round `n`.
async fn card(ana: &Staff, bot: &str, n: u64) -> String {
    let words = format!("bag {n:03} is lost");
    let is = |e: &&Value| {
        e["sender"] == bot && e["content"]["m.relates_to"].is_null() && e["content"]["body"].as_str().is_some_and(|b| b.contains(&words))
    };
    ana.until(&format!("the card of {words}"), |es| es.iter().find(is).map(|e| e["event_id"].as_str().unwrap().to_owned())).await
}

/// How many of the bot's own messages in the room, changes left out, hold these words.
fn shown(ana: &Staff, bot: &str, words: &str) -> usize {
    let is = |e: &&Value| {
        e["sender"] == bot
            && e["content"]["m.relates_to"]["rel_type"] == "m.thread"
            && e["content"]["body"].as_str().is_some_and(|b| b.contains(words))
    };
    ana.events().iter().filter(is).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_program_is_killed_and_nothing_is_lost_or_doubled() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let kills = std::env::var("SERENO_MATRIX_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(KILLS);
    let square = Emulator::start().await;
    let (bot, ana) = (Account::new(&hs, "sereno").await, Account::new(&hs, "ana").await);
    let ana = Staff::new(&ana).await;
    let power = json!({ "users": { bot.id.as_str(): 50 } });
    let made = ana.does(json!({ "do": "create", "encrypted": true, "invite": [bot.id], "power": power })).await;
    let room = made["room_id"].as_str().unwrap().to_owned();
    let home = Home::new(&square.url(), &bot, &room, &ana.id);
    let mut running = home.start();
    for n in 0..=kills {
        square.customer(&format!("customer{}", n % 5)).post(&format!("@{BRAND} my bag {n:03} is lost"));
        if n > 0 {
            let card = card(&ana, &bot.id, n - 1).await;
            ana.says(&room, Some(&card), &format!("!note looked at {n:03}.")).await;
            ana.says(&room, Some(&card), &format!("!reply answer {n:03}.")).await;
        }
        if n < kills {
            // From at once to after all of it is done.
            tokio::time::sleep(Duration::from_millis(n * 83 % 700)).await;
            drop(running);
            running = home.start();
        }
    }
    card(&ana, &bot.id, kills).await;
    let began = Instant::now();
    loop {
        let published: Vec<String> = square.books().by_token(BRAND_TOKEN).into_iter().map(|p| p.text.clone()).collect();
        let count = |n: u64| published.iter().filter(|p| p.contains(&format!("answer {n:03}."))).count();
        let wrong: Vec<u64> = (1..=kills).filter(|n| count(*n) != 1 || shown(&ana, &bot.id, &format!("looked at {n:03}.")) != 1).collect();
        let doubled = (1..=kills).any(|n| count(n) > 1 || shown(&ana, &bot.id, &format!("looked at {n:03}.")) > 1);
        if wrong.is_empty() {
            break;
        }
        let late = began.elapsed() > BOUND;
        assert!(!doubled && !late, "rounds {wrong:?}; published {published:?}\n{}\n{}", ana.sight(), home.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ana.judges(&bot.id);
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.0.id())).unwrap_or_default();
    let memory = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("?").trim();
    println!("{kills} kills: 0 lost, 0 doubled; the last bot holds {memory}");
}
