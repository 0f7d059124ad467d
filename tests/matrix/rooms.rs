//! Rooms and what they allow: before the bot came, many messages, no power, a card that somebody took away, a room that
//! is opened while something waits.

use super::staff::server;
use super::town::{Town, in_both_rooms};
use serde_json::{Value, json};
use sereno::chat::Chat;
use sereno::chat::matrix::Matrix;
use sereno::policy::RoomId;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::util::SubscriberInitExt as _;

/// How often an answer to this event stands in the room.
fn answers_to(town: &Town, event: &str) -> usize {
    let answers = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == event;
    town.ana.events().iter().filter(answers).count()
}

/// What Ana says from now on is under a key that nobody gets at first.
async fn hide(town: &Town, encrypted: bool) -> Option<Value> {
    match encrypted {
        true => Some(town.ana.does(json!({ "do": "withhold", "room": town.room })).await["key"].clone()),
        false => None,
    }
}

/// The bot gets that key, and what she says from now on is for all who are there.
async fn tell(town: &Town, key: Option<Value>) {
    if let Some(key) = key {
        town.ana.does(json!({ "do": "share", "key": key, "user": town.bot.id })).await;
        town.ana.does(json!({ "do": "renew", "room": town.room, "user": town.bot.id })).await;
    }
}

/// What was said before the bot came, or while it was out of the room, was not said to it: whether it can read it or not.
async fn what_was_said_before_it_came(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::asleep(&hs, encrypted).await;
    let early = hide(&town, encrypted).await;
    let before = town.ana.says(&town.room, None, "!list").await;
    town.wake().await;
    tell(&town, early).await;
    let there = town.ana.says(&town.room, None, "!list").await;
    town.answer(&there).await;
    // Out, and in again.
    town.ana.does(json!({ "do": "kick", "room": town.room, "user": town.bot.id })).await;
    let early = hide(&town, encrypted).await;
    let out = town.ana.says(&town.room, None, "!list").await;
    let heard = town.ana.events().len();
    town.ana.does(json!({ "do": "invite", "room": town.room, "user": town.bot.id })).await;
    let joins = |e: &&Value| e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come back", |events| events.iter().skip(heard).find(joins).map(drop)).await;
    tell(&town, early).await;
    let back = town.ana.says(&town.room, None, "!list").await;
    town.answer(&back).await;
    // And from its history, after a crash.
    town.crash().await;
    town.start();
    let last = town.ana.says(&town.room, None, "!list").await;
    town.answer(&last).await;
    assert_eq!([&before, &there, &out, &back, &last].map(|event| answers_to(&town, event)), [0, 1, 0, 1, 1], "{}", town.ana.sight());
    town.sound().await;
    town.sleep().await;
}

in_both_rooms!(
    what_was_said_before_it_came,
    what_was_said_before_it_came_is_not_for_it_in_a_plain_room,
    what_was_said_before_it_came_is_not_for_it_in_an_encrypted_room
);

/// More messages than one key is used for: a colleague's client reads each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_hundred_messages_in_one_encrypted_room_can_all_be_read() {
    const SENDS: usize = 130;
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, true).await;
    for n in 0..SENDS {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("complaint {n:03}."));
    }
    let of = |e: &&Value| {
        e["sender"] == town.bot.id.as_str() && e["decrypted"] == json!(true) && e["content"]["m.relates_to"]["rel_type"] != "m.replace"
    };
    let read = |events: &[Value], n: usize| {
        let words = format!("complaint {n:03}.");
        events.iter().filter(of).filter(|e| e["content"]["body"].as_str().is_some_and(|b| b.contains(&words))).count()
    };
    town.ana.until("the last complaint", |events| (read(events, SENDS - 1) > 0).then_some(())).await;
    town.settled().await;
    let events = town.ana.events();
    let times: Vec<usize> = (0..SENDS).map(|n| read(&events, n)).collect();
    assert_eq!(times, [1; SENDS], "each once, and decrypted");
    town.sound().await;
    town.sleep().await;
}

