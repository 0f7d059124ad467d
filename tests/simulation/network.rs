//! A model network with books of its own: posts, conversations, what it told whom, what it accepted.
//!
//! What kinds there are, `kind` says; what becomes of a send, `sending`.

mod kind;
mod sending;

pub use kind::{COMPOSE, Kind};

use super::coverage::{Coverage, Hit};
use super::rng::Rng;
use sending::Late;
use sereno::case::{CaseId, SendKind};
use sereno::clock::{DAY_MS, Time};
use sereno::network::Page;
use sereno::policy::DmRoute;
use sereno::post::{
    Account, Answering, Author, AuthorId, Engagement, NetEvent, Network, Parent, Post, PostId, PostRef, Reach, Untrusted, Visibility,
};
use std::collections::BTreeMap;

/// Until when those may be written to who allow it for a while, after the beginning, in milliseconds.
const ROUTE_MS: i64 = 2 * DAY_MS;

/// How often things go wrong here, per thousand.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub timeout: u32,
    pub throttle: u32,
    pub error: u32,
    pub refuse: u32,
    pub poll: u32,
    pub cannot_tell: u32,
    pub push_lost: u32,
    pub push_twice: u32,
    pub push_order: u32,
}

/// Somebody on the network.
#[derive(Debug)]
pub struct Person {
    pub id: AuthorId,
    pub handle: String,
    pub followers: u64,
    pub lang: &'static str,
    /// How they take private messages.
    pub route: Option<DmRoute>,
}

/// Who wrote a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person, by index.
    Person(usize),
    /// One of our accounts, by index.
    Us(usize),
}

/// A post in the books.
#[derive(Debug)]
pub struct Item {
    pub id: PostId,
    pub who: Who,
    /// Its versions, and when each was made.
    pub texts: Vec<String>,
    times: Vec<Time>,
    /// Whether each names the accounts that it reaches.
    names: Vec<bool>,
    pub created: Time,
    pub deleted: Option<Time>,
    /// What it answers, and which version of that.
    pub parent: Option<(usize, usize)>,
    pub root: usize,
    /// To whom we wrote it in private, by index.
    pub to: Option<usize>,
    /// Accounts that it reaches, by index.
    pub reaches: Vec<usize>,
    /// Whether it names them, or a listening rule caught it.
    pub buzz: bool,
    pub direct: bool,
    /// Sent through sereno.
    pub through_us: bool,
    pub engagement: Engagement,
    pub reposts: u32,
}

impl Item {
    /// The newest version, from 0.
    pub fn newest(&self) -> usize {
        self.texts.len() - 1
    }

    /// A version as the core counts: 0, or when it was made.
    pub fn version(&self, version: usize) -> i64 {
        if version == 0 { 0 } else { self.times[version].0 }
    }

    /// Whether this version may be answered by an account, where a network lets it answer only who named it.
    pub fn may_be_answered(&self, account: usize, version: usize) -> bool {
        !self.buzz && self.names[version] && self.reaches.contains(&account)
    }
}

/// What a stream says.
#[derive(Clone, Copy, Debug)]
enum Feed {
    New(usize),
    Edited(usize, usize),
    Deleted(usize),
    Reposted(usize, u32),
}

/// One of our accounts, as the network keeps it.
#[derive(Debug)]
pub struct AccountBook {
    pub name: Account,
    pub author: AuthorId,
    /// When it was made known to the bot, in the bot's time.
    pub known_since: Option<Time>,
    /// The token is revoked until then.
    pub revoked_until: Time,
    streams: BTreeMap<String, Vec<Feed>>,
    /// The first cursor that the bot kept of each stream: what stands behind it must not be lost.
    pub begun: BTreeMap<String, usize>,
    /// Pushed and not yet heard.
    pub push: Vec<NetEvent>,
}

/// A send that the network carried out.
#[derive(Debug)]
pub struct Accepted {
    pub op: String,
    pub case: CaseId,
    pub send: u32,
    pub kind: SendKind,
    pub account: Account,
    pub target: Option<PostId>,
    pub to: AuthorId,
    pub text: String,
    /// The post that it made, changed or deleted.
    pub post: usize,
    visible_at: Time,
}

