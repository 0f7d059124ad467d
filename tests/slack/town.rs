//! The real bot in the emulated workspace, with the square as its network.

use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN, Slack, TEAM_CHANNEL, View};
use sereno::app::{self, Handle, Parts, Source};
use sereno::chat::slack::{Pace, Settings, Slack as Adapter, Way};
use sereno::clock::Clock;
use sereno::engine::Engine;
use sereno::i18n::Words;
use sereno::intake::listen::Matcher;
use sereno::network::square::Square;
use sereno::network::square::books::{Hand, Writing};
use sereno::policy::{Policy, RoomId, Route};
use sereno::post::{Account, Author, AuthorId, PostId, Untrusted};
use sereno::store::Store;
use sereno::store::model::ModelStore;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The app as people set it up.
pub const MANIFEST: &str = include_str!("../../slack-manifest.yaml");

/// Waits short enough for tests.
pub fn pace() -> Pace {
    Pace {
        ping: Duration::from_millis(200),
        silence: Duration::from_millis(1_500),
        back_off: (Duration::from_millis(50), Duration::from_millis(400)),
        refused: Duration::from_millis(800),
        say_after: Duration::from_millis(700),
        ack_by: Duration::from_millis(2_500),
        note: Duration::from_millis(200),
        reread: Duration::from_secs(600),
        known: Duration::from_secs(600),
        moment: Duration::ZERO,
        typing: Duration::from_millis(50),
        shows: Duration::from_millis(500),
    }
}

/// A message of the bot's.
pub struct Shown {
    pub ts: String,
    /// Its buttons and menus: action_id and value.
    pub actions: Vec<(String, String)>,
}

pub struct Town {
    pub slack: Slack,
    pub square: Arc<Square>,
    pub store: ModelStore,
    pub policy: Policy,
    pub settings: Settings,
    bot: Mutex<Option<Arc<Handle>>>,
}

impl Town {
    /// A workspace, a square and a bot that is up.
    pub async fn new() -> Town {
        let town = Town::asleep().await;
        town.wake().await;
        town
    }

    /// The same, the bot not started yet.
    pub async fn asleep() -> Town {
        // Whatever TLS the test needs; more than one may ask for it.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let slack = Slack::start().await;
        slack.unlimited();
        slack.install(MANIFEST);
        let clock = Clock::system();
        let square = Square::new(clock, BTreeMap::new());
        square.with(|books| {
            books.open_account("acme".into(), author("us", "@acme"));
            books.settle(author("marta", "@marta"));
            books.settle(author("luis", "@luis"));
        });
        let room = RoomId(slack.channel(TEAM_CHANNEL));
        let mut policy = Policy {
            routes: vec![Route { room: room.clone(), ..Route::default() }],
            fallback_room: room.clone(),
            import_ms: i64::MAX / 4,
            ..Policy::default()
        };
        policy.privacy.private_rooms = vec![room.clone()];
        policy.reply.undo_ms = 300;
        let settings = Settings {
            way: Way::Socket(APP_TOKEN.to_owned().into()),
            api_url: slack.api(),
            posts_per_second: 1_000.0,
            workspace_posts_per_minute: 60_000,
            call: Duration::from_millis(1_500),
            pace: pace(),
            ..Settings::new(BOT_TOKEN.to_owned().into(), room.as_str())
        };
        Town { slack, square, store: ModelStore::new("slack-town"), policy, settings, bot: Mutex::default() }
    }

    /// Starts the bot, on what it remembers.
    pub async fn wake(&self) {
        self.start();
        if let Way::Socket(_) = self.settings.way {
            self.slack.until("a connection", |_| (self.slack.sockets() > 0).then_some(())).await;
        }
    }

    pub fn start(&self) {
        let chat = Adapter::new(self.settings.clone()).unwrap();
        let account = self.square.account(Account::from("acme"), Matcher::new(&[]));
        let parts = Parts {
            store: Arc::new(self.store.clone()) as Arc<dyn Store>,
            chat: Arc::new(chat),
            accounts: vec![Source { account: Arc::new(account), poll_ms: 200 }],
            policy: self.policy.clone(),
            clock: Clock::system(),
            words: Arc::new(Words::new()),
            reloads: false,
        };
        *self.bot.lock().unwrap() = Some(Arc::new(app::start(parts).unwrap()));
    }

    /// Ends the bot in the middle of whatever it does: nothing that is on its way comes back to it.
    pub async fn crash(&self) {
        let bot = self.bot.lock().unwrap().take();
        drop(bot);
        self.slack.until("no connection", |_| (self.slack.sockets() == 0).then_some(())).await;
    }

    /// The bot.
    pub fn bot(&self) -> Arc<Handle> {
        self.bot.lock().unwrap().clone().unwrap()
    }

    pub async fn sleep(&self) {
        let bot = self.bot.lock().unwrap().take();
        if let Some(bot) = bot {
            bot.stop().await;
        }
        self.slack.until("no connection", |_| (self.slack.sockets() == 0).then_some(())).await;
    }

    /// Somebody more whom the network knows.
    pub fn customer(&self, name: &str) {
        self.square.with(|books| books.settle(author(name, &format!("@{name}"))));
    }

    /// Somebody complains in public.
    pub fn complain(&self, who: &str, text: &str) -> PostId {
        let now = self.square.clock().now();
        let writing = Writing { author: AuthorId::from(who), text: format!("@acme {text}"), concerns: true, ..Writing::default() };
        self.square.with(|books| books.write(writing, Hand::Person, now))
    }

