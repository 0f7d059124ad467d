//! The engine itself: takes inputs, hands out deliveries.

use super::context::Tx;
use super::delivery::Delivery;
use super::mark::{mark, may_go, rate_of};
use super::recent::Recent;
use super::staff::{answers, command_answer, id_used};
use super::{Ack, Batch, Input, OutboxLine, Stats};
use crate::case::step::CaseInput;
use crate::case::{Case, CaseId, Outgoing, SendState};
use crate::clock::{DAY_MS, Time};
use crate::command::{Answer, Filter, Run, table};
use crate::cost::Costs;
use crate::desk::Desk;
use crate::outbox::lanes::{Lanes, Rate};
use crate::outbox::{Effect, Entry, EntryId, EntryState, Lane, Outcome};
use crate::planted::{self, Bug};
use crate::policy::{AccountPolicy, Policy};
use crate::post::{Account, PostRef};
use crate::store::{Counters, OpenCount, Store, StoreError};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Entries marked in flight by one commit, at most.
const MARK_AT_ONCE: usize = 64;
/// Cases woken by one commit, at most.
const WAKE_AT_ONCE: usize = 128;
/// Cases whose posts are looked up again in one round.
const FOLLOW_AT_ONCE: usize = 40;

/// The engine. One thread holds it.
pub struct Engine {
    pub(super) store: Arc<dyn Store>,
    /// Cases that were committed last.
    pub(super) recent: Recent,
    pub(super) policy: Policy,
    pub(super) desk: Desk,
    pub(super) counters: Counters,
    pub(super) lanes: Lanes,
    /// Accounts whose streams were read up to the present since start-up.
    reconciled: BTreeSet<Account>,
    /// Sends that were waiting when the engine opened: their windows may have run out unwatched.
    unwatched: BTreeSet<EntryId>,
    /// Marked durably, not yet handed out: empty unless the store failed in between.
    marked: VecDeque<Entry>,
    /// How fast a room takes messages.
    chat: Rate,
    entropy: [u8; 32],
    reload: bool,
    /// What was open when the engine opened: also what was open as the days of downtime ended.
    at_open: Option<OpenCount>,
    /// Whether an erasure may be decided and not finished: nobody knows before the start has looked.
    pub(super) erasing: bool,
}

impl Engine {
    /// Opens on what the store holds. What was in flight when the last run ended is in doubt, and
    /// is looked up before anything is sent again.
    ///
    /// # Errors
    /// Whatever the store says; nothing is begun silently empty.
    pub fn open(store: Arc<dyn Store>, policy: Policy, now: Time, entropy: [u8; 32]) -> Result<Engine, StoreError> {
        let mut desk = store.desk()?.unwrap_or_default();
        if planted::is(Bug::DigestAgainAfterRestart) {
            desk.digest_given =
                desk.digest_given.as_deref().and_then(|d| d.parse::<jiff::civil::Date>().ok()?.yesterday().ok()).map(|d| d.to_string());
            desk.next_wake = None;
        }
        let counters = store.counters()?;
        let at_open = store.open_count()?;
        let mut lanes = Lanes::default();
        let mut unwatched = BTreeSet::new();
        for mut entry in store.outbox()? {
            if entry.state == EntryState::InFlight {
                let chat = matches!(entry.lane, Lane::Chat(_));
                entry.state = if chat && planted::is(Bug::RepostWithoutLook) { EntryState::Queued } else { EntryState::Unknown };
                entry.due = now;
                // That the bot ended is no refusal: a server that then refuses once is tried again soon.
                entry.attempts = entry.attempts.min(1);
            }
            if matches!(entry.effect, Effect::Send { .. }) && entry.state == EntryState::Queued && entry.attempts == 0 {
                unwatched.insert(entry.id);
            }
            lanes.put(entry);
        }
        let mut engine = Engine {
            store,
            recent: Recent::default(),
            policy,
            desk,
            counters,
            lanes,
            reconciled: BTreeSet::new(),
            unwatched,
            marked: VecDeque::new(),
            chat: Rate::even(60),
            entropy,
            reload: false,
            at_open: Some(at_open),
            erasing: !planted::is(Bug::ErasureLeftUnfinished),
        };
        engine.finish_erasures()?;
        Ok(engine)
    }

