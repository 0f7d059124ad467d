//! A model network with books of its own: posts, conversations, what it told whom, what it accepted.
//!
//! Two kinds. The *full log* one keeps edits and deletions in what a poll gives, knows idempotency
//! keys for an hour, and names posts by their world id. The other is like Mastodon without its
//! key: a poll gives posts alone; edits and deletions come pushed or when looked up again, and
//! deletions name only the server's own id.

use super::coverage::{Coverage, Hit};
use super::rng::Rng;
use sereno::case::{CaseId, Outgoing, SendKind, SendState};
use sereno::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::network::Page;
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::post::{Account, Author, AuthorId, Engagement, NetEvent, Network, Parent, Post, PostId, PostRef, Reach, Untrusted, Visibility};
use std::collections::BTreeMap;

/// After so long a look tells what became of a send, in milliseconds of the world's time.
const SETTLE_MS: i64 = 30 * SECOND_MS;
/// So long after that at most does the network finish what it was slow with, in milliseconds.
const LATE_MS: i64 = 5 * MINUTE_MS;
/// How long an idempotency key is kept (Mastodon: one hour).
const KEY_MS: i64 = HOUR_MS;

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
    /// Its versions.
    pub texts: Vec<String>,
    pub created: Time,
    pub edited: Option<Time>,
    pub deleted: Option<Time>,
    pub parent: Option<usize>,
    pub root: usize,
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

