//! A transaction of the engine: what a batch of inputs changes, before it is committed.
//!
//! Reads see what the same batch wrote. Nothing of the engine itself changes until the commit
//! stands, so that a failed one leaves no trace.

use super::recent::Recent;
use crate::case::step::{self, CaseInput, Opening};
use crate::case::work::{Ctx, Follow, Planned, Work};
use crate::case::{Case, CaseId, CaseKey, EventRecord, SendState};
use crate::clock::{DAY_MS, Time};
use crate::command::Answer;
use crate::desk::{Desk, DeskWork};
use crate::outbox::lanes::Lanes;
use crate::outbox::{Effect, Entry, EntryId, EntryState, Lane, Urgency};
use crate::planted::{self, Bug};
use crate::policy::{Policy, RoomId};
use crate::post::{AuthorId, Network, Post, PostId, PostRef};
use crate::say::Say;
use crate::store::{Claim, Commit, Counters, PostClaim, SeenCommand, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// How long a claimed post is remembered: longer than any network redelivers or any stream reaches back.
const CLAIM_MS: i64 = 400 * DAY_MS;
/// How long a command's answer is remembered.
const COMMAND_MS: i64 = 7 * DAY_MS;

/// What a batch of inputs changes.
pub(super) struct Tx<'a> {
    pub store: &'a dyn Store,
    recent: &'a Recent,
    pub policy: &'a Policy,
    pub now: Time,
    pub desk: Desk,
    desk_before: Desk,
    pub counters: Counters,
    counters_before: Counters,
    lanes: &'a Lanes,
    /// Cases as changed, with the version the store holds.
    cases: BTreeMap<CaseId, (u64, Case)>,
    claims: BTreeMap<PostRef, Claim>,
    keys: BTreeMap<CaseKey, CaseId>,
    put: BTreeMap<EntryId, Entry>,
    done: BTreeSet<EntryId>,
    commands: BTreeMap<String, Answer>,
    pub reload: bool,
    pub(super) rest: Commit,
    code: &'a dyn Fn(u64) -> String,
}

/// What a step leaves behind, let go of the desk that it looked at.
struct Changed {
    case: Case,
    events: Vec<EventRecord>,
    effects: Vec<Planned>,
    voided: Vec<u32>,
    facts: Vec<crate::digest::Fact>,
    follow: Vec<Follow>,
}

impl From<Work<'_>> for Changed {
    fn from(work: Work<'_>) -> Changed {
        let Work { case, events, effects, voided, facts, follow, .. } = work;
        Changed { case, events, effects, voided, facts, follow }
    }
}

