//! The square's own books: what was really written, sent, changed and taken away.
//!
//! They know nothing of sereno's cases, so that a judge can hold the bot against them. No clock
//! and no I/O: whoever writes into them says when. The log only grows; it is what the accounts'
//! streams are read from.

use crate::case::SendKind;
use crate::clock::Time;
use crate::media::Image;
use crate::post::{Account, Author, AuthorId, Engagement, Media, Network, Parent, Post, PostId, Untrusted, Visibility};
use std::collections::BTreeMap;

/// The name of the network.
pub const NETWORK: &str = "square";
/// Longest post, in characters.
pub const MAX_LENGTH: usize = 500;

/// Who put a post there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Somebody of the town.
    Person,
    /// A brand account, through this network's interface for programs.
    Program(Account),
    /// A brand account, by hand on the network's own site.
    Site(Account),
}

/// A post as it really stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// As written, with its latest text; `account` and `reach` are the reader's and empty here.
    pub post: Post,
    /// Whose hand.
    pub hand: Hand,
    /// Whether it is about the company: what the bot has to find.
    pub concerns: bool,
    /// Earlier texts.
    pub before: Vec<Untrusted>,
    /// When it was taken away.
    pub deleted_at: Option<Time>,
    /// When a reader first got it.
    pub handed_at: Option<Time>,
}

/// A send as it came in, done or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The operation id it carried.
    pub op: String,
    /// From which account.
    pub account: Account,
    /// What it was.
    pub kind: SendKind,
    /// The post it answers or acts on.
    pub target: Option<PostId>,
    /// To whom.
    pub to: AuthorId,
    /// The text alone, without the name in front.
    pub text: Untrusted,
    /// The pictures that came with it.
    pub pictures: Vec<Image>,
    /// When.
    pub at: Time,
    /// The post that it made or acted on; `None`: it was refused.
    pub post: Option<PostId>,
}

/// Something that happened, as the streams tell it: posts as they were at that moment.
#[derive(Clone, Debug)]
pub enum Happened {
    /// A post was written.
    Wrote(Box<Post>),
    /// A post was changed.
    Changed(Box<Post>),
    /// A post was taken away.
    TookAway(PostId, Time),
    /// A post was passed on; the repost's own id.
    PassedOn(PostId, PostId),
    /// A post spreads.
    Spread(PostId, Engagement),
}

/// What is to be written by somebody.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    /// Who.
    pub author: AuthorId,
    /// What.
    pub text: String,
    /// The post it answers.
    pub parent: Option<PostId>,
    /// To these alone.
    pub direct: Vec<AuthorId>,
    /// What hangs on it.
    pub media: Vec<Media>,
    /// The author's content warning.
    pub warning: Option<String>,
    /// The language it is marked with.
    pub lang: Option<String>,
    /// Whether it is about the company.
    pub concerns: bool,
    /// The streams tell of it only later, when [`Books::arrive`] is called.
    pub late: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Books {
    people: BTreeMap<AuthorId, Author>,
    brands: BTreeMap<Account, AuthorId>,
    posts: BTreeMap<PostId, Standing>,
    order: Vec<PostId>,
    log: Vec<Happened>,
    received: Vec<Received>,
    next: u64,
}

impl Books {
    /// Somebody comes to the square.
    pub fn settle(&mut self, author: Author) {
        self.people.insert(author.id.clone(), author);
    }
    /// A company opens an account.
    pub fn open_account(&mut self, account: Account, author: Author) {
        self.brands.insert(account, author.id.clone());
        self.settle(author);
    }
    /// Who is behind a brand account.
    #[must_use]
    pub fn brand(&self, account: &Account) -> Option<&Author> {
        self.brands.get(account).and_then(|id| self.people.get(id))
    }
    /// Whether that is a brand account.
    #[must_use]
    pub fn is_brand(&self, author: &AuthorId) -> bool {
        self.brands.values().any(|b| b == author)
    }
    /// Who somebody is.
    #[must_use]
    pub fn person(&self, id: &AuthorId) -> Option<&Author> {
        self.people.get(id)
    }
    /// A post.
    #[must_use]
    pub fn post(&self, id: &PostId) -> Option<&Standing> {
        self.posts.get(id)
    }
    /// All posts ever written, in their order.
    pub fn posts(&self) -> impl Iterator<Item = &Standing> {
        self.order.iter().filter_map(|id| self.posts.get(id))
    }
    /// All sends that came in, in their order.
    #[must_use]
    pub fn received(&self) -> &[Received] {
        &self.received
    }
    /// The log.
    #[must_use]
    pub fn log(&self) -> &[Happened] {
        &self.log
    }
    /// The customers' posts that are about the company.
    pub fn concerning(&self) -> impl Iterator<Item = &Standing> {
        self.posts().filter(|s| s.concerns && s.hand == Hand::Person)
    }

