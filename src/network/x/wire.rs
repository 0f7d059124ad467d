//! What X's API says, as far as we read it.
//!
//! It speaks two dialects: what is asked for by `post.fields` says post (`referenced_posts`, `note_post`), what is asked
//! for by `tweet.fields`, streams among it, says tweet. Both are read everywhere. Fields that are odd spoil no other,
//! and of a list those are read that can be.
//!
//! Source: X's OpenAPI description, version 2.167; docs.x.com.

mod line;

pub use line::{Activity, Line, meant_for, read_activity, read_line};

use crate::network::lenient::{if_readable, number_or_none, or_default, readable, readable_or_default, text_or_none, yes};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A list read one by one, so that an odd item spoils no other.
#[derive(Clone, Debug)]
pub struct Each<T> {
    /// Those that could be read.
    pub read: Vec<T>,
    /// The ids, where they have one, of those that could not.
    pub odd: Vec<String>,
}

impl<T> Default for Each<T> {
    fn default() -> Self {
        Each { read: Vec::new(), odd: Vec::new() }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut each = Each::default();
        for item in Option::<Vec<Value>>::deserialize(d)?.unwrap_or_default() {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            match serde_json::from_value(item) {
                Ok(item) => each.read.push(item),
                Err(_) => each.odd.push(id),
            }
        }
        Ok(each)
    }
}

/// A page of posts.
pub type Posts = Page<Post>;
/// A page of private messages and what else happens where they are.
pub type DmEvents = Page<DmEvent>;

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
pub struct Page<T> {
    /// The items, newest first.
    #[serde(default)]
    pub data: Each<T>,
    /// What they refer to.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub includes: Includes,
    /// What could not be given.
    #[serde(default, deserialize_with = "readable")]
    pub errors: Vec<Problem>,
    /// Where it goes on.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub meta: Meta,
}

/// One thing.
#[derive(Clone, Debug, Deserialize)]
pub struct One<T> {
    /// The thing; none where `errors` says why.
    #[serde(default = "Option::default")]
    pub data: Option<T>,
    /// What it refers to.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub includes: Includes,
    /// What could not be given.
    #[serde(default, deserialize_with = "readable")]
    pub errors: Vec<Problem>,
}

/// Of a page.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Meta {
    /// The highest id.
    #[serde(default, deserialize_with = "text_or_none")]
    pub newest_id: Option<String>,
    /// The next page.
    #[serde(default, deserialize_with = "text_or_none")]
    pub next_token: Option<String>,
}

/// What items refer to.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Includes {
    /// People.
    #[serde(default, deserialize_with = "readable")]
    pub users: Vec<User>,
    /// Pictures and films.
    #[serde(default, deserialize_with = "readable")]
    pub media: Vec<Media>,
    /// Polls.
    #[serde(default, deserialize_with = "readable")]
    pub polls: Vec<Poll>,
    #[serde(default, deserialize_with = "readable")]
    posts: Vec<Post>,
    #[serde(default, deserialize_with = "readable")]
    tweets: Vec<Post>,
}

impl Includes {
    /// A person by id.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|u| u.id == id)
    }
    /// A post by id.
    #[must_use]
    pub fn post(&self, id: &str) -> Option<&Post> {
        self.posts.iter().chain(&self.tweets).find(|p| p.id == id)
    }
    /// A picture or film by key.
    #[must_use]
    pub fn media(&self, key: &str) -> Option<&Media> {
        self.media.iter().find(|m| m.media_key == key)
    }
}

/// Somebody.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct User {
    /// Immutable.
    pub id: String,
    /// The handle, without `@`; may change.
    #[serde(default, deserialize_with = "or_default")]
    pub username: String,
    /// The display name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// When the account was made.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// How many follow them.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub public_metrics: UserMetrics,
    /// Shows posts to followers only.
    #[serde(default, deserialize_with = "yes")]
    pub protected: bool,
    /// Whether we may write to them; only where it was asked for.
    #[serde(default, deserialize_with = "if_readable")]
    pub receives_your_dm: Option<bool>,
}

/// Figures of a person.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UserMetrics {
    /// Followers.
    #[serde(default, deserialize_with = "number_or_none")]
    pub followers_count: Option<i64>,
}

