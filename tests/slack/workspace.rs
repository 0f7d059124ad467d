//! The emulated workspace by itself, used by a client that knows nothing of sereno: raw HTTP and websockets.

use crate::emulator::slack::faults::Chances;
use crate::emulator::slack::{
    APP_TOKEN, BOT_TOKEN, BOT_USER, CLIENT_ID, CLIENT_SECRET, Fault, Kind, On, Ping, Slack, TEAM_CHANNEL, Trouble, words,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const LONG: Duration = Duration::from_secs(20);

fn http() -> reqwest::Client {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    }
    reqwest::Client::new()
}

/// A call with JSON, as chat.postMessage takes it.
pub async fn call(slack: &Slack, method: &str, body: Value) -> Value {
    call_with(slack, BOT_TOKEN, method, body).await
}

pub async fn call_with(slack: &Slack, token: &str, method: &str, body: Value) -> Value {
    let request = http().post(format!("{}/{method}", slack.api())).bearer_auth(token);
    let request = request.header("content-type", "application/json; charset=utf-8").body(body.to_string());
    request.send().await.unwrap().json().await.unwrap()
}

/// A reading call with a query.
pub async fn get(slack: &Slack, method: &str, query: &[(&str, &str)]) -> Value {
    http().get(format!("{}/{method}", slack.api())).bearer_auth(BOT_TOKEN).query(query).send().await.unwrap().json().await.unwrap()
}

/// A Socket Mode connection in its simplest form.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(slack: &Slack) -> Socket {
        let opened = call_with(slack, APP_TOKEN, "apps.connections.open", json!({})).await;
        let (socket, _) = tokio_tungstenite::connect_async(opened["url"].as_str().unwrap()).await.unwrap();
        Socket(socket)
    }

    /// Open, and greeted.
    pub async fn greeted(slack: &Slack) -> Socket {
        let mut socket = Socket::open(slack).await;
        assert_eq!(socket.next().await["type"], "hello");
        socket
    }

    pub async fn next(&mut self) -> Value {
        self.maybe().await.expect("the connection ended")
    }

    /// The next frame of text; `None`: the connection ended.
    pub async fn maybe(&mut self) -> Option<Value> {
        let text = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Frame::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        };
        timeout(LONG, text).await.expect("nothing came")
    }

    pub async fn ack(&mut self, envelope: &Value, payload: Option<Value>) {
        let mut ack = json!({"envelope_id": envelope["envelope_id"]});
        if let Some(payload) = payload {
            ack["payload"] = payload;
        }
        self.0.send(Frame::text(ack.to_string())).await.unwrap();
    }
}

fn card() -> Value {
    json!([
        {"type": "section", "text": {"type": "plain_text", "text": "Case 1 & more"}},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "sereno:claim", "value": "1", "text": {"type": "plain_text", "text": "Claim"}},
            {"type": "overflow", "action_id": "sereno:more", "options": [{"text": {"type": "plain_text", "text": "Mute"}, "value": "mute:1"}]},
        ]},
    ])
}

#[tokio::test]
async fn a_card_is_posted_pressed_and_changed() {
    let slack = Slack::start().await;
    let mut socket = Socket::greeted(&slack).await;
    let channel = slack.channel(TEAM_CHANNEL);
    let metadata = json!({"event_type": "sereno_op", "event_payload": {"op": "op-1"}});
    let posted = call(&slack, "chat.postMessage", json!({"channel": channel, "text": "hi", "blocks": card(), "metadata": metadata})).await;
    assert_eq!(posted["ok"], true, "{posted}");
    let ts = posted["ts"].as_str().unwrap().to_owned();
    // The app hears its own message too.
    let own = socket.next().await;
    assert_eq!((own["payload"]["event"]["bot_id"].as_str(), own["payload"]["event"]["ts"].as_str()), (Some("B0EMU0001"), Some(&*ts)));
    socket.ack(&own, None).await;

    let ana = slack.user("ana");
    let press = ana.presses(&ts, "sereno:claim");
    let frame = socket.next().await;
    assert_eq!((frame["type"].as_str(), frame["payload"]["actions"][0]["value"].as_str()), (Some("interactive"), Some("1")));
    assert_eq!(frame["payload"]["message"]["metadata"]["event_payload"]["op"], "op-1");
    socket.ack(&frame, None).await;
    assert!(slack.acked(&press).await.unwrap().latency_ms < 3_000);

    let choice = ana.chooses(&ts, "mute:1");
    let frame = socket.next().await;
    assert_eq!(frame["payload"]["actions"][0]["selected_option"]["value"], "mute:1");
    socket.ack(&frame, None).await;
    slack.acked(&choice).await.unwrap();

    let metadata = json!({"event_type": "sereno_op", "event_payload": {"op": "op-2"}});
    let updated =
        call(&slack, "chat.update", json!({"channel": channel, "ts": ts, "text": "claimed", "blocks": [], "metadata": metadata})).await;
    assert_eq!(updated["ok"], true, "{updated}");
    let books = slack.books();
    assert_eq!(books.top(TEAM_CHANNEL).len(), 1);
    assert_eq!(books.top(TEAM_CHANNEL)[0].text, "claimed");
    assert_eq!((books.posted("op-1"), books.log.ops["op-2"].updated), (1, 1));
    let plain = get(&slack, "conversations.history", &[("channel", &channel)]).await;
    assert!(plain["messages"][0]["metadata"].is_null());
    let whole = get(&slack, "conversations.history", &[("channel", &channel), ("include_all_metadata", "true")]).await;
    assert_eq!(whole["messages"][0]["metadata"]["event_payload"]["op"], "op-2");
}

