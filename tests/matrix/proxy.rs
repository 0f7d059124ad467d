//! A proxy in front of the homeserver that answers with pages of its own: they say nothing of the room.

use super::staff::server;
use super::town::{Town, in_both_rooms};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use sereno::case::Priority;
use sereno::policy::AgentId;
use sereno::say::Say;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What it answers by itself.
#[derive(Default)]
struct Own {
    /// Everything to addresses that hold all of these words, for as long as it stands: with this status and page.
    blocked: Vec<(Vec<String>, u16, &'static str)>,
    /// One after the other: to addresses that hold this word, with this status and page.
    pages: VecDeque<(&'static str, u16, &'static str)>,
    /// No message gets through to addresses that hold this.
    shut: Option<String>,
    /// No message gets through that says this.
    unsaid: Option<&'static str>,
    /// Nobody is told that a message got through that says this.
    mute: Option<&'static str>,
    /// What was asked for.
    asked: Vec<String>,
    /// The next call to an address that holds the word waits.
    held: Option<(&'static str, Arc<Hold>)>,
}

/// A call that is not answered yet.
#[derive(Default)]
pub(super) struct Hold {
    pub(super) reached: Notify,
    pub(super) released: Notify,
}

type Pages = Arc<Mutex<Own>>;

pub(super) struct Proxy {
    pub(super) url: String,
    pages: Pages,
    /// How much was blocked.
    refused: Arc<watch::Sender<usize>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State((hs, pages, refused)): State<(String, Pages, Arc<watch::Sender<usize>>)>, request: Request) -> Response {
    let path = request.uri().path_and_query().map(|p| p.as_str().to_owned()).unwrap_or_default();
    let held = {
        let mut own = pages.lock().unwrap();
        own.asked.push(path.clone());
        let hit = own.held.as_ref().is_some_and(|(word, _)| path.contains(word));
        if hit { own.held.take() } else { None }
    };
    if let Some((_, hold)) = held {
        hold.reached.notify_one();
        hold.released.notified().await;
    }
    let own = {
        let mut own = pages.lock().unwrap();
        let hit = own.pages.front().is_some_and(|(word, ..)| path.contains(word));
        let shut = own.shut.as_ref().is_some_and(|word| path.contains(word) && path.contains("/send/"));
        let page = if hit { own.pages.pop_front() } else { None };
        let all = |words: &[String]| words.iter().all(|word| path.contains(word.as_str()));
        let block = own.blocked.iter().find(|(words, ..)| all(words)).map(|(_, status, page)| ("", *status, *page));
        if block.is_some() && page.is_none() {
            refused.send_modify(|n| *n += 1);
        }
        page.or(block).or(shut.then_some(("", 502, "<html>Bad Gateway</html>")))
    };
    if let Some((_, status, page)) = own {
        let kind = if page.starts_with('{') { "application/json" } else { "text/html" };
        return Response::builder().status(status).header("content-type", kind).body(Body::from(page)).unwrap();
    }
    let (parts, body) = request.into_parts();
    let mut onward = reqwest::Client::new().request(parts.method, format!("{hs}{path}"));
    for name in ["authorization", "content-type"] {
        if let Some(value) = parts.headers.get(name) {
            onward = onward.header(name, value);
        }
    }
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let says = |words: &str| path.contains("/send/") && String::from_utf8_lossy(&body).contains(words);
    let (unsaid, mute) = {
        let own = pages.lock().unwrap();
        (own.unsaid.is_some_and(says), own.mute.is_some_and(says))
    };
    if unsaid {
        return Response::builder().status(502).body(Body::from("<html>Bad Gateway</html>")).unwrap();
    }
    match onward.body(body).send().await {
        Ok(answer) if answer.status().is_success() && mute => {
            Response::builder().status(502).body(Body::from("<html>Bad Gateway</html>")).unwrap()
        }
        Ok(answer) => {
            let (status, kind) = (answer.status(), answer.headers().get("content-type").cloned());
            let mut onward = Response::builder().status(status);
            if let Some(kind) = kind {
                onward = onward.header("content-type", kind);
            }
            onward.body(Body::from(answer.bytes().await.unwrap_or_default())).unwrap()
        }
        Err(_) => Response::builder().status(502).body(Body::from("<html>no upstream</html>")).unwrap(),
    }
}

impl Proxy {
    pub(super) async fn new(hs: &str) -> Proxy {
        let pages = Pages::default();
        let refused = Arc::new(watch::Sender::new(0));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(pass).with_state((hs.to_owned(), Arc::clone(&pages), Arc::clone(&refused)));
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Proxy { url, pages, refused, serving }
    }

    /// Answers so whatever is asked of addresses that hold all of these words, until they are let through again.
    pub(super) fn blocks(&self, words: &[&str], status: u16, page: &'static str) {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        self.pages.lock().unwrap().blocked.push((words, status, page));
    }

    /// Lets through again what was blocked by this word.
    pub(super) fn lets_through(&self, word: &str) {
        self.pages.lock().unwrap().blocked.retain(|(words, ..)| words.iter().all(|w| w != word));
    }

    /// Waits until something more was blocked.
    pub(super) async fn refuses(&self) {
        let mut refused = self.refused.subscribe();
        tokio::time::timeout(Duration::from_secs(90), refused.changed()).await.expect("nothing was asked for").unwrap();
    }

    /// Has it answer by itself, whoever asks next for something whose address holds `word`.
    pub(super) fn answers(&self, word: &'static str, pages: &[(u16, &'static str)]) {
        self.pages.lock().unwrap().pages.extend(pages.iter().map(|(status, page)| (word, *status, *page)));
    }

