//! Slack is down as a whole, or one of its methods is, for a while: nothing is lost, and whoever waits is told.

use super::town::Town;
use crate::emulator::slack::{Books, Fault, On, TEAM_CHANNEL};

const OUT: Fault = Fault::Status { code: 503, done: false };

#[tokio::test]
async fn slack_is_down_for_a_while_and_everything_stands_once_when_it_is_back() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.settled().await;
    town.slack.down().await;
    town.complain("luis", "It arrived broken");
    town.complain("marta", "Is anybody there?");
    let decided = |e: &sereno::engine::Engine| (e.outbox().len() >= 2).then_some(());
    town.until("what is to be shown waits", decided).await;
    // The bot is started anew in the midst of it.
    town.crash().await;
    town.start();
    town.until("it is up without Slack", |e| (!e.outbox().is_empty()).then_some(())).await;
    town.slack.up().await;
    town.card("It arrived broken").await;
    town.card("Is anybody there?").await;
    town.slack.connected(1).await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note they are back")).await.unwrap();
    town.entry(&card.ts, "they are back").await;
    town.sound().await;
    let cards = |b: &Books| b.top(TEAM_CHANNEL).into_iter().filter(|m| m.ours && !m.actions().is_empty()).count();
    assert_eq!(cards(&town.slack.books()), 3, "\n{}", town.slack.sight());
}

#[tokio::test]
async fn a_form_that_slack_does_not_open_is_told_and_opens_at_the_next_press() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    for (n, fault) in [Fault::Refused("expired_trigger_id"), OUT, Fault::Drop { done: false }].into_iter().enumerate() {
        town.slack.fault(On::Method("views.open"), fault, 1);
        ana.presses(&card.ts, "sereno:draft");
        let told = |b: &Books| {
            let times = b.whispers(&ana.id).into_iter().filter(|w| w.words().contains("Press again")).count();
            (times > n).then_some(())
        };
        town.slack.until("she is told", told).await;
        assert!(town.slack.books().modals(&ana.id).is_empty(), "{fault:?}");
    }
    ana.presses(&card.ts, "sereno:draft");
    let modal = town.form(&ana.id).await.id;
    ana.submits(&modal, &[("text", "We are looking into it")]);
    town.entry(&card.ts, "We are looking into it").await;
    town.sound().await;
}

/// Eva is refused, and Slack does not show her so in the thread.
async fn refused(fault: Fault, times: u32) -> (Town, String) {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.slack.fault(On::Method("chat.postEphemeral"), fault, times);
    town.slack.acked(&eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    (town, eva.id)
}

#[tokio::test]
async fn an_answer_to_one_person_is_tried_again() {
    for fault in [OUT, Fault::Drop { done: false }, Fault::TooMany { after_s: 1 }] {
        let (town, eva) = refused(fault, 1).await;
        town.told(&eva, "ana").await;
        town.sound().await;
        assert_eq!(town.slack.books().whispers(&eva).len(), 1, "{}", town.slack.sight());
    }
}

#[tokio::test]
async fn an_answer_that_cannot_stand_in_the_room_goes_to_the_person_directly() {
    let (town, eva) = refused(Fault::Refused("user_not_in_channel"), 1_000).await;
    let told = |b: &Books| b.ours().into_iter().any(|(c, m)| c.im.as_ref() == Some(&eva) && m.words().contains("ana")).then_some(());
    town.slack.until("she is told in a message of her own", told).await;
    town.sound().await;
}
