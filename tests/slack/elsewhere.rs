//! What is found after a gap: in each room by itself, wherever the bot would have heard it, and of reactions as they stand.

use super::town::Town;
use crate::emulator::slack::{BOT_USER, Books, Request, TEAM_CHANNEL};
use sereno::case::CaseId;
use sereno::engine::{CHAT, Engine};
use std::time::Duration;

/// How often a room's history was asked for.
fn read(books: &Books, room: &str) -> usize {
    let asked = |r: &&Request| r.method == "conversations.history" && r.arguments["channel"] == room;
    books.log.requests.iter().filter(asked).count()
}

/// Up to where a room was heard, as the bot keeps it.
async fn place(town: &Town, room: &str) -> Option<String> {
    let stream = format!("slack:history:{room}");
    town.bot().ask(move |e, _| e.cursor(&CHAT.into(), &stream)).await.unwrap().unwrap()
}

/// Waits until it is kept that a room was heard.
async fn heard(town: &Town, room: &str) {
    let stream = format!("slack:history:{room}");
    town.until("it was heard", move |e| e.cursor(&CHAT.into(), &stream).unwrap()).await;
}

/// Slack gives up on what it tells the app from here on.
fn said_to_nobody(town: &Town) {
    town.slack.patience(50, [50, 50, 50]);
}

async fn given_up(town: &Town) {
    let over = |b: &Books| b.deliveries.iter().all(|d| !d.acks.is_empty() || d.failed.is_some() || d.tries >= 4).then_some(());
    town.slack.until("Slack has given up", over).await;
}

#[tokio::test]
async fn a_room_that_cannot_be_read_holds_up_no_other_and_loses_nothing() {
    let mut town = Town::asleep().await;
    let desk = town.slack.private_channel("desk");
    town.slack.invite("desk", BOT_USER);
    town.policy.privacy.private_rooms.push(desk.as_str().into());
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    heard(&town, &desk).await;
    town.settled().await;
    town.sleep().await;
    said_to_nobody(&town);
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    town.slack.invite("desk", &ana.id);
    ana.says("desk", None, "!claim 1");
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!note said meanwhile");
    given_up(&town).await;
    for code in ["missing_scope", "something_new"] {
        town.slack.shut("desk", Some(code));
        let before = read(&town.slack.books(), &desk);
        town.wake().await;
        town.entry(&card.ts, "said meanwhile").await;
        let room = town.slack.channel(TEAM_CHANNEL);
        let reads = read(&town.slack.books(), &room);
        town.slack.until("the room is tried again and again", |b| (read(b, &desk) >= before + 4).then_some(())).await;
        let books = town.slack.books();
        assert!(read(&books, &room) <= reads + 1, "no other is read for that again");
        let said = books.top(TEAM_CHANNEL).iter().filter(|m| m.ours && m.words().contains(code)).count();
        assert_eq!(said, 1, "said once\n{}", town.slack.sight());
        assert_eq!(town.bot().ask(|e, _| e.case(CaseId(1))).await.unwrap().unwrap().unwrap().owner, None);
        town.sleep().await;
    }
    town.wake().await;
    town.slack.shut("desk", None);
    town.entry(&card.ts, "ana took the case").await;
    let room = town.slack.channel(TEAM_CHANNEL);
    assert!(place(&town, &desk).await.is_some() && place(&town, &room).await.is_some());
    assert_eq!(town.times(&card.ts, "said meanwhile"), 1);
    town.settled().await;
}

#[tokio::test]
async fn what_was_typed_in_a_gap_is_found_wherever_it_would_have_been_heard() {
    let town = Town::new().await;
    let (ana, eva, leo) = (town.slack.user("ana"), town.slack.user("eva"), town.slack.user("leo"));
    for n in 1..=4 {
        town.customer(&format!("customer{n}"));
        town.complain(&format!("customer{n}"), &format!("Complaint {n}"));
        town.card(&format!("Complaint {n}")).await;
    }
    town.slack.private_channel("lounge");
    town.slack.app_joins("lounge");
    town.slack.private_channel("late");
    town.slack.invite("lounge", &leo.id);
    town.slack.invite("late", &leo.id);
    let talk = ana.says(TEAM_CHANNEL, None, "just talk");
    town.slack.acked(&talk).await.unwrap();
    town.slack.acked(&ana.slash("/case list")).await.unwrap();
    // Up to here all was heard, and that is kept.
    heard(&town, "direct").await;
    town.settled().await;
    town.sleep().await;
    said_to_nobody(&town);
    ana.says_privately("claim 1");
    eva.says(TEAM_CHANNEL, Some(&talk.ts), "@sereno claim 2");
    eva.says(TEAM_CHANNEL, None, "!note 3 said in the room");
    leo.says("lounge", None, "@sereno claim 3");
    leo.says("late", None, "@sereno claim 4");
    town.slack.app_joins("late");
    leo.says("late", None, "!note 4 after it came");
    given_up(&town).await;
    town.wake().await;
    for (case, who) in [(1, &ana), (2, &eva), (3, &leo)] {
        let id = who.id.clone();
        let owned = move |e: &Engine| e.case(CaseId(case)).unwrap().filter(|c| c.owner == Some(id.as_str().into())).map(drop);
        town.until(&format!("{case} has its owner"), owned).await;
    }
    let three = town.card("Complaint 3").await;
    town.entry(&three.ts, "said in the room").await;
    let four = town.card("Complaint 4").await;
    town.entry(&four.ts, "after it came").await;
    let case = town.bot().ask(|e, _| e.case(CaseId(4))).await.unwrap().unwrap().unwrap();
    assert_eq!(case.owner, None, "said before the bot came");
    town.sound().await;
    // Another gap does none of it again.
    let whispers = town.slack.books().whispers(&leo.id).len();
    town.sleep().await;
    town.wake().await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&three.ts), "!note once more")).await.unwrap();
    town.entry(&three.ts, "once more").await;
    town.sound().await;
    assert_eq!(town.times(&three.ts, "said in the room"), 1);
    assert_eq!(town.slack.books().whispers(&leo.id).len(), whispers);
}

