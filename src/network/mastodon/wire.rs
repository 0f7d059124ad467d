//! What a Mastodon server says, as far as we read it: the entities of its API, most fields optional
//! because GoToSocial, Pleroma and others leave some out.
//!
//! Source: docs.joinmastodon.org/entities, as in the OpenAPI description of version 4.7.

use crate::network::lenient::{count, if_readable, number_or_none, or_default, text_or_none, yes};
use serde::Deserialize;

/// An account, ours or another's.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Account {
    /// Its id on this server.
    pub id: String,
    /// `name`, or `name@server` where it is on another one.
    pub acct: String,
    /// The actor's uri; servers before 4.2 have none.
    #[serde(default, deserialize_with = "text_or_none")]
    pub uri: Option<String>,
    /// The profile page.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
    /// The display name.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Followers.
    #[serde(default, deserialize_with = "number_or_none")]
    pub followers_count: Option<i64>,
    /// When the account was made, or first seen here.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// Says of itself that it is automated.
    #[serde(default, deserialize_with = "yes")]
    pub bot: bool,
}

/// Somebody named in a status.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Mention {
    /// The account's id on this server.
    pub id: String,
    /// As in [`Account::acct`].
    #[serde(default, deserialize_with = "or_default")]
    pub acct: String,
    /// The address that the text links to.
    #[serde(default, deserialize_with = "or_default")]
    pub url: String,
}

/// A picture, film or sound.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Attachment {
    /// `image`, `gifv`, `video`, `audio`, `unknown`.
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// Where it stands; `null` while it is being processed.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
    /// Where it stands on its author's server.
    #[serde(default, deserialize_with = "text_or_none")]
    pub remote_url: Option<String>,
    /// The author's description.
    #[serde(default, deserialize_with = "text_or_none")]
    pub description: Option<String>,
}

/// A choice of a poll.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Choice {
    /// Its text.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// Votes, where shown.
    #[serde(default, deserialize_with = "number_or_none")]
    pub votes_count: Option<i64>,
}

/// A poll.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Poll {
    /// Its choices.
    #[serde(default, deserialize_with = "or_default")]
    pub options: Vec<Choice>,
}

/// A status.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Status {
    /// Its id on this server.
    pub id: String,
    /// Its ActivityPub uri.
    #[serde(default, deserialize_with = "text_or_none")]
    pub uri: Option<String>,
    /// Its page.
    #[serde(default, deserialize_with = "text_or_none")]
    pub url: Option<String>,
    /// Its author.
    pub account: Account,
    /// HTML.
    #[serde(default, deserialize_with = "or_default")]
    pub content: String,
    /// The content warning; empty where there is none.
    #[serde(default, deserialize_with = "or_default")]
    pub spoiler_text: String,
    /// `public`, `unlisted`, `private`, `direct`, or a server's own.
    #[serde(default, deserialize_with = "or_default")]
    pub visibility: String,
    /// BCP 47.
    #[serde(default, deserialize_with = "text_or_none")]
    pub language: Option<String>,
    /// ISO 8601.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// ISO 8601.
    #[serde(default, deserialize_with = "text_or_none")]
    pub edited_at: Option<String>,
    /// The status that it answers, on this server.
    #[serde(default, deserialize_with = "text_or_none")]
    pub in_reply_to_id: Option<String>,
    /// Whose status it answers.
    #[serde(default, deserialize_with = "text_or_none")]
    pub in_reply_to_account_id: Option<String>,
    /// Whom it names.
    #[serde(default, deserialize_with = "or_default")]
    pub mentions: Vec<Mention>,
    /// What hangs on it.
    #[serde(default, deserialize_with = "or_default")]
    pub media_attachments: Vec<Attachment>,
    /// Its poll.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// What it passes on.
    #[serde(default)]
    pub reblog: Option<Box<Status>>,
    /// What it quotes; there since Mastodon 4.4.
    #[serde(default, deserialize_with = "if_readable")]
    pub quote: Option<Quote>,
    /// Answers.
    #[serde(default, deserialize_with = "count")]
    pub replies_count: u64,
    /// Times passed on.
    #[serde(default, deserialize_with = "count")]
    pub reblogs_count: u64,
    /// Likes.
    #[serde(default, deserialize_with = "count")]
    pub favourites_count: u64,
}

