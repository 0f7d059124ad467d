//! The world of one seed: networks, chat, staff, a store with a disk's faults, the real engine,
//! and a scheduler that picks each next step among all that could happen.

use super::chat::{Chat, Draft, Shows};
use super::coverage::{Coverage, Hit};
use super::network::{Kind, Net, Who};
use super::plan::Plan;
use super::rng::Rng;
use super::staff::{Staff, is_query};
use super::trace::Trace;
use super::words;
use sereno::case::{CaseId, Event, PlaceKind, SendKind};
use sereno::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::command::Verb;
use sereno::digest::schedule;
use sereno::engine::{Ack, Batch, Body, Delivery, Engine, Input};
use sereno::outbox::{EntryId, EntryState, Lane, Look, Outcome};
use sereno::policy::{AgentId, Approval, Policy, Role, RoomId};
use sereno::post::{Account, NetEvent, PostId};
use sereno::store::model::{Fault, ModelStore};
use sereno::store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Its number in the table of invariants; 0: the harness itself.
    pub invariant: u32,
    /// What was seen.
    pub what: String,
}

impl Violation {
    pub fn new(invariant: u32, what: String) -> Violation {
        assert!(invariant == 0 || super::CHECKED.contains(&invariant), "invariant {invariant} stands in no table: {what}");
        Violation { invariant, what }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invariant {}: {}", self.invariant, self.what)
    }
}

/// Inputs on their way into the engine.
#[derive(Clone, Debug)]
struct Pending {
    batch: Batch,
    what: What,
}

/// Where inputs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Poll(usize, usize, usize),
    Push,
    Refresh,
    Command,
    Receipt { accepted: bool, send: bool },
    Health,
    Reconciled(usize, usize),
    Decision,
}

/// What the bot was told of a post, and acked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// The newest version, from 0.
    pub version: usize,
    pub new: bool,
    pub deleted: bool,
    /// Number of the ack, or of the crash, that may first have brought it.
    pub seq: Option<u64>,
}

/// The world.
pub struct World {
    pub plan: Plan,
    pub rng: Rng,
    pub cov: Coverage,
    pub trace: Trace,
    /// The world's time; the bot's clock is off by `skew`.
    pub now: Time,
    skew: i64,
    /// The part of it that is days.
    far: i64,
    pub nets: Vec<Net>,
    pub chat: Chat,
    pub staff: Staff,
    pub policy: Policy,
    pub store: ModelStore,
    pub engine: Option<Engine>,
    pending: Vec<Pending>,
    handed: Vec<Delivery>,
    pub told: BTreeMap<PostId, Told>,
    /// What the networks gave.
    pub pages: super::durable::Pages,
    /// Streams that were read up to the present since the engine opened.
    caught_up: BTreeSet<(usize, usize, usize)>,
    /// Accounts that were read up to the present since the engine opened.
    reconciled: BTreeSet<Account>,
    opened_seq: u64,
    armed: Option<Fault>,
    full_until: Option<Time>,
    tried_sends: BTreeSet<(sereno::case::CaseId, u32)>,
    /// Cases that an operator wants erased, until they are.
    pub erasing: BTreeSet<CaseId>,
    /// Cases that were, or may be, erased, and their posts.
    pub erased: BTreeSet<CaseId>,
    pub erased_posts: BTreeSet<PostId>,
    pub faults_on: bool,
    /// The first and the last moment at which the engine was asked what is due, in its own time.
    pub first_due: Option<Time>,
    pub last_due: Time,
}

impl World {
    pub fn new(seed: u64, keep_trace: bool) -> World {
        let mut rng = Rng::new(seed);
        let plan = Plan::new(&mut rng);
        let nets = vec![
            Net::new(0, Kind::Square, &["acme", "acme_es"], plan.net.clone(), plan.start, &mut rng),
            Net::new(1, Kind::Plaza, &["acme_help"], plan.net.clone(), plan.start, &mut rng),
            Net::new(2, Kind::Agora, &["acme_x", "acme_shop"], plan.net.clone(), plan.start, &mut rng),
        ];
        let chat = Chat::new(plan.chat_idempotent, plan.chat.clone());
        let now = plan.start;
        let policy = plan.policy.clone();
        World {
            rng,
            cov: Coverage::new(),
            trace: Trace::new(keep_trace),
            now,
            skew: 0,
            far: 0,
            nets,
            chat,
            staff: Staff::new(),
            policy,
            store: ModelStore::new("sim"),
            engine: None,
            pending: Vec::new(),
            handed: Vec::new(),
            told: BTreeMap::new(),
            pages: super::durable::Pages::default(),
            caught_up: BTreeSet::new(),
            reconciled: BTreeSet::new(),
            opened_seq: 0,
            armed: None,
            full_until: None,
            tried_sends: BTreeSet::new(),
            erasing: BTreeSet::new(),
            erased: BTreeSet::new(),
            erased_posts: BTreeSet::new(),
            faults_on: true,
            first_due: None,
            last_due: now,
            plan,
        }
    }

    /// The bot's clock.
    pub fn bot(&self) -> Time {
        self.now.plus(self.skew)
    }

    /// Whether the bot's disk is full.
    pub fn disk_is_full(&self) -> bool {
        self.full_until.is_some()
    }

    fn say(&mut self, args: std::fmt::Arguments<'_>) {
        let at = self.now.since(self.plan.start);
        self.trace.say(format_args!("{}.{:03}s {args}", at / 1000, at % 1000));
    }

    /// The whole run: some history, the main part, and the calm at the end.
    pub fn run(&mut self) -> Result<(), Violation> {
        for _ in 0..self.rng.between(0, 8) {
            self.people_act();
        }
        self.now = self.now.plus(self.rng.between(2, 30) * HOUR_MS);
        for account in self.nets.iter_mut().flat_map(|n| &mut n.accounts).filter(|a| self.policy.accounts.contains_key(&a.name)) {
            account.known_since = Some(self.now);
        }
        self.open()?;
        for _ in 0..self.plan.steps {
            self.step()?;
        }
        self.calm()
    }

    // ---- the bot's life ----

    /// Opens the engine on what is durable.
    fn open(&mut self) -> Result<(), Violation> {
        self.store = self.store.reopen();
        super::durable::cursors(self)?;
        let store = Arc::new(self.store.clone());
        let (policy, now) = (self.policy.clone(), self.bot());
        let _earlier = self.store.read_failed();
        let engine = match Engine::open(store, policy, now, [7; 32]) {
            Ok(engine) => engine,
            Err(_) if self.store.read_failed() => {
                self.cov.hit(Hit::ReadFailedOpen);
                self.say(format_args!("a read failed while opening"));
                return Ok(());
            }
            Err(e) => return Err(Violation::new(0, format!("the engine does not open: {e}"))),
        };
        self.engine = Some(engine);
        self.staff.seq += 1;
        self.opened_seq = self.staff.seq;
        self.reconciled.clear();
        self.caught_up.clear();
        self.say(format_args!("open"));
        Ok(())
    }

    /// The process dies: what it held in memory is gone.
    fn crash(&mut self, hit: Hit) -> Result<(), Violation> {
        self.say(format_args!("CRASH {hit:?}"));
        self.cov.hit(hit);
        if !self.handed.is_empty() {
            self.cov.hit(Hit::CrashBeforePerform);
        }
        for p in std::mem::take(&mut self.pending) {
            match p.what {
                What::Receipt { accepted: true, send } => {
                    self.cov.hit(Hit::CrashAfterPerform);
                    if send {
                        self.cov.hit(Hit::CrashAfterSend);
                    }
                }
                What::Command => self.forget_copy(&p),
                _ => {}
            }
        }
        if self.full_until.is_some() {
            self.cov.hit(Hit::CrashWhileFull);
        }
        self.handed.clear();
        self.engine = None;
        self.armed = None;
        self.store.crash();
        if self.faults_on && self.rng.chance(250) {
            self.cov.hit(Hit::Downtime);
            let before = self.bot();
            for _ in 0..self.rng.between(1, 8) {
                let most = if self.plan.long { 4 * HOUR_MS } else { 20 * MINUTE_MS };
                self.now = self.now.plus(self.rng.between(1, most));
                self.people_act();
            }
            self.digest_passed(before);
            if self.rng.chance(300) {
                self.change_rules();
            }
        }
        self.open()
    }

