//! Each fault, once: nothing is lost, nothing stands twice.

use super::town::Town;
use crate::emulator::slack::{BOT_USER, Books, Chances, Fault, On, TEAM_CHANNEL, Trouble};
use sereno::policy::RoomId;

/// A fault on the post of a card: the card stands once all the same.
async fn on_a_post(fault: Fault, name: &str) {
    let town = Town::new().await;
    town.slack.fault(On::Method("chat.postMessage"), fault, 1);
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.sound().await;
    let books = town.slack.books();
    assert_eq!(books.top(TEAM_CHANNEL).len(), 1, "\n{}", town.slack.sight());
    assert_eq!(town.slack.faults_done().get(name), Some(&1));
}

#[tokio::test]
async fn too_many_requests() {
    on_a_post(Fault::TooMany { after_s: 1 }, "too-many").await;
}

#[tokio::test]
async fn an_error_of_slack_before_the_post() {
    on_a_post(Fault::Status { code: 503, done: false }, "error").await;
}

#[tokio::test]
async fn an_error_of_slack_after_the_post() {
    on_a_post(Fault::Status { code: 500, done: true }, "done-then-error").await;
}

#[tokio::test]
async fn no_answer_and_nothing_posted() {
    on_a_post(Fault::Hang { done: false }, "hang").await;
}

#[tokio::test]
async fn posted_and_no_answer() {
    on_a_post(Fault::Hang { done: true }, "done-then-hang").await;
}

#[tokio::test]
async fn posted_and_the_connection_dropped() {
    on_a_post(Fault::Drop { done: true }, "done-then-drop").await;
}

