//! The only wiring: store, engine, chat and networks put together, and the tokio pump around the
//! engine that `run`, the demo and the tests all use.
//!
//! ```text
//! feeds ──(net lane)──┐                         ┌──▶ deliveries ──▶ chat, networks
//! staff ──(staff lane)┼─▶ worker: take, ack, due┤        │
//! control ──(asks)────┘      (own thread)       └─▶ alarms│
//!        ▲────────────────── receipts (staff lane) ◀──────┘
//! ```
//! Every channel is bounded except that of deliveries, whose number the lanes bound. A full engine
//! makes its sources wait; a full disk stops all acks. Stopping takes nothing more in, lets what is
//! on its way land within [`DRAIN`], and leaves the rest to be looked up at the next start.

mod deliver;
mod drawn;
mod feed;
mod hook;
mod inbox;
mod memory;
pub mod office;
mod rules;
pub mod run;
mod show;
mod staff;
mod state;
pub mod wire;
mod worker;

pub use feed::Source;
pub use hook::Hooked;
pub use inbox::Stopped;
pub use state::AccountState;

use crate::chat::Chat;
use crate::clock::{Clock, MINUTE_MS, Time};
use crate::engine::{Engine, Input, Stats};
use crate::i18n::{ShowCtx, Words};
use crate::network::{Finding, Knock, NetworkAccount};
use crate::policy::{Lang, Policy};
use crate::post::Account;
use crate::say::Say;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use rules::Rules;
use state::States;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use worker::{Alarm, Worker};

/// How long a stop waits for what is on its way, in the machine's time.
/// Service managers give ten seconds before they kill.
pub const DRAIN: Duration = Duration::from_secs(7);
/// How long a stop waits for a task of its own that was told to end.
const LAST: Duration = Duration::from_secs(1);
/// An alarm that the chat does not take in so long is given up.
const ALARM_BOUND: Duration = Duration::from_secs(15);
/// What must not be broken off may take so long at the end.
const CLOSE_BOUND: Duration = Duration::from_secs(2);
/// How often what may be forgotten is forgotten, in milliseconds.
const PURGE_EVERY_MS: i64 = 10 * MINUTE_MS;
/// Rows forgotten by one commit: it holds up nobody for long.
const PURGE_AT_ONCE: usize = 1_000;
/// No pause is shorter, however fast the clock: a failing call must not spin.
const LEAST_PAUSE: Duration = Duration::from_millis(2);

/// What a bot is made of.
pub struct Parts {
    /// Where cases are kept.
    pub store: Arc<dyn Store>,
    /// The team's chat.
    pub chat: Arc<dyn Chat>,
    /// The company's accounts.
    pub accounts: Vec<Source>,
    /// The rules.
    pub policy: Policy,
    /// The time.
    pub clock: Clock,
    /// The words.
    pub words: Arc<Words>,
    /// Whether there is a `bot.toml` that can be read again.
    pub reloads: bool,
}

/// Why a bot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// The store cannot go on.
    Store(StoreError),
    /// A fault of its own; the log says which.
    Broke,
}

/// What all tasks share.
pub(crate) struct Shell {
    chat: Arc<dyn Chat>,
    accounts: BTreeMap<Account, Arc<dyn NetworkAccount>>,
    policy: RwLock<Arc<Policy>>,
    /// The rules as the file has them, and what is laid over them; held while they change.
    rules: tokio::sync::Mutex<Rules>,
    clock: Clock,
    words: Arc<Words>,
    inbox: inbox::Inbox,
    metrics: Arc<Metrics>,
    states: States,
    hooks: hook::Known,
    drawn: drawn::Drawn,
    instance: String,
    reloads: bool,
}

impl Shell {
    /// The rules in force.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn account(&self, name: &Account) -> Option<Arc<dyn NetworkAccount>> {
        self.accounts.get(name).cloned()
    }

    async fn sleep(&self, ms: i64) {
        tokio::time::sleep(self.clock.real(ms).max(LEAST_PAUSE)).await;
    }

    /// A send found the token bad.
    fn suspect(&self, account: &Account) {
        self.states.suspect(account, self.clock.now());
    }

    fn say(&self, say: &Say, lang: Lang) -> String {
        let policy = self.policy();
        self.words.say(say, lang, &ShowCtx { policy: &policy, now: self.clock.now() })
    }

    /// Says something at once in the fallback room, that no commit stands behind.
    async fn alarm(&self, say: &Say) {
        let policy = self.policy();
        let text = self.say(say, policy.room_lang(&policy.fallback_room));
        let said = self.chat.alarm(&policy.fallback_room, &text);
        if tokio::time::timeout(ALARM_BOUND, said).await.is_err() {
            tracing::error!(code = say.code, "the chat did not take an alarm");
        }
    }
}

/// A bot that runs.
pub struct Handle {
    shell: Arc<Shell>,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<Option<Ended>>,
    chat_ended: watch::Receiver<bool>,
    reload: Mutex<Option<mpsc::Receiver<()>>>,
    turns: watch::Receiver<usize>,
}

