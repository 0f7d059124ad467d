//! The adapter itself: its settings, what its parts share, the port.

use super::session::{Fail, Session};
use super::{Rotation, catchup, check, deliver, events, forms, home, inbound, lanes, people, pictures, render, rooms, socket};
use crate::chat::{Chat, Memory, Message, NoFile, Said};
use crate::clock::Clock;
use crate::network::Finding;
use crate::outbox::{Look, Outcome, Urgency};
use crate::policy::{AgentId, Lang, RoomId};
use crate::say::Say;
use crate::view::View;
use anyhow::Context as _;
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// What waits for a person stands in no queue of ours for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// For so many posts a minute that a room takes, one more may be on its way.
const POSTS_TO_OVERLAP: u32 = 1_200;
/// Posts on their way to one room at once, at most.
const AT_ONCE_MAX: usize = 64;

/// Where Slack's events come in over HTTP.
#[derive(Clone)]
pub struct HttpEvents {
    /// Proves that a request is Slack's.
    pub signing_secret: SecretString,
    /// Where to listen; a proxy with TLS stands in front.
    pub listen: SocketAddr,
}

impl std::fmt::Debug for HttpEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpEvents").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// How Slack's events reach us.
#[derive(Clone, Debug)]
pub enum Way {
    /// Socket Mode, with the app-level token.
    Socket(SecretString),
    /// Requests to us.
    Http(HttpEvents),
}

/// Waits, of which tests want shorter ones.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the socket is pinged.
    pub ping: Duration,
    /// A socket that says nothing for so long, not even to a ping, is dead.
    pub silence: Duration,
    /// The first and the longest pause before a new connection.
    pub back_off: (Duration, Duration),
    /// The pause after a refusal that only people can mend.
    pub refused: Duration,
    /// No connection for so long is said.
    pub say_after: Duration,
    /// By when an ack must have gone; Slack waits three seconds.
    pub ack_by: Duration,
    /// How often it is noted up to where everything was heard.
    pub note: Duration,
    /// Without the socket nothing tells that something was not heard: so often history is read all the same.
    pub reread: Duration,
    /// How long what is known of people and rooms holds.
    pub known: Duration,
    /// Before a private message a room is looked at again, unless that was within this.
    pub moment: Duration,
    /// The pause before the count of a text that is being typed.
    pub typing: Duration,
    /// After a doubt a picture is not sent anew for so long: Slack shows a file some time after it took it.
    pub shows: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            ping: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            back_off: (Duration::from_secs(1), Duration::from_secs(60)),
            refused: Duration::from_secs(300),
            say_after: Duration::from_secs(60),
            ack_by: Duration::from_millis(2_500),
            note: Duration::from_secs(60),
            reread: Duration::from_secs(600),
            known: Duration::from_secs(600),
            moment: Duration::from_secs(2),
            typing: Duration::from_millis(400),
            shows: Duration::from_secs(60),
        }
    }
}

/// How Slack is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token (`xoxb-…`).
    pub bot_token: SecretString,
    /// The exchange of tokens, where the app has it.
    pub rotation: Option<Rotation>,
    /// How events reach us.
    pub way: Way,
    /// Slack's Web API.
    pub api_url: String,
    /// The room that alarms go to.
    pub channel: RoomId,
    /// All rooms that cards go to as the bot starts, for the check.
    pub rooms: Vec<RoomId>,
    /// The rooms that `[privacy]` names, for the check.
    pub private_rooms: Vec<RoomId>,
    /// The ids of `[people]`, for the check.
    pub people: Vec<AgentId>,
    /// What stands in front of our slash commands: `sereno-` for `/sereno-case`.
    pub slash_prefix: String,
    /// The user group whose members are agents.
    pub user_group: Option<String>,
    /// Posts a second to one channel.
    pub posts_per_second: f64,
    /// Posts a minute to the whole workspace.
    pub workspace_posts_per_minute: u32,
    /// The bound in time of each call.
    pub call: Duration,
    /// Other waits.
    pub pace: Pace,
    /// The time.
    pub clock: Clock,
}

impl Settings {
    /// Slack itself, by Socket Mode without an app token yet, with the usual limits.
    #[must_use]
    pub fn new(bot_token: SecretString, channel: &str) -> Settings {
        Settings {
            bot_token,
            rotation: None,
            way: Way::Socket(SecretString::from("")),
            api_url: "https://slack.com/api".into(),
            channel: RoomId::from(channel),
            rooms: vec![RoomId::from(channel)],
            private_rooms: Vec::new(),
            people: Vec::new(),
            slash_prefix: String::new(),
            user_group: None,
            posts_per_second: 1.0,
            workspace_posts_per_minute: 300,
            call: Duration::from_secs(10),
            pace: Pace::default(),
            clock: Clock::system(),
        }
    }
}