    /// How many messages one room takes a minute.
    pub fn set_chat_rate(&mut self, posts_per_minute: u32) {
        let even = Rate::even(posts_per_minute.max(1));
        self.chat = Rate { per_minute: even.per_minute, burst: even.burst, ..self.chat };
    }

    /// How many messages may be on their way to one room at once. One at a time, a room shows things in
    /// the order in which they were decided; in a case's thread they stand in that order in any case.
    pub fn set_chat_at_once(&mut self, posts: usize) {
        self.chat.in_flight = posts.max(1);
    }

    /// Whether changes of what stands in a room, its new messages, and of these what staff wait for are on their
    /// way beside each other: one that has to wait then holds up none of the others. Of one case nothing
    /// overtakes all the same.
    pub fn set_chat_changes_apart(&mut self, apart: bool) {
        self.chat.apart = apart;
    }

    /// New rules, from a configuration read again.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        // The digest may come at another time now.
        self.desk.next_wake = None;
    }

    /// What an account learnt about itself when it signed in.
    pub fn set_account(&mut self, account: &Account, learnt: AccountPolicy) {
        self.policy.accounts.insert(account.clone(), learnt);
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether an operator asked for the configuration to be read again, since this was last asked.
    pub fn reload_wanted(&mut self) -> bool {
        std::mem::take(&mut self.reload)
    }

    /// Where a stream goes on from.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn cursor(&self, account: &Account, stream: &str) -> Result<Option<String>, StoreError> {
        self.store.cursor(account, stream)
    }

    /// What an account's month had cost when that was last noted.
    #[must_use]
    pub fn costs(&self, account: &Account) -> Option<&Costs> {
        self.desk.costs.get(account)
    }

    /// A case as committed.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.recent.case(&*self.store, id)
    }

    /// Carries out `act` in one commit, and takes over what it changed once that stands.
    pub(super) fn transact<T>(&mut self, now: Time, act: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let entropy = self.entropy;
        let instance = self.store.instance().to_owned();
        let code = move |n: u64| tracking_code(&entropy, &instance, n);
        let store = Arc::clone(&self.store);
        let mut tx = Tx::new((&*store, &self.recent), &self.policy, now, &self.desk, self.counters, &self.lanes, &code);
        let out = act(&mut tx)?;
        let reload = tx.reload;
        let (commit, desk, counters) = tx.into_commit();
        let (put, done) = (commit.outbox.clone(), commit.done.clone());
        if commit != crate::store::Commit::default() {
            let cases = commit.cases.clone();
            if let Err(error) = store.commit(commit) {
                // Something else may have been written.
                self.recent.clear();
                return Err(error);
            }
            self.recent.keep(cases);
        }
        self.desk = desk;
        self.counters = counters;
        self.reload |= reload;
        for id in done {
            self.unwatched.remove(&id);
            self.lanes.remove(id);
        }
        for entry in put {
            self.lanes.put(entry);
        }
        Ok(out)
    }

    /// Takes in all batches in one commit and gives, for each, an ack for each of its inputs.
    ///
    /// # Errors
    /// Nothing was taken: nothing may be acked; give the same batches again.
    pub fn take(&mut self, now: Time, batches: &[Batch]) -> Result<Vec<Vec<Ack>>, StoreError> {
        // Or else a post would join a case that is about to go.
        self.finish_erasures()?;
        let mut signals = Vec::new();
        let queries = self.answer_queries(now, batches)?;
        let unwatched = self.unwatched.clone();
        if planted::is(Bug::CursorAheadOfCommit) {
            self.transact(now, |tx| {
                batches.iter().filter_map(|b| b.cursor.clone()).for_each(|cursor| tx.cursor(cursor));
                Ok(())
            })?;
        }
        let mut said = Vec::new();
        let taken = self.transact(now, |tx| {
            let mut out = Vec::with_capacity(batches.len());
            for (b, batch) in batches.iter().enumerate() {
                let mut acks = Vec::with_capacity(batch.inputs.len());
                for (i, input) in batch.inputs.iter().enumerate() {
                    if let (Some(reply), Input::Command(command)) = (queries.get(&(b, i)), input) {
                        // Queries are not remembered; what is remembered is never answered by one.
                        let other = tx.seen(&command.id)?.is_some_and(|seen| !answers(&seen, command));
                        acks.push(if other { Ack::Answered(id_used(command)) } else { reply.clone() });
                        continue;
                    }
                    acks.push(take_one(tx, input, &unwatched, &mut signals)?);
                }
                if let Some(cursor) = &batch.cursor {
                    tx.cursor(cursor.clone());
                }
                out.push(acks);
            }
            if planted::is(Bug::AckBeforeCommit) || planted::is(Bug::FullDiskAcked) {
                said.clone_from(&out);
            }
            Ok(out)
        });
        let out = match taken {
            Err(StoreError::Full(_)) if planted::is(Bug::FullDiskAcked) && said.len() == batches.len() => return Ok(said),
            Err(StoreError::Unavailable(_)) if planted::is(Bug::AckBeforeCommit) && said.len() == batches.len() => return Ok(said),
            taken => taken?,
        };
        for signal in signals {
            match signal {
                Signal::Block(lane, until) => self.lanes.block(&lane, until),
                Signal::Lock(lane, until) => self.lanes.lock(&lane, until),
                Signal::Unlock(lane) => self.lanes.unlock(&lane),
                Signal::Reconciled(account) => {
                    self.unwatched.retain(|id| self.lanes.get(*id).is_some_and(|e| e.lane != Lane::Network(account.clone())));
                    self.reconciled.insert(account);
                }
            }
        }
        Ok(out)
    }

    /// Queries read what is committed; they are answered before the batch that they came with.
    fn answer_queries(&self, now: Time, batches: &[Batch]) -> Result<BTreeMap<(usize, usize), Ack>, StoreError> {
        let mut out = BTreeMap::new();
        for (b, batch) in batches.iter().enumerate() {
            for (i, input) in batch.inputs.iter().enumerate() {
                if let Input::Command(command) = input
                    && matches!(table::row(command.verb).run, Run::Query)
                {
                    let ack = match self.query(now, command)? {
                        Ok(reply) => Ack::Replied(Box::new(reply)),
                        Err(refusal) => Ack::Answered(Answer { ok: false, say: refusal.say(), case: command.case, send: None, of: None }),
                    };
                    out.insert((b, i), ack);
                }
            }
        }
        Ok(out)
    }

    /// Wakes what is due, marks in flight what may go (one commit), and hands it out.
    ///
    /// # Errors
    /// Nothing was marked and nothing may be performed.
    pub fn due(&mut self, now: Time) -> Result<Vec<Delivery>, StoreError> {
        self.redraw(now)?;
        self.wake(now)?;
        self.take_back(now)?;
        self.mark_ready(now)?;
        let mut out = Vec::with_capacity(self.marked.len());
        while let Some(entry) = self.marked.pop_front() {
            match self.hand_out(now, &entry) {
                Ok(delivery) => out.extend(delivery),
                // It is marked, so it must still be performed, first thing next time; a send goes through the gate again.
                Err(error) => {
                    self.marked.push_front(entry);
                    return if out.is_empty() { Err(error) } else { Ok(out) };
                }
            }
        }
        Ok(out)
    }

    /// Sends that were marked and could not be handed out, as the store failed in between: the gate looks at
    /// them anew, since sending may have been paused meanwhile, or the customer have written.
    fn take_back(&mut self, now: Time) -> Result<(), StoreError> {
        let stuck = |e: &Entry| e.state == EntryState::InFlight && matches!(e.effect, Effect::Send { .. });
        let unsent = |e: &Entry| {
            let outcome = Outcome::Retry { after_ms: None, why: "the store could not be read".into(), lane: false };
            Input::Receipt { entry: e.id, attempt: e.attempts, outcome }
        };
        let inputs: Vec<Input> = self.marked.iter().filter(|e| stuck(e)).map(unsent).collect();
        if inputs.is_empty() {
            return Ok(());
        }
        self.take(now, &[Batch { inputs, cursor: None }])?;
        self.marked.retain(|e| !stuck(e));
        Ok(())
    }

    /// Marks in flight, in one commit, what lanes and gate let go now.
    fn mark_ready(&mut self, now: Time) -> Result<(), StoreError> {
        let ready = {
            let policy = &self.policy;
            let chat = self.chat;
            let may = may_go(&self.reconciled, &self.desk);
            self.lanes.take(now, MARK_AT_ONCE, |lane| rate_of(policy, chat, lane), may)
        };
        if ready.is_empty() {
            return Ok(());
        }
        let marked = self.transact(now, |tx| {
            let mut marked = Vec::new();
            for entry in &ready {
                marked.extend(mark(tx, entry)?);
            }
            Ok(marked)
        });
        let marked = match marked {
            Ok(marked) => marked,
            Err(StoreError::Full(_)) if planted::is(Bug::SendBeforeMark) => {
                let sends = ready.iter().filter(|e| e.state == EntryState::Queued && matches!(e.effect, Effect::Send { .. }));
                sends.map(|e| Entry { attempts: e.attempts + 1, sent_at: Some(now), ..e.clone() }).collect()
            }
            Err(error) => {
                self.lanes.give_back(&ready);
                return Err(error);
            }
        };
        let left: Vec<Entry> = ready.into_iter().filter(|e| !marked.iter().any(|m| m.id == e.id)).collect();
        self.lanes.give_back(&left);
        for entry in marked.iter().filter(|e| e.state == EntryState::Unknown) {
            self.lanes.looking(entry.id, now);
        }
        self.marked.extend(marked);
        Ok(())
    }

    /// A marked entry with what it shows or sends.
    fn hand_out(&mut self, now: Time, entry: &Entry) -> Result<Option<Delivery>, StoreError> {
        let look = entry.state == EntryState::Unknown;
        match self.body(entry, now)? {
            Some(body) => Ok(Some(Delivery { op: entry.op(self.store.instance()), look, body, entry: entry.clone() })),
            // Its case was erased, or its event is gone: nothing to show any more.
            None => self
                .transact(now, |tx| {
                    tx.finish(entry.id);
                    Ok(())
                })
                .map(|()| None),
        }
    }

    fn wake(&mut self, now: Time) -> Result<(), StoreError> {
        let desk_due = self.desk.wakes_at(now) <= now;
        let cases = self.store.wakes(now, WAKE_AT_ONCE)?;
        let at_open = self.at_open.take();
        self.finish_erasures()?;
        if !desk_due && cases.is_empty() {
            return Ok(());
        }
        // Before anything that this waking changes.
        let open = if desk_due { Some(at_open.map_or_else(|| self.store.open_count(), Ok)?) } else { None };
        let woken = self.transact(now, |tx| {
            if let Some(open) = open {
                tx.desk(|d| {
                    d.note_day(open.open, open.oldest);
                    d.wake();
                });
            }
            for (_, id) in cases {
                if let Some(case) = tx.case(id)? {
                    tx.step(case, CaseInput::Wake, None)?.ok();
                }
            }
            Ok(())
        });
        if woken.is_err() {
            // It is tried again, and still the first time.
            self.at_open = at_open;
        }
        woken
    }

    /// When [`Engine::due`] may next have something to do, if nothing else happens.
    #[must_use]
    pub fn next_due(&self, now: Time) -> Option<Time> {
        if !self.marked.is_empty() || self.must_redraw() {
            return Some(now);
        }
        let chat = self.chat;
        let may = may_go(&self.reconciled, &self.desk);
        let lanes = self.lanes.next(now, |lane| rate_of(&self.policy, chat, lane), may);
        let wake = self.store.next_wake().ok().flatten();
        lanes.into_iter().chain(wake).chain(Some(self.desk.wakes_at(now))).min()
    }

    /// Posts to be looked up again: the last of the most pressing open cases, of the last two days, ours too.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn followed(&self, now: Time) -> Result<Vec<(Account, Vec<PostRef>)>, StoreError> {
        let mut out: BTreeMap<Account, Vec<PostRef>> = BTreeMap::new();
        for listed in self.store.list(Filter::Open, None, FOLLOW_AT_ONCE)? {
            let Some(case) = self.store.case(listed.case)? else { continue };
            for post in case.posts.iter().rev().filter(|p| p.deleted_at.is_none() && now.since(p.seen_at) < 2 * DAY_MS).take(3) {
                let name = PostRef::Local { account: post.post.account.clone(), local_id: post.post.local_id.clone() };
                out.entry(post.post.account.clone()).or_default().push(name);
            }
            // Our own last answer as well: whether it was deleted on the network's own site.
            let standing =
                |s: &&Outgoing| s.kind.speaks() && matches!(s.state, SendState::Published { at, .. } if now.since(at) < 2 * DAY_MS);
            if let Some(Outgoing { account, state: SendState::Published { local_id, .. }, .. }) = case.sends.iter().rev().find(standing) {
                let name = PostRef::Local { account: account.clone(), local_id: local_id.clone() };
                out.entry(account.clone()).or_default().push(name);
            }
        }
        Ok(out.into_iter().collect())
    }

    /// The whole outbox.
    #[must_use]
    pub fn outbox(&self) -> Vec<OutboxLine> {
        let instance = self.store.instance();
        self.lanes.entries().map(|e| OutboxLine { entry: e.clone(), op: e.op(instance) }).collect()
    }

    /// How many entries of the outbox are not done.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.lanes.len()
    }

    /// How things stand.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let parked = self.store.parked_count()?;
        let mut stats = Stats { open: self.store.open_count()?, parked, paused: self.desk.paused.is_some(), ..Stats::default() };
        for entry in self.lanes.entries() {
            match entry.state {
                EntryState::Queued => stats.queued += 1,
                EntryState::InFlight => stats.in_flight += 1,
                EntryState::Unknown => stats.unknown += 1,
                EntryState::Dead { .. } => stats.dead += 1,
            }
        }
        stats.auth_lost = self.desk.auth_lost.keys().cloned().collect();
        Ok(stats)
    }
}

