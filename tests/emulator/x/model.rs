//! Who is there, what was written, and what was asked for.

use super::rules::Rule;
use super::webhooks::{Parcel, Subscription, Webhook};
use super::{BRAND, show};
use crate::openapi::OpenApi;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore as _;
use serde_json::{Value, json};
use sereno::clock::{Clock, Time};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;

/// A post, or one version of it.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    pub id: String,
    pub author: String,
    pub text: String,
    pub answers: Option<String>,
    pub quotes: Option<String>,
    pub reposts: Option<String>,
    pub conversation: String,
    /// All versions, the first first.
    pub versions: Vec<String>,
    pub deleted: bool,
    /// Made by a call of the API.
    pub by_api: bool,
}

/// A private message.
#[derive(Clone, Debug)]
pub struct Dm {
    pub id: String,
    pub from: String,
    pub to: String,
    pub text: String,
    pub by_api: bool,
}

/// A request, and what became of it.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub status: u16,
    /// What went wrong with it.
    pub fault: Option<Fault>,
    /// Whether whoever asked was told anything.
    pub answered: bool,
}

/// What truly happened.
#[derive(Clone, Debug, Default)]
pub struct Books {
    pub posts: Vec<Posted>,
    pub dms: Vec<Dm>,
    pub requests: Vec<Request>,
    /// Where requests or answers are not as X describes them.
    pub faults: Vec<String>,
    /// What webhooks answered to what was sent there; 0: nothing.
    pub delivered: Vec<u16>,
    /// Refresh tokens that were exchanged.
    pub renewed: u32,
    /// Refresh tokens that came a second time.
    pub spent_twice: u32,
    /// Pictures that were given, published or not.
    pub media: Vec<Given>,
}

/// A picture that X was given.
#[derive(Clone, Debug)]
pub struct Given {
    pub id: String,
    pub by: String,
    pub category: String,
    pub bytes: Vec<u8>,
    /// When X forgets it.
    pub ends: Time,
    /// What it hangs on.
    pub on: Option<String>,
}

impl Books {
    /// The answers to a post that the API was asked to make and that still stand.
    pub fn answers_to(&self, id: &str) -> Vec<&Posted> {
        self.posts.iter().filter(|p| p.by_api && !p.deleted && p.answers.as_deref() == Some(id)).collect()
    }
    /// The private messages that the API was asked to send to somebody.
    pub fn dms_to(&self, id: &str) -> Vec<&Dm> {
        self.dms.iter().filter(|d| d.by_api && d.to == id).collect()
    }
    /// How often something was asked for.
    pub fn asked(&self, method: &str, part: &str) -> usize {
        self.requests.iter().filter(|r| r.method == method && r.path.contains(part)).count()
    }
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, as if the window were used up; it ends so many seconds ahead.
    TooMany { after_s: i64 },
    /// An answer of this status, the thing done before or not.
    Status { code: u16, done: bool },
    /// The connection is closed without an answer, the thing done or not.
    Drop { done: bool },
    /// No answer ever, the thing done or not.
    Hang { done: bool },
    /// Taken in, and done only after so many milliseconds, whether the asker is still there or not.
    Slow { ms: u64 },
    /// Done, and answered only after so many milliseconds.
    Late { ms: u64 },
    /// Done, and answered with something unreadable.
    Malformed,
    /// Done, and the answer breaks off in the middle.
    HalfAnswer,
}

impl Fault {
    pub fn done(self) -> bool {
        match self {
            Fault::TooMany { .. } => false,
            Fault::Status { done, .. } | Fault::Drop { done } | Fault::Hang { done } => done,
            Fault::Slow { .. } | Fault::Late { .. } | Fault::Malformed | Fault::HalfAnswer => true,
        }
    }
}

impl Fault {
    /// Its name in the count.
    fn name(self) -> &'static str {
        match self {
            Fault::TooMany { .. } => "too-many",
            Fault::Status { done: false, .. } => "refused",
            Fault::Status { done: true, .. } => "done-then-error",
            Fault::Hang { done: false } => "hang",
            Fault::Hang { done: true } => "done-then-hang",
            Fault::Drop { done: false } => "drop",
            Fault::Drop { done: true } => "done-then-drop",
            Fault::Slow { .. } => "slow",
            Fault::Late { .. } => "late",
            Fault::Malformed => "malformed",
            Fault::HalfAnswer => "half-answer",
        }
    }
}

