//! The program itself on a real homeserver: its commands for keys, and what its log does not hold.

use super::staff::{Account, server};
use super::town::{Team, Town};
use crate::run::{Bot, said};
use serde_json::{Value, json};
use sereno::chat::matrix::place::{Place, Saved};
use std::fs;
use std::path::Path;

/// Sets the program up in a folder, as `bot`, which proves who it is by `proof`.
fn configure(dir: &Path, bot: &Account, proof: &str, room: &str, ana: &str) {
    let text = format!(
        "[bot]\nbrand = \"Acme\"\n[store]\nmin_free_mb = 24\n[digest]\nenabled = false\n\
         [chat.matrix]\nhomeserver = \"{}\"\nuser = \"{}\"\n{proof} = \"file:proof\"\nroom = \"{room}\"\n\
         [[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"http://127.0.0.1:9\"\ntoken = \"file:token\"\n\
         [people.\"{ana}\"]\nname = \"Ana\"\nrole = \"lead\"\n",
        bot.hs, bot.id
    );
    let secret = if proof == "password" { &bot.password } else { &bot.token };
    fs::write(dir.join("proof"), secret).unwrap();
    fs::write(dir.join("token"), "account-token").unwrap();
    fs::write(dir.join("bot.toml"), text).unwrap();
}

fn session(dir: &Path) -> Option<Saved> {
    Place { dir: dir.join("sereno-data.matrix"), recovery_key: dir.join("sereno-data.matrix-recovery-key") }.session().unwrap()
}

fn token_of(saved: &Saved) -> String {
    saved.session["access_token"].as_str().unwrap().to_owned()
}

/// The library's and the bot's own log at their loudest hold none of what opens the account, its keys or its messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_matrix_stands_in_the_log() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let team = Team::new(&hs).await;
    let room = team.room(true).await;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    configure(dir, &team.bot, "password", &room, &team.ana.id);
    // Its first start: it signs in and makes the recovery key; its second one: it takes up the session.
    for n in 0..2 {
        let mut bot = Bot::start(dir);
        let there = |e: &&Value| e["state_key"] == team.bot.id.as_str() && e["content"]["membership"] == "join";
        team.ana.until("the bot to come into the room", |events| events.iter().find(there).map(drop)).await;
        let asked = team.ana.says(&room, None, &format!("!list canary-{n}-4711")).await;
        let answers = |e: &&Value| e["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == asked.as_str();
        team.ana.until("an answer", |events| events.iter().find(answers).map(drop)).await;
        bot.signal("-TERM");
        assert_eq!(bot.ended().code(), Some(0));
    }
    let log = fs::read_to_string(dir.join("log")).unwrap();
    assert!(log.contains("DEBUG") && log.contains("signed in to Matrix"), "it is the loudest there is");
    let key = fs::read_to_string(dir.join("sereno-data.matrix-recovery-key")).unwrap().trim().to_owned();
    assert!(key.len() > 40);
    let sealing = fs::read(dir.join("sereno-data.matrix/key")).unwrap();
    let hex: String = sealing.iter().map(|b| format!("{b:02x}")).collect();
    let list = format!("{sealing:?}");
    let secrets = [
        ("the password", team.bot.password.clone()),
        ("the access token", token_of(&session(dir).unwrap())),
        ("the recovery key", key.clone()),
        ("the recovery key without blanks", key.replace(' ', "")),
        ("the key of the databases", hex),
        ("the key of the databases", list),
        ("what somebody said", "-4711".to_owned()),
    ];
    for (what, secret) in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{what} stands in the log");
    }
}

/// `sereno matrix`: the key is printed while its file stands; nothing is recovered where nothing is lost, nor on a device
/// whose keys somebody else has; on a device of its own the account goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_for_keys_do_no_harm() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let (mut town, card) = Town::with_a_case(&hs, true).await;
    town.sleep().await;
    let ana = town.ana.id.clone();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    configure(dir, &town.bot, "password", &town.room, &ana);
    let (ok, told) = said(dir, &["matrix", "recovery-key"]);
    assert!(!ok && told.contains("There is no recovery key in") && told.contains("sereno-data.matrix-recovery-key"), "{told}");
    let (ok, told) = said(dir, &["matrix", "recover"]);
    assert!(!ok && told.contains("there is no recovery key in"), "{told}");
    let key = fs::read_to_string(&town.settings.place.recovery_key).unwrap();
    fs::write(dir.join("sereno-data.matrix-recovery-key"), &key).unwrap();
    assert_eq!(said(dir, &["matrix", "recovery-key"]), (true, key.clone()));

    // The token is that of the device that works elsewhere: its keys would be overwritten, and it could read nothing more.
    let lost = Account { token: token_of(&town.settings.place.session().unwrap().unwrap()), ..town.bot.clone() };
    configure(dir, &lost, "access_token", &town.room, &ana);
    let (ok, told) = said(dir, &["matrix", "recover"]);
    assert!(!ok && told.contains("has keys already") && told.contains("of its own"), "{told}");
    assert!(session(dir).is_none(), "nothing is left of it");
    let spanish = std::process::Command::new(env!("CARGO_BIN_EXE_sereno"))
        .current_dir(dir)
        .args(["matrix", "recover", "--lang", "es"])
        .output()
        .unwrap();
    let spanish = String::from_utf8_lossy(&[spanish.stdout, spanish.stderr].concat()).into_owned();
    assert!(spanish.contains("que ya tiene claves") && !spanish.contains("device"), "{spanish}");
    town.start();
    town.ana.says(&town.room, Some(&card), "!note it still reads").await;
    town.entry(&card, "it still reads").await;
    town.sleep().await;

    // A token of a device that nobody used: a wrong key first, then the right one.
    let login =
        json!({ "type": "m.login.password", "identifier": { "type": "m.id.user", "user": town.bot.id }, "password": town.bot.password });
    let fresh = town.bot.call("POST", "login", login).await;
    let fresh = Account { token: fresh["access_token"].as_str().unwrap_or_else(|| panic!("{fresh}")).to_owned(), ..town.bot.clone() };
    configure(dir, &fresh, "access_token", &town.room, &ana);
    fs::write(dir.join("sereno-data.matrix-recovery-key"), "EsTx no key at all").unwrap();
    let (ok, told) = said(dir, &["matrix", "recover"]);
    assert!(!ok && told.contains("does not fit"), "{told}");
    fs::write(dir.join("sereno-data.matrix-recovery-key"), &key).unwrap();
    let (ok, told) = said(dir, &["matrix", "recover"]);
    assert!(ok && told.contains("Recovered: the new device"), "{told}");
    assert!(!told.contains(key.trim()));
    let (ok, told) = said(dir, &["matrix", "recover"]);
    assert!(!ok && told.contains("nothing is lost"), "{told}");
    // And the bot goes on there.
    town.settings.place = Place { dir: dir.join("sereno-data.matrix"), recovery_key: dir.join("sereno-data.matrix-recovery-key") };
    town.start();
    town.ana.says(&town.room, Some(&card), "!note it reads here").await;
    town.entry(&card, "it reads here").await;
    town.sound().await;
    town.sleep().await;
}
