//! sereno on a real Synapse, staff at matrix-nio: in a plain and in an encrypted room.

use super::staff::{Account, escaped, server};
use super::town::{Town, in_both_rooms};
use async_trait::async_trait;
use serde_json::{Value, json};
use sereno::chat::matrix::place::Place;
use sereno::chat::matrix::{Matrix, recover};
use sereno::chat::{Chat, Memory, Parked};
use sereno::policy::{AgentId, Lang, Person, RoomId};
use sereno::say::Say;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

async fn from_complaint_to_answer(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, encrypted).await;
    town.complain("marta", "my train never came @room");
    let card = town.card("never came").await;
    town.ana.says(&town.room, Some(&card), "!claim").await;
    town.changed(&card, "Ana").await;
    town.ana.says(&town.room, Some(&card), "!draft We are so sorry").await;
    town.entry(&card, "We are so sorry").await;
    // In the room, by the number; a mention of the bot; an unknown word.
    town.ana.says(&town.room, None, "!note 1 looked into it").await;
    town.entry(&card, "looked into it").await;
    let mention = json!({ "msgtype": "m.text", "body": "sereno: reply 1", "m.mentions": { "user_ids": [town.bot.id] } });
    // Its name is longer than that: only its full id and its name are taken.
    let name = town.bot.id.trim_start_matches('@').split(':').next().unwrap().to_owned();
    let mut named = mention.clone();
    named["body"] = json!(format!("{name}: reply 1"));
    town.ana.sends(&town.room, "m.room.message", mention).await;
    town.ana.sends(&town.room, "m.room.message", named).await;
    town.sent("We are so sorry").await;
    town.settled().await;
    assert_eq!(town.published().len(), 1, "once");
    // An edit of an old message to a command runs nothing.
    let said = town.ana.says(&town.room, Some(&card), "thank you all").await;
    let edit = json!({ "msgtype": "m.text", "body": "* !resolve", "m.new_content": { "msgtype": "m.text", "body": "!resolve" }, "m.relates_to": { "rel_type": "m.replace", "event_id": said } });
    town.ana.sends(&town.room, "m.room.message", edit).await;
    town.ana.says(&town.room, Some(&card), "!tag late").await;
    town.entry(&card, "late").await;
    assert!(!town.ana.sight().contains("resolved the case"), "{}", town.ana.sight());
    town.sound().await;
    town.sleep().await;
}

in_both_rooms!(from_complaint_to_answer, from_complaint_to_answer_in_a_plain_room, from_complaint_to_answer_in_an_encrypted_room);

/// More is said while the bot is down than a sync brings: all of it is done, once, in its order, and what was
/// done before is not done again.
async fn what_is_said_while_nobody_hears(encrypted: bool) {
    const SAID: usize = 130;
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, encrypted).await;
    town.ana.says(&town.room, Some(&card), "!note said before").await;
    town.entry(&card, "said before").await;
    town.settled().await;
    town.crash().await;
    for n in 0..SAID {
        let text = if n % 5 == 0 { format!("!note number {n:03}.") } else { format!("chatter {n}") };
        town.ana.says(&town.room, Some(&card), &text).await;
    }
    let eyes = town.ana.reacts(&town.room, &card, "👀").await;
    town.wake().await;
    town.entry(&card, &format!("number {:03}.", SAID - 5)).await;
    town.changed(&card, "Ana").await;
    town.settled().await;
    let notes: Vec<String> = town
        .ana
        .events()
        .iter()
        .filter(|e| e["sender"] == town.bot.id.as_str() && e["content"]["m.relates_to"]["rel_type"] != "m.replace")
        .filter_map(|e| e["content"]["body"].as_str().and_then(|b| b.split("number ").nth(1)).map(|b| b.chars().take(3).collect()))
        .collect();
    let expected: Vec<String> = (0..SAID).step_by(5).map(|n| format!("{n:03}")).collect();
    assert_eq!(notes, expected, "each once, in its order");
    assert_eq!(town.ana.sight().matches("said before").count(), 2, "what was said and its one entry");
    // The reaction is taken away: the case is given back.
    town.ana.does(json!({ "do": "redact", "room": town.room, "event": eyes })).await;
    town.changed(&card, "nobody").await;
    town.sound().await;
    town.sleep().await;
}