    /// Somebody writes to the company alone.
    pub fn whisper(&self, who: &str, text: &str) -> PostId {
        let now = self.square.clock().now();
        let direct = vec![AuthorId::from("us")];
        let writing = Writing { author: AuthorId::from(who), text: text.to_owned(), direct, concerns: true, ..Writing::default() };
        self.square.with(|books| books.write(writing, Hand::Person, now))
    }

    /// The card that shows these words, once it stands.
    pub async fn card(&self, words: &str) -> Shown {
        let what = format!("a card with “{words}”");
        self.slack
            .until(&what, |b| {
                b.top(TEAM_CHANNEL)
                    .into_iter()
                    .find(|m| m.ours && m.words().contains(words))
                    .map(|m| Shown { ts: m.ts.clone(), actions: m.actions() })
            })
            .await
    }

    /// The form that opens before somebody.
    pub async fn form(&self, user: &str) -> View {
        self.slack.until("a form", |b| b.modals(user).first().map(|v| (*v).clone())).await
    }

    /// How many messages of the bot's in a thread hold these words.
    pub fn times(&self, thread: &str, words: &str) -> usize {
        self.slack.books().thread(TEAM_CHANNEL, thread).into_iter().filter(|m| m.ours && m.words().contains(words)).count()
    }

    /// An entry of a thread that shows these words, once it stands.
    pub async fn entry(&self, thread: &str, words: &str) -> Shown {
        let what = format!("an entry with “{words}”");
        self.slack
            .until(&what, |b| {
                b.thread(TEAM_CHANNEL, thread)
                    .into_iter()
                    .find(|m| m.ours && m.words().contains(words))
                    .map(|m| Shown { ts: m.ts.clone(), actions: m.actions() })
            })
            .await
    }

    /// Waits until one's own ephemeral answers hold these words.
    pub async fn told(&self, user: &str, words: &str) {
        let what = format!("{user} is told “{words}”");
        self.slack.until(&what, |b| b.whispers(user).into_iter().any(|w| w.words().contains(words)).then_some(())).await;
    }

    /// What stands published by the company on the square.
    pub fn published(&self) -> Vec<String> {
        self.square.with(|b| {
            b.posts()
                .filter(|s| s.post.author.id == AuthorId::from("us") && s.deleted_at.is_none())
                .map(|s| s.post.text.expose().to_owned())
                .collect()
        })
    }

    /// Waits until the company has published this.
    pub async fn sent(&self, words: &str) {
        let mut grew = self.square.watch();
        let wait = async {
            while !self.published().iter().any(|p| p.contains(words)) {
                grew.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(30), wait).await.is_err() {
            panic!("not published: {words}; the workspace shows:\n{}", self.slack.sight());
        }
    }

    /// Waits until the bot has nothing more to deliver.
    pub async fn settled(&self) {
        let mut turns = self.bot().turns();
        if tokio::time::timeout(Duration::from_secs(30), turns.wait_for(|unfinished| *unfinished == 0)).await.is_err() {
            panic!("the outbox does not drain; the workspace shows:\n{}", self.slack.sight());
        }
    }

    /// Waits until something holds of the bot, which can only change by a turn of its engine.
    pub async fn until<T: Send + 'static>(&self, what: &str, holds: impl Fn(&Engine) -> Option<T> + Clone + Send + 'static) -> T {
        let bot = self.bot();
        let mut turns = bot.turns();
        let wait = async {
            loop {
                turns.borrow_and_update();
                let holds = holds.clone();
                if let Some(found) = bot.ask(move |engine, _| holds(engine)).await.unwrap() {
                    return found;
                }
                turns.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), wait).await {
            Ok(found) => found,
            Err(_) => panic!("not seen: {what}; the workspace shows:\n{}", self.slack.sight()),
        }
    }

    /// What no run may end with: something said twice, something that pings, metadata that loses a text.
    pub async fn sound(&self) {
        self.settled().await;
        let books = self.slack.books();
        assert_eq!(books.doubled(), [""; 0], "\n{}", self.slack.sight());
        assert!(books.log.pings.is_empty(), "{:?}", books.log.pings);
        assert!(books.log.odd_metadata.is_empty(), "{:?}", books.log.odd_metadata);
        assert_eq!(books.log.strange_acks, 0);
        assert!(books.log.bad_acks.is_empty(), "{:?}", books.log.bad_acks);
        let unfurled: Vec<_> = books.ours().into_iter().filter(|(_, m)| m.unfurls).map(|(_, m)| m.words()).collect();
        assert!(unfurled.is_empty(), "Slack shows what their links lead to: {unfurled:?}");
        // No right that the manifest does not ask for, no word that Slack's methods do not know.
        let refused = ["missing_scope", "invalid_arguments", "unknown_method", "invalid_blocks_format"];
        let odd = books.log.requests.iter().filter(|r| r.fault.is_none() && r.error.as_deref().is_some_and(|e| refused.contains(&e)));
        let odd: Vec<_> = odd.map(|r| (&r.method, &r.error)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
}

fn author(id: &str, handle: &str) -> Author {
    Author { id: AuthorId::from(id), handle: Untrusted::new(handle), followers: Some(12), ..Author::default() }
}
