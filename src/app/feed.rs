//! Reads one account: signs in, reconciles its streams from their cursors, listens, looks posts up
//! again. Nothing here decides; whatever happens is handed to the engine.
//!
//! A page is handed in together with its new cursor, and the next is not asked for before its
//! commit: whatever breaks, the store says where to go on.

use super::Shell;
use super::inbox::{Door, Stopped};
use super::state::{AccountState, Turn, Vigil};
use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use crate::engine::{Batch, Input};
use crate::network::{NetError, NetworkAccount, Page};
use crate::policy::FAILING_AGAIN_MS;
use crate::post::{Account, NetEvent};
use crate::say::Say;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// A call that reads is given up after so long: longer than the adapter's own bounds.
const READ_BOUND: Duration = Duration::from_secs(120);
/// Pages of one stream in one round; the rest comes with the next.
const MOST_PAGES: usize = 1_000;
/// Pushed events that may wait, and that go into one commit.
const PUSH_WAITING: usize = 64;
/// How often it is looked how the account fares.
const WATCH_MS: i64 = 15 * SECOND_MS;
/// How often it is noted what the account has cost, if anything: a process that is killed forgets no more.
const COSTS_MS: i64 = 10 * SECOND_MS;
/// How often posts of recent cases are looked up again.
const REFRESH_MS: i64 = MINUTE_MS;
/// First and longest pause after a failure.
const BACKOFF_MS: (i64, i64) = (SECOND_MS, MINUTE_MS);
/// First and longest pause after a token was found bad.
const AUTH_BACKOFF_MS: (i64, i64) = (15 * SECOND_MS, 15 * MINUTE_MS);
/// No wish of a network is followed for longer.
const MOST_WAIT_MS: i64 = HOUR_MS;

/// An account to be read, and how often it is reconciled.
#[derive(Clone)]
pub struct Source {
    /// The account.
    pub account: Arc<dyn NetworkAccount>,
    /// Milliseconds between two rounds of reconciliation, besides listening.
    pub poll_ms: i64,
}

/// Pauses that grow from failure to failure.
struct Backoff {
    range: (i64, i64),
    next_ms: i64,
}

impl Backoff {
    fn new(range: (i64, i64)) -> Backoff {
        Backoff { range, next_ms: range.0 }
    }
    fn reset(&mut self) {
        self.next_ms = self.range.0;
    }
    /// The next pause; a network's own wish counts if it is longer.
    fn next(&mut self, wish: Option<i64>) -> i64 {
        let pause = self.next_ms.max(wish.unwrap_or(0)).min(MOST_WAIT_MS);
        self.next_ms = (self.next_ms * 2).min(self.range.1);
        pause
    }
}

/// Reads an account until the bot stops.
pub(super) async fn run(shell: Arc<Shell>, source: Source) {
    let feed = Feed {
        name: source.account.account().clone(),
        account: source.account,
        poll_ms: source.poll_ms,
        newest: AtomicI64::new(i64::MIN),
        gaps: Mutex::default(),
        shell,
    };
    if let Err(Stopped) = feed.run().await {
        tracing::debug!(account = %feed.name, "no longer read");
    }
}

/// The stream of an account's cursors under which it stands which streams of listening rules are read.
const LISTENED: &str = "listened";

/// How reading goes, stream by stream.
#[derive(Default)]
struct Reading {
    /// The streams, as they were when it was seen to it that the new ones of them begin where they should.
    begun: Vec<String>,
    /// Streams that were read up to the present since the start, or that the server does not have.
    known: BTreeSet<String>,
    /// Streams that the network asked to be left alone, until when, and why.
    rests: BTreeMap<String, (Time, String)>,
}

impl Reading {
    /// Whether a stream is still to be left alone.
    fn rests(&self, stream: &str, now: Time) -> bool {
        self.rests.get(stream).is_some_and(|(until, _)| now < *until)
    }