#[tokio::test]
async fn a_command_that_nobody_acks_fails_before_the_person() {
    let slack = Slack::start().await;
    slack.patience(150, [50, 100, 150]);
    let ana = slack.user("ana");
    assert_eq!(slack.acked(&ana.slash("/claim 1")).await, Err("dispatch_failed"), "nobody is connected");
    let mut socket = Socket::greeted(&slack).await;
    let lost = ana.slash("/claim 2");
    let frame = socket.next().await;
    assert_eq!(slack.acked(&lost).await, Err("operation_timeout"));
    socket.ack(&frame, Some(json!({"text": "too late"}))).await;
    slack.until("the late ack", |b| b.deliveries.iter().any(|d| d.acks.iter().any(|a| a.late)).then_some(())).await;
    assert!(slack.books().whispers("ana").iter().all(|w| w.by == "slack"));
    let heard = ana.slash("/claim 3 <b> & c");
    let frame = socket.next().await;
    assert_eq!(frame["payload"]["text"], "3 &lt;b&gt; &amp; c");
    socket.ack(&frame, Some(json!({"text": "claimed"}))).await;
    slack.acked(&heard).await.unwrap();
    assert_eq!(slack.books().whispers("ana").last().unwrap().text, "claimed");
}

#[tokio::test]
async fn events_are_tried_again_until_acked() {
    let slack = Slack::start().await;
    slack.patience(300, [0, 2_000, 300]);
    // Nobody is connected at first.
    let said = slack.user("ana").says(TEAM_CHANNEL, None, "@sereno claim 1 <!channel>");
    assert_eq!(said.told.len(), 2, "message and app_mention");
    let mut socket = Socket::greeted(&slack).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let frame = socket.next().await;
        let event = frame["payload"]["event"]["type"].as_str().unwrap().to_owned();
        assert!(frame["retry_attempt"].as_i64().unwrap() > 0, "{frame}");
        // The message is acked only when it comes again.
        if event == "app_mention" || seen.contains(&event) {
            socket.ack(&frame, None).await;
        }
        seen.push(event);
    }
    slack.until("all acked", |b| b.unacked().is_empty().then_some(())).await;
    let books = slack.books();
    let message = books.message(&said.ts).unwrap().1;
    assert_eq!(message.text, format!("<@{BOT_USER}> claim 1 &lt;!channel&gt;"));
    assert!(books.log.pings.is_empty(), "what people write is not ours");
}

