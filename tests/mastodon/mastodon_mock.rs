//! The adapter against `mastodon-mock`, an independent server of the same API: run by
//! `tests/real/mastodon-mock.sh`, which names it in `SERENO_MASTODON_MOCK`. Without that the tests
//! say so and pass.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use sereno::case::{Outgoing, SendKind, SendState};
use sereno::clock::{Clock, Time};
use sereno::network::mastodon::{MastodonAccount, Settings};
use sereno::network::{NetError, NetworkAccount};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::Counting;
use sereno::post::{NetEvent, Post, PostRef, Untrusted, Visibility};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);
/// The brand account's token, and the customer's.
const BRAND: &str = "ada_token";
const CUSTOMER: &str = "grace_token";

fn server() -> Option<String> {
    let server = std::env::var("SERENO_MASTODON_MOCK").ok().filter(|s| !s.is_empty());
    if server.is_none() {
        crate::skipped::skipped("SERENO_MASTODON_MOCK names no server; see tests/real/mastodon-mock.sh");
    }
    server
}

fn account(server: &str, token: &str) -> MastodonAccount {
    let settings =
        Settings { settle_ms: 0, doubt_ms: 0, silence_ms: 3_000, ..Settings::new(server.parse().unwrap(), token.to_owned().into()) };
    MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap()
}

/// A customer's own client: nothing of ours.
struct Customer {
    http: Client,
    server: String,
}

impl Customer {
    fn new(server: &str) -> Customer {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        }
        Customer { http: Client::new(), server: server.into() }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.server)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    async fn post(&self, text: &str, more: Value) -> Value {
        let mut body = json!({ "status": text });
        for (k, v) in more.as_object().unwrap() {
            body[k] = v.clone();
        }
        self.call(Method::POST, "/api/v1/statuses", CUSTOMER, Some(body)).await
    }

    async fn get(&self, id: &str, token: &str) -> Value {
        self.call(Method::GET, &format!("/api/v1/statuses/{id}"), token, None).await
    }

    /// What the brand has posted, by its own account's list.
    async fn by_brand(&self) -> Vec<Value> {
        let me = self.call(Method::GET, "/api/v1/accounts/verify_credentials", BRAND, None).await;
        let path = format!("/api/v1/accounts/{}/statuses?limit=40", me["id"].as_str().unwrap());
        self.call(Method::GET, &path, BRAND, None).await.as_array().unwrap().clone()
    }
}

async fn fresh_cursor(account: &MastodonAccount) -> Option<String> {
    let mut cursor: Option<String> = None;
    loop {
        let page = account.poll("notifications", cursor.as_deref()).await.unwrap();
        cursor = page.cursor.or(cursor);
        if !page.more {
            return cursor;
        }
    }
}

async fn found(account: &MastodonAccount, cursor: Option<&str>, id: &Value) -> Post {
    let page = account.poll("notifications", cursor).await.unwrap();
    let post = page.events.into_iter().find_map(|e| match e {
        NetEvent::New(p) if p.local_id == id.as_str().unwrap() => Some(p),
        _ => None,
    });
    post.expect("the mention is among the notifications")
}

fn send(kind: SendKind, to: &Post, text: &str) -> Outgoing {
    Outgoing {
        id: 1,
        kind,
        account: "shop".into(),
        target: Some(to.id.clone()),
        target_local: to.local_id.clone(),
        target_version: to.version(),
        to: to.author.clone(),
        text: Untrusted::new(text),
        lang: "en".into(),
        by: "luis".into(),
        drafted_by: "luis".into(),
        approved_by: None,
        at: Time(0),
        state: SendState::InFlight { since: Time(0) },
        shown_at: None,
        tried: false,
        tried_at: None,
        absent_at: None,
        invites: false,
        files: Vec::new(),
    }
}

fn done(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Done(receipt) => receipt,
        other => panic!("not done: {other:?}"),
    }
}

#[tokio::test]
async fn signing_in_and_checking() {
    let Some(server) = server() else { return };
    let brand = account(&server, BRAND);
    let policy = brand.prepare().await.unwrap();
    assert!(policy.handle.starts_with("@ada@"), "{}", policy.handle);
    assert_eq!((policy.capabilities.max_length, policy.capabilities.counting), (500, Counting::Characters { url: Some(23) }));
    let findings = brand.check().await;
    assert!(findings.iter().all(|f| f.ok), "{findings:?}");
    let stranger = account(&server, "no_such_token");
    assert!(matches!(stranger.prepare().await, Err(NetError::Auth(_))));
    assert!(stranger.check().await.iter().any(|f| f.detail.code == "check-mastodon-token"));
}