/// A post.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Post {
    /// Of this version: an edit has a new one.
    pub id: String,
    /// Its text, the first 280 where it is longer; `&`, `<` and `>` as in HTML.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    /// Who wrote it.
    #[serde(default, deserialize_with = "text_or_none")]
    pub author_id: Option<String>,
    /// ISO 8601.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// As X found it to be; some codes are no languages.
    #[serde(default, deserialize_with = "text_or_none")]
    pub lang: Option<String>,
    /// The post that the conversation began with.
    #[serde(default, deserialize_with = "text_or_none")]
    pub conversation_id: Option<String>,
    /// Whose post it answers.
    #[serde(default, deserialize_with = "text_or_none")]
    pub in_reply_to_user_id: Option<String>,
    /// What stands in the text.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub entities: Entities,
    /// What hangs on it.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub attachments: Attachments,
    /// How it spreads.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub public_metrics: PostMetrics,
    #[serde(default, deserialize_with = "readable")]
    referenced_posts: Vec<Reference>,
    #[serde(default, deserialize_with = "readable")]
    referenced_tweets: Vec<Reference>,
    #[serde(default, deserialize_with = "readable")]
    edit_history_post_ids: Vec<String>,
    #[serde(default, deserialize_with = "readable")]
    edit_history_tweet_ids: Vec<String>,
    #[serde(default, deserialize_with = "if_readable")]
    note_post: Option<Note>,
    #[serde(default, deserialize_with = "if_readable")]
    note_tweet: Option<Note>,
}

/// How a post refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Answers it.
    RepliedTo,
    /// Shows it with words of its own.
    Quoted,
    /// Passes it on.
    #[serde(alias = "reposted")]
    Retweeted,
}

/// A reference to another post.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// How.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// To which.
    pub id: String,
}

impl Post {
    /// The post that it refers to in this way.
    #[must_use]
    pub fn refers(&self, kind: Kind) -> Option<&str> {
        self.referenced_posts.iter().chain(&self.referenced_tweets).find(|r| r.kind == kind).map(|r| r.id.as_str())
    }
    /// The ids of all its versions, the first first; its own alone where X does not say.
    #[must_use]
    pub fn versions(&self) -> Vec<&str> {
        let known: Vec<&str> = match self.edit_history_post_ids.is_empty() {
            true => self.edit_history_tweet_ids.iter().map(String::as_str).collect(),
            false => self.edit_history_post_ids.iter().map(String::as_str).collect(),
        };
        if known.is_empty() { vec![&self.id] } else { known }
    }
    /// The whole text, and what stands in it.
    #[must_use]
    pub fn whole(&self) -> (&str, &Entities) {
        let note = self.note_post.as_ref().or(self.note_tweet.as_ref()).filter(|n| !n.text.is_empty());
        note.map_or((&self.text, &self.entities), |n| (&n.text, &n.entities))
    }
}

/// The whole of a long post.
#[derive(Clone, Debug, Default, Deserialize)]
struct Note {
    #[serde(default, deserialize_with = "or_default")]
    text: String,
    #[serde(default, deserialize_with = "readable_or_default")]
    entities: Entities,
}

/// What stands in a text.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Entities {
    /// Links.
    #[serde(default, deserialize_with = "readable")]
    pub urls: Vec<Link>,
    /// People named.
    #[serde(default, deserialize_with = "readable")]
    pub mentions: Vec<Mention>,
}

/// A link.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Link {
    /// As it stands in the text: an address of t.co.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
    /// As it was written.
    #[serde(default, deserialize_with = "text_or_none")]
    pub expanded_url: Option<String>,
    /// As X shows it.
    #[serde(default, deserialize_with = "text_or_none")]
    pub display_url: Option<String>,
    /// It stands for a medium of the post itself.
    #[serde(default, deserialize_with = "text_or_none")]
    pub media_key: Option<String>,
}

/// Somebody named.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Mention {
    /// Their handle, without `@`.
    #[serde(default, deserialize_with = "or_default")]
    pub username: String,
    /// Their id; some answers leave it out.
    #[serde(default, deserialize_with = "text_or_none")]
    pub id: Option<String>,
}

/// What hangs on a post or a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Attachments {
    /// Pictures and films.
    #[serde(default, deserialize_with = "readable")]
    pub media_keys: Vec<String>,
    /// Polls.
    #[serde(default, deserialize_with = "readable")]
    pub poll_ids: Vec<String>,
}

/// How a post spreads.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PostMetrics {
    #[serde(default, deserialize_with = "number_or_none")]
    repost_count: Option<i64>,
    #[serde(default, deserialize_with = "number_or_none")]
    retweet_count: Option<i64>,
    /// Passed on with words of somebody's own.
    #[serde(default, deserialize_with = "number_or_none")]
    pub quote_count: Option<i64>,
    /// Answers.
    #[serde(default, deserialize_with = "number_or_none")]
    pub reply_count: Option<i64>,
    /// Likes.
    #[serde(default, deserialize_with = "number_or_none")]
    pub like_count: Option<i64>,
}

impl PostMetrics {
    /// Passed on as it is.
    #[must_use]
    pub fn reposts(&self) -> Option<i64> {
        self.repost_count.or(self.retweet_count)
    }
}

