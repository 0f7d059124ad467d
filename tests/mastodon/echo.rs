//! A server that says our token back to us: it goes no further.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use sereno::case::{Outgoing, SendKind, SendState};
use sereno::clock::{Clock, Time};
use sereno::network::NetworkAccount;
use sereno::network::mastodon::{MastodonAccount, Settings};
use sereno::post::{Author, AuthorId, Untrusted};
use std::sync::{Arc, Mutex};

const CANARY: &str = "canary/7Q+kN";

fn token() -> String {
    CANARY.to_owned()
}

fn encoded() -> String {
    url::form_urlencoded::byte_serialize(token().as_bytes()).collect()
}

/// Signs us in, then answers everything with `code`, the header it got and the same hidden in odd ways.
async fn echo(code: Arc<Mutex<u16>>) -> String {
    let app = move |request: Request| {
        let code = *code.lock().unwrap();
        async move {
            let got = request.headers().get("authorization").map_or("", |h| h.to_str().unwrap()).to_owned();
            let (code, body) = match request.uri().path() {
                _ if code == 200 => (200, format!(r#"{{"{}": [}}"#, token())),
                "/api/v1/accounts/verify_credentials" if code != 401 => (200, r#"{"id":"1","username":"shop","acct":"shop"}"#.into()),
                "/api/v2/instance" if code != 401 => (200, r#"{"domain":"echo.example"}"#.into()),
                _ => {
                    let (half, rest) = got.split_at(got.len() - 4);
                    let said = format!("no: {got} {} {half}\u{200b}{rest} \u{202e}txt", encoded());
                    (code, serde_json::json!({ "error": said, "error_description": "x".repeat(290) + got.as_str() }).to_string())
                }
            };
            let location = format!("https://else.example/?access_token={}", encoded());
            let answer = Response::builder().status(StatusCode::from_u16(code).unwrap()).header("location", location);
            Ok::<_, std::convert::Infallible>(answer.body(Body::from(body)).unwrap())
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(move |request: Request| {
        let app = app.clone();
        async move { app(request).await.unwrap() }
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// A send on its way, as any is.
pub(super) fn answer() -> Outgoing {
    Outgoing {
        id: 1,
        kind: SendKind::Dm,
        account: "shop".into(),
        target: None,
        target_local: String::new(),
        target_version: 0,
        to: Author {
            id: AuthorId("acct:ana@echo.example".into()),
            local_id: String::new(),
            handle: Untrusted::new("@ana@echo.example"),
            name: Untrusted::new("Ana"),
            url: None,
            followers: None,
            since: None,
            bot: false,
            route: None,
        },
        text: Untrusted::new("Hola"),
        lang: "es".into(),
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

#[tokio::test]
async fn a_token_that_the_server_says_back_goes_no_further() {
    let code = Arc::new(Mutex::new(500));
    let url = echo(Arc::clone(&code)).await;
    for status in [500, 401, 403, 422, 404, 302, 200] {
        *code.lock().unwrap() = status;
        let settings = Settings { doubt_ms: 0, ..Settings::new(url.parse().unwrap(), token().into()) };
        let account = MastodonAccount::new("shop".into(), settings, Clock::system()).unwrap();
        let said = [
            format!("{:?}", account.prepare().await.err()),
            format!("{:?}", account.send("op", &answer(), None).await),
            format!("{:?}", account.look("op", &answer(), None, Time(0), &[]).await),
            format!("{:?}", account.poll("notifications", None).await.err()),
            format!("{:?}", account.refresh(&[]).await.err()),
            format!("{:?}", account.check().await),
        ];
        let all = said.join("\n");
        assert!(status == 200 || all.contains('…'), "{status}: the server said nothing: {all}");
        for bad in [token().as_str(), &encoded(), "7Q+k", "7Q%2Bk", "\u{200b}", "\u{202e}", "\\u{202e}", "\\u{200b}"] {
            assert!(!all.contains(bad), "{status}: {bad:?} in {all}");
        }
    }
}
