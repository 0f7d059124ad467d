//! `sereno demo`: the whole of sereno on a little town's own network, with nothing to set up.
//!
//! [`script`] holds the story as data, [`town`] plays it on [`crate::network::square`]. What runs
//! between the square and the console chat is the bot itself, put together as for `sereno run`.
//! With `--auto`, [`staff`] does the work of a person at the keyboard, [`witness`] notes what they
//! could read, and [`judge`] holds the square's own books against it; [`sabotage`] breaks the bot
//! on purpose, to show that the judge would notice.

mod auto;
mod folder;
pub mod judge;
mod manner;
mod piped;
pub mod sabotage;
pub mod script;
mod staff;
pub mod town;
mod witness;

use crate::app::{self, Ended, Handle, Parts, Source};
use crate::chat::Chat;
use crate::chat::console::{Console, Format, Settings};
use crate::clock::{Clock, SECOND_MS, Time};
use crate::i18n::Words;
use crate::intake::listen::Matcher;
use crate::network::NetworkAccount;
use crate::policy::{AgentId, Lang, ListenRule, Person, Policy, PrivacyPolicy, Role, RoomId, Route};
use crate::post::Account;
use crate::say::{Arg, Say};
use crate::store::sled::SledStore;
use crate::view::{Piece, TextView, View};
use anyhow::Context;
pub use auto::Hands;
use auto::{AtConsole, Auto};
use folder::Folder;
use judge::Verdict;
use manner::Manner;
use piped::Script;
use sabotage::{Broken, Plan, Sabotage};
use script::Story;
use staff::Staff;
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use town::Town;
use witness::{Keyboard, Witness};

/// How much faster time runs for a person at the keyboard.
const SPEED: u32 = 4;
/// How much faster it runs for the automatic member of staff.
const AUTO_SPEED: u32 = 200;
/// How much faster it runs for a script that is piped in.
const SCRIPT_SPEED: u32 = 40;
/// How long the last answer to a script may take to be on the screen.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// The undo window, in milliseconds of the story.
const UNDO_MS: i64 = 40 * SECOND_MS;
/// How often the square is read from its cursor, besides listening, in milliseconds of the story.
const POLL_MS: i64 = 20 * SECOND_MS;
/// How long the automatic member of staff may take for the whole story.
const AUTO_BOUND: Duration = Duration::from_secs(120);
/// The same in another chat, whose every word takes a way over the network.
const ELSEWHERE_BOUND: Duration = Duration::from_secs(300);
/// Who sits at the console.
const AGENT: &str = "console";
/// The room.
const ROOM: &str = "console";

/// What `sereno demo` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The language.
    pub lang: Lang,
    /// Keep the store in this directory.
    pub keep: Option<PathBuf>,
    /// Play the whole story, and judge it.
    pub auto: bool,
    /// Break the bot on purpose.
    pub sabotage: Option<Sabotage>,
}

/// Plays the demo until its end, or until the person leaves.
///
/// # Errors
/// If the bot cannot be started, or breaks.
pub async fn run(options: Options, words: Arc<Words>) -> anyhow::Result<ExitCode> {
    let lang = options.lang;
    // Before anything is made that would have to be removed.
    let leave = Leave::listen()?;
    let story = Story::built_in()?;
    let piped = !options.auto && !std::io::stdin().is_terminal();
    let speed = match (options.auto, piped) {
        (true, _) => AUTO_SPEED,
        (false, true) => SCRIPT_SPEED,
        (false, false) => SPEED,
    };
    let clock = Clock::fast(speed);
    let folder = Folder::new(options.keep.as_deref())?;
    let settings = Settings {
        format: Format::Text,
        agent: AgentId::from(AGENT),
        room: RoomId::from(ROOM),
        lang,
        style: Settings::style_of_stdout(),
        echo: piped,
        started: clock.now(),
    };
    let (agent, room) = (settings.agent.clone(), settings.room.clone());
    let demo = Demo { lang, clock, words: Arc::clone(&words), town: Town::new(&story, clock), folder, agent, room, private: None };
    let code = if options.auto {
        let (keyboard, keys) = Keyboard::new();
        let console = Arc::new(Console::new(settings, words, Box::new(keys), Box::new(std::io::stdout()))?);
        demo.auto(&story, &console, keyboard, options.sabotage, leave).await?
    } else if piped {
        let (keyboard, keys) = Keyboard::new();
        let console = Arc::new(Console::new(settings, words, Box::new(keys), Box::new(std::io::stdout()))?);
        demo.piped(&story, &console, keyboard, leave).await?
    } else {
        let console = Arc::new(Console::stdio(settings, words)?);
        demo.interactive(&story, &console, leave).await?
    };
    if options.keep.is_some() {
        let kept = demo.words.tell(&Say::new("demo-kept").text("path", demo.folder.path().display().to_string()), lang);
        crate::telemetry::tell(&kept);
    }
    Ok(code)
}