/// The network.
#[derive(Debug)]
pub struct Net {
    pub name: Network,
    pub index: usize,
    pub kind: Kind,
    pub faults: Faults,
    pub people: Vec<Person>,
    pub accounts: Vec<AccountBook>,
    pub posts: Vec<Item>,
    pub accepted: Vec<Accepted>,
    by_id: BTreeMap<PostId, usize>,
    keys: BTreeMap<String, (usize, Time)>,
    tried: BTreeMap<String, Time>,
    first_tried: BTreeMap<String, Time>,
    late: Vec<Late>,
    /// A send that named its target by an id of another server.
    pub misaddressed: Option<String>,
    /// Nothing works until then.
    pub down_until: Time,
}

impl Net {
    pub fn new(index: usize, kind: Kind, accounts: &[&str], faults: Faults, start: Time, rng: &mut Rng) -> Net {
        let name = Network::from(kind.name());
        let people = (0..8)
            .map(|i| Person {
                id: AuthorId(format!("https://{name}/people/{i}")),
                handle: format!("@person{i}@{name}"),
                followers: *rng.pick(&[3, 40, 900, 8_000, 90_000]),
                lang: if rng.chance(500) { "es" } else { "en" },
                route: kind.route(i, start.plus(ROUTE_MS)),
            })
            .collect();
        let accounts = accounts.iter().map(|a| AccountBook {
            name: Account::from(*a),
            author: AuthorId(format!("https://{name}/brand/{a}")),
            known_since: None,
            revoked_until: Time(0),
            streams: BTreeMap::new(),
            begun: BTreeMap::new(),
            push: Vec::new(),
        });
        Net {
            index,
            kind,
            faults,
            people,
            accounts: accounts.collect(),
            posts: Vec::new(),
            accepted: Vec::new(),
            by_id: BTreeMap::new(),
            keys: BTreeMap::new(),
            tried: BTreeMap::new(),
            first_tried: BTreeMap::new(),
            late: Vec::new(),
            misaddressed: None,
            down_until: Time(0),
            name,
        }
    }

    /// A post by its id.
    pub fn find(&self, id: &PostId) -> Option<(usize, &Item)> {
        self.by_id.get(id).map(|i| (*i, &self.posts[*i]))
    }

    /// A word that stands in version `version` of post `index` alone.
    pub fn token(&self, index: usize, version: usize) -> String {
        let kind = if self.posts[index].direct { "secret" } else { "word" };
        format!("{kind}q{}p{index}v{version}q", self.index)
    }

    /// Somebody posts.
    #[expect(clippy::too_many_arguments, reason = "the parts of one post")]
    pub fn post(&mut self, who: Who, words: &str, parent: Option<usize>, reaches: &[usize], direct: bool, buzz: bool, now: Time) -> usize {
        let index = self.posts.len();
        // To whom we write in private: whoever wrote what is answered.
        let to = parent.filter(|_| direct).and_then(|p| match (who, self.posts[p].who) {
            (Who::Us(_), Who::Person(i)) => Some(i),
            _ => None,
        });
        let parent = parent.filter(|_| !(direct && self.kind == Kind::Agora));
        let root = parent.map_or(index, |p| self.posts[p].root);
        let id = self.kind.post_id(index, direct);
        // Most name those whom they speak to.
        let names = self.kind != Kind::Agora || index % 5 != 3;
        self.by_id.insert(id.clone(), index);
        self.posts.push(Item {
            id,
            who,
            texts: Vec::new(),
            times: vec![now],
            names: vec![names],
            created: now,
            deleted: None,
            parent: parent.map(|p| (p, self.posts[p].newest())),
            root,
            to,
            reaches: reaches.to_vec(),
            buzz,
            direct,
            through_us: false,
            engagement: Engagement::default(),
            reposts: 0,
        });
        let text = match who {
            Who::Person(_) => format!("{words} {}", self.token(index, 0)),
            Who::Us(_) => words.to_owned(),
        };
        self.posts[index].texts.push(text);
        self.feed(Feed::New(index), index, now);
        index
    }