/// What a stream says.
#[derive(Clone, Copy, Debug)]
enum Feed {
    New(usize),
    Edited(usize),
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

/// A send that the network has begun and finishes only after its client has given up waiting, and looked.
#[derive(Debug)]
struct Late {
    op: String,
    key: (CaseId, u32),
    account: usize,
    send: Outgoing,
    earlier: Option<SendState>,
    lands: Time,
}

/// The network.
#[derive(Debug)]
pub struct Net {
    pub name: Network,
    pub index: usize,
    pub full_log: bool,
    pub faults: Faults,
    pub people: Vec<Person>,
    pub accounts: Vec<AccountBook>,
    pub posts: Vec<Item>,
    pub accepted: Vec<Accepted>,
    by_id: BTreeMap<PostId, usize>,
    keys: BTreeMap<String, (usize, Time)>,
    tried: BTreeMap<String, Time>,
    late: Vec<Late>,
    /// A send that named its target by an id of another server.
    pub misaddressed: Option<String>,
    /// Nothing works until then.
    pub down_until: Time,
}

impl Net {
    pub fn new(index: usize, full_log: bool, accounts: &[&str], faults: Faults, rng: &mut Rng) -> Net {
        let name = Network::from(if full_log { "square" } else { "plaza" });
        let people = (0..8)
            .map(|i| Person {
                id: AuthorId(format!("https://{name}/people/{i}")),
                handle: format!("@person{i}@{name}"),
                followers: *rng.pick(&[3, 40, 900, 8_000, 90_000]),
                lang: if rng.chance(500) { "es" } else { "en" },
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
            full_log,
            faults,
            people,
            accounts: accounts.collect(),
            posts: Vec::new(),
            accepted: Vec::new(),
            by_id: BTreeMap::new(),
            keys: BTreeMap::new(),
            tried: BTreeMap::new(),
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

    /// Streams of an account.
    pub fn streams(&self) -> &'static [&'static str] {
        if self.full_log { &["all"] } else { &["mentions", "own", "tags"] }
    }

    /// Somebody posts.
    #[expect(clippy::too_many_arguments, reason = "the parts of one post")]
    pub fn post(&mut self, who: Who, words: &str, parent: Option<usize>, reaches: &[usize], direct: bool, buzz: bool, now: Time) -> usize {
        let index = self.posts.len();
        let root = parent.map_or(index, |p| self.posts[p].root);
        let id = PostId(format!("https://{}/posts/{index}", self.name));
        self.by_id.insert(id.clone(), index);
        self.posts.push(Item {
            id,
            who,
            texts: Vec::new(),
            created: now,
            edited: None,
            deleted: None,
            parent,
            root,
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
        item.texts.push(text);
        // Two edits within a millisecond are still two versions.
        item.edited = Some(item.edited.map_or(now, |e| if e.0 >= now.0 { e.plus(1) } else { now }));
        self.feed(Feed::Edited(index), index, now);
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
        let stream = match (self.full_log, item.who, item.buzz) {
            (true, _, _) => "all",
            (false, Who::Us(_), _) => "own",
            (false, _, true) => "tags",
            (false, _, false) => "mentions",
        };
        let logged = self.full_log || matches!(feed, Feed::New(_));
        for account in to {
            let event = self.event(account, feed, now);
            let book = &mut self.accounts[account];
            if logged {
                book.streams.entry(stream.to_owned()).or_default().push(feed);
            }
            if book.known_since.is_some() {
                book.push.extend(event);
            }
        }
    }

    fn local(&self, account: usize, index: usize) -> String {
        format!("{}-{index}", self.accounts[account].name)
    }

    fn post_ref(&self, account: usize, index: usize) -> PostRef {
        if self.full_log {
            PostRef::World(self.posts[index].id.clone())
        } else {
            PostRef::Local { account: self.accounts[account].name.clone(), local_id: self.local(account, index) }
        }
    }

    /// As it would be told at this moment; `None`: the network no longer shows it.
    fn event(&self, account: usize, feed: Feed, now: Time) -> Option<NetEvent> {
        Some(match feed {
            Feed::New(i) => NetEvent::New(self.render(account, i)?),
            Feed::Edited(i) => NetEvent::Edited(self.render(account, i)?),
            Feed::Deleted(i) => NetEvent::Deleted { post: self.post_ref(account, i), at: self.posts[i].deleted.unwrap_or(now) },
            Feed::Reposted(i, n) => {
                NetEvent::Reposted { id: PostId(format!("{}/reposts/{n}", self.posts[i].id)), post: self.post_ref(account, i) }
            }
        })
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

    /// The post as this account's adapter reads it now.
    pub fn render(&self, account: usize, index: usize) -> Option<Post> {
        let item = &self.posts[index];
        if item.deleted.is_some() {
            return None;
        }
        let parent = item.parent.map(|p| Parent {
            id: self.full_log.then(|| self.posts[p].id.clone()),
            local_id: self.local(account, p),
            author: Some(self.author(self.posts[p].who).id),
        });
        let lang = match item.who {
            Who::Person(i) => Some(self.people[i].lang.to_owned()),
            Who::Us(_) => None,
        };
        Some(Post {
            id: item.id.clone(),
            local_id: self.local(account, index),
            network: self.name.clone(),
            account: self.accounts[account].name.clone(),
            author: self.author(item.who),
            text: Untrusted::new(item.texts.last().expect("a post has a text")),
            lang,
            url: Some(item.id.0.clone()),
            root: (parent.is_some() || self.full_log).then(|| self.posts[item.root].id.clone()),
            parent,
            mentions: if item.buzz { Vec::new() } else { item.reaches.iter().map(|a| self.accounts[*a].author.clone()).collect() },
            reach: if item.buzz { Reach::Buzz("brand".into()) } else { Reach::Mention },
            visibility: if item.direct { Visibility::Direct } else { Visibility::Public },
            created_at: item.created,
            edited_at: item.edited,
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
                    Feed::New(i) | Feed::Edited(i) | Feed::Deleted(i) | Feed::Reposted(i, _) => {
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
        let events = log[from..to].iter().filter_map(|f| self.event(account, *f, now)).collect();
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
                        Feed::Edited(i) if *i == post => given.1 = true,
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
    pub fn refresh(&self, account: usize, posts: &[PostRef], now: Time) -> Vec<NetEvent> {
        let mut events = Vec::new();
        for asked in posts {
            let index = match asked {
                PostRef::World(id) => self.by_id.get(id).copied(),
                PostRef::Local { local_id, .. } => local_id.rsplit_once('-').and_then(|(_, n)| n.parse().ok()),
            };
            let Some(index) = index.filter(|i| *i < self.posts.len()) else { continue };
            let item = &self.posts[index];
            if let Some(at) = item.deleted {
                events.push(NetEvent::Deleted { post: asked.clone(), at });
            } else if item.edited.is_some() {
                events.extend(self.event(account, Feed::Edited(index), now));
            } else {
                events.push(NetEvent::Engagement { post: asked.clone(), engagement: item.engagement });
            }
        }
        events
    }

    /// Carries out a send, or not.
    #[expect(clippy::too_many_arguments, reason = "the parts of one send")]
    pub fn send(
        &mut self,
        op: &str,
        key: (CaseId, u32),
        send: &Outgoing,
        earlier: Option<&SendState>,
        now: Time,
        rng: &mut Rng,
        cov: &mut Coverage,
    ) -> Outcome {
        let account = self.accounts.iter().position(|a| a.name == send.account).expect("a send goes from one of this network's accounts");
        self.tried.insert(op.to_owned(), now);
        if self.accounts[account].revoked_until > now {
            cov.hit(Hit::NetAuthLost);
            return Outcome::AuthLost { why: "the token was revoked".into() };
        }
        if self.down_until > now || rng.chance(self.faults.error) {
            cov.hit(Hit::NetServerError);
            return Outcome::Retry { after_ms: None, why: "503".into(), lane: rng.chance(300) };
        }
        if rng.chance(self.faults.throttle) {
            cov.hit(Hit::NetThrottled);
            return Outcome::Retry { after_ms: Some(rng.between(1, 90) * SECOND_MS), why: "429".into(), lane: true };
        }
        let timeout = rng.chance(self.faults.timeout);
        if timeout && rng.chance(500) {
            // Without keys nobody could keep such a send from standing twice: no client is to be blamed for that.
            if self.full_log && rng.chance(750) {
                // Often just after the look, before the send goes again.
                let after = if rng.chance(600) { LATE_MS / 6 } else { LATE_MS };
                let lands = now.plus(SETTLE_MS + rng.between(1, after));
                self.late.push(Late { op: op.to_owned(), key, account, send: send.clone(), earlier: earlier.cloned(), lands });
            } else {
                cov.hit(Hit::NetTimeoutNot);
            }
            return Outcome::Unknown { why: "timed out".into() };
        }
        if rng.chance(self.faults.refuse) {
            cov.hit(Hit::NetRefused);
            return Outcome::Refused { why: "422: refused".into() };
        }
        let outcome = self.accept(op, key, account, send, earlier, now, rng, cov);
        if self.full_log && rng.chance(self.faults.timeout) {
            // The connection broke and the client under the adapter repeats the call, key and all.
            self.accept(op, key, account, send, earlier, now, rng, cov);
        }
        if timeout && matches!(outcome, Outcome::Done(_)) {
            cov.hit(Hit::NetTimeoutAccepted);
            return Outcome::Unknown { why: "timed out".into() };
        }
        outcome
    }

    /// Whether it has begun this send, and will finish it.
    pub fn is_late(&self, op: &str) -> bool {
        self.late.iter().any(|l| l.op == op)
    }

    /// Finishes what was begun long ago.
    pub fn land(&mut self, now: Time, rng: &mut Rng, cov: &mut Coverage) {
        self.late.sort_by_key(|l| l.lands);
        while self.late.first().is_some_and(|l| l.lands <= now) {
            let Late { op, key, account, send, earlier, lands } = self.late.remove(0);
            let before = self.accepted.len();
            self.accept(&op, key, account, &send, earlier.as_ref(), lands, rng, cov);
            if self.accepted.len() > before {
                cov.hit(Hit::NetLandedLate);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one send")]
    fn accept(
        &mut self,
        op: &str,
        key: (CaseId, u32),
        account: usize,
        send: &Outgoing,
        earlier: Option<&SendState>,
        now: Time,
        rng: &mut Rng,
        cov: &mut Coverage,
    ) -> Outcome {
        if self.full_log
            && let Some((index, _)) = self.keys.get(op).filter(|(_, at)| now.since(*at) < KEY_MS)
        {
            cov.hit(Hit::NetKeyAgain);
            return Outcome::Done(self.receipt(account, *index));
        }
        let mut target = None;
        if let (Some(id), false) = (&send.target, matches!(send.kind, SendKind::Retract { .. } | SendKind::Correct { .. })) {
            let Some((index, item)) = self.find(id) else { return Outcome::Refused { why: "404: no such post".into() } };
            if item.deleted.is_some() {
                cov.hit(Hit::NetTargetGone);
                return Outcome::TargetGone;
            }
            if item.edited.map_or(0, |t| t.0) != send.target_version {
                cov.hit(Hit::NetTargetEdited);
                return Outcome::TargetEdited;
            }
            if send.target_local != self.local(account, index) {
                self.misaddressed.get_or_insert(format!(
                    "{} answers {}, which {} knows as {}, under the name {}",
                    op,
                    id,
                    send.account,
                    self.local(account, index),
                    send.target_local
                ));
            }
            target = Some(index);
        }
        let text = format!("{} {}", send.to.handle.expose(), send.text.expose());
        let index = match (&send.kind, earlier) {
            (SendKind::Retract { .. }, Some(SendState::Published { id, .. })) => {
                let Some((index, _)) = self.find(id) else { return Outcome::Refused { why: "404: nothing to take back".into() } };
                self.delete(index, now);
                index
            }
            (SendKind::Correct { .. }, Some(SendState::Published { id, .. })) => {
                let Some((index, item)) = self.find(id) else { return Outcome::Refused { why: "404: nothing to change".into() } };
                if item.deleted.is_some() {
                    return Outcome::Refused { why: "404: nothing to change".into() };
                }
                self.rewrite(index, text, now);
                index
            }
            (SendKind::Retract { .. } | SendKind::Correct { .. }, _) => return Outcome::Refused { why: "404: nothing published".into() },
            _ => {
                let index = self.posts.len();
                let made = self.post(Who::Us(account), &text, target, &[account], send.kind.is_private(), false, now);
                self.posts[index].through_us = true;
                made
            }
        };
        if self.full_log {
            self.keys.insert(op.to_owned(), (index, now));
        }
        let visible_at = now.plus(rng.between(0, SETTLE_MS - SECOND_MS));
        self.accepted.push(Accepted {
            op: op.to_owned(),
            case: key.0,
            send: key.1,
            kind: send.kind.clone(),
            account: send.account.clone(),
            target: send.target.clone(),
            to: send.to.id.clone(),
            text: send.text.expose().to_owned(),
            post: index,
            visible_at,
        });
        Outcome::Done(self.receipt(account, index))
    }

    fn receipt(&self, account: usize, index: usize) -> Receipt {
        let id = self.posts[index].id.clone();
        Receipt { native_id: self.local(account, index), url: Some(id.0.clone()), post: Some(id) }
    }

    /// Whether a send stands.
    pub fn look(&mut self, op: &str, send: &Outgoing, now: Time, rng: &mut Rng, cov: &mut Coverage) -> Look {
        let account = self.accounts.iter().position(|a| a.name == send.account).expect("one of this network's accounts");
        if self.down_until > now || self.accounts[account].revoked_until > now || rng.chance(self.faults.poll) {
            return Look::Retry { why: "503".into(), after_ms: None };
        }
        if rng.chance(self.faults.cannot_tell) {
            cov.hit(Hit::LookCannotTell);
            return Look::CannotTell;
        }
        if let Some(a) = self.accepted.iter().find(|a| a.op == op && a.visible_at <= now) {
            cov.hit(Hit::LookFound);
            return Look::Found(self.receipt(account, a.post));
        }
        if let Some(left) = self.tried.get(op).map(|t| SETTLE_MS - now.since(*t)).filter(|left| *left > 0) {
            cov.hit(Hit::LookTooSoon);
            return Look::Retry { why: "too soon to tell".into(), after_ms: Some(left) };
        }
        cov.hit(Hit::LookAbsent);
        Look::Absent
    }
}