    pub(super) fn is_done(&self) -> bool {
        self.pages.lock().unwrap().pages.is_empty()
    }

    /// Holds the next call to an address that holds `word`.
    pub(super) fn holds(&self, word: &'static str) -> Arc<Hold> {
        let hold = Arc::new(Hold::default());
        self.pages.lock().unwrap().held = Some((word, Arc::clone(&hold)));
        hold
    }

    /// Lets messages through that say this, and tells nobody so.
    pub(super) fn mutes(&self, words: Option<&'static str>) {
        self.pages.lock().unwrap().mute = words;
    }

    /// How often something was asked for whose address holds this.
    pub(super) fn asked(&self, word: &str) -> usize {
        self.pages.lock().unwrap().asked.iter().filter(|path| path.contains(word)).count()
    }

    /// Lets no message through any more that says this, or every one.
    fn silences(&self, words: Option<&'static str>) {
        self.pages.lock().unwrap().unsaid = words;
    }

    /// Lets no message through any more to addresses that hold this, or everything.
    fn shuts(&self, word: Option<String>) {
        self.pages.lock().unwrap().shut = word;
    }
}

/// What a proxy answers in a homeserver's place while that is away, or where it was set up wrongly.
const PAGES: [(u16, &str); 9] = [
    (404, "<html><h1>404 Not Found</h1></html>"),
    (403, "<html>Forbidden</html>"),
    (400, "Bad Request"),
    (401, "<html>Authorization Required</html>"),
    (410, ""),
    (200, "<html>Maintenance</html>"),
    (404, "{\"error\":\"no such route\"}"),
    (404, "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"Unrecognized request\"}"),
    (502, "<html>Bad Gateway</html>"),
];

/// A proxy's pages are no answer of the homeserver's: the gap is read all the same, and what an answered message belongs
/// to is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_proxys_ends_no_gap() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, true).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    town.settled().await;
    town.crash().await;
    for n in 0..5 {
        town.ana.says(&town.room, Some(&card), &format!("!note gap {n}.")).await;
    }
    proxy.answers("/messages", &PAGES);
    town.start();
    for n in 0..5 {
        town.entry(&card, &format!("gap {n}.")).await;
    }
    assert!(proxy.is_done(), "all of its pages were met");
    // Which case is meant says only the message that is answered: it must be looked at.
    proxy.answers("/event/", &PAGES[..3]);
    let answer =
        json!({ "msgtype": "m.text", "body": "!claim", "m.mentions": {}, "m.relates_to": { "m.in_reply_to": { "event_id": card } } });
    town.ana.sends(&town.room, "m.room.message", answer).await;
    town.changed(&card, "Ana").await;
    assert!(proxy.is_done(), "all of its pages were met");
    town.sound().await;
    town.sleep().await;
}