#[tokio::test]
async fn a_mention_is_polled_and_answered_once() {
    let Some(server) = server() else { return };
    let (brand, customer) = (account(&server, BRAND), Customer::new(&server));
    let cursor = fresh_cursor(&brand).await;
    let root = customer.post("my luggage is gone #luggage", json!({})).await;
    let posted = customer
        .post(
            "@ada any news? https://example.org/claims/1234567890 <b>&",
            json!({"in_reply_to_id": root["id"], "spoiler_text": "anger", "language": "en", "visibility": "unlisted"}),
        )
        .await;
    let post = found(&brand, cursor.as_deref(), &posted["id"]).await;
    assert_eq!(post.id.as_str(), posted["uri"].as_str().unwrap());
    assert_eq!(post.text.expose(), "@ada any news? https://example.org/claims/1234567890 <b>&");
    assert_eq!(post.warning.as_ref().unwrap().expose(), "anger");
    assert_eq!(post.visibility, Visibility::Unlisted);
    assert_eq!(post.root().as_str(), root["uri"].as_str().unwrap());
    assert_eq!(post.parent.as_ref().unwrap().author.as_ref(), Some(&post.author.id));

    let before = customer.by_brand().await.len();
    let reply = send(SendKind::Reply, &post, "We are looking: https://example.org/a/long/page/about/luggage & more");
    let since = Clock::system().now();
    assert_eq!(brand.look("op-1", &reply, None, since, &[]).await, Look::Absent);
    let one = done(brand.send("op-1", &reply, None).await);
    let two = done(brand.send("op-1", &reply, None).await);
    assert_eq!(one, two, "the same key is the same status");
    let by_brand = customer.by_brand().await;
    assert_eq!(by_brand.len(), before + 1);
    let status = customer.get(&one.native_id, CUSTOMER).await;
    assert_eq!(status["in_reply_to_id"], posted["id"]);
    assert_eq!((status["visibility"].as_str(), status["language"].as_str()), (Some("unlisted"), Some("en")));
    assert_eq!(status["mentions"][0]["acct"], "grace");
    let Look::Found(seen) = brand.look("op-1", &reply, None, since, &[]).await else { panic!("not found") };
    assert_eq!(seen.native_id, one.native_id);
    assert_eq!(brand.look("op-2", &send(SendKind::Reply, &post, "Something else"), None, since, &[]).await, Look::Absent);
}

#[tokio::test]
async fn edits_and_deletions_are_followed() {
    let Some(server) = server() else { return };
    let (brand, customer) = (account(&server, BRAND), Customer::new(&server));
    let cursor = fresh_cursor(&brand).await;
    let posted = customer.post("@ada first words", json!({})).await;
    let id = posted["id"].as_str().unwrap();
    let post = found(&brand, cursor.as_deref(), &posted["id"]).await;
    customer.call(Method::PUT, &format!("/api/v1/statuses/{id}"), CUSTOMER, Some(json!({"status": "@ada other words"}))).await;
    let reply = send(SendKind::Reply, &post, "An answer to the first words");
    assert_eq!(brand.send("edit-1", &reply, None).await, Outcome::TargetEdited);
    let post_ref = PostRef::Local { account: "shop".into(), local_id: id.into() };
    let events = brand.refresh(std::slice::from_ref(&post_ref)).await.unwrap();
    let NetEvent::Edited(edited) = &events[0] else { panic!("{events:?}") };
    assert_eq!(edited.text.expose(), "@ada other words");
    customer.call(Method::DELETE, &format!("/api/v1/statuses/{id}"), CUSTOMER, None).await;
    let events = brand.refresh(std::slice::from_ref(&post_ref)).await.unwrap();
    assert!(matches!(&events[..], [NetEvent::Deleted { post, .. }] if *post == post_ref), "{events:?}");
    assert_eq!(brand.send("edit-2", &send(SendKind::Reply, edited, "Too late"), None).await, Outcome::TargetGone);
    // The notification of a deleted post does not stop the reading.
    brand.poll("notifications", cursor.as_deref()).await.unwrap();
}

#[tokio::test]
async fn private_messages_both_ways() {
    let Some(server) = server() else { return };
    let (brand, customer) = (account(&server, BRAND), Customer::new(&server));
    let cursor = fresh_cursor(&brand).await;
    let posted = customer.post("@ada where is my order?", json!({})).await;
    let post = found(&brand, cursor.as_deref(), &posted["id"]).await;
    let first = done(brand.send("dm-1", &send(SendKind::Handoff, &post, "Tell us here."), None).await);
    let status = customer.get(&first.native_id, CUSTOMER).await;
    assert_eq!(status["visibility"], "direct");
    assert!(status["in_reply_to_id"].is_null(), "not in the public thread");
    let answer = customer.post("@ada it is 77-1234", json!({"visibility": "direct", "in_reply_to_id": first.native_id})).await;
    let dm = found(&brand, cursor.as_deref(), &answer["id"]).await;
    assert!(dm.is_dm());
    assert_eq!(dm.root().as_str(), status["uri"].as_str().unwrap());
    let further = send(SendKind::Dm, &dm, "Thank you, found.");
    let second = done(brand.send("dm-2", &further, None).await);
    let status = customer.get(&second.native_id, CUSTOMER).await;
    assert_eq!((status["visibility"].as_str(), &status["in_reply_to_id"]), (Some("direct"), &answer["id"]));
    assert!(matches!(brand.look("dm-2", &further, None, Clock::system().now(), &[]).await, Look::Found(_)));
}

