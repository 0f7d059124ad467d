//! Answers that one person alone sees: they hold up nobody, come once, and come even where the way that they were
//! expected on is gone.

use super::town::{Shown, Town};
use crate::emulator::slack::{Act, Books, Fault, On, TEAM_CHANNEL, Trouble};
use sereno::engine::Engine;
use std::time::Duration;

/// A case that ana has; Slack's calls take as long as they like.
async fn of_ana() -> (Town, Shown) {
    let mut town = Town::asleep().await;
    town.settings.call = Duration::from_secs(60);
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await.unwrap();
    town.settled().await;
    (town, card)
}

/// Slack never answers this method; `act` has it called.
async fn hangs(town: &Town, method: &'static str, act: impl FnOnce() -> Act) {
    let hung = || town.slack.faults_done().get("hang").copied().unwrap_or_default();
    let before = hung();
    town.slack.fault(On::Method(method), Fault::Hang { done: false }, 1);
    let ack = town.slack.acked(&act()).await.unwrap_or_else(|why| panic!("{method} hangs: {why}"));
    assert!(ack.latency_ms < 2_000, "{method} hangs: {}", ack.latency_ms);
    town.slack.until(method, |_| (hung() > before).then_some(())).await;
}

#[tokio::test]
async fn what_slack_does_not_take_holds_up_neither_an_ack_nor_the_person_s_next_command() {
    let (town, card) = of_ana().await;
    let (ana, eva, guest) = (town.slack.user("ana"), town.slack.user("eva"), town.slack.guest("gil", false));
    let mut n = 10;
    let mut next = async |user: &crate::emulator::slack::User| {
        n += 1;
        let ack = town.slack.acked(&user.says(TEAM_CHANNEL, Some(&card.ts), &format!("!note number {n}"))).await;
        let ack = ack.unwrap_or_else(|why| panic!("note {n}: {why}"));
        assert!(ack.latency_ms < 2_000, "note {n}: {}", ack.latency_ms);
    };
    // It is ana's: refused. So is a form on what is no case.
    hangs(&town, "chat.postEphemeral", || eva.reacts(&card.ts, "eyes")).await;
    next(&eva).await;
    let talk = eva.says(TEAM_CHANNEL, None, "just talk");
    hangs(&town, "chat.postEphemeral", || eva.shortcut("sereno:draft", &talk.ts)).await;
    next(&eva).await;
    hangs(&town, "chat.postEphemeral", || eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await;
    next(&eva).await;
    hangs(&town, "chat.postEphemeral", || guest.says(TEAM_CHANNEL, Some(&card.ts), "!claim")).await;
    next(&guest).await;
    // Forms and the home as well.
    ana.presses(&card.ts, "sereno:draft");
    let modal = town.form(&ana.id).await;
    hangs(&town, "views.update", || ana.types(&modal.id, "text", "We are looking into it")).await;
    next(&ana).await;
    hangs(&town, "views.publish", || ana.opens_home()).await;
    next(&ana).await;
    hangs(&town, "views.open", || ana.presses(&card.ts, "sereno:draft")).await;
    next(&ana).await;
    hangs(&town, "views.open", || ana.slash("/draft 1")).await;
    next(&ana).await;
}

#[tokio::test]
async fn an_answer_that_hangs_holds_up_nothing_that_history_tells() {
    let (town, card) = of_ana().await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    town.sleep().await;
    // Slack gives up on these before the bot is back.
    town.slack.patience(50, [50, 50, 50]);
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!note after it");
    town.slack.until("Slack has given up", |b| b.deliveries.iter().all(|d| !d.acks.is_empty() || d.failed.is_some()).then_some(())).await;
    town.slack.fault(On::Method("chat.postEphemeral"), Fault::Hang { done: false }, 1_000);
    town.wake().await;
    town.entry(&card.ts, "after it").await;
    town.slack.until("eva's answer hangs", |_| town.slack.faults_done().contains_key("hang").then_some(())).await;
}

/// Waits until the bot has done with answering this message.
async fn answered(town: &Town, room: &str, ts: &str) {
    let (stream, ts) = (format!("slack:told:{room}"), ts.to_owned());
    let noted = move |engine: &Engine| {
        let told = engine.cursor(&sereno::engine::CHAT.into(), &stream).unwrap().unwrap_or_default();
        told.contains(&ts).then_some(())
    };
    town.until("the answer is over", noted).await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_looked_up_is_said_twice_at_most() {
    let (town, card) = of_ana().await;
    let eva = town.slack.user("eva");
    let room = town.slack.channel(TEAM_CHANNEL);
    for (fault, times) in [(Fault::Drop { done: true }, 5), (Fault::Malformed, 5), (Fault::Drop { done: true }, 1)] {
        let before = town.slack.books().whispers(&eva.id).len();
        town.slack.fault(On::Method("chat.postEphemeral"), fault, times);
        let act = eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
        answered(&town, &room, &act.ts).await;
        let told = town.slack.books().whispers(&eva.id).len() - before;
        assert_eq!(told, 2, "{fault:?}\n{}", town.slack.sight());
        town.slack.heal();
    }
    // What surely did not arrive is tried for longer.
    town.slack.fault(On::Method("chat.postEphemeral"), Fault::TooMany { after_s: 1 }, 3);
    let act = eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    answered(&town, &room, &act.ts).await;
    assert_eq!(town.slack.books().whispers(&eva.id).len(), 7, "{}", town.slack.sight());
}

#[tokio::test]
async fn an_answer_in_a_direct_message_stands_once() {
    let mut town = Town::asleep().await;
    town.settings.call = Duration::from_millis(700);
    town.wake().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    let eva = town.slack.user("eva");
    let faults = [
        (Fault::Drop { done: true }, 1),
        (Fault::Hang { done: true }, 1),
        (Fault::Status { code: 503, done: true }, 1),
        (Fault::HalfAnswer, 1),
        (Fault::Drop { done: false }, 3),
    ];
    let mut stands = 0;
    for (fault, times) in faults {
        town.slack.fault(On::Method("chat.postMessage"), fault, times);
        let act = eva.says_privately("!nonsense");
        let room = town.slack.books().message(&act.ts).map(|(c, _)| c.id.clone()).unwrap();
        answered(&town, &room, &act.ts).await;
        stands += 1;
        let ours = town.slack.books().ours().into_iter().filter(|(c, _)| c.id == room).count();
        assert_eq!(ours, stands, "{fault:?}\n{}", town.slack.sight());
    }
    town.sound().await;
}

/// What the bot itself told somebody.
fn told(books: &Books, user: &str) -> Vec<String> {
    books.whispers(user).into_iter().filter(|w| w.by != "slack").map(|w| w.words()).collect()
}

#[tokio::test]
async fn a_slash_command_whose_connection_breaks_is_answered_all_the_same() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    let (ana, guest) = (town.slack.user("ana"), town.slack.guest("gil", false));
    // Slack has told them that it failed: the bot tells them that it did not.
    for (user, line, words) in
        [(&ana, "/claim 1", "is yours"), (&ana, "/case list", "#1"), (&ana, "/case clam", "claim"), (&guest, "/claim 1", "not on the team")]
    {
        let before = told(&town.slack.books(), &user.id).len();
        town.slack.trouble(Trouble::Cut, 1);
        user.slash(line);
        let said = town.slack.until(line, |b| told(b, &user.id).get(before).cloned()).await;
        assert!(said.contains(words), "{line}: {said}");
        town.slack.connected(1).await;
    }
    // Slack itself ends the connection while the bot is at work.
    let bot = town.bot();
    let slow = tokio::spawn(async move { bot.ask(move |_, _| std::thread::sleep(Duration::from_millis(800))).await.unwrap() });
    ana.slash("/case note 1 He called twice");
    town.slack.disconnect("refresh_requested", 100);
    town.told(&ana.id, "Noted in #1").await;
    slow.await.unwrap();
    town.entry(&card.ts, "He called twice").await;
    // Where all goes well the ack is the answer.
    let before = town.slack.books().whispers(&ana.id).len();
    town.slack.connected(1).await;
    let ack = town.slack.acked(&ana.slash("/case list mine")).await.unwrap();
    assert!(ack.payload["text"].as_str().is_some_and(|t| t.contains("#1")), "{:?}", ack.payload);
    town.slack.acked(&ana.slash("/case list")).await.unwrap();
    town.sound().await;
    let said: Vec<_> = town.slack.books().whispers(&ana.id)[before..].iter().map(|w| w.by).collect();
    assert_eq!(said, ["ack"; 2]);
}

/// Does something that comes twice, and waits until both are acked.
async fn twice(town: &Town, act: impl FnOnce() -> Act) {
    town.slack.trouble(Trouble::Twice, 1);
    let n = *act().told.first().expect("the app was told");
    town.slack.until("both acks", |b| (b.deliveries[n as usize - 1].acks.len() == 2).then_some(())).await;
}

#[tokio::test]
async fn what_comes_twice_opens_one_form_and_is_refused_once() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva, guest) = (town.slack.user("ana"), town.slack.user("eva"), town.slack.guest("gil", false));
    let opens = |b: &Books| b.log.calls.get("views.open").copied().unwrap_or_default();
    for n in 1..=4 {
        twice(&town, || match n {
            1 => ana.presses(&card.ts, "sereno:draft"),
            2 => ana.shortcut("sereno:draft", &card.ts),
            3 => ana.slash("/draft 1"),
            // Nothing is drafted: the form asks for the text.
            _ => ana.slash("/reply 1"),
        })
        .await;
        town.slack.until("a form", |b| (b.modals(&ana.id).len() == n).then_some(())).await;
        let note = format!("so much for {n}");
        ana.says(TEAM_CHANNEL, Some(&card.ts), &format!("!note {note}"));
        town.entry(&card.ts, &note).await;
        town.settled().await;
        assert_eq!(opens(&town.slack.books()), n as u64, "{n}");
        assert_eq!(told(&town.slack.books(), &ana.id), [""; 0], "{n}");
    }
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.entry(&card.ts, "ana took the case").await;
    let mut times = 0;
    for n in 1..=4 {
        let user = if n < 3 { &eva } else { &guest };
        twice(&town, || match n {
            1 | 3 => user.presses_as_it_was(&card.ts, "sereno:claim", "1"),
            2 => user.reacts(&card.ts, "eyes"),
            _ => user.shortcut("sereno:draft", &card.ts),
        })
        .await;
        times = if n == 3 { 1 } else { times + 1 };
        town.slack.until("told", |b| (told(b, &user.id).len() >= times).then_some(())).await;
        let note = format!("so much for refusal {n}");
        ana.says(TEAM_CHANNEL, Some(&card.ts), &format!("!note {note}"));
        town.entry(&card.ts, &note).await;
        town.settled().await;
        assert_eq!(told(&town.slack.books(), &user.id).len(), times, "{n}\n{}", town.slack.sight());
    }
    town.sound().await;
}