#[tokio::test]
async fn a_modal_lives_from_trigger_to_submission() {
    let slack = Slack::start().await;
    let mut socket = Socket::greeted(&slack).await;
    let ana = slack.user("ana");
    ana.slash("/draft 1");
    let frame = socket.next().await;
    let trigger = frame["payload"]["trigger_id"].clone();
    socket.ack(&frame, None).await;
    let input = json!({"type": "input", "block_id": "text", "dispatch_action": true, "label": {"type": "plain_text", "text": "Text"},
        "element": {"type": "plain_text_input", "action_id": "sereno:text", "multiline": true,
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}});
    let mut view = json!({"type": "modal", "callback_id": "sereno:form:draft", "title": {"type": "plain_text", "text": "A title that is by far too long"},
        "submit": {"type": "plain_text", "text": "Send"}, "private_metadata": "{}", "blocks": [input], "notify_on_close": true});
    let wrong = call(&slack, "views.open", json!({"trigger_id": trigger, "view": view})).await;
    assert_eq!(wrong["error"], "invalid_arguments");
    assert!(wrong["response_metadata"]["messages"][0].as_str().unwrap().contains("must be less than 25 characters"), "{wrong}");
    view["title"]["text"] = json!("Draft");
    let opened = call(&slack, "views.open", json!({"trigger_id": trigger, "view": view})).await;
    let id = opened["view"]["id"].as_str().unwrap().to_owned();
    assert_eq!(call(&slack, "views.open", json!({"trigger_id": trigger, "view": view})).await["error"], "exchanged_trigger_id");

    let typed = ana.types(&id, "text", "hola");
    let frame = socket.next().await;
    assert_eq!(frame["payload"]["actions"][0]["value"], "hola");
    socket.ack(&frame, None).await;
    slack.acked(&typed).await.unwrap();
    let hash = &opened["view"]["hash"];
    assert_eq!(call(&slack, "views.update", json!({"view_id": id, "hash": hash, "view": view})).await["ok"], true);
    assert_eq!(call(&slack, "views.update", json!({"view_id": id, "hash": hash, "view": view})).await["error"], "hash_conflict");

    ana.submits(&id, &[("text", "hola & adiós")]);
    let frame = socket.next().await;
    assert_eq!(frame["payload"]["view"]["state"]["values"]["text"]["sereno:text"]["value"], "hola & adiós");
    socket.ack(&frame, Some(json!({"response_action": "errors", "errors": {"text": "too long"}}))).await;
    slack.until("the error", |b| b.modals("ana").first().and_then(|v| v.errors.get("text").cloned())).await;
    ana.submits(&id, &[("text", "hola")]);
    let frame = socket.next().await;
    socket.ack(&frame, None).await;
    slack.until("the end of it", |b| b.modals("ana").is_empty().then_some(())).await;
    assert_eq!(call(&slack, "views.update", json!({"view_id": id, "view": view})).await["error"], "not_found");

    ana.slash("/draft 2");
    let frame = socket.next().await;
    socket.ack(&frame, None).await;
    slack.advance(3_001);
    let late = call(&slack, "views.open", json!({"trigger_id": frame["payload"]["trigger_id"], "view": view})).await;
    assert_eq!(late["error"], "expired_trigger_id");
}

#[tokio::test]
async fn an_answer_goes_to_the_response_url_five_times() {
    let slack = Slack::start().await;
    let mut socket = Socket::greeted(&slack).await;
    slack.user("ana").slash("/case list");
    let frame = socket.next().await;
    socket.ack(&frame, None).await;
    let url = frame["payload"]["response_url"].as_str().unwrap();
    let mut codes = Vec::new();
    for n in 0..6 {
        let answer = http().post(url).json(&json!({"text": format!("answer {n}")})).send().await.unwrap();
        codes.push(answer.status().as_u16());
    }
    assert_eq!(codes, [200, 200, 200, 200, 200, 404]);
    assert_eq!(slack.books().whispers("ana").len(), 5);
    slack.user("ana").slash("/case list");
    let frame = socket.next().await;
    slack.advance(31 * 60_000);
    let late = http().post(frame["payload"]["response_url"].as_str().unwrap()).json(&json!({"text": "x"})).send().await.unwrap();
    assert_eq!(late.json::<Value>().await.unwrap()["error"], "expired_url");
}

