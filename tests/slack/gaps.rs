//! Connections that end, and time in which nobody heard.

use super::town::Town;
use crate::emulator::slack::{Books, Fault, On, SIGNING_SECRET, TEAM_CHANNEL, signature};
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
    for words in ["before", "after"] {
        let n = town.times(&one.ts, words);
        assert_eq!(n, 1, "{words}\n{}", town.slack.sight());
    }
    let case = town.bot().ask(|e, _| e.case(sereno::case::CaseId(2))).await.unwrap().unwrap().unwrap();
    assert_eq!(case.owner, None, "the reaction was taken away\n{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn a_reaction_that_was_taken_away_while_history_was_read_stays_away() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let one = town.card("Where is my parcel?").await;
    town.complain("luis", "It arrived broken");
    let two = town.card("It arrived broken").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    ana.reacts(&one.ts, "eyes");
    town.entry(&one.ts, "ana took the case").await;
    town.settled().await;
    // The newest card's thread is read first, and takes its time.
    town.slack.fault(On::Method("conversations.replies"), Fault::TooMany { after_s: 3 }, 1);
    town.slack.patience(3_000, [60_000; 3]);
    town.slack.cut();
    eva.says(TEAM_CHANNEL, Some(&two.ts), "!note said into the gap");
    let replies = |b: &Books| b.log.requests.iter().any(|r| r.method == "conversations.replies").then_some(());
    town.slack.until("the room is read, the thread is not", replies).await;
    town.slack.acked(&ana.unreacts(&one.ts, "eyes")).await.unwrap();
    let released = |e: &Engine| e.case(sereno::case::CaseId(1)).unwrap().filter(|c| c.owner.is_none()).map(|_| ());
    town.until("it is nobody's", released).await;
    // Done when all is read, the older card as it stood before.
    assert_eq!(town.times(&two.ts, "said into the gap"), 0);
    town.entry(&two.ts, "said into the gap").await;
    town.settled().await;
    let times = town.times(&one.ts, "ana took the case");
    assert_eq!(times, 1, "{}", town.slack.sight());
    town.until("it is nobody's still", released).await;
    town.sound().await;
}

#[tokio::test]
async fn a_closed_case_is_brought_back_by_what_was_said_while_the_bot_was_down() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.complain("luis", "It arrived broken");
    let (one, two) = (town.card("Where is my parcel?").await, town.card("It arrived broken").await);
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&one.ts), "!resolve")).await.unwrap();
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&two.ts), "!spam")).await.unwrap();
    town.settled().await;
    town.sleep().await;
    // Slack gives up on these before the bot is back.
    town.slack.patience(50, [50, 50, 50]);
    ana.says(TEAM_CHANNEL, Some(&one.ts), "!reopen");
    ana.says(TEAM_CHANNEL, Some(&two.ts), "!restore");
    town.slack
        .until("Slack has given up", |b| {
            b.deliveries.iter().all(|d| !d.acks.is_empty() || d.failed.is_some() || d.tries >= 4).then_some(())
        })
        .await;
    town.wake().await;
    for case in [1, 2] {
        let open = move |e: &Engine| e.case(sereno::case::CaseId(case)).unwrap().filter(|c| c.status.is_open()).map(|_| ());
        town.until("it is open again", open).await;
    }
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

/// A town whose bot hears by signed requests, and the address that it hears at.
async fn by_requests(reread: Duration) -> (Town, String) {
    let mut town = Town::asleep().await;
    town.settings.pace.reread = reread;
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
    (town, url)
}

/// What Slack tells of it comes to nobody, and Slack has given up.
async fn said_to_nobody(town: &Town, url: &str, say: impl FnOnce()) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    town.slack.deliver_to(&format!("http://127.0.0.1:{nobody}/"));
    town.slack.patience(50, [50, 50, 50]);
    say();
    town.slack
        .until("Slack has given up", |b| {
            b.deliveries.iter().all(|d| !d.acks.is_empty() || d.failed.is_some() || d.tries >= 4).then_some(())
        })
        .await;
    town.slack.deliver_to(url);
    town.slack.patience(3_000, [100, 200, 400]);
}

