//! What stands on the server, and what happened to it.

use super::Draft;
use super::faults::Faults;
use super::render;
use super::server::Streams;
use sereno::clock::{Clock, HOUR_MS, MINUTE_MS};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The domain of the accounts; their uris are below it.
pub const DOMAIN: &str = "emulator.example";

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: u64,
    /// `ana`, or `ana@far.example`.
    pub acct: String,
    /// The actor's uri: never changes.
    pub uri: String,
    pub followers: i64,
    pub bot: bool,
    pub made: i64,
}

/// A status.
#[derive(Clone, Debug)]
pub struct Status {
    pub id: u64,
    pub account: u64,
    pub text: String,
    pub html: String,
    pub visibility: String,
    pub warning: String,
    pub language: Option<String>,
    pub made: i64,
    pub edited: Option<i64>,
    pub answers: Option<u64>,
    pub mentions: Vec<u64>,
    pub tags: Vec<String>,
    pub media: Vec<(String, String)>,
    pub boosts: BTreeSet<u64>,
    pub likes: u64,
    pub deleted: bool,
    pub edits: u32,
    pub token: Option<String>,
    pub key: Option<String>,
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Notification {
    pub id: u64,
    pub to: u64,
    pub kind: &'static str,
    pub from: u64,
    pub status: u64,
    pub made: i64,
    /// Has its id, but does not show yet.
    pub held: bool,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub n: u64,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub token: Option<String>,
    pub key: Option<String>,
    /// The text that it asks to publish.
    pub text: Option<String>,
    pub agent: Option<String>,
    /// The fault that it met.
    pub fault: Option<&'static str>,
    /// What it was answered, where it was; `None` also while it is still being worked on.
    pub code: Option<u16>,
}

/// A status as the books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: String,
    pub uri: String,
    /// The account's name.
    pub by: String,
    /// The token it was posted with; `None`: by a helper of the test, as if on the server's own site.
    pub token: Option<String>,
    pub key: Option<String>,
    /// As it was posted, not rendered.
    pub text: String,
    pub visibility: String,
    pub language: Option<String>,
    /// The uri of what it answers.
    pub answers: Option<String>,
    /// Names of those it names.
    pub mentions: Vec<String>,
    pub deleted: bool,
    pub edits: u32,
}

/// What truly happened.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Every status there ever was, oldest first.
    pub posted: Vec<Posted>,
    /// Every request, in order.
    pub requests: Vec<Request>,
}

impl Books {
    /// What was posted through the API with this token, also what is deleted by now.
    pub fn by_token(&self, token: &str) -> Vec<&Posted> {
        self.posted.iter().filter(|p| p.token.as_deref() == Some(token)).collect()
    }

    /// What the API was used to answer a post with.
    pub fn answers_to(&self, uri: &str) -> Vec<&Posted> {
        self.posted.iter().filter(|p| p.token.is_some() && p.answers.as_deref() == Some(uri)).collect()
    }

    /// Statuses that stand more than once: same author through the API, same target, same text, none deleted.
    pub fn doubled(&self) -> Vec<&Posted> {
        let mut seen = BTreeSet::new();
        let stands = |p: &&Posted| p.token.is_some() && !p.deleted;
        self.posted.iter().filter(stands).filter(|p| !seen.insert((&p.by, &p.answers, &p.text, &p.mentions))).collect()
    }

    /// A status by its uri.
    pub fn get(&self, uri: &str) -> Option<&Posted> {
        self.posted.iter().find(|p| p.uri == uri)
    }

    /// Requests of a method whose path holds this.
    pub fn requests_of(&self, method: &str, part: &str) -> Vec<&Request> {
        self.requests.iter().filter(|r| r.method == method && r.path.contains(part)).collect()
    }
}

/// An allowance of requests.
#[derive(Clone, Debug)]
pub struct Budget {
    pub all: u32,
    pub left: u32,
    pub window_ms: i64,
    pub until: i64,
}

impl Budget {
    pub fn new(all: u32, window_ms: i64) -> Budget {
        Budget { all, left: all, window_ms, until: 0 }
    }

