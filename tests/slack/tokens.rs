//! Tokens that rotate: each refresh token serves once, whoever looks and whatever breaks off.

use super::town::Town;
use crate::emulator::slack::{Books, CLIENT_ID, CLIENT_SECRET, Fault, On};
use sereno::chat::Chat as _;
use sereno::chat::slack::{Rotation, Slack as Adapter};
use sereno::clock::HOUR_MS;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

fn renewals(books: &Books) -> usize {
    books.log.requests.iter().filter(|r| r.method == "oauth.v2.access").count()
}

/// A new pair of tokens that rotate, as bot.toml would have it; the newest are kept in `file`.
fn rotating(town: &mut Town, file: PathBuf) {
    let (access, refresh) = town.slack.rotating();
    town.settings.bot_token = access.into();
    let (client_id, client_secret) = (CLIENT_ID.into(), CLIENT_SECRET.to_owned().into());
    town.settings.rotation = Some(Rotation { refresh_token: refresh.into(), client_id, client_secret, file });
}

/// A town whose tokens rotate, the bot not started yet, and where the newest are kept.
async fn asleep() -> (TempDir, Town) {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::asleep().await;
    rotating(&mut town, dir.path().join("store.slack-token.json"));
    (dir, town)
}

/// The same, with a bot that has shown a card and waits for nothing.
async fn awake() -> (TempDir, Town) {
    let (dir, town) = asleep().await;
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    (dir, town)
}

async fn serves(town: &Town) {
    town.complain("luis", "It arrived broken");
    town.card("It arrived broken").await;
    town.sound().await;
}

#[tokio::test]
async fn tokens_that_rotate_are_renewed_and_kept() {
    let (_dir, town) = awake().await;
    town.sleep().await;
    // The refresh token of bot.toml is spent: the kept one serves.
    town.wake().await;
    serves(&town).await;
}

/// The answer that held the new tokens is lost, and the old refresh token is spent: what is to be shown waits, and
/// new tokens in bot.toml mend it.
#[tokio::test]
async fn a_rotation_that_broke_off_loses_nothing() {
    let (dir, mut town) = awake().await;
    town.slack.fault(On::Method("oauth.v2.access"), Fault::Drop { done: true }, 1);
    town.slack.advance(13 * HOUR_MS);
    town.complain("luis", "It arrived broken");
    let before = renewals(&town.slack.books());
    town.slack.until("it is renewed in vain", |b| (renewals(b) >= before + 3).then_some(())).await;
    town.sleep().await;
    rotating(&mut town, dir.path().join("another.slack-token.json"));
    town.wake().await;
    town.card("It arrived broken").await;
    town.sound().await;
}

/// What `sereno check` does in a process of its own.
fn checker(town: &Town) -> Adapter {
    Adapter::new(town.settings.clone()).unwrap()
}

async fn finds_all_well(checker: &Adapter) {
    let found = checker.check().await;
    assert!(!found.is_empty() && found.iter().all(|f| f.ok), "{found:?}");
}

#[tokio::test]
async fn a_check_spends_no_refresh_token_while_the_bot_s_token_serves() {
    let (_dir, town) = asleep().await;
    // Before the bot ever ran.
    let early = checker(&town);
    finds_all_well(&early).await;
    assert_eq!(renewals(&town.slack.books()), 0);
    // The bot has tokens of its own by now, of which this one did not hear yet.
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    let before = renewals(&town.slack.books());
    finds_all_well(&early).await;
    finds_all_well(&checker(&town)).await;
    assert_eq!(renewals(&town.slack.books()), before);
}

#[tokio::test]
async fn a_check_that_had_to_renew_the_token_strands_no_running_bot() {
    let (_dir, town) = awake().await;
    town.slack.advance(13 * HOUR_MS);
    let before = renewals(&town.slack.books());
    let (one, two) = (checker(&town), checker(&town));
    tokio::join!(finds_all_well(&one), finds_all_well(&two));
    serves(&town).await;
    assert_eq!(renewals(&town.slack.books()), before + 1, "the others take the tokens that one of them got");
}

/// Why a check could not renew the token.
async fn why_not_renewed(checker: &Adapter) -> String {
    let found = checker.check().await;
    let refused = found.iter().find(|f| !f.ok && f.detail.code == "check-slack-renewal").unwrap_or_else(|| panic!("{found:?}"));
    format!("{:?}", refused.detail)
}

#[tokio::test]
async fn tokens_that_could_not_be_kept_are_not_asked_for_by_a_check() {
    let (dir, mut town) = asleep().await;
    rotating(&mut town, dir.path().join("no-such-folder").join("store.slack-token.json"));
    town.slack.advance(13 * HOUR_MS);
    why_not_renewed(&checker(&town)).await;
    assert_eq!(renewals(&town.slack.books()), 0);
}

#[tokio::test]
async fn a_process_that_hangs_over_the_tokens_is_named_and_not_waited_for_for_ever() {
    let (dir, mut town) = asleep().await;
    town.settings.call = Duration::from_millis(400);
    town.slack.advance(13 * HOUR_MS);
    let lock = File::create(dir.path().join("store.slack-token.lock")).unwrap();
    lock.lock().unwrap();
    let early = checker(&town);
    let why = tokio::time::timeout(Duration::from_secs(20), why_not_renewed(&early)).await.expect("it gives up");
    assert!(why.contains("store.slack-token.lock") && why.contains("end it"), "{why}");
    assert_eq!(renewals(&town.slack.books()), 0, "no refresh token is spent beside another process");
    // It is waited for once, and not by each call that comes after it.
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let why = why_not_renewed(&early).await;
        assert!(why.contains("store.slack-token.lock"), "{why}");
    }
    assert!(began.elapsed() < Duration::from_millis(700), "{:?}", began.elapsed());
    drop(lock);
    finds_all_well(&checker(&town)).await;
}