#[tokio::test]
async fn what_may_not_be_is_refused_in_slacks_words() {
    let slack = Slack::start().await;
    slack.unlimited();
    let (care, general) = (slack.channel(TEAM_CHANNEL), slack.channel("general"));
    let secret = slack.private_channel("secret");
    let post = async |channel: &str, more: Value| {
        let mut body = json!({"channel": channel, "text": "x"});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        call(&slack, "chat.postMessage", body).await
    };
    assert_eq!(post("C404", json!({})).await["error"], "channel_not_found");
    assert_eq!(post(&secret, json!({})).await["error"], "channel_not_found");
    assert_eq!(post(&general, json!({})).await["error"], "not_in_channel");
    assert_eq!(post(&care, json!({"text": ""})).await["error"], "no_text");
    assert_eq!(post(&care, json!({"thread_ts": "1.000001"})).await["error"], "thread_not_found");
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let long = post(&care, json!({"blocks": [section("x".repeat(3_001))]})).await;
    assert_eq!(
        (long["error"].as_str(), long["errors"][0].as_str()),
        (Some("invalid_blocks"), Some("must be less than 3001 characters [json-pointer:/blocks/0/text/text]"))
    );
    let many = post(&care, json!({"blocks": vec![json!({"type": "divider"}); 51]})).await;
    assert_eq!(many["response_metadata"]["messages"][0], "[ERROR] no more than 50 items allowed [json-pointer:/blocks]");
    assert_eq!(post(&care, json!({"blocks": vec![section("x".repeat(2_900)); 5]})).await["error"], "msg_blocks_too_long");
    let cut = post(&care, json!({"text": "x".repeat(40_001)})).await;
    assert_eq!(cut["message"]["text"].as_str().unwrap().len(), 40_000);
    let ours = cut["ts"].as_str().unwrap();
    assert_eq!(
        call(&slack, "chat.update", json!({"channel": care, "ts": ours, "text": "x".repeat(40_001)})).await["error"],
        "msg_too_long"
    );
    let theirs = slack.user("ana").says(TEAM_CHANNEL, None, "hi").ts;
    assert_eq!(call(&slack, "chat.update", json!({"channel": care, "ts": theirs, "text": "x"})).await["error"], "cant_update_message");
    assert_eq!(call(&slack, "chat.delete", json!({"channel": care, "ts": theirs})).await["error"], "cant_delete_message");
    assert_eq!(call(&slack, "chat.update", json!({"channel": care, "ts": "1.000001", "text": "x"})).await["error"], "message_not_found");
    assert_eq!(call_with(&slack, "xoxb-none", "auth.test", json!({})).await["error"], "invalid_auth");
    assert_eq!(
        call_with(&slack, APP_TOKEN, "chat.postMessage", json!({"channel": care, "text": "x"})).await["error"],
        "not_allowed_token_type"
    );
    assert_eq!(call(&slack, "apps.connections.open", json!({})).await["error"], "not_allowed_token_type");
    assert_eq!(call(&slack, "no.method", json!({})).await["error"], "unknown_method");
    // Reading methods take no JSON: they miss their arguments.
    assert_eq!(call(&slack, "conversations.info", json!({"channel": care})).await["error"], "invalid_arguments");
    slack.scopes(&["channels:read"]);
    let lacks = post(&care, json!({})).await;
    assert_eq!(
        (lacks["error"].as_str(), lacks["needed"].as_str(), lacks["provided"].as_str()),
        (Some("missing_scope"), Some("chat:write"), Some("channels:read"))
    );
    slack.archive(TEAM_CHANNEL);
    slack.scopes(&["chat:write"]);
    assert_eq!(post(&care, json!({})).await["error"], "is_archived");
    slack.kill_token(BOT_TOKEN, Some("token_revoked"));
    assert_eq!(call(&slack, "auth.test", json!({})).await["error"], "token_revoked");
}

#[tokio::test]
async fn there_is_a_limit_to_posting() {
    let slack = Slack::start().await;
    let care = slack.channel(TEAM_CHANNEL);
    let post = async || {
        let request = http().post(format!("{}/chat.postMessage", slack.api())).bearer_auth(BOT_TOKEN);
        request.json(&json!({"channel": care, "text": "x"})).send().await.unwrap()
    };
    let mut refused = None;
    for _ in 0..6 {
        let answer = post().await;
        if answer.status() == 429 {
            refused = Some(answer.headers()["retry-after"].to_str().unwrap().to_owned());
            break;
        }
    }
    assert_eq!(refused.as_deref(), Some("1"));
    slack.advance(1_000);
    assert_eq!(post().await.status(), 200);
    assert_eq!(slack.books().log.limited["chat.postMessage"], 1);
    slack.unlimited();
    for _ in 0..20 {
        assert_eq!(post().await.status(), 200);
    }
}

#[tokio::test]
async fn faults_come_as_ordered() {
    let slack = Slack::start().await;
    slack.unlimited();
    let care = slack.channel(TEAM_CHANNEL);
    let post = async |op: &str| {
        let metadata = json!({"event_type": "sereno_op", "event_payload": {"op": op}});
        let request = http().post(format!("{}/chat.postMessage", slack.api())).bearer_auth(BOT_TOKEN);
        request.json(&json!({"channel": care, "text": "x", "metadata": metadata})).timeout(Duration::from_millis(500)).send().await
    };
    slack.fault(On::Method("chat.postMessage"), Fault::Drop { done: true }, 1);
    assert!(post("a").await.is_err());
    slack.fault(On::Any, Fault::Hang { done: false }, 1);
    assert!(post("b").await.unwrap_err().is_timeout());
    slack.fault(On::Write, Fault::Status { code: 503, done: true }, 1);
    assert_eq!(post("c").await.unwrap().status(), 503);
    slack.fault(On::Any, Fault::TooMany { after_s: 7 }, 1);
    assert_eq!(post("d").await.unwrap().headers()["retry-after"], "7");
    let books = slack.books();
    assert_eq!(["a", "b", "c", "d"].map(|op| books.posted(op)), [1, 0, 1, 0]);
    assert_eq!(slack.faults_done()["done-then-drop"], 1);
    post("a").await.unwrap();
    assert_eq!(slack.books().doubled(), ["a"]);
}

