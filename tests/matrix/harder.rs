//! Harder days: a homeserver that goes away under load, an access token, pictures, a colleague's client that
//! checks keys.

use super::staff::{Account, escaped, server};
use super::town::{Town, in_both_rooms};
use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::{TimelineEvent, VerificationLevel, VerificationState};
use matrix_sdk::encryption::EncryptionSettings;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId};
use matrix_sdk::{Client, SqliteStoreConfig};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sereno::case::CaseId;
use sereno::chat::Chat;
use sereno::chat::matrix::place::Place;
use sereno::chat::matrix::{Matrix, Secret, recover};
use sereno::desk::Desk;
use sereno::store::{Commit, Store};
use std::path::Path;
use std::time::Duration;

/// The homeserver ends in the middle of everything and comes back: nothing is lost, nothing doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_homeserver_that_restarts_under_load() {
    const EACH: usize = 12;
    let Some(hs) = server("SERENO_SYNAPSE_ENDED") else { return };
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

/// The digest with its picture, in a plain and in an encrypted room: encrypted where the room is, and once, also
/// where the bot dies and says it all again.
async fn the_digest_brings_its_picture(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, encrypted).await;
    // The last was given days ago, and now is after today's time.
    (town.policy.digest.enabled, town.policy.digest.minute_of_day) = (true, 0);
    let desk = Desk { digest_given: Some("2026-01-01".into()), ..Desk::default() };
    town.store.commit(Commit { desk: Some(desk), ..Commit::default() }).unwrap();
    town.wake().await;
    let is = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["msgtype"] == "m.image";
    let picture = town.ana.until("the picture", |events| events.iter().find(is).cloned()).await;
    let text = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains("Digest of"));
    assert_eq!(town.ana.events().iter().filter(text).count(), 1);
    town.settled().await;
    assert_eq!((&picture["content"]["info"]["mimetype"], &picture["content"]["info"]["w"]), (&json!("image/png"), &json!(720)));
    let file = &picture["content"]["file"];
    let url = if encrypted { &file["url"] } else { &picture["content"]["url"] };
    assert_eq!(file.is_object(), encrypted, "{picture}");
    let url = url.as_str().unwrap().trim_start_matches("mxc://").to_owned();
    let url = format!("{hs}/_matrix/client/v1/media/download/{url}");
    let bytes = reqwest::Client::new().get(url).bearer_auth(&town.bot.token).send().await.unwrap().bytes().await.unwrap();
    // Whoever keeps the file cannot read it where nobody is to read the room.
    assert_eq!(bytes.starts_with(b"\x89PNG"), !encrypted);
    assert_eq!(picture["content"]["info"]["size"], json!(bytes.len()));
    town.sound().await;
    town.sleep().await;
}

in_both_rooms!(
    the_digest_brings_its_picture,
    the_digest_brings_its_picture_to_a_plain_room,
    the_digest_brings_its_picture_to_an_encrypted_room
);

/// What is erased is gone from the homeserver as well: no earlier version of the card or of an entry is left there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_erased_is_gone_from_the_homeserver() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    // Where the homeserver can read it all.
    let (town, card) = Town::with_a_case(&hs, false).await;
    town.ana.says(&town.room, Some(&card), "!claim").await;
    town.changed(&card, "Ana").await;
    town.ana.says(&town.room, Some(&card), "!priority high").await;
    town.changed(&card, "high").await;
    town.settled().await;
    let room = escaped(&town.room);
    let history = async || town.bot.call("GET", &format!("rooms/{room}/messages?dir=b&limit=500"), Value::Null).await.to_string();
    assert!(history().await.matches("never came").count() > 2, "the card and its changes");
    let erased = town.handle().ask(|engine, now| engine.erase(now, CaseId(1))).await.unwrap().unwrap();
    assert!(erased.ok, "{erased:?}");
    town.settled().await;
    let left = history().await;
    assert!(!left.contains("never came"), "{left}");
    let told = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.contains("erased"));
    town.ana.until("to be told", |events| events.iter().find(told).map(drop)).await;
    town.sound().await;
    town.sleep().await;
}

/// Another room takes the place of the team's: everybody is told what to do, once, and `check` says it too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_replaced_says_so() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (town, card) = Town::with_a_case(&hs, true).await;
    let other = town.ana.does(json!({ "do": "create", "encrypted": false, "invite": [] })).await["room_id"].as_str().unwrap().to_owned();
    let over = json!({ "body": "moved", "replacement_room": other });
    town.ana.does(json!({ "do": "state", "room": town.room, "type": "m.room.tombstone", "content": over })).await;
    let told = |e: &&Value| {
        let body = e["content"]["body"].as_str().unwrap_or_default();
        e["sender"] == town.bot.id.as_str() && body.contains(&other) && body.contains("bot.toml")
    };
    let said = town.ana.until("to be told", |events| events.iter().find(told).cloned()).await;
    assert_eq!(said["content"]["msgtype"], "m.text", "people are told of it");
    // It stays where it was put, among whom it was put; a restart says nothing anew.
    town.crash().await;
    town.ana.says(&town.room, Some(&card), "!note still here").await;
    town.start();
    town.entry(&card, "still here").await;
    town.settled().await;
    assert_eq!(town.ana.events().iter().filter(told).count(), 1, "{}", town.ana.sight());
    let found = Matrix::new(town.settings.clone()).check().await;
    assert!(found.iter().any(|f| !f.ok && f.detail.code == "check-matrix-room-replaced"), "{found:?}");
    let rooms = town.bot.call("GET", "joined_rooms", Value::Null).await;
    assert!(!rooms.to_string().contains(&other), "{rooms}");
    town.sound().await;
    town.sleep().await;
}

