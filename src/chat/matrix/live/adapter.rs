//! The adapter itself: its settings, what its parts share, the port.

use super::place::{Limit, Place, Trouble};
use super::session::{Fail, HOPELESS, Secret, Session};
use super::{check, deliver, erasing, fetch, hearing, lanes, pictures, pins, render, rooms};
use crate::chat::{Chat, Memory, Message, Said};
use crate::clock::{Clock, MINUTE_MS};
use crate::network::Finding;
use crate::outbox::{Look, Outcome};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::view::View;
use async_trait::async_trait;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::TransactionId;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Rooms whose turns are remembered at most.
const TURNS_MAX: usize = 2_000;

/// An alarm that could not be said for so long alarms nobody any more, in milliseconds.
const ALARM_STALE_MS: i64 = 30 * MINUTE_MS;

/// Waits, of which tests want shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a sync waits for news.
    pub sync: Duration,
    /// The first and the longest pause after a failure.
    pub back_off: (Duration, Duration),
    /// No sync for so long is said.
    pub say_after: Duration,
    /// How long an answer that is not taken holds up the others of its room.
    pub answer: Duration,
    /// How often it is noted up to where everything was heard.
    pub note: Duration,
    /// How often rooms are looked at.
    pub rooms: Duration,
    /// How long what cannot be decrypted is waited for before what follows is heard.
    pub keys: Duration,
    /// How often what could not be decrypted is tried again.
    pub again: Duration,
    /// After how long it is put aside for people to look at.
    pub give_up: Duration,
    /// How long the keys of an earlier device's messages may come, from when a room was first searched for one.
    pub backup: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            sync: Duration::from_secs(30),
            back_off: (Duration::from_secs(1), Duration::from_secs(30)),
            say_after: Duration::from_secs(60),
            answer: Duration::from_secs(20),
            note: Duration::from_secs(2),
            rooms: Duration::from_secs(600),
            keys: Duration::from_secs(3),
            again: Duration::from_secs(20),
            give_up: Duration::from_secs(3 * 86_400),
            backup: Duration::from_secs(180),
        }
    }
}

/// How Matrix is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The homeserver's address for clients.
    pub homeserver: String,
    /// The bot's full id.
    pub user: String,
    /// How it proves that, once.
    pub secret: Secret,
    /// How its device is called.
    pub device_name: String,
    /// Where keys and session stand.
    pub place: Place,
    /// All rooms that are posted to, for the check: the running bot asks for the rules in force.
    pub rooms: Vec<RoomId>,
    /// The rooms that `[privacy]` names, for the check.
    pub private_rooms: Vec<RoomId>,
    /// The ids of `[people]`, for the check.
    pub people: BTreeSet<AgentId>,
    /// Homeservers all of whose accounts may act, bots among them: those that are listed, the bot's own no less.
    pub servers: Vec<String>,
    /// What commands begin with.
    pub prefix: String,
    /// Posts a minute to one room.
    pub posts_per_minute: u32,
    /// The bound in time of each call.
    pub call: Duration,
    /// From where pictures of posts may be fetched.
    pub fetch: fetch::Rules,
    /// Other waits.
    pub pace: Pace,
    /// The time.
    pub clock: Clock,
}

impl Settings {
    /// A bot on its homeserver, with the usual limits.
    #[must_use]
    pub fn new(homeserver: &str, user: &str, secret: Secret, place: Place, room: &str) -> Settings {
        Settings {
            homeserver: homeserver.to_owned(),
            user: user.to_owned(),
            secret,
            device_name: "sereno".into(),
            place,
            rooms: vec![RoomId::from(room)],
            private_rooms: Vec::new(),
            people: BTreeSet::new(),
            servers: Vec::new(),
            prefix: "!".into(),
            posts_per_minute: 120,
            call: Duration::from_secs(20),
            fetch: fetch::Rules::default(),
            pace: Pace::default(),
            clock: Clock::system(),
        }
    }
}