impl<'a> Tx<'a> {
    pub fn new(
        (store, recent): (&'a dyn Store, &'a Recent),
        policy: &'a Policy,
        now: Time,
        desk: &Desk,
        counters: Counters,
        lanes: &'a Lanes,
        code: &'a dyn Fn(u64) -> String,
    ) -> Tx<'a> {
        Tx {
            store,
            recent,
            policy,
            now,
            desk: desk.clone(),
            desk_before: desk.clone(),
            counters,
            counters_before: counters,
            lanes,
            cases: BTreeMap::new(),
            claims: BTreeMap::new(),
            keys: BTreeMap::new(),
            put: BTreeMap::new(),
            done: BTreeSet::new(),
            commands: BTreeMap::new(),
            reload: false,
            rest: Commit::default(),
            code,
        }
    }

    /// What is to be committed, and what the lanes take over once it is.
    pub fn into_commit(self) -> (Commit, Desk, Counters) {
        let now = self.now;
        let mut commit = self.rest;
        commit.cases = self.cases.into_values().map(|(before, case)| Case { version: before + 1, ..case }).collect();
        commit.claims = self.claims.into_iter().map(|(post, claim)| PostClaim { post, claim, expires: now.plus(CLAIM_MS) }).collect();
        commit.commands = self.commands.into_iter().map(|(id, answer)| SeenCommand { id, answer, expires: now.plus(COMMAND_MS) }).collect();
        commit.desk = (self.desk != self.desk_before).then(|| self.desk.clone());
        commit.counters = (self.counters != self.counters_before).then_some(self.counters);
        commit.outbox = self.put.into_values().collect();
        commit.done = self.done.into_iter().collect();
        (commit, self.desk, self.counters)
    }

    pub fn cursor(&mut self, cursor: (crate::post::Account, String, String)) {
        // The stream is ours from here on, even where nothing was on it yet.
        if !planted::is(Bug::FirstPostBeginsHistory) && cursor.0.as_str() != super::CHAT {
            self.first_seen(&cursor.0);
        }
        self.rest.cursors.push(cursor);
    }

    pub fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        match self.cases.get(&id) {
            Some((_, case)) => Ok(Some(case.clone())),
            None => self.recent.case(self.store, id),
        }
    }

    /// The case, or the one it lives on in.
    pub fn living(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        let mut case = self.case(id)?;
        // Merges cannot form a ring: a merged case takes no part in another merge. Bounded all the same.
        for _ in 0..64 {
            match case.as_ref().and_then(|c| c.merged_into) {
                Some(into) => case = self.case(into)?,
                None => break,
            }
        }
        Ok(case)
    }

    pub fn claim(&self, post: &PostRef) -> Result<Option<Claim>, StoreError> {
        match self.claims.get(post) {
            Some(claim) => Ok(Some(claim.clone())),
            None => self.store.claim(post),
        }
    }

    pub fn set_claim(&mut self, post: PostRef, claim: Claim) {
        self.claims.insert(post, claim);
    }

    /// Claims a post under both its names.
    pub fn claim_post(&mut self, post: &Post, claim: &Claim) {
        self.claims.insert(PostRef::World(post.id.clone()), claim.clone());
        if !post.local_id.is_empty() {
            self.claims.insert(PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() }, claim.clone());
        }
    }

    pub fn by_key(&self, key: &CaseKey) -> Result<Option<CaseId>, StoreError> {
        match self.keys.get(key) {
            Some(id) => Ok(Some(*id)),
            None => self.store.case_by_key(key),
        }
    }

    /// The cases of a conversation, oldest first.
    pub fn conversation(&self, network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError> {
        let mut ids = self.store.conversation(network, root)?;
        ids.extend(self.keys.iter().filter(|(k, _)| &k.network == network && &k.root == root).map(|(_, id)| *id));
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Cases of a customer, newest first.
    pub fn cases_of(&self, author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError> {
        let mut ids = self.store.cases_of(author, limit)?;
        ids.extend(self.keys.iter().filter(|(k, _)| &k.customer == author).map(|(_, id)| *id));
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.truncate(limit);
        Ok(ids)
    }

    pub fn case_by_thread(&self, room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError> {
        let here = self.cases.values().find(|(_, c)| c.places.iter().any(|p| &p.room == room && p.thread.as_deref() == Some(thread)));
        match here {
            Some((_, case)) => Ok(Some(case.id)),
            None => self.store.case_by_thread(room, thread),
        }
    }

    pub fn seen(&self, command: &str) -> Result<Option<Answer>, StoreError> {
        match self.commands.get(command) {
            Some(answer) => Ok(Some(answer.clone())),
            None => self.store.seen(command),
        }
    }

    pub fn answered(&mut self, command: &str, answer: Answer) {
        self.commands.insert(command.to_owned(), answer);
    }

    pub fn entry(&self, id: EntryId) -> Option<Entry> {
        if self.done.contains(&id) {
            return None;
        }
        self.put.get(&id).or_else(|| self.lanes.get(id)).cloned()
    }

    /// When an entry that is being looked up was handed out for it.
    pub fn asked(&self, id: EntryId) -> Time {
        self.lanes.asked(id).unwrap_or(self.now)
    }

    pub fn put(&mut self, entry: Entry) {
        self.put.insert(entry.id, entry);
    }

    pub fn finish(&mut self, id: EntryId) {
        self.put.remove(&id);
        self.done.insert(id);
    }

    /// Unfinished entries of a case, as this transaction leaves them.
    pub fn entries_of(&self, case: CaseId) -> Vec<Entry> {
        let old = self.lanes.of_case(case).filter(|e| !self.put.contains_key(&e.id) && !self.done.contains(&e.id));
        old.chain(self.put.values().filter(|e| e.case == Some(case))).cloned().collect()
    }

    /// Entries of a lane that may still be delivered, as this transaction leaves them.
    pub fn entries_in(&self, lane: &Lane) -> impl Iterator<Item = &Entry> {
        let old = self.lanes.unfinished(lane).filter(|e| !self.put.contains_key(&e.id) && !self.done.contains(&e.id));
        old.chain(self.put.values().filter(move |e| &e.lane == lane))
    }

    /// Begins a case with `post`.
    pub fn open(&mut self, post: &Post, linked: Option<CaseId>) -> Result<CaseId, StoreError> {
        let id = CaseId(self.counters.next_case);
        self.counters.next_case += 1;
        let earlier = u32::try_from(self.cases_of(&post.author.id, 100)?.len()).unwrap_or(u32::MAX);
        let opening = Opening { id, code: (self.code)(id.0), earlier, linked };
        let policy = self.policy;
        let work = step::open(post, opening, Ctx { now: self.now, policy, desk: &self.desk, other: None });
        let work = Changed::from(work);
        self.keys.insert(work.case.key.clone(), id);
        self.claim_post(post, &Claim::Case(id));
        self.keep(work, 0)?;
        Ok(id)
    }

    /// Steps a case that exists; `Ok(Err(_))` is a refusal, which changes nothing.
    pub fn step(
        &mut self,
        case: Case,
        input: CaseInput<'_>,
        other: Option<&Case>,
    ) -> Result<Result<Option<Say>, crate::case::refusal::Refusal>, StoreError> {
        let policy = self.policy;
        let before = case.clone();
        let ctx = Ctx { now: self.now, policy, desk: &self.desk, other };
        match step::step(case, input, ctx) {
            Ok((work, said)) if work.is_noop(&before) => Ok(Ok(said)),
            Ok((work, said)) => {
                let work = Changed::from(work);
                self.keep(work, before.version)?;
                Ok(Ok(said))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn keep(&mut self, work: Changed, version: u64) -> Result<(), StoreError> {
        let Changed { case, events, effects, voided, facts, follow } = work;
        let id = case.id;
        for send in voided {
            let void: Vec<EntryId> = self
                .entries_of(id)
                .into_iter()
                .filter(|e| e.effect == Effect::Send { send } && e.state != EntryState::InFlight)
                .map(|e| e.id)
                .collect();
            void.into_iter().for_each(|e| self.finish(e));
        }
        for planned in effects {
            self.plan(Some(id), planned);
        }
        self.rest.events.extend(events);
        self.rest.facts.extend(facts);
        let held = self.cases.get(&id).map_or(version, |(held, _)| *held);
        self.cases.insert(id, (held, case));
        for follow in follow {
            self.follow(&follow)?;
        }
        Ok(())
    }

    fn follow(&mut self, follow: &Follow) -> Result<(), StoreError> {
        let to = match follow {
            Follow::Link { to, .. } => *to,
            Follow::Absorb { to, from, .. } => {
                for post in &from.posts {
                    self.claim_post(&post.post, &Claim::Case(*to));
                }
                for send in &from.sends {
                    if let SendState::Published { id, .. } = &send.state {
                        self.set_claim(PostRef::World(id.clone()), Claim::Case(*to));
                    }
                }
                *to
            }
        };
        if let Some(case) = self.living(to)? {
            // Follow-ups are never refused.
            self.step(case, CaseInput::Follow(follow), None)?.ok();
        }
        Ok(())
    }

    /// Adds an entry to the outbox, unless one that waits will show the same.
    pub fn plan(&mut self, case: Option<CaseId>, planned: Planned) {
        let Planned { lane, urgency, effect, due } = planned;
        // All that a whole batch puts into the outbox is looked through for it: only where there can be one.
        if let Some(case) = case.filter(|_| effect.collapses_with(&effect)) {
            let twin = |e: &Entry| e.state == EntryState::Queued && e.effect.collapses_with(&effect);
            if let Some(twin) = self.entries_of(case).into_iter().find(twin) {
                if urgency < twin.urgency {
                    self.put(Entry { urgency, ..twin });
                }
                return;
            }
        }
        let id = EntryId(self.counters.next_entry);
        self.counters.next_entry += 1;
        self.put(Entry { urgency, case, due, ..Entry::queued(id, lane, effect, self.now) });
    }

    /// Changes the desk.
    pub fn desk<T>(&mut self, act: impl FnOnce(&mut DeskWork<'_>) -> T) -> T {
        let mut work = DeskWork::new(self.desk.clone(), self.policy, self.now);
        let out = act(&mut work);
        let DeskWork { desk, effects, reload, .. } = work;
        self.desk = desk;
        self.reload |= reload;
        for (room, urgency, effect) in effects {
            self.plan(None, Planned { lane: Lane::Chat(room), urgency, effect, due: self.now });
        }
        out
    }

    /// Tells a room something that belongs to no case any more.
    pub fn tell(&mut self, lane: Lane, urgency: Urgency, effect: Effect) {
        self.plan(None, Planned { lane, urgency, effect, due: self.now });
    }

    /// Tells people about something in the room where cards go that no other room takes.
    pub fn notice(&mut self, say: Say) {
        let lane = Lane::Chat(self.policy.fallback_room.clone());
        self.plan(None, Planned { lane, urgency: Urgency::Urgent, effect: Effect::Notice { say }, due: self.now });
    }

    pub fn fact(&mut self, fact: crate::digest::Fact) {
        self.rest.facts.push(fact);
    }
}