/// What a status quotes. (Source: docs.joinmastodon.org/entities/Quote.)
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Quote {
    /// `accepted` where its author lets it be shown so; `pending`, `rejected`, `revoked`, `deleted`, `unauthorized`, …
    #[serde(default, deserialize_with = "or_default")]
    pub state: String,
    /// It, where it may be shown.
    #[serde(default, deserialize_with = "if_readable")]
    pub quoted_status: Option<Box<Status>>,
}

/// A notification.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// `mention`, `reblog`, `update`, `quote`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// ISO 8601.
    #[serde(default, deserialize_with = "text_or_none")]
    pub created_at: Option<String>,
    /// Who did it.
    #[serde(default)]
    pub account: Option<Account>,
    /// The status that it is about; `null` once that is deleted.
    #[serde(default)]
    pub status: Option<Status>,
}

/// The conversation around a status.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Context {
    /// From the top down to the status answered.
    #[serde(default, deserialize_with = "or_default")]
    pub ancestors: Vec<Status>,
}

/// A private conversation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Conversation {
    /// Its newest message.
    #[serde(default)]
    pub last_status: Option<Status>,
}

/// What a search gave.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Search {
    /// Statuses found; read one by one, so that an odd one spoils no other.
    #[serde(default, deserialize_with = "or_default")]
    pub statuses: Vec<serde_json::Value>,
}

/// The plain text of a status of ours.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Source {
    /// As it was written.
    #[serde(default, deserialize_with = "or_default")]
    pub text: String,
}

/// What a server can do: `/api/v2/instance`, or `/api/v1/instance` in `uri`, `urls` and the rest.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Instance {
    /// Version 2: the domain of its accounts.
    #[serde(default, deserialize_with = "text_or_none")]
    pub domain: Option<String>,
    /// Of the server's software: `4.3.1`, `2.7.2 (compatible; Akkoma 3.13)`.
    #[serde(default, deserialize_with = "text_or_none")]
    pub version: Option<String>,
    /// Version 2: where the software comes from.
    #[serde(default, deserialize_with = "text_or_none")]
    pub source_url: Option<String>,
    /// Version 1: the same as the domain, or a whole address.
    #[serde(default, deserialize_with = "text_or_none")]
    pub uri: Option<String>,
    /// Version 1: where the streams are.
    #[serde(default, deserialize_with = "or_default")]
    pub urls: InstanceUrls,
    /// Pleroma's longest text, in characters.
    #[serde(default)]
    pub max_toot_chars: Option<usize>,
    /// Limits.
    #[serde(default, deserialize_with = "or_default")]
    pub configuration: Configuration,
}

/// Where a server's streams are.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct InstanceUrls {
    /// Version 2.
    #[serde(default, deserialize_with = "text_or_none")]
    pub streaming: Option<String>,
    /// Version 1.
    #[serde(default, deserialize_with = "text_or_none")]
    pub streaming_api: Option<String>,
}

/// A server's limits.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Configuration {
    /// Version 2: where the streams are.
    #[serde(default, deserialize_with = "or_default")]
    pub urls: InstanceUrls,
    /// Of statuses.
    #[serde(default, deserialize_with = "or_default")]
    pub statuses: StatusLimits,
}

/// A server's limits on statuses.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StatusLimits {
    /// Longest text, in characters.
    #[serde(default)]
    pub max_characters: Option<usize>,
    /// What a link counts, in characters.
    #[serde(default)]
    pub characters_reserved_per_url: Option<usize>,
}

/// An error as the API words it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ApiError {
    /// What is wrong.
    #[serde(default, deserialize_with = "text_or_none")]
    pub error: Option<String>,
    /// More of it.
    #[serde(default, deserialize_with = "text_or_none")]
    pub error_description: Option<String>,
}
