//! Lines of streams, and the bodies of webhooks.

use super::{DmEvent, Includes, Post, Problem};
use crate::network::lenient::{readable, readable_or_default, text_or_none};
use serde::Deserialize;
use serde_json::Value;

/// A line of a stream.
#[derive(Clone, Debug)]
pub enum Line {
    /// Nothing: the stream lives.
    KeepAlive,
    /// A post that rules caught.
    Post {
        /// The post.
        post: Box<Post>,
        /// What it refers to.
        includes: Box<Includes>,
        /// The names of the rules.
        rules: Vec<String>,
    },
    /// An event of the Activity API.
    Activity(Box<Activity>),
    /// Why the stream is about to end.
    Problems(Vec<Problem>),
    /// It could not be read.
    Odd,
}

/// What happened to an account.
#[derive(Clone, Debug)]
pub enum Activity {
    /// A post that names, answers or quotes us, or one of our own.
    Post {
        /// The post.
        post: Box<Post>,
        /// What it refers to.
        includes: Box<Includes>,
    },
    /// A post is gone.
    Deleted {
        /// Its id.
        id: String,
    },
    /// A private message, whole.
    Dm {
        /// The message.
        event: Box<DmEvent>,
        /// What it refers to.
        includes: Box<Includes>,
    },
    /// Something private happened that the event does not tell in full: it is to be read.
    DmsToRead,
    /// Something was written in an encrypted conversation, which this API does not show.
    Encrypted,
    /// Nothing that we act on.
    Other,
}

#[derive(Deserialize)]
struct Streamed {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default, deserialize_with = "readable_or_default")]
    includes: Includes,
    #[serde(default, deserialize_with = "readable")]
    matching_rules: Vec<Rule>,
    #[serde(default, deserialize_with = "readable")]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default, deserialize_with = "text_or_none")]
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    event_type: String,
    #[serde(default)]
    payload: Value,
    #[serde(default, deserialize_with = "readable_or_default")]
    includes: Includes,
}

/// A line of a stream, without its end.
#[must_use]
pub fn read_line(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Line::KeepAlive;
    }
    let Ok(streamed) = serde_json::from_slice::<Streamed>(line) else { return Line::Odd };
    let Some(data) = streamed.data.filter(|d| !d.is_null()) else {
        return if streamed.errors.is_empty() { Line::Odd } else { Line::Problems(streamed.errors) };
    };
    if data.get("event_type").is_some() {
        return activity(data).map_or(Line::Odd, |activity| Line::Activity(Box::new(activity)));
    }
    let rules = streamed.matching_rules.into_iter().filter_map(|r| r.tag).collect();
    serde_json::from_value(data).map_or(Line::Odd, |post| Line::Post { post, includes: Box::new(streamed.includes), rules })
}

/// The body of a webhook; `None`: it could not be read.
#[must_use]
pub fn read_activity(body: &[u8]) -> Option<Activity> {
    match read_line(body) {
        Line::Activity(activity) => Some(*activity),
        _ => None,
    }
}

/// Whose events a subscription asked for, where the event says so.
#[must_use]
pub fn meant_for(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Sent {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        filter: Filter,
    }
    #[derive(Deserialize)]
    struct Filter {
        user_id: String,
    }
    serde_json::from_slice::<Sent>(body).ok().map(|sent| sent.data.filter.user_id)
}

fn activity(data: Value) -> Option<Activity> {
    let Event { event_type, payload, includes } = serde_json::from_value(data).ok()?;
    let includes = Box::new(includes);
    Some(match event_type.as_str() {
        "post.create" | "post.mention.create" | "post.reply.create" | "post.quote.create" | "post.repost.create" => {
            Activity::Post { post: serde_json::from_value(payload).ok()?, includes }
        }
        "post.delete" => Activity::Deleted { id: payload.get("id")?.as_str()?.to_owned() },
        "dm.received" | "dm.sent" => match serde_json::from_value::<DmEvent>(payload) {
            Ok(event) if event.sender_id.is_some() && event.dm_conversation_id.is_some() => {
                Activity::Dm { event: Box::new(event), includes }
            }
            _ => Activity::DmsToRead,
        },
        "chat.received" | "chat.sent" => Activity::Encrypted,
        _ => Activity::Other,
    })
}
