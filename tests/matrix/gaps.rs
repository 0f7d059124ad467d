//! Gaps: what is said while the bot does not hear, and a homeserver that does not show it.

use super::proxy::Proxy;
use super::staff::server;
use super::town::Town;
use serde_json::{Value, json};
use sereno::post::Account as Brand;
use sereno::store::Store;
use std::time::Duration;

const BAD_GATEWAY: &str = "<html>Bad Gateway</html>";
const FORBIDDEN: &str = "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"no\"}";

/// A town behind a proxy, with a case in it; and the case's card.
async fn behind(hs: &str) -> (Proxy, Town, String) {
    let proxy = Proxy::new(hs).await;
    let mut town = Town::asleep(hs, false).await;
    town.settings.homeserver = proxy.url.clone();
    town.settings.pace.say_after = Duration::from_secs(1);
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    town.settled().await;
    (proxy, town, card)
}

fn kept(town: &Town, stream: &str) -> String {
    Store::cursor(&town.store, &Brand::from(sereno::engine::CHAT), stream).unwrap().unwrap_or_default()
}

/// What the notes in the room say behind `word`, in their order.
fn notes(town: &Town, word: &str) -> Vec<String> {
    let ours = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["m.relates_to"]["rel_type"] == "m.thread";
    let events = town.ana.events();
    let bodies = events.iter().filter(ours).filter_map(|e| e["content"]["body"].as_str());
    bodies.filter_map(|b| b.split(word).nth(1)).map(|rest| rest.chars().take_while(|c| *c != '.').collect()).collect()
}

/// Waits until the bot says this in the room; how often it says so.
async fn told(town: &Town, words: &str) -> usize {
    let is = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains(words));
    town.ana.until(words, |events| events.iter().find(is).map(drop)).await;
    town.ana.events().iter().filter(is).count()
}

/// The homeserver does not show one room's history: the others are heard, that is said there, and nothing of it is lost, also
/// where the bot ends meanwhile and the place that is kept for all rooms is behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_whose_history_cannot_be_read_holds_up_no_other_and_loses_nothing() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (proxy, town, card) = behind(&hs).await;
    let made = town.ana.does(json!({ "do": "create", "encrypted": false, "invite": [town.bot.id] })).await;
    let other = made["room_id"].as_str().unwrap().to_owned();
    let joins =
        |e: &&Value| e["room_id"] == other.as_str() && e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come to the other room", |events| events.iter().find(joins).map(drop)).await;
    town.settled().await;
    town.crash().await;
    let place = kept(&town, "matrix:sync");
    for n in 0..3 {
        town.ana.says(&town.room, Some(&card), &format!("!note gap {n}.")).await;
    }
    let room = town.room.trim_start_matches('!').split(':').next().unwrap().to_owned();
    proxy.blocks(&["/messages", &room], 502, BAD_GATEWAY);
    for n in 3..5 {
        town.start();
        let asked = town.ana.says(&other, None, "!list").await;
        town.answer(&asked).await;
        town.ana.says(&town.room, Some(&card), &format!("!note gap {n}.")).await;
        assert_eq!(told(&town, "cannot read what was said").await, 1, "{}", town.ana.sight());
        // What is heard is noted once it is answered.
        let asked = town.ana.says(&other, None, "!list").await;
        town.answer(&asked).await;
        town.handle().ask(|_, _| ()).await.unwrap();
        town.sleep().await;
    }
    assert_ne!(kept(&town, "matrix:sync"), place, "the place went on");
    assert!(kept(&town, "matrix:gaps").contains(&room), "the gap is kept");
    assert_eq!(notes(&town, "gap "), [""; 0], "{}", town.ana.sight());
    town.start();
    proxy.refuses().await;
    proxy.lets_through("/messages");
    town.entry(&card, "gap 4.").await;
    town.settled().await;
    assert_eq!(notes(&town, "gap "), ["0", "1", "2", "3", "4"], "{}", town.ana.sight());
    let asked = town.ana.says(&town.room, None, "!list").await;
    town.answer(&asked).await;
    town.sound().await;
    town.sleep().await;
    assert_eq!(kept(&town, "matrix:gaps"), "{}", "it is closed");
}

/// Says more than a sync brings while the bot hears nothing: `first`, talk, `last`.
async fn much_is_said(proxy: &Proxy, town: &Town, card: &str, first: &[String], last: &[String]) {
    proxy.blocks(&["/sync"], 502, BAD_GATEWAY);
    // What it waits for at that moment is let through: from then on it is deaf.
    town.ana.says(&town.room, None, "can you hear me?").await;
    proxy.refuses().await;
    let talk = (0..102).map(|n| format!("chatter {n}"));
    for text in first.iter().cloned().chain(talk).chain(last.iter().cloned()) {
        town.ana.says(&town.room, Some(card), &text).await;
    }
    proxy.lets_through("/sync");
}

/// More is said than one sync brings while the bot runs: it reads what is missing, though the homeserver refuses that at
/// first. Where it refuses for good, that is said, and what is newer is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_while_it_runs_is_read_and_one_that_is_refused_is_told() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (proxy, town, card) = behind(&hs).await;
    proxy.answers("/messages", &[(403, FORBIDDEN)]);
    let note = |n: u32| format!("!note gap {n}.");
    much_is_said(&proxy, &town, &card, &[note(0), note(1)], &[note(2)]).await;
    town.ana.says(&town.room, Some(&card), &note(3)).await;
    town.entry(&card, "gap 3.").await;
    town.settled().await;
    assert!(proxy.is_done(), "it was refused at first");
    assert_eq!(notes(&town, "gap "), ["0", "1", "2", "3"], "{}", town.ana.sight());
    proxy.blocks(&["/messages"], 403, FORBIDDEN);
    much_is_said(&proxy, &town, &card, &["!note refused 0.".to_owned()], &["!note refused 1.".to_owned()]).await;
    assert_eq!(told(&town, "does not show me what was said").await, 1, "{}", town.ana.sight());
    town.entry(&card, "refused 1.").await;
    town.ana.says(&town.room, Some(&card), "!note refused 2.").await;
    town.entry(&card, "refused 2.").await;
    town.settled().await;
    assert_eq!(notes(&town, "refused "), ["1", "2"], "{}", town.ana.sight());
    town.sound().await;
    town.sleep().await;
}