    /// Writes a post; gives its id.
    pub fn write(&mut self, w: Writing, hand: Hand, at: Time) -> PostId {
        let id = self.fresh();
        let author = self.people.get(&w.author).cloned().unwrap_or_default();
        let parent = w.parent.as_ref().and_then(|p| self.posts.get(p)).map(|p| p.post.clone());
        let mentions = if w.direct.is_empty() { self.named(&w.text) } else { w.direct.clone() };
        let post = Post {
            local_id: local_id(&id),
            url: Some(format!("https://square.example/{}", local_id(&id))),
            id: id.clone(),
            network: Network::from(NETWORK),
            account: Account::default(),
            author,
            text: Untrusted::new(w.text),
            warning: w.warning.map(Untrusted::new),
            lang: w.lang,
            media: w.media,
            root: Some(parent.as_ref().map_or_else(|| id.clone(), |p| p.root().clone())),
            parent: parent.map(|p| Parent { id: Some(p.id), local_id: p.local_id, author: Some(p.author.id) }),
            mentions,
            visibility: if w.direct.is_empty() { Visibility::Public } else { Visibility::Direct },
            created_at: at,
            ..Post::default()
        };
        if !w.late {
            self.log.push(Happened::Wrote(Box::new(post.clone())));
        }
        if let Some(parent) = post.parent.as_ref().and_then(|p| p.id.as_ref()).and_then(|p| self.posts.get_mut(p)) {
            parent.post.engagement.replies += 1;
        }
        let standing = Standing { post, hand, concerns: w.concerns, before: Vec::new(), deleted_at: None, handed_at: None };
        self.posts.insert(id.clone(), standing);
        self.order.push(id.clone());
        id
    }

    /// The streams now tell of a post that was written late.
    pub fn arrive(&mut self, id: &PostId) {
        if let Some(standing) = self.posts.get(id) {
            self.log.push(Happened::Wrote(Box::new(standing.post.clone())));
        }
    }

    /// Its author changes a post. Nothing happens to one that is gone.
    pub fn edit(&mut self, id: &PostId, text: &str, at: Time) -> bool {
        let mentions = self.named(text);
        let Some(s) = self.posts.get_mut(id).filter(|s| s.deleted_at.is_none()) else { return false };
        s.before.push(std::mem::replace(&mut s.post.text, Untrusted::new(text)));
        // The version is the moment: two edits in the same millisecond are still two.
        s.post.edited_at = Some(Time(at.0.max(s.post.version() + 1)));
        if s.post.visibility == Visibility::Public {
            s.post.mentions = mentions;
        }
        self.log.push(Happened::Changed(Box::new(s.post.clone())));
        true
    }

    /// Its author takes a post away.
    pub fn delete(&mut self, id: &PostId, at: Time) -> bool {
        let Some(s) = self.posts.get_mut(id).filter(|s| s.deleted_at.is_none()) else { return false };
        s.deleted_at = Some(at);
        self.log.push(Happened::TookAway(id.clone(), at));
        true
    }

    /// Others pass a post on.
    pub fn repost(&mut self, id: &PostId, times: u64) {
        for _ in 0..times {
            let repost = self.fresh();
            let Some(s) = self.posts.get_mut(id).filter(|s| s.deleted_at.is_none()) else { return };
            s.post.engagement.reposts += 1;
            s.post.engagement.likes += 3;
            let engagement = s.post.engagement;
            self.log.push(Happened::PassedOn(id.clone(), repost));
            self.log.push(Happened::Spread(id.clone(), engagement));
        }
    }

    /// A reader got a post.
    pub fn handed(&mut self, id: &PostId, at: Time) {
        if let Some(s) = self.posts.get_mut(id) {
            s.handed_at.get_or_insert(at);
        }
    }

    /// A send came in.
    pub fn receive(&mut self, received: Received) {
        self.received.push(received);
    }

    /// Everybody whose `@name` stands in `text`.
    fn named(&self, text: &str) -> Vec<AuthorId> {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let names: Vec<&str> = text.split('@').skip(1).map(|rest| rest.split(|c| !word(c)).next().unwrap_or("")).collect();
        self.people
            .values()
            .filter(|p| names.iter().any(|n| p.handle.expose().trim_start_matches('@') == *n))
            .map(|p| p.id.clone())
            .collect()
    }

    fn fresh(&mut self) -> PostId {
        self.next += 1;
        PostId(format!("{NETWORK}:{}", 100 + self.next))
    }
}

/// The id that the square's interface wants: the part behind `square:`.
#[must_use]
pub fn local_id(id: &PostId) -> String {
    id.as_str().rsplit(':').next().unwrap_or_default().to_owned()
}
