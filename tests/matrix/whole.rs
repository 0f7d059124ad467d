//! The whole story of the demo, in a plain and in an encrypted room: every scenario of the spine, by all doors.

use super::staff::{Account, Staff, server};
use super::town::{Team, in_both_rooms};
use async_trait::async_trait;
use serde_json::{Value, json};
use sereno::chat::matrix::Matrix;
use sereno::demo::{self, Elsewhere, Hands};
use sereno::i18n::Words;
use sereno::policy::{AgentId, Lang, RoomId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// How much faster the town lives than the test takes: a message takes a homeserver some tens of milliseconds.
const SPEED: u32 = 12;

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
    /// Any card of a case: its room and its id.
    async fn card(&self, case: &str) -> (String, String) {
        let (head, bot) = (format!("#{case} "), self.bot.clone());
        let is = |e: &&serde_json::Value| {
            let content = &e["content"];
            e["sender"] == bot.as_str()
                && content["m.relates_to"].is_null()
                && content["body"].as_str().is_some_and(|b| b.starts_with(&head))
        };
        self.ana
            .until(&format!("the card of #{case}"), |es| {
                let text = |e: &Value, key: &str| e[key].as_str().unwrap().to_owned();
                es.iter().find(is).map(|e| (text(e, "room_id"), text(e, "event_id")))
            })
            .await
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
                let (room, card) = self.card(case).await;
                self.ana.reacts(&room, &card, "👀").await;
            }
            1 | 2 if of_case => {
                self.through("thread");
                let (room, card) = self.card(case).await;
                self.ana.says(&room, Some(&card), format!("!{verb} {text}").trim()).await;
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

/// What the homeserver's own push rules made of the bot's messages: whom it called, by the messages' ids.
async fn called(account: &Account, bot: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut from = String::new();
    loop {
        let page = account.call("GET", &format!("notifications?limit=100&only=highlight{from}"), Value::Null).await;
        let all = page["notifications"].as_array().cloned().unwrap_or_default();
        let ours = all.iter().filter(|n| n["event"]["sender"] == bot);
        found.extend(ours.filter_map(|n| n["event"]["event_id"].as_str().map(str::to_owned)));
        let Some(next) = page["next_token"].as_str() else { return found };
        from = format!("&from={next}");
    }
}

/// The cards of urgent cases are pinned, as long as they are that: by what the room's own state said, one after the other.
fn pins_hold(ana: &Staff, bot: &str, room: &str, lang: Lang) -> usize {
    let events: Vec<Value> = ana.events().into_iter().filter(|e| e["room_id"] == room).collect();
    let is_card = |id: &str| {
        let card = events.iter().find(|e| e["event_id"] == id);
        card.is_some_and(|e| {
            let head = e["content"]["body"].as_str().is_some_and(|b| b.starts_with('#'));
            e["sender"] == bot && e["content"]["m.relates_to"].is_null() && head
        })
    };
    let mut ever = BTreeSet::new();
    let mut now = BTreeSet::new();
    for event in events.iter().filter(|e| e["type"] == "m.room.pinned_events") {
        assert_eq!(event["sender"], bot, "{event}");
        now = event["content"]["pinned"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
        assert!(now.iter().all(|id| is_card(id)), "only cards are pinned: {event}");
        ever.extend(now.clone());
    }
    // What a card's first line shows in the end.
    let shows = |id: &str| {
        let change = |e: &&Value| e["content"]["m.relates_to"]["event_id"] == id && e["content"]["m.relates_to"]["rel_type"] == "m.replace";
        let first = events.iter().find(|e| e["event_id"] == id).map(|e| e["content"]["body"].clone());
        let last = events.iter().rfind(change).map(|e| e["content"]["m.new_content"]["body"].clone());
        last.or(first).unwrap().as_str().unwrap().lines().next().unwrap().to_owned()
    };
    let words = Words::new();
    let over = ["resolved", "merged", "quarantined"].map(|status| format!("· {}", words.get(&format!("status-{status}"), lang)));
    let urgent = words.get("priority-urgent", lang);
    for id in events.iter().filter_map(|e| e["event_id"].as_str()).filter(|id| is_card(id)) {
        let shown = shows(id);
        let over = over.iter().any(|status| shown.contains(status));
        assert_eq!(now.contains(id), shown.contains(&urgent) && !over, "whether it is pinned, where it shows: {shown}");
    }
    ever.len()
}

/// Whom the bot's messages name, by the messages' ids: of those that are no changes.
fn named(ana: &Staff, bot: &str) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for event in ana.events().iter().filter(|e| e["sender"] == bot && e["type"] == "m.room.message") {
        let ids = event["content"]["m.mentions"]["user_ids"].as_array().cloned().unwrap_or_default();
        assert!(event["content"]["m.mentions"]["room"].is_null(), "nobody calls the whole room: {event}");
        if !ids.is_empty() {
            let ids = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
            all.insert(event["event_id"].as_str().unwrap().to_owned(), ids);
        }
    }
    all
}

async fn the_whole_story(encrypted: bool, lang: Lang) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let team = Team::new(&hs).await;
    let room = team.room(encrypted).await;
    // What customers write in private stands in no room that the homeserver can read.
    let private = if encrypted { None } else { Some(team.room(true).await) };
    let folder = tempfile::tempdir().unwrap();
    let mut settings = team.settings(folder.path(), &room);
    settings.rooms.extend(private.clone().map(RoomId));
    let Team { bot, account, ana } = team;
    let ana = Arc::new(ana);
    let doors = Doors::default();
    let elsewhere = Elsewhere {
        chat: Arc::new(Matrix::new(settings)),
        agent: AgentId::from(ana.id.as_str()),
        room: RoomId(room.clone()),
        private: private.map(RoomId),
        hands: Box::new(InMatrix { ana: Arc::clone(&ana), room: room.clone(), bot: bot.id.clone(), said: 0, doors: Arc::clone(&doors) }),
    };
    let (verdict, problems) = demo::play(elsewhere, lang, SPEED, Arc::new(Words::new())).await.unwrap();
    assert_eq!(problems, [""; 0], "\n{}\n{}", verdict.last_line(), ana.sight());
    assert!(verdict.cases > 15 && verdict.replies > 10 && verdict.handoffs > 2, "{}", verdict.last_line());
    let doors = doors.lock().unwrap().clone();
    for door in ["reaction", "thread", "mention", "room"] {
        assert!(doors.contains_key(door), "{door}: {doors:?}");
    }
    // What the adapter said of its messages is one thing; here is what stands in the room.
    ana.judges(&bot.id);
    let pinned = pins_hold(&ana, &bot.id, &room, lang);
    let named = named(&ana, &bot.id);
    // She is the whole team: whoever is called must be she.
    assert!(named.values().flatten().all(|id| *id == ana.id), "{named:?}");
    if !encrypted {
        // The homeserver reads along, and counts: just those called her that name her, whatever customers wrote.
        let readable = |id: &&String| ana.events().iter().any(|e| e["event_id"] == id.as_str() && e["decrypted"] == json!(false));
        let named: BTreeSet<String> = named.keys().filter(readable).cloned().collect();
        assert_eq!(called(&account, &bot.id).await, named);
        assert!(!named.is_empty());
    }
    println!("{}; by {doors:?}; {pinned} cards were pinned, {} messages called somebody", verdict.last_line(), named.len());
    assert!(pinned > 0 && !named.is_empty(), "the story has urgent cases, and something that somebody must do");
}

async fn the_whole_story_goes_well(encrypted: bool) {
    the_whole_story(encrypted, Lang::En).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_goes_well_in_spanish() {
    the_whole_story(true, Lang::Es).await;
}

in_both_rooms!(the_whole_story_goes_well, the_whole_story_goes_well_in_a_plain_room, the_whole_story_goes_well_in_an_encrypted_room);