/// The wish to leave: Ctrl-C, a closed terminal, or whoever started us wants us gone.
struct Leave {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Leave {
    fn listen() -> std::io::Result<Leave> {
        Ok(Leave {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn wish(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

struct Demo {
    lang: Lang,
    clock: Clock,
    words: Arc<Words>,
    town: Town,
    folder: Folder,
    /// Who works here, and in which room.
    agent: AgentId,
    room: RoomId,
    /// The room for private messages, where that is another one.
    private: Option<RoomId>,
}

/// Another chat than the console, in which the automatic member of staff works.
pub struct Elsewhere {
    /// The chat.
    pub chat: Arc<dyn Chat>,
    /// Who they are there.
    pub agent: AgentId,
    /// The team's room.
    pub room: RoomId,
    /// The room for what customers write in private; `None`: the team's own, which must be fit for that.
    pub private: Option<RoomId>,
    /// How they say things there.
    pub hands: Box<dyn Hands>,
}

/// Plays the whole story in another chat, and has it judged; time runs `speed` times as fast as it does.
///
/// # Errors
/// If the bot cannot be started, breaks, or the story does not come to its end.
pub async fn play(elsewhere: Elsewhere, lang: Lang, speed: u32, words: Arc<Words>) -> anyhow::Result<(Verdict, Vec<String>)> {
    let story = Story::built_in()?;
    let clock = Clock::fast(speed);
    let Elsewhere { chat, agent, room, private, hands } = elsewhere;
    let demo = Demo { lang, clock, words, town: Town::new(&story, clock), folder: Folder::new(None)?, agent, room, private };
    let verdict = demo.played(&story, chat, hands, None, ELSEWHERE_BOUND, std::future::pending()).await?;
    let verdict = verdict.context("the story did not come to its end in time")?;
    let sentences = demo.town.square.with(|books| verdict.sentences(books));
    let told = sentences.iter().map(|say| demo.words.tell(say, lang)).collect();
    Ok((verdict, told))
}

impl Demo {
    /// A person sits at the keyboard.
    async fn interactive(&self, story: &Story, console: &Arc<Console>, mut leave: Leave) -> anyhow::Result<ExitCode> {
        self.welcome(console, SPEED, &["demo-welcome-type"]).await?;
        let chat: Arc<dyn Chat> = Arc::clone(console) as Arc<dyn Chat>;
        let bot = self.start(story, chat, None)?;
        let ended = tokio::select! {
            () = self.town.run() => None,
            () = bot.chat_ended() => None,
            () = leave.wish() => None,
            ended = bot.ended() => Some(ended),
        };
        let ended = match ended {
            Some(ended) => ended,
            None => bot.stop().await,
        };
        self.farewell(console).await?;
        Ok(if ended == Ended::Stopped { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// A script is piped in.
    async fn piped(
        &self,
        story: &Story,
        console: &Arc<Console>,
        keyboard: std::sync::mpsc::Sender<String>,
        mut leave: Leave,
    ) -> anyhow::Result<ExitCode> {
        self.welcome(console, SCRIPT_SPEED, &["demo-welcome-type", "demo-welcome-script"]).await?;
        let lines = piped::lines().context("starting the thread that reads the script")?;
        let (witness, seen) = Witness::new(Arc::clone(console) as Arc<dyn Chat>);
        let bot = self.start(story, Arc::new(witness), None)?;
        let most = story.customer.iter().map(|c| c.says.len() + c.reacts.len()).sum::<usize>() as u64;
        let script = Script { lines, keyboard, seen, bot: &bot, most };
        tokio::select! {
            played = async { script.play().await.map(|()| tokio::time::timeout(LAST_ANSWER, bot.chat_ended())) } => {
                // The console ends with its input, once the last answer stands on the screen; late or not, that is all.
                played?.await.ok();
            }
            () = self.town.run() => {}
            ended = bot.ended() => return Err(too_early(ended)),
            () = leave.wish() => {}
        }
        let ended = bot.stop().await;
        self.farewell(console).await?;
        Ok(if ended == Ended::Stopped { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn welcome(&self, console: &Console, speed: u32, how: &[&str]) -> anyhow::Result<()> {
        let real = Arg::Span(self.clock.real(UNDO_MS).as_millis().try_into().unwrap_or(i64::MAX));
        let welcome = Say::new("demo-welcome").number("speed", speed).with("undo", Arg::Span(UNDO_MS)).with("real", real);
        let said: Vec<Say> = std::iter::once(welcome).chain(how.iter().map(|code| Say::new(code))).collect();
        self.tell(console, &said).await
    }

    async fn farewell(&self, console: &Console) -> anyhow::Result<()> {
        self.tell(console, &[Say::new(if self.folder.is_kept() { "demo-farewell-kept" } else { "demo-farewell" })]).await
    }

    /// A program sits at the keyboard; the judge has the last word.
    async fn auto(
        &self,
        story: &Story,
        console: &Arc<Console>,
        keyboard: std::sync::mpsc::Sender<String>,
        sabotage: Option<Sabotage>,
        mut leave: Leave,
    ) -> anyhow::Result<ExitCode> {
        let mut welcome = vec![Say::new("demo-welcome-auto")];
        welcome.extend(sabotage.map(|how| {
            Say::new(match how {
                Sabotage::Lose => "demo-sabotage-lose",
                Sabotage::Double => "demo-sabotage-double",
                Sabotage::Stuck => "demo-sabotage-stuck",
            })
        }));
        self.tell(console, &welcome).await?;
        let chat = Arc::clone(console) as Arc<dyn Chat>;
        let hands = Box::new(AtConsole { console: Arc::clone(console), keyboard });
        match self.played(story, chat, hands, sabotage, AUTO_BOUND, leave.wish()).await? {
            Some(verdict) => self.judged(console, &verdict).await,
            None => {
                self.tell(console, &[Say::new("demo-unfinished")]).await?;
                Ok(ExitCode::FAILURE)
            }
        }
    }

    /// The automatic member of staff works through the story in a chat; `None`: it did not come to its end.
    async fn played(
        &self,
        story: &Story,
        chat: Arc<dyn Chat>,
        hands: Box<dyn Hands>,
        sabotage: Option<Sabotage>,
        bound: Duration,
        leave: impl Future<Output = ()>,
    ) -> anyhow::Result<Option<Verdict>> {
        let (witness, seen) = Witness::new(chat);
        let bot = self.start(story, Arc::new(witness), sabotage)?;
        let staff = Staff::new(Manner::new(Arc::clone(&self.words)), self.agent.as_str());
        let playing = Auto::new(staff, seen, hands, &bot, &self.town).play(bound);
        let verdict = tokio::select! {
            verdict = playing => verdict?,
            () = self.town.run() => None,
            ended = bot.ended() => return Err(too_early(ended)),
            () = leave => None,
        };
        bot.stop().await;
        Ok(verdict)
    }

    async fn judged(&self, console: &Console, verdict: &Verdict) -> anyhow::Result<ExitCode> {
        let problems = self.town.square.with(|books| verdict.sentences(books));
        self.tell(console, &problems).await?;
        // Not by the console, which wraps its lines: programs read this one.
        writeln!(std::io::stdout(), "{}", verdict.last_line()).context("the last line could not be written")?;
        Ok(if verdict.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Sentences of our own, on the screen.
    async fn tell(&self, console: &Console, said: &[Say]) -> anyhow::Result<()> {
        let lines = said.iter().map(|say| vec![Piece::Words(self.words.tell(say, self.lang))]).collect();
        console.print(&View::Text(TextView { code: "demo".into(), lines })).await.context("the screen takes nothing")
    }

    /// Puts the bot together: the one that runs for real, on the square.
    fn start(&self, story: &Story, chat: Arc<dyn Chat>, sabotage: Option<Sabotage>) -> anyhow::Result<Handle> {
        let place = self.folder.path();
        let store = SledStore::open(&place.join("store"), &place.join("keyring"))?;
        let policy = policy(story, self);
        let plan = sabotage.map(|how| Plan::new(how, self.town.clone()));
        let source = |account: &script::BrandAccount| {
            let listens = if account.listens { Matcher::new(&policy.listen) } else { Matcher::default() };
            let on_square = self.town.square.account(Account(account.name.clone()), listens);
            let account: Arc<dyn NetworkAccount> = match &plan {
                Some(plan) => Arc::new(Broken::new(Box::new(on_square), Arc::clone(plan))),
                None => Arc::new(on_square),
            };
            Source { account, poll_ms: POLL_MS }
        };
        let accounts = story.account.iter().map(source).collect();
        app::start(Parts {
            store: Arc::new(store),
            chat,
            accounts,
            policy,
            clock: self.clock,
            words: Arc::clone(&self.words),
            reloads: false,
        })
    }
}

/// The machine's time zone; late in the evening one where it is noon, so that midnight does not
/// part the story, and its digest with it, in two days.
fn zone(now: Time) -> String {
    const LATE: i8 = 20;
    let system = jiff::tz::TimeZone::system();
    let named = system.iana_name().filter(|_| now.to_jiff().to_zoned(system.clone()).hour() < LATE);
    named.map_or_else(|| noon_zone(now), str::to_owned)
}

/// A zone of the IANA data base where it is some minutes past noon.
fn noon_zone(now: Time) -> String {
    let ahead = 12 - i32::from(now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).hour());
    // The signs of these names are those of POSIX: east is minus.
    if ahead >= 0 { format!("Etc/GMT-{ahead}") } else { format!("Etc/GMT+{}", -ahead) }
}

/// The rules of the invented company.
fn policy(story: &Story, demo: &Demo) -> Policy {
    let (lang, room) = (demo.lang, demo.room.clone());
    let brand = story.account.first().map(|a| a.display.clone()).unwrap_or_default();
    let rule = ListenRule {
        name: story.listen.name.clone(),
        keywords: story.listen.keywords.clone(),
        hashtags: story.listen.hashtags.clone(),
        exclude: story.listen.exclude.clone(),
        ..ListenRule::default()
    };
    let person = Person { role: Role::Operator, name: story.agent.clone(), lang: Some(lang) };
    let mut policy = Policy {
        brand,
        lang,
        time_zone: zone(demo.clock.now()),
        listen: vec![rule],
        routes: vec![Route { room: room.clone(), speaks: lang, ..Route::default() }],
        fallback_room: room.clone(),
        people: BTreeMap::from([(demo.agent.clone(), person)]),
        // Nobody but the person at the screen reads it.
        privacy: PrivacyPolicy {
            private_rooms: vec![demo.private.clone().unwrap_or(room)],
            dm_room: demo.private.clone(),
            links_only: false,
        },
        ..Policy::default()
    };
    policy.reply.undo_ms = UNDO_MS;
    policy.triage.spam_words.clone_from(&story.spam_words);
    // It comes when it is asked for; a story of minutes has no morning.
    policy.digest.enabled = false;
    policy
}

/// Why a bot ended that nobody has stopped.
fn too_early(ended: Ended) -> anyhow::Error {
    match ended {
        Ended::Store(error) => error.into(),
        other => anyhow::anyhow!("the bot ended in the middle of the story: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HOUR_MS;

    #[test]
    fn it_is_noon_somewhere() {
        for hour in 0..24 {
            let now = Time(1_700_000_000_000 / HOUR_MS / 24 * 24 * HOUR_MS + hour * HOUR_MS + 5 * 60_000);
            let zone = jiff::tz::TimeZone::get(&noon_zone(now)).unwrap();
            assert_eq!(now.to_jiff().to_zoned(zone).hour(), 12, "{hour}");
        }
    }
}