    /// What is to be waited for where nothing at all could be read: the stream that may be read first.
    fn soonest(&self, now: Time) -> Option<NetError> {
        let (until, why) = self.rests.values().min()?;
        Some(NetError::Retry { after_ms: Some(until.since(now).max(0)), why: why.clone() })
    }
}

struct Feed {
    shell: Arc<Shell>,
    account: Arc<dyn NetworkAccount>,
    name: Account,
    poll_ms: i64,
    /// When the newest post that was heard of so far was written.
    newest: AtomicI64,
    /// The streams of which something is missing, as the team was told.
    gaps: Mutex<BTreeSet<String>>,
}

impl Feed {
    async fn run(&self) -> Result<(), Stopped> {
        tokio::try_join!(self.read(), self.watch(), self.pay()).map(drop)
    }

    /// Tells the team of an account that has been failing for minutes, and of what had to be passed over.
    async fn watch(&self) -> Result<(), Stopped> {
        let mut vigil = Vigil::default();
        let (mut counted, mut told, mut told_at) = (0, 0, None);
        loop {
            self.sleep(WATCH_MS).await;
            let now = self.shell.clock.now();
            let said = |code: &str| Say::new(code).text("account", self.name.to_string());
            let turn = vigil.look(now, &self.shell.states.of(&self.name), self.shell.states.is_suspect(&self.name));
            match turn {
                Some(Turn::Down { since, why }) => {
                    let minutes = now.since(since).max(0).unsigned_abs() / MINUTE_MS.unsigned_abs();
                    self.shell.alarm(&said("cli-alarm-account-down").number("minutes", minutes).text("why", why)).await;
                }
                Some(Turn::Back) => self.shell.alarm(&said("cli-alarm-account-back")).await,
                None => {}
            }
            let passed_over = self.account.passed_over();
            for _ in counted..passed_over {
                self.shell.metrics.read_failed(&self.name, "passed_over");
            }
            counted = passed_over;
            if passed_over > told && told_at.is_none_or(|at| now.since(at) >= FAILING_AGAIN_MS) {
                self.shell.alarm(&said("cli-alarm-passed-over").number("count", passed_over - told)).await;
                (told, told_at) = (passed_over, Some(now));
            }
        }
    }

    /// Notes what the account's month has cost, for the next start and for the digest.
    async fn pay(&self) -> Result<(), Stopped> {
        let mut noted = None;
        loop {
            self.sleep(COSTS_MS).await;
            let costs = self.account.costs().filter(|costs| noted.as_ref() != Some(costs));
            if let Some(costs) = costs {
                self.shell.inbox.one(Door::Net, Input::Costs { account: self.name.clone(), costs: costs.clone() }).await?;
                noted = Some(costs);
            }
        }
    }

    async fn read(&self) -> Result<(), Stopped> {
        self.prepare().await?;
        let all = tokio::try_join!(self.poll(), self.push(), self.refresh());
        all.map(drop)
    }

    /// Signs in, however long it takes, and tells the engine who the account is.
    async fn prepare(&self) -> Result<(), Stopped> {
        let mut backoff = Backoff::new(BACKOFF_MS);
        let mut auth = Backoff::new(AUTH_BACKOFF_MS);
        loop {
            match bounded(self.account.prepare()).await {
                Ok(policy) => {
                    self.shell.learn(&self.name, policy).await?;
                    return self.health(None).await;
                }
                Err(error) => {
                    self.failed(&error).await?;
                    let pause = if matches!(error, NetError::Auth(_)) { auth.next(None) } else { backoff.next(wish(&error)) };
                    self.sleep(pause).await;
                }
            }
        }
    }