in_both_rooms!(
    what_is_said_while_nobody_hears,
    what_is_said_while_nobody_hears_in_a_plain_room,
    what_is_said_while_nobody_hears_in_an_encrypted_room
);

/// The bot dies again and again while it works: nothing is lost, nothing doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_dies_while_it_works_loses_and_doubles_nothing() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, true).await;
    for n in 0..6 {
        town.ana.says(&town.room, Some(&card), &format!("!note round {n}a.")).await;
        let list = town.ana.says(&town.room, None, "!list").await;
        // At once; with the first half done; with both.
        match n % 3 {
            0 => {}
            1 => drop(town.entry(&card, &format!("round {n}a.")).await),
            _ => town.answer(&list).await,
        }
        town.crash().await;
        town.ana.says(&town.room, Some(&card), &format!("!note round {n}b.")).await;
        town.start();
    }
    for n in 0..6 {
        town.entry(&card, &format!("round {n}a.")).await;
        town.entry(&card, &format!("round {n}b.")).await;
    }
    town.sound().await;
    town.sleep().await;
}

/// Synapse's own push rules say whom a message would call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_mirrored_text_calls_anybody() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::asleep(&hs, false).await;
    let luis = Account::new(&hs, "luis").await;
    town.ana.does(json!({ "do": "state", "room": town.room, "type": "m.room.join_rules", "content": { "join_rule": "public" } })).await;
    luis.call("POST", &format!("join/{}", escaped(&town.room)), json!({})).await;
    town.wake().await;
    town.complain("marta", &format!("@room {} never again! highlight me", luis.id));
    let card = town.card("never again").await;
    town.ana.says(&town.room, Some(&card), "!claim").await;
    town.changed(&card, "Ana").await;
    town.settled().await;
    // What would have called Luis stands in his notifications, marked; a control shows that the rules are on.
    let control = json!({ "msgtype": "m.text", "body": "look", "m.mentions": { "user_ids": [luis.id] } });
    let control = town.ana.sends(&town.room, "m.room.message", control).await;
    luis.hears_of(&town.room, &control).await;
    let found = luis.call("GET", "notifications?limit=100&only=highlight", Value::Null).await;
    let called: Vec<&str> = found["notifications"].as_array().unwrap().iter().filter_map(|n| n["event"]["event_id"].as_str()).collect();
    assert_eq!(called, [control.as_str()]);
    town.sound().await;
    town.sleep().await;
}

/// A homeserver with Synapse's default limit: everything comes, in its order, once, only later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homeserver_that_limits_messages_gets_them_slowly() {
    let Some(hs) = server("SERENO_SYNAPSE_LIMITED") else { return };
    let town = Town::new(&hs, false).await;
    // Beside a bot that has met no limit yet it is tried as well.
    assert_eq!(town.settings.place.limit(), None);
    let found = Matrix::new(town.settings.clone()).check().await;
    assert!(found.iter().any(|f| !f.ok && f.detail.code == "check-matrix-limit"), "{found:?}");
    for n in 0..13 {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("complaint {n:02}."));
    }
    for n in 0..13 {
        town.card(&format!("complaint {n:02}.")).await;
    }
    let limit = town.settings.place.limit().expect("the limit was met and noted");
    assert!((500..=6_000).contains(&limit.every_ms), "{limit:?}");
    let found = Matrix::new(town.settings.clone()).check().await;
    assert!(found.iter().any(|f| !f.ok && f.detail.code == "check-matrix-limit"), "{found:?}");
    town.sleep().await;
    // Where no bot runs, it is tried in a room of the bot's own, and nobody sees it.
    let found = Matrix::new(town.settings.clone()).check().await;
    assert!(found.iter().any(|f| !f.ok && f.detail.code == "check-matrix-limit"), "{found:?}");
    let rooms = town.bot.call("GET", "joined_rooms", Value::Null).await;
    assert_eq!(rooms["joined_rooms"].as_array().unwrap().len(), 1, "{rooms}");
}

/// The memory of a bot that never gets as far as to remember anything: there is nothing in it yet.
struct Nothing;