/// What is said at once, that no commit stands behind, is said again until it stands, and stands once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_said_until_it_stands() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, true).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    town.complain("marta", "my train never came");
    town.card("never came").await;
    town.settled().await;
    proxy.answers("/send/", &PAGES[..4]);
    town.handle().alarm(&Say::new("cli-alarm-store-back")).await;
    let alarms = |e: &&Value| e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.starts_with('🚨'));
    town.ana.until("the alarm", |events| events.iter().find(alarms).map(drop)).await;
    assert!(proxy.is_done(), "all of its pages were met");
    town.sound().await;
    assert_eq!(town.ana.events().iter().filter(alarms).count(), 1, "{}", town.ana.sight());
    town.sleep().await;
}

/// The card stands, and the bot was never told so: what is said below it, and a reaction to it, are about its case.
async fn below_a_card_of_which_the_bot_does_not_know(encrypted: bool) {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, encrypted).await;
    town.settings.homeserver = proxy.url.clone();
    // Nothing is to be said of it that the card would wait behind.
    town.policy.privacy.private_rooms.clear();
    town.wake().await;
    proxy.mutes(Some(""));
    town.complain("marta", "my train never came");
    let card = town.card("never came").await;
    town.ana.says(&town.room, Some(&card), "!priority high").await;
    town.holds("its priority", |case| case.priority == Priority::High).await;
    town.ana.reacts(&town.room, &card, "👀").await;
    town.holds("its owner", |case| case.owner == Some(AgentId::from(town.ana.id.as_str()))).await;
    // A talk of people's is no card, whatever it says of itself.
    let feigned = json!({ "msgtype": "m.text", "body": "#1", "m.mentions": {}, "dev.sereno.case": 1 });
    let feigned = town.ana.sends(&town.room, "m.room.message", feigned).await;
    let asked = town.ana.says(&town.room, Some(&feigned), "!note whose?").await;
    town.answer(&asked).await;
    proxy.mutes(None);
    town.changed(&card, "Ana").await;
    town.settled().await;
    let which = |e: &&Value| e["content"]["body"].as_str().is_some_and(|b| b.contains("Which case?"));
    let which: Vec<Value> = town.ana.events().iter().filter(which).cloned().collect();
    assert_eq!(which.len(), 1, "{}", town.ana.sight());
    assert_eq!(which[0]["content"]["m.relates_to"]["event_id"], feigned.as_str());
    town.sound().await;
    town.sleep().await;
}

in_both_rooms!(
    below_a_card_of_which_the_bot_does_not_know,
    below_a_card_of_which_the_bot_does_not_know_in_a_plain_room,
    below_a_card_of_which_the_bot_does_not_know_in_an_encrypted_room
);

/// A room that nothing can be said in holds up no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_takes_nothing_holds_up_no_other() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, false).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    let made = town.ana.does(json!({ "do": "create", "encrypted": false, "invite": [town.bot.id] })).await;
    let other = made["room_id"].as_str().unwrap().to_owned();
    let joins =
        |e: &&Value| e["room_id"] == other.as_str() && e["state_key"] == town.bot.id.as_str() && e["content"]["membership"] == "join";
    town.ana.until("the bot to come to the other room", |events| events.iter().find(joins).map(drop)).await;
    proxy.shuts(town.room.trim_start_matches('!').split(':').next().map(str::to_owned));
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(town.ana.says(&town.room, None, "!list").await);
    }
    for _ in 0..3 {
        let asked = town.ana.says(&other, None, "!list").await;
        town.answer(&asked).await;
    }
    let ours = |e: &&Value| e["room_id"] == town.room.as_str() && e["content"]["body"] == "No case is open.";
    assert_eq!(town.ana.events().iter().filter(ours).count(), 0, "{}", town.ana.sight());
    proxy.shuts(None);
    for asked in &held {
        town.answer(asked).await;
    }
    town.sound().await;
    town.sleep().await;
}