/// What the log was told.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Without the power to pin nothing is lost but the pins: that is said once, and `check` says it too.
#[tokio::test]
async fn without_the_power_to_pin_all_goes_on_and_it_is_said_once() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let log = Log::default();
    let writer = log.clone();
    // All of the bot but its engine runs on this thread.
    let _guard = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish().set_default();
    let town = Town::asleep(&hs, true).await;
    town.ana.does(json!({ "do": "state", "room": town.room, "type": "m.room.power_levels", "content": {} })).await;
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    for priority in ["urgent", "high", "urgent", "low"] {
        town.ana.says(&town.room, Some(&card), &format!("!priority {priority}")).await;
        town.changed(&card, &format!("· {priority}")).await;
    }
    town.sound().await;
    assert!(!town.ana.events().iter().any(|e| e["type"] == "m.room.pinned_events"), "{}", town.ana.sight());
    let found = Matrix::new(town.settings.clone()).check().await;
    assert!(found.iter().any(|f| f.ok && f.detail.code == "check-matrix-room-no-pins"), "{found:?}");
    town.sleep().await;
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert_eq!(log.matches("urgent cards are not pinned").count(), 1, "{log}");
}

/// A room that nothing is routed to, and that only `[privacy]` names, may hold private text from before: it is looked after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_only_privacy_names_is_watched() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, true).await;
    let made = town.ana.does(json!({ "do": "create", "encrypted": true, "invite": [town.bot.id] })).await;
    let other = made["room_id"].as_str().unwrap().to_owned();
    town.policy.privacy.private_rooms.push(RoomId::from(other.as_str()));
    town.wake().await;
    let joins =
        |e: &&Value| e["room_id"] == other.as_str() && e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come to the other room", |events| events.iter().find(joins).map(drop)).await;
    let told = |e: &&Value| {
        let body = e["content"]["body"].as_str().unwrap_or_default();
        e["room_id"] == town.room.as_str() && body.contains("no longer shown") && body.contains(&other)
    };
    town.settled().await;
    assert_eq!(town.ana.events().iter().filter(told).count(), 0, "{}", town.ana.sight());
    let open = json!({ "do": "state", "room": other, "type": "m.room.join_rules", "content": { "join_rule": "public" } });
    town.ana.does(open).await;
    town.ana.until("to be told", |events| events.iter().find(told).map(drop)).await;
    town.sound().await;
    town.sleep().await;
}

/// A card that shows private text and that somebody took away is not changed, where nobody would see it: it is posted anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_somebody_took_away_is_posted_anew() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, true).await;
    town.whisper("marta", "my card number is 1234");
    let mut card = town.card("card number").await;
    town.ana.says(&town.room, None, "!priority 1 low").await;
    town.changed(&card, "· low").await;
    // While it is up; while it is not.
    for (priority, away) in [("high", false), ("urgent", true)] {
        town.settled().await;
        if away {
            town.crash().await;
        }
        let heard = town.ana.events().len();
        town.ana.does(json!({ "do": "redact", "room": town.room, "event": card })).await;
        if away {
            town.start();
        }
        town.ana.says(&town.room, None, &format!("!priority 1 {priority}")).await;
        let head = format!("· {priority}");
        let anew = |e: &&Value| {
            let body = e["content"]["body"].as_str().unwrap_or_default();
            e["sender"] == town.bot.id.as_str()
                && e["content"]["m.relates_to"].is_null()
                && body.starts_with("#1 ")
                && body.contains(&head)
                && body.contains("card number")
        };
        let stands = town.ana.until("the card to stand anew", |events| events.iter().skip(heard).find(anew).cloned()).await;
        assert_ne!(stands["event_id"], card.as_str());
        card = stands["event_id"].as_str().unwrap().to_owned();
    }
    town.ana.says(&town.room, Some(&card), "!note where it is now").await;
    town.entry(&card, "where it is now").await;
    town.sound().await;
    town.sleep().await;
}

