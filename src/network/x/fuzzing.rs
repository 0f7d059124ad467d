//! What X sends, for fuzzing: see [`crate::fuzzing`].

use super::auth::read_granted;
use super::mapping::Mapper;
use super::webhook::{self, SIGNATURE, crc, hook as judge, is_from_x};
use super::wire::{Activity, DmEvents, Line, One, Page, Post, Posts, User, problem, read_activity, read_line};
use crate::fuzzing::{NOW, first_line, read};
use crate::network::spoken::spoken;
use crate::network::x::mapping::Dm;
use crate::network::{Hook, Knock};
use crate::post::{Account, Reach};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::{ExposeSecret as _, SecretString};

/// Our id on X in what is kept.
const ME: &str = "2244994945";
/// Nothing that is kept is signed with it.
const SECRET: &str = "the secret of fuzzing";

fn with_mapper<T>(f: impl FnOnce(&Mapper<'_>) -> T) -> T {
    let account = Account::from("acme");
    f(&Mapper { account: &account, me: ME, now: NOW })
}

/// A page of posts, of messages, of people, one of each; and what is no page.
pub(crate) fn page(data: &[u8]) {
    with_mapper(|mapper| {
        if let Ok(page) = serde_json::from_slice::<Posts>(data) {
            for post in &page.data.read {
                read(&mapper.event(post, &page.includes, Reach::Followed));
            }
            page.errors.iter().filter_map(|p| p.gone()).flat_map(|id| mapper.deleted(id)).for_each(|e| read(&e));
        }
        if let Ok(page) = serde_json::from_slice::<DmEvents>(data) {
            for event in &page.data.read {
                if let Dm::Message(event) = mapper.dm(event, &page.includes) {
                    read(&event);
                }
            }
        }
        if let Ok(One { data: Some(post), includes, .. }) = serde_json::from_slice::<One<Post>>(data) {
            read(&mapper.event(&post, &includes, Reach::Followed));
        }
    });
    drop(serde_json::from_slice::<Page<User>>(data));
    drop(serde_json::from_slice::<One<User>>(data));
    let token = SecretString::from("AAAA");
    assert!(spoken(problem(data).words(), &token).chars().count() <= 300);
}

/// Lines of a stream.
pub(crate) fn stream(data: &[u8]) {
    for line in data.split(|b| *b == b'\n') {
        let heard = read_line(line);
        with_mapper(|mapper| mapper.line(&heard).iter().for_each(read));
        // A webhook's body is the same, or nothing.
        assert_eq!(matches!(heard, Line::Activity(_)), read_activity(line).is_some());
        if let Line::Activity(activity) = heard
            && let Activity::Dm { event, .. } = *activity
        {
            assert!(event.sender_id.is_some() && event.dm_conversation_id.is_some());
        }
    }
}

/// A request to our webhook: `METHOD query`, headers, an empty line, the body. First as it came, then signed as X would.
pub(crate) fn hook(data: &[u8]) {
    let secret = SecretString::from(SECRET);
    let (first, mut rest) = first_line(data);
    let first = String::from_utf8_lossy(first);
    let (method, query) = first.split_once(' ').unwrap_or((&first, ""));
    let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
    let mut headers = HeaderMap::new();
    loop {
        let (line, below) = first_line(rest);
        rest = below;
        let Some(colon) = line.iter().position(|b| *b == b':') else { break };
        let (name, value) = line.split_at(colon);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.get(1..).unwrap_or_default())) {
            headers.append(name, value);
        }
    }
    let knock = Knock { method: &method, query, headers: &headers, body: rest };
    // Nobody here knows how to sign: whatever came, nothing of its body is read.
    match with_mapper(|mapper| judge(&knock, &secret, Some(mapper))) {
        Hook::Refused => {}
        Hook::Challenge(answer) => {
            assert_eq!(method, Method::GET);
            assert!(answer.len() < 200 && !answer.contains(secret.expose_secret()));
        }
        taken => panic!("nobody signed this: {taken:?}"),
    }
    let signature = webhook::sign_as_x(rest, &secret);
    assert!(is_from_x(rest, Some(&signature), &secret));
    headers.remove(SIGNATURE);
    headers.insert(SIGNATURE, HeaderValue::from_str(&signature).expect("Base64 is a header's value"));
    let signed = Knock { method: &Method::POST, query, headers: &headers, body: rest };
    match with_mapper(|mapper| judge(&signed, &secret, Some(mapper))) {
        Hook::Events { events, .. } => events.iter().for_each(read),
        Hook::Odd { .. } | Hook::Refused => {}
        other => panic!("signed, and it is {other:?}"),
    }
    assert!(matches!(judge(&signed, &secret, None), Hook::NotYet), "nobody knows yet whose it is");
    // Whoever asks as X does gets a signature: of what they asked, and that must be no body that tells of anything.
    let Some(answer) = std::str::from_utf8(rest).ok().and_then(|question| crc(question, &secret)) else { return };
    headers.insert(SIGNATURE, HeaderValue::from_str(&answer).expect("Base64 is a header's value"));
    let forged = Knock { method: &Method::POST, query, headers: &headers, body: rest };
    let taken = with_mapper(|mapper| judge(&forged, &secret, Some(mapper)));
    assert!(matches!(taken, Hook::Odd { .. } | Hook::Refused), "a question's answer signs it: {taken:?}");
}

/// An answer to whoever asks for tokens: the status, then the body.
pub(crate) fn token(data: &[u8]) {
    let (status, body) = first_line(data);
    let status = std::str::from_utf8(status).ok().and_then(|s| s.parse().ok()).unwrap_or(200);
    let token = SecretString::from("AAAA");
    match read_granted(status, body, NOW) {
        Ok(granted) => {
            assert_eq!(status, 200);
            let lives_ms = granted.expires.since(NOW);
            assert!((1..=400 * 86_400_000).contains(&lives_ms));
            // It becomes a header.
            assert!(HeaderValue::from_str(granted.access.expose_secret()).is_ok());
        }
        Err(refused) => {
            let words = spoken(&refused.to_string(), &token);
            assert!(words.chars().count() <= 300 && !words.contains(char::is_control));
        }
    }
}
