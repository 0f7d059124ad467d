//! What kinds of networks there are, and how each names its posts.

use super::{AccountBook, Item};
use sereno::policy::DmRoute;
use sereno::post::{PostId, PostRef};

/// What a network is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its one stream holds edits and deletions too; it knows idempotency keys for an hour; posts go by their world id.
    Square,
    /// Like Mastodon without its key: a poll gives posts alone; edits and deletions come pushed or when looked up again,
    /// and deletions name only the server's own id, which is another for each account.
    Plaza,
    /// Like X: each version of a post has an id of its own, the same for everybody; what people delete is found by looking
    /// it up; nobody but who named us is answered by us; the same text stands once; private messages answer nothing, and
    /// who takes them, and how often, is each person's matter. Nothing is changed once it is published.
    Agora,
}

/// An agora's version ids: so many to a post.
const VERSIONS: usize = 100;

impl Kind {
    /// Its name in policies and posts.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Square => "square",
            Kind::Plaza => "plaza",
            Kind::Agora => "agora",
        }
    }

    /// Streams of an account.
    pub fn streams(self) -> &'static [&'static str] {
        match self {
            Kind::Square => &["all"],
            Kind::Plaza => &["mentions", "own", "tags"],
            Kind::Agora => &["mentions", "own", "search", "dms"],
        }
    }

    /// The stream in which a post stands.
    pub fn stream(self, ours: bool, buzz: bool, direct: bool) -> &'static str {
        match self {
            Kind::Square => "all",
            Kind::Agora if direct => "dms",
            Kind::Plaza | Kind::Agora if ours => "own",
            Kind::Plaza if buzz => "tags",
            Kind::Agora if buzz => "search",
            Kind::Plaza | Kind::Agora => "mentions",
        }
    }

    /// Whether it accepts what carries the same operation id again once.
    pub fn knows_keys(self) -> bool {
        self == Kind::Square
    }

    /// The id in the world of the post of this index.
    pub fn post_id(self, index: usize, direct: bool) -> PostId {
        PostId(match self {
            Kind::Square | Kind::Plaza => format!("https://{}/posts/{index}", self.name()),
            Kind::Agora => format!("agora:{}", Kind::version_id(index, 0, direct)),
        })
    }

    /// What an agora calls a version of a post.
    pub fn version_id(index: usize, version: usize, direct: bool) -> String {
        format!("{}{}", if direct { "dm:" } else { "" }, index * VERSIONS + version)
    }

    /// What the server of an account calls a version of a post.
    pub fn local_id(self, account: &AccountBook, index: usize, version: usize, direct: bool) -> String {
        match self {
            Kind::Square | Kind::Plaza => format!("{}-{index}", account.name),
            Kind::Agora => Kind::version_id(index, version, direct),
        }
    }

    /// Which post, and which version of it, a name means.
    pub fn meant(self, name: &PostRef) -> Option<(usize, usize)> {
        let text = match name {
            PostRef::World(id) => id.as_str(),
            PostRef::Local { local_id, .. } => local_id.as_str(),
        };
        let number: usize = text.rsplit(['/', '-', ':']).next()?.parse().ok()?;
        Some(match self {
            Kind::Square | Kind::Plaza => (number, 0),
            Kind::Agora => (number / VERSIONS, number % VERSIONS),
        })
    }

    /// Where people read a post. An agora's private messages stand nowhere.
    pub fn url(self, item: &Item, index: usize, version: usize) -> String {
        match self {
            Kind::Square | Kind::Plaza => item.id.0.clone(),
            Kind::Agora => format!("https://agora.example/i/status/{}", Kind::version_id(index, version, false)),
        }
    }

    /// How a person of this index takes private messages, as they say themselves; `None`: nobody is told.
    pub fn route(self, person: usize, until: sereno::clock::Time) -> Option<DmRoute> {
        match (self, person % 6) {
            (Kind::Square | Kind::Plaza, _) | (Kind::Agora, 5) => None,
            (Kind::Agora, 2) => Some(DmRoute::Link { url: COMPOSE.into() }),
            (Kind::Agora, 3) => Some(DmRoute::OneShot { until }),
            (Kind::Agora, 4) => Some(DmRoute::Window { until }),
            (Kind::Agora, _) => Some(DmRoute::Direct),
        }
    }
}

/// Where people of an agora write to us in private.
pub const COMPOSE: &str = "https://agora.example/messages/compose";
