//! An account as the rest of sereno sees it.

use crate::emulator::x::{CLIENT_ID, CONSUMER, Emulator, Fault};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sereno::clock::Clock;
use sereno::network::x::auth::tokens::Tokens;
use sereno::network::x::auth::{App, Granted, SCOPES};
use sereno::network::x::mapping::author_id;
use sereno::network::x::webhook::SIGNATURE;
use sereno::network::x::{Settings, XAccount};
use sereno::network::{Hook, Knock, NetError, NetworkAccount};
use sereno::policy::ListenRule;
use sha2::Sha256;

/// As X signs a body.
pub fn signed(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(CONSUMER.1.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", BASE64.encode(&mac.finalize().into_bytes()))
}

async fn signed_in(x: &Emulator, dir: &tempfile::TempDir, user: &str, scopes: &[&str]) -> XAccount {
    let app = App { client_id: CLIENT_ID.into(), client_secret: None };
    let file = dir.path().join("x.json");
    let tokens = Tokens::anew(app.clone(), file.clone(), Clock::system());
    let (access, refresh) = x.tokens();
    let expires = Clock::system().now().plus(7_200_000);
    let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
    tokens.signed_in(user, &Granted { access: access.into(), refresh: Some(refresh.into()), expires, scopes }).await.unwrap();
    account(x, app, file)
}

/// One that is set up in another way.
pub async fn signed_in_with(x: &Emulator, dir: &tempfile::TempDir, change: impl FnOnce(&mut Settings)) -> XAccount {
    drop(signed_in(x, dir, &x.brand_id(), &SCOPES).await);
    let rule = ListenRule { name: "marca".into(), keywords: vec!["tienda sol".into()], ..ListenRule::default() };
    let app = App { client_id: CLIENT_ID.into(), client_secret: None };
    let mut settings = Settings { listen: vec![rule], ..Settings::new(x.url().parse().unwrap(), app, dir.path().join("x.json")) };
    change(&mut settings);
    XAccount::new("tienda".into(), settings, Clock::system()).unwrap()
}

fn account(x: &Emulator, app: App, file: std::path::PathBuf) -> XAccount {
    let rule = ListenRule { name: "marca".into(), keywords: vec!["tienda sol".into()], ..ListenRule::default() };
    let settings = Settings { listen: vec![rule], ..Settings::new(x.url().parse().unwrap(), app, file) };
    XAccount::new("tienda".into(), settings, Clock::system()).unwrap()
}

#[tokio::test]
async fn it_signs_in_reads_all_its_streams_and_answers_within_what_x_takes() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let account = signed_in(&x, &dir, &x.brand_id(), &SCOPES).await;
    let policy = account.prepare().await.unwrap();
    assert_eq!((policy.handle.as_str(), policy.author), ("@tienda_sol", Some(author_id(&x.brand_id()))));
    assert_eq!((policy.capabilities.max_length, policy.capabilities.can_edit), (280, false));
    let ana = x.customer("ana");
    ana.post("@tienda_sol mi pedido");
    ana.post("la tienda sol cierra");
    ana.dm("hola");
    x.brand_by_hand().post("¡Rebajas!");
    let mut found = Vec::new();
    for stream in account.streams() {
        let page = account.poll(&stream, None).await.unwrap();
        assert!(page.cursor.is_some(), "{stream}");
        found.push((stream, page.events.len()));
    }
    let expected = [("mentions", 1), ("dms", 1), ("own", 1), ("search:(\"tienda sol\") -is:retweet", 1)];
    assert_eq!(found, expected.map(|(stream, n)| (stream.to_owned(), n)));
    assert!(matches!(account.poll("elsewhere", None).await, Err(NetError::Permanent(_))));
    let findings = account.check().await;
    assert_eq!(findings.iter().map(|f| (f.ok, f.detail.code.as_str())).collect::<Vec<_>>(), [(true, "check-x-account")]);
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn a_stream_that_was_never_read_is_not_passed_for_an_empty_one() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let account = signed_in(&x, &dir, &x.brand_id(), &SCOPES).await;
    x.customer("ana").dm("hola");
    // The process before this one used the window up.
    x.fault("dm_events", Fault::TooMany { after_s: 2 }, 1);
    for _ in 0..2 {
        let read = account.poll("dms", None).await;
        assert!(matches!(read, Err(NetError::Retry { after_ms: Some(_), .. })), "{read:?}");
    }
    assert!(account.poll("mentions", None).await.is_ok(), "others are others");
    let mut page = account.poll("dms", None).await;
    while page.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        page = account.poll("dms", None).await;
    }
    let page = page.unwrap();
    assert_eq!(page.events.len(), 1, "{page:?}");
    // What was read once may wait for its window.
    x.fault("dm_events", Fault::TooMany { after_s: 60 }, 1);
    assert!(account.poll("dms", page.cursor.as_deref()).await.is_err());
    let rests = account.poll("dms", page.cursor.as_deref()).await.unwrap();
    assert!(rests.events.is_empty() && rests.cursor.is_none());
}