#[tokio::test]
async fn the_connection_dropped_before_anything() {
    on_a_post(Fault::Drop { done: false }, "drop").await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read() {
    on_a_post(Fault::Malformed, "malformed").await;
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    on_a_post(Fault::HalfAnswer, "half-answer").await;
}

#[tokio::test]
async fn blocks_that_slack_refuses_go_as_text() {
    on_a_post(Fault::Refused("msg_blocks_too_long"), "refused").await;
}

/// What was posted and not confirmed stands in a room out of which the bot was put since: it is not posted again, there
/// or elsewhere, before the room can be read.
#[tokio::test]
async fn what_may_stand_in_a_room_that_cannot_be_read_is_not_posted_again() {
    let mut town = Town::asleep().await;
    let vip = town.slack.private_channel("vip");
    town.slack.invite(&vip, BOT_USER);
    town.policy.routes[0].room = RoomId(vip.clone());
    town.settings.rooms.push(RoomId(vip.clone()));
    town.wake().await;
    town.slack.fault(On::Method("chat.postMessage"), Fault::Drop { done: true }, 1);
    town.complain("marta", "Where is my parcel?");
    town.slack.until("it stands", |b| (b.top(&vip).len() == 1).then_some(())).await;
    town.slack.kick(&vip, BOT_USER);
    let told = |b: &Books| b.top(TEAM_CHANNEL).iter().filter(|m| m.words().contains(&format!("cannot read the room {vip}"))).count();
    town.slack.until("people are told what to do", |b| (told(b) > 0).then_some(())).await;
    let refused = |b: &Books| {
        b.log.requests.iter().filter(|r| r.method == "conversations.history" && r.error.as_deref() == Some("channel_not_found")).count()
    };
    let before = refused(&town.slack.books());
    town.slack.until("it is looked for again", |b| (refused(b) > before).then_some(())).await;
    town.slack.invite(&vip, BOT_USER);
    town.settled().await;
    let books = town.slack.books();
    assert_eq!(books.top(&vip).len(), 1, "{}", town.slack.sight());
    let elsewhere = books.top(TEAM_CHANNEL).iter().filter(|m| m.words().contains("Where is my parcel?")).count();
    assert_eq!((elsewhere, told(&books)), (0, 1), "{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn below_a_card_in_doubt_people_act_on_its_case() {
    let town = Town::new().await;
    town.slack.fault(On::Method("chat.postMessage"), Fault::Hang { done: true }, 1);
    town.slack.fault(On::Method("conversations.history"), Fault::Status { code: 503, done: false }, 1_000);
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!note He called twice");
    town.slack.acked(&act).await.unwrap();
    // A reaction to a card is one to its case, too.
    eva.reacts(&card.ts, "rotating_light");
    town.slack.until("it was taken", |b| b.unacked().is_empty().then_some(())).await;
    let case = town.bot().ask(|e, _| e.case(sereno::case::CaseId(1))).await.unwrap().unwrap().unwrap();
    assert!(case.places.iter().all(|p| p.thread.is_none()), "the bot does not know the card yet");
    assert_eq!(case.owner.as_ref().map(|o| o.as_str()), Some(ana.id.as_str()));
    assert_eq!(case.priority, sereno::case::Priority::Urgent);
    // The thread cannot show it yet: they are told themselves.
    town.told(&ana.id, "is yours").await;
    assert!(!town.slack.books().whispers(&ana.id).iter().any(|w| w.words().contains("hich case")), "{}", town.slack.sight());
    town.slack.heal();
    town.entry(&card.ts, "He called twice").await;
    town.sound().await;
    assert_eq!(town.slack.books().top(TEAM_CHANNEL).len(), 1, "{}", town.slack.sight());
}

#[tokio::test]
async fn a_token_that_is_revoked_and_good_again_loses_nothing() {
    let town = Town::new().await;
    town.slack.kill_token(crate::emulator::slack::BOT_TOKEN, Some("token_revoked"));
    town.complain("marta", "Where is my parcel?");
    town.slack.until("it was tried", |b| b.log.requests.iter().any(|r| r.error.as_deref() == Some("token_revoked")).then_some(())).await;
    town.slack.kill_token(crate::emulator::slack::BOT_TOKEN, None);
    // Not merely the alarm that it is connected again, which waits for no lane.
    let card = |b: &Books| b.top(TEAM_CHANNEL).into_iter().any(|m| m.words().contains("Where is my parcel?")).then_some(());
    town.slack.until_within("the card", std::time::Duration::from_secs(60), card).await;
    town.sound().await;
}

/// Trouble with an envelope: the command is done once.
async fn on_a_command(trouble: Trouble) {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    town.slack.patience(1_000, [300, 600, 1_200]);
    town.slack.trouble(trouble, 1);
    let ana = town.slack.user("ana");
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!note It is his third parcel");
    if trouble == Trouble::Behind {
        ana.says(TEAM_CHANNEL, Some(&card.ts), "just talk");
    }
    town.slack.acked(&act).await.unwrap();
    town.entry(&card.ts, "It is his third parcel").await;
    town.sound().await;
    let notes = town.times(&card.ts, "third parcel");
    assert_eq!(notes, 1, "{}", town.slack.sight());
}

#[tokio::test]
async fn an_envelope_that_comes_twice() {
    on_a_command(Trouble::Twice).await;
}

#[tokio::test]
async fn an_envelope_that_comes_late() {
    on_a_command(Trouble::Late { ms: 700 }).await;
}

#[tokio::test]
async fn an_envelope_that_comes_after_the_next() {
    on_a_command(Trouble::Behind).await;
}

#[tokio::test]
async fn an_envelope_upon_which_the_connection_breaks() {
    on_a_command(Trouble::Cut).await;
}

#[tokio::test]
async fn an_envelope_that_is_lost_with_its_connection() {
    on_a_command(Trouble::Lost).await;
}

/// How a command comes that Slack brings once only.
#[derive(Clone, Copy, Debug)]
enum By {
    Slash,
    Press,
    Submit,
}

/// Trouble with what Slack brings once only: done once, and whoever gave it learns what came of it.
async fn on_what_comes_once(by: By, trouble: Trouble) {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let mut form = String::new();
    if let By::Submit = by {
        town.slack.acked(&ana.slash("/draft 1")).await.unwrap();
        form = town.form(&ana.id).await.id;
    }
    town.settled().await;
    let own = |b: &Books| b.whispers(&ana.id).into_iter().filter(|w| w.by != "slack").map(|w| w.words()).collect::<Vec<_>>();
    let before = own(&town.slack.books()).len();
    town.slack.patience(1_000, [300, 600, 1_200]);
    let give = || match by {
        By::Slash => ana.slash("/case note 1 It is his third parcel"),
        By::Press => ana.presses(&card.ts, "sereno:claim"),
        By::Submit => ana.submits(&form, &[("text", "It is his third parcel")]),
    };
    town.slack.trouble(trouble, 1);
    let act = give();
    let heard = town.slack.acked(&act).await;
    let words = if let By::Press = by { "ana took the case" } else { "It is his third parcel" };
    match trouble {
        Trouble::Twice => {
            let n = act.told[0] as usize - 1;
            town.slack.until("both acks", |b| (b.deliveries[n].acks.len() == 2).then_some(())).await;
            heard.unwrap();
        }
        Trouble::Late { .. } => drop(heard.unwrap()),
        // Slack tells them that it failed, and it did: they do it again.
        Trouble::Lost => {
            heard.unwrap_err();
            town.slack.connected(1).await;
            assert_eq!(town.times(&card.ts, words), 0, "{by:?}\n{}", town.slack.sight());
            town.slack.acked(&give()).await.unwrap();
        }
        // Slack tells them that it failed, and it did not.
        _ => {
            heard.unwrap_err();
            town.slack.connected(1).await;
            // A form still stands before them: they send it in again.
            if let By::Submit = by {
                town.slack.acked(&give()).await.unwrap();
            }
        }
    }
    town.entry(&card.ts, words).await;
    match by {
        By::Slash => town.told(&ana.id, "Noted in #1").await,
        By::Submit => town.slack.until("the form closes", |b| b.modals(&ana.id).is_empty().then_some(())).await,
        // The thread says it.
        By::Press => {}
    }
    // What comes after it finds all of it done.
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note the last one")).await.unwrap();
    town.entry(&card.ts, "the last one").await;
    town.sound().await;
    let times = town.times(&card.ts, words);
    assert_eq!(times, 1, "{by:?} {trouble:?}\n{}", town.slack.sight());
    let told = own(&town.slack.books()).split_off(before);
    assert_eq!(told.len(), usize::from(matches!(by, By::Slash)), "{by:?} {trouble:?}: {told:?}");
}

#[tokio::test]
async fn a_slash_command_in_trouble_is_done_and_answered_once() {
    for trouble in [Trouble::Twice, Trouble::Late { ms: 700 }, Trouble::Cut, Trouble::Lost] {
        on_what_comes_once(By::Slash, trouble).await;
    }
}

#[tokio::test]
async fn a_press_in_trouble_is_done_and_answered_once() {
    for trouble in [Trouble::Twice, Trouble::Late { ms: 700 }, Trouble::Cut, Trouble::Lost] {
        on_what_comes_once(By::Press, trouble).await;
    }
}

#[tokio::test]
async fn a_form_sent_in_in_trouble_is_done_and_answered_once() {
    for trouble in [Trouble::Twice, Trouble::Late { ms: 700 }, Trouble::Cut, Trouble::Lost] {
        on_what_comes_once(By::Submit, trouble).await;
    }
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_is_kept_and_acked() {
    let town = Town::new().await;
    town.slack.raw("this is no JSON");
    town.slack
        .raw(r#"{"type":"events_api","envelope_id":"e-odd","payload":{"event_id":"Ev-odd","event":{"type":"message","channel":"C1"}}}"#);
    town.slack.until("people are told", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("sereno parked")).then_some(())).await;
    // Of the two, only one has a name by which it can be acked.
    town.slack.until("its ack", |b| (b.log.strange_acks == 1).then_some(())).await;
    // It goes on hearing.
    let ana = town.slack.user("ana");
    let act = ana.slash("/case list");
    town.slack.acked(&act).await.unwrap();
}

#[tokio::test]
async fn posted_and_the_bot_gone_before_the_answer() {
    let town = Town::new().await;
    town.slack.fault(On::Method("chat.postMessage"), Fault::Hang { done: true }, 1);
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.crash().await;
    town.wake().await;
    town.complain("luis", "It arrived broken");
    town.card("It arrived broken").await;
    town.sound().await;
    assert_eq!(town.slack.books().top(TEAM_CHANNEL).len(), 2, "\n{}", town.slack.sight());
}

#[tokio::test]
async fn a_person_whom_slack_does_not_know_in_time_holds_up_nobody_else() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    let act = ana.slash("/case list");
    town.slack.acked(&act).await.unwrap();
    town.slack.patience(2_000, [500, 1_000, 2_000]);
    town.slack.fault(On::Method("users.info"), Fault::Hang { done: false }, 1);
    let slow = eva.says(TEAM_CHANNEL, Some(&card.ts), "!note slowly");
    for n in 0..5 {
        let act = ana.slash(&format!("/case note 1 quickly {n}"));
        let ack = town.slack.acked(&act).await.unwrap();
        assert!(ack.latency_ms < 1_400, "{}", ack.latency_ms);
    }
    // Not acked at first, Slack brings it again.
    town.slack.acked(&slow).await.unwrap();
    town.entry(&card.ts, "slowly").await;
    town.sound().await;
}

#[tokio::test]
async fn what_one_person_does_keeps_its_order() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    for n in 10..40 {
        ana.says(TEAM_CHANNEL, Some(&card.ts), &format!("!note number {n}"));
    }
    town.entry(&card.ts, "number 39").await;
    town.settled().await;
    let books = town.slack.books();
    let thread = books.thread(TEAM_CHANNEL, &card.ts);
    let said: Vec<u32> =
        thread.iter().filter(|m| m.ours).filter_map(|m| m.words().split("number ").nth(1)?.get(..2)?.parse().ok()).collect();
    assert_eq!(said, (10..40).collect::<Vec<_>>());
    town.sound().await;
}

#[tokio::test]
async fn a_burst_stays_within_slack_s_own_limits() {
    let mut town = Town::asleep().await;
    town.slack.limits(3.0, 300.0);
    town.settings.posts_per_second = 1.0;
    town.settings.workspace_posts_per_minute = 300;
    town.wake().await;
    for n in 0..7 {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("Where is parcel {n}?"));
    }
    let ana = town.slack.user("ana");
    // Whoever waits for an answer does not stand behind the posts.
    let act = ana.slash("/case list");
    assert!(town.slack.acked(&act).await.unwrap().latency_ms < 1_000);
    town.settled().await;
    let limited = town.slack.books().log.limited;
    assert_eq!(limited.values().sum::<u64>(), 0, "{limited:?}");
    town.sound().await;
}