#[tokio::test]
async fn whom_history_does_not_name_has_not_taken_their_reaction_away() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.complain("luis", "It arrived broken");
    let (one, two) = (town.card("Where is my parcel?").await, town.card("It arrived broken").await);
    let (ana, eva, leo) = (town.slack.user("ana"), town.slack.user("eva"), town.slack.user("leo"));
    for user in [&leo, &ana] {
        town.slack.acked(&user.reacts(&one.ts, "eyes")).await.unwrap();
        town.settled().await;
    }
    town.entry(&one.ts, "leo took the case").await;
    town.settled().await;
    town.sleep().await;
    said_to_nobody(&town);
    town.slack.names_reactors(1);
    ana.reacts(&two.ts, "white_check_mark");
    eva.reacts(&two.ts, "eyes");
    leo.reacts(&two.ts, "eyes");
    eva.unreacts(&two.ts, "eyes");
    ana.unreacts(&one.ts, "eyes");
    eva.reacts(&one.ts, "eyes");
    given_up(&town).await;
    town.wake().await;
    let resolved = |e: &Engine| e.case(CaseId(2)).unwrap().filter(|c| !c.status.is_open()).map(drop);
    town.until("what is named is done", resolved).await;
    town.slack.until("all are asked for", |b| b.log.requests.iter().any(|r| r.method == "reactions.get").then_some(())).await;
    town.settled().await;
    let case = town.bot().ask(|e, _| e.case(CaseId(1))).await.unwrap().unwrap().unwrap();
    assert_eq!(case.owner, Some(leo.id.as_str().into()), "{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn a_reaction_is_taken_away_though_slack_s_clock_is_behind_ours() {
    let town = Town::asleep().await;
    town.slack.advance(-30_000);
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    town.sleep().await;
    said_to_nobody(&town);
    let ana = town.slack.user("ana");
    ana.reacts(&card.ts, "eyes");
    given_up(&town).await;
    town.slack.patience(3_000, [500, 1_000, 2_000]);
    town.wake().await;
    town.entry(&card.ts, "ana took the case").await;
    town.slack.acked(&ana.unreacts(&card.ts, "eyes")).await.unwrap();
    let free = |e: &Engine| e.case(CaseId(1)).unwrap().filter(|c| c.owner.is_none()).map(drop);
    town.until("it is nobody's", free).await;
    town.sound().await;
}

#[tokio::test]
async fn a_room_that_the_rules_name_since_the_start_is_looked_after_like_the_others() {
    let mut town = Town::asleep().await;
    town.settings.pace.known = Duration::from_millis(100);
    town.wake().await;
    let vault = town.slack.private_channel("vault");
    town.slack.invite("vault", BOT_USER);
    let mut policy = town.policy.clone();
    policy.privacy.private_rooms.push(vault.as_str().into());
    town.bot().set_policy(policy).await.unwrap();
    town.slack.hold();
    town.slack.convert("vault", false);
    let told = |b: &Books| b.top(TEAM_CHANNEL).iter().any(|m| m.ours && m.words().contains(&vault)).then_some(());
    town.slack.until("people are told that it is public", told).await;
}

#[tokio::test]
async fn a_room_that_is_shared_is_looked_at_once_and_not_for_each_event() {
    let town = Town::new().await;
    town.settled().await;
    town.slack.share(TEAM_CHANNEL, true);
    let told = |b: &Books| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("shared with another company")).then_some(());
    town.slack.until("people are told", told).await;
    town.settled().await;
    let looks = |b: &Books| b.log.calls.get("conversations.info").copied().unwrap_or_default();
    let (before, ana) = (looks(&town.slack.books()), town.slack.user("ana"));
    for n in 0..30 {
        town.slack.acked(&ana.says(TEAM_CHANNEL, None, &format!("chatter {n}"))).await.unwrap();
    }
    town.settled().await;
    let after = looks(&town.slack.books());
    assert!(after <= before + 1, "{before} looks, then {after}");
    // It is fit again as soon as Slack says so.
    town.slack.share(TEAM_CHANNEL, false);
    town.slack.until("it is looked at", |b| (looks(b) > after).then_some(())).await;
    town.whisper("marta", "my number is canary-9");
    town.card("canary-9").await;
}