/// Puts the parts together and starts. Must be called within a tokio runtime.
///
/// # Errors
/// What the store says when it is read: nothing is begun silently empty.
pub fn start(parts: Parts) -> anyhow::Result<Handle> {
    let Parts { store, chat, accounts, policy, clock, words, reloads } = parts;
    let runtime = tokio::runtime::Handle::try_current()?;
    let entropy = entropy().map_err(|why| anyhow::anyhow!(why))?;
    let names = accounts.iter().map(|s| s.account.account().clone()).collect();
    let rules = Rules::new(policy, names, &*store)?;
    let mut engine = Engine::open(Arc::clone(&store), rules.in_force(), clock.now(), entropy)?;
    engine.set_chat_rate(chat.posts_per_minute());
    engine.set_chat_at_once(chat.posts_at_once());
    engine.set_chat_changes_apart(chat.changes_apart());

    for source in &accounts {
        if let Some(costs) = engine.costs(source.account.account()) {
            source.account.restore_costs(costs);
        }
    }

    let (inbox, outlet) = inbox::inbox();
    let (stop, stopped) = watch::channel(false);
    let (deliveries, to_deliver) = mpsc::unbounded_channel();
    let (alarms, to_alarm) = mpsc::channel(8);
    let (reload, reload_wanted) = mpsc::channel(1);
    let (ended, has_ended) = watch::channel(None);
    let (chat_over, chat_ended) = watch::channel(false);
    let flying = Arc::new(watch::Sender::new(0));
    let (turn, turns) = watch::channel(engine.unfinished());
    let metrics = Arc::new(Metrics::default());
    let shell = Arc::new(Shell {
        chat,
        accounts: accounts.iter().map(|s| (s.account.account().clone(), Arc::clone(&s.account))).collect(),
        policy: RwLock::new(Arc::new(rules.in_force())),
        rules: tokio::sync::Mutex::new(rules),
        clock,
        words,
        inbox,
        metrics: Arc::clone(&metrics),
        states: States::new(accounts.iter().map(|s| s.account.account().clone())),
        hooks: hook::Known::default(),
        drawn: drawn::Drawn::default(),
        instance: store.instance().to_owned(),
        reloads,
    });
    let worker = Worker {
        engine,
        accounts: accounts.iter().map(|s| Arc::clone(&s.account)).collect(),
        clock,
        outlet,
        deliveries,
        alarms,
        reload,
        stop: stopped.clone(),
        flying: Arc::clone(&flying),
        turn,
        metrics,
        alarmed: None,
        measured: None,
    };
    let delivering = tokio::spawn(deliver::run(Arc::clone(&shell), to_deliver, flying));
    let alarming = tokio::spawn(alarm(Arc::clone(&shell), to_alarm));
    let intake = tokio::spawn(take_in(Arc::clone(&shell), store, accounts, stopped, chat_over));
    let on = runtime.clone();
    let thread = std::thread::Builder::new().name("engine".into()).spawn(move || worker.run(&on))?;
    tokio::spawn(async move {
        let end = tokio::task::spawn_blocking(move || thread.join()).await;
        // Only now are the deliveries let go of: the worker has waited for them as long as it may.
        for task in [intake, delivering, alarming] {
            let abort = task.abort_handle();
            if tokio::time::timeout(LAST, task).await.is_err() {
                abort.abort();
            }
        }
        ended.send_replace(Some(end.ok().and_then(Result::ok).unwrap_or(Ended::Broke)));
    });
    Ok(Handle { shell, stop, ended: has_ended, chat_ended, reload: Mutex::new(Some(reload_wanted)), turns })
}

/// What codes for customers are made from, so that nobody guesses them.
fn entropy() -> Result<[u8; 32], String> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy).map_err(|e| format!("the machine gives no randomness: {e}"))?;
    Ok(entropy)
}

/// A finding of a check as a line: whether all is well, what was looked at, what was found.
#[must_use]
pub fn finding(finding: &Finding, words: &Words, lang: Lang) -> String {
    let mark = words.get(if finding.ok { "check-well" } else { "check-ill" }, lang);
    format!("{mark} {}: {}", finding.what, crate::error::say(words, lang, &finding.detail))
}

/// Reads the accounts and hears staff, until told to stop; forgets what is old beside it.
async fn take_in(
    shell: Arc<Shell>,
    store: Arc<dyn Store>,
    accounts: Vec<Source>,
    mut stop: watch::Receiver<bool>,
    chat_over: watch::Sender<bool>,
) {
    let mut tasks = JoinSet::new();
    tasks.spawn(forget(Arc::clone(&shell), Arc::clone(&store)));
    let closing: Vec<_> = accounts.iter().map(|source| Arc::clone(&source.account)).collect();
    for source in accounts {
        tasks.spawn(feed::run(Arc::clone(&shell), source));
    }
    tasks.spawn(async move {
        staff::run(shell, store).await;
        chat_over.send_replace(true);
    });
    stop.wait_for(|stop| *stop).await.map(drop).ok();
    tasks.shutdown().await;
    let closed = futures_util::future::join_all(closing.iter().map(|account| account.close()));
    tokio::time::timeout(CLOSE_BOUND, closed).await.ok();
}