/// Something that changes the lanes, not the store.
pub(super) enum Signal {
    Block(Lane, Time),
    Lock(Lane, Time),
    Unlock(Lane),
    Reconciled(Account),
}

fn take_one(tx: &mut Tx<'_>, input: &Input, unwatched: &BTreeSet<EntryId>, signals: &mut Vec<Signal>) -> Result<Ack, StoreError> {
    match input {
        Input::Net(account, event) => tx.net(account, event)?,
        Input::Command(command) => return command_answer(tx, command).map(Ack::Answered),
        Input::Receipt { entry, attempt, outcome } => tx.receipt(*entry, *attempt, outcome, signals)?,
        Input::Looked { entry, attempt, look } => tx.looked(*entry, *attempt, look)?,
        Input::Health { account, lost } => {
            tx.desk(|d| d.health(account, lost.as_deref()));
            if lost.is_none() {
                signals.push(Signal::Unlock(Lane::Network(account.clone())));
            }
        }
        Input::Costs { account, costs } => tx.desk(|d| d.costs(account, costs)),
        Input::Renamed { account, was, is } => tx.desk(|d| d.renamed(account, was, is)),
        Input::Park { id, why, raw } => tx.park(id, why, raw)?,
        Input::Unpark { id } => return tx.unpark(id.as_deref()).map(Ack::Answered),
        Input::Notice(say) => tx.notice(say.clone()),
        Input::Outbox { entry, retry } => return tx.decide(*entry, *retry).map(Ack::Answered),
        Input::Reconciled(account) => {
            rearm(tx, account, unwatched)?;
            signals.push(Signal::Reconciled(account.clone()));
        }
    }
    Ok(Ack::Taken)
}