#[async_trait]
impl Memory for Nothing {
    async fn cursor(&self, _: &str) -> anyhow::Result<Option<String>> {
        Ok(None)
    }
    async fn keep(&self, _: &str, _: String) -> anyhow::Result<()> {
        unreachable!()
    }
    async fn park(&self, _: Parked) -> anyhow::Result<()> {
        unreachable!()
    }
    async fn threads(&self, _: usize) -> anyhow::Result<Vec<(RoomId, String)>> {
        unreachable!()
    }
    async fn team(&self, _: BTreeMap<AgentId, Person>) -> anyhow::Result<()> {
        unreachable!()
    }
    async fn unfit(&self, _: &RoomId, _: Option<Say>) -> anyhow::Result<()> {
        unreachable!()
    }
    fn person(&self, _: &AgentId) -> Option<Person> {
        unreachable!()
    }
    async fn rooms(&self) -> BTreeSet<RoomId> {
        unreachable!()
    }
    fn room_lang(&self, _: &RoomId) -> Lang {
        unreachable!()
    }
    fn words(&self, _: &Say, _: Lang) -> String {
        unreachable!()
    }
}

/// The keys are lost: the recovery key alone makes a verified device that goes on where the other ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_keys_are_recovered() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (mut town, card) = Town::with_a_case(&hs, true).await;
    town.sleep().await;
    // Said to the device that is lost: its key is in nobody's hands but the sender's.
    let old = town.settings.place.clone();
    let key = old.recovery_key().unwrap().expect("it was written at the first sign-in");
    let new = Place { dir: town.folder.path().join("new"), recovery_key: town.folder.path().join("key-from-the-safe") };
    town.settings.place = new.clone();
    let refused = recover(&town.settings).await.unwrap_err().to_string();
    assert!(refused.contains("no recovery key"), "{refused}");
    // Without the key nothing is signed over: the bot does not start, and says what to do.
    let (inbox, _said) = tokio::sync::mpsc::channel(1);
    let refused = Matrix::new(town.settings.clone()).run(inbox, Arc::new(Nothing)).await.unwrap_err().to_string();
    assert!(refused.contains("sereno matrix recover"), "{refused}");
    assert!(new.session().unwrap().is_none());
    let devices = town.bot.call("GET", "devices", Value::Null).await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 2, "the account's first and the lost one: {devices}");
    std::fs::write(&new.recovery_key, format!("{}\n", key.as_str())).unwrap();
    let device = recover(&town.settings).await.unwrap();
    let found = Matrix::new(town.settings.clone()).check().await;
    let verified = found.iter().find(|f| f.what == "chat.matrix.device").unwrap();
    assert!(verified.ok && verified.detail.code == "check-matrix-device", "{device}: {found:?}");
    town.start();
    town.ana.says(&town.room, Some(&card), "!claim").await;
    town.changed(&card, "Ana").await;
    town.sound().await;
    town.sleep().await;
}

/// The homeserver lets in somebody else than `bot.toml` names: no device is left behind, however often it is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_as_somebody_else_leaves_no_device() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, false).await;
    // Synapse takes no notice of capitals there.
    town.settings.user = town.bot.id.replace("@s", "@S");
    for _ in 0..2 {
        let (inbox, _said) = tokio::sync::mpsc::channel(1);
        let refused = Matrix::new(town.settings.clone()).run(inbox, Arc::new(Nothing)).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("not of {}", town.settings.user)), "{refused}");
    }
    assert!(town.settings.place.session().unwrap().is_none());
    let devices = town.bot.call("GET", "devices", Value::Null).await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "the account's first: {devices}");
}