#[tokio::test]
async fn connections_break_in_every_way() {
    let slack = Slack::start().await;
    slack.unlimited();
    slack.patience(200, [0, 50, 100]);
    let ana = slack.user("ana");
    let mut socket = Socket::greeted(&slack).await;
    slack.trouble(Trouble::Cut, 1);
    let act = ana.slash("/claim 1");
    assert_eq!(socket.next().await["payload"]["command"], "/claim");
    assert!(socket.maybe().await.is_none(), "broken off before the ack");
    assert_eq!(slack.acked(&act).await, Err("operation_timeout"));

    let mut socket = Socket::greeted(&slack).await;
    slack.trouble(Trouble::Twice, 1);
    ana.slash("/claim 2");
    let (one, two) = (socket.next().await, socket.next().await);
    assert_eq!(one, two);
    socket.ack(&one, None).await;
    slack.trouble(Trouble::Behind, 1);
    ana.slash("/claim 3");
    ana.slash("/claim 4");
    assert_eq!([socket.next().await["payload"]["text"].clone(), socket.next().await["payload"]["text"].clone()], ["4", "3"]);

    slack.disconnect("warning", 100);
    assert_eq!(socket.next().await["reason"], "warning");
    assert!(socket.maybe().await.is_none());
    slack.connected(0).await;
    slack.too_many_websockets(1);
    let mut refused = Socket::open(&slack).await;
    assert_eq!(refused.next().await["reason"], "too_many_websockets");
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(Socket::greeted(&slack).await);
    }
    let mut eleventh = Socket::open(&slack).await;
    assert_eq!(eleventh.next().await["reason"], "too_many_websockets");
    drop(all);
    slack.connected(0).await;
    slack.disable_link();
    let off = call_with(&slack, APP_TOKEN, "apps.connections.open", json!({})).await;
    assert_eq!(off["ok"], false);
    slack.heal();
    let mut dead = Socket::greeted(&slack).await;
    slack.deafen();
    ana.slash("/claim 5");
    dead.0.send(Frame::Ping("x".into())).await.unwrap();
    let silence = timeout(Duration::from_millis(300), async {
        loop {
            if let Some(Ok(frame)) = dead.0.next().await {
                assert!(!matches!(frame, Frame::Text(_) | Frame::Pong(_)), "{frame:?}");
            }
        }
    });
    assert!(silence.await.is_err());
    drop(dead);
    slack.connected(0).await;
}

#[tokio::test]
async fn faults_by_chance_are_the_same_for_the_same_seed() {
    let slack = Slack::start().await;
    slack.unlimited();
    let care = slack.channel(TEAM_CHANNEL);
    let chances = Chances { too_many: 200, error_before: 200, error_after: 200, twice: 300, behind: 300, ..Chances::default() };
    let mut runs = Vec::new();
    for _ in 0..2 {
        slack.chance(7, chances);
        let mut codes = Vec::new();
        for _ in 0..20 {
            let request = http().post(format!("{}/chat.postMessage", slack.api())).bearer_auth(BOT_TOKEN);
            codes.push(request.json(&json!({"channel": care, "text": "x"})).send().await.unwrap().status().as_u16());
        }
        runs.push(codes);
    }
    assert_eq!(runs[0], runs[1]);
    assert!([200, 429, 500, 502].iter().all(|code| runs[0].contains(code)), "{runs:?}");
    slack.heal();
    let mut socket = Socket::greeted(&slack).await;
    slack.user("ana").slash("/claim 1");
    while socket.next().await["type"] != "slash_commands" {}
}

