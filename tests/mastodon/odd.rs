//! Servers that are not as Mastodon is: entities that cannot be read, answers beyond all bounds, streams
//! somewhere else, no `Idempotency-Key`.

use super::echo::answer;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use serde_json::{Value, json};
use sereno::case::{Outgoing, SendKind};
use sereno::clock::Clock;
use sereno::network::mastodon::{MastodonAccount, Settings};
use sereno::network::{NetworkAccount, Page};
use sereno::outbox::Look;
use sereno::post::{Author, NetEvent, Untrusted};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Odd {
    /// What `/api/v2/instance` says.
    instance: Arc<Mutex<Value>>,
    /// Notifications, oldest first: their ids and their JSON.
    items: Arc<Mutex<Vec<(u64, String)>>>,
    /// Whether pages have a `Link` header.
    links: bool,
}

impl Odd {
    async fn start(&self) -> String {
        let odd = self.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(move |request: Request| {
            let odd = odd.clone();
            async move { odd.answer(&request) }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    fn answer(&self, request: &Request) -> Response<Body> {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let number = |name: &str| query.iter().find(|(k, _)| k == name).and_then(|(_, v)| v.parse::<u64>().ok());
        let good = Response::builder().status(200);
        match request.uri().path() {
            "/api/v1/accounts/verify_credentials" => good.body(r#"{"id":"1","username":"shop","acct":"shop"}"#.into()).unwrap(),
            "/api/v2/instance" => good.body(self.instance.lock().unwrap().to_string().into()).unwrap(),
            "/api/v1/accounts/1/statuses" => good.body("[]".into()).unwrap(),
            "/api/v1/notifications" => {
                let (after, before) = (number("min_id").unwrap_or(0), number("max_id").unwrap_or(u64::MAX));
                let limit = usize::try_from(number("limit").unwrap_or(40)).unwrap();
                let items = self.items.lock().unwrap();
                let mut fit: Vec<_> = items.iter().filter(|(id, _)| *id > after && *id < before).collect();
                // From the old end where one asks for what comes after, else from the new one.
                if number("min_id").is_some() {
                    fit.truncate(limit);
                } else {
                    fit.drain(..fit.len().saturating_sub(limit));
                }
                fit.reverse();
                let good = match fit.first().filter(|_| self.links) {
                    Some((newest, _)) => good.header("link", format!("<http://x.example/?min_id={newest}>; rel=\"prev\"")),
                    None => good,
                };
                let list: Vec<&str> = fit.iter().map(|(_, text)| text.as_str()).collect();
                good.body(format!("[{}]", list.join(",")).into()).unwrap()
            }
            _ => Response::builder().status(404).body("{}".into()).unwrap(),
        }
    }

    fn notify(&self, id: u64, change: impl FnOnce(&mut Value)) {
        let mut item = json!({
            "id": id.to_string(), "type": "mention", "created_at": jiff_now(),
            "account": { "id": "9", "acct": "ana" },
            "status": {
                "id": format!("10{id}"), "uri": format!("https://odd.example/{id}"), "created_at": jiff_now(), "visibility": "public",
                "account": { "id": "9", "acct": "ana", "uri": "https://odd.example/ana" }, "content": format!("<p>@shop {id}</p>"), "mentions": [],
            }
        });
        change(&mut item);
        self.items.lock().unwrap().push((id, item.to_string()));
    }

    /// An item longer than any bound, whose `id` comes last and which holds others before it.
    fn notify_giant(&self, id: u64) {
        let text = "\\\"id\\\":\\\"666\\\" ".repeat(2_600_000);
        let item = format!(r#"{{"account":{{"id":"77"}},"list":[{{"id":"78"}}],"text":"{text}","id":"{id}","type":"mention"}}"#);
        assert!(item.len() > 33 << 20);
        self.items.lock().unwrap().push((id, item));
    }
}

fn jiff_now() -> String {
    let now = Clock::system().now();
    jiff::Timestamp::from_millisecond(now.0).unwrap().to_string()
}

fn account(url: &str, change: impl FnOnce(&mut Settings)) -> MastodonAccount {
    let mut settings = Settings {
        settle_ms: 0,
        doubt_ms: 0,
        connect_ms: 2_000,
        silence_ms: 400,
        ..Settings::new(url.parse().unwrap(), "canary-4711".to_owned().into())
    };
    change(&mut settings);
    MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap()
}

/// Reads to the end; no call may fail.
async fn all(account: &MastodonAccount, cursor: &mut Option<String>) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..20 {
        let Page { events, cursor: next, more, .. } =
            timeout(LONG, account.poll("notifications", cursor.as_deref())).await.unwrap().unwrap();
        ids.extend(events.iter().filter_map(|e| match e {
            NetEvent::New(post) => Some(post.id.to_string()),
            _ => None,
        }));
        *cursor = next.or(cursor.take());
        if !more {
            return ids;
        }
    }
    panic!("no end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_beyond_all_bounds_is_passed_over_wherever_its_id_stands() {
    for links in [false, true] {
        let odd = Odd { links, ..Odd::default() };
        *odd.instance.lock().unwrap() = json!({ "domain": "odd.example" });
        let account = account(&odd.start().await, |_| {});
        let mut cursor = None;
        odd.notify(1, |_| {});
        assert_eq!(all(&account, &mut cursor).await, ["https://odd.example/1"]);
        odd.notify_giant(2);
        odd.notify(3, |_| {});
        assert_eq!(all(&account, &mut cursor).await, ["https://odd.example/3"]);
        assert_eq!(account.passed_over(), 1);
        odd.notify(4, |_| {});
        // What is young is read again, what was passed over too.
        assert_eq!(all(&account, &mut cursor).await.last().map(String::as_str), Some("https://odd.example/4"));
        assert_eq!(account.passed_over(), 1, "the same one is counted once");
    }
}

#[tokio::test]
async fn an_odd_item_is_passed_over_at_once_and_an_odd_detail_is_no_reason() {
    let odd = Odd::default();
    *odd.instance.lock().unwrap() = json!({ "domain": "odd.example" });
    let account = account(&odd.start().await, |_| {});
    odd.notify(1, |item| item["status"]["account"]["bot"] = json!("yes"));
    odd.notify(2, |item| item["status"]["account"]["followers_count"] = json!("many"));
    odd.notify(3, |item| item["status"]["account"] = json!("nobody"));
    odd.notify(4, |_| {});
    let ids = all(&account, &mut None).await;
    assert_eq!(ids, ["https://odd.example/1", "https://odd.example/2", "https://odd.example/4"]);
    assert_eq!(account.passed_over(), 1);
}

/// The first lines of whoever connects within the time; `None`: nobody.
fn visitor(listener: &TcpListener) -> Option<String> {
    listener.set_nonblocking(true).unwrap();
    let (mut stream, _) = listener.accept().ok()?;
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut bytes = [0; 4096];
    let n = std::io::Read::read(&mut stream, &mut bytes).unwrap();
    Some(String::from_utf8_lossy(&bytes[..n]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_goes_to_no_host_that_the_server_merely_names() {
    let odd = Odd::default();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let named = format!("ws://localhost:{}", elsewhere.local_addr().unwrap().port());
    *odd.instance.lock().unwrap() = json!({ "domain": "odd.example", "configuration": { "urls": { "streaming": named } } });
    let url = odd.start().await;
    let guarded = account(&url, |_| {});
    let (tx, _rx) = mpsc::channel(4);
    timeout(LONG, guarded.push(tx)).await.expect("its own host has no stream: that ends it");
    let findings = timeout(LONG, guarded.check()).await.unwrap();
    let found = findings.iter().find(|f| f.detail.code == "check-mastodon-streaming-host").expect("a finding");
    assert!(!found.ok && format!("{:?}", found.detail).contains("localhost"));
    assert_eq!(visitor(&elsewhere), None, "somebody else was asked");

    // Named in bot.toml it may be.
    let allowed = account(&url, |s| s.streaming_host = Some("localhost".into()));
    let (tx, _rx) = mpsc::channel(4);
    let listening = tokio::spawn(async move { allowed.push(tx).await });
    let seen = timeout(LONG, async {
        loop {
            if let Some(text) = visitor(&elsewhere) {
                return text;
            }
            tokio::task::yield_now().await;
        }
    });
    let seen = seen.await.expect("the permitted host is asked");
    assert!(seen.contains("canary-4711"), "{seen}");
    listening.abort();
}

fn message() -> Outgoing {
    let to = Author { handle: Untrusted::new("@ana"), ..Author::default() };
    Outgoing { kind: SendKind::Reply, target_local: "101".into(), to, ..answer() }
}

#[tokio::test]
async fn only_a_server_known_for_it_is_trusted_with_an_idempotency_key() {
    let odd = Odd::default();
    let url = odd.start().await;
    let instance = |version: &str, source: &str| json!({ "domain": "odd.example", "version": version, "source_url": source });
    for (version, source, known) in [
        ("4.3.1", "https://github.com/mastodon/mastodon", true),
        ("4.4.0-beta.1+glitch", "https://github.com/glitch-soc/mastodon", true),
        ("0.17.3+git-abc", "https://codeberg.org/superseriousbusiness/gotosocial", false),
        ("4.1.0+git", "https://codeberg.org/superseriousbusiness/gotosocial", false),
        ("2.7.2 (compatible; Akkoma 3.13)", "", false),
        ("", "", false),
    ] {
        *odd.instance.lock().unwrap() = instance(version, source);
        let account = account(&url, |_| {});
        assert_eq!(account.prepare().await.unwrap().capabilities.idempotent, known, "{version}");
        let look = account.look("op", &message(), None, Clock::system().now(), &[]).await;
        // A late request of ours could still land: only the key would keep a second from doubling it.
        match look {
            Look::Absent => assert!(known, "{version}"),
            Look::Retry { after_ms: Some(ms), .. } => assert!(!known && ms > 30_000, "{version}: {ms}"),
            other => panic!("{version}: {other:?}"),
        }
    }
}
