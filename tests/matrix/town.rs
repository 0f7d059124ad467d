//! The real bot in a room of a real homeserver, with the square as its network.

use super::staff::{Account, Staff};
use serde_json::{Value, json};
use sereno::app::{self, Handle, Parts, Source};
use sereno::case::{Case, CaseId};
use sereno::chat::matrix::place::Place;
use sereno::chat::matrix::{Matrix, Pace, Secret, Settings};
use sereno::clock::Clock;
use sereno::i18n::Words;
use sereno::intake::listen::Matcher;
use sereno::network::square::Square;
use sereno::network::square::books::{Hand, Writing};
use sereno::policy::{AgentId, Person, Policy, Role, RoomId, Route};
use sereno::post::{Account as Brand, Author, AuthorId, Untrusted};
use sereno::store::Store;
use sereno::store::model::ModelStore;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Waits short enough for tests.
pub fn pace() -> Pace {
    Pace {
        sync: Duration::from_secs(5),
        back_off: (Duration::from_millis(100), Duration::from_secs(1)),
        note: Duration::from_millis(200),
        keys: Duration::from_secs(3),
        again: Duration::from_secs(1),
        ..Pace::default()
    }
}

/// A story that is told of a plain and of an encrypted room.
macro_rules! in_both_rooms {
    ($story:ident, $plain:ident, $encrypted:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $plain() {
            $story(false).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $encrypted() {
            $story(true).await;
        }
    };
}
pub(super) use in_both_rooms;

/// Those who meet in a room.
pub struct Team {
    pub bot: Account,
    /// Ana's own.
    pub account: Account,
    /// Ana, at her client.
    pub ana: Staff,
}

impl Team {
    pub async fn new(hs: &str) -> Team {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let (bot, account) = (Account::new(hs, "sereno").await, Account::new(hs, "ana").await);
        let ana = Staff::new(&account).await;
        Team { bot, account, ana }
    }

    /// A room of Ana's into which the bot is invited.
    pub async fn room(&self, encrypted: bool) -> String {
        let power = json!({ "users": { self.bot.id.as_str(): 50 } });
        let made = self.ana.does(json!({ "do": "create", "encrypted": encrypted, "invite": [self.bot.id], "power": power })).await;
        made["room_id"].as_str().unwrap().to_owned()
    }

    /// How the bot is set up there: it obeys Ana, and keeps its keys in `folder`.
    pub fn settings(&self, folder: &Path, room: &str) -> Settings {
        let place = Place { dir: folder.join("matrix"), recovery_key: folder.join("recovery-key") };
        let mut settings = Settings::new(&self.bot.hs, &self.bot.id, Secret::Password(self.bot.password.clone().into()), place, room);
        settings.people.insert(AgentId::from(self.ana.id.as_str()));
        settings.pace = pace();
        settings.posts_per_minute = 60_000;
        settings
    }
}

pub struct Town {
    pub bot: Account,
    pub ana: Staff,
    pub room: String,
    pub square: Arc<Square>,
    pub store: ModelStore,
    pub policy: Policy,
    pub settings: Settings,
    pub folder: tempfile::TempDir,
    running: Mutex<Option<Arc<Handle>>>,
}

impl Town {
    /// A room, a square and a bot that is up and was invited.
    pub async fn new(hs: &str, encrypted: bool) -> Town {
        let town = Town::asleep(hs, encrypted).await;
        town.wake().await;
        town
    }

    /// The same, with a complaint in it; and the complaint's card.
    pub async fn with_a_case(hs: &str, encrypted: bool) -> (Town, String) {
        let town = Town::new(hs, encrypted).await;
        town.complain("marta", "my train never came");
        let card = town.card("never came").await;
        (town, card)
    }

    /// The same, the bot not started yet; it was invited by Ana, whom `[people]` names.
    pub async fn asleep(hs: &str, encrypted: bool) -> Town {
        let team = Team::new(hs).await;
        let room = team.room(encrypted).await;
        let square = Square::new(Clock::system(), BTreeMap::new());
        square.with(|books| {
            books.open_account("acme".into(), author("us", "@acme"));
            books.settle(author("marta", "@marta"));
            books.settle(author("luis", "@luis"));
        });
        let id = RoomId::from(room.as_str());
        let mut policy = Policy {
            routes: vec![Route { room: id.clone(), ..Route::default() }],
            fallback_room: id.clone(),
            import_ms: i64::MAX / 4,
            ..Policy::default()
        };
        let person = Person { role: Role::Lead, name: "Ana".into(), lang: None };
        policy.people.insert(AgentId::from(team.ana.id.as_str()), person);
        policy.privacy.private_rooms = vec![id];
        policy.reply.undo_ms = 300;
        let folder = tempfile::tempdir().unwrap();
        let settings = team.settings(folder.path(), &room);
        let Team { bot, ana, .. } = team;
        Town { bot, ana, room, square, store: ModelStore::new("matrix-town"), policy, settings, folder, running: Mutex::default() }
    }

    /// Starts the bot, on what it remembers, and waits until it is in the room.
    pub async fn wake(&self) {
        self.start();
        let me = self.bot.id.clone();
        let there = |e: &&Value| e["type"] == "m.room.member" && e["state_key"] == me.as_str() && e["content"]["membership"] == "join";
        self.ana.until("the bot to come into the room", |events| events.iter().find(there).map(drop)).await;
    }

    pub fn start(&self) {
        let account = self.square.account(Brand::from("acme"), Matcher::new(&[]));
        let chat = Arc::new(Matrix::new(self.settings.clone()));
        let parts = Parts {
            store: Arc::new(self.store.clone()) as Arc<dyn Store>,
            chat,
            accounts: vec![Source { account: Arc::new(account), poll_ms: 200 }],
            policy: self.policy.clone(),
            clock: Clock::system(),
            words: Arc::new(Words::new()),
            reloads: false,
        };
        *self.running.lock().unwrap() = Some(Arc::new(app::start(parts).unwrap()));
    }

    /// Ends the bot in the middle of whatever it does, and waits until its keys are free.
    pub async fn crash(&self) {
        drop(self.running.lock().unwrap().take());
        self.let_go().await;
    }

    /// Stops the bot.
    pub async fn sleep(&self) {
        let bot = self.running.lock().unwrap().take();
        if let Some(bot) = bot {
            bot.stop().await;
        }
        self.let_go().await;
    }

    async fn let_go(&self) {
        for _ in 0..1_500 {
            if !self.settings.place.is_taken() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the bot does not let go of its keys");
    }

    pub fn handle(&self) -> Arc<Handle> {
        self.running.lock().unwrap().clone().unwrap()
    }

    /// Somebody complains in public.
    pub fn complain(&self, who: &str, text: &str) {
        let now = self.square.clock().now();
        let writing = Writing { author: AuthorId::from(who), text: format!("@acme {text}"), concerns: true, ..Writing::default() };
        self.square.with(|books| books.write(writing, Hand::Person, now));
    }

    /// Somebody writes to the company alone.
    pub fn whisper(&self, who: &str, text: &str) {
        let now = self.square.clock().now();
        let direct = vec![AuthorId::from("us")];
        let writing = Writing { author: AuthorId::from(who), text: text.to_owned(), direct, concerns: true, ..Writing::default() };
        self.square.with(|books| books.write(writing, Hand::Person, now));
    }

    fn ours(&self, e: &Value) -> bool {
        e["sender"] == self.bot.id.as_str() && e["type"] == "m.room.message" && e["content"]["m.relates_to"]["rel_type"] != "m.replace"
    }

    /// The card that shows these words, once it stands: its event's id.
    pub async fn card(&self, words: &str) -> String {
        let is = |e: &&Value| self.ours(e) && e["content"]["m.relates_to"].is_null() && has(e, words);
        let what = format!("a card with “{words}”");
        self.ana.until(&what, |events| events.iter().find(is).map(|e| e["event_id"].as_str().unwrap().to_owned())).await
    }

    /// Waits for a message of the bot's in a thread that shows these words.
    pub async fn entry(&self, thread: &str, words: &str) -> Value {
        let is = |e: &&Value| self.ours(e) && e["content"]["m.relates_to"]["event_id"] == thread && has(e, words);
        let what = format!("an entry with “{words}”");
        self.ana.until(&what, |events| events.iter().find(is).cloned()).await
    }

    /// Waits for the answer to a command, by its event.
    pub async fn answer(&self, command: &str) {
        let op = format!("-answer-matrix:{command}");
        let is = |e: &&Value| e["content"]["dev.sereno.op"].as_str().is_some_and(|o| o.ends_with(&op));
        self.ana.until("an answer", |events| events.iter().find(is).map(drop)).await;
    }

    /// Waits until a message was changed to show these words.
    pub async fn changed(&self, event: &str, words: &str) {
        let is = |e: &&Value| {
            let content = &e["content"];
            content["m.relates_to"]["rel_type"] == "m.replace"
                && content["m.relates_to"]["event_id"] == event
                && content["m.new_content"]["body"].as_str().is_some_and(|b| b.contains(words))
        };
        self.ana.until(&format!("{event} changed to “{words}”"), |events| events.iter().find(is).map(drop)).await;
    }

    /// Waits until this holds of the first case.
    pub async fn holds(&self, what: &str, is: impl Fn(&Case) -> bool) {
        for _ in 0..3_000 {
            if self.store.case(CaseId(1)).unwrap().is_some_and(|case| is(&case)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: {:?}; the room shows:\n{}", self.store.case(CaseId(1)), self.ana.sight());
    }

    /// What stands published by the company on the square.
    pub fn published(&self) -> Vec<String> {
        self.square.with(|b| {
            let ours = b.posts().filter(|s| s.post.author.id == AuthorId::from("us") && s.deleted_at.is_none());
            ours.map(|s| s.post.text.expose().to_owned()).collect()
        })
    }

    /// Waits until the company has published this.
    pub async fn sent(&self, words: &str) {
        for _ in 0..3_000 {
            if self.published().iter().any(|p| p.contains(words)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not published: {words}; the room shows:\n{}", self.ana.sight());
    }

    /// Waits until the bot has nothing more to deliver.
    pub async fn settled(&self) {
        let bot = self.handle();
        for _ in 0..12_000 {
            if bot.ask(|engine, _| engine.outbox().is_empty()).await.unwrap() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the outbox does not drain; the room shows:\n{}", self.ana.sight());
    }

    /// What no run may end with: something said twice, a message that does not say whom it mentions, one that
    /// others cannot read.
    pub async fn sound(&self) {
        self.settled().await;
        self.ana.judges(&self.bot.id);
    }
}

fn has(event: &Value, words: &str) -> bool {
    event["content"]["body"].as_str().is_some_and(|b| b.contains(words))
}

fn author(id: &str, handle: &str) -> Author {
    Author { id: AuthorId::from(id), handle: Untrusted::new(handle), followers: Some(12), ..Author::default() }
}