    fn digest_passed(&mut self, before: Time) {
        let tz = schedule::zone(&self.policy.time_zone);
        let due = schedule::due_on(schedule::day_of(self.bot(), &tz), self.policy.digest.minute_of_day, &tz);
        if before < due && due <= self.bot() {
            self.cov.hit(Hit::DigestOvernight);
        }
    }

    fn forget_copy(&mut self, p: &Pending) {
        for input in &p.batch.inputs {
            if let Input::Command(c) = input {
                self.staff.copy_gone(&c.id);
            }
        }
    }

    // ---- the scheduler ----

    fn step(&mut self) -> Result<(), Violation> {
        let before = self.now;
        self.now = self.now.plus(self.rng.between(0, 1500));
        self.land(self.now);
        if self.full_until.is_some_and(|t| t <= self.now) {
            self.full_until = None;
            self.store.set_full(false);
            self.say(format_args!("the disk has room again"));
        }
        if self.engine.is_none() {
            self.people_act();
            self.now = self.now.plus(MINUTE_MS);
            return self.open();
        }
        // The first page of a stream says from when on it is ours; nobody sits on that for hours.
        let beginning = self
            .pending
            .iter()
            .filter_map(|p| p.batch.cursor.as_ref())
            .any(|(account, stream, _)| self.engine.as_ref().is_some_and(|e| e.cursor(account, stream).ok().flatten().is_none()));
        let p = &self.plan;
        let weights = [
            55, // 0 people on the networks
            80, // 1 poll
            if self.nets.iter().any(|n| n.accounts.iter().any(|a| !a.push.is_empty())) { 50 } else { 0 },
            if self.pending.is_empty() { 0 } else { 190 }, // 3 take
            110,                                           // 4 due
            if self.handed.is_empty() { 0 } else { 190 },  // 5 perform
            170,                                           // 6 staff
            40,                                            // 7 time passes
            if beginning { 0 } else { 45 },                // 8 until the next thing is due
            p.jump,                                        // 9 clock jumps
            p.crash,                                       // 10 crash between steps
            p.crash,                                       // 11 crash inside the next commits
            p.change,                                      // 12 rules change
            p.outage,                                      // 13 outages
            25,                                            // 14 look posts up again
            45,                                            // 15 commands sent again
            25,                                            // 16 decisions on dead letters
            if p.long && !beginning { 12 } else { 0 },     // 17 hours pass
            if p.far && !beginning { 8 } else { 0 },       // 18 the clock jumps days
            3,                                             // 19 an operator erases a case
            p.crash,                                       // 20 a read fails
        ];
        match self.rng.weighted(&weights) {
            0 if self.rng.chance(200) => self.thwart(),
            0 => self.people_act(),
            1 => self.poll()?,
            2 => self.hear_push(),
            3 => self.take()?,
            4 => self.due()?,
            5 => self.perform()?,
            6 => self.staff_act(),
            7 => self.now = self.now.plus(self.rng.between(0, 40 * SECOND_MS)),
            8 => self.until_due(),
            9 => self.jump(),
            10 => self.crash(Hit::CrashIdle)?,
            11 => self.arm(),
            12 => self.change_rules(),
            13 => self.outage(),
            14 => self.refresh()?,
            15 => self.ask_again(),
            16 => self.decide(),
            18 => self.far_jump(),
            19 => self.erase()?,
            20 => {
                self.store.fail_read(self.rng.between(1, 40).unsigned_abs());
                self.say(format_args!("armed: a read"));
            }
            _ => self.hours_pass(),
        }
        self.clock_change(before);
        Ok(())
    }

    fn clock_change(&mut self, before: Time) {
        let tz = schedule::zone(&self.policy.time_zone);
        let offset = |t: Time| tz.to_offset(t.to_jiff());
        if offset(before) != offset(self.now) {
            self.cov.hit(Hit::ClockChange);
        }
    }

    fn until_due(&mut self) {
        let now = self.bot();
        if let Some(next) = self.engine.as_ref().and_then(|e| e.next_due(now)).filter(|t| *t > now && t.since(now) < 10 * HOUR_MS) {
            self.now = self.now.plus(next.since(now));
        }
    }

    fn jump(&mut self) {
        if self.rng.chance(500) {
            // What a time service corrects; a clock that is hours off is another matter.
            let by = self.rng.between(SECOND_MS, 4 * MINUTE_MS).min(9 * MINUTE_MS - (self.skew - self.far));
            self.skew += by;
            self.cov.hit(Hit::ClockForward);
            self.say(format_args!("the bot's clock jumps {by} ms forward"));
        } else if self.skew > self.far {
            let by = self.rng.between(1, self.skew - self.far);
            self.skew -= by;
            self.cov.hit(Hit::ClockBackward);
            self.say(format_args!("the bot's clock jumps {by} ms backward"));
        }
    }

    /// A clock that is days off, until somebody sets it right.
    fn far_jump(&mut self) {
        // A clock that is wrong as an account is first heard of is another matter: its posts are history.
        let begun = self.known_accounts().into_iter().all(|(n, a)| {
            let (net, engine) = (&self.nets[n], self.engine.as_ref());
            let has = |s: &&str| engine.is_some_and(|e| e.cursor(&net.accounts[a].name, s).ok().flatten().is_some());
            net.kind.streams().iter().all(has)
        });
        if self.far == 0 && !begun {
            return;
        }
        if self.far == 0 {
            // By more than two days is taken for a clock that was wrong from the start.
            self.far = self.rng.between(12, 40) * HOUR_MS;
            self.skew += self.far;
            self.cov.hit(Hit::ClockFarForward);
        } else {
            self.skew -= self.far;
            self.far = 0;
            self.cov.hit(Hit::ClockFarBack);
        }
        let skew = self.skew;
        self.say(format_args!("the bot's clock is {skew} ms ahead"));
    }

    /// An operator erases a case; what failed is asked for again.
    fn erase(&mut self) -> Result<(), Violation> {
        let Ok(cases) = self.store.all_cases() else { return Ok(()) };
        let again: Vec<CaseId> = self.erasing.iter().copied().collect();
        let merged: Vec<CaseId> = cases.iter().filter_map(|c| c.merged_into.map(|into| [c.id, into])).flatten().collect();
        let asked = match again.is_empty() {
            true if !merged.is_empty() => merged,
            true => cases.iter().map(|c| c.id).collect(),
            false => again,
        };
        if asked.is_empty() || self.engine.is_none() {
            return Ok(());
        }
        let id = *self.rng.pick(&asked);
        self.erase_one(id, &cases)
    }