#[tokio::test]
async fn what_is_wrong_with_it_is_said() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let codes = async |account: &XAccount| account.check().await.iter().map(|f| f.detail.code.clone()).collect::<Vec<_>>();
    let fewer = signed_in(&x, &dir, &x.brand_id(), &["tweet.read"]).await;
    assert_eq!(codes(&fewer).await, ["check-x-account", "check-x-scopes"]);
    let other = signed_in(&x, &dir, "999", &SCOPES).await;
    assert_eq!(codes(&other).await, ["check-x-sign-in"]);
    assert!(matches!(other.prepare().await, Err(NetError::Auth(_))), "another account's tokens are not used");
    let app = App { client_id: CLIENT_ID.into(), client_secret: None };
    let nobody = account(&x, app, dir.path().join("none.json"));
    assert_eq!(codes(&nobody).await, ["check-x-sign-in"]);
    let known = signed_in(&x, &dir, &x.brand_id(), &SCOPES).await;
    drop(x);
    assert_eq!(codes(&known).await, ["check-x-unreachable"]);
}

#[tokio::test]
async fn a_window_that_is_used_up_holds_no_other_stream_up() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let account = signed_in(&x, &dir, &x.brand_id(), &SCOPES).await;
    x.allow("GET /2/dm_events", 1);
    x.customer("ana").dm("hola");
    let first = account.poll("dms", None).await.unwrap();
    assert_eq!(first.events.len(), 1);
    x.customer("ana").dm("¿hay alguien?");
    let later = account.poll("dms", first.cursor.as_deref()).await.unwrap();
    assert_eq!((later.events.len(), later.cursor, later.more), (0, None, false));
    assert_eq!(x.books().asked("GET", "/dm_events"), 1, "not even tried");
    x.allow("/mentions", 1);
    account.poll("mentions", None).await.unwrap();
    assert!(matches!(account.poll("mentions", None).await, Err(NetError::Retry { after_ms: Some(_), .. })), "mentions are said to be late");
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}

#[tokio::test]
async fn its_webhook_is_served_where_xs_secret_is_known_and_once_it_knows_who_it_is() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let me = x.brand_id();
    let with_secret = signed_in(&x, &dir, &me, &SCOPES).await;
    let body = format!(r#"{{"data":{{"event_type":"post.delete","filter":{{"user_id":"{me}"}},"payload":{{"id":"1","author_id":"2"}}}}}}"#);
    let mut headers = axum::http::HeaderMap::new();
    headers.insert(SIGNATURE, signed(&body).parse().unwrap());
    let knock = Knock { method: &axum::http::Method::POST, query: "", headers: &headers, body: body.as_bytes() };
    assert!(matches!(with_secret.webhook(&knock), Hook::NotServed), "no secret, no webhook");
    let app = App { client_id: CLIENT_ID.into(), client_secret: None };
    let settings = Settings {
        consumer_secret: Some(CONSUMER.1.to_owned().into()),
        ..Settings::new(x.url().parse().unwrap(), app, dir.path().join("x.json"))
    };
    drop(with_secret);
    let account = XAccount::new("tienda".into(), settings, Clock::system()).unwrap();
    assert!(matches!(account.webhook(&knock), Hook::NotYet));
    assert!(matches!(account.webhook(&Knock { body: b"{}", ..knock }), Hook::Refused));
    // What answers questions would sign any body that is asked about.
    for (question, answered) in [(body.as_str(), false), ("{}", false), ("", false), ("crc_7f-A/+=.~", true)] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("crc_token", question).finish();
        let asked = Knock { method: &axum::http::Method::GET, query: &query, headers: &headers, body: b"" };
        assert_eq!(matches!(account.webhook(&asked), Hook::Challenge(_)), answered, "{question}");
    }
    account.prepare().await.unwrap();
    assert!(matches!(account.webhook(&knock), Hook::Events { events, read: false } if events.len() == 2));
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}