/// How many of a thousand requests, or streamed lines, meet each fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chances {
    pub too_many: u32,
    pub error_before: u32,
    pub error_after: u32,
    pub drop_before: u32,
    pub drop_after: u32,
    pub hang: u32,
    pub malformed: u32,
    pub half_answer: u32,
    /// A streamed line that never comes.
    pub stream_lost: u32,
    /// One that comes twice.
    pub stream_doubled: u32,
}

pub struct Person {
    pub id: String,
    pub name: String,
    pub followers: u64,
    pub takes_dms: bool,
    pub protected: bool,
}

/// An access token.
#[derive(Clone)]
pub struct Access {
    pub user: String,
    pub scopes: Vec<String>,
    pub ends: Time,
}

/// What a refresh token is good for, once.
pub struct Refresh {
    pub user: String,
    pub scopes: String,
    pub spent: bool,
}

/// An open stream.
pub struct Stream {
    /// `search` or `activity`.
    pub kind: &'static str,
    pub fields: show::Wanted,
    pub out: mpsc::UnboundedSender<String>,
}

pub struct State {
    pub description: Option<OpenApi>,
    clock: Clock,
    pub ahead_ms: i64,
    last_id: i64,
    pub people: BTreeMap<String, Person>,
    pub books: Books,
    pub looked_at: bool,
    pub access: BTreeMap<String, Access>,
    pub refresh: BTreeMap<String, Refresh>,
    /// So long access tokens live, in milliseconds.
    pub life_ms: i64,
    /// Codes: challenge and redirect.
    pub codes: BTreeMap<String, (String, String)>,
    pub ordered: Vec<(&'static str, Fault, u32)>,
    /// The next that publish something meet these.
    pub publishing: Vec<Fault>,
    pub chance: Option<(Chances, ChaCha8Rng)>,
    /// Faults done, by name.
    pub done: BTreeMap<&'static str, u64>,
    pub allowed: BTreeMap<&'static str, u32>,
    /// Of each endpoint and token: when its window began, and how many requests it has seen.
    pub windows: BTreeMap<(String, String), (Time, u32)>,
    pub rules: Vec<Rule>,
    pub webhooks: Vec<Webhook>,
    pub subscriptions: Vec<Subscription>,
    /// To the one who carries what goes to webhooks.
    pub parcels: Option<mpsc::UnboundedSender<Parcel>>,
    pub streams: Vec<Stream>,
    pub keep_alive_ms: u64,
    pub stalled: bool,
    pub mute: bool,
    pub stutters: bool,
    /// What posts refer to is told by its id alone, but in lookups.
    pub terse: bool,
}

impl State {
    pub fn new(description: Option<OpenApi>) -> State {
        State {
            description,
            clock: Clock::system(),
            ahead_ms: 0,
            last_id: 0,
            people: BTreeMap::new(),
            books: Books::default(),
            looked_at: false,
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            life_ms: 7_200_000,
            codes: BTreeMap::new(),
            ordered: Vec::new(),
            publishing: Vec::new(),
            chance: None,
            done: BTreeMap::new(),
            allowed: BTreeMap::new(),
            windows: BTreeMap::new(),
            rules: Vec::new(),
            webhooks: Vec::new(),
            subscriptions: Vec::new(),
            parcels: None,
            streams: Vec::new(),
            keep_alive_ms: 20_000,
            stalled: false,
            mute: false,
            stutters: false,
            terse: false,
        }
    }

    /// The fault that a request meets.
    pub fn fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let fault = self.drawn(method, path)?;
        *self.done.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    fn drawn(&mut self, method: &str, path: &str) -> Option<Fault> {
        if method == "POST" && (path == "/2/tweets" || path.ends_with("/messages")) && !self.publishing.is_empty() {
            return Some(self.publishing.remove(0));
        }
        let what = format!("{method} {path}");
        if let Some(found) = self.ordered.iter_mut().find(|(on, _, times)| *times > 0 && what.contains(*on)) {
            found.2 -= 1;
            return Some(found.1);
        }
        let (c, rng) = self.chance.as_mut()?;
        let mut draw = rng.next_u32() % 1_000;
        let table = [
            (c.too_many, Fault::TooMany { after_s: 1 }),
            (c.error_before, Fault::Status { code: 500, done: false }),
            (c.error_after, Fault::Status { code: 503, done: true }),
            (c.drop_before, Fault::Drop { done: false }),
            (c.drop_after, Fault::Drop { done: true }),
            (c.hang, Fault::Hang { done: draw.is_multiple_of(2) }),
            (c.malformed, Fault::Malformed),
            (c.half_answer, Fault::HalfAnswer),
        ];
        for (share, fault) in table {
            if draw < share {
                return Some(fault);
            }
            draw -= share;
        }
        None
    }

