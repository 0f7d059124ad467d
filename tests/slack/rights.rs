//! Who may act, and what may stand where.

use super::town::Town;
use crate::emulator::slack::{Books, Fault, On, TEAM_CHANNEL, words};
use sereno::case::CaseId;

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
async fn who_is_none_of_ours_is_told_so_in_their_own_language() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let guest = town.slack.guest("gil", false);
    town.slack.speaks(&guest.id, "es-ES");
    let ack = town.slack.acked(&guest.slash("/claim 1")).await.unwrap();
    let said = ack.payload["text"].as_str().unwrap();
    assert!(said.contains("No estás en la lista del equipo"), "{said}");
    guest.presses(&card.ts, "sereno:claim");
    town.slack.until("told again", |b| (b.whispers(&guest.id).len() > 1).then_some(())).await;
    guest.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.until("and once more", |b| (b.whispers(&guest.id).len() > 2).then_some(())).await;
    let books = town.slack.books();
    assert!(books.whispers(&guest.id).iter().all(|w| w.words().contains("No estás en la lista")), "{}", town.slack.sight());
    nobody_owns(&town).await;
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
async fn a_room_that_turns_public_while_a_private_message_waits_for_its_turn_does_not_get_it() {
    let town = Town::new().await;
    town.slack.fault(On::Method("chat.postMessage"), Fault::TooMany { after_s: 3 }, 1);
    town.complain("luis", "It arrived broken");
    let limited = |b: &Books| b.log.requests.iter().any(|r| r.method == "chat.postMessage" && r.fault.is_some()).then_some(());
    town.slack.until("Slack wants silence", limited).await;
    town.whisper("marta", &format!("my number is {SECRET}-6"));
    let waits = |e: &sereno::engine::Engine| {
        let mut entries = e.outbox().into_iter().map(|line| line.entry);
        entries.any(|e| e.case == Some(CaseId(2)) && e.state == sereno::outbox::EntryState::InFlight).then_some(())
    };
    town.until("its card is on its way", waits).await;
    let asked = |b: &Books| b.log.calls.get("conversations.info").copied().unwrap_or_default();
    let before = asked(&town.slack.books());
    // Looked at now it would be private still.
    let early = town.slack.until("an early look", |b| (asked(b) > before).then_some(()));
    tokio::time::timeout(std::time::Duration::from_millis(700), early).await.ok();
    let before = asked(&town.slack.books());
    town.slack.hold();
    town.slack.convert(TEAM_CHANNEL, false);
    town.slack.until("a card", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.ours && m.words().contains("#2")).then_some(())).await;
    town.settled().await;
    let books = town.slack.books();
    assert!(!books.ours().into_iter().any(|(_, m)| m.words().contains(SECRET)), "{}", town.slack.sight());
    assert!(asked(&books) > before, "it was looked at again");
}