#[tokio::test]
async fn a_change_that_waits_holds_up_no_new_message() {
    let mut town = Town::asleep().await;
    // One after the other, as at Slack's own pace.
    town.settings.posts_per_second = 10.0;
    town.settings.call = std::time::Duration::from_secs(20);
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    // For as long as a call may take the change of the first card hangs.
    town.slack.fault(On::Method("chat.update"), Fault::Hang { done: false }, 1);
    let ana = town.slack.user("ana");
    let act = ana.slash("/claim 1");
    town.slack.acked(&act).await.unwrap();
    town.slack.until("the change hangs", |_| town.slack.faults_done().contains_key("hang").then_some(())).await;
    let began = std::time::Instant::now();
    town.complain("luis", "It arrived broken");
    town.card("It arrived broken").await;
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    town.sleep().await;
}

/// Everything at once, by seeded chance, with a crash in the middle: nothing lost, nothing twice. Another
/// seed by `SERENO_SLACK_SEED`.
#[tokio::test]
async fn what_is_in_doubt_is_found_behind_thousands_of_messages() {
    let town = Town::new().await;
    // What was said before it came is read by now: that takes of the same limit.
    let stream = format!("slack:history:{}", town.slack.channel(TEAM_CHANNEL));
    town.until("the room was heard", move |e| e.cursor(&sereno::engine::CHAT.into(), &stream).unwrap()).await;
    town.slack.fault(On::Method("chat.postMessage"), Fault::Drop { done: true }, 1);
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    // More than one look reads.
    town.slack.fills(TEAM_CHANNEL, &ana.id, 4_050);
    town.settled().await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.entry(&card.ts, "ana took the case").await;
    let books = town.slack.books();
    let cards = books.top(TEAM_CHANNEL).iter().filter(|m| m.ours && m.words().contains("Where is my parcel?")).count();
    assert_eq!(cards, 1, "it is not posted again");
    let pages = books.log.calls["conversations.history"];
    assert!(pages > 20, "{pages} pages");
    town.sound().await;
}

