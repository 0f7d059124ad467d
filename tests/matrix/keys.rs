//! Keys that come late, or never.

use super::proxy::Proxy;
use super::staff::{Account, escaped, server};
use super::town::Town;
use serde_json::{Value, json};
use sereno::policy::{AgentId, Person, Role};
use sereno::post::Account as Brand;
use sereno::store::Store;
use std::time::Duration;

/// A session whose key nobody has.
fn sealed() -> Value {
    json!({
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgAEhCZ3NyaRZ5SvqKZoYzxm8Qf6Lz0Vt9pV9wzq3m7a2gJ1tqJ8d3m5y0Vb2Y6oA5l6xQm1v8kq2r9Yw4n7c8s1u3x5z7B9D1F3H5J7L9N1P3R5T7V9X1Z",
        "device_id": "NOWHERE", "sender_key": "nothing", "session_id": "cYmVjYXVzZSBub2JvZHkgaGFzIGl0cyBrZXkgaGVyZQ",
    })
}

/// What waits for its key, by the store.
fn waiting(town: &Town) -> usize {
    let kept = Store::cursor(&town.store, &Brand::from(sereno::engine::CHAT), "matrix:waiting").unwrap().unwrap_or_default();
    kept.matches("\"event\"").count()
}

/// Waits until so many wait for a key.
async fn all_wait(town: &Town, wanted: usize) {
    for _ in 0..3_000 {
        if waiting(town) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} wait for a key, not {wanted}; the room shows:\n{}", waiting(town), town.ana.sight());
}

/// What the bot's notes in the room say behind `word`, in their order.
fn notes(town: &Town, word: &str) -> Vec<String> {
    let ours = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["m.relates_to"]["rel_type"] == "m.thread";
    let events = town.ana.events();
    let bodies = events.iter().filter(ours).filter_map(|e| e["content"]["body"].as_str());
    bodies.filter_map(|b| b.split(word).nth(1)).map(|rest| rest.chars().take_while(|c| *c != '.').collect()).collect()
}

/// Commands whose key comes late wait for it, hold up nobody, and are then done: each once, in their order, before
/// what was said under the same key later; also where the bot was not up when it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_whose_key_comes_late_are_done_once_in_their_order() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, true).await;
    for (n, away) in [false, true].into_iter().enumerate() {
        let key = town.ana.does(json!({ "do": "withhold", "room": town.room })).await["key"].clone();
        for late in 0..6 {
            town.ana.says(&town.room, Some(&card), &format!("!note round {n} late {late}.")).await;
        }
        let list = town.ana.says(&town.room, None, "!list").await;
        all_wait(&town, 7).await;
        if away {
            town.crash().await;
        }
        town.ana.does(json!({ "do": "share", "key": key, "user": town.bot.id })).await;
        town.ana.says(&town.room, Some(&card), &format!("!note round {n} late 6.")).await;
        if away {
            town.start();
        }
        town.entry(&card, &format!("round {n} late 6.")).await;
        town.answer(&list).await;
        all_wait(&town, 0).await;
        town.settled().await;
        assert_eq!(notes(&town, &format!("round {n} late ")), ["0", "1", "2", "3", "4", "5", "6"], "{}", town.ana.sight());
    }
    town.sound().await;
    town.sleep().await;
}

/// The homeserver does not say what waits, just as its key comes: nothing that was said later under that key goes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_for_is_not_overtaken() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, true).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    let key = town.ana.does(json!({ "do": "withhold", "room": town.room })).await["key"].clone();
    for late in 0..2 {
        town.ana.says(&town.room, Some(&card), &format!("!note late {late}.")).await;
    }
    all_wait(&town, 2).await;
    proxy.blocks(&["/event/"], 502, "<html>Bad Gateway</html>");
    town.ana.does(json!({ "do": "share", "key": key, "user": town.bot.id })).await;
    town.ana.says(&town.room, Some(&card), "!note late 2.").await;
    // It can be read, and waits all the same.
    all_wait(&town, 3).await;
    proxy.lets_through("/event/");
    town.entry(&card, "late 2.").await;
    all_wait(&town, 0).await;
    town.settled().await;
    assert_eq!(notes(&town, "late "), ["0", "1", "2"], "{}", town.ana.sight());
    town.sound().await;
    town.sleep().await;
}

/// The bot dies while it answers what it could read at last: all answers come, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_to_late_commands_survive_a_crash() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, _) = Town::with_a_case(&hs, true).await;
    let key = town.ana.does(json!({ "do": "withhold", "room": town.room })).await["key"].clone();
    let mut asked = Vec::new();
    for _ in 0..16 {
        asked.push(town.ana.says(&town.room, None, "!list").await);
    }
    all_wait(&town, asked.len()).await;
    town.ana.does(json!({ "do": "share", "key": key, "user": town.bot.id })).await;
    town.answer(&asked[0]).await;
    town.crash().await;
    town.start();
    for command in &asked {
        town.answer(command).await;
    }
    all_wait(&town, 0).await;
    town.sound().await;
    town.sleep().await;
}

/// What cannot be decrypted holds up nobody; its writer is told, once, and it is kept to be tried again. In the end it is
/// given up, and that is said too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decrypted_waits_and_is_given_up_in_the_end() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, true).await;
    let room = escaped(&town.room);
    let (luis, stranger) = (Account::new(&hs, "luis").await, Account::new(&hs, "eva").await);
    let agent = Person { role: Role::Agent, name: "Luis".into(), lang: None };
    town.policy.people.insert(AgentId::from(luis.id.as_str()), agent);
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    for who in [&luis, &stranger] {
        town.ana.does(json!({ "do": "invite", "room": town.room, "user": who.id })).await;
        who.call("POST", &format!("rooms/{room}/join"), json!({})).await;
    }
    // What somebody says who is not on the team is nothing to wait for.
    for n in 0..3 {
        let done = stranger.call("PUT", &format!("rooms/{room}/send/m.room.encrypted/sealed-{n}"), sealed()).await;
        assert!(done["event_id"].is_string(), "{done}");
    }
    let mut sent = Vec::new();
    for n in 0..3 {
        let done = luis.call("PUT", &format!("rooms/{room}/send/m.room.encrypted/sealed-{n}"), sealed()).await;
        sent.push(done["event_id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned());
    }
    town.ana.says(&town.room, Some(&card), "!note all the same").await;
    town.entry(&card, "all the same").await;
    let says =
        |e: &Value, words: &str| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains(words));
    town.ana.until("Luis to be told", |events| events.iter().find(|e| says(e, "cannot decrypt")).map(drop)).await;
    town.settled().await;
    assert_eq!(town.ana.events().iter().filter(|e| says(e, "cannot decrypt")).count(), 1, "once");
    all_wait(&town, 3).await;
    assert!(Store::parked_list(&town.store).unwrap().is_empty());
    // Days later.
    town.sleep().await;
    town.settings.pace.give_up = Duration::from_millis(1);
    town.start();
    let told = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains("given up"));
    let said = town.ana.until("Luis to be told that it is over", |events| events.iter().find(told).cloned()).await;
    assert_eq!(said["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], sent[0].as_str());
    all_wait(&town, 0).await;
    town.settled().await;
    assert_eq!(town.ana.events().iter().filter(told).count(), 1, "once: {}", town.ana.sight());
    let kept: Vec<String> = Store::parked_list(&town.store).unwrap().into_iter().map(|p| p.id).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(sent.iter().all(|id| kept.contains(&format!("matrix:{id}"))), "{kept:?}");
    town.sound().await;
    town.sleep().await;
}