/// Whether a room may show private text is asked again for what had to wait for its turn: it was opened meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_its_turn_is_not_shown_in_a_room_that_was_opened_meanwhile() {
    let Some(hs) = server("SERENO_SYNAPSE_LIMITED") else { return };
    let town = Town::new(&hs, true).await;
    // Until the homeserver lets one through in five seconds.
    for n in 0..12 {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("complaint {n:02}."));
    }
    town.card("complaint 11.").await;
    town.whisper("eva", "my card number is 1234");
    let open = json!({ "do": "state", "room": town.room, "type": "m.room.join_rules", "content": { "join_rule": "public" } });
    let opened = town.ana.does(open).await["event_id"].as_str().unwrap().to_owned();
    let masked = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.starts_with("#13 "));
    town.ana.until("her card", |events| events.iter().find(masked).map(drop)).await;
    let events = town.ana.events();
    let at = events.iter().position(|e| e["event_id"] == opened.as_str()).expect("it was heard");
    let shown: Vec<&Value> = events.iter().skip(at).filter(|e| e["content"].to_string().contains("1234")).collect();
    assert!(shown.is_empty(), "{shown:?}");
    town.crash().await;
}

/// How a handoff would begin stays in the room as an answer, which nobody takes away once the room is opened: it quotes
/// nothing that was written in private, not even where that may be shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_a_handoff_would_begin_quotes_nothing_private() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, true).await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    // The latest that was written in this case is private then.
    town.whisper("luis", "my card number is 1234");
    town.card("card number").await;
    let merged = town.ana.says(&town.room, None, "!merge 2 1").await;
    town.answer(&merged).await;
    town.settled().await;
    let heard = town.ana.events().len();
    town.ana.reacts(&town.room, &card, "📨").await;
    let is = |e: &&Value| e["content"]["dev.sereno.op"].as_str().is_some_and(|op| op.contains("-answer-"));
    let shown = town.ana.until("the answer", |events| events.iter().skip(heard).find(is).cloned()).await;
    let content = shown["content"].to_string();
    assert!(content.contains("!handoff 1"), "{content}");
    assert!(!content.contains("1234"), "{content}");
    town.sound().await;
    town.sleep().await;
}

/// What somebody pinned by hand stays pinned whatever becomes of its case: only the bot's own pins are taken away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_staff_pinned_stays_pinned() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, false).await;
    let by_hand = json!({ "pinned": [card] });
    town.ana.does(json!({ "do": "state", "room": town.room, "type": "m.room.pinned_events", "content": by_hand })).await;
    for (priority, words) in [("urgent", "urgent"), ("low", "low")] {
        town.ana.says(&town.room, Some(&card), &format!("!priority {priority}")).await;
        town.changed(&card, words).await;
    }
    town.complain("luis", "nobody ever answers");
    let other = town.card("nobody ever answers").await;
    let shows = |e: &&Value, id: &str| e["type"] == "m.room.pinned_events" && e["content"]["pinned"].to_string().contains(id);
    let last = |events: &[Value]| events.iter().rfind(|e| e["type"] == "m.room.pinned_events").cloned();
    // One after the other: by the time that the second card's pin comes and goes, nothing is left to be done about the first.
    town.ana.says(&town.room, Some(&other), "!priority urgent").await;
    let both = town.ana.until("the second pin", |events| last(events).filter(|e| shows(&e, &other))).await;
    assert!(shows(&&both, &card), "{both}");
    town.crash().await;
    town.start();
    town.ana.says(&town.room, Some(&other), "!priority low").await;
    let left = town.ana.until("the second pin to go", |events| last(events).filter(|e| !shows(&e, &other))).await;
    assert_eq!(left["content"]["pinned"], json!([card]), "the bot's own goes, also after a restart: {left}");
    town.sound().await;
    town.sleep().await;
}