/// Forgets the ids that can no longer come again.
async fn forget(shell: Arc<Shell>, store: Arc<dyn Store>) {
    loop {
        shell.sleep(PURGE_EVERY_MS).await;
        let (store, now) = (Arc::clone(&store), shell.clock.now());
        let purging = tokio::task::spawn_blocking(move || {
            while store.purge(now, PURGE_AT_ONCE)? == PURGE_AT_ONCE {}
            Ok::<(), StoreError>(())
        });
        // A store that takes nothing is told of by the engine; what is old can wait.
        if let Ok(Err(error)) = purging.await {
            tracing::debug!(%error, "nothing was forgotten this time");
        }
    }
}

/// Tells the team what no commit can.
async fn alarm(shell: Arc<Shell>, mut alarms: mpsc::Receiver<Alarm>) {
    while let Some(alarm) = alarms.recv().await {
        let say = match alarm {
            Alarm::Store(error) => {
                let code = match error {
                    StoreError::Full(_) => "cli-alarm-store-full",
                    StoreError::Unavailable(_) => "cli-alarm-store-unavailable",
                    StoreError::Corrupt(_) | StoreError::Keyring(_) | StoreError::Conflict(_) => "cli-alarm-store-damaged",
                };
                Say::new(code).with("detail", error.why().into())
            }
            Alarm::StoreBack => Say::new("cli-alarm-store-back"),
        };
        shell.alarm(&say).await;
    }
}

impl Drop for Handle {
    /// Whoever lets go of the handle no longer wants the bot.
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Handle {
    /// How many entries of the outbox are unfinished; told anew after each turn of the engine, whether it
    /// changed or not: whoever waits for something of the engine looks again then.
    #[must_use]
    pub fn turns(&self) -> watch::Receiver<usize> {
        self.turns.clone()
    }

    /// Stops: nothing more is taken in, what is on its way may land within [`DRAIN`].
    pub async fn stop(&self) -> Ended {
        self.stop.send_replace(true);
        self.ended().await
    }

    /// Waits until the bot has ended, by itself or by [`Handle::stop`].
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|e| e.clone()).unwrap_or(Ended::Broke)
    }

    /// Waits until the chat has ended by itself: a terminal was closed.
    pub async fn chat_ended(&self) {
        let mut ended = self.chat_ended.clone();
        if ended.wait_for(|e| *e).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the chat ended because nobody takes what it says any more.
    pub fn is_chat_lost(&self) -> bool {
        self.shell.chat.is_lost()
    }

    /// The wishes of operators that the configuration be read again; given out once.
    pub fn reload_wishes(&self) -> Option<mpsc::Receiver<()>> {
        self.reload.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// New rules; what the accounts learnt about themselves stays.
    ///
    /// # Errors
    /// The bot has stopped.
    pub async fn set_policy(&self, policy: Policy) -> Result<(), Stopped> {
        self.shell.set_policy(policy).await
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.shell.policy()
    }

    /// Asks the engine something, between two commits.
    ///
    /// # Errors
    /// The bot has stopped.
    pub async fn ask<T: Send + 'static>(&self, f: impl FnOnce(&mut Engine, Time) -> T + Send + 'static) -> Result<T, Stopped> {
        self.shell.inbox.ask(f).await
    }

    /// How things stand.
    ///
    /// # Errors
    /// The bot has stopped, or the store cannot be read.
    pub async fn stats(&self) -> anyhow::Result<Stats> {
        Ok(self.ask(|engine, _| engine.stats()).await??)
    }

    /// Hands in an input of an operator, and waits for its commit.
    ///
    /// # Errors
    /// The bot stopped before the commit.
    pub async fn hand_in(&self, input: Input) -> Result<Option<crate::engine::Ack>, Stopped> {
        let batch = crate::engine::Batch { inputs: vec![input], cursor: None };
        Ok(self.shell.inbox.submit(inbox::Door::Staff, batch).await?.pop())
    }

    /// Whether there is such an account, and it has a webhook.
    #[must_use]
    pub fn serves_webhook(&self, account: &str) -> bool {
        self.shell.account(&Account::from(account)).is_some_and(|a| a.serves_webhook())
    }

    /// Takes in what came to the address of an account's webhook, and waits for its commit.
    pub async fn hook(&self, account: &str, knock: &Knock<'_>) -> Hooked {
        self.shell.hook(account, knock).await
    }

    /// How the accounts fare.
    #[must_use]
    pub fn accounts(&self) -> BTreeMap<Account, AccountState> {
        self.shell.states.all()
    }

    /// Figures about the bot itself.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shell.metrics
    }

    /// The bot's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shell.clock
    }

    /// Says something at once in the fallback room, that no commit stands behind.
    pub async fn alarm(&self, say: &Say) {
        self.shell.alarm(say).await;
    }
}