/// What all parts of the adapter share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) session: Session,
    pub(super) lanes: lanes::Lanes,
    pub(super) people: people::People,
    pub(super) rooms: rooms::Rooms,
    pub(super) forms: forms::Forms,
    pub(super) memory: RwLock<Option<Arc<dyn Memory>>>,
    /// Whether Slack no longer takes the bot's token.
    pub(super) shut_out: AtomicBool,
    /// Rooms in which it could not be looked whether something stands: said once for each time.
    unread: Mutex<BTreeSet<RoomId>>,
    pub(super) homes: home::Homes,
    pub(super) looks: deliver::Looks,
    pub(super) doubts: pictures::Doubts,
}

impl Shared {
    pub(super) fn unread(&self) -> MutexGuard<'_, BTreeSet<RoomId>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn memory(&self) -> Option<Arc<dyn Memory>> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The rooms that the bot looks after: those that the rules in force name, and that of its alarms.
    pub(super) async fn watched(&self) -> BTreeSet<RoomId> {
        let mut rooms = match self.memory() {
            Some(memory) => memory.rooms().await,
            None => BTreeSet::new(),
        };
        rooms.insert(self.settings.channel.clone());
        rooms
    }

    /// Writes what somebody waits for, in its turn.
    pub(super) async fn post(&self, method: &str, channel: Option<&str>, body: &Value) -> Result<Value, Fail> {
        self.post_as(method, channel, Urgency::Staff, body).await
    }

    /// Writes, in its turn.
    pub(super) async fn post_as(&self, method: &str, channel: Option<&str>, urgency: Urgency, body: &Value) -> Result<Value, Fail> {
        self.pass(method, channel, urgency).await?;
        self.send(method, channel, body).await
    }

    /// Waits for the turn of a write.
    pub(super) async fn pass(&self, method: &str, channel: Option<&str>, urgency: Urgency) -> Result<(), Fail> {
        self.lanes.pass(method, channel, urgency, PATIENCE).await.map_err(Fail::Limited)
    }

    /// Writes, now that its turn has come.
    pub(super) async fn send(&self, method: &str, channel: Option<&str>, body: &Value) -> Result<Value, Fail> {
        let done = self.session.post(method, body).await;
        self.heed(method, channel, &done).await;
        done
    }

    /// Reads, in its turn.
    pub(super) async fn get(&self, method: &str, params: &[(&str, &str)]) -> Result<Value, Fail> {
        self.lanes.pass(method, None, Urgency::Staff, PATIENCE).await.map_err(Fail::Limited)?;
        let done = self.session.get(method, params).await;
        self.heed(method, None, &done).await;
        done
    }

    /// Keeps to a limit; says once that Slack shuts the bot out, and once that it is let in again.
    async fn heed(&self, method: &str, channel: Option<&str>, done: &Result<Value, Fail>) {
        match done {
            Err(Fail::Limited(ms)) => self.lanes.pause(method, channel, *ms),
            Err(fail) if fail.is_shut_out() => {
                if !self.shut_out.swap(true, Ordering::AcqRel) {
                    let why = fail.why();
                    tracing::error!(
                        why,
                        "Slack no longer takes the bot's token: nothing is lost, it is tried again; `sereno check` says what to do"
                    );
                }
            }
            Ok(_) => {
                if self.shut_out.swap(false, Ordering::AcqRel) {
                    tracing::info!("Slack takes the bot's token again");
                    self.announce(&Say::new("notice-chat-back")).await;
                }
            }
            Err(_) => {}
        }
    }

    /// A view as a message, in somebody's language.
    pub(super) fn rendered(&self, view: &View, lang: Lang) -> render::Rendered {
        let memory = self.memory();
        // Before the bot is up there are no words yet; then the code has to do.
        let say = |say: &Say| memory.as_ref().map_or_else(|| say.code.clone(), |m| m.words(say, lang));
        render::message(view, &render::Ctx { lang, say: &say })
    }

    /// A sentence in somebody's language.
    pub(super) fn words(&self, code: &str, lang: Lang) -> String {
        self.memory().map_or_else(|| code.to_owned(), |m| m.words(&Say::new(code), lang))
    }

    /// The language of the room for alarms.
    pub(super) fn lang(&self) -> Lang {
        self.memory().map_or_else(Lang::default, |m| m.room_lang(&self.settings.channel))
    }

    /// Says a sentence of ours in the room for alarms.
    pub(super) async fn announce(&self, say: &Say) {
        let Some(memory) = self.memory() else { return };
        self.alarm(&self.settings.channel, &memory.words(say, self.lang())).await;
    }

    /// Says something in the room for alarms, at once.
    pub(super) async fn alarm(&self, room: &RoomId, text: &str) {
        let text = escape(text);
        let mut body = json!({ "channel": room.as_str(), "text": format!(":rotating_light: {text}") });
        deliver::add(&mut body, deliver::quiet());
        deliver::add(&mut body, deliver::unfurled());
        // Not in its turn: an alarm stands behind nothing.
        if let Err(fail) = self.session.post("chat.postMessage", &body).await {
            tracing::error!(why = fail.why(), "an alarm could not be posted to Slack");
        }
    }
}