#[tokio::test]
async fn requests_that_never_came_are_found_in_history() {
    let (town, url) = by_requests(Duration::from_millis(300)).await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    said_to_nobody(&town, &url, || {
        eva.says(TEAM_CHANNEL, Some(&card.ts), "!note said to nobody");
        ana.reacts(&card.ts, "eyes");
    })
    .await;
    town.entry(&card.ts, "said to nobody").await;
    town.entry(&card.ts, "ana took the case").await;
    town.sound().await;
}

#[tokio::test]
async fn what_was_edited_into_a_command_is_none_in_history_either() {
    let (town, url) = by_requests(Duration::from_millis(300)).await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let (ana, eva) = (town.slack.user("ana"), town.slack.user("eva"));
    let talk = ana.says(TEAM_CHANNEL, Some(&card.ts), "I think the courier lost it");
    ana.edits(&talk.ts, "!note The courier lost it");
    // What history gives after it is found: so it was read as well.
    said_to_nobody(&town, &url, || {
        eva.says(TEAM_CHANNEL, Some(&card.ts), "!note said to nobody");
    })
    .await;
    town.entry(&card.ts, "said to nobody").await;
    town.settled().await;
    let noted = town.times(&card.ts, "The courier lost it");
    assert_eq!(noted, 0, "{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn events_that_slack_says_it_left_out_are_found_in_history() {
    let (town, url) = by_requests(Duration::from_secs(3_600)).await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    let ana = town.slack.user("ana");
    said_to_nobody(&town, &url, || drop(ana.says(TEAM_CHANNEL, Some(&card.ts), "!note left out"))).await;
    let body = r#"{"token":"x","type":"app_rate_limited","team_id":"T0EMU0001","minute_rate_limited":1518467820,"api_app_id":"A0EMU0001"}"#;
    let at = sereno::clock::Clock::system().now().0 / 1_000;
    let request = reqwest::Client::new()
        .post(&url)
        .header("content-type", "application/json")
        .header("x-slack-request-timestamp", at.to_string())
        .header("x-slack-signature", signature(SIGNING_SECRET, at, body));
    assert_eq!(request.body(body).send().await.unwrap().status(), 200);
    town.entry(&card.ts, "left out").await;
    town.sound().await;
}

#[tokio::test]
async fn a_request_that_is_answered_too_late_or_comes_twice_is_done_once() {
    let (town, _) = by_requests(Duration::from_secs(3_600)).await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    town.slack.patience(3_500, [100, 200, 400]);
    let ana = town.slack.user("ana");
    town.slack.acked(&ana.slash("/case list")).await.unwrap();
    // The engine is busy for longer than Slack waits: 503, and Slack brings it again.
    let (bot, (free, busy)) = (town.bot(), std::sync::mpsc::channel::<()>());
    let slow = tokio::spawn(async move { bot.ask(move |_, _| busy.recv_timeout(Duration::from_secs(30)).unwrap()).await.unwrap() });
    let act = ana.says(TEAM_CHANNEL, Some(&card.ts), "!note too late");
    let n = act.told[0];
    town.slack.until("it was turned away at first", |b| (b.deliveries[n as usize - 1].tries > 1).then_some(())).await;
    free.send(()).unwrap();
    town.entry(&card.ts, "too late").await;
    slow.await.unwrap();
    town.slack.acked(&act).await.unwrap();
    town.slack.again(n);
    town.slack.until("it came once more", |b| (b.deliveries[n as usize - 1].acks.len() > 1).then_some(())).await;
    town.slack.acked(&ana.says(TEAM_CHANNEL, Some(&card.ts), "!note and another")).await.unwrap();
    town.entry(&card.ts, "and another").await;
    let notes = town.times(&card.ts, "too late");
    assert_eq!(notes, 1, "{}", town.slack.sight());
    town.sound().await;
}

#[tokio::test]
async fn signed_requests_serve_as_the_socket_does() {
    let (town, _) = by_requests(Duration::from_secs(3_600)).await;
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
    town.form(&ana.id).await;
    town.sound().await;
}
