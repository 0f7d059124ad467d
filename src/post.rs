//! What all networks share: a post, its author, and what happens to it.
//!
//! Adapters under [`crate::network`] turn a network's own payloads into these types; the core
//! knows no others. Text that came from outside is [`Untrusted`]: it can be shown only by a
//! renderer that escapes it, and measured only by its network's counter.

use crate::clock::Time;
use crate::planted::{self, Bug};
use crate::policy::DmRoute;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(s: &str) -> Self {
                Self(s.to_owned())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use name_type;

name_type! {
    /// The kind of a network: `mastodon`, `square`.
    Network
}
name_type! {
    /// A brand account as `bot.toml` names it (`[[account]] name`).
    Account
}
name_type! {
    /// A post, unique in the world: ActivityPub uri, at-uri, or `network:id`.
    PostId
}
name_type! {
    /// A person on a network, unique in the world and immutable: an actor's uri, a did, or `network:id`.
    AuthorId
}

/// Text written by somebody outside the team. `Debug` shows only its length.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes in foreign text as it stands.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text itself: for renderers, which escape it, and for pure analysis. Never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// Who wrote a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Immutable, unique in the world.
    pub id: AuthorId,
    /// The id by which our account's server knows the person; what its API wants.
    pub local_id: String,
    /// `@name@server` as shown; may change.
    pub handle: Untrusted,
    /// Display name; may change and proves nothing.
    pub name: Untrusted,
    /// Their profile page.
    pub url: Option<String>,
    /// How many follow them, where the network says.
    pub followers: Option<u64>,
    /// When their account was made, where the network says.
    pub since: Option<Time>,
    /// Marked as automated by themselves or the network.
    pub bot: bool,
    /// How we may write to them in private, where the network says so of each person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<DmRoute>,
}

/// A picture, film or sound of a post: a link, never the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// `image`, `video`, `audio` or `other`.
    pub kind: String,
    /// Where it stands on the network.
    pub url: String,
    /// The author's description of it.
    pub description: Option<Untrusted>,
}

/// How a post spreads, as last known. A refresh updates it and writes no event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// Answers to it.
    pub replies: u64,
    /// Times it was passed on.
    pub reposts: u64,
    /// Likes, favourites.
    pub likes: u64,
}

/// Who can read a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Anyone.
    #[default]
    Public,
    /// Anyone, but not listed.
    Unlisted,
    /// Followers of the author only.
    Followers,
    /// Only those it names: a direct message.
    Direct,
}

/// Why a post reached us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It names the brand account.
    #[default]
    Mention,
    /// A listening rule caught it; the rule's name.
    Buzz(String),
    /// Read back by reconciliation of a conversation that we follow.
    Followed,
}

/// The post that a post answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its id in the world, where known.
    pub id: Option<PostId>,
    /// Its id on our account's server.
    pub local_id: String,
    /// Its author, where known.
    pub author: Option<AuthorId>,
}

impl Parent {
    /// The names by which that post may be known, as `account` was told.
    #[must_use]
    pub fn names(&self, account: &Account) -> Vec<PostRef> {
        let local = || PostRef::Local { account: account.clone(), local_id: self.local_id.clone() };
        self.id.iter().cloned().map(PostRef::World).chain((!self.local_id.is_empty()).then(local)).collect()
    }
}

/// How a post stands to the one that it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It answers it.
    #[default]
    Answers,
    /// It shows it, with words of its own.
    Quotes,
}

/// What a post is about: another one that it answers or quotes, as that stood when it was read. It is no post of the case:
/// it is not weighed, nobody answers it, and of later changes to it nothing is heard. Whose it is, the author's id says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// How the post stands to it.
    pub how: Relation,
    /// Its id in the world.
    pub id: PostId,
    /// Who wrote it.
    pub author: AuthorId,
    /// Their handle; empty where the network did not say.
    pub handle: Untrusted,
    /// Its beginning: at most 280 characters.
    pub text: Untrusted,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// How a post can be answered in public by the account that saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    /// By us.
    #[default]
    ByApi,
    /// The network takes it from a person alone.
    ByHand {
        /// Where a person writes it. `{text}` in it stands for the answer, percent-encoded.
        url: String,
    },
    /// By nobody: its author or the network has closed it.
    Closed,
}

