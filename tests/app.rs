//! The real pump around the real engine, with a chat and a network made for the test.

mod health;
mod hooks;
mod limits;
mod port;
mod rules;

use async_trait::async_trait;
use sereno::app::{self, Ended, Handle, Parts, Source};
use sereno::case::{Case, CaseId, CaseKey, EventRecord, Outgoing, SendState};
use sereno::chat::{Answered, Chat, Memory, Message, Said, Typed};
use sereno::clock::{Clock, SECOND_MS, Time};
use sereno::command::{Answer, Door, Filter};
use sereno::desk::Desk;
use sereno::digest::Fact;
use sereno::i18n::Words;
use sereno::network::{Finding, NetError, NetworkAccount, Page};
use sereno::outbox::{Entry, EntryState, Look, Outcome, Receipt};
use sereno::policy::{AccountPolicy, AgentId, Policy, RoomId};
use sereno::post::{Account, Author, AuthorId, NetEvent, Network, Post, PostId, PostRef, Untrusted};
use sereno::store::model::ModelStore;
use sereno::store::{Claim, Commit, Counters, Listed, OpenCount, Parked as ParkedRow, Store, StoreError};
use sereno::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Nothing here takes longer unless it is stuck.
const BOUND: Duration = Duration::from_secs(60);
/// How much faster than the machine's the clock runs.
const SPEED: u32 = 50;

/// What the chat and the network have seen, and how they are to behave.
#[derive(Default)]
struct Books {
    messages: Vec<Message>,
    ops: BTreeSet<String>,
    alarms: Vec<String>,
    chat_looks: usize,
    hang_chat: bool,
    chat_left: bool,
    panic_chat: bool,
    posts: Vec<Post>,
    sent: BTreeMap<String, Outgoing>,
    hang_send: bool,
    signed_in: usize,
    token_bad: bool,
    down: bool,
    passed_over: u64,
    gap: bool,
    polls: usize,
}

#[derive(Clone, Default)]
struct World {
    books: Arc<Mutex<Books>>,
    changed: Arc<watch::Sender<u64>>,
    inbox: Arc<Mutex<Option<mpsc::Sender<Said>>>>,
    memory: Arc<Mutex<Option<Arc<dyn Memory>>>>,
    ids: Arc<Mutex<u64>>,
}

