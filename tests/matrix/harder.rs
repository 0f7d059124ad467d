//! Harder days: a homeserver that goes away under load, an access token, pictures, keys that are missing.

use super::staff::{Account, server};
use super::town::Town;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sereno::chat::matrix::Secret;
use sereno::policy::RoomId as RoomOf;
use sereno::post::Account as Brand;
use sereno::store::Store;

/// The homeserver ends in the middle of everything and comes back: nothing is lost, nothing doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homeserver_that_restarts_under_load() {
    const EACH: usize = 12;
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let Ok(pid) = std::env::var("SERENO_SYNAPSE_PID") else { return };
    let town = Town::new(&hs, true).await;
    for n in 0..EACH {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("complaint {n:02}."));
    }
    town.card("complaint 00.").await;
    let before = std::fs::read_to_string(&pid).unwrap();
    kill_process(Pid::from_raw(before.trim().parse().unwrap()).unwrap(), Signal::TERM).unwrap();
    for n in EACH..2 * EACH {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("complaint {n:02}."));
    }
    for n in 0..2 * EACH {
        town.card(&format!("complaint {n:02}.")).await;
    }
    let card = town.card("complaint 07.").await;
    town.ana.says(&town.room, Some(&card), "!note all is well again").await;
    town.entry(&card, "all is well again").await;
    assert_ne!(std::fs::read_to_string(&pid).unwrap(), before, "it was another process");
    town.sound().await;
    town.sleep().await;
}

/// Signed in by an access token of its own, the bot does all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_does_as_well() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, true).await;
    town.settings.secret = Secret::Token(town.bot.token.clone().into());
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    // How a handoff would begin is shown, and nothing is sent.
    town.ana.reacts(&town.room, &card, "📨").await;
    town.entry(&card, "!handoff 1").await;
    assert!(town.published().is_empty());
    town.sound().await;
    town.sleep().await;
}

/// A picture, as a digest has one: encrypted where the room is, and once however often it is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_uploaded_once_and_encrypted() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, true).await;
    town.complain("marta", "my train never came");
    town.card("never came").await;
    let room = RoomOf::from(town.room.as_str());
    let upload =
        async || town.chat().upload(&room, "digest-2026-11-22", "digest.png", "image/png", b"\x89PNG\r\n\x1a\n".to_vec()).await.unwrap();
    let (first, second) = (upload().await, upload().await);
    assert_eq!(first, second, "the homeserver took it once");
    let picture = town.ana.until("the picture", |events| events.iter().find(|e| e["event_id"] == first.as_str()).cloned()).await;
    assert_eq!(picture["content"]["msgtype"], "m.image");
    assert!(picture["content"]["file"]["key"].is_object() && picture["content"].get("url").is_none_or(Value::is_null), "{picture}");
    assert!(picture["content"]["m.mentions"].is_object(), "{picture}");
    town.sleep().await;
}

/// What cannot be decrypted holds up nobody; its writer is told, once, and it is kept to be tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decrypted_waits_and_holds_up_nobody() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let town = Town::new(&hs, true).await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    let luis = Account::new(&hs, "luis").await;
    town.ana.does(json!({ "do": "invite", "room": town.room, "user": luis.id })).await;
    let room = town.room.replace('!', "%21").replace(':', "%3A");
    luis.call("POST", &format!("rooms/{room}/join"), json!({})).await;
    // A session whose key nobody has.
    let sealed = json!({
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgAEhCZ3NyaRZ5SvqKZoYzxm8Qf6Lz0Vt9pV9wzq3m7a2gJ1tqJ8d3m5y0Vb2Y6oA5l6xQm1v8kq2r9Yw4n7c8s1u3x5z7B9D1F3H5J7L9N1P3R5T7V9X1Z",
        "device_id": "NOWHERE", "sender_key": "nothing", "session_id": "cYmVjYXVzZSBub2JvZHkgaGFzIGl0cyBrZXkgaGVyZQ",
    });
    for n in 0..3 {
        let sent = luis.call("PUT", &format!("rooms/{room}/send/m.room.encrypted/sealed-{n}"), sealed.clone()).await;
        assert!(sent["event_id"].is_string(), "{sent}");
    }
    town.ana.says(&town.room, Some(&card), "!note all the same").await;
    town.entry(&card, "all the same").await;
    let told =
        |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains("cannot decrypt"));
    town.ana.until("Luis to be told", |events| events.iter().find(told).map(drop)).await;
    town.settled().await;
    assert_eq!(town.ana.events().iter().filter(told).count(), 1, "once");
    let kept = Store::cursor(&town.store, &Brand::from(sereno::engine::CHAT), "matrix:waiting").unwrap().unwrap_or_default();
    assert_eq!(kept.matches("\"event\"").count(), 3, "{kept}");
    town.sound().await;
    town.sleep().await;
}