#[tokio::test]
async fn a_token_that_rotates_is_good_for_twelve_hours_and_its_refresh_once() {
    let slack = Slack::start().await;
    let (access, refresh) = slack.rotating();
    assert_eq!(call_with(&slack, &access, "auth.test", json!({})).await["ok"], true);
    slack.advance(12 * 3_600_000);
    assert_eq!(call_with(&slack, &access, "auth.test", json!({})).await["error"], "token_expired");
    let renew = async || {
        let form =
            [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("grant_type", "refresh_token"), ("refresh_token", &refresh)];
        let answer = http().post(format!("{}/oauth.v2.access", slack.api())).form(&form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let fresh = renew().await;
    assert_eq!(fresh["expires_in"], 43_200);
    assert_eq!(call_with(&slack, fresh["access_token"].as_str().unwrap(), "auth.test", json!({})).await["ok"], true);
    assert_eq!(renew().await["error"], "invalid_refresh_token");
}

#[tokio::test]
async fn the_books_know_whom_a_message_pings_and_what_it_links() {
    let slack = Slack::start().await;
    slack.unlimited();
    let care = slack.channel(TEAM_CHANNEL);
    let pings = async |body: Value| {
        let before = slack.books().log.pings.len();
        let mut body = body;
        body["channel"] = json!(care);
        assert_eq!(call(&slack, "chat.postMessage", body).await["ok"], true);
        let books = slack.books();
        books.log.pings.iter().skip(before).map(|p| (p.ping.what.clone(), p.ping.automatic)).collect::<Vec<_>>()
    };
    let named = |what: &str, automatic: bool| vec![(what.to_owned(), automatic)];
    assert_eq!(pings(json!({"text": "<!channel> a"})).await, named("channel", false));
    assert_eq!(pings(json!({"text": "<@U123|x> a"})).await, named("U123", false));
    assert_eq!(pings(json!({"text": "<!subteam^S77> a"})).await, named("S77", false));
    assert_eq!(pings(json!({"text": "&lt;!channel&gt; @channel a"})).await, []);
    assert_eq!(pings(json!({"text": "@channel a", "link_names": true})).await, named("channel", true));
    let object = |kind: &str, text: &str| json!({"text": "x", "blocks": [{"type": "section", "text": {"type": kind, "text": text}}]});
    assert_eq!(pings(object("mrkdwn", "a <!here>")).await, named("here", false));
    assert_eq!(pings(object("mrkdwn", "a @here!")).await, named("here", true));
    assert_eq!(pings(object("plain_text", "a <!here> @here")).await, []);
    let rich = |element: Value| json!({"text": "x", "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}]});
    assert_eq!(pings(rich(json!({"type": "broadcast", "range": "everyone"}))).await, named("everyone", false));
    assert_eq!(pings(rich(json!({"type": "text", "text": "<!channel> @here"}))).await, []);
    assert_eq!(slack.books().log.links, [], "no link was posted");
    assert_eq!(pings(json!({"text": "<https://x.example|see> and www.shop.com and hola.adiós"})).await, []);
    let links: Vec<(String, bool)> = slack.books().log.links.iter().map(|l| (l.link.url.clone(), l.link.automatic)).collect();
    assert_eq!(links, [("https://x.example".to_owned(), false), ("http://www.shop.com".to_owned(), true)]);
    let at = slack.books().log.pings[0].ping.clone();
    assert_eq!(at, Ping { what: "channel".into(), at: "/text".into(), automatic: false });
}

#[tokio::test]
async fn pages_are_turned_by_cursor() {
    let slack = Slack::start().await;
    slack.unlimited();
    let care = slack.channel(TEAM_CHANNEL);
    let root = slack.user("ana").says(TEAM_CHANNEL, None, "root").ts;
    for n in 0..5 {
        slack.user("ana").says(TEAM_CHANNEL, None, &format!("top {n}"));
        slack.user("luis").says(TEAM_CHANNEL, Some(&root), &format!("answer {n}"));
    }
    let all = async |method: &str, query: &[(&str, &str)], list: &str| {
        let (mut cursor, mut out, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            let mut query = query.to_vec();
            query.push(("limit", "2"));
            query.push(("cursor", &cursor));
            let page = get(&slack, method, &query).await;
            assert_eq!(page["ok"], true, "{page}");
            out.extend(page[list].as_array().unwrap().clone());
            pages += 1;
            cursor = page["response_metadata"]["next_cursor"].as_str().unwrap_or_default().to_owned();
            if cursor.is_empty() {
                return (out, pages);
            }
        }
    };
    let (history, pages) = all("conversations.history", &[("channel", &care)], "messages").await;
    let texts: Vec<&str> = history.iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!((texts, pages), (vec!["top 4", "top 3", "top 2", "top 1", "top 0", "root"], 3));
    let parent = history.last().unwrap();
    assert_eq!((&parent["reply_count"], &parent["reply_users_count"]), (&json!(5), &json!(1)));
    let (replies, _) = all("conversations.replies", &[("channel", &care), ("ts", &root)], "messages").await;
    let texts: Vec<String> = replies.iter().map(|m| m["text"].as_str().unwrap().to_owned()).filter(|t| t != "root").collect();
    assert_eq!(texts, ["answer 0", "answer 1", "answer 2", "answer 3", "answer 4"]);
    let since = get(&slack, "conversations.history", &[("channel", &care), ("oldest", history[2]["ts"].as_str().unwrap())]).await;
    assert_eq!(since["messages"].as_array().unwrap().len(), 2, "without the moment itself");
    let (members, _) = all("users.list", &[], "members").await;
    assert_eq!(members.len(), 3);
    assert_eq!(get(&slack, "users.list", &[("cursor", "nonsense")]).await["error"], "invalid_cursor");
}

#[tokio::test]
async fn a_file_goes_up_in_three_steps() {
    let slack = Slack::start().await;
    let care = slack.channel(TEAM_CHANNEL);
    let step = get(&slack, "files.getUploadURLExternal", &[("filename", "digest.png"), ("length", "4")]).await;
    let up = step["upload_url"].as_str().unwrap();
    assert_eq!(http().post(up).body("much longer").send().await.unwrap().status(), 400);
    let files = json!([{"id": step["file_id"], "title": "Digest"}]);
    let early = call(&slack, "files.completeUploadExternal", json!({"files": files, "channel_id": care})).await;
    assert_eq!(early["error"], "file_not_found");
    assert_eq!(http().post(up).body("\u{89}PN").send().await.unwrap().text().await.unwrap(), "OK - 4");
    let done =
        call(&slack, "files.completeUploadExternal", json!({"files": files, "channel_id": care, "initial_comment": "the week"})).await;
    assert_eq!(done["files"][0]["title"], "Digest", "{done}");
    let books = slack.books();
    assert_eq!(books.files.values().next().unwrap().content.as_deref(), Some("\u{89}PN".as_bytes()));
    assert_eq!(books.top(TEAM_CHANNEL)[0].text, "the week");
}

#[tokio::test]
async fn http_deliveries_are_signed_and_tried_again() {
    use axum::extract::State;
    use axum::http::{HeaderMap, StatusCode};
    let slack = Slack::start().await;
    slack.patience(500, [0, 50, 100]);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<(HeaderMap, String)>();
    let answer = |State(tell): State<tokio::sync::mpsc::UnboundedSender<(HeaderMap, String)>>, headers: HeaderMap, body: String| async move {
        let again = headers.contains_key("x-slack-retry-num");
        let challenge = serde_json::from_str::<Value>(&body).ok().and_then(|b| b["challenge"].as_str().map(str::to_owned));
        tell.send((headers, body)).unwrap();
        match challenge {
            Some(challenge) => (StatusCode::OK, challenge),
            None if again => (StatusCode::OK, String::new()),
            None => (StatusCode::INTERNAL_SERVER_ERROR, "no".into()),
        }
    };
    let app = axum::Router::new().fallback(answer).with_state(tell);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/slack", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    assert!(slack.verify_url(&url).await);
    told.recv().await.unwrap();
    slack.deliver_to(&url);
    slack.user("ana").says(TEAM_CHANNEL, None, "hola");
    let (headers, body) = told.recv().await.unwrap();
    let at: i64 = headers["x-slack-request-timestamp"].to_str().unwrap().parse().unwrap();
    let signed = crate::emulator::slack::signature(crate::emulator::slack::SIGNING_SECRET, at, &body);
    assert_eq!(headers["x-slack-signature"], signed.as_str());
    let (headers, again) = told.recv().await.unwrap();
    assert_eq!((headers["x-slack-retry-num"].to_str().unwrap(), headers["x-slack-retry-reason"].to_str().unwrap()), ("1", "http_error"));
    assert_eq!(body, again);
    slack.until("the ack", |b| b.unacked().is_empty().then_some(())).await;
    // A command is not tried again.
    assert_eq!(slack.acked(&slack.user("ana").slash("/claim 1")).await, Err("dispatch_failed"));
    let (headers, body) = told.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert!(body.contains("command=%2Fclaim"), "{body}");
}

#[tokio::test]
async fn people_of_every_kind() {
    let slack = Slack::start().await;
    slack.unlimited();
    let info = async |id: &str| get(&slack, "users.info", &[("user", id), ("include_locale", "true")]).await["user"].clone();
    let ana = slack.user_speaking("ana", "es-ES");
    let shown = info(&ana.id).await;
    assert_eq!((shown["locale"].as_str(), shown["is_restricted"].as_bool()), (Some("es-ES"), Some(false)));
    assert_eq!(info(&slack.guest("gus", true).id).await["is_ultra_restricted"], true);
    assert_eq!(info(&slack.bot("other").id).await["is_bot"], true);
    let far = info(&slack.stranger("far").id).await;
    assert_eq!((far["is_stranger"].as_bool(), far["team_id"].as_str()), (Some(true), Some("T0FAR0001")));
    let group = slack.group("agents", &["ana"]);
    assert_eq!(get(&slack, "usergroups.users.list", &[("usergroup", &group)]).await["users"], json!([ana.id]));
    slack.share(TEAM_CHANNEL, true);
    let channel = get(&slack, "conversations.info", &[("channel", &slack.channel(TEAM_CHANNEL))]).await["channel"].clone();
    assert_eq!((&channel["is_ext_shared"], &channel["is_private"]), (&json!(true), &json!(true)));
    slack.convert(TEAM_CHANNEL, false);
    let told: Vec<String> = slack.books().deliveries.iter().filter(|d| d.kind == Kind::Event).map(|d| d.what.clone()).collect();
    assert!(told.contains(&"channel_shared".to_owned()), "{told:?}");
    let books = slack.books();
    assert_eq!(books.top(TEAM_CHANNEL).last().unwrap().subtype.as_deref(), Some("channel_convert_to_public"));
    assert_eq!(words(&json!({"type": "section", "text": {"type": "plain_text", "text": "w"}})), "w");
    let refused = ana.slash_in_thread(TEAM_CHANNEL, "1.000001", "/claim");
    assert!(refused.contains("not supported in threads"));
}

#[tokio::test]
async fn an_app_is_what_its_manifest_says() {
    let slack = Slack::start().await;
    slack.unlimited();
    slack.install(include_str!("../../slack-manifest.yaml"));
    let care = slack.channel(TEAM_CHANNEL);
    let ana = slack.user("ana");
    let needed = async |method: &str, arguments: Value| {
        let answer = call(&slack, method, arguments).await;
        assert_eq!(answer["error"], "missing_scope", "{method}: {answer}");
        answer["needed"].as_str().unwrap().to_owned()
    };
    assert_eq!(needed("conversations.open", json!({"users": ana.id})).await, "im:write");
    let card = call(&slack, "chat.postMessage", json!({"channel": care, "text": "a card"})).await["ts"].clone();
    assert_eq!(needed("pins.add", json!({"channel": care, "timestamp": card})).await, "pins:write");
    assert_eq!(needed("reactions.add", json!({"channel": care, "timestamp": card, "name": "eyes"})).await, "reactions:write");
    assert_eq!(get(&slack, "team.info", &[]).await["needed"], "team:read");
    let im = call(&slack, "chat.postMessage", json!({"channel": ana.id, "text": "to her alone"})).await["channel"].clone();
    let im = im.as_str().unwrap();
    assert_eq!(get(&slack, "conversations.info", &[("channel", im)]).await["ok"], true);
    assert_eq!(get(&slack, "conversations.history", &[("channel", im)]).await["ok"], true);
    // What it does not subscribe to it is not told.
    let before = slack.books().deliveries.len();
    slack.kick(TEAM_CHANNEL, &ana.id);
    assert_eq!(slack.books().deliveries.len(), before, "member_left_channel");
    let slash = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| slack.user("ana").slash("/snooze 1")));
    assert!(slash.is_err(), "no such slash command");
}

#[tokio::test]
async fn an_ack_with_blocks_that_slack_refuses_is_not_shown() {
    let slack = Slack::start().await;
    let mut socket = Socket::greeted(&slack).await;
    let ana = slack.user("ana");
    let act = ana.slash("/claim 1");
    let frame = socket.next().await;
    socket.ack(&frame, Some(json!({"text": "done", "blocks": [{"type": "section"}]}))).await;
    slack.acked(&act).await.unwrap();
    let books = slack.books();
    assert!(!books.log.bad_acks.is_empty());
    assert!(books.whispers(&ana.id).iter().all(|w| w.by == "slack" && w.words().contains("failed")), "{:?}", books.whispers(&ana.id));
}