#[tokio::test]
async fn by_chance_and_with_a_crash_nothing_is_lost_or_stands_twice() {
    let town = Town::new().await;
    town.slack.patience(800, [200, 400, 800]);
    let chances = Chances {
        too_many: 10,
        error_before: 20,
        error_after: 20,
        drop_before: 20,
        drop_after: 20,
        hang: 5,
        malformed: 10,
        half_answer: 10,
        twice: 60,
        late: 40,
        behind: 40,
        cut: 20,
        lost: 20,
    };
    let seed = std::env::var("SERENO_SLACK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_122);
    town.slack.chance(seed, chances);
    let ana = town.slack.user("ana");
    let mut cards = Vec::new();
    for n in 0..12 {
        town.complain(if n % 2 == 0 { "marta" } else { "luis" }, &format!("Where is parcel number {n:02}?"));
        if n % 3 == 0 {
            cards.push(format!("parcel number {n:02}"));
        }
    }
    let mut noted = Vec::new();
    for (n, words) in cards.iter().enumerate() {
        // A customer's later posts join the case: its card or an entry of its thread shows them.
        let thread = town.slack.until(words, |b| {
            let (_, shown) = b.ours().into_iter().find(|(_, m)| m.words().contains(words))?;
            Some(shown.thread.clone().unwrap_or_else(|| shown.ts.clone()))
        });
        let thread = thread.await;
        // Who writes below a card of which the bot does not know yet that it stands is asked which case they mean.
        town.settled().await;
        ana.says(TEAM_CHANNEL, Some(&thread), &format!("!note about {n:02} by chance"));
        noted.push((thread, format!("about {n:02} by chance")));
        if n == 1 {
            town.crash().await;
            town.wake().await;
        }
    }
    for (thread, words) in &noted {
        town.entry(thread, words).await;
    }
    town.slack.heal();
    town.settled().await;
    let books = town.slack.books();
    for n in 0..12 {
        let words = format!("parcel number {n:02}");
        let times = books.ours().into_iter().filter(|(_, m)| m.words().contains(&words)).count();
        assert!(times >= 1, "{words} is lost\n{}", town.slack.sight());
    }
    for (thread, words) in &noted {
        let times = town.times(thread, words);
        assert_eq!(times, 1, "{words}\n{}", town.slack.sight());
    }
    town.sound().await;
}