#[tokio::test]
async fn a_colleague_of_another_workspace_of_the_organisation_is_one_of_ours() {
    let town = Town::asleep().await;
    town.slack.of_enterprise();
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (cousin, stranger) = (town.slack.cousin("cleo"), town.slack.stranger("sam"));
    town.slack.acked(&stranger.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.told(&stranger.id, "not on the team").await;
    nobody_owns(&town).await;
    town.slack.acked(&cousin.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.entry(&card.ts, "cleo took the case").await;
    town.slack.acked(&cousin.presses(&card.ts, "sereno:resolve")).await.unwrap();
    town.entry(&card.ts, "resolved").await;
    town.slack.acked(&cousin.slash("/case reopen 1")).await.unwrap();
    town.entry(&card.ts, "reopened").await;
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

/// A town in which only the user group's members may anything; Ana is one.
async fn of_a_group() -> Town {
    let mut town = Town::asleep().await;
    town.policy.default_role = None;
    town.slack.user("ana");
    town.settings.user_group = Some(town.slack.group("agents", &["ana"]));
    town
}

#[tokio::test]
async fn who_was_in_the_user_group_before_a_restart_is_until_it_is_read_again() {
    let town = of_a_group().await;
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.entry(&card.ts, "ana took the case").await;
    town.settled().await;
    town.sleep().await;
    town.slack.fault(On::Method("usergroups.users.list"), Fault::Status { code: 503, done: false }, 1_000);
    town.wake().await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note after the restart")).await.unwrap();
    town.entry(&card.ts, "after the restart").await;
    let eva = town.slack.user("eva");
    town.slack.acked(&eva.says(TEAM_CHANNEL, Some(&card.ts), "!release")).await.unwrap();
    town.told(&eva.id, "not on the team").await;
    town.sound().await;
}

#[tokio::test]
async fn a_user_group_that_was_disabled_makes_nobody_an_agent_and_that_is_said_once() {
    let mut town = of_a_group().await;
    town.settings.pace.known = std::time::Duration::from_millis(100);
    let group = town.settings.user_group.clone().unwrap();
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note from the team")).await.unwrap();
    town.entry(&card.ts, "from the team").await;
    // Trouble of Slack's own takes nobody's rights away.
    town.slack.fault(On::Method("usergroups.users.list"), Fault::Refused("internal_error"), 2);
    town.slack.until("it was asked in vain", |b| (asked(b, "internal_error") >= 2).then_some(())).await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note still of the team")).await.unwrap();
    town.entry(&card.ts, "still of the team").await;

    town.slack.disable_group(&group);
    let warned = |b: &Books| b.top(TEAM_CHANNEL).iter().filter(|m| m.ours && m.words().contains(&format!("user group {group}"))).count();
    town.slack.until("people are told", |b| (warned(b) > 0).then_some(())).await;
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.told(&ana.id, "not on the team").await;
    nobody_owns(&town).await;
    // Neither the next looks nor the next start say it again.
    let before = asked(&town.slack.books(), "no_such_subteam");
    town.slack.until("it is asked for again", |b| (asked(b, "no_such_subteam") >= before + 2).then_some(())).await;
    town.settled().await;
    town.sleep().await;
    town.wake().await;
    let before = asked(&town.slack.books(), "no_such_subteam");
    town.slack.until("and again", |b| (asked(b, "no_such_subteam") >= before + 2).then_some(())).await;
    assert_eq!(warned(&town.slack.books()), 1, "{}", town.slack.sight());
    town.sound().await;
}

/// How often the user group was asked for and this came back.
fn asked(books: &Books, error: &str) -> usize {
    books.log.requests.iter().filter(|r| r.method == "usergroups.users.list" && r.error.as_deref() == Some(error)).count()
}

#[tokio::test]
async fn nobody_is_judged_before_the_user_group_was_read_for_the_first_time() {
    let town = of_a_group().await;
    town.slack.fault(On::Method("usergroups.users.list"), Fault::Hang { done: false }, 1);
    town.slack.patience(3_000, [500, 1_500, 5_000]);
    let ana = town.slack.user("ana");
    // Slack brings it as soon as there is a connection.
    ana.says(TEAM_CHANNEL, None, "!list");
    town.wake().await;
    let said = town.slack.until("an answer", |b| b.whispers(&ana.id).first().map(|w| w.words())).await;
    assert!(!said.contains("not on the team"), "{said}");
}

/// What somebody's home says.
fn home(books: &Books, user: &str) -> Option<String> {
    books.home(user).map(|view| words(&view.body))
}

#[tokio::test]
async fn who_became_a_guest_sees_no_cases_in_their_home_any_more() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    for user in [&ana, &eva] {
        user.opens_home();
        town.slack.until("the queue", |b| home(b, &user.id).filter(|h| h.contains("Where is my parcel?"))).await;
    }
    let refused = |user: &str| {
        let user = user.to_owned();
        move |b: &Books| home(b, &user).filter(|h| h.contains("not on the team") && !h.contains('#')).map(drop)
    };
    town.slack.demote(&ana.id);
    town.slack.until("an empty home", refused(&ana.id)).await;
    // Of the other one the bot does not hear: it is not up.
    town.settled().await;
    town.sleep().await;
    town.slack.patience(50, [50, 50, 50]);
    town.slack.demote(&eva.id);
    town.slack.until("Slack has given up", |b| b.deliveries.iter().all(|d| !d.acks.is_empty() || d.tries >= 4).then_some(())).await;
    town.wake().await;
    eva.opens_home();
    town.slack.until("empty when it is opened", refused(&eva.id)).await;
    // Who never was one of us sees why there is nothing.
    let guest = town.slack.guest("gil", false);
    guest.opens_home();
    town.slack.until("a word in place of cases", refused(&guest.id)).await;
    town.sound().await;
}

#[tokio::test]
async fn who_is_taken_out_of_the_user_group_sees_no_cases_in_their_home_any_more() {
    let town = of_a_group().await;
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.user("eva");
    ana.opens_home();
    town.slack.until("the queue", |b| home(b, &ana.id).filter(|h| h.contains("Where is my parcel?"))).await;
    town.slack.group("agents", &["eva"]);
    town.slack.until("an empty home", |b| home(b, &ana.id).filter(|h| !h.contains("Where is my parcel?"))).await;
    let shown = home(&town.slack.books(), &ana.id).unwrap();
    assert_eq!(shown.matches("not on the team").count(), 1, "{shown}");
    town.sound().await;
}