    /// How often a line is streamed.
    pub fn times(&mut self) -> usize {
        let Some((c, rng)) = self.chance.as_mut() else { return 1 + usize::from(self.stutters) };
        let draw = rng.next_u32() % 1_000;
        let (times, name) = match draw {
            d if d < c.stream_lost => (0, "stream-lost"),
            d if d < c.stream_lost + c.stream_doubled => (2, "stream-doubled"),
            _ => return 1,
        };
        *self.done.entry(name).or_default() += 1;
        times
    }

    pub fn now(&self) -> Time {
        self.clock.now().plus(self.ahead_ms)
    }

    /// A new id, which says when it was made, as X's do.
    pub fn id(&mut self) -> String {
        let at = (self.now().0 - 1_288_834_974_657) << 22;
        self.last_id = at.max(self.last_id + 1);
        self.last_id.to_string()
    }

    pub fn person(&mut self, name: &str) -> String {
        if let Some(known) = self.people.values().find(|p| p.name == name) {
            return known.id.clone();
        }
        let id = (31_000 + self.people.len()).to_string();
        let person = Person { id: id.clone(), name: name.into(), followers: 10, takes_dms: true, protected: false };
        self.people.insert(id.clone(), person);
        id
    }

    pub fn brand(&self) -> &Person {
        self.people.values().find(|p| p.name == BRAND).unwrap()
    }

    pub fn post(&self, id: &str) -> Option<&Posted> {
        self.books.posts.iter().find(|p| p.id == id)
    }

    /// Whether a version is the last of its post.
    pub fn is_last(&self, post: &Posted) -> bool {
        self.post(&post.versions[0]).is_none_or(|first| first.versions.last() == Some(&post.id))
    }

    /// Whom a text names.
    pub fn named(&self, text: &str) -> Vec<&Person> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names: BTreeSet<&str> = text.split('@').skip(1).map(|rest| rest.split(|c| !is_part(c)).next().unwrap_or_default()).collect();
        self.people.values().filter(|p| names.iter().any(|n| p.name.eq_ignore_ascii_case(n))).collect()
    }

    pub fn publish(&mut self, author: &str, text: &str, answers: Option<&str>, quotes: Option<&str>, by_api: bool) -> String {
        let id = self.id();
        let conversation = answers.and_then(|a| self.post(a)).map_or_else(|| id.clone(), |a| a.conversation.clone());
        let post = Posted {
            id: id.clone(),
            author: author.into(),
            text: text.into(),
            answers: answers.map(Into::into),
            quotes: quotes.map(Into::into),
            conversation,
            versions: vec![id.clone()],
            by_api,
            ..Posted::default()
        };
        self.books.posts.push(post.clone());
        self.tell(&post);
        id
    }

    pub fn repost(&mut self, by: &str, of: &str) -> String {
        let id = self.id();
        let original = self.post(of).unwrap();
        let text = format!("RT @{}: {}", self.people[&original.author].name, original.text);
        let post = Posted {
            id: id.clone(),
            author: by.into(),
            text,
            reposts: Some(of.into()),
            conversation: id.clone(),
            versions: vec![id.clone()],
            ..Posted::default()
        };
        self.books.posts.push(post.clone());
        self.tell(&post);
        id
    }

    pub fn edit(&mut self, of: &str, text: &str) -> String {
        let id = self.id();
        let before = self.post(of).unwrap().clone();
        let mut versions = self.post(&before.versions[0]).unwrap().versions.clone();
        versions.push(id.clone());
        // Every version tells of all of them.
        for post in self.books.posts.iter_mut().filter(|p| p.versions[0] == before.versions[0]) {
            post.versions.clone_from(&versions);
        }
        let post = Posted { id: id.clone(), text: text.into(), versions, ..before };
        self.books.posts.push(post.clone());
        self.tell(&post);
        id
    }