impl World {
    fn with<T>(&self, f: impl FnOnce(&mut Books) -> T) -> T {
        let out = f(&mut self.books.lock().unwrap());
        self.changed.send_modify(|n| *n += 1);
        out
    }
    /// Waits until the books say so.
    async fn until(&self, what: &str, holds: impl Fn(&Books) -> bool) {
        let mut changed = self.changed.subscribe();
        let waiting = async {
            while !holds(&self.books.lock().unwrap()) {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(BOUND, waiting).await.unwrap_or_else(|_| panic!("in vain: {what}"));
    }
    /// Says a line and waits for its answer; `None`: it was dropped unanswered.
    async fn say(&self, line: &str) -> Option<Answered> {
        self.heard(line).await.await.ok()
    }
    /// The answer to a line that comes under an id of its own.
    async fn under(&self, id: &str, line: &str) -> Answered {
        let (answer, answered) = oneshot::channel();
        let (by, room) = (AgentId::from("ana"), RoomId::from("console"));
        let what =
            Typed::Line { id: id.into(), by, door: Door::Console, room, thread: None, lang: None, text: line.into(), files: Vec::new() };
        let inbox = self.inbox.lock().unwrap().clone().unwrap();
        inbox.send(Said { what, answer }).await.unwrap();
        answered.await.unwrap()
    }
    async fn heard(&self, line: &str) -> oneshot::Receiver<Answered> {
        let id = {
            let mut ids = self.ids.lock().unwrap();
            *ids += 1;
            format!("line-{ids}")
        };
        let (answer, answered) = oneshot::channel();
        let (by, room) = (AgentId::from("ana"), RoomId::from("console"));
        let what = Typed::Line { id, by, door: Door::Text, room, thread: None, lang: None, text: line.into(), files: Vec::new() };
        self.until("the chat is heard", |_| self.inbox.lock().unwrap().is_some()).await;
        let inbox = self.inbox.lock().unwrap().clone().unwrap();
        inbox.send(Said { what, answer }).await.unwrap();
        answered
    }
    fn complaint(&self, clock: &Clock, n: u32) {
        self.with(|b| b.posts.push(complaint(clock, n)));
    }
    fn start(&self, store: &ModelStore, clock: Clock) -> Handle {
        self.start_on(Arc::new(store.clone()), clock)
    }
    fn start_on(&self, store: Arc<dyn Store>, clock: Clock) -> Handle {
        let policy = Policy { import_ms: i64::MAX / 4, ..Policy::default() };
        let source = Source { account: Arc::new(Net(self.clone())), poll_ms: SECOND_MS };
        let parts = Parts {
            store,
            chat: Arc::new(Talk(self.clone())),
            accounts: vec![source],
            policy,
            clock,
            words: Arc::new(Words::new()),
            reloads: true,
        };
        app::start(parts).unwrap()
    }
    fn cards(&self) -> usize {
        self.with(|b| b.messages.iter().filter(|m| m.edit.is_none() && matches!(m.view, View::Card(_))).count())
    }
}

/// What the n-th person complains of.
fn complaint(clock: &Clock, n: u32) -> Post {
    Post {
        id: PostId(format!("https://square.example/{n}")),
        local_id: format!("{n}"),
        network: Network::from("square"),
        account: Account::from("acme"),
        author: Author { id: AuthorId(format!("person-{n}")), handle: Untrusted::new(format!("@person{n}")), ..Author::default() },
        text: Untrusted::new(format!("Where is my parcel? {n}")),
        mentions: vec![AuthorId::from("us")],
        created_at: clock.now(),
        ..Post::default()
    }
}

/// Waits until nothing is on its way any more.
async fn settled(bot: &Handle) {
    let waiting = async {
        while !bot.ask(|engine, _| engine.outbox().is_empty()).await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, waiting).await.expect("the outbox drains");
}

/// A bot that runs, and all around it.
struct Scene {
    world: World,
    store: ModelStore,
    clock: Clock,
    bot: Handle,
}

impl Scene {
    /// Begun once the chat and the network are as `arrange` says.
    fn arranged(speed: u32, arrange: impl FnOnce(&mut Books)) -> Scene {
        let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::fast(speed));
        world.with(arrange);
        let bot = world.start(&store, clock);
        Scene { world, store, clock, bot }
    }
    /// With one complaint, whose card is in the room.
    async fn with_a_card() -> Scene {
        let scene = Scene::arranged(SPEED, |_| {});
        scene.world.complaint(&scene.clock, 1);
        scene.world.until("a card", |b| !b.messages.is_empty()).await;
        scene
    }
}

/// Notes that the chat is heard no longer, however that came about.
struct Hangs(World);

impl Drop for Hangs {
    fn drop(&mut self) {
        self.0.with(|b| b.chat_left = true);
    }
}

struct Talk(World);

#[async_trait]
impl Chat for Talk {
    async fn run(&self, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> anyhow::Result<()> {
        let closed = inbox.clone();
        *self.0.memory.lock().unwrap() = Some(memory);
        let _up = Hangs(self.0.clone());
        *self.0.inbox.lock().unwrap() = Some(inbox);
        self.0.changed.send_modify(|n| *n += 1);
        closed.closed().await;
        Ok(())
    }
    async fn post(&self, message: &Message) -> Outcome {
        let (hang, broken) = self.0.with(|b| (b.hang_chat, std::mem::take(&mut b.panic_chat)));
        assert!(!broken, "the adapter breaks on purpose");
        if hang {
            self.0.until("the chat lets go", |b| !b.hang_chat).await;
        }
        self.0.with(|b| {
            b.ops.insert(message.op.clone());
            b.messages.push(message.clone());
            Outcome::Done(Receipt { native_id: format!("m{}", b.messages.len()), post: None, url: None })
        })
    }
    async fn look(&self, message: &Message) -> Look {
        self.0.with(|b| {
            b.chat_looks += 1;
            match b.messages.iter().position(|m| m.op == message.op) {
                Some(n) => Look::Found(Receipt { native_id: format!("m{}", n + 1), post: None, url: None }),
                None => Look::Absent,
            }
        })
    }
    async fn alarm(&self, _: &RoomId, text: &str) {
        self.0.with(|b| b.alarms.push(text.to_owned()));
    }
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn posts_per_minute(&self) -> u32 {
        6_000
    }
}

struct Net(World);

#[async_trait]
impl NetworkAccount for Net {
    fn account(&self) -> &Account {
        static NAME: std::sync::LazyLock<Account> = std::sync::LazyLock::new(|| Account::from("acme"));
        &NAME
    }
    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        let (bad, down) = self.0.with(|b| {
            b.signed_in += 1;
            (b.token_bad, b.down)
        });
        if down {
            return Err(NetError::Retry { after_ms: None, why: "no connection".into() });
        }
        if bad {
            return Err(NetError::Auth("the token was revoked".into()));
        }
        Ok(AccountPolicy {
            network: Network::from("square"),
            author: Some(AuthorId::from("us")),
            handle: "@acme".into(),
            ..AccountPolicy::default()
        })
    }
    fn streams(&self) -> Vec<String> {
        vec!["mentions".into()]
    }
    async fn poll(&self, _: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        self.0.with(|b| {
            b.polls += 1;
            if b.down {
                return Err(NetError::Retry { after_ms: None, why: "no connection".into() });
            }
            if b.token_bad {
                return Err(NetError::Auth("the token was revoked".into()));
            }
            let from: usize = cursor.map_or(0, |c| c.parse().unwrap());
            let events: Vec<NetEvent> = b.posts.iter().skip(from).take(2).cloned().map(NetEvent::New).collect();
            let next = from + events.len();
            Ok(Page { events, cursor: Some(next.to_string()), more: next < b.posts.len(), gap: b.gap })
        })
    }
    async fn push(&self, _: mpsc::Sender<NetEvent>) -> NetError {
        std::future::pending().await
    }
    async fn refresh(&self, _: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        Ok(Vec::new())
    }
    async fn send(&self, op: &str, send: &Outgoing, _: Option<&SendState>) -> Outcome {
        if self.0.with(|b| b.hang_send) {
            std::future::pending::<()>().await;
        }
        self.0.with(|b| {
            assert!(b.sent.insert(op.to_owned(), send.clone()).is_none(), "sent twice");
            let id = format!("https://square.example/ours/{}", b.sent.len());
            Outcome::Done(Receipt { native_id: id.clone(), post: Some(PostId(id)), url: None })
        })
    }
    async fn look(&self, op: &str, _: &Outgoing, _: Option<&SendState>, _: Time, _: &[String]) -> Look {
        self.0.with(|b| if b.sent.contains_key(op) { Look::CannotTell } else { Look::Absent })
    }
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
    fn passed_over(&self) -> u64 {
        self.0.with(|b| b.passed_over)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_post_to_a_published_answer() {
    let Scene { world, store, clock, bot } = Scene::arranged(SPEED, |_| {});
    world.complaint(&clock, 1);
    world.until("a card", |b| b.messages.iter().any(|m| matches!(m.view, View::Card(_)))).await;
    let refused = world.say("clam 1").await.unwrap();
    assert!(!refused.answer.ok);
    assert!(world.say("claim 1").await.unwrap().answer.ok);
    // Sent is what can be read: nothing hidden, nothing that turns the text around.
    let answered = world.say("reply 1 It is \u{202e}on\u{200b} its\u{1b} way.").await.unwrap();
    assert!(answered.answer.ok, "{answered:?}");
    world.until("the answer is published", |b| b.sent.len() == 1).await;
    let listed = world.say("list").await.unwrap();
    assert!(listed.answer.ok);
    // An id used for another thing is refused, and its refusal is no repeat of the first answer.
    let (first, other) = (world.under("mine", "note 1 a").await, world.under("mine", "note 1 b").await);
    assert_eq!((first.answer.ok, other.answer.say.code.as_str()), (true, "refused-id-used"));
    assert_ne!(first.op, other.op);
    assert_eq!(world.under("mine", "note 1 a").await.op, first.op);
    world.until("the thread says so", |b| b.messages.iter().any(|m| matches!(&m.view, View::Entry(e) if e.event == "published"))).await;
    settled(&bot).await;
    assert_eq!(bot.stop().await, Ended::Stopped);
    assert!(store.outbox().unwrap().is_empty(), "{:?}", store.outbox().unwrap());
    let sent = world.with(|b| b.sent.values().next().unwrap().text.expose().to_owned());
    assert_eq!(sent, "It is on its way.");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_of_a_long_page_gets_its_card() {
    let (world, store, clock) = (World::default(), ModelStore::new("t"), Clock::fast(SPEED));
    for n in 1..=41 {
        world.complaint(&clock, n);
    }
    let bot = world.start(&store, clock);
    world.until("all cards", |b| b.messages.iter().filter(|m| m.edit.is_none() && matches!(m.view, View::Card(_))).count() == 41).await;
    bot.stop().await;
    assert_eq!(store.cursor(&Account::from("acme"), "mentions").unwrap().as_deref(), Some("41"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_land_what_is_on_its_way() {
    let Scene { world, store, clock, bot } = Scene::arranged(SPEED, |b| b.hang_chat = true);
    let bot = Arc::new(bot);
    world.complaint(&clock, 1);
    let in_flight = || store.outbox().unwrap().iter().any(|e| e.state == EntryState::InFlight);
    while !in_flight() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn({
        let bot = Arc::clone(&bot);
        async move { bot.stop().await }
    });
    // It must not end while the card is on its way, nor hear anybody.
    world.until("nobody is heard any more", |b| b.chat_left).await;
    assert!(bot.ask(|_, now| now).await.is_ok(), "it goes on meanwhile");
    assert!(!stopping.is_finished());
    world.with(|b| b.hang_chat = false);
    assert_eq!(stopping.await.unwrap(), Ended::Stopped);
    assert_eq!(world.cards(), 1);
    assert!(!in_flight());
    assert!(bot.ask(|_, now| now).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_acks_and_alarms_once() {
    let Scene { world, store, clock, bot } = Scene::with_a_card().await;
    store.set_full(true);
    world.complaint(&clock, 2);
    let mut claim = world.heard("claim 1").await;
    world.until("an alarm", |b| !b.alarms.is_empty()).await;
    // Questions are still answered, and nothing was acked.
    bot.ask(|_, now| now).await.unwrap();
    assert!(!bot.metrics().store_writable());
    assert!(claim.try_recv().is_err());
    assert_eq!(world.cards(), 1);
    store.set_full(false);
    assert!(claim.await.unwrap().answer.ok);
    world.until("the other card", |b| b.messages.iter().filter(|m| m.edit.is_none() && matches!(m.view, View::Card(_))).count() == 2).await;
    world.until("the all-clear", |b| b.alarms.len() == 2).await;
    assert!(bot.metrics().store_writable());
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_does_not_keep_the_bot_from_stopping() {
    let Scene { world, store, bot, .. } = Scene::with_a_card().await;
    store.set_full(true);
    let claim = world.heard("claim 1").await;
    world.until("an alarm", |b| !b.alarms.is_empty()).await;
    let ended = tokio::time::timeout(BOUND, bot.stop()).await.expect("it stops");
    assert_eq!(ended, Ended::Stopped);
    assert!(claim.await.is_err(), "what was not committed is not acked");
    assert_eq!(store.case(CaseId(1)).unwrap().unwrap().owner, None);
}

/// A store that is found damaged at some moment, or of which an operator erases case #1 just
/// before the next commit that writes it.
struct Damaged {
    store: ModelStore,
    now: std::sync::atomic::AtomicBool,
    erase: std::sync::atomic::AtomicBool,
}

macro_rules! passed_on {
    ($($name:ident($($arg:ident: $of:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self, $($arg: $of),*) -> $out { self.store.$name($($arg),*) })*
    };
}

impl Store for Damaged {
    fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        if self.now.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Corrupt("a checksum does not agree".into()));
        }
        if commit.cases.iter().any(|c| c.id == CaseId(1)) && self.erase.swap(false, std::sync::atomic::Ordering::SeqCst) {
            self.store.erase(CaseId(1))?;
        }
        self.store.commit(commit)
    }
    passed_on! {
        instance() -> &str;
        case(id: CaseId) -> Result<Option<Case>, StoreError>;
        case_by_key(key: &CaseKey) -> Result<Option<CaseId>, StoreError>;
        conversation(network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError>;
        case_by_thread(room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError>;
        cases_of(author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError>;
        list(filter: Filter, owner: Option<&AgentId>, limit: usize) -> Result<Vec<Listed>, StoreError>;
        open_count() -> Result<OpenCount, StoreError>;
        events(case: CaseId, from: u32, limit: usize) -> Result<Vec<EventRecord>, StoreError>;
        claim(post: &PostRef) -> Result<Option<Claim>, StoreError>;
        seen(command: &str) -> Result<Option<Answer>, StoreError>;
        wakes(now: Time, limit: usize) -> Result<Vec<(Time, CaseId)>, StoreError>;
        next_wake() -> Result<Option<Time>, StoreError>;
        outbox() -> Result<Vec<Entry>, StoreError>;
        cursor(account: &Account, stream: &str) -> Result<Option<String>, StoreError>;
        facts(from: Time, to: Time) -> Result<Vec<Fact>, StoreError>;
        parked_list() -> Result<Vec<ParkedRow>, StoreError>;
        parked(id: &str) -> Result<Option<ParkedRow>, StoreError>;
        parked_count() -> Result<u64, StoreError>;
        desk() -> Result<Option<Desk>, StoreError>;
        counters() -> Result<Counters, StoreError>;
        purge(now: Time, limit: usize) -> Result<usize, StoreError>;
        rekey(case: CaseId) -> Result<(), StoreError>;
        erase(case: CaseId) -> Result<(), StoreError>;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_ends_the_bot_and_acks_nothing() {
    let (world, clock) = (World::default(), Clock::fast(SPEED));
    let store = Arc::new(Damaged { store: ModelStore::new("t"), now: false.into(), erase: false.into() });
    let bot = world.start_on(Arc::clone(&store) as Arc<dyn Store>, clock);
    world.complaint(&clock, 1);
    world.until("a card", |b| !b.messages.is_empty()).await;
    settled(&bot).await;
    store.now.store(true, std::sync::atomic::Ordering::SeqCst);
    let claim = world.heard("claim 1").await;
    let ended = tokio::time::timeout(BOUND, bot.ended()).await.expect("it ends");
    assert!(matches!(ended, Ended::Store(StoreError::Corrupt(_))), "{ended:?}");
    assert!(claim.await.is_err());
    assert!(bot.ask(|_, now| now).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_comes_before_a_commit_does_not_end_the_bot() {
    let (world, clock) = (World::default(), Clock::fast(SPEED));
    let store = Arc::new(Damaged { store: ModelStore::new("t"), now: false.into(), erase: false.into() });
    let bot = world.start_on(Arc::clone(&store) as Arc<dyn Store>, clock);
    world.complaint(&clock, 1);
    world.until("a card", |b| !b.messages.is_empty()).await;
    settled(&bot).await;
    store.erase.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = world.say("claim 1").await.expect("it is answered").answer;
    assert_eq!((answer.ok, answer.say.code.as_str()), (false, "refused-erased-once"));
    world.complaint(&clock, 2);
    world.until("the next card", |b| b.messages.iter().filter(|m| matches!(m.view, View::Card(_))).count() == 2).await;
    assert!(world.say("claim 2").await.expect("it is answered").answer.ok);
    assert_eq!(bot.stop().await, Ended::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_waited_for_and_a_store_that_stopped_is_not() {
    let Scene { world, store, clock, bot } = Scene::with_a_card().await;
    store.set_full(true);
    world.complaint(&clock, 2);
    world.until("an alarm", |b| !b.alarms.is_empty()).await;
    let asked = store.asked();
    let patient = async {
        while store.asked() < asked + 70 {
            bot.ask(|_, now| now).await.expect("it still waits for room");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(3 * BOUND, patient).await.expect("a full disk is tried again and again");
    // Now it is dead, as after a write that failed half-way: only opening it anew can help.
    store.crash();
    let ended = tokio::time::timeout(3 * BOUND, bot.ended()).await.expect("the bot ends by itself");
    assert!(matches!(ended, Ended::Store(StoreError::Unavailable(_))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_hangs_is_looked_up_by_the_next_run() {
    let Scene { world, store, clock, bot } = Scene::arranged(SPEED, |b| b.hang_send = true);
    world.complaint(&clock, 1);
    world.until("a card", |b| !b.messages.is_empty()).await;
    assert!(world.say("reply 1 Soon.").await.unwrap().answer.ok);
    let flying =
        || store.outbox().unwrap().iter().any(|e| e.state == EntryState::InFlight && matches!(e.lane, sereno::outbox::Lane::Network(_)));
    while !flying() {
        tokio::task::yield_now().await;
    }
    // Killed: nothing waits for it.
    store.crash();
    drop(bot);
    world.with(|b| b.hang_send = false);
    let store = store.reopen();
    let bot = world.start(&store, clock);
    world.until("it is sent, once", |b| b.sent.len() == 1).await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_breaks_is_looked_up_not_repeated() {
    let Scene { world, clock, bot, .. } = Scene::arranged(SPEED, |b| b.panic_chat = true);
    world.complaint(&clock, 1);
    world.until("a look", |b| b.chat_looks == 1).await;
    world.until("a card", |b| !b.messages.is_empty()).await;
    bot.stop().await;
    assert_eq!(world.cards(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_told_and_regained() {
    let Scene { world, clock, bot, .. } = Scene::arranged(200, |b| b.token_bad = true);
    let notice = |code: &'static str| move |b: &Books| b.messages.iter().any(|m| matches!(&m.view, View::Text(t) if t.code == code));
    world.until("the team is told", notice("notice-auth-lost")).await;
    assert!(world.say("list").await.unwrap().answer.ok);
    world.complaint(&clock, 1);
    world.with(|b| b.token_bad = false);
    world.until("the team is told that it works", notice("notice-auth-back")).await;
    world.until("a card", |b| b.messages.iter().any(|m| matches!(m.view, View::Card(_)))).await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rules_hold_from_then_on() {
    let Scene { world, bot, .. } = Scene::with_a_card().await;
    let policy = Policy { default_role: None, ..Policy::default() };
    bot.set_policy(policy).await.unwrap();
    assert!(!world.say("claim 1").await.unwrap().answer.ok);
    // What the account learnt about itself outlives the change.
    let learnt = bot.ask(|e, _| e.policy().accounts.get(&Account::from("acme")).and_then(|a| a.author.clone())).await.unwrap();
    assert_eq!(learnt, Some(AuthorId::from("us")));
    bot.stop().await;
}