    /// Takes one; whether there was one.
    pub fn take(&mut self, now: i64) -> bool {
        if now >= self.until {
            self.until = now + self.window_ms;
            self.left = self.all;
        }
        let had = self.left > 0;
        self.left = self.left.saturating_sub(1);
        had
    }
}

/// The whole server.
pub struct State {
    pub base: String,
    pub clock: Clock,
    /// How far its clock is behind the machine's, in milliseconds.
    pub behind_ms: i64,
    pub accounts: BTreeMap<u64, Account>,
    pub statuses: BTreeMap<u64, Status>,
    pub notifications: Vec<Notification>,
    pub tokens: HashMap<String, u64>,
    pub revoked: BTreeSet<String>,
    pub follows: BTreeSet<(u64, u64)>,
    /// Account and key: status, and when.
    pub keys: HashMap<(u64, String), (u64, i64)>,
    pub requests: Vec<Request>,
    pub faults: Faults,
    pub stream: Streams,
    pub idempotency: bool,
    pub budget: Option<Budget>,
    pub max_characters: usize,
    pub link_characters: usize,
    pub shuffled: bool,
    pub hold: bool,
    pub old: bool,
    /// Whether private messages are left out of an account's statuses.
    pub private_apart: bool,
    next: u64,
}

impl Default for State {
    fn default() -> Self {
        State {
            base: String::new(),
            clock: Clock::system(),
            behind_ms: 0,
            accounts: BTreeMap::new(),
            statuses: BTreeMap::new(),
            notifications: Vec::new(),
            tokens: HashMap::new(),
            revoked: BTreeSet::new(),
            follows: BTreeSet::new(),
            keys: HashMap::new(),
            requests: Vec::new(),
            faults: Faults::default(),
            stream: Streams::default(),
            idempotency: true,
            budget: None,
            max_characters: 500,
            link_characters: 23,
            shuffled: false,
            hold: false,
            old: false,
            private_apart: false,
            // Ids of different lengths come up early on.
            next: 95,
        }
    }
}

