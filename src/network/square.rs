//! The square: a little town's own network inside the process, for the demo and for tests.
//!
//! It behaves like a real one as far as a program can see: a stream that tells everything at once
//! and a log that can be read again from a cursor, posts that change and vanish, sends that are
//! published as often as they come. It keeps its own [`books`], which [`crate::demo`]'s judge
//! holds against what the team was shown. Who lives there and what they say is the demo's script.

pub mod books;

use crate::case::{Outgoing, SendKind, SendState};
use crate::clock::{Clock, Time};
use crate::intake::listen::Matcher;
use crate::media::{self, Image};
use crate::network::{Finding, NetError, NetworkAccount, Page};
use crate::outbox::{Look, Outcome, Receipt};
use crate::policy::{AccountPolicy, Capabilities, Counting};
use crate::post::{Account, Author, AuthorId, NetEvent, Network, Post, PostId, PostRef, Reach};
use crate::say::{Say, Why};
use async_trait::async_trait;
use books::{Books, Hand, Happened, MAX_LENGTH, NETWORK, Received, Writing, local_id};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// The one stream of an account.
const STREAM: &str = "timeline";
/// Events of one page.
const PAGE: usize = 40;

/// What goes wrong with one send, as on any network now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hiccup {
    /// It is published, but the answer never reaches the sender.
    AnswerLost,
    /// It is not taken, for now: too many requests.
    TooMany,
}

/// The network, shared by its accounts and by whoever plays the town.
pub struct Square {
    books: Mutex<Books>,
    clock: Clock,
    /// The length of the log: who waits for something to happen watches it.
    grew: watch::Sender<usize>,
    /// By the number of the send, from 1: what goes wrong with it.
    hiccups: BTreeMap<usize, Hiccup>,
    sends: Mutex<usize>,
}

impl Square {
    /// An empty square, whose sends with those numbers (from 1) go wrong once.
    #[must_use]
    pub fn new(clock: Clock, hiccups: BTreeMap<usize, Hiccup>) -> Arc<Square> {
        let grew = watch::Sender::new(0);
        Arc::new(Square { books: Mutex::new(Books::default()), clock, grew, hiccups, sends: Mutex::new(0) })
    }

    /// Looks into the books, or writes into them; whoever listens hears of it.
    pub fn with<T>(&self, f: impl FnOnce(&mut Books) -> T) -> T {
        let (out, length) = {
            let mut books = self.lock();
            let out = f(&mut books);
            (out, books.log().len() + books.received().len())
        };
        self.grew.send_if_modified(|l| std::mem::replace(l, length) != length);
        out
    }

    /// Changes whenever something is written into the log or sent.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.grew.subscribe()
    }

    /// The square's time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// A brand account, as sereno uses it. `listens`: it also reads everything public by these rules.
    #[must_use]
    pub fn account(self: &Arc<Self>, account: Account, listens: Matcher) -> SquareAccount {
        SquareAccount { square: Arc::clone(self), account, listens }
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hiccup(&self) -> Option<Hiccup> {
        let mut sends = self.sends.lock().unwrap_or_else(PoisonError::into_inner);
        *sends += 1;
        self.hiccups.get(&sends).copied()
    }
}

/// A brand account on the square.
pub struct SquareAccount {
    square: Arc<Square>,
    account: Account,
    listens: Matcher,
}

impl SquareAccount {
    /// How this account sees something that happened; `None`: it does not.
    fn sees(&self, books: &Books, happened: &Happened) -> Option<NetEvent> {
        match happened {
            Happened::Wrote(post) => self.reads(books, post).map(NetEvent::New),
            Happened::Changed(post) => self.reads(books, post).map(NetEvent::Edited),
            Happened::TookAway(id, at) => self.knows(books, id).then(|| NetEvent::Deleted { post: PostRef::World(id.clone()), at: *at }),
            Happened::PassedOn(id, repost) => {
                self.knows(books, id).then(|| NetEvent::Reposted { id: repost.clone(), post: PostRef::World(id.clone()) })
            }
            Happened::Spread(id, engagement) => {
                self.knows(books, id).then(|| NetEvent::Engagement { post: PostRef::World(id.clone()), engagement: *engagement })
            }
        }
    }

    /// The post as this account reads it, and why it does.
    fn reads(&self, books: &Books, post: &Post) -> Option<Post> {
        let me = books.brand(&self.account)?.id.clone();
        let own = post.author.id == me;
        let reach = if own || post.mentions.contains(&me) {
            Reach::Mention
        } else if post.is_dm() {
            return None;
        } else if self.follows(books, post, &me) {
            Reach::Followed
        } else {
            Reach::Buzz(self.listens.matches(post.text.expose())?.to_owned())
        };
        Some(Post { account: self.account.clone(), reach, ..post.clone() })
    }

