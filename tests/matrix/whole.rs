//! The whole story of the demo in an encrypted room: every scenario of the spine, by all doors.

use super::staff::{Account, Staff, server};
use super::town::pace;
use async_trait::async_trait;
use serde_json::json;
use sereno::chat::matrix::place::Place;
use sereno::chat::matrix::{Matrix, Secret, Settings};
use sereno::demo::{self, Elsewhere, Hands};
use sereno::i18n::Words;
use sereno::policy::{AgentId, Lang, RoomId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How much faster the town lives than the test takes: a message takes a homeserver some tens of milliseconds.
const SPEED: u32 = 20;

/// How often each door was used.
type Doors = Arc<Mutex<BTreeMap<&'static str, u32>>>;

/// Somebody at work in Matrix: says each thing through another door than the one before.
struct InMatrix {
    ana: Arc<Staff>,
    room: String,
    bot: String,
    said: usize,
    doors: Doors,
}

impl InMatrix {
    async fn card(&self, case: &str) -> String {
        let (head, bot) = (format!("#{case} "), self.bot.clone());
        let is = |e: &&serde_json::Value| {
            let content = &e["content"];
            e["sender"] == bot.as_str()
                && content["m.relates_to"].is_null()
                && content["body"].as_str().is_some_and(|b| b.starts_with(&head))
        };
        self.ana.until(&format!("the card of #{case}"), |es| es.iter().find(is).map(|e| e["event_id"].as_str().unwrap().to_owned())).await
    }

    fn through(&self, door: &'static str) {
        *self.doors.lock().unwrap().entry(door).or_default() += 1;
    }
}

#[async_trait]
impl Hands for InMatrix {
    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.said += 1;
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (case, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let of_case = case.parse::<u64>().is_ok() && !matches!(verb, "history" | "restore" | "approve");
        match self.said % 4 {
            0 if of_case && verb == "claim" => {
                self.through("reaction");
                let card = self.card(case).await;
                self.ana.reacts(&self.room, &card, "👀").await;
            }
            1 | 2 if of_case => {
                self.through("thread");
                let card = self.card(case).await;
                self.ana.says(&self.room, Some(&card), format!("!{verb} {text}").trim()).await;
            }
            3 => {
                self.through("mention");
                let content =
                    json!({ "msgtype": "m.text", "body": format!("{}: {line}", self.bot), "m.mentions": { "user_ids": [self.bot] } });
                self.ana.sends(&self.room, "m.room.message", content).await;
            }
            _ => {
                self.through("room");
                let sign = if self.said.is_multiple_of(2) { "/" } else { "!" };
                self.ana.says(&self.room, None, &format!("{sign}{line}")).await;
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_goes_well_in_an_encrypted_room() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let (bot, ana) = (Account::new(&hs, "sereno").await, Account::new(&hs, "ana").await);
    let ana = Arc::new(Staff::new(&ana).await);
    let made =
        ana.does(json!({ "do": "create", "encrypted": true, "invite": [bot.id], "power": { "users": { bot.id.as_str(): 50 } } })).await;
    let room = made["room_id"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let place = Place { dir: folder.path().join("matrix"), recovery_key: folder.path().join("recovery-key") };
    let mut settings = Settings::new(&hs, &bot.id, Secret::Password(bot.password.clone().into()), place, &room);
    settings.people.insert(AgentId::from(ana.id.as_str()));
    settings.pace = pace();
    settings.posts_per_minute = 60_000;
    let doors = Doors::default();
    let elsewhere = Elsewhere {
        chat: Arc::new(Matrix::new(settings)),
        agent: AgentId::from(ana.id.as_str()),
        room: RoomId(room.clone()),
        hands: Box::new(InMatrix { ana: Arc::clone(&ana), room, bot: bot.id.clone(), said: 0, doors: Arc::clone(&doors) }),
    };
    let (verdict, problems) = demo::play(elsewhere, Lang::En, SPEED, Arc::new(Words::new())).await.unwrap();
    assert_eq!(problems, [""; 0], "\n{}\n{}", verdict.last_line(), ana.sight());
    assert!(verdict.cases > 15 && verdict.replies > 10 && verdict.handoffs > 2, "{}", verdict.last_line());
    println!("{}; by {:?}", verdict.last_line(), doors.lock().unwrap());
}