/// Windows that ran out while nobody watched start again, whole, now that the conversation is known.
fn rearm(tx: &mut Tx<'_>, account: &Account, unwatched: &BTreeSet<EntryId>) -> Result<(), StoreError> {
    for id in unwatched.iter().filter(|_| !planted::is(Bug::WindowNotRestarted)) {
        let Some(entry) = tx.entry(*id).filter(|e| e.lane == Lane::Network(account.clone()) && e.due <= tx.now) else { continue };
        let (Effect::Send { send }, Some(case)) = (&entry.effect, entry.case) else { continue };
        let Some(case) = tx.case(case)? else { continue };
        if case.send(*send).is_some_and(|s| matches!(s.state, SendState::Waiting { .. })) {
            tx.step(case, CaseInput::SendRearmed(*send), None)?.ok();
        }
    }
    Ok(())
}

/// A case's code for its customer: eight signs that survive being read aloud, not to be guessed.
fn tracking_code(entropy: &[u8; 32], instance: &str, case: u64) -> String {
    // Crockford's alphabet: no I, L, O, U.
    const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut mac = Hmac::<Sha256>::new_from_slice(entropy).expect("HMAC takes keys of any length");
    mac.update(instance.as_bytes());
    mac.update(&case.to_be_bytes());
    let bytes = mac.finalize().into_bytes();
    let signs: Vec<char> = bytes.iter().take(8).map(|b| char::from(SIGNS[usize::from(b % 32)])).collect();
    let (left, right) = signs.split_at(4);
    format!("{}-{}", left.iter().collect::<String>(), right.iter().collect::<String>())
}