    /// Its author changes a post.
    pub fn edit(&mut self, index: usize, words: &str, now: Time) {
        let version = self.posts[index].texts.len();
        let text = format!("{words} {}", self.token(index, version));
        self.rewrite(index, text, now);
    }

    fn rewrite(&mut self, index: usize, text: String, now: Time) {
        let item = &mut self.posts[index];
        let last = item.newest();
        item.texts.push(text);
        // Two edits within a millisecond are still two versions.
        item.times.push(if last > 0 && item.times[last].0 >= now.0 { item.times[last].plus(1) } else { now });
        // An edit can bring a name in, or take it out.
        item.names.push(item.names[last] != (self.kind == Kind::Agora && now.0 % 2 == 0));
        self.feed(Feed::Edited(index, last + 1), index, now);
    }

    /// Its author deletes a post.
    pub fn delete(&mut self, index: usize, now: Time) {
        if self.posts[index].deleted.is_none() {
            self.posts[index].deleted = Some(now);
            self.feed(Feed::Deleted(index), index, now);
        }
    }

    /// Somebody passes a post on.
    pub fn repost(&mut self, index: usize, now: Time) {
        let item = &mut self.posts[index];
        item.reposts += 1;
        item.engagement.reposts += 1;
        let n = item.reposts;
        self.feed(Feed::Reposted(index, n), index, now);
    }

    fn feed(&mut self, feed: Feed, index: usize, now: Time) {
        let item = &self.posts[index];
        let to: Vec<usize> = match item.who {
            Who::Us(account) => vec![account],
            Who::Person(_) => item.reaches.clone(),
        };
        let stream = self.kind.stream(matches!(item.who, Who::Us(_)), item.buzz, item.direct);
        let logged = match feed {
            Feed::New(_) => true,
            // A version of its own is a post of its own.
            Feed::Edited(..) => self.kind != Kind::Plaza,
            Feed::Deleted(_) | Feed::Reposted(..) => self.kind == Kind::Square,
        };
        // What becomes of people's own posts is no business of ours there.
        let told = !(self.kind == Kind::Agora && matches!((feed, item.who), (Feed::Deleted(_), Who::Person(_))));
        for account in to {
            let events = self.events(account, feed, now);
            let book = &mut self.accounts[account];
            if logged {
                book.streams.entry(stream.to_owned()).or_default().push(feed);
            }
            if book.known_since.is_some() && told {
                book.push.extend(events);
            }
        }
    }

    fn local(&self, account: usize, index: usize, version: usize) -> String {
        self.kind.local_id(&self.accounts[account], index, version, self.posts[index].direct)
    }

    fn post_ref(&self, account: usize, index: usize) -> PostRef {
        match self.kind {
            Kind::Square | Kind::Agora => PostRef::World(self.posts[index].id.clone()),
            Kind::Plaza => PostRef::Local { account: self.accounts[account].name.clone(), local_id: self.local(account, index, 0) },
        }
    }

    /// A version of a post is gone, as the network says it. An agora's may be known by either name.
    fn gone(&self, account: usize, index: usize, version: usize, at: Time) -> Vec<NetEvent> {
        let names = match self.kind {
            Kind::Square | Kind::Plaza => vec![self.post_ref(account, index)],
            Kind::Agora => {
                let id = Kind::version_id(index, version, self.posts[index].direct);
                let world = PostRef::World(PostId(format!("{}:{id}", self.name)));
                vec![world, PostRef::Local { account: self.accounts[account].name.clone(), local_id: id }]
            }
        };
        names.into_iter().map(|post| NetEvent::Deleted { post, at }).collect()
    }