/// What all parts of the adapter share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) lanes: lanes::Lanes,
    pub(super) rooms: rooms::Rooms,
    pub(super) looked_at: erasing::LookedAt,
    pub(super) pins: pins::Pins,
    /// Operations of which it was looked whether they stand, and it could not be told.
    pub(super) untold: erasing::Messages,
    pub(super) mirrored: pictures::Mirrored,
    pub(super) said_of_pins: AtomicBool,
    /// Whether the homeserver has told which rooms there are.
    pub(super) synced: AtomicBool,
    session: RwLock<Option<Arc<Session>>>,
    /// Weakly: the memory belongs to the bot, and the bot holds the chat.
    memory: RwLock<Option<Weak<dyn Memory>>>,
    /// Why signing in is pointless until people have done something.
    hopeless: OnceLock<Trouble>,
    turns: Mutex<HashMap<RoomId, Arc<tokio::sync::Mutex<()>>>>,
    /// Since when rooms were searched for what an earlier device said there.
    looked_back: Mutex<HashMap<String, Instant>>,
}

impl Shared {
    pub(super) fn memory(&self) -> Option<Arc<dyn Memory>> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Weak::upgrade)
    }

    /// The rooms that the bot looks after: those that are posted to, and those that `[privacy]` names, where private
    /// text may stand from a time when cards went there.
    pub(super) async fn watched(&self) -> BTreeSet<RoomId> {
        match self.memory() {
            Some(memory) => memory.rooms().await,
            None => BTreeSet::new(),
        }
    }

    /// The session, once the bot has signed in and knows its rooms.
    pub(super) fn session(&self) -> Result<Arc<Session>, Fail> {
        let synced = self.synced.load(Ordering::Acquire);
        self.signed_in().filter(|_| synced).ok_or_else(|| Fail::broken("why-matrix-not-signed-in"))
    }

    fn signed_in(&self) -> Option<Arc<Session>> {
        self.session.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session, opened where it is not yet. The keys are taken once in a process.
    async fn open(&self) -> anyhow::Result<Arc<Session>> {
        if let Some(session) = self.signed_in() {
            return Ok(session);
        }
        // Each attempt would make a device and take it away again.
        if let Some(why) = self.hopeless.get() {
            return Err(why.clone().into());
        }
        let opened = Session::open(&self.settings).await.inspect_err(|error| {
            if let Some(trouble) = error.downcast_ref::<Trouble>().filter(|t| HOPELESS.contains(&t.0.code.as_str())) {
                self.hopeless.get_or_init(|| trouble.clone());
            }
        });
        let session = Arc::new(opened?);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&session));
        Ok(session)
    }

    /// When a room was first searched in this run: only then are the keys of what stands there asked for.
    pub(super) fn looked_back(&self, room: &str) -> Instant {
        let mut looked = self.looked_back.lock().unwrap_or_else(PoisonError::into_inner);
        *looked.entry(room.to_owned()).or_insert_with(Instant::now)
    }

    /// The place in a room's order of sending.
    pub(super) fn turn(&self, room: &RoomId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() > TURNS_MAX {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        Arc::clone(turns.entry(room.clone()).or_default())
    }

    /// The homeserver takes no more for so long.
    pub(super) fn limited(&self, session: &Session, ms: i64) {
        let Some(every_ms) = self.lanes.refused(ms) else { return };
        tracing::warn!(every_ms, "the homeserver takes messages no faster than this; `sereno check` says how to raise it");
        session.note_limit(Limit { every_ms, seen_ms: self.settings.clock.now().0 });
    }

    /// A view as a message, in somebody's language.
    pub(super) fn rendered(&self, view: &View, lang: Lang) -> render::Rendered {
        let memory = self.memory();
        // Before the bot is up there are no words yet; then the code has to do.
        let say = |say: &Say| memory.as_ref().map_or_else(|| say.code.clone(), |m| m.words(say, lang));
        render::message(view, &render::Ctx { lang, prefix: &self.settings.prefix, say: &say })
    }

    /// Says an alarm in a room, at once.
    async fn alarm(&self, room: &RoomId, text: &str, txn: &TransactionId) -> Result<(), Fail> {
        let session = self.session()?;
        let content = render::sentence(&format!("🚨 {text}"), true).content();
        let joined = session.room(room.as_str())?;
        let turn = self.turn(room);
        let _turn = turn.lock().await;
        // Not at the account's pace: an alarm stands behind nothing.
        let sent = joined.send_raw("m.room.message", content).with_transaction_id(txn).await;
        sent.map(drop).map_err(|e| super::session::fail(&e))
    }
}

