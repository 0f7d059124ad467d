//! The real program on the Mastodon emulator, with its team on the console, in the Slack emulator or in
//! a room of a real Synapse, killed with SIGKILL at random moments while customers post and staff work, with the servers' faults on.
//!
//! ```text
//! emulator (this process) ◀── HTTP, websocket ── sereno run ── JSON lines ──▶ staff, books (this process)
//!                                                      └─ HTTP, Socket Mode ──▶ workspace, staff (this process)
//! ```
//! In the end the faults stop and everything must drain: each mention stands in the chat by exactly
//! one operation, each answer that was promised stands on the server exactly once, by the
//! server's own books, and the outbox is empty. `SERENO_KILLS` (10) says how often it is killed,
//! on all chats together (built without Slack: on the console alone), `SERENO_SEED` which moments and faults are drawn; the moments hang on the machine's own speed
//! as well, so a seed repeats a run's shape, not its bytes.

mod autopsy;
mod books;
mod bot;
#[cfg(feature = "slack")]
mod channel;
mod network;
#[cfg(feature = "matrix")]
mod room;
mod square;
mod staff;
mod x;

use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN};
use crate::simulation::rng::Rng;
use autopsy::Found;
use books::Books;
use bot::{Bot, Home, tail};
use network::{CANARY, Network};
use serde_json::Value;
use sereno::case::SendState;
use sereno::clock::HOUR_MS;
use sereno::post::{PostId, PostRef};
use sereno::store::sled::SledStore;
use sereno::store::{Claim, Store};
use square::Square;
use staff::Staff;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use x::OnX;

/// How long nothing at all may drain, once the faults are off, before it counts as stuck.
const STUCK: Duration = Duration::from_secs(120);
/// How often a kill must at least find each state, in a run of `FULL` kills or more.
const EACH_STATE: u64 = 10;
/// From how many kills on the counts of the states are held to.
const FULL: u64 = 200;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number")),
        Err(_) => default,
    }
}

/// A chat that is no part of the program's own input and output.
trait Chat: Send {
    /// The part of `bot.toml` that is about the chat and the team.
    fn config(&self) -> String;
    /// Somebody of the team wants something, or wants it again.
    fn tell(&mut self, line: &Value);
    /// The next thing that the chat shows, as the console would tell it; `mention` finds whose text words hold.
    fn hear(&mut self, mention: &dyn Fn(&str) -> Option<String>) -> Option<Value>;
    /// From now on its server is a bad one.
    fn storm(&self, seed: u64);
    /// It is well again.
    fn calm(&self);
    /// Faults done so far, by name; of a chat that does none, the doors that were used.
    fn faults(&self) -> BTreeMap<&'static str, u64>;
    /// What is wrong in the end, by its own books.
    fn wrong(&self, store: &SledStore, mentions: usize) -> Vec<String>;
}

/// A world of its own: server, bot's home, staff.
struct World {
    /// `None`: the console.
    chat: Option<Box<dyn Chat>>,
    square: Box<dyn Network>,
    home: Home,
    books: Books,
    staff: Staff,
    rng: Rng,
    /// When somebody next writes.
    next_post: Instant,
}

impl World {
    fn new(seed: u64, square: Box<dyn Network>, chat: Option<Box<dyn Chat>>) -> World {
        let home = Home::new(&*square, &chat.as_ref().map_or_else(|| bot::CONSOLE.to_owned(), |c| c.config()));
        World { chat, square, home, books: Books::default(), staff: Staff::default(), rng: Rng::new(seed), next_post: Instant::now() }
    }

    fn hear(&mut self, line: &Value) {
        let news = self.books.note(line);
        self.staff.on(news, &mut self.rng);
    }

