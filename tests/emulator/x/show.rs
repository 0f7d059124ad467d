//! Posts, people and messages as answers carry them: only what was asked for.

use super::model::{Dm, Posted, State};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a request asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    post: BTreeSet<String>,
    user: BTreeSet<String>,
    dm: BTreeSet<String>,
    expansions: BTreeSet<String>,
}

impl Wanted {
    pub fn of(query: &[(String, String)]) -> Wanted {
        let list = |names: [&str; 2]| {
            let fits = query.iter().filter(|(name, _)| names.contains(&name.as_str()));
            fits.flat_map(|(_, value)| value.split(',')).map(str::to_owned).collect()
        };
        Wanted {
            post: list(["post.fields", "tweet.fields"]),
            user: list(["user.fields", ""]),
            dm: list(["dm_event.fields", ""]),
            expansions: list(["expansions", ""]),
        }
    }

    /// Everything, as events carry it.
    pub fn all() -> Wanted {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Wanted {
            post: set(&["conversation_id", "created_at", "entities", "lang", "public_metrics"]),
            user: set(&["created_at", "public_metrics", "protected"]),
            dm: BTreeSet::new(),
            expansions: set(&[
                "author_id",
                "in_reply_to_user_id",
                "referenced_posts",
                "edit_history_post_ids",
                "entities.mentions.username",
            ]),
        }
    }

    fn expands(&self, what: &str) -> bool {
        self.expansions.iter().any(|e| e == what || e.replace("tweet", "post").trim_end_matches(".id") == what)
    }
}

pub fn post(state: &State, post: &Posted, wanted: &Wanted) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), json!(post.id));
    out.insert("text".into(), json!(escaped(&post.text)));
    let mut put = |yes: bool, name: &str, value: &dyn Fn() -> Value| {
        if yes {
            out.insert(name.into(), value());
        }
    };
    let has = |name: &str| wanted.post.contains(name);
    put(true, "edit_history_post_ids", &|| json!(post.versions));
    put(wanted.expands("author_id") || has("author_id"), "author_id", &|| json!(post.author));
    put(has("conversation_id"), "conversation_id", &|| json!(post.conversation));
    put(has("created_at"), "created_at", &|| json!(made(&post.id)));
    put(has("lang"), "lang", &|| json!("es"));
    put(has("entities"), "entities", &|| entities(state, &post.text));
    put(has("public_metrics"), "public_metrics", &|| metrics(state, post));
    let answered = post.answers.as_ref().and_then(|id| state.post(id)).map(|p| p.author.clone());
    put(answered.is_some() && wanted.expands("in_reply_to_user_id"), "in_reply_to_user_id", &|| json!(answered));
    let references: Vec<Value> = [("replied_to", &post.answers), ("quoted", &post.quotes), ("retweeted", &post.reposts)]
        .into_iter()
        .filter_map(|(kind, id)| id.as_ref().map(|id| json!({"type": kind, "id": id})))
        .collect();
    put(!references.is_empty() && wanted.expands("referenced_posts"), "referenced_posts", &|| json!(references));
    Value::Object(out)
}

/// What the posts refer to, as far as it was asked for.
pub fn includes(state: &State, posts: &[&Posted], wanted: &Wanted) -> Value {
    let mut people = BTreeSet::new();
    let mut others: Vec<&Posted> = Vec::new();
    for post in posts {
        if wanted.expands("author_id") {
            people.insert(post.author.clone());
        }
        if wanted.expands("entities.mentions.username") {
            people.extend(state.named(&post.text).into_iter().map(|p| p.id.clone()));
        }
        for id in [&post.answers, &post.quotes, &post.reposts].into_iter().flatten() {
            let Some(other) = state.post(id).filter(|p| !p.deleted) else { continue };
            if wanted.expands("in_reply_to_user_id") && post.answers.as_ref() == Some(id) {
                people.insert(other.author.clone());
            }
            if !state.terse && wanted.expands("referenced_posts") && !others.iter().any(|o| o.id == other.id) {
                others.push(other);
            }
        }
    }
    let mut out = Map::new();
    if !people.is_empty() {
        out.insert("users".into(), people.iter().map(|id| person(state, id, wanted)).collect());
    }
    if !others.is_empty() {
        out.insert("posts".into(), others.iter().map(|p| self::post(state, p, wanted)).collect());
    }
    Value::Object(out)
}

pub fn person(state: &State, id: &str, wanted: &Wanted) -> Value {
    let person = &state.people[id];
    let mut out = json!({"id": person.id, "username": person.name, "name": person.name});
    let has = |name: &str| wanted.user.contains(name);
    if has("created_at") {
        out["created_at"] = json!("2019-05-01T08:00:00.000Z");
    }
    if has("protected") {
        out["protected"] = json!(person.protected);
    }
    if has("receives_your_dm") {
        out["receives_your_dm"] = json!(person.takes_dms);
    }
    if has("public_metrics") {
        out["public_metrics"] = json!({"followers_count": person.followers, "following_count": 1, "post_count": 1, "listed_count": 0});
    }
    out
}

pub fn dm(state: &State, dm: &Dm, wanted: &Wanted) -> Value {
    let mut out = json!({"id": dm.id, "event_type": "MessageCreate", "text": escaped(&dm.text)});
    let has = |name: &str| wanted.dm.contains(name);
    if wanted.expands("sender_id") {
        out["sender_id"] = json!(dm.from);
    }
    if has("created_at") {
        out["created_at"] = json!(made(&dm.id));
    }
    if has("dm_conversation_id") {
        out["dm_conversation_id"] = json!(conversation(&dm.from, &dm.to));
    }
    if has("entities") {
        out["entities"] = entities(state, &dm.text);
    }
    out
}

pub fn conversation(one: &str, other: &str) -> String {
    let (a, b): (u64, u64) = (one.parse().unwrap(), other.parse().unwrap());
    format!("{}-{}", a.min(b), a.max(b))
}

fn metrics(state: &State, post: &Posted) -> Value {
    let count = |of: &dyn Fn(&Posted) -> &Option<String>| {
        let fits = |p: &&Posted| !p.deleted && of(p).as_ref().is_some_and(|id| post.versions.contains(id));
        state.books.posts.iter().filter(fits).count()
    };
    json!({
        "repost_count": count(&|p| &p.reposts), "reply_count": count(&|p| &p.answers), "quote_count": count(&|p| &p.quotes),
        "like_count": 0, "bookmark_count": 0, "impression_count": 0,
    })
}

fn entities(state: &State, text: &str) -> Value {
    let at = |name: &str| {
        text.to_lowercase().find(&format!("@{}", name.to_lowercase())).map_or(0, |at| text.get(..at).unwrap_or_default().chars().count())
    };
    let mentions: Vec<Value> = state
        .named(text)
        .into_iter()
        .map(|p| json!({"start": at(&p.name), "end": at(&p.name) + p.name.len() + 1, "username": p.name, "id": p.id}))
        .collect();
    json!({ "mentions": mentions })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn made(id: &str) -> String {
    let at = (id.parse::<i64>().unwrap() >> 22) + 1_288_834_974_657;
    jiff::Timestamp::from_millisecond(at).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
