//! Who may act, and what may stand where.

use super::town::Town;
use crate::emulator::slack::{Books, CLIENT_ID, CLIENT_SECRET, Fault, On, TEAM_CHANNEL};
use sereno::case::CaseId;
use sereno::chat::slack::{Rotation, Slack as Adapter};
use sereno::clock::HOUR_MS;
use sereno::policy::RoomId;
use std::path::PathBuf;

const SECRET: &str = "canary-4711";

async fn nobody_owns(town: &Town) {
    let case = town.bot().ask(|e, _| e.case(CaseId(1))).await.unwrap().unwrap().unwrap();
    assert_eq!(case.owner, None);
}

#[tokio::test]
async fn guests_strangers_and_bots_do_nothing() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (guest, stranger, robot) = (town.slack.guest("gil", false), town.slack.stranger("sam"), town.slack.bot("robo"));
    for user in [&guest, &stranger] {
        let act = user.slash("/claim 1");
        town.slack.acked(&act).await.unwrap();
        let act = user.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
        town.slack.acked(&act).await.unwrap();
        let act = user.presses(&card.ts, "sereno:claim");
        town.slack.acked(&act).await.unwrap();
        let act = user.reacts(&card.ts, "eyes");
        town.slack.acked(&act).await.unwrap();
        user.presses(&card.ts, "sereno:draft");
    }
    robot.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    let ana = town.slack.user("ana");
    let act = ana.slash("/case list");
    town.slack.acked(&act).await.unwrap();
    nobody_owns(&town).await;
    let books = town.slack.books();
    assert!(books.modals(&guest.id).is_empty() && books.modals(&stranger.id).is_empty());
    town.sound().await;
}

#[tokio::test]
async fn what_is_private_stands_in_a_private_room_until_it_is_none() {
    let town = Town::new().await;
    town.whisper("marta", &format!("my number is {SECRET}-1"));
    town.card(&format!("{SECRET}-1")).await;
    // Shared with another company from now on.
    town.slack.share(TEAM_CHANNEL, true);
    town.slack
        .until("people are told", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("shared with another company")).then_some(()))
        .await;
    town.whisper("luis", &format!("my number is {SECRET}-2"));
    town.slack.until("a masked card", |b| (b.top(TEAM_CHANNEL).len() >= 3).then_some(())).await;
    town.settled().await;
    let books = town.slack.books();
    let leaked = books.ours().into_iter().any(|(_, m)| m.words().contains(SECRET));
    assert!(!leaked, "neither what came since nor what stood there before\n{}", town.slack.sight());
    assert!(books.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("replaced by one")), "people are told\n{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn a_room_that_turned_public_without_a_word_gets_nothing_private() {
    let town = Town::new().await;
    // No event tells of it: it is looked at before each private message.
    town.slack.hold();
    town.slack.convert(TEAM_CHANNEL, false);
    town.whisper("marta", &format!("my number is {SECRET}-3"));
    town.slack.until("a card", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.ours && m.words().contains("#1")).then_some(())).await;
    town.settled().await;
    let books = town.slack.books();
    assert!(!books.ours().into_iter().any(|(_, m)| m.words().contains(SECRET)), "{}", town.slack.sight());
}

#[tokio::test]
async fn what_stood_in_a_room_that_turned_public_is_taken_away_whoever_wrote_it() {
    let mut town = Town::asleep().await;
    town.settings.pace.known = std::time::Duration::from_millis(200);
    town.wake().await;
    town.whisper("marta", &format!("my number is {SECRET}-4"));
    let card = town.card(&format!("{SECRET}-4")).await;
    let ana = town.slack.user("ana");
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), &format!("!dm we have found {SECRET}-5"));
    town.slack.acked(&act).await.unwrap();
    let entry = town.entry(&card.ts, &format!("{SECRET}-5")).await;
    town.settled().await;
    // No event tells of it: it is seen when the room is looked at again.
    town.slack.hold();
    town.slack.convert(TEAM_CHANNEL, false);
    let masked = |b: &crate::emulator::slack::Books| !b.ours().into_iter().any(|(_, m)| m.words().contains(SECRET));
    town.slack.until("nothing private is left", |b| masked(b).then_some(())).await;
    town.slack.until("people are told", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("were replaced")).then_some(())).await;
    let books = town.slack.books();
    assert!(books.message(&card.ts).is_some() && books.message(&entry.ts).is_some(), "changed, not gone\n{}", town.slack.sight());
    // It is private again: what was masked shows again.
    town.slack.convert(TEAM_CHANNEL, true);
    town.entry(&card.ts, &format!("{SECRET}-5")).await;
    town.card(&format!("{SECRET}-4")).await;
    town.sound().await;
}

#[tokio::test]
async fn the_members_of_the_user_group_are_agents() {
    let mut town = Town::asleep().await;
    town.policy.default_role = None;
    town.slack.user("ana");
    let eva = town.slack.user("eva").id;
    town.settings.user_group = Some(town.slack.group("agents", &["ana"]));
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let act = town.slack.user("eva").says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    town.told(&eva, "not on the team").await;
    nobody_owns(&town).await;
    let act = town.slack.user("ana").says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    town.entry(&card.ts, "ana took the case").await;
    town.sound().await;
}

/// A new pair of tokens that rotate, as bot.toml would have it; the newest are kept in `file`.
fn rotating(town: &mut Town, file: PathBuf) {
    let (access, refresh) = town.slack.rotating();
    town.settings.bot_token = access.into();
    let (client_id, client_secret) = (CLIENT_ID.into(), CLIENT_SECRET.to_owned().into());
    town.settings.rotation = Some(Rotation { refresh_token: refresh.into(), client_id, client_secret, file });
}

#[tokio::test]
async fn tokens_that_rotate_are_renewed_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::asleep().await;
    rotating(&mut town, dir.path().join("store.slack-token.json"));
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    town.sleep().await;
    // The refresh token of bot.toml is spent: the kept one serves.
    town.wake().await;
    town.complain("luis", "It arrived broken");
    town.card("It arrived broken").await;
    town.sound().await;
}

/// The answer that held the new tokens is lost, and the old refresh token is spent: what is to be shown waits, and
/// new tokens in bot.toml mend it.
#[tokio::test]
async fn a_rotation_that_broke_off_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut town = Town::asleep().await;
    rotating(&mut town, dir.path().join("store.slack-token.json"));
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    town.slack.fault(On::Method("oauth.v2.access"), Fault::Drop { done: true }, 1);
    town.slack.advance(13 * HOUR_MS);
    town.complain("luis", "It arrived broken");
    let renewals = |b: &Books| b.log.requests.iter().filter(|r| r.method == "oauth.v2.access").count();
    let before = renewals(&town.slack.books());
    town.slack.until("it is renewed in vain", |b| (renewals(b) >= before + 3).then_some(())).await;
    town.sleep().await;
    rotating(&mut town, dir.path().join("another.slack-token.json"));
    town.wake().await;
    town.card("It arrived broken").await;
    town.sound().await;
}

#[tokio::test]
async fn a_file_goes_up_in_three_steps() {
    let town = Town::new().await;
    let adapter = Adapter::new(town.settings.clone()).unwrap();
    let room = RoomId(town.slack.channel(TEAM_CHANNEL));
    let id = adapter.upload(&room, None, "week.png", "The week", b"\x89PNG picture".to_vec()).await.unwrap();
    let books = town.slack.books();
    let file = &books.files[&id];
    assert!(file.complete && file.content.as_deref() == Some(b"\x89PNG picture".as_slice()), "{file:?}");
    assert_eq!(file.shared.len(), 1);
}