    /// Customers post and staff work until `until`.
    fn live(&mut self, bot: &mut Bot, until: Instant, busy: bool) {
        while Instant::now() < until {
            if busy && Instant::now() >= self.next_post {
                self.square.somebody_posts(&mut self.rng);
                // Slack takes fifty changes of messages a minute.
                let pause = if self.chat.is_some() { self.rng.between(100, 600) } else { self.rng.between(20, 250) };
                self.next_post = Instant::now() + Duration::from_millis(pause.unsigned_abs());
            }
            let World { staff, chat, books, rng, .. } = self;
            let mut tell = |line: &Value| match chat {
                Some(chat) => chat.tell(line),
                None => drop(bot.tell(line)),
            };
            staff.work(&mut tell, books, rng);
            let soon = until.min(Instant::now() + Duration::from_millis(20));
            while let Some(line) = self.next_line(bot, soon) {
                self.hear(&line);
            }
        }
    }

    fn next_line(&mut self, bot: &mut Bot, until: Instant) -> Option<Value> {
        if self.chat.is_none() {
            return bot.hear(until);
        }
        bot.lives();
        loop {
            if let Some(line) = self.shown() {
                return Some(line);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(left.min(Duration::from_millis(10)));
        }
    }

    /// What a chat of its own shows and was not heard yet.
    fn shown(&mut self) -> Option<Value> {
        let square = &self.square;
        self.chat.as_mut()?.hear(&|words| square.mention_in(words).map(str::to_owned))
    }

    /// Kills the bot, and hears all that came of it.
    fn kill(&mut self, bot: Bot) {
        for line in bot.kill() {
            self.hear(&line);
        }
        while let Some(line) = self.shown() {
            self.hear(&line);
        }
    }

    /// The same until the server next hears of an answer, or for some seconds.
    fn live_until_one_leaves(&mut self, bot: &mut Bot) {
        let (before, until) = (self.square.tried(), Instant::now() + Duration::from_secs(6));
        while self.square.tried() == before && Instant::now() < until {
            self.live(bot, Instant::now() + Duration::from_millis(30), true);
        }
    }

    /// The same until something that the server does not tell the bot stands there, or for some seconds.
    fn live_until_one_stands_untold(&mut self, bot: &mut Bot) {
        let (before, until) = (self.square.stand(), Instant::now() + Duration::from_secs(6));
        // Its own stream would tell it too.
        self.square.mute(true);
        self.square.hold_back();
        while self.square.stand() == before && Instant::now() < until {
            self.live(bot, Instant::now() + Duration::from_millis(5), true);
        }
    }

    fn unshown(&self) -> Vec<&str> {
        self.square.written().iter().map(|(post, _)| post.as_str()).filter(|post| self.books.times_shown(post) == 0).collect()
    }

    /// What was promised to be published: by the answer to its command.
    fn promised(&self) -> impl Iterator<Item = &staff::Promise> {
        self.staff.promises.iter().filter(|p| self.books.answers.get(&p.command).is_some_and(|a| a.ok))
    }

    /// Looks at what a kill left, in the store and in the server's books.
    fn autopsy(&self, found: &mut Found) {
        // First: the server goes on.
        let server = self.square.snapshot();
        let remains = self.home.store();
        found.enter(&remains.store, &server, &self.staff.promises, self.unshown().len(), self.staff.unanswered());
    }

    fn start(&mut self) -> Bot {
        self.staff.restart();
        self.square.bot_starts();
        Bot::start(&self.home)
    }

    /// Faults off, nobody posts any more: until all is shown, answered and published.
    fn drain(&mut self, mut bot: Bot) -> Bot {
        self.square.calm();
        if let Some(chat) = &self.chat {
            chat.calm();
        }
        // It is up once it answers; before, `outbox list` would open the store in its place.
        let up = self.staff.ask_for_help();
        while !self.books.answers.contains_key(&up) {
            self.live(&mut bot, Instant::now() + Duration::from_millis(100), false);
        }
        // What staff do about what they are shown makes more of it: also what is done counts.
        let (mut least, mut most, mut until) = (usize::MAX, 0, Instant::now() + STUCK);
        loop {
            let (unshown, missing) = (self.unshown(), self.missing());
            let done = self.square.written().len() - unshown.len() + self.books.answers.len() + self.promised().count() - missing.len();
            let left = unshown.len() + missing.len() + self.staff.unanswered();
            let left = if left == 0 && self.staff.idle() { self.home.outbox() } else { left + self.home.outbox() };
            if left == 0 {
                return bot;
            }
            if left < least || done > most {
                (least, most, until) = (least.min(left), most.max(done), Instant::now() + STUCK);
            }
            if Instant::now() > until {
                bot.kill();
                let known: Vec<String> = unshown.iter().map(|post| self.whereabouts(post)).collect();
                let unanswered = self.staff.unanswered();
                let log = tail(&self.home.log());
                let told: Vec<String> = self.unkept().map(|p| self.told(p)).collect();
                let outbox = self.home.store().store.outbox().unwrap();
                println!("stuck: not published:\n{}\nthe outbox holds {outbox:?}", told.join("\n"));
                panic!("stuck: not shown {known:#?}; not published {missing:?}; {unanswered} commands unanswered; the log ends\n{log}");
            }
            self.live(&mut bot, Instant::now() + Duration::from_millis(300), false);
        }
    }

    /// What server and store know of a post that never came to the chat.
    fn whereabouts(&self, post: &str) -> String {
        let remains = self.home.store();
        let store = &remains.store;
        let claim = store.claim(&PostRef::World(PostId::from(post))).unwrap();
        let case = match &claim {
            Some(Claim::Case(id)) => store.case(*id).unwrap(),
            _ => None,
        };
        let events = case.as_ref().map(|c| store.events(c.id, 0, 100).unwrap());
        let shown = case.as_ref().map(|c| (c.status, &c.places, &c.unshown));
        format!("{:?}: claimed as {claim:?}, {shown:?}, {events:?}", self.square.find(post))
    }

    fn unkept(&self) -> impl Iterator<Item = &staff::Promise> {
        let published = self.square.published();
        self.promised().filter(move |p| published.times(&p.token) == 0)
    }

    fn missing(&self) -> Vec<String> {
        self.unkept().map(|p| format!("{p:?}")).collect()
    }

    /// What the books and the bot's disk say of a promise that was not kept.
    fn told(&self, promise: &staff::Promise) -> String {
        let remains = self.home.store();
        let case = remains.store.case(sereno::case::CaseId(promise.case)).unwrap();
        let events = remains.store.events(sereno::case::CaseId(promise.case), 0, 200).unwrap();
        format!("  on the server: {}\n  in the store: {:?}\n  {events:?}", self.square.told(&promise.token), case.map(|c| c.sends))
    }

    /// What must hold in the end, by the books of server and chat.
    fn judge(&self) {
        let mut wrong = self.books.wrong.clone();
        let published = self.square.published();
        wrong.extend(self.books.doubled());
        wrong.extend(
            self.square
                .written()
                .iter()
                .map(|(p, _)| p)
                .filter(|p| self.books.times_shown(p) != 1)
                .map(|p| format!("{p}: shown {} times", self.books.times_shown(p))),
        );
        for promise in &self.staff.promises {
            let ok = self.books.answers.get(&promise.command).is_some_and(|a| a.ok);
            let times = published.times(&promise.token);
            if times != usize::from(ok) {
                wrong.push(format!("{promise:?}: accepted: {ok}, published {times} times"));
                wrong.push(self.told(promise));
            }
            let opened_by = self.books.opened_by.get(&promise.case).map(String::as_str).unwrap_or_default();
            wrong.extend(self.square.wrong_address(&published, &promise.token, opened_by, promise.private));
        }
        let mentions = self.square.written().len();
        wrong.extend(self.chat.iter().flat_map(|chat| chat.wrong(&self.home.store().store, mentions)));
        wrong.extend(self.staff.doubts.iter().map(|d| format!("a person was asked to decide: {d}")));
        let log = self.home.log();
        wrong.extend(self.square.wrong());
        for canary in [BOT_TOKEN, APP_TOKEN, CANARY].map(str::to_owned).into_iter().chain(self.square.secrets()) {
            wrong.extend(log.lines().filter(|l| l.contains(&canary)).map(|l| format!("the log holds {canary}: {l}")));
        }
        let remains = self.home.store();
        let store = &remains.store;
        wrong.extend(store.outbox().unwrap().iter().map(|e| format!("left in the outbox: {e:?}")));
        for case in self.books.opened_by.keys() {
            let case = store.case(sereno::case::CaseId(*case)).unwrap().expect("a shown case stands in the store");
            let live = case.sends.iter().filter(|s| !matches!(s.state, SendState::Published { .. } | SendState::Stopped(_)));
            wrong.extend(live.map(|s| format!("{}: send {} is {:?} in the end", case.id, s.id, s.state)));
        }
        assert!(wrong.is_empty(), "{} things are wrong:\n{}\nthe log ends\n{}", wrong.len(), wrong.join("\n"), tail(&log));
    }
}

fn stop(world: &mut World, bot: Bot) {
    let (status, last) = bot.stop(Duration::from_secs(30));
    for line in last {
        world.hear(&line);
    }
    while let Some(line) = world.shown() {
        world.hear(&line);
    }
    assert!(status.success(), "SIGTERM ended the bot with {status}; the log ends\n{}", tail(&world.home.log()));
}

/// A network and a chat, and how many of the kills fall to them.
struct Share {
    name: &'static str,
    network: Box<dyn Network>,
    /// `None`: the console.
    chat: Option<Box<dyn Chat>>,
    kills: u64,
}

/// The networks and chats, each with its share of the kills: drawn by the seed.
fn shares(kills: u64, seed: u64) -> Vec<Share> {
    let mut rng = Rng::new(seed ^ 0x51AC);
    let (mut console, mut slack, mut matrix, mut on_x, mut slack_on_x) = (0, 0, 0, 0, 0);
    for _ in 0..kills {
        *(match rng.below(1_000) {
            0..150 => &mut matrix,
            150..480 => &mut slack,
            480..550 => &mut slack_on_x,
            550..700 => &mut on_x,
            _ => &mut console,
        }) += 1;
    }
    let only = std::env::var("SERENO_KILLS_OF").ok();
    let (others, rooms) = match only.as_deref() {
        None => (true, true),
        // All of them, to look into what is X's own.
        Some("x") => {
            (console, slack, matrix, on_x, slack_on_x) = (0, 0, 0, kills - kills / 3, kills / 3);
            (true, false)
        }
        Some("matrix") => (false, true),
        Some("others") => (true, false),
        Some(other) => panic!("SERENO_KILLS_OF is `matrix`, `x` or `others`, not `{other}`"),
    };
    let square = || -> Box<dyn Network> { Box::new(Square::new(seed)) };
    let x = || -> Box<dyn Network> { Box::new(OnX::new(seed)) };
    let mut all = Vec::new();
    if rooms && matrix > 0 {
        // A plain room takes its part: the homeserver sees other events there, and other ways to be late.
        let plain = matrix / 3;
        match in_a_room(true) {
            Some(chat) => {
                all.push(Share { name: "Matrix", network: square(), chat: Some(chat), kills: matrix - plain });
                let plainly = in_a_room(false).filter(|_| plain > 0);
                // What is said in private shows in no plain room.
                let mut network = Square::new(seed);
                network.in_public = true;
                all.extend(plainly.map(|chat| Share { name: "Matrix, plain", network: Box::new(network), chat: Some(chat), kills: plain }));
            }
            None if others => console += matrix,
            None => panic!("SERENO_KILLS_OF=matrix takes the feature `matrix` and a homeserver: see tests/real/matrix.sh"),
        }
    }
    if others {
        match in_a_channel().filter(|_| slack > 0) {
            Some(chat) => all.push(Share { name: "Slack", network: square(), chat: Some(chat), kills: slack }),
            None => console += slack,
        }
        match in_a_channel().filter(|_| slack_on_x > 0) {
            Some(chat) => all.push(Share { name: "Slack, X", network: x(), chat: Some(chat), kills: slack_on_x }),
            None => on_x += slack_on_x,
        }
        if console > 0 {
            all.push(Share { name: "console", network: square(), chat: None, kills: console });
        }
        if on_x > 0 {
            all.push(Share { name: "console, X", network: x(), chat: None, kills: on_x });
        }
    }
    all
}

#[cfg(feature = "slack")]
fn in_a_channel() -> Option<Box<dyn Chat>> {
    Some(Box::new(channel::Channel::new()))
}

#[cfg(not(feature = "slack"))]
fn in_a_channel() -> Option<Box<dyn Chat>> {
    println!("crash: built without the feature `slack`: its share falls to the console");
    None
}

#[cfg(feature = "matrix")]
fn in_a_room(encrypted: bool) -> Option<Box<dyn Chat>> {
    Some(Box::new(room::Room::new(encrypted)?))
}

#[cfg(not(feature = "matrix"))]
fn in_a_room(_: bool) -> Option<Box<dyn Chat>> {
    println!("crash: built without the feature `matrix`: its share falls to the console");
    None
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_doubles_nothing() {
    let (kills, seed) = (number("SERENO_KILLS", 10), number("SERENO_SEED", 1));
    let mut all = [("committed", 0), ("in flight", 0), ("accepted", 0), ("receipted", 0)];
    let (mut made, mut names) = (0, Vec::new());
    // Side by side: a bot that was killed mostly waits.
    let found: Vec<Found> = std::thread::scope(|scope| {
        let run = |Share { name, network, chat, kills }| {
            made += kills;
            names.push(name);
            scope.spawn(move || killed(name, network, chat, kills, seed))
        };
        let running: Vec<_> = shares(kills, seed).into_iter().map(run).collect();
        let told = |share: std::thread::ScopedJoinHandle<'_, Found>| share.join().unwrap_or_else(|why| std::panic::resume_unwind(why));
        running.into_iter().map(told).collect()
    });
    for found in found {
        for ((_, sum), n) in all.iter_mut().zip([found.committed, found.in_flight, found.accepted, found.receipted]) {
            *sum += n;
        }
    }
    println!("crash: {made} of {kills} kills, on {names:?}: found {all:?}; 0 lost, 0 doubled");
    // The few of Matrix alone need not meet each.
    if kills >= FULL && names.contains(&"console") {
        for (state, n) in all {
            assert!(n >= EACH_STATE, "only {n} kills found an answer {state}");
        }
    }
}

/// Kills the bot again and again in a world of its own; what the kills found.
fn killed(name: &str, network: Box<dyn Network>, chat: Option<Box<dyn Chat>>, kills: u64, seed: u64) -> Found {
    let mut world = World::new(seed, network, chat);
    let mut found = Found::default();
    let began = Instant::now();
    // Its first life is left whole, so that there is something to lose.
    let mut bot = world.start();
    world.square.storm();
    if let Some(chat) = &world.chat {
        chat.storm(seed);
    }
    world.live(&mut bot, Instant::now() + Duration::from_secs(3), true);
    for _ in 0..kills {
        if world.rng.chance(300) {
            world.square.slow(&mut world.rng);
        }
        if world.rng.chance(200) {
            // Between the moment at which an answer stands and the bot's hearing of it.
            world.live_until_one_stands_untold(&mut bot);
        } else if world.rng.chance(600) {
            // Somewhere around the moment at which an answer leaves.
            world.live_until_one_leaves(&mut bot);
            let moment = Duration::from_millis(world.rng.between(0, 400).unsigned_abs());
            world.live(&mut bot, Instant::now() + moment, true);
        } else {
            let moment = Duration::from_millis(world.rng.between(50, 1_600).unsigned_abs());
            world.live(&mut bot, Instant::now() + moment, true);
        }
        world.kill(bot);
        world.square.mute(false);
        world.autopsy(&mut found);
        if world.rng.chance(200) {
            // Customers do not wait for us to come back.
            (0..world.rng.below(6)).for_each(|_| world.square.somebody_posts(&mut world.rng));
        }
        bot = world.start();
    }
    let bot = world.drain(bot);
    stop(&mut world, bot);
    world.judge();
    let Found { kills, busy, coming, leaving, marked, unanswered, committed, in_flight, accepted, receipted, ref wrong, .. } = found;
    println!(
        "crash on {name}: {kills} kills, {busy} with work in flight ({coming} with a mention on its way into the chat, {leaving} with something in the \
         outbox, {marked} with some of it just leaving; {unanswered} with a command unanswered, not counted); found committed {committed}, in flight {in_flight}, accepted \
         {accepted}, receipted {receipted}; {} mentions, {} cases, {} commands, {} answers published, {} repeats; 0 lost, 0 doubled; {} s \
         (seed {seed})",
        world.square.written().len(),
        world.books.opened_by.len(),
        world.staff.asked(),
        world.promised().count(),
        world.books.repeats,
        began.elapsed().as_secs(),
    );
    println!("crash on {name}: faults of the server: {:?}", world.square.faults());
    if let Some(chat) = &world.chat {
        println!("crash on {name}: of the chat: {:?}", chat.faults());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(world.promised().count() as u64 >= kills / 2, "hardly anything was published: the test tests nothing");
    assert!(busy * 10 >= kills * 9, "only {busy} of {kills} kills found work in flight");
    found
}

/// For how long it is down, by the server's clock.
const DOWN_MS: i64 = 7 * HOUR_MS;
/// How many mentions come meanwhile.
const WAITING: usize = 500;

#[test]
fn five_hundred_mentions_that_came_while_it_was_down_are_all_shown_once() {
    let seed = number("SERENO_SEED", 1);
    held_down("Mastodon", Box::new(Square::new(seed)), seed);
    held_down("X", Box::new(OnX::new(seed)), seed);
}

fn held_down(name: &str, network: Box<dyn Network>, seed: u64) {
    let mut world = World::new(seed, network, None);
    world.staff.quiet = true;
    // The machine's clock cannot be moved. So the server's is behind until the hours have passed,
    // and the bot's first life, to which nothing is history, is hours ago.
    world.square.behind(DOWN_MS);
    let mut bot = world.start();
    while world.books.opened_by.is_empty() {
        world.live(&mut bot, Instant::now() + Duration::from_millis(300), true);
    }
    world.kill(bot);
    let before = world.square.written().len();
    // Fewer at first and more towards the end, as a disruption goes.
    for n in 0..WAITING as i64 {
        let (n, all) = (n as f64, WAITING as f64);
        world.square.behind((DOWN_MS as f64 * (1.0 - (n / all).sqrt())) as i64);
        world.square.somebody_posts(&mut world.rng);
    }
    world.square.behind(0);
    world.square.mute(true);
    let began = Instant::now();
    let bot = world.start();
    let bot = world.drain(bot);
    stop(&mut world, bot);
    world.judge();
    let (waited, pages) = (world.square.written().len() - before, world.square.pages());
    println!(
        "crash on {name}: held down for {} h by the server's clock, {waited} mentions waiting: all shown once, {pages} pages read, {} s",
        DOWN_MS / HOUR_MS,
        began.elapsed().as_secs()
    );
    assert!(pages >= WAITING / world.square.a_page(), "only {pages} pages were read: who brought the mentions?");
}