    /// Reconciles round by round.
    async fn poll(&self) -> Result<(), Stopped> {
        let mut backoff = Backoff::new(BACKOFF_MS);
        let (mut reading, mut reconciled) = (Reading::default(), false);
        loop {
            if self.shell.states.is_suspect(&self.name) {
                self.regain().await?;
            }
            let pause = match self.round(&mut reading).await? {
                Ok(()) => {
                    backoff.reset();
                    if self.shell.states.set(&self.name, AccountState::Ok { since: self.shell.clock.now() }) {
                        tracing::info!(account = %self.name, "read up to the present");
                    }
                    // An answer by the customer may stand on any of them: until all are known, nothing is sent.
                    if !reconciled && self.account.streams().iter().all(|s| reading.known.contains(s)) {
                        self.shell.inbox.one(Door::Net, Input::Reconciled(self.name.clone())).await?;
                        reconciled = true;
                    }
                    self.poll_ms
                }
                Err(error) => {
                    self.failed(&error).await?;
                    backoff.next(wish(&error))
                }
            };
            tokio::select! {
                () = self.sleep(pause) => {}
                () = self.shell.states.nudged(&self.name) => self.sleep(BACKOFF_MS.0).await,
                () = self.shell.states.suspected(&self.name) => {}
            }
        }
    }

    /// A token was found bad: signs in until it is good again.
    async fn regain(&self) -> Result<(), Stopped> {
        let pause = self.shell.states.doubt_pause(&self.name, self.shell.clock.now(), AUTH_BACKOFF_MS);
        self.sleep(pause).await;
        self.prepare().await?;
        self.shell.states.trust(&self.name);
        Ok(())
    }

    /// Reads every stream up to the present, but those that rest: what the network asks for one keeps no other from being read.
    async fn round(&self, reading: &mut Reading) -> Result<Result<(), NetError>, Stopped> {
        let (mut any, mut refused, mut broken) = (false, None, None);
        if let Err(error) = self.begin(reading).await? {
            return Ok(Err(error));
        }
        for stream in reading.begun.clone() {
            if reading.rests(&stream, self.shell.clock.now()) {
                continue;
            }
            reading.rests.remove(&stream);
            match self.stream(&stream).await? {
                Ok(()) => {
                    any = true;
                    reading.known.insert(stream);
                }
                // One stream that the server does not have must not keep the others from being read.
                Err(NetError::Permanent(why)) => {
                    tracing::warn!(account = %self.name, stream, why, "this stream cannot be read");
                    self.shell.metrics.read_failed(&self.name, "permanent");
                    reading.known.insert(stream);
                    refused = Some(NetError::Permanent(why));
                }
                Err(NetError::Retry { after_ms: Some(wish), why }) => {
                    tracing::warn!(account = %self.name, stream, why, wish_ms = wish, "the network asks for time on this stream");
                    self.shell.metrics.read_failed(&self.name, "retry");
                    reading.rests.insert(stream, (self.shell.clock.now().plus(wish.min(MOST_WAIT_MS)), why));
                }
                // A server that gives nothing at all is not asked for the rest.
                Err(error @ NetError::Retry { .. }) if any => broken = Some(error),
                Err(error) => return Ok(Err(error)),
            }
        }
        // An account of which nothing at all can be read does not fare well.
        let nothing = if any { None } else { reading.soonest(self.shell.clock.now()).or(refused) };
        Ok(broken.or(nothing).map_or(Ok(()), Err))
    }

    /// Sees to it that streams of new listening rules begin with the present: a change of rules brings no old posts, not even
    /// those since a rule was taken away that is back. Before anything is read: what breaks off half-way is begun again.
    async fn begin(&self, reading: &mut Reading) -> Result<Result<(), NetError>, Stopped> {
        let streams = self.account.streams();
        if reading.begun == streams {
            return Ok(Ok(()));
        }
        let (mut stored, mut listening, mut first) = (BTreeSet::new(), BTreeSet::new(), true);
        for stream in &streams {
            let known = match self.cursor(stream).await? {
                Ok(cursor) => cursor.is_some(),
                Err(error) => return Ok(Err(error)),
            };
            if self.account.begins(stream, false).is_none() {
                first &= !known;
                continue;
            }
            listening.insert(stream.clone());
            if known {
                stored.insert(stream.clone());
            }
        }
        let noted = match self.cursor(LISTENED).await? {
            Ok(noted) => noted.and_then(|json| serde_json::from_str::<BTreeSet<String>>(&json).ok()),
            Err(error) => return Ok(Err(error)),
        };
        if noted.as_ref().is_some_and(|noted| *noted != listening) || (noted.is_none() && !listening.is_empty()) {
            // An earlier version noted nothing: what it has read goes on.
            let known = noted.unwrap_or(stored);
            for stream in listening.difference(&known) {
                if let Some(cursor) = self.account.begins(stream, first) {
                    self.note(stream, cursor).await?;
                }
            }
            self.note(LISTENED, serde_json::to_string(&listening).unwrap_or_default()).await?;
        }
        reading.begun = streams;
        Ok(Ok(()))
    }