    /// As it would be told at this moment; nothing: the network no longer shows it.
    fn events(&self, account: usize, feed: Feed, now: Time) -> Vec<NetEvent> {
        match feed {
            Feed::New(i) => self.render(account, i, if self.kind == Kind::Agora { 0 } else { self.posts[i].newest() }).map(NetEvent::New),
            Feed::Edited(i, v) => {
                self.render(account, i, if self.kind == Kind::Agora { v } else { self.posts[i].newest() }).map(NetEvent::Edited)
            }
            Feed::Deleted(i) => return self.gone(account, i, self.posts[i].newest(), self.posts[i].deleted.unwrap_or(now)),
            Feed::Reposted(i, n) => {
                Some(NetEvent::Reposted { id: PostId(format!("{}/reposts/{n}", self.posts[i].id)), post: self.post_ref(account, i) })
            }
        }
        .into_iter()
        .collect()
    }

    fn author(&self, who: Who) -> Author {
        match who {
            Who::Person(i) => {
                let p = &self.people[i];
                Author {
                    id: p.id.clone(),
                    local_id: format!("u{i}"),
                    handle: Untrusted::new(&p.handle),
                    name: Untrusted::new(format!("Person {i}")),
                    followers: Some(p.followers),
                    route: p.route.clone(),
                    ..Author::default()
                }
            }
            Who::Us(i) => {
                let a = &self.accounts[i];
                let id = a.author.clone();
                Author { id, local_id: format!("b{i}"), handle: Untrusted::new(format!("@{}", a.name)), ..Author::default() }
            }
        }
    }

    /// A version of a post as this account's adapter reads it.
    fn render(&self, account: usize, index: usize, version: usize) -> Option<Post> {
        let item = &self.posts[index];
        if item.deleted.is_some() {
            return None;
        }
        let parent = item.parent.map(|(p, v)| Parent {
            id: match self.kind {
                Kind::Square => Some(self.posts[p].id.clone()),
                Kind::Plaza => None,
                // Where the answer does not tell of what it answers, only that version's id is known.
                Kind::Agora => {
                    Some(PostId(format!("{}:{}", self.name, Kind::version_id(p, if index.is_multiple_of(3) { v } else { 0 }, false))))
                }
            },
            local_id: self.local(account, p, v),
            author: Some(self.author(self.posts[p].who).id),
        });
        let lang = match item.who {
            Who::Person(i) => Some(self.people[i].lang.to_owned()),
            Who::Us(_) => None,
        };
        let url = self.kind.url(item, index, version);
        let ours = matches!(item.who, Who::Us(_));
        let conversation = |person: usize| PostId(format!("{}:dms:{person}-{}", self.name, self.accounts[account].name));
        let root = match (self.kind, item.who, item.direct) {
            (Kind::Agora, Who::Person(i), true) => Some(conversation(i)),
            (Kind::Agora, Who::Us(_), true) => item.to.map(conversation),
            (Kind::Plaza, _, _) if parent.is_none() => None,
            _ => Some(self.posts[item.root].id.clone()),
        };
        let mentions = match item.to.filter(|_| self.kind == Kind::Agora) {
            Some(person) => vec![self.people[person].id.clone()],
            None if item.buzz || !item.names[version] => Vec::new(),
            None => item.reaches.iter().map(|a| self.accounts[*a].author.clone()).collect(),
        };
        let may = self.kind != Kind::Agora || ours || item.direct || item.may_be_answered(account, version);
        Some(Post {
            id: item.id.clone(),
            local_id: self.local(account, index, version),
            network: self.name.clone(),
            account: self.accounts[account].name.clone(),
            author: self.author(item.who),
            text: Untrusted::new(&item.texts[version]),
            lang,
            answering: if may { Answering::ByApi } else { Answering::ByHand { url: format!("{url}?answer={{text}}") } },
            url: Some(url),
            root,
            parent,
            mentions,
            reach: if item.buzz { Reach::Buzz("brand".into()) } else { Reach::Mention },
            visibility: if item.direct { Visibility::Direct } else { Visibility::Public },
            created_at: item.created,
            edited_at: (version > 0).then(|| item.times[version]),
            engagement: item.engagement,
            ..Post::default()
        })
    }