/// A colleague at a client of the SDK's who has checked the bot's identity sees each of its messages as verified: also
/// after the bot lost its keys and was recovered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_who_verified_the_bot_sees_that_of_its_messages() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let mut town = Town::asleep(&hs, true).await;
    let luis = Account::new(&hs, "luis").await;
    town.ana.does(json!({ "do": "invite", "room": town.room, "user": luis.id })).await;
    let eva = Account::new(&hs, "eva").await;
    town.ana.does(json!({ "do": "invite", "room": town.room, "user": eva.id })).await;
    let folder = tempfile::tempdir().unwrap();
    let colleague = Colleague::new(&luis, &town.room, &folder.path().join("luis")).await;
    let careless = Colleague::new(&eva, &town.room, &folder.path().join("eva")).await;
    town.wake().await;
    // Before the first message: this SDK never looks again at how a key was trusted that it has (matrix-sdk-crypto
    // 0.18.0, `SenderData::should_recalculate`), so what came before shows as it did.
    colleague.verifies(&town.bot.id).await;
    town.complain("marta", "my train never came");
    town.card("never came").await;
    assert_eq!(colleague.state_of("never came").await, VerificationState::Verified);
    let unchecked = VerificationState::Unverified(VerificationLevel::UnverifiedIdentity);
    assert_eq!(careless.state_of("never came").await, unchecked, "signed by its owner, whom she never checked");
    // The keys are lost, and recovered: the same identity, to whoever checked it.
    town.sleep().await;
    let key = town.settings.place.recovery_key().unwrap().unwrap();
    town.settings.place = Place { dir: town.folder.path().join("new"), recovery_key: town.folder.path().join("key-from-the-safe") };
    std::fs::write(&town.settings.place.recovery_key, key.as_str()).unwrap();
    recover(&town.settings).await.unwrap();
    town.wake().await;
    town.complain("marta", "nobody ever answers");
    town.card("nobody ever answers").await;
    assert_eq!(colleague.state_of("nobody ever answers").await, VerificationState::Verified);
    town.sound().await;
    town.sleep().await;
}

/// Somebody at a second client of matrix-sdk.
struct Colleague {
    client: Client,
    room: OwnedRoomId,
}

impl Colleague {
    async fn new(account: &Account, room: &str, folder: &Path) -> Colleague {
        let settings = EncryptionSettings { auto_enable_cross_signing: true, ..EncryptionSettings::default() };
        let store = SqliteStoreConfig::new(folder).key(Some(&[7; 32]));
        let client = Client::builder()
            .homeserver_url(&account.hs)
            .sqlite_store_with_config_and_cache_path(store, None::<&Path>)
            .with_encryption_settings(settings)
            .build()
            .await
            .unwrap();
        client.matrix_auth().login_username(&account.id, &account.password).send().await.unwrap();
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        assert!(client.encryption().cross_signing_status().await.is_some_and(|s| s.is_complete()), "they have keys of their own");
        let room = OwnedRoomId::try_from(room).unwrap();
        client.sync_once(SyncSettings::new().timeout(Duration::ZERO)).await.unwrap();
        client.join_room_by_id(&room).await.unwrap();
        client.sync_once(SyncSettings::new().timeout(Duration::ZERO)).await.unwrap();
        Colleague { client, room }
    }

    /// They have compared the keys of that account with what its screen shows.
    async fn verifies(&self, who: &str) {
        let who = OwnedUserId::try_from(who).unwrap();
        let me = self.client.user_id().unwrap();
        let encryption = self.client.encryption();
        let own = encryption.request_user_identity(me).await.unwrap().expect("keys of their own");
        assert!(own.is_verified(), "a client trusts itself");
        encryption.request_user_identity(&who).await.unwrap().expect("the bot has an identity").verify().await.unwrap();
        let known = encryption.request_user_identity(&who).await.unwrap().unwrap();
        assert!(known.is_verified(), "the signature is on the homeserver, and was fetched from there");
    }

    /// How the newest message that shows these words is trusted.
    async fn state_of(&self, words: &str) -> VerificationState {
        for _ in 0..200 {
            self.client.sync_once(SyncSettings::new().timeout(Duration::from_millis(500))).await.unwrap();
            let room = self.client.get_room(&self.room).unwrap();
            let page = room.messages(MessagesOptions::backward()).await.unwrap();
            let has = |e: &&TimelineEvent| e.raw().json().get().contains(words);
            if let Some(event) = page.chunk.iter().find(has) {
                return event.encryption_info().expect("it is encrypted").verification_state.clone();
            }
        }
        panic!("not seen: {words}");
    }
}
