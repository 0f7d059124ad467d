//! What a Mastodon server sends, for fuzzing: see [`crate::fuzzing`].

use super::mapping::{Mapper, Me};
use super::{api, html, poll, push, wire};
use crate::fuzzing::{NOW, first_line, read};
use crate::post::{Account, NetEvent, Reach};
use serde_json::Value;

fn with_mapper<T>(f: impl FnOnce(&Mapper<'_>) -> T) -> T {
    let account = Account::from("acme");
    let me = Me {
        id: "1".into(),
        author: "https://mas.example/users/acme".into(),
        handle: "@acme@mas.example".into(),
        domain: "mas.example".into(),
    };
    f(&Mapper { account: &account, me: &me, now: NOW })
}

fn status(mapper: &Mapper<'_>, status: &wire::Status) {
    read(&NetEvent::New(mapper.post(status, Reach::Followed)));
    if let Some(original) = &status.reblog {
        read(&mapper.repost(&status.account, original));
    }
}

/// An answer: its `Link` header, then the body, read as everything that is asked for.
pub(crate) fn page(data: &[u8]) {
    let (link, body) = first_line(data);
    drop(api::newer(&String::from_utf8_lossy(link), "min_id"));
    let found: Vec<Value> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice::<wire::Search>(body).map(|s| s.statuses))
        .or_else(|_| serde_json::from_slice::<Value>(body).map(|one| vec![one]))
        .unwrap_or_default();
    with_mapper(|mapper| {
        for value in found {
            if let Ok(one) = serde_json::from_value::<wire::Status>(value.clone()) {
                status(mapper, &one);
            }
            if let Ok(one) = serde_json::from_value::<wire::Notification>(value.clone()) {
                one.status.iter().for_each(|s| status(mapper, s));
                one.account.iter().for_each(|a| drop(mapper.author(a)));
            }
            poll::fuzzing::taken(value);
        }
        if let Ok(context) = serde_json::from_slice::<wire::Context>(body) {
            context.ancestors.iter().for_each(|s| status(mapper, s));
        }
    });
    drop(serde_json::from_slice::<wire::Conversation>(body));
    drop(serde_json::from_slice::<wire::Instance>(body));
    drop(serde_json::from_slice::<wire::Source>(body));
    api::fuzzing::answer(body);
}

/// A frame of a stream.
pub(crate) fn stream(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((event, payload)) = push::fuzzing::frame(text) else { return };
    with_mapper(|mapper| match event.as_str() {
        "notification" => {
            if let Ok(one) = serde_json::from_str::<wire::Notification>(&payload) {
                one.status.iter().for_each(|s| status(mapper, s));
            }
        }
        _ => {
            if let Ok(one) = serde_json::from_str::<wire::Status>(&payload) {
                status(mapper, &one);
                poll::sifted(mapper, &one, |seen| poll::Sieve::default().by_word(seen).is_some());
            }
        }
    });
}

/// A status's HTML: what comes out is bounded text, without anything that a terminal would obey.
pub(crate) fn html(data: &[u8]) {
    let Ok(markup) = std::str::from_utf8(data) else { return };
    let named = [("https://a.example/@shop".to_owned(), "@shop@a.example".to_owned())];
    let text = html::to_text(markup, &named);
    // An ellipsis, and what stands before the last word.
    assert!(text.chars().count() <= 50_000 * 3);
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    crate::fuzzing::shown(&crate::case::fixtures::post("p", &text));
}