    async fn note(&self, stream: &str, cursor: String) -> Result<(), Stopped> {
        let cursor = Some((self.name.clone(), stream.to_owned(), cursor));
        self.shell.inbox.submit(Door::Net, Batch { inputs: Vec::new(), cursor }).await.map(drop)
    }

    /// Up to where a stream was read.
    async fn cursor(&self, stream: &str) -> Result<Result<Option<String>, NetError>, Stopped> {
        let (account, name) = (self.name.clone(), stream.to_owned());
        let cursor = self.shell.inbox.ask(move |engine, _| engine.cursor(&account, &name)).await?;
        Ok(cursor.map_err(|error| {
            let said = Say::new("cli-store-error").with("detail", error.why().into());
            NetError::Retry { after_ms: None, why: self.shell.say(&said, self.shell.policy().lang) }
        }))
    }

    async fn stream(&self, stream: &str) -> Result<Result<(), NetError>, Stopped> {
        let mut missing = false;
        for _ in 0..MOST_PAGES {
            let cursor = match self.cursor(stream).await? {
                Ok(cursor) => cursor,
                Err(error) => return Ok(Err(error)),
            };
            let page = match bounded(self.account.poll(stream, cursor.as_deref())).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            let Page { events, cursor: next, more, gap } = page;
            let moved = next.is_some() && next != cursor;
            if !events.is_empty() || moved {
                let cursor = next.filter(|_| moved).map(|c| (self.name.clone(), stream.to_owned(), c));
                self.hand_in(Door::Net, events, cursor).await?;
            }
            if gap {
                missing = true;
                self.gap(stream).await;
            }
            // A page that promises more without moving on would be read for ever.
            if !more || !moved {
                break;
            }
        }
        if !missing {
            self.gaps.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
        }
        Ok(Ok(()))
    }