/// A picture or film.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Media {
    /// Its key.
    pub media_key: String,
    /// `photo`, `video`, `animated_gif`.
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// A photo's place.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
    /// A film's still.
    #[serde(default, deserialize_with = "text_or_none")]
    pub preview_image_url: Option<String>,
    /// A film's places, one a quality.
    #[serde(default, deserialize_with = "readable")]
    pub variants: Vec<Variant>,
    /// The author's description.
    #[serde(default, deserialize_with = "text_or_none")]
    pub alt_text: Option<String>,
}

/// One quality of a film.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Variant {
    /// `video/mp4`, `application/x-mpegURL`.
    #[serde(default, deserialize_with = "or_default")]
    pub content_type: String,
    /// Bits a second.
    #[serde(default, deserialize_with = "number_or_none")]
    pub bit_rate: Option<i64>,
    /// Where it stands.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
}

/// A poll.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Poll {
    /// Its id.
    pub id: String,
    /// Its choices.
    #[serde(default, deserialize_with = "readable")]
    pub options: Vec<Choice>,
}

/// A choice of a poll.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Choice {
    /// Its words.
    #[serde(default, deserialize_with = "or_default")]
    pub label: String,
    /// Votes.
    #[serde(default, deserialize_with = "number_or_none")]
    pub votes: Option<i64>,
}

/// A private message, or somebody coming or going where they are written.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DmEvent {
    /// Its id.
    pub id: String,
    /// `MessageCreate`, `ParticipantsJoin`, `ParticipantsLeave`.
    #[serde(default, deserialize_with = "or_default")]
    pub event_type: String,
    /// The message.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
    /// Who wrote it.
    #[serde(default, deserialize_with = "text_or_none")]
    pub sender_id: Option<String>,
    /// Between two `lower-higher`, in a group a number.
    #[serde(default, deserialize_with = "text_or_none")]
    pub dm_conversation_id: Option<String>,
    /// ISO 8601.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// What stands in it.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub entities: Entities,
    /// What hangs on it.
    #[serde(default, deserialize_with = "readable_or_default")]
    pub attachments: Attachments,
}

/// A picture that X has now.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Uploaded {
    /// Its id, for the text that it hangs on.
    #[serde(default)]
    pub id: String,
}

/// What was made: a post, or a message.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Made {
    /// A post's id.
    #[serde(default, deserialize_with = "text_or_none")]
    pub id: Option<String>,
    /// A message's id.
    #[serde(default, deserialize_with = "text_or_none")]
    pub dm_event_id: Option<String>,
    /// Where the message stands.
    #[serde(default, deserialize_with = "text_or_none")]
    pub dm_conversation_id: Option<String>,
    /// What X made of the text.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
}

/// Why something was not done or not given: X's problems, its older errors and OAuth's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// An address that names the kind.
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// In short.
    #[serde(default, deserialize_with = "text_or_none")]
    title: Option<String>,
    /// In words.
    #[serde(default, deserialize_with = "text_or_none")]
    detail: Option<String>,
    /// Older errors.
    #[serde(default, deserialize_with = "text_or_none")]
    message: Option<String>,
    /// OAuth's code: `invalid_grant`.
    #[serde(default, deserialize_with = "text_or_none")]
    pub error: Option<String>,
    /// OAuth's words.
    #[serde(default, deserialize_with = "text_or_none")]
    error_description: Option<String>,
    /// What it is about: `post`, `tweet`, `user`.
    #[serde(default, deserialize_with = "or_default")]
    pub resource_type: String,
    #[serde(default, deserialize_with = "text_or_none")]
    resource_id: Option<String>,
    #[serde(default, deserialize_with = "text_or_none")]
    value: Option<String>,
}

impl Problem {
    /// X's own words.
    #[must_use]
    pub fn words(&self) -> &str {
        let all = [&self.detail, &self.message, &self.error_description, &self.title, &self.error];
        all.into_iter().flatten().map(String::as_str).find(|words| !words.is_empty()).unwrap_or("no reason given")
    }

    /// The last part of its kind: `resource-not-found`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    /// The post that is not to be seen any more: taken away, or its author's account shut, suspended or protected. In each
    /// case X wants it gone wherever it was kept.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        let of_post = matches!(self.resource_type.as_str(), "post" | "tweet");
        let gone = matches!(self.code(), "resource-not-found" | "not-authorized-for-resource");
        self.resource_id.as_deref().or(self.value.as_deref()).filter(|_| of_post && gone)
    }
}

/// The problem in an answer of whatever form: one, a list of them, or none.
#[must_use]
pub fn problem(body: &[u8]) -> Problem {
    #[derive(Deserialize)]
    struct Listed {
        #[serde(default, deserialize_with = "readable")]
        errors: Vec<Problem>,
    }
    let listed = serde_json::from_slice::<Listed>(body).ok().and_then(|l| l.errors.into_iter().next());
    let whole = || serde_json::from_slice::<Problem>(body).ok();
    // Some answers carry both: the list says what was wrong with the request.
    listed.or_else(whole).unwrap_or_default()
}