    /// A page of a stream. `import_ms`: how far back a first poll goes; a careless adapter
    /// (`careless`) offers older posts too.
    #[expect(clippy::too_many_arguments, reason = "the parts of one question")]
    pub fn poll(
        &self,
        account: usize,
        stream: &str,
        cursor: Option<&str>,
        now: Time,
        import_ms: i64,
        careless: bool,
        cov: &mut Coverage,
    ) -> Page {
        let empty = Vec::new();
        let log = self.accounts[account].streams.get(stream).unwrap_or(&empty);
        let (from, to) = match cursor.and_then(|c| c.parse::<usize>().ok()) {
            Some(at) => (at.min(log.len()), (at + 12).min(log.len())),
            None => {
                let recent = |f: &&Feed| match f {
                    Feed::New(i) | Feed::Edited(i, _) | Feed::Deleted(i) | Feed::Reposted(i, _) => {
                        now.since(self.posts[*i].created) <= import_ms
                    }
                };
                let older = log.iter().take_while(|f| !recent(f)).count();
                let from = if careless { 0 } else { older };
                if from < older {
                    cov.hit(Hit::OldPosts);
                }
                (from, log.len())
            }
        };
        let events = log[from..to].iter().flat_map(|f| self.events(account, *f, now)).collect();
        let cursor = (cursor.is_none() || to > from).then(|| to.to_string());
        Page { events, cursor, more: to < log.len(), gap: false }
    }

    /// The bot came back with a cursor of its own.
    pub fn begin(&mut self, account: usize, stream: &str, cursor: &str) {
        if let (Ok(at), false) = (cursor.parse(), self.accounts[account].begun.contains_key(stream)) {
            self.accounts[account].begun.insert(stream.to_owned(), at);
        }
    }

    /// What the streams gave of this post after the bot had begun to read them: itself, an edit, its deletion.
    pub fn given(&self, post: usize) -> (bool, bool, bool) {
        let mut given = (false, false, false);
        for book in &self.accounts {
            for (name, log) in &book.streams {
                let begun = book.begun.get(name).copied().unwrap_or(usize::MAX);
                for feed in log.iter().skip(begun) {
                    match feed {
                        Feed::New(i) if *i == post => given.0 = true,
                        Feed::Edited(i, _) if *i == post => given.1 = true,
                        Feed::Deleted(i) if *i == post => given.2 = true,
                        _ => {}
                    }
                }
            }
        }
        given
    }

    /// Whether a stream holds nothing beyond this cursor.
    pub fn read_up(&self, account: usize, stream: &str, cursor: Option<&str>) -> bool {
        let len = self.accounts[account].streams.get(stream).map_or(0, Vec::len);
        cursor.and_then(|c| c.parse::<usize>().ok()).is_some_and(|at| at >= len)
    }

    /// Posts looked up again.
    pub fn refresh(&self, account: usize, posts: &[PostRef], now: Time, cov: &mut Coverage) -> Vec<NetEvent> {
        let mut events = Vec::new();
        for asked in posts {
            let Some((index, version)) = self.kind.meant(asked).filter(|(i, _)| *i < self.posts.len()) else { continue };
            let item = &self.posts[index];
            // Nobody asks an agora for private messages by their ids.
            if self.kind == Kind::Agora && item.direct {
                continue;
            }
            if let Some(at) = item.deleted {
                if version > 0 {
                    cov.hit(Hit::VersionGone);
                }
                match self.kind {
                    Kind::Square | Kind::Plaza => events.push(NetEvent::Deleted { post: asked.clone(), at }),
                    Kind::Agora => events.extend(self.gone(account, index, version, at)),
                }
            } else if item.newest() > 0 {
                events.extend(self.events(account, Feed::Edited(index, item.newest()), now));
            } else {
                events.push(NetEvent::Engagement { post: asked.clone(), engagement: item.engagement });
            }
        }
        events
    }
}