    fn knows(&self, books: &Books, id: &PostId) -> bool {
        books.post(id).is_some_and(|s| {
            self.reads(books, &s.post).is_some()
                || s.before.iter().any(|text| {
                    let earlier = Post { text: text.clone(), ..s.post.clone() };
                    self.reads(books, &earlier).is_some()
                })
        })
    }

    /// Whether the account follows the conversation of a post: its beginning, or something
    /// above the post, names the account, is by it, or was caught by its rules.
    fn follows(&self, books: &Books, post: &Post, me: &AuthorId) -> bool {
        let mut above = post.parent.as_ref().and_then(|p| p.id.as_ref());
        while let Some(s) = above.and_then(|id| books.post(id)) {
            let p = &s.post;
            if p.author.id == *me || p.mentions.contains(me) || self.listens.matches(p.text.expose()).is_some() {
                return true;
            }
            above = p.parent.as_ref().and_then(|p| p.id.as_ref());
        }
        false
    }

    /// Events from place `from` of the log on, at most `limit` places; where to go on.
    fn read(&self, from: usize, limit: usize) -> (Vec<NetEvent>, usize, usize) {
        let now = self.square.clock.now();
        let mut books = self.square.lock();
        let length = books.log().len();
        let to = length.min(from.saturating_add(limit));
        let events: Vec<NetEvent> = books.log().get(from..to).unwrap_or_default().iter().filter_map(|h| self.sees(&books, h)).collect();
        for event in &events {
            if let NetEvent::New(post) = event {
                books.handed(&post.id, now);
            }
        }
        (events, to, length)
    }

    /// Publishes what it is sent, however often: the square recognises no repeats.
    fn publish(&self, books: &mut Books, send: &Outgoing, earlier: Option<&SendState>, now: Time) -> Result<PostId, Outcome> {
        let refused = |why: &str| Outcome::Refused { why: Why::ours(why) };
        let acted_on = match earlier {
            Some(SendState::Published { id, .. }) => Some(id.clone()),
            _ => None,
        };
        let text = addressed(send);
        if text.chars().count() > MAX_LENGTH {
            return Err(refused("why-too-long"));
        }
        match &send.kind {
            SendKind::Retract { .. } => {
                let id = acted_on.ok_or_else(|| refused("why-never-published"))?;
                books.delete(&id, now).then_some(id).ok_or(Outcome::TargetGone)
            }
            SendKind::Correct { .. } => {
                let id = acted_on.ok_or_else(|| refused("why-never-published"))?;
                books.edit(&id, &text, now).then_some(id).ok_or(Outcome::TargetGone)
            }
            SendKind::Reply | SendKind::Handoff | SendKind::Dm => {
                let author = books.brand(&self.account).map(|a| a.id.clone()).ok_or_else(|| refused("why-account-gone"))?;
                let direct = if send.kind.is_private() { vec![send.to.id.clone()] } else { Vec::new() };
                if books.person(&send.to.id).is_none() {
                    return Err(refused("why-person-gone"));
                }
                let parent = self.target(books, send)?;
                let w = Writing { author, text, parent, direct, lang: Some(send.lang.clone()), concerns: true, ..Writing::default() };
                Ok(books.write(w, Hand::Program(self.account.clone()), now))
            }
        }
    }

    /// The post a send answers, if it still stands as it stood when the text was agreed on.
    fn target(&self, books: &Books, send: &Outgoing) -> Result<Option<PostId>, Outcome> {
        if send.target.is_none() && send.target_local.is_empty() {
            return Ok(None);
        }
        let id = PostId(format!("{NETWORK}:{}", send.target_local));
        let standing = books.post(&id).filter(|s| s.deleted_at.is_none()).ok_or(Outcome::TargetGone)?;
        if standing.post.version() != send.target_version {
            return Err(Outcome::TargetEdited);
        }
        Ok(Some(id))
    }
}

/// The text as it goes out: the square, like most networks, tells a person by their name in it.
fn addressed(send: &Outgoing) -> String {
    format!("{} {}", send.to.handle.expose(), send.text.expose())
}

fn receipt(id: &PostId) -> Receipt {
    let local = local_id(id);
    Receipt { url: Some(format!("https://square.example/{local}")), native_id: local, post: Some(id.clone()) }
}

/// The pictures that go with a text.
fn takes(most: usize) -> media::Takes {
    media::Takes { most, max_bytes: 1024 * 1024, kinds: media::Kind::ALL.to_vec() }
}

