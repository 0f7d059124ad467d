//! Recorded posts, to try rules on: JSON lines of whatever origin that have at least a `text`, and Jetstream's own.

use super::Seen;
use crate::clock::Time;
use serde_json::Value;

/// A recorded post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Its words.
    pub text: String,
    /// What it calls itself: `id`, `uri` or `url`.
    pub id: Option<String>,
    /// Its language: `lang`, `language` or the first of `langs`.
    pub language: Option<String>,
    /// Where it links to beside its text: `links`.
    pub links: Vec<String>,
    /// Followers of its author: `followers`.
    pub followers: Option<u64>,
    /// When it was written: `created_at`, `createdAt`, or `time_us`.
    pub at: Option<Time>,
}

/// Why a line is no recorded post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Odd {
    /// It is no JSON; what the parser says.
    NoJson(String),
    /// It has no `text`, or one that is none.
    NoText,
}

impl Recorded {
    /// Reads a line. `None`: it tells of something else than a new post (Jetstream's likes, follows, deletions), or is empty.
    ///
    /// # Errors
    /// It is no JSON object with a text.
    pub fn read(line: &[u8]) -> Result<Option<Recorded>, Odd> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_slice(line).map_err(|e| Odd::NoJson(e.to_string()))?;
        if value.get("did").is_some() && value.get("kind").is_some() && value.get("text").is_none() {
            return Ok(jetstream(&value));
        }
        let text = value.get("text").and_then(Value::as_str).ok_or(Odd::NoText)?.to_owned();
        let first = |keys: &[&str]| keys.iter().find_map(|key| value.get(key));
        let named = |v: &Value| v.as_str().map(str::to_owned).or_else(|| v.is_number().then(|| v.to_string()));
        let links = value.get("links").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let followers = value.get("followers").or_else(|| value.get("author")?.get("followers")).and_then(Value::as_u64);
        Ok(Some(Recorded {
            text,
            id: first(&["id", "uri", "url"]).and_then(named),
            language: language(&value),
            links: links.map(str::to_owned).collect(),
            followers,
            at: first(&["created_at", "createdAt"]).and_then(Value::as_str).and_then(moment).or_else(|| stamped(&value)),
        }))
    }

    /// What a rule sees of it; `links` keeps them meanwhile.
    #[must_use]
    pub fn seen<'a>(&'a self, links: &'a mut Vec<&'a str>) -> Seen<'a> {
        links.extend(self.links.iter().map(String::as_str));
        Seen { text: &self.text, language: self.language.as_deref(), links, followers: self.followers }
    }
}

/// A new post as Jetstream tells it.
fn jetstream(value: &Value) -> Option<Recorded> {
    let commit = value.get("commit")?;
    let is = |key: &str, what: &str| commit.get(key).and_then(Value::as_str) == Some(what);
    if !is("operation", "create") || !is("collection", "app.bsky.feed.post") {
        return None;
    }
    let record = commit.get("record")?;
    let text = record.get("text")?.as_str()?.to_owned();
    let part = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = part(value, "did").zip(part(commit, "rkey")).map(|(did, key)| format!("at://{did}/app.bsky.feed.post/{key}"));
    let facets = record.get("facets").and_then(Value::as_array).into_iter().flatten();
    let features = facets.filter_map(|f| f.get("features")?.as_array()).flatten();
    let card = record.get("embed").and_then(|e| e.get("external")).and_then(|e| part(e, "uri"));
    let links = features.filter_map(|f| part(f, "uri")).chain(card).collect();
    Some(Recorded { text, id, language: language(record), links, followers: None, at: stamped(value) })
}

fn language(value: &Value) -> Option<String> {
    let one = ["lang", "language"].iter().find_map(|key| value.get(key)?.as_str());
    one.or_else(|| value.get("langs")?.get(0)?.as_str()).map(str::to_owned)
}

fn moment(text: &str) -> Option<Time> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Time(at.as_millisecond()))
}

fn stamped(value: &Value) -> Option<Time> {
    value.get("time_us").and_then(Value::as_i64).map(|us| Time(us / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Recorded> {
        Recorded::read(line.as_bytes()).unwrap()
    }

    #[test]
    fn a_text_is_enough() {
        assert_eq!(read(r#"{"text":"hola"}"#), Some(Recorded { text: "hola".into(), ..Recorded::default() }));
        let whole = r#"{"id":7,"text":"hola","lang":"es-ES","followers":12,"links":["https://a.example",3],"created_at":"2026-11-23T10:00:00+01:00"}"#;
        let at = Some(Time(1_795_424_400_000));
        let links = vec!["https://a.example".to_owned()];
        let expected =
            Recorded { text: "hola".into(), id: Some("7".into()), language: Some("es-ES".into()), links, followers: Some(12), at };
        assert_eq!(read(whole), Some(expected));
        assert_eq!(read("  "), None);
    }

    #[test]
    fn jetstreams_lines_as_they_come() {
        let post = r#"{"did":"did:plc:a","time_us":1725911162329308,"kind":"commit","commit":{"rev":"3l3","operation":"create","collection":"app.bsky.feed.post","rkey":"3l3q","record":{"$type":"app.bsky.feed.post","createdAt":"2024-09-09T19:46:02.102Z","langs":["en"],"text":"see this","facets":[{"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example"}]}],"embed":{"external":{"uri":"https://b.example"}}}}}"#;
        let found = read(post).unwrap();
        assert_eq!((found.text.as_str(), found.language.as_deref()), ("see this", Some("en")));
        assert_eq!(found.id.as_deref(), Some("at://did:plc:a/app.bsky.feed.post/3l3q"));
        assert_eq!((found.links.len(), found.at), (2, Some(Time(1_725_911_162_329))));
        for other in [
            post.replace("create\"", "delete\""),
            post.replace("feed.post\",\"rkey", "feed.like\",\"rkey"),
            r#"{"did":"d","kind":"identity"}"#.into(),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_post_is_said() {
        assert!(matches!(Recorded::read(b"{\"text\":"), Err(Odd::NoJson(_))));
        assert!(matches!(Recorded::read(b"\xff"), Err(Odd::NoJson(_))));
        for line in ["{}", "[]", "7", r#"{"text":7}"#, r#"{"texto":"hola"}"#] {
            assert_eq!(Recorded::read(line.as_bytes()), Err(Odd::NoText), "{line}");
        }
    }
}