    fn erase_one(&mut self, id: CaseId, cases: &[sereno::case::Case]) -> Result<(), Violation> {
        let now = self.bot();
        let mut family = BTreeSet::from([id]);
        while let Some(c) = cases.iter().find(|c| c.merged_into.is_some_and(|into| family.contains(&into)) && !family.contains(&c.id)) {
            family.insert(c.id);
        }
        let merged = family.len() > 1 || cases.iter().any(|c| c.id == id && c.merged_into.is_some());
        let posts = cases.iter().filter(|c| family.contains(&c.id)).flat_map(|c| c.posts.iter().map(|p| p.post.id.clone()));
        let posts: Vec<PostId> = posts.filter(|p| !p.as_str().is_empty()).collect();
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let _earlier = self.store.read_failed();
        let done = engine.erase(now, id);
        self.say(format_args!("erase {id}: {:?}", done.as_ref().map(|a| a.say.code.clone())));
        match &done {
            // On its way, or busy: nothing was done. Where it is gone already, an earlier asking did it.
            Ok(answer) if !answer.ok => {
                if answer.say.code.starts_with("refused-erased") {
                    self.erasing.remove(&id);
                } else if !self.faults_on && answer.say.code == "cli-erase-on-its-way" && self.erasing.remove(&id) {
                    // An answer waits for people: the operator lets it be. Nothing was decided, so all of it stands.
                    self.erased.retain(|c| !family.contains(c));
                    self.erased_posts.retain(|p| !posts.contains(p));
                }
                return Ok(());
            }
            Ok(_) => {
                self.erasing.remove(&id);
                self.cov.hit(Hit::Erased);
                if merged {
                    self.cov.hit(Hit::ErasedMerged);
                }
            }
            Err(_) => {
                self.erasing.insert(id);
                self.cov.hit(Hit::EraseCutShort);
            }
        }
        self.staff.erased.extend(&family);
        self.erased.extend(family);
        self.erased_posts.extend(posts);
        match done {
            Err(_) if self.store.is_dead() => self.crash(Hit::CrashIdle),
            Err(error) if !matches!(error, StoreError::Full(_)) && !self.store.read_failed() => {
                Err(Violation::new(0, format!("nothing is erased: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn arm(&mut self) {
        let fault = if self.rng.chance(500) { Fault::CrashBefore } else { Fault::CrashAfter };
        self.store.fail(self.rng.between(1, 3).unsigned_abs(), fault);
        self.armed = Some(fault);
        self.say(format_args!("armed: {fault:?}"));
    }

    fn outage(&mut self) {
        let until = self.now.plus(self.rng.between(5 * SECOND_MS, 20 * MINUTE_MS));
        let net = self.rng.below(self.nets.len());
        let what = self.rng.below(5);
        match what {
            0 => self.nets[net].down_until = until,
            1 => {
                let account = self.rng.below(self.nets[net].accounts.len());
                self.nets[net].accounts[account].revoked_until = until;
            }
            2 => self.chat.down_until = until,
            3 => {
                let room = RoomId::from(*self.rng.pick(&["support", "soporte", "vault"]));
                self.chat.refusing.insert(room, until);
            }
            _ => {
                self.store.set_full(true);
                self.full_until = Some(self.now.plus(self.rng.between(SECOND_MS, 3 * MINUTE_MS)));
            }
        }
        self.say(format_args!("outage {what} of {net}"));
    }

    fn change_rules(&mut self) {
        let what = self.rng.below(8);
        match what {
            0 | 1 => {
                let who = self.rng.pick(&self.staff.people).clone();
                let waits = self
                    .staff
                    .asked
                    .iter()
                    .any(|a| a.command.by == who && a.command.verb == Verb::Reply && a.answer.as_ref().is_some_and(|x| x.ok));
                if let Some(person) = self.policy.people.get_mut(&who) {
                    person.role = Role::Viewer;
                    if waits {
                        self.cov.hit(Hit::RightRevoked);
                    }
                }
            }
            2 => self.policy.people.iter_mut().for_each(|(id, p)| {
                p.role = Staff::roles().iter().find(|(n, _)| *n == id.as_str()).map_or(Role::Viewer, |(_, r)| *r);
            }),
            3 => {
                let route = &mut self.policy.routes[0];
                route.room = RoomId::from(if route.room.as_str() == "support" { "second" } else { "support" });
            }
            4 => self.policy.import_ms = *self.rng.pick(&[HOUR_MS, 20 * MINUTE_MS]),
            5 => self.policy.reply.undo_ms = *self.rng.pick(&[0, 10 * SECOND_MS, MINUTE_MS]),
            6 => {
                let privacy = &mut self.policy.privacy;
                if privacy.private_rooms.is_empty() && self.plan.policy.privacy.dm_room.is_some() {
                    *privacy = self.plan.policy.privacy.clone();
                } else if !privacy.private_rooms.is_empty() {
                    *privacy = sereno::policy::PrivacyPolicy::default();
                    self.cov.hit(Hit::RoomTurnedPublic);
                }
            }
            _ => {
                let (n, network, name) = *self.rng.pick(&[(0, "square", "acme_es"), (2, "agora", "acme_shop")]);
                if self.far == 0
                    && let std::collections::btree_map::Entry::Vacant(free) = self.policy.accounts.entry(Account::from(name))
                {
                    free.insert(super::plan::account(network, name));
                    self.nets[n].accounts[1].known_since = Some(self.bot());
                    self.cov.hit(Hit::AccountAdded);
                }
            }
        }
        self.cov.hit(Hit::SettingChanged);
        self.say(format_args!("rules change {what}"));
        if let Some(engine) = &mut self.engine {
            engine.set_policy(self.policy.clone());
        }
    }

    // ---- people on the networks ----

    fn people_act(&mut self) {
        let n = self.rng.below(self.nets.len());
        let now = self.now;
        let net = &mut self.nets[n];
        let rng = &mut self.rng;
        let by_people: Vec<usize> =
            (0..net.posts.len()).filter(|i| matches!(net.posts[*i].who, Who::Person(_)) && net.posts[*i].deleted.is_none()).collect();
        let recent = |rng: &mut Rng, of: &[usize]| of[of.len().saturating_sub(6) + rng.below(of.len().min(6))];
        let said = *rng.pick(words::WORDS);
        let person = Who::Person(rng.below(net.people.len()));
        let what = if by_people.is_empty() { 0 } else { rng.weighted(&[30, 25, 8, 9, 9, 10, 3, 8, 5]) };
        match what {
            // A complaint.
            0 => {
                // Somebody thinks again about who may write to them.
                if let (Who::Person(i), true) = (person, net.kind == Kind::Agora && rng.chance(150)) {
                    net.people[i].route = net.kind.route(rng.below(6), self.plan.start.plus(2 * DAY_MS));
                }
                let both = net.accounts.len() > 1 && rng.chance(250);
                let reaches = if both { vec![0, 1] } else { vec![rng.below(net.accounts.len())] };
                if both && net.accounts[1].known_since.is_some() {
                    self.cov.hit(Hit::TwoAccounts);
                }
                net.post(person, said, None, &reaches, false, rng.chance(150), now);
            }
            // The customer, or somebody else, goes on.
            1 | 2 => {
                let last = recent(rng, &by_people);
                let root = net.posts[last].root;
                let who = if what == 1 { net.posts[root].who } else { person };
                let of_root: Vec<usize> =
                    (0..net.posts.len()).filter(|i| net.posts[*i].root == root && net.posts[*i].deleted.is_none()).collect();
                if let (Who::Person(_), false) = (who, of_root.is_empty()) {
                    let parent = *rng.pick(&of_root);
                    let reaches = net.posts[last].reaches.clone();
                    let direct = net.posts[parent].direct;
                    if direct && net.posts[parent].who != who && what == 2 {
                        return;
                    }
                    net.post(who, said, Some(parent), &reaches, direct, false, now);
                }
            }
            3 => {
                let i = recent(rng, &by_people);
                net.edit(i, said, now);
            }
            4 => {
                let i = recent(rng, &by_people);
                net.delete(i, now);
            }
            // A direct message: an answer to one of ours, or out of the blue.
            5 => {
                let ours: Vec<usize> = net
                    .accepted
                    .iter()
                    .filter(|a| a.kind.is_private())
                    .map(|a| a.post)
                    .filter(|i| net.posts[*i].deleted.is_none())
                    .collect();
                self.cov.hit(Hit::DirectMessage);
                if ours.is_empty() || rng.chance(200) {
                    net.post(person, said, None, &[0], true, false, now);
                } else {
                    let parent = *rng.pick(&ours);
                    let to = net.accepted.iter().find(|a| a.post == parent).map(|a| a.to.clone());
                    let who = net.people.iter().position(|p| Some(&p.id) == to.as_ref());
                    let account = match net.posts[parent].who {
                        Who::Us(a) => a,
                        Who::Person(_) => 0,
                    };
                    if let Some(who) = who {
                        let parent = rng.chance(700).then_some(parent);
                        net.post(Who::Person(who), said, parent, &[account], true, false, now);
                    }
                }
            }
            // The brand answers on the network's own site.
            6 => {
                let i = recent(rng, &by_people);
                let account = net.posts[i].reaches[0];
                if net.accounts[account].known_since.is_some() {
                    let direct = net.posts[i].direct;
                    let text = format!("outside {}", net.posts.len());
                    net.post(Who::Us(account), &text, Some(i), &[account], direct, false, now);
                    self.cov.hit(Hit::AnsweredOutside);
                }
            }
            7 => {
                let i = recent(rng, &by_people);
                if !net.posts[i].direct {
                    net.repost(i, now);
                }
            }
            _ => {
                let i = recent(rng, &by_people);
                net.posts[i].engagement.likes += 7;
            }
        }
        let count = self.nets[n].posts.len();
        self.say(format_args!("people of {n}: {what}, {count} posts"));
    }

    /// The bot runs on, or its machine sleeps.
    fn hours_pass(&mut self) {
        let from = self.bot();
        self.now = self.now.plus(self.rng.between(HOUR_MS, 9 * HOUR_MS));
        self.digest_passed(from);
    }

    /// Somebody changes, deletes or adds to the very post that is being answered.
    fn thwart(&mut self) {
        let targets: Vec<PostId> = self
            .handed
            .iter()
            .filter_map(|d| match &d.body {
                Body::Send { send, .. } => send.target.clone(),
                _ => None,
            })
            .collect();
        if targets.is_empty() {
            return self.people_act();
        }
        let target = self.rng.pick(&targets).clone();
        let what = self.rng.weighted(&[4, 2, 3]);
        let said = *self.rng.pick(words::WORDS);
        let now = self.now;
        for net in &mut self.nets {
            let Some((i, item)) = net.find(&target).filter(|(_, item)| item.deleted.is_none()) else { continue };
            let (who, reaches, direct) = (item.who, item.reaches.clone(), item.direct);
            match what {
                0 => net.edit(i, said, now),
                1 => net.delete(i, now),
                _ => drop(net.post(who, said, Some(i), &reaches, direct, false, now)),
            }
        }
        self.say(format_args!("people thwart the answer to {target}: {what}"));
    }

    /// The networks finish what they were slow with until then.
    fn land(&mut self, until: Time) {
        for net in &mut self.nets {
            net.land(until, &mut self.rng, &mut self.cov);
        }
    }

    // ---- sources ----

    fn known_accounts(&self) -> Vec<(usize, usize)> {
        let all = self.nets.iter().enumerate().flat_map(|(n, net)| (0..net.accounts.len()).map(move |a| (n, a)));
        all.filter(|(n, a)| self.policy.accounts.contains_key(&self.nets[*n].accounts[*a].name)).collect()
    }

    fn poll(&mut self) -> Result<(), Violation> {
        let accounts = self.known_accounts();
        let (n, a) = *self.rng.pick(&accounts);
        let s = self.rng.below(self.nets[n].kind.streams().len());
        self.poll_one(n, a, s)
    }

    fn poll_one(&mut self, n: usize, a: usize, s: usize) -> Result<(), Violation> {
        if self.pending.iter().any(|p| p.what == What::Poll(n, a, s)) {
            return Ok(());
        }
        let (bot, now) = (self.bot(), self.now);
        let stream = self.nets[n].kind.streams()[s];
        let account = self.nets[n].accounts[a].name.clone();
        if self.nets[n].accounts[a].revoked_until > now {
            self.health(&account, Some("401"));
            return Ok(());
        }
        if self.nets[n].down_until > now || (self.faults_on && self.rng.chance(self.nets[n].faults.poll)) {
            self.cov.hit(Hit::PollFailed);
            return Ok(());
        }
        let Some(engine) = &self.engine else { return Ok(()) };
        let cursor = match engine.cursor(&account, stream) {
            Ok(cursor) => cursor,
            Err(_) if self.store.read_failed() => return Ok(()),
            Err(e) => return Err(Violation::new(0, format!("no cursor: {e}"))),
        };
        if let Some(cursor) = &cursor {
            self.nets[n].begin(a, stream, cursor);
        }
        let careless = self.rng.chance(700);
        let page = self.nets[n].poll(a, stream, cursor.as_deref(), bot, self.policy.import_ms, careless, &mut self.cov);
        self.health(&account, None);
        self.pages.note(&account, stream, cursor.as_deref(), &page);
        if page.events.is_empty() && page.cursor.is_none() {
            self.caught_up.insert((n, a, s));
            self.reconcile(n, a);
            return Ok(());
        }
        self.say(format_args!("poll {account}/{stream} from {cursor:?}: {} to {:?}", page.events.len(), page.cursor));
        let inputs = page.events.into_iter().map(|e| Input::Net(account.clone(), e)).collect();
        let batch = Batch { inputs, cursor: page.cursor.map(|c| (account, stream.to_owned(), c)) };
        if self.faults_on && self.rng.chance(100) {
            self.cov.hit(Hit::PollRepeated);
            self.pending.push(Pending { batch: batch.clone(), what: What::Poll(n, a, s) });
        }
        self.pending.push(Pending { batch, what: What::Poll(n, a, s) });
        Ok(())
    }

    /// Told once all streams of an account were read up to the present.
    fn reconcile(&mut self, n: usize, a: usize) {
        let name = &self.nets[n].accounts[a].name;
        let up = (0..self.nets[n].kind.streams().len()).all(|s| self.caught_up.contains(&(n, a, s)));
        let pending = self.pending.iter().any(|p| p.what == What::Reconciled(n, a));
        if up && !pending && !self.reconciled.contains(name) {
            let batch = Batch { inputs: vec![Input::Reconciled(name.clone())], cursor: None };
            self.pending.push(Pending { batch, what: What::Reconciled(n, a) });
        }
    }

    fn health(&mut self, account: &Account, lost: Option<&str>) {
        if self.rng.chance(if lost.is_some() { 300 } else { 60 }) {
            let input = Input::Health { account: account.clone(), lost: lost.map(str::to_owned) };
            self.pending.push(Pending { batch: Batch { inputs: vec![input], cursor: None }, what: What::Health });
        }
    }

    fn hear_push(&mut self) {
        let all: Vec<(usize, usize)> = self
            .nets
            .iter()
            .enumerate()
            .flat_map(|(n, net)| (0..net.accounts.len()).filter(|a| !net.accounts[*a].push.is_empty()).map(move |a| (n, a)))
            .collect();
        if all.is_empty() {
            return;
        }
        let (n, a) = *self.rng.pick(&all);
        let faults = self.nets[n].faults.clone();
        let book = &mut self.nets[n].accounts[a];
        let mut at = 0;
        if self.faults_on && book.push.len() > 1 && self.rng.chance(faults.push_order) {
            at = self.rng.below(book.push.len());
            if at > 0 {
                self.cov.hit(Hit::PushReordered);
            }
        }
        let event = if self.faults_on && self.rng.chance(faults.push_twice) {
            self.cov.hit(Hit::PushDuplicated);
            book.push[at].clone()
        } else {
            book.push.remove(at)
        };
        let account = book.name.clone();
        if (self.faults_on && self.rng.chance(faults.push_lost)) || !self.policy.accounts.contains_key(&account) {
            self.cov.hit(Hit::PushLost);
            return;
        }
        self.say(format_args!("push to {account}: {}", short(&event)));
        self.pending.push(Pending { batch: Batch { inputs: vec![Input::Net(account, event)], cursor: None }, what: What::Push });
    }

    fn refresh(&mut self) -> Result<(), Violation> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let followed = match engine.followed(self.bot()) {
            Ok(followed) => followed,
            Err(_) if self.store.read_failed() => return Ok(()),
            Err(e) => return Err(Violation::new(0, format!("nothing to follow: {e}"))),
        };
        for (account, posts) in followed {
            for n in 0..self.nets.len() {
                let Some(a) = self.nets[n].accounts.iter().position(|b| b.name == account) else { continue };
                let events = self.nets[n].refresh(a, &posts, self.now, &mut self.cov);
                if !events.is_empty() {
                    let inputs = events.into_iter().map(|e| Input::Net(account.clone(), e)).collect();
                    self.pending.push(Pending { batch: Batch { inputs, cursor: None }, what: What::Refresh });
                }
            }
        }
        Ok(())
    }

    fn staff_act(&mut self) {
        let verb = self.staff.think(&mut self.rng);
        if self.staff.known.is_empty() && self.rng.chance(970) {
            return;
        }
        // Mostly those act who may.
        let about = self.staff.pick_case(verb, &mut self.rng);
        let owner = about.and_then(|c| self.staff.owners.get(&c)).and_then(|o| match o {
            super::staff::Owner::Known(Some(by)) => Some(by.clone()),
            _ => None,
        });
        let lead = || Some(AgentId::from("lola"));
        let by = match verb {
            Verb::Approve | Verb::Reject | Verb::Retract | Verb::Correct | Verb::Pause | Verb::Resume => {
                lead().filter(|_| self.rng.chance(800))
            }
            _ => owner.filter(|_| self.rng.chance(880)),
        };
        let n = self.staff.say(verb, by, about, &mut self.rng);
        if verb == Verb::Pause && self.sends_wait() {
            self.cov.hit(Hit::PausedWaiting);
        }
        self.put_command(n);
        if verb == Verb::Claim && self.rng.chance(400) {
            // Somebody else wants the same case at the same moment.
            let about = self.staff.asked[n].command.case;
            let m = self.staff.say(Verb::Claim, None, about, &mut self.rng);
            let one = self.staff.asked[n].command.clone();
            let other = self.staff.asked[m].command.clone();
            if one.case.is_some() && one.case == other.case && one.by != other.by {
                self.cov.hit(Hit::ClaimRace);
                self.pending.pop();
                self.staff.asked[m].copies += 1;
                let batch = Batch { inputs: vec![Input::Command(one), Input::Command(other)], cursor: None };
                self.pending.push(Pending { batch, what: What::Command });
            } else {
                self.put_command(m);
            }
        }
        if self.rng.chance(150) {
            self.cov.hit(Hit::CommandTwice);
            self.put_command(n);
        }
    }

    fn sends_wait(&self) -> bool {
        self.engine
            .as_ref()
            .is_some_and(|e| e.outbox().iter().any(|l| matches!(l.entry.lane, Lane::Network(_)) && l.entry.state == EntryState::Queued))
    }

    fn put_command(&mut self, n: usize) {
        let command = self.staff.asked[n].command.clone();
        self.staff.asked[n].copies += 1;
        self.say(format_args!(
            "{} says {} {:?} {:?} in {:?} {:?}",
            command.by, command.id, command.verb, command.case, command.thread, command.args
        ));
        self.pending.push(Pending { batch: Batch { inputs: vec![Input::Command(command)], cursor: None }, what: What::Command });
    }

    /// All that nobody answered is said again; whether there was any.
    fn put_unanswered(&mut self) -> bool {
        let waiting: Vec<usize> =
            (0..self.staff.asked.len()).filter(|i| !self.staff.asked[*i].is_answered() && self.staff.asked[*i].copies == 0).collect();
        waiting.iter().for_each(|n| self.put_command(*n));
        !waiting.is_empty()
    }

    /// What nobody answered is said again.
    fn ask_again(&mut self) {
        let waiting: Vec<usize> =
            (0..self.staff.asked.len()).filter(|i| !self.staff.asked[*i].is_answered() && self.staff.asked[*i].copies == 0).collect();
        if let Some(n) = waiting.first() {
            self.cov.hit(Hit::CommandResent);
            self.put_command(*n);
        }
    }

    /// An operator decides about dead letters and doubts.
    fn decide(&mut self) {
        let Some(engine) = &self.engine else { return };
        // Now and then somebody gives a send up while it is still being looked for.
        let faults = self.faults_on;
        let dead: Vec<_> = engine
            .outbox()
            .into_iter()
            .filter(|l| match l.entry.state {
                EntryState::Dead { .. } => true,
                EntryState::Unknown => faults && matches!(l.entry.effect, sereno::outbox::Effect::Send { .. }),
                _ => false,
            })
            .collect();
        if dead.is_empty() || self.pending.iter().any(|p| p.what == What::Decision) {
            return;
        }
        let line = self.rng.pick(&dead);
        // People look on the network before they decide on a doubt.
        let doubt = line.entry.state == EntryState::in_doubt();
        let stands = self.nets.iter().any(|n| n.accepted.iter().any(|a| a.op == line.op));
        let hasty = line.entry.state == EntryState::Unknown;
        let retry = if hasty {
            false
        } else if doubt {
            !stands
        } else {
            self.rng.chance(700) || !matches!(line.entry.lane, Lane::Network(_))
        };
        let input = Input::Outbox { entry: line.entry.id, retry };
        self.say(format_args!("decision on {}: retry {retry}", input_name(&input)));
        self.pending.push(Pending { batch: Batch { inputs: vec![input], cursor: None }, what: What::Decision });
    }

    /// Nobody who decided hours ago leaves it at that: whoever wants a send tried again has just looked.
    fn think_again(&mut self) {
        let Some(engine) = self.engine.as_ref().filter(|_| self.pending.iter().any(|p| p.what == What::Decision)) else { return };
        let stands = |id: &EntryId| {
            let op = engine.outbox().into_iter().find(|l| l.entry.id == *id).map(|l| l.op);
            self.nets.iter().any(|n| n.accepted.iter().any(|a| Some(&a.op) == op.as_ref()))
        };
        let hasty = |p: &Pending| p.batch.inputs.iter().any(|i| matches!(i, Input::Outbox { entry, retry: true } if stands(entry)));
        self.pending.retain(|p| p.what != What::Decision || !hasty(p));
    }

    // ---- the engine ----

    fn take(&mut self) -> Result<(), Violation> {
        self.think_again();
        if self.pending.is_empty() {
            return Ok(());
        }
        let most = if self.faults_on { 6 } else { 64 };
        let count = 1 + self.rng.below(self.pending.len().min(most));
        let mut taken = Vec::with_capacity(count);
        for _ in 0..count {
            let at = self.rng.below(self.pending.len());
            // A page goes in before a later copy of it.
            let what = self.pending[at].what;
            let first = self.pending.iter().position(|p| p.what == what && matches!(what, What::Poll(..))).unwrap_or(at);
            taken.push(self.pending.remove(first));
        }
        let batches: Vec<Batch> = taken.iter().map(|p| p.batch.clone()).collect();
        let now = self.bot();
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let _earlier = self.store.read_failed();
        let result = engine.take(now, &batches);
        super::durable::cursors(self)?;
        let names: Vec<String> = batches.iter().flat_map(|b| b.inputs.iter().map(input_name)).collect();
        match result {
            Ok(acks) => {
                self.say(format_args!("take {}", names.join(" ")));
                if self.faults_on && self.rng.chance(self.plan.crash / 2) {
                    self.doubt(&taken);
                    return self.crash(Hit::CrashBeforeAcks);
                }
                self.acked(taken, acks, now)?;
                if self.store.is_dead() {
                    // Acks left although the machine died within their commit.
                    return self.crash(Hit::CrashBeforeTakeCommit);
                }
                Ok(())
            }
            Err(error) if self.store.is_dead() => {
                self.say(format_args!("take {} met {error}", names.join(" ")));
                if taken.iter().any(|p| matches!(p.what, What::Receipt { .. })) {
                    self.cov.hit(Hit::CrashInReceipts);
                }
                if taken.iter().any(|p| matches!(p.what, What::Reconciled(..))) {
                    self.cov.hit(Hit::CrashInRecovery);
                }
                let hit = match self.armed {
                    Some(Fault::CrashAfter) => Hit::CrashAfterTakeCommit,
                    _ => Hit::CrashBeforeTakeCommit,
                };
                self.doubt(&taken);
                self.crash(hit)
            }
            Err(error) => {
                self.say(format_args!("take refused: {error}"));
                let read = self.store.read_failed();
                if !matches!(error, StoreError::Full(_)) && !read {
                    return Err(Violation::new(0, format!("the engine does not take: {error}")));
                }
                self.cov.hit(if read { Hit::ReadFailedTake } else { Hit::DiskFullTake });
                self.pending.splice(0..0, taken);
                self.now = self.now.plus(SECOND_MS);
                Ok(())
            }
        }
    }

    /// These inputs may have been committed, or not; what was held in memory of them is gone.
    fn doubt(&mut self, taken: &[Pending]) {
        for p in taken {
            if p.what == What::Command {
                self.forget_copy(p);
            }
            for input in &p.batch.inputs {
                match input {
                    Input::Command(c) => self.staff.in_doubt(&c.id),
                    Input::Reconciled(account) => self.staff.windows_in_doubt(account),
                    Input::Net(_, NetEvent::New(post) | NetEvent::Edited(post)) => {
                        self.told.entry(post.id.clone()).or_default().seq.get_or_insert(self.staff.seq);
                    }
                    _ => {}
                }
            }
        }
    }

    fn acked(&mut self, taken: Vec<Pending>, acks: Vec<Vec<Ack>>, at: Time) -> Result<(), Violation> {
        if acks.len() != taken.len() {
            return Err(Violation::new(8, format!("{} batches got {} acks", taken.len(), acks.len())));
        }
        for (p, acks) in taken.iter().zip(acks) {
            if let (What::Poll(n, a, s), Some((_, stream, cursor))) = (p.what, &p.batch.cursor) {
                // As a reader would: the page's end was the stream's end.
                if self.nets[n].read_up(a, stream, Some(cursor)) {
                    self.caught_up.insert((n, a, s));
                    self.reconcile(n, a);
                }
            }
            if acks.len() != p.batch.inputs.len() {
                return Err(Violation::new(8, format!("{} inputs got {} acks", p.batch.inputs.len(), acks.len())));
            }
            if p.what == What::Command {
                self.forget_copy(p);
            }
            for (input, ack) in p.batch.inputs.iter().zip(acks) {
                super::durable::acked(self, input, &ack)?;
                match (input, ack) {
                    (Input::Command(c), Ack::Answered(answer)) if is_query(c.verb) && !answer.ok => self.staff.replied(&c.id),
                    (Input::Command(c), Ack::Answered(answer)) => {
                        self.say(format_args!(
                            "  {} ← {} {:?} {:?} send {:?}",
                            c.id,
                            answer.say.code,
                            answer.case,
                            answer.say.args.len(),
                            answer.send
                        ));
                        self.staff.answered(&c.id, &answer, at, &self.policy, &mut self.cov)?;
                        if let ("refused-by-hand", Some(case)) = (answer.say.code.as_str(), answer.case) {
                            self.write_by_hand(case, &c.by);
                        }
                    }
                    (Input::Command(c), Ack::Replied(_)) => self.staff.replied(&c.id),
                    (Input::Command(c), ack) => return Err(Violation::new(8, format!("command {} was acked with {ack:?}", c.id))),
                    (Input::Net(account, event), _) => self.tell(account, event),
                    (Input::Reconciled(account), _) if self.reconciled.insert(account.clone()) => {
                        self.staff.read_up(account, at, self.opened_seq, self.policy.reply.undo_ms);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Where the network takes an answer from a person alone, somebody writes it there, and tells of it.
    fn write_by_hand(&mut self, case: CaseId, by: &AgentId) {
        let Some(asked) = self.store.case(case).ok().flatten().and_then(|c| Some(c.latest_of_customer(false)?.post.clone())) else {
            return;
        };
        let net = self.nets.iter_mut().find(|n| n.name == asked.network).expect("a post has a network");
        let account = net.accounts.iter().position(|a| a.name == asked.account).expect("an account of that network");
        let Some((index, item)) = net.find(&asked.id) else { return };
        if item.deleted.is_some() || !self.rng.chance(600) {
            return;
        }
        let made = net.post(Who::Us(account), &format!("by hand {index}"), Some(index), &[account], false, false, self.now);
        let url = net.kind.url(&net.posts[made], made, 0);
        let n = self.staff.tell_of(by.clone(), case, url, &mut self.rng);
        self.put_command(n);
    }

    /// The bot acked that it was told something.
    fn tell(&mut self, account: &Account, event: &NetEvent) {
        self.staff.seq += 1;
        let seq = self.staff.seq;
        let net = self.nets.iter().find(|n| n.accounts.iter().any(|a| &a.name == account)).expect("an account has a network");
        match event {
            NetEvent::New(post) | NetEvent::Edited(post) => {
                let Some((index, item)) = net.find(&post.id) else { return };
                let version = (0..item.texts.len()).rev().find(|v| post.text.expose().contains(&net.token(index, *v))).unwrap_or(0);
                let ours = matches!(item.who, Who::Us(_));
                let through_us = item.through_us;
                let told = self.told.entry(post.id.clone()).or_default();
                let first = !told.new;
                if !told.new {
                    if told.deleted {
                        self.cov.hit(Hit::DeletionFirst);
                    }
                    if matches!(event, NetEvent::Edited(_)) {
                        self.cov.hit(Hit::EditFirst);
                    }
                    told.seq.get_or_insert(seq);
                }
                told.new = true;
                told.version = told.version.max(version);
                if ours && through_us && first {
                    let receipt_waits = self.handed.iter().any(|d| matches!(d.body, Body::Send { .. }))
                        || self.pending.iter().any(|p| matches!(p.what, What::Receipt { send: true, .. }));
                    self.cov.hit(if receipt_waits { Hit::EchoBeforeReceipt } else { Hit::EchoAfterReceipt });
                }
            }
            NetEvent::Deleted { post, .. } => {
                if let Some(item) = net.kind.meant(post).and_then(|(i, _)| net.posts.get(i)) {
                    self.told.entry(item.id.clone()).or_default().deleted = true;
                }
            }
            NetEvent::Reposted { .. } | NetEvent::Engagement { .. } => {}
        }
    }

    /// Sends may have been marked and not handed out: a clock set back later makes no window whole again.
    fn windows_over(&mut self, now: Time) {
        for intent in self.staff.intents.values_mut() {
            intent.armed_at = intent.armed_at.filter(|armed| armed.plus(intent.window) > now);
        }
    }

    fn due(&mut self) -> Result<(), Violation> {
        let now = self.bot();
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let _earlier = self.store.read_failed();
        match engine.due(now) {
            Ok(deliveries) => {
                // What could be handed out before a read failed.
                if self.store.read_failed() {
                    self.windows_over(now);
                }
                self.first_due.get_or_insert(now);
                self.last_due = self.last_due.max(now);
                if !deliveries.is_empty() {
                    let names: Vec<String> =
                        deliveries.iter().map(|d| format!("{}{}:{:?}", d.op, if d.look { "?" } else { "" }, d.entry.effect)).collect();
                    self.say(format_args!("due {}", names.join(" ")));
                }
                for d in &deliveries {
                    self.handed_out(d, now)?;
                }
                self.handed.extend(deliveries);
                Ok(())
            }
            Err(_) if self.store.is_dead() => {
                let hit = match self.armed {
                    Some(Fault::CrashAfter) => Hit::CrashAfterDueCommit,
                    _ => Hit::CrashBeforeDueCommit,
                };
                self.crash(hit)
            }
            Err(StoreError::Full(_)) => {
                self.cov.hit(Hit::DiskFullDue);
                self.now = self.now.plus(SECOND_MS);
                Ok(())
            }
            Err(_) if self.store.read_failed() => {
                self.cov.hit(Hit::ReadFailedDue);
                self.windows_over(now);
                Ok(())
            }
            Err(error) => Err(Violation::new(0, format!("the engine hands nothing out: {error}"))),
        }
    }

    /// What must hold at the moment at which a send to a customer is let go.
    fn handed_out(&mut self, d: &Delivery, now: Time) -> Result<(), Violation> {
        let Body::Send { case, send, .. } = &d.body else { return Ok(()) };
        super::durable::leaving(self, d)?;
        let key = (*case, send.id);
        if d.look {
            self.tried_sends.insert(key);
            return Ok(());
        }
        let wrong = |invariant, what: String| {
            Err(Violation::new(invariant, format!("send {} of {case} ({:?}, {}) left: {what}", send.id, send.kind, d.op)))
        };
        if self.staff.paused == Some(true) {
            return wrong(5, "sending is paused".into());
        }
        let role = self.policy.role(&send.by);
        if role < Some(Role::Agent) {
            return wrong(5, format!("{} may send nothing", send.by));
        }
        if send.invites {
            self.cov.hit(Hit::InvitedInPublic);
        }
        let public = matches!(send.kind, SendKind::Reply | SendKind::Correct { .. });
        let needs = public
            && match self.policy.reply.approval {
                Approval::Off => false,
                Approval::Agents => role < Some(Role::Lead),
                Approval::All => true,
            };
        if needs {
            let Some(by) = &send.approved_by else { return wrong(4, "nobody approved it".into()) };
            if self.policy.role(by) < Some(Role::Lead) || by == &send.drafted_by {
                return wrong(4, format!("{by} may not approve it"));
            }
            self.cov.hit(Hit::ApprovedSend);
        }
        if let (SendKind::Reply, Some(target)) = (&send.kind, &send.target) {
            let net = self.nets.iter().find(|n| n.accounts.iter().any(|a| a.name == send.account)).expect("an account has a network");
            let account = net.accounts.iter().position(|a| a.name == send.account).expect("one of them");
            let never = |i: &super::network::Item| (0..=i.newest()).all(|v| !i.may_be_answered(account, v));
            if net.kind == Kind::Agora && net.find(target).is_some_and(|(_, i)| never(i)) {
                return wrong(4, format!("{target} was never one that {} may answer", send.account));
            }
        }
        let first = self.tried_sends.insert(key);
        let Some(intent) = self.staff.intents.get(&key).filter(|i| !i.doubtful) else { return Ok(()) };
        if intent.undone {
            return wrong(3, "it was taken back".into());
        }
        if intent.awaits {
            return wrong(4, "it waits for approval".into());
        }
        if !intent.texts.is_empty()
            && !intent.texts.contains(send.text.expose())
            && !matches!(send.kind, SendKind::Handoff | SendKind::Retract { .. })
        {
            return wrong(4, format!("its text {:?} was not agreed on, but {:?}", send.text.expose(), intent.texts));
        }
        let Some(armed) = intent.armed_at.filter(|_| first) else { return Ok(()) };
        if armed.plus(intent.window) > now {
            return wrong(3, format!("its window of {} ms was not over", intent.window));
        }
        // What came while the bot was down is read first.
        if intent.armed_seq < self.opened_seq && !self.reconciled.contains(&send.account) {
            return wrong(4, "what came while the bot was down was not read yet".into());
        }
        self.customer_wrote(key, send, intent.armed_seq)
    }

    /// A customer who wrote while a send waited must be read first.
    fn customer_wrote(&self, key: (sereno::case::CaseId, u32), send: &sereno::case::Outgoing, armed: u64) -> Result<(), Violation> {
        let (Some(target), SendKind::Reply) = (&send.target, &send.kind) else { return Ok(()) };
        for net in &self.nets {
            let Some((_, answered)) = net.find(target) else { continue };
            let of_theirs = |i: &super::network::Item| i.root == answered.root && i.who == answered.who && &i.id != target;
            for (index, item) in net.posts.iter().enumerate().filter(|(_, i)| of_theirs(i)) {
                // What is older than our time there is history, and holds nothing.
                if !net.given(index).0 {
                    continue;
                }
                let told = self.told.get(&item.id).copied().unwrap_or_default();
                if told.new && !told.deleted && told.seq > Some(armed) {
                    let what = format!("send {} of {} left although the customer wrote {} since it was agreed on", key.1, key.0, item.id);
                    return Err(Violation::new(4, what));
                }
            }
        }
        Ok(())
    }

    // ---- deliveries ----

    fn perform(&mut self) -> Result<(), Violation> {
        let at = self.rng.below(self.handed.len());
        let d = self.handed.remove(at);
        let now = self.now;
        let (rng, cov) = (&mut self.rng, &mut self.cov);
        let mut send_done = false;
        let input = if let Body::Send { case, send, earlier, known } = &d.body {
            let net = self.nets.iter_mut().find(|n| n.accounts.iter().any(|a| a.name == send.account)).expect("an account has a network");
            if d.is_overdue(now.plus(self.skew)) {
                // As the shell does.
                cov.hit(Hit::SleptOverSend);
                let outcome = Outcome::Retry { after_ms: None, why: "overdue".into(), lane: false };
                Input::Receipt { entry: d.entry.id, attempt: d.entry.attempts, outcome }
            } else if d.look {
                let look = net.look(&d.op, send, known, now, rng, cov);
                Input::Looked { entry: d.entry.id, attempt: d.entry.attempts, look }
            } else {
                let outcome = net.send(&d.op, (*case, send.id), send, earlier.as_ref(), now, rng, cov);
                send_done = true;
                Input::Receipt { entry: d.entry.id, attempt: d.entry.attempts, outcome }
            }
        } else {
            let draft = self.drawn(&d)?;
            if let Body::Entry { event, .. } = &d.body
                && matches!(event.event, Event::StoodAfterAll { .. })
            {
                self.cov.hit(Hit::StoodAfterAll);
            }
            let (rng, cov) = (&mut self.rng, &mut self.cov);
            if d.look {
                let look = self.chat.look(&d.op, draft.edit.as_ref(), now, rng, cov);
                Input::Looked { entry: d.entry.id, attempt: d.entry.attempts, look }
            } else {
                let outcome = self.chat.post(draft, now, rng, cov);
                Input::Receipt { entry: d.entry.id, attempt: d.entry.attempts, outcome }
            }
        };
        self.say(format_args!("perform {} → {}", d.op, input_name(&input)));
        let accepted = matches!(&input, Input::Receipt { outcome: Outcome::Done(_) | Outcome::Unknown { .. }, .. });
        self.learn(&d);
        let absent = matches!(&input, Input::Looked { look: Look::Absent, .. }) && matches!(d.body, Body::Send { .. });
        let late = self.nets.iter().any(|n| n.is_late(&d.op));
        if absent && self.faults_on && self.rng.chance(if late { 600 } else { 250 }) {
            self.cov.hit(Hit::SleptOverLook);
            self.hours_pass();
        }
        let what = What::Receipt { accepted, send: send_done };
        self.pending.push(Pending { batch: Batch { inputs: vec![input], cursor: None }, what });
        if send_done && accepted && self.faults_on && self.rng.chance(self.plan.crash) {
            return self.crash(Hit::CrashAfterSend);
        }
        Ok(())
    }

    /// What staff see of cases once their cards stand.
    fn learn(&mut self, d: &Delivery) {
        if let Body::Card { case, place, .. } = &d.body
            && let Some(m) = self.chat.messages.iter().find(|m| m.draft.op == d.op)
            && case.places.get(*place).is_some_and(|p| p.kind == PlaceKind::Home)
        {
            self.staff.known.insert(case.id, (case.key.customer.0.clone(), m.draft.room.clone(), m.id.clone()));
        }
    }

    /// A delivery to the chat, rendered as the shell would.
    fn drawn(&self, d: &Delivery) -> Result<Draft, Violation> {
        let Lane::Chat(room) = &d.entry.lane else { return Err(Violation::new(0, format!("{} goes to {:?}", d.op, d.entry.lane))) };
        let (shows, kind, post, thread, edit, owner) = match &d.body {
            Body::Card { case, place, edit } => {
                let shows = Shows::Card { case: case.id, place: *place };
                let post = case.posts.first().map(|p| p.post.id.clone());
                (shows, case.places.get(*place).map(|p| p.kind), post, None, edit.clone(), case.owner.clone())
            }
            Body::Entry { case, place, thread, event, edit } => {
                let shows = Shows::Event { case: case.id, place: *place, n: event.n };
                let brings = matches!(
                    event.event,
                    Event::Joined { .. } | Event::OtherSpoke { .. } | Event::DmReceived { .. } | Event::AnsweredOutside { .. }
                );
                let post = event.event.shows_post().filter(|_| brings).and_then(|i| case.post_at(i)).map(|p| p.post.id.clone());
                (shows, case.places.get(*place).map(|p| p.kind), post, thread.clone(), edit.clone(), None)
            }
            Body::Erased { case, thread, edit, .. } => {
                if !self.erased.contains(case) {
                    return Err(Violation::new(11, format!("nobody erased {case}")));
                }
                if self.store.all_cases().is_ok_and(|cases| cases.iter().any(|c| c.id == *case)) {
                    return Err(Violation::new(11, format!("{} says that {case} was erased, and it is there", d.op)));
                }
                (Shows::Erased { case: *case }, None, None, Some(thread.clone()), edit.clone(), None)
            }
            Body::Notice { say } => (Shows::Notice { code: say.code.clone() }, None, None, None, None, None),
            Body::Digest { figures } => (Shows::Digest { from: figures.from, to: figures.to }, None, None, None, None, None),
            Body::Send { .. } => return Err(Violation::new(0, "a send went to the chat".into())),
        };
        let text = words::words(&d.body, &self.policy, room, self.bot());
        let private = self.policy.is_private(room) || self.policy.privacy.dm_room.as_ref() == Some(room);
        if !private && text.contains("secretq") {
            let planned = &self.plan.policy;
            let once = planned.is_private(room) || planned.privacy.dm_room.as_ref() == Some(room);
            let (invariant, which) = if once { (7, "no longer") } else { (6, "not") };
            return Err(Violation::new(invariant, format!("{} shows a direct message in {room}, which is {which} private", d.op)));
        }
        Ok(Draft { op: d.op.clone(), room: room.clone(), thread, edit, shows, kind, post, owner, text })
    }

    // ---- the calm at the end ----

    /// Faults end; everything must come to rest, and then hold, also over one more restart.
    fn calm(&mut self) -> Result<(), Violation> {
        self.say(format_args!("calm"));
        self.faults_on = false;
        self.store.heal();
        self.armed = None;
        self.full_until = None;
        if self.far > 0 {
            self.far_jump();
        }
        self.land(self.now.plus(HOUR_MS));
        for net in &mut self.nets {
            net.faults = super::network::Faults::default();
            net.down_until = Time(0);
            net.accounts.iter_mut().for_each(|a| a.revoked_until = Time(0));
        }
        self.chat.faults = super::chat::Faults::default();
        self.chat.down_until = Time(0);
        self.chat.refusing.clear();
        for (id, role) in Staff::roles() {
            if let Some(p) = self.policy.people.get_mut(&AgentId::from(id)) {
                p.role = role;
            }
        }
        if let Some(engine) = &mut self.engine {
            engine.set_policy(self.policy.clone());
        }
        for (n, a) in self.known_accounts() {
            let input = Input::Health { account: self.nets[n].accounts[a].name.clone(), lost: None };
            self.pending.push(Pending { batch: Batch { inputs: vec![input], cursor: None }, what: What::Health });
        }
        while !self.pending.is_empty() && self.engine.is_some() {
            self.take()?;
        }
        // Found bad by what was still on its way: a token is tried until it is good.
        let lost = self.engine.as_ref().and_then(|e| e.stats().ok()).map_or_else(Vec::new, |s| s.auth_lost);
        for account in lost {
            let input = Input::Health { account, lost: None };
            self.pending.push(Pending { batch: Batch { inputs: vec![input], cursor: None }, what: What::Health });
        }
        while !self.pending.is_empty() && self.engine.is_some() {
            self.take()?;
        }
        // All that was said is answered before sending goes on: a pause that comes late would stop it again.
        while self.engine.is_none() || !self.pending.is_empty() || self.put_unanswered() {
            if self.engine.is_none() {
                self.open()?;
            }
            self.take()?;
        }
        let resume = self.staff.say(Verb::Resume, Some("oti".into()), None, &mut self.rng);
        self.put_command(resume);
        self.settle()?;
        super::check::at_rest(self)?;
        // Nothing comes twice over a restart in peace.
        let before = self.chat.messages.len();
        let sent: usize = self.nets.iter().map(|n| n.accepted.len()).sum();
        self.crash(Hit::CrashIdle)?;
        self.settle()?;
        let digests = |w: &World| w.chat.messages.iter().filter(|m| matches!(m.draft.shows, Shows::Digest { .. })).count();
        if self.nets.iter().map(|n| n.accepted.len()).sum::<usize>() != sent {
            return Err(Violation::new(3, "a restart in peace sent something".into()));
        }
        let more = self.chat.messages.len() - before;
        if more > 0 {
            let kinds: Vec<String> = self.chat.messages[before..].iter().map(|m| format!("{:?}", m.draft.shows)).collect();
            if kinds.iter().any(|k| !k.contains("Event") && !k.contains("Digest")) {
                return Err(Violation::new(16, format!("a restart in peace posted {kinds:?} ({} digests in all)", digests(self))));
            }
        }
        super::check::at_rest(self)
    }

    /// Runs without faults until nothing is left to do.
    fn settle(&mut self) -> Result<(), Violation> {
        let begun = self.now;
        let mut rounds = 0;
        loop {
            rounds += 1;
            if self.engine.is_none() {
                self.open()?;
            }
            for (n, a) in self.known_accounts() {
                for s in 0..self.nets[n].kind.streams().len() {
                    self.poll_one(n, a, s)?;
                }
                self.reconcile(n, a);
            }
            while self.nets.iter().any(|n| n.accounts.iter().any(|a| !a.push.is_empty())) {
                self.hear_push();
            }
            if rounds == 1 {
                self.refresh()?;
            }
            self.put_unanswered();
            for id in self.erasing.clone() {
                let cases = self.store.all_cases().map_err(|e| Violation::new(0, format!("no cases: {e}")))?;
                self.erase_one(id, &cases)?;
            }
            self.decide();
            while !self.pending.is_empty() {
                self.take()?;
            }
            self.due()?;
            while !self.handed.is_empty() {
                self.perform()?;
            }
            while !self.pending.is_empty() {
                self.take()?;
            }
            if self.at_rest() {
                return Ok(());
            }
            let now = self.bot();
            let next = self.engine.as_ref().and_then(|e| e.next_due(now)).unwrap_or(now.plus(MINUTE_MS));
            self.now = self.now.plus(next.since(now).clamp(1_000, if self.plan.far { HOUR_MS } else { 10 * MINUTE_MS }));
            if rounds > 3_000 || self.now.since(begun) > if self.plan.far { 8 * DAY_MS } else { 2 * DAY_MS } {
                let left: Vec<String> = self
                    .engine
                    .iter()
                    .flat_map(Engine::outbox)
                    .map(|l| format!("{} {:?} {:?} {:?} attempts {}", l.op, l.entry.lane, l.entry.effect, l.entry.state, l.entry.attempts))
                    .collect();
                let asked = self.staff.asked.iter().filter(|a| !a.is_answered()).count();
                return Err(Violation::new(15, format!("after {rounds} rounds without a fault there wait {asked} commands and {left:?}")));
            }
        }
    }

    fn at_rest(&self) -> bool {
        let Some(engine) = &self.engine else { return false };
        let read = self.known_accounts().into_iter().all(|(n, a)| {
            let net = &self.nets[n];
            let name = &net.accounts[a].name;
            self.reconciled.contains(name)
                && net.kind.streams().iter().all(|s| net.read_up(a, s, engine.cursor(name, s).ok().flatten().as_deref()))
        });
        let answered = self.erasing.is_empty() && self.staff.asked.iter().all(|a| a.is_answered() || a.copies > 0);
        // A bounded wait: digests and deadlines of the future are no work that waits.
        read && answered && engine.outbox().is_empty() && engine.next_due(self.bot()).is_none_or(|t| t > self.bot())
    }
}

fn short(event: &NetEvent) -> String {
    match event {
        NetEvent::New(p) => format!("new {}v{}", p.id, p.version()),
        NetEvent::Edited(p) => format!("edited {}v{}", p.id, p.version()),
        NetEvent::Deleted { post, .. } => format!("deleted {post:?}"),
        NetEvent::Reposted { id, .. } => format!("repost {id}"),
        NetEvent::Engagement { .. } => "engagement".into(),
    }
}

fn input_name(input: &Input) -> String {
    match input {
        Input::Costs { account, .. } => format!("[costs of {account}]"),
        Input::Net(a, e) => format!("[{a}: {}]", short(e)),
        Input::Command(c) => format!("[{}]", c.id),
        Input::Receipt { entry, attempt, outcome } => format!("[receipt {entry}/{attempt} {outcome:?}]"),
        Input::Looked { entry, attempt, look } => format!("[look {entry}/{attempt} {look:?}]"),
        Input::Reconciled(a) => format!("[reconciled {a}]"),
        Input::Health { account, lost } => format!("[health {account} {lost:?}]"),
        Input::Renamed { account, was, is } => format!("[{account} was {was} and is {is}]"),
        Input::Outbox { entry, retry } => format!("[outbox {entry} {retry}]"),
        Input::Park { id, .. } => format!("[park {id}]"),
        Input::Unpark { id } => format!("[unpark {id:?}]"),
        Input::Notice(say) => format!("[notice {}]", say.code),
    }
}
