//! What people type, as Slack keeps it.

use super::model::State;
use super::pings::entities;
use serde_json::{Value, json};

fn named<'a>(state: &'a State, word: &str) -> Option<(&'a str, String)> {
    let bare = word.strip_prefix('@')?.trim_end_matches(|c: char| !c.is_alphanumeric());
    let user = state.user_named(bare)?;
    let rest = word.strip_prefix('@')?.strip_prefix(bare)?.to_owned();
    Some((&user.id, rest))
}

/// What people type, as Slack keeps it.
pub fn typed(state: &State, text: &str) -> String {
    let words = text.split(' ').map(|word| match named(state, word) {
        Some((id, rest)) => format!("<@{id}>{}", entities(&rest)),
        None if word == "@here" || word == "@channel" => format!("<!{}>", word.trim_start_matches('@')),
        None if word.starts_with("https://") => format!("<{}>", entities(word)),
        None => entities(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The blocks that Slack's own clients send with it.
pub fn rich(state: &State, text: &str) -> Value {
    let mut inner: Vec<Value> = Vec::new();
    let mut plain = String::new();
    let mut push = |plain: &mut String, element: Value| {
        if !plain.is_empty() {
            inner.push(json!({"type": "text", "text": plain.clone()}));
            plain.clear();
        }
        if !element.is_null() {
            inner.push(element);
        }
    };
    for (n, word) in text.split(' ').enumerate() {
        if n > 0 {
            plain.push(' ');
        }
        match named(state, word) {
            Some((id, rest)) => {
                push(&mut plain, json!({"type": "user", "user_id": id}));
                plain.push_str(&rest);
            }
            None if word.starts_with("https://") => push(&mut plain, json!({"type": "link", "url": word})),
            None => plain.push_str(word),
        }
    }
    push(&mut plain, Value::Null);
    json!({"type": "rich_text", "block_id": "t", "elements": [{"type": "rich_text_section", "elements": inner}]})
}