/// Says an alarm again and again until it stands, once.
async fn insist(shared: &Weak<Shared>, room: &RoomId, text: &str) {
    let Some((clock, pace)) = shared.upgrade().map(|s| (s.settings.clock, s.settings.pace)) else { return };
    let began = clock.now();
    let txn = deliver::transaction(&format!("alarm-{}-{room}-{text}", began.0));
    let mut pause = pace.back_off.0;
    loop {
        let said = match shared.upgrade() {
            Some(shared) => shared.alarm(room, text, &txn).await,
            None => return,
        };
        let wish = match said {
            Ok(()) => return,
            Err(Fail::Limited(ms)) => Duration::from_millis(ms.unsigned_abs()),
            Err(Fail::Broken(_)) => pause,
            Err(fail @ (Fail::Auth(_) | Fail::Code(_) | Fail::NotIn)) => {
                tracing::error!(why = fail.why(), "an alarm could not be posted to Matrix");
                return;
            }
        };
        if clock.now().since(began) > ALARM_STALE_MS {
            tracing::error!(room = room.as_str(), "an alarm did not reach Matrix in time");
            return;
        }
        tokio::time::sleep(wish.max(pause)).await;
        pause = (pause * 2).min(pace.back_off.1);
    }
}

/// An event as JSON.
pub(super) fn value(event: &TimelineEvent) -> Value {
    serde_json::from_str(event.raw().json().get()).unwrap_or_default()
}

/// The Matrix chat.
pub struct Matrix {
    shared: Arc<Shared>,
}

impl Matrix {
    /// The chat, not signed in yet: nothing is read or written before it runs.
    #[must_use]
    pub fn new(settings: Settings) -> Matrix {
        let mirrored = pictures::Mirrored::new(settings.fetch);
        let shared = Shared {
            settings,
            lanes: lanes::Lanes::new(),
            rooms: rooms::Rooms::default(),
            looked_at: erasing::LookedAt::default(),
            pins: pins::Pins::default(),
            untold: erasing::Messages::default(),
            mirrored,
            said_of_pins: AtomicBool::new(false),
            synced: AtomicBool::new(false),
            session: RwLock::default(),
            memory: RwLock::default(),
            hopeless: OnceLock::new(),
            turns: Mutex::default(),
            looked_back: Mutex::default(),
        };
        Matrix { shared: Arc::new(shared) }
    }
}

#[async_trait]
impl Chat for Matrix {
    async fn run(&self, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> anyhow::Result<()> {
        *self.shared.memory.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(&memory));
        self.shared.pins.load(&*memory).await?;
        let session = self.shared.open().await?;
        tracing::info!(user = session.me, "signed in to Matrix");
        let closed = inbox.clone();
        tokio::select! {
            ended = hearing::run(Arc::clone(&self.shared), Arc::clone(&session), inbox, memory) => ended,
            () = rooms::keep(&self.shared, &session) => Ok(()),
            () = closed.closed() => Ok(()),
        }
    }

    async fn post(&self, message: &Message) -> Outcome {
        deliver::post(&self.shared, message).await
    }

    async fn look(&self, message: &Message) -> Look {
        deliver::look(&self.shared, message).await
    }

    async fn alarm(&self, room: &RoomId, text: &str) {
        // Whoever asks waits for a while only. The chat itself is not held: it may end meanwhile.
        let (shared, room, text) = (Arc::downgrade(&self.shared), room.clone(), text.to_owned());
        tokio::spawn(async move { insist(&shared, &room, &text).await }).await.ok();
    }

    async fn check(&self) -> Vec<Finding> {
        check::findings(&self.shared.settings).await
    }

    fn posts_per_minute(&self) -> u32 {
        self.shared.settings.posts_per_minute
    }
}