/// An answer that the homeserver does not take holds up the others of its room for a moment only, and is given at last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_taken_holds_up_no_other_for_long() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, false).await;
    town.settings.homeserver = proxy.url.clone();
    town.settings.pace.answer = Duration::from_secs(1);
    town.wake().await;
    proxy.silences(Some("No case is open."));
    let stuck = town.ana.says(&town.room, None, "!list").await;
    for _ in 0..3 {
        let asked = town.ana.says(&town.room, None, "!digest").await;
        town.answer(&asked).await;
    }
    proxy.silences(None);
    town.answer(&stuck).await;
    town.sound().await;
    town.sleep().await;
}

/// A pin for which the homeserver has no room at that moment is made a little later, and one that is not wanted any more by
/// then is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_that_has_to_wait_is_not_lost() {
    const BUSY: &str = "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"error\":\"Too Many Requests\",\"retry_after_ms\":700}";
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, false).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    for (n, page) in [(1, (429, BUSY)), (2, PAGES[8])] {
        town.complain(if n == 1 { "marta" } else { "luis" }, &format!("complaint {n}."));
        let card = town.card(&format!("complaint {n}.")).await;
        proxy.answers("m.room.pinned_events", &[page]);
        town.ana.says(&town.room, Some(&card), "!priority urgent").await;
        let pinned = |e: &&Value| e["type"] == "m.room.pinned_events" && e["content"]["pinned"].to_string().contains(&card);
        town.ana.until("the pin", |events| events.iter().find(pinned).map(drop)).await;
        assert!(proxy.is_done(), "the page was met");
    }
    // Both are wanted no more: one while what takes its pin away waits, the other before the pin is made.
    let hold = proxy.holds("m.room.pinned_events");
    town.ana.says(&town.room, None, "!priority 1 low").await;
    hold.reached.notified().await;
    town.ana.says(&town.room, None, "!priority 2 low").await;
    town.settled().await;
    hold.released.notify_one();
    let none = |e: &&Value| e["type"] == "m.room.pinned_events";
    let last = |events: &[Value]| events.iter().rfind(none).filter(|e| e["content"]["pinned"] == json!([])).map(drop);
    town.ana.until("no pin", last).await;
    town.sound().await;
    town.sleep().await;
}

/// Whether a room may show private text is asked after all else that a message has to wait for: the room was opened while it was
/// looked up whether a card still stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_looked_up_first_is_not_shown_in_a_room_that_was_opened_meanwhile() {
    let Some(hs) = server("SERENO_SYNAPSE") else { return };
    let proxy = Proxy::new(&hs).await;
    let mut town = Town::asleep(&hs, true).await;
    town.settings.homeserver = proxy.url.clone();
    town.wake().await;
    town.whisper("marta", "my card number is 1234");
    town.card("card number").await;
    town.settled().await;
    town.crash().await;
    town.start();
    let hold = proxy.holds("/event/");
    town.ana.says(&town.room, None, "!priority 1 low").await;
    hold.reached.notified().await;
    let open = json!({ "do": "state", "room": town.room, "type": "m.room.join_rules", "content": { "join_rule": "public" } });
    let opened = town.ana.does(open).await["event_id"].as_str().unwrap().to_owned();
    let is = |e: &&Value| e["event_id"] == opened.as_str();
    town.ana.until("the room to be open", |events| events.iter().find(is).map(drop)).await;
    hold.released.notify_one();
    let masked = |e: &&Value| {
        e["sender"] == town.bot.id.as_str() && e["content"]["body"].as_str().is_some_and(|b| b.starts_with("#1 ") && b.contains("· low"))
    };
    town.ana.until("the card without it", |events| events.iter().find(masked).map(drop)).await;
    town.settled().await;
    let events = town.ana.events();
    let at = events.iter().position(|e| e["event_id"] == opened.as_str()).expect("it was heard");
    let shown: Vec<&Value> = events.iter().skip(at).filter(|e| e["content"].to_string().contains("1234")).collect();
    assert!(shown.is_empty(), "{shown:?}");
    town.sleep().await;
}
