//! Connections that end, and time in which nobody heard.

use super::town::Town;
use crate::emulator::slack::{Books, SIGNING_SECRET, TEAM_CHANNEL};
use sereno::chat::slack::{HttpEvents, Way};
use sereno::engine::Engine;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_warning_is_followed_without_a_gap() {
    let town = Town::new().await;
    let before = town.slack.sockets_opened();
    // The old one stays until the new one serves.
    town.slack.disconnect("warning", 3_000);
    town.slack.until("another connection", |_| (town.slack.sockets_opened() > before && town.slack.sockets() >= 2).then_some(())).await;
    let ana = town.slack.user("ana");
    for _ in 0..5 {
        let act = ana.slash("/case list");
        town.slack.acked(&act).await.unwrap();
    }
    town.slack.connected(1).await;
    assert!(town.slack.books().top(TEAM_CHANNEL).is_empty(), "nothing to be said\n{}", town.slack.sight());
}

#[tokio::test]
async fn too_many_websockets_are_no_reason_for_a_hot_loop() {
    let town = Town::new().await;
    let before = town.slack.sockets_opened();
    town.slack.too_many_websockets(5);
    let began = std::time::Instant::now();
    town.slack.cut();
    town.slack.until("it is back", |_| (town.slack.sockets_opened() > before && town.slack.sockets() == 1).then_some(())).await;
    let ana = town.slack.user("ana");
    let act = ana.slash("/case list");
    town.slack.acked(&act).await.unwrap();
    let opened = town.slack.books().log.calls["apps.connections.open"];
    assert!(opened <= 9, "{opened} in {:?}", began.elapsed());
    assert!(began.elapsed() > Duration::from_millis(400), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_left_and_what_was_said_meanwhile_is_done() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.slack.deafen_new(true);
    town.slack.deafen();
    let ana = town.slack.user("ana");
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!note said into the silence");
    town.slack.until("people are told", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("No connection")).then_some(())).await;
    town.slack.heal();
    town.entry(&card.ts, "said into the silence").await;
    town.slack
        .until("and that it is back", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("Connected to Slack again")).then_some(()))
        .await;
    town.settled().await;
    let lost = town.slack.books().top(TEAM_CHANNEL).iter().filter(|m| m.words().contains("No connection")).count();
    assert_eq!(lost, 1, "said once\n{}", town.slack.sight());
}

#[tokio::test]
async fn socket_mode_switched_off_is_said_and_tried_seldom() {
    let town = Town::new().await;
    town.slack.disable_link();
    town.slack.until("people are told", |b| b.top(TEAM_CHANNEL).iter().any(|m| m.words().contains("Socket Mode")).then_some(())).await;
    let opened = |b: &Books| b.log.calls["apps.connections.open"];
    let (before, began) = (opened(&town.slack.books()), Instant::now());
    town.slack.until("four more tries", |b| (opened(b) >= before + 4).then_some(())).await;
    // Each waits for most of a second; a lost connection is tried again within some hundredths of one.
    assert!(began.elapsed() > Duration::from_millis(900), "{:?}", began.elapsed());
    town.slack.heal();
    town.slack.connected(1).await;
}

#[tokio::test]
async fn what_was_said_and_pressed_while_the_bot_was_down_is_found_in_history() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.complain("luis", "It arrived broken");
    let (one, two) = (town.card("Where is my parcel?").await, town.card("It arrived broken").await);
    let ana = town.slack.user("ana");
    let act = ana.says(TEAM_CHANNEL, Some(&one.ts), "!note before");
    town.slack.acked(&act).await.unwrap();
    ana.reacts(&two.ts, "eyes");
    town.entry(&two.ts, "ana took the case").await;
    town.settled().await;
    town.sleep().await;
    // Slack gives up on these before the bot is back.
    town.slack.patience(50, [50, 50, 50]);
    let eva = town.slack.user("eva");
    eva.says(TEAM_CHANNEL, Some(&one.ts), "!note after");
    eva.says(TEAM_CHANNEL, Some(&one.ts), "just talk");
    eva.reacts(&one.ts, "eyes");
    ana.unreacts(&two.ts, "eyes");
    town.slack
        .until("Slack has given up", |b| {
            b.deliveries.iter().all(|d| !d.acks.is_empty() || d.failed.is_some() || d.tries >= 4).then_some(())
        })
        .await;
    town.wake().await;
    town.entry(&one.ts, "after").await;
    town.entry(&one.ts, "eva took the case").await;
    town.settled().await;
    let books = town.slack.books();
    for words in ["before", "after"] {
        let n = books.thread(TEAM_CHANNEL, &one.ts).into_iter().filter(|m| m.ours && m.words().contains(words)).count();
        assert_eq!(n, 1, "{words}\n{}", town.slack.sight());
    }
    let case = town.bot().ask(|e, _| e.case(sereno::case::CaseId(2))).await.unwrap().unwrap().unwrap();
    assert_eq!(case.owner, None, "the reaction was taken away\n{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn who_was_told_no_is_not_told_again_after_a_restart() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.slack.acked(&act).await.unwrap();
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!claim");
    town.told(&eva.id, "ana").await;
    eva.says(TEAM_CHANNEL, Some(&card.ts), "!nonsense");
    town.told(&eva.id, "nonsense").await;
    let stream = format!("slack:told:{}", town.slack.channel(TEAM_CHANNEL));
    let noted = move |engine: &Engine| {
        let told = engine.cursor(&sereno::engine::CHAT.into(), &stream).unwrap().unwrap_or_default();
        (told.matches('.').count() >= 2).then_some(())
    };
    town.until("it is noted that she was told", noted).await;
    town.settled().await;
    town.sleep().await;
    // Slack gives up on these before the bot is back: history brings them, and what came before once more.
    town.slack.patience(50, [50, 50, 50]);
    ana.says(TEAM_CHANNEL, Some(&card.ts), "!note after");
    town.wake().await;
    town.entry(&card.ts, "after").await;
    town.settled().await;
    assert_eq!(town.slack.books().whispers(&eva.id).len(), 2, "{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn signed_requests_serve_as_the_socket_does() {
    let mut town = Town::asleep().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}").parse().unwrap();
    town.settings.way = Way::Http(HttpEvents { signing_secret: SIGNING_SECRET.to_owned().into(), listen });
    let url = format!("http://127.0.0.1:{port}/slack/events");
    town.slack.deliver_to(&url);
    town.wake().await;
    let wait = async {
        while !town.slack.verify_url(&url).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the address answers Slack's challenge");
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    let act = ana.slash("/claim 1");
    let ack = town.slack.acked(&act).await.unwrap();
    assert_eq!((ack.session, ack.payload["response_type"].as_str()), (0, Some("ephemeral")));
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!note by request");
    town.slack.acked(&act).await.unwrap();
    town.entry(&card.ts, "by request").await;
    ana.presses(&card.ts, "sereno:draft");
    town.slack.until("a form", |b| b.modals(&ana.id).first().map(|_| ())).await;
    town.sound().await;
}