/// Text that Slack reads no markup out of. Source: docs.slack.dev/messaging/formatting-message-text.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A check that could not begin.
fn failed(code: &str, why: String) -> Finding {
    Finding { ok: false, what: "chat.slack.bot_token".into(), detail: Say::new(code).text("why", why) }
}

/// The Slack chat.
pub struct Slack {
    shared: Arc<Shared>,
}

impl Slack {
    /// The chat, not connected yet.
    ///
    /// # Errors
    /// The settings cannot be: an address in the clear, a file of tokens that cannot be read.
    pub fn new(settings: Settings) -> anyhow::Result<Slack> {
        let session = Session::new(&settings)?;
        let lanes = lanes::Lanes::new(settings.posts_per_second, settings.workspace_posts_per_minute);
        let shared = Shared {
            session,
            lanes,
            people: people::People::new(settings.pace.known),
            rooms: rooms::Rooms::new(settings.pace.known, settings.pace.moment),
            forms: forms::Forms::default(),
            memory: RwLock::default(),
            shut_out: AtomicBool::new(false),
            unread: Mutex::default(),
            homes: home::Homes::default(),
            looks: deliver::Looks::default(),
            doubts: pictures::Doubts::default(),
            settings,
        };
        Ok(Slack { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Chat for Slack {
    async fn run(&self, inbox: mpsc::Sender<Said>, memory: Arc<dyn Memory>) -> anyhow::Result<()> {
        *self.shared.memory.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&memory));
        let me = self.shared.session.me().await.map_err(|f| anyhow::anyhow!("Slack does not let us in: {}", f.why()))?;
        tracing::info!(team = me.team_id, bot = me.user_id, "signed in to Slack");
        let closed = inbox.clone();
        let (hearing, _crew) = inbound::Hearing::new(Arc::clone(&self.shared), inbox, memory);
        people::recall_team(&hearing).await;
        let keeping = people::keep_team(&hearing);
        let watching = rooms::keep(&hearing);
        let noting = catchup::keep(&hearing);
        let listening = async {
            match &self.shared.settings.way {
                Way::Socket(token) => socket::run(&hearing, token).await,
                Way::Http(http) => events::run(&hearing, http).await.context("listening for Slack's events"),
            }
        };
        tokio::select! {
            ended = listening => ended,
            () = keeping => Ok(()),
            () = watching => Ok(()),
            () = noting => Ok(()),
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
        self.shared.alarm(room, text).await;
    }

    async fn file(&self, id: &str, most: u64) -> Result<Vec<u8>, NoFile> {
        // Asked anew: it may have been deleted, and where it lies is Slack's to say.
        let answer = self.shared.session.get("files.info", &[("file", id)]).await.map_err(Fail::no_file)?;
        let file = answer.get("file").ok_or(NoFile::Gone)?;
        if file.get("size").and_then(Value::as_u64).is_some_and(|size| size > most) {
            return Err(NoFile::TooLarge);
        }
        let address = ["url_private_download", "url_private"].into_iter().find_map(|key| file.get(key).and_then(Value::as_str));
        self.shared.session.download(address.ok_or(NoFile::Gone)?, most).await
    }

    async fn check(&self) -> Vec<Finding> {
        let settings = &self.shared.settings;
        let rooms: BTreeSet<&RoomId> = settings.rooms.iter().chain(&settings.private_rooms).collect();
        let setup = check::Setup {
            api_url: settings.api_url.clone(),
            bot_token: match self.shared.session.token_to_look().await {
                Ok(token) => token,
                Err(fail) if fail.is("token_expired") || fail.is_auth() => return vec![failed("check-slack-token", fail.why())],
                Err(fail) => return vec![failed("check-slack-renewal", fail.why())],
            },
            app_token: match &settings.way {
                Way::Socket(token) => Some(token.clone()),
                Way::Http(_) => None,
            },
            rooms: rooms
                .into_iter()
                .map(|room| check::Room { id: room.0.clone(), private: settings.private_rooms.contains(room) })
                .collect(),
            user_group: settings.user_group.clone(),
            people: settings.people.iter().map(|p| p.0.clone()).collect(),
        };
        match check::WebApi::new(&setup) {
            Ok(api) => check::findings(&api, &setup).await,
            Err(error) => vec![failed("check-slack-token", format!("{error:#}"))],
        }
    }

    fn posts_per_minute(&self) -> u32 {
        // The bucket of each room has its own pace; a whole post a minute at least.
        let per_minute = (self.shared.settings.posts_per_second * 60.0).clamp(1.0, 6_000_000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within u32 a line above")]
        let whole = per_minute as u32;
        whole
    }

    fn changes_apart(&self) -> bool {
        // `chat.update` has a limit of its own for the whole workspace.
        true
    }

    fn posts_at_once(&self) -> usize {
        // At Slack's own pace each has arrived long before the next may go. Beyond it, nobody waits for the
        // disk and the network once for each.
        let posts = usize::try_from(self.posts_per_minute() / POSTS_TO_OVERLAP).unwrap_or(1);
        posts.clamp(1, AT_ONCE_MAX)
    }
}