    pub fn delete(&mut self, id: &str) {
        let Some(post) = self.post(id).cloned() else { return };
        for version in self.books.posts.iter_mut().filter(|p| p.versions[0] == post.versions[0]) {
            version.deleted = true;
        }
        let payload = json!({"id": post.id, "author_id": post.author});
        self.happen("post.delete", &post.author, &payload, None);
    }

    pub fn message(&mut self, from: &str, to: &str, text: &str, by_api: bool) -> String {
        let id = self.id();
        self.books.dms.push(Dm { id: id.clone(), from: from.into(), to: to.into(), text: text.into(), by_api });
        id
    }

    /// Streams hear of a post.
    fn tell(&mut self, post: &Posted) {
        let brand = self.brand().id.clone();
        if post.author != brand {
            let whole = show::post(self, post, &show::Wanted::all());
            let includes = show::includes(self, &[post], &show::Wanted::all());
            let names = self.named(&post.text).iter().any(|p| p.id == brand);
            let of = |id: &Option<String>| id.as_ref().and_then(|id| self.post(id)).is_some_and(|p| p.author == brand);
            let (answers, quotes) = (of(&post.answers), of(&post.quotes));
            let kinds = [(names, "post.mention.create"), (answers, "post.reply.create"), (quotes, "post.quote.create")];
            for (_, kind) in kinds.iter().filter(|(yes, _)| *yes && post.reposts.is_none()) {
                self.happen(kind, &brand, &whole, Some(&includes));
            }
        }
        let caught: Vec<Value> = self.rules.iter().filter(|r| r.catches(post)).map(|r| json!({"id": r.id, "tag": r.tag})).collect();
        if caught.is_empty() || self.mute || self.stalled {
            return;
        }
        let times = self.times();
        for stream in self.streams.iter().filter(|s| s.kind == "search") {
            let data = show::post(self, post, &stream.fields);
            let mut line = json!({"data": data, "matching_rules": caught});
            let includes = show::includes(self, &[post], &stream.fields);
            if includes.as_object().is_some_and(|i| !i.is_empty()) {
                line["includes"] = includes;
            }
            for _ in 0..times {
                stream.out.send(format!("{line}\r\n")).ok();
            }
        }
    }

    /// Whoever subscribed to something hears of it.
    fn happen(&mut self, kind: &str, account: &str, payload: &Value, includes: Option<&Value>) {
        let wanted = self.subscriptions.iter().any(|s| s.kind == kind && s.user == account);
        if !wanted || self.mute || self.stalled {
            return;
        }
        let uuid = self.id();
        let mut data = json!({"event_uuid": uuid, "event_type": kind, "filter": {"user_id": account}, "payload": payload});
        if let Some(includes) = includes {
            data["includes"] = includes.clone();
        }
        let line = json!({ "data": data });
        if let Some(description) = &self.description {
            self.books.faults.extend(description.schema("ActivityStreamResponse", &line));
        }
        self.told(kind, account, &line);
    }

    pub fn stream_raw(&mut self, line: &str) {
        for stream in &self.streams {
            for _ in 0..=u8::from(self.stutters) {
                stream.out.send(format!("{line}\r\n")).ok();
            }
        }
    }

    pub fn open_streams(&mut self) -> usize {
        self.streams.retain(|s| !s.out.is_closed());
        self.streams.len()
    }

    pub fn grant(&mut self, user: &str, scopes: &str) -> (String, String) {
        let (access, refresh) = (format!("access-{}", self.id()), format!("refresh-{}", self.id()));
        let ends = self.now().plus(self.life_ms);
        self.access.insert(access.clone(), Access { user: user.into(), scopes: scopes.split(' ').map(Into::into).collect(), ends });
        self.refresh.insert(refresh.clone(), Refresh { user: user.into(), scopes: scopes.into(), spent: false });
        (access, refresh)
    }

    pub fn agree(&mut self, challenge: &str, redirect: &str) -> String {
        let code = format!("code-{}", self.id());
        self.codes.insert(code.clone(), (challenge.into(), redirect.into()));
        code
    }

    pub fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }
}