impl State {
    pub fn now(&self) -> i64 {
        self.clock.now().0 - self.behind_ms
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The id of somebody, made if new.
    pub fn account(&mut self, acct: &str) -> u64 {
        if let Some(a) = self.find_account(acct) {
            return a;
        }
        let id = self.id();
        let made = self.now() - 400 * 24 * HOUR_MS;
        let uri = render::actor(acct);
        self.accounts.insert(id, Account { id, acct: acct.into(), uri, followers: 12, bot: false, made });
        id
    }

    /// By `ana`, `ana@emulator.example` or `ana@far.example`.
    pub fn find_account(&self, acct: &str) -> Option<u64> {
        let local = acct.strip_suffix(&format!("@{DOMAIN}")).unwrap_or(acct);
        self.accounts.values().find(|a| a.acct.eq_ignore_ascii_case(local)).map(|a| a.id)
    }

    pub fn uri(&self, id: u64) -> String {
        let account = &self.accounts[&self.statuses[&id].account];
        format!("{}/statuses/{id}", account.uri)
    }

    pub fn id_of(&self, uri: &str) -> Option<u64> {
        let id = uri.rsplit('/').next()?.parse().ok()?;
        self.statuses.contains_key(&id).then_some(id)
    }

    /// A status that `viewer` may see.
    pub fn visible(&self, id: u64, viewer: Option<u64>) -> Option<&Status> {
        let status = self.statuses.get(&id).filter(|s| !s.deleted)?;
        let open = matches!(status.visibility.as_str(), "public" | "unlisted");
        let own = viewer == Some(status.account);
        let named = viewer.is_some_and(|v| status.mentions.contains(&v));
        let follows = status.visibility == "private" && viewer.is_some_and(|v| self.follows.contains(&(v, status.account)));
        (open || own || named || follows).then_some(status)
    }

    /// Posts. `through`: token and idempotency key of a post through the API.
    pub fn publish(&mut self, account: u64, draft: Draft, through: Option<(String, Option<String>)>) -> String {
        let answers = draft.answers.as_deref().and_then(|uri| self.id_of(uri));
        let (mentions, tags) = render::named(self, &draft.text);
        let html = draft.html.clone().unwrap_or_else(|| render::html(self, &draft.text));
        let (token, key) = through.map_or((None, None), |(token, key)| (Some(token), key));
        let id = self.id();
        let made = self.now() - draft.age_min * MINUTE_MS;
        self.statuses.insert(
            id,
            Status {
                id,
                account,
                html,
                text: draft.text,
                visibility: draft.visibility.unwrap_or("public").into(),
                warning: draft.warning,
                language: draft.language.map(str::to_owned),
                made,
                edited: None,
                answers,
                mentions: mentions.clone(),
                tags,
                media: draft.media,
                boosts: BTreeSet::new(),
                likes: 0,
                deleted: false,
                edits: 0,
                token,
                key,
            },
        );
        super::api::stream_status(self, id, "update");
        for to in mentions.into_iter().filter(|m| *m != account) {
            self.notify(to, "mention", account, id);
        }
        self.uri(id)
    }

    pub fn notify(&mut self, to: u64, kind: &'static str, from: u64, status: u64) {
        let id = self.id();
        let made = if kind == "mention" { self.statuses[&status].made } else { self.now() };
        self.notifications.push(Notification { id, to, kind, from, status, made, held: self.hold });
        if !self.hold {
            super::api::stream_notification(self, self.notifications.len() - 1);
        }
    }

    /// What was held back appears, under the ids that it had all along.
    pub fn release(&mut self) {
        self.release_where(|_| true);
    }

    pub fn release_from(&mut self, from: u64) {
        self.release_where(|n| n.from == from);
    }

    fn release_where(&mut self, of: impl Fn(&Notification) -> bool) {
        for at in 0..self.notifications.len() {
            if self.notifications[at].held && of(&self.notifications[at]) {
                self.notifications[at].held = false;
                super::api::stream_notification(self, at);
            }
        }
    }

    pub fn delete(&mut self, id: u64) {
        super::api::stream_delete(self, id);
        self.statuses.get_mut(&id).unwrap().deleted = true;
        // As on Mastodon, notifications of it go with it.
        self.notifications.retain(|n| n.status != id);
    }

    pub fn edit(&mut self, id: u64, text: &str) {
        let html = render::html(self, text);
        let (mentions, tags) = render::named(self, text);
        let now = self.now();
        let status = self.statuses.get_mut(&id).unwrap();
        status.text = text.into();
        status.html = html;
        status.tags = tags;
        status.edited = Some(now.max(status.edited.unwrap_or(0) + 1));
        status.edits += 1;
        let new: Vec<u64> = mentions.iter().copied().filter(|m| !status.mentions.contains(m)).collect();
        status.mentions.extend(&new);
        let (author, boosted) = (status.account, status.boosts.clone());
        super::api::stream_status(self, id, "status.update");
        for to in boosted {
            self.notify(to, "update", author, id);
        }
        for to in new.into_iter().filter(|m| *m != author) {
            self.notify(to, "mention", author, id);
        }
    }

    pub fn boost(&mut self, by: u64, id: u64) {
        let status = self.statuses.get_mut(&id).unwrap();
        let author = status.account;
        if status.boosts.insert(by) && by != author {
            self.notify(author, "reblog", by, id);
        }
    }

    pub fn like(&mut self, id: u64) {
        self.statuses.get_mut(&id).unwrap().likes += 1;
    }

    pub fn books(&self) -> Books {
        let name = |id: &u64| self.accounts[id].acct.clone();
        let posted = self.statuses.values().map(|s| Posted {
            id: s.id.to_string(),
            uri: self.uri(s.id),
            by: name(&s.account),
            token: s.token.clone(),
            key: s.key.clone(),
            text: s.text.clone(),
            visibility: s.visibility.clone(),
            language: s.language.clone(),
            answers: s.answers.map(|a| self.uri(a)),
            mentions: s.mentions.iter().map(name).collect(),
            deleted: s.deleted,
            edits: s.edits,
        });
        Books { posted: posted.collect(), requests: self.requests.clone() }
    }
}