#[async_trait]
impl NetworkAccount for SquareAccount {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        let books = self.square.lock();
        let Author { id, handle, .. } =
            books.brand(&self.account).ok_or_else(|| NetError::Auth(format!("the square knows no account {}", self.account)))?;
        Ok(AccountPolicy {
            fees: None,
            network: Network::from(NETWORK),
            author: Some(id.clone()),
            handle: handle.expose().to_owned(),
            capabilities: Capabilities {
                max_length: MAX_LENGTH,
                max_private: MAX_LENGTH,
                counting: Counting::Characters { url: None },
                idempotent: false,
                pictures: takes(2),
                private_pictures: takes(1),
                ..Capabilities::default()
            },
        })
    }

    fn streams(&self) -> Vec<String> {
        vec![STREAM.to_owned()]
    }

    async fn poll(&self, _stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        let from = match cursor {
            None => 0,
            Some(c) => c.parse().map_err(|_| NetError::Permanent(format!("no such cursor: {c}")))?,
        };
        let (events, to, length) = self.read(from, PAGE);
        Ok(Page { events, cursor: (cursor.is_none() || to > from).then(|| to.to_string()), more: to < length, gap: false })
    }

    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        let mut grew = self.square.watch();
        let mut from = self.square.lock().log().len();
        loop {
            let (batch, to, _) = self.read(from, PAGE);
            for event in batch {
                if events.send(event).await.is_err() {
                    return NetError::Retry { after_ms: None, why: "nobody listens".into() };
                }
            }
            if to > from {
                from = to;
            } else if grew.changed().await.is_err() {
                return NetError::Permanent("the square is empty".into());
            }
        }
    }

    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        let books = self.square.lock();
        let mut events = Vec::new();
        for post in posts {
            let id = match post {
                PostRef::World(id) => id.clone(),
                PostRef::Local { local_id, .. } => PostId(format!("{NETWORK}:{local_id}")),
            };
            let Some(s) = books.post(&id) else { continue };
            match (s.deleted_at, self.reads(&books, &s.post)) {
                (Some(at), _) => events.push(NetEvent::Deleted { post: post.clone(), at }),
                (None, Some(seen)) if seen.edited_at.is_some() => events.push(NetEvent::Edited(seen)),
                (None, _) => events.push(NetEvent::Engagement { post: post.clone(), engagement: s.post.engagement }),
            }
        }
        Ok(events)
    }

    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        self.send_with(op, send, earlier, &[]).await
    }

    async fn send_with(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, pictures: &[Image]) -> Outcome {
        let hiccup = self.square.hiccup();
        if hiccup == Some(Hiccup::TooMany) {
            return Outcome::Retry { after_ms: Some(5_000), why: "too many requests".into(), lane: true };
        }
        let now = self.square.clock.now();
        let done = self.square.with(|books| {
            let done = self.publish(books, send, earlier, now);
            books.receive(Received {
                op: op.to_owned(),
                account: self.account.clone(),
                kind: send.kind.clone(),
                target: send.target.clone(),
                to: send.to.id.clone(),
                text: send.text.clone(),
                pictures: pictures.to_vec(),
                at: now,
                post: done.as_ref().ok().cloned(),
            });
            done
        });
        match done {
            Ok(_) if hiccup == Some(Hiccup::AnswerLost) => Outcome::Unknown { why: "the connection broke before the answer".into() },
            Ok(id) => Outcome::Done(receipt(&id)),
            Err(outcome) => outcome,
        }
    }

    async fn look(&self, _op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        let books = self.square.lock();
        if let (SendKind::Retract { .. } | SendKind::Correct { .. }, Some(SendState::Published { id, .. })) = (&send.kind, earlier) {
            let stands = books.post(id);
            let done = match send.kind {
                SendKind::Retract { .. } => stands.is_none_or(|s| s.deleted_at.is_some()),
                _ => stands.is_some_and(|s| s.post.text.expose() == addressed(send)),
            };
            return if done { Look::Found(receipt(id)) } else { Look::Absent };
        }
        // As on any network without operation ids: one's own posts are read back.
        let text = addressed(send);
        let parent = send.target.as_ref();
        let found = books.posts().find(|s| {
            s.hand == Hand::Program(self.account.clone())
                && s.post.created_at >= since
                && !known.contains(&receipt(&s.post.id).native_id)
                && s.post.text.expose() == text
                && s.post.is_dm() == send.kind.is_private()
                && s.post.parent.as_ref().and_then(|p| p.id.as_ref()) == parent
        });
        found.map_or(Look::Absent, |s| Look::Found(receipt(&s.post.id)))
    }

    async fn check(&self) -> Vec<Finding> {
        let what = format!("account.{}", self.account);
        match self.prepare().await {
            Ok(policy) => vec![Finding { ok: true, what, detail: Say::new("check-square-ready").text("handle", policy.handle) }],
            Err(why) => vec![Finding { ok: false, what, detail: Say::new("check-square-no-account").text("why", why.to_string()) }],
        }
    }
}

#[cfg(test)]
mod tests;