#[tokio::test]
async fn our_answer_is_corrected_and_taken_back() {
    let Some(server) = server() else { return };
    let (brand, customer) = (account(&server, BRAND), Customer::new(&server));
    let cursor = fresh_cursor(&brand).await;
    let posted = customer.post("@ada when do you open?", json!({})).await;
    let post = found(&brand, cursor.as_deref(), &posted["id"]).await;
    let sent = done(brand.send("c-1", &send(SendKind::Reply, &post, "At nine."), None).await);
    let earlier =
        SendState::Published { id: sent.post.clone().unwrap(), local_id: sent.native_id.clone(), url: sent.url.clone(), at: Time(0) };
    let correct = send(SendKind::Correct { send: 1 }, &post, "At ten.");
    let now = Clock::system().now();
    assert_eq!(brand.look("c-2", &correct, Some(&earlier), now, &[]).await, Look::Absent);
    done(brand.send("c-2", &correct, Some(&earlier)).await);
    assert!(matches!(brand.look("c-2", &correct, Some(&earlier), now, &[]).await, Look::Found(_)));
    let status = customer.get(&sent.native_id, CUSTOMER).await;
    assert!(status["content"].as_str().unwrap().contains("At ten."));
    let retract = send(SendKind::Retract { send: 1 }, &post, "");
    assert_eq!(brand.look("c-3", &retract, Some(&earlier), now, &[]).await, Look::Absent);
    done(brand.send("c-3", &retract, Some(&earlier)).await);
    assert!(matches!(brand.look("c-3", &retract, Some(&earlier), now, &[]).await, Look::Found(_)));
}

#[tokio::test]
async fn what_happens_is_pushed() {
    let Some(server) = server() else { return };
    let (brand, customer) = (Arc::new(account(&server, BRAND)), Customer::new(&server));
    let (tx, mut rx) = mpsc::channel(64);
    let theirs = brand.clone();
    let push = tokio::spawn(async move { theirs.push(tx).await });
    // The socket is open when our own post comes through.
    let opened = timeout(LONG, async {
        loop {
            let body = json!({"status": "opening hours"});
            customer.call(Method::POST, "/api/v1/statuses", BRAND, Some(body)).await;
            if let Ok(event) = timeout(Duration::from_millis(500), rx.recv()).await {
                break event.unwrap();
            }
        }
    });
    assert!(matches!(opened.await.unwrap(), NetEvent::New(_)));
    let posted = customer.post("@ada are you there?", json!({})).await;
    let id = posted["id"].as_str().unwrap().to_owned();
    let mut wait = async |what: &str, is: &dyn Fn(&NetEvent) -> bool| {
        let waited = timeout(LONG, async {
            loop {
                let event = rx.recv().await.unwrap();
                if is(&event) {
                    break event;
                }
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{what} was not streamed"))
    };
    let new = wait("the mention", &|e| matches!(e, NetEvent::New(p) if p.local_id == id)).await;
    let NetEvent::New(post) = new else { unreachable!() };
    let dm = customer.post("@ada in private", json!({"visibility": "direct"})).await;
    let dm_id = dm["id"].as_str().unwrap().to_owned();
    wait("the private message", &|e| matches!(e, NetEvent::New(p) if p.local_id == dm_id && p.is_dm())).await;
    let sent = done(brand.send("p-1", &send(SendKind::Reply, &post, "Yes."), None).await);
    wait("our own answer", &|e| matches!(e, NetEvent::New(p) if p.local_id == sent.native_id)).await;
    let path = format!("/api/v1/statuses/{}", sent.native_id);
    customer.call(Method::PUT, &path, BRAND, Some(json!({"status": "@grace Yes!"}))).await;
    wait("the edit", &|e| matches!(e, NetEvent::Edited(p) if p.local_id == sent.native_id)).await;
    customer.call(Method::DELETE, &path, BRAND, None).await;
    let gone = PostRef::Local { account: "shop".into(), local_id: sent.native_id.clone() };
    wait("the deletion", &|e| matches!(e, NetEvent::Deleted { post, .. } if *post == gone)).await;
    assert!(!push.is_finished(), "the stream still stands");
}