    /// Something is missing on a stream for good: the team is told, once until it is read without a gap again.
    async fn gap(&self, stream: &str) {
        self.shell.metrics.gap(&self.name);
        let new = self.gaps.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.to_owned());
        if new {
            tracing::warn!(account = %self.name, stream, "there was more than could be read: something is missing");
            self.shell.alarm(&Say::new("cli-alarm-gap").text("account", self.name.to_string()).text("stream", stream)).await;
        }
    }

    /// Listens, again and again. What is missed between two connections is reconciled at once.
    async fn push(&self) -> Result<(), Stopped> {
        let mut backoff = Backoff::new(BACKOFF_MS);
        let mut refused = Backoff::new(AUTH_BACKOFF_MS);
        loop {
            let began = self.shell.clock.now();
            let (tx, mut rx) = mpsc::channel(PUSH_WAITING);
            let taking = async {
                let mut events = Vec::new();
                while rx.recv_many(&mut events, PUSH_WAITING).await > 0 {
                    self.hand_in(Door::Live, std::mem::take(&mut events), None).await?;
                }
                Ok::<(), Stopped>(())
            };
            let (error, taken) = tokio::join!(self.account.push(tx), taking);
            taken?;
            tracing::info!(account = %self.name, %error, "the stream ended");
            self.shell.metrics.read_failed(&self.name, "stream");
            self.shell.states.nudge(&self.name);
            if self.shell.clock.now().since(began) > BACKOFF_MS.1 {
                backoff.reset();
                refused.reset();
            }
            let pause = match &error {
                NetError::Permanent(_) | NetError::Auth(_) => refused.next(None),
                NetError::Retry { .. } => backoff.next(wish(&error)),
            };
            self.sleep(pause).await;
        }
    }

    /// Looks posts of recent cases up again: edits and deletions that no stream told of, and how
    /// they spread.
    async fn refresh(&self) -> Result<(), Stopped> {
        loop {
            self.sleep(REFRESH_MS).await;
            let name = self.name.clone();
            let followed = match self.shell.inbox.ask(move |engine, now| engine.followed(now)).await? {
                Ok(followed) => followed,
                Err(error) => {
                    tracing::warn!(%error, "the store does not say which posts to look up");
                    continue;
                }
            };
            let posts = followed.into_iter().filter(|(account, _)| *account == name).flat_map(|(_, posts)| posts).collect::<Vec<_>>();
            if posts.is_empty() {
                continue;
            }
            match bounded(self.account.refresh(&posts)).await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => self.hand_in(Door::Net, events, None).await?,
                Err(error) => {
                    tracing::info!(account = %self.name, %error, "posts could not be looked up again");
                    self.shell.metrics.read_failed(&self.name, "refresh");
                    self.sleep(wish(&error).unwrap_or(0).min(MOST_WAIT_MS)).await;
                }
            }
        }
    }

    /// Hands in what happened and waits until it is committed.
    async fn hand_in(&self, door: Door, events: Vec<NetEvent>, cursor: Option<(Account, String, String)>) -> Result<(), Stopped> {
        let now = self.shell.clock.now();
        for event in &events {
            // What is read again, and what we wrote ourselves, says nothing of how late we hear.
            if let NetEvent::New(post) = event
                && self.newest.fetch_max(post.created_at.0, Ordering::Relaxed) < post.created_at.0
                && self.shell.policy().accounts.get(&self.name).is_none_or(|a| a.author.as_ref() != Some(&post.author.id))
            {
                self.shell.metrics.lag(&self.name, now.since(post.created_at));
            }
        }
        let inputs = events.into_iter().map(|event| Input::Net(self.name.clone(), event)).collect();
        self.shell.inbox.submit(door, Batch { inputs, cursor }).await.map(drop)
    }

    async fn failed(&self, error: &NetError) -> Result<(), Stopped> {
        let kind = match error {
            NetError::Auth(_) => "auth",
            NetError::Retry { .. } => "retry",
            NetError::Permanent(_) => "permanent",
        };
        self.shell.metrics.read_failed(&self.name, kind);
        // A server that is down for a night is told of once.
        if self.shell.states.set(&self.name, AccountState::Failing { since: self.shell.clock.now(), why: error.why().to_owned() }) {
            tracing::warn!(account = %self.name, %error, "reading failed; it is tried again until it works");
        }
        match error {
            NetError::Auth(why) => {
                self.shell.states.suspect(&self.name, self.shell.clock.now());
                self.health(Some(why.clone())).await
            }
            _ => Ok(()),
        }
    }

    async fn health(&self, lost: Option<String>) -> Result<(), Stopped> {
        self.shell.inbox.one(Door::Staff, Input::Health { account: self.name.clone(), lost }).await
    }

    async fn sleep(&self, ms: i64) {
        self.shell.sleep(ms).await;
    }
}

/// A wish of the network.
fn wish(error: &NetError) -> Option<i64> {
    match error {
        NetError::Retry { after_ms, .. } => *after_ms,
        _ => None,
    }
}

/// A call that reads, given up when it hangs.
async fn bounded<T>(call: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    let late = || Err(NetError::Retry { after_ms: None, why: "no answer in time".into() });
    tokio::time::timeout(READ_BOUND, call).await.unwrap_or_else(|_| late())
}