/// The address at which a person writes this answer (see [`Answering::ByHand`]).
#[must_use]
pub fn written_at(address: &str, text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.trim().as_bytes()).collect();
    // A plus is a blank in forms alone; `%20` is one everywhere.
    address.replace("{text}", &encoded.replace('+', "%20"))
}

/// Text as it can be compared across a network's own changes to it: mentions in front and white space do not count, nor
/// how a letter is put together, nor a link's protocol and last stroke.
#[must_use]
pub fn comparable(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://")).unwrap_or(word);
        if planted::is(Bug::LinksComparedWhole) { word.to_owned() } else { bare.trim_end_matches('/').to_owned() }
    };
    text.nfc().collect::<String>().split_whitespace().skip_while(|w| w.starts_with('@')).map(word).collect::<Vec<_>>().join(" ")
}

impl Answering {
    fn is_by_api(&self) -> bool {
        *self == Answering::ByApi
    }
}

/// A public item on a network, or a direct message ([`Visibility::Direct`]), as an adapter read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Unique in the world.
    pub id: PostId,
    /// The id on our account's server, which its API wants.
    pub local_id: String,
    /// Which network.
    pub network: Network,
    /// The brand account that saw it.
    pub account: Account,
    /// Who wrote it.
    pub author: Author,
    /// Plain text, links kept.
    pub text: Untrusted,
    /// The author's content warning.
    pub warning: Option<Untrusted>,
    /// BCP 47 language as the author or network says.
    pub lang: Option<String>,
    /// What hangs on it.
    pub media: Vec<Media>,
    /// Where a person reads it.
    pub url: Option<String>,
    /// What it answers.
    pub parent: Option<Parent>,
    /// The conversation: the network's id of it, else the top of the reply chain as known.
    pub root: Option<PostId>,
    /// Everyone it names.
    pub mentions: Vec<AuthorId>,
    /// Why it reached us.
    pub reach: Reach,
    /// Who can read it.
    pub visibility: Visibility,
    /// When it was written, by the network's clock.
    pub created_at: Time,
    /// When it was last edited.
    pub edited_at: Option<Time>,
    /// How it spreads.
    pub engagement: Engagement,
    /// How it can be answered.
    #[serde(default, skip_serializing_if = "Answering::is_by_api")]
    pub answering: Answering,
    /// What it answers and quotes, where that could be read: at most one of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Context>,
}

impl Post {
    /// Whether it is a direct message.
    #[must_use]
    pub fn is_dm(&self) -> bool {
        self.visibility == Visibility::Direct
    }
    /// The conversation's root, or itself where it begins one.
    #[must_use]
    pub fn root(&self) -> &PostId {
        self.root.as_ref().unwrap_or(&self.id)
    }
    /// The version: when last edited, else 0. With the id it names this very text.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.edited_at.map_or(0, |t| t.0)
    }
}

/// A post named by what a network says of it: deletions often carry only the server's own id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostRef {
    /// By its id in the world.
    World(PostId),
    /// By the id on the server of one of our accounts.
    Local {
        /// That account.
        account: Account,
        /// The server's id.
        local_id: String,
    },
}

/// What a network tells us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetEvent {
    /// A post, or a DM; new, or seen again.
    New(Post),
    /// A post with new text.
    Edited(Post),
    /// A post is gone.
    Deleted {
        /// Which one.
        post: PostRef,
        /// When the network says, else when we heard.
        at: Time,
    },
    /// A post was passed on by somebody.
    Reposted {
        /// The repost's own id, so that it counts once.
        id: PostId,
        /// Which one.
        post: PostRef,
    },
    /// A post spreads.
    Engagement {
        /// Which one.
        post: PostRef,
        /// How, now.
        engagement: Engagement,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_whatever_a_network_made_of_it() {
        assert_eq!(comparable("@ana@s.example  hola\n\nqué tal"), "hola qué tal");
        assert_eq!(comparable("hola que\u{301} tal"), "hola qué tal");
        assert_eq!(comparable("Mira  tienda.es/ayuda\nya"), comparable("Mira http://tienda.es/ayuda/ ya"));
        assert_eq!(comparable("@ana @beto Lo miramos, @ana"), comparable("Lo miramos, @ana"));
        assert_ne!(comparable("hola"), comparable("adiós"));
        assert_ne!(comparable("tienda.es/ayuda"), comparable("tienda.es/venta"));
    }
}