/// The text of a private message stands in an encrypted room by invitation, and nowhere when that changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_text_leaves_a_room_that_is_opened() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let plain = Town::new(&hs, false).await;
    plain.whisper("marta", "my card number is 1234");
    plain.card("#1").await;
    plain.settled().await;
    assert!(!plain.ana.sight().contains("card number"), "{}", plain.ana.sight());
    plain.sleep().await;
    let town = Town::new(&hs, true).await;
    town.whisper("marta", "my card number is 1234");
    let card = town.card("card number").await;
    town.ana.says(&town.room, Some(&card), "!priority high").await;
    town.changed(&card, "high").await;
    town.ana.says(&town.room, Some(&card), "!dm we look at 1234").await;
    town.entry(&card, "we look at 1234").await;
    town.settled().await;
    let private = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"].to_string().contains("1234");
    let heard = town.ana.events().len();
    let open = json!({ "do": "state", "room": town.room, "type": "m.room.join_rules", "content": { "join_rule": "public" } });
    town.ana.does(open).await;
    town.whisper("luis", "and mine is 9876");
    town.card("#2").await;
    let masked = |e: &&Value| {
        e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains("may have shown private text"))
    };
    town.ana.until("to be told", |events| events.iter().find(masked).map(drop)).await;
    town.settled().await;
    assert!(!town.ana.sight().contains("9876"), "{}", town.ana.sight());
    let shown: Vec<String> = town.ana.events().iter().filter(private).map(|e| e["event_id"].as_str().unwrap().to_owned()).collect();
    assert!(shown.len() >= 4, "the card, a change of it, the post, the answer: {shown:?}");
    // Whoever held the keys all the while asks for what stood there, and for each of its changes.
    for event in &shown {
        let read = town.ana.does(json!({ "do": "read", "room": town.room, "event": event })).await;
        for found in read["found"].as_array().unwrap() {
            assert!(!found["content"].to_string().contains("1234"), "{event}: {found}");
        }
    }
    // In its place stands what may be read, as the card of a thread that goes on.
    let anew = |e: &&Value| e["content"]["m.relates_to"].is_null() && e["content"]["body"].as_str().is_some_and(|b| b.starts_with("#1 "));
    let anew = town.ana.since(heard).iter().find(anew).map(|e| e["event_id"].as_str().unwrap().to_owned()).expect("the card, masked");
    let there = town.ana.since(heard).iter().filter(|e| e["content"]["m.relates_to"]["event_id"] == anew.as_str()).count();
    assert!(there >= 2, "what was said there, masked: {}", town.ana.sight());
    town.ana.says(&town.room, Some(&anew), "!note in the new thread").await;
    town.entry(&anew, "in the new thread").await;
    town.ana.says(&town.room, Some(&card), "!note in the old thread").await;
    town.entry(&anew, "in the old thread").await;
    town.ana.says(&town.room, Some(&anew), "!priority low").await;
    town.changed(&anew, "low").await;
    // Private again, it shows what it showed, where it is now; and so it goes again and again.
    assert_eq!(town.ana.events().iter().filter(private).count(), shown.len(), "{}", town.ana.sight());
    let close = json!({ "do": "state", "room": town.room, "type": "m.room.join_rules", "content": { "join_rule": "invite" } });
    town.ana.does(close).await;
    town.changed(&anew, "1234").await;
    town.sound().await;
    town.sleep().await;
}

/// Strangers and bots may not act; whoever is not named may not call the bot into a room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_who_may_are_obeyed() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, false).await;
    let bot = json!({ "msgtype": "m.notice", "body": "!claim", "m.relates_to": { "rel_type": "m.thread", "event_id": card } });
    town.ana.sends(&town.room, "m.room.message", bot).await;
    let luis = Account::new(&hs, "luis").await;
    // One of the bot's own homeserver, by itself a stranger or a bot like any other.
    town.ana.does(json!({ "do": "invite", "room": town.room, "user": luis.id })).await;
    luis.call("POST", &format!("join/{}", escaped(&town.room)), json!({})).await;
    let claims = json!({ "msgtype": "m.text", "body": "!claim", "m.relates_to": { "rel_type": "m.thread", "event_id": card } });
    luis.call("PUT", &format!("rooms/{}/send/m.room.message/claims", escaped(&town.room)), claims).await;
    town.entry(&card, "You are not on the team's list").await;
    let made = luis.call("POST", "createRoom", json!({ "preset": "private_chat", "invite": [town.bot.id] })).await;
    let other = escaped(made["room_id"].as_str().unwrap());
    town.ana.says(&town.room, Some(&card), "!note after").await;
    town.entry(&card, "after").await;
    assert!(!town.ana.sight().contains("took the case"), "{}", town.ana.sight());
    // Somebody of the team calls it into another room, later: once it is there, it has seen the stranger's call as well.
    let power = json!({ "users": { town.bot.id.as_str(): 50 } });
    let later = town.ana.does(json!({ "do": "create", "invite": [town.bot.id], "power": power })).await;
    let joins =
        |e: &&Value| e["room_id"] == later["room_id"] && e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come to where it was called", |events| events.iter().find(joins).map(drop)).await;
    let members = luis.call("GET", &format!("rooms/{other}/joined_members"), Value::Null).await;
    assert_eq!(members["joined"].as_object().unwrap().len(), 1, "{members}");
    town.sound().await;
    town.sleep().await;
}
