//! The simulator's store: in memory, typed, with the faults of a disk set from outside.
//!
//! It keeps a visible and a durable image. `commit` makes both move together, unless the store is
//! told to acknowledge early (as a disk that lies would); [`ModelStore::reopen`] gives what a
//! machine finds after a power cut: the durable image alone. Its partner is [`super::sled`], which
//! one conformance suite holds to the very same answers.

use super::{Claim, Commit, Counters, Listed, OpenCount, Parked, PostClaim, Store, StoreError};
use crate::case::{Case, CaseId, CaseKey, EventRecord, PlaceKind, Status};
use crate::clock::Time;
use crate::command::{Answer, Filter};
use crate::desk::Desk;
use crate::digest::Fact;
use crate::outbox::{Entry, EntryId};
use crate::policy::{AgentId, RoomId};
use crate::post::{Account, AuthorId, Network, PostId, PostRef};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong with one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine dies before the commit is durable: it is lost, and the store dead.
    CrashBefore,
    /// The machine dies once the commit is durable, before anybody hears of it.
    CrashAfter,
    /// No room on the disk: nothing is written, the store lives on.
    Full,
}

/// Where a case stands in the lists: most urgent first, then by deadline, then by number.
type Rank = (Reverse<usize>, Time, CaseId);

/// Everything that a store holds.
#[derive(Clone, Debug, Default)]
struct Image {
    seq: u64,
    cases: BTreeMap<CaseId, Arc<Case>>,
    erased: BTreeSet<CaseId>,
    events: BTreeMap<(CaseId, u32), Arc<EventRecord>>,
    claims: BTreeMap<PostRef, (Claim, Time)>,
    commands: BTreeMap<String, (Arc<Answer>, Time)>,
    desk: Option<Arc<Desk>>,
    outbox: BTreeMap<EntryId, Arc<Entry>>,
    cursors: BTreeMap<(Account, String), String>,
    facts: BTreeMap<(Time, CaseId, u32), Arc<Fact>>,
    parked: BTreeMap<String, Arc<Parked>>,
    counters: Counters,
    by_key: BTreeSet<(CaseKey, CaseId)>,
    by_root: BTreeSet<(Network, PostId, CaseId)>,
    by_thread: BTreeSet<(RoomId, String, PlaceKind, Reverse<CaseId>)>,
    by_author: BTreeSet<(AuthorId, Reverse<CaseId>)>,
    by_rank: BTreeMap<Rank, CaseId>,
    hidden: BTreeMap<Rank, CaseId>,
    by_opening: BTreeSet<(Time, CaseId)>,
    by_wake: BTreeSet<(Time, CaseId)>,
    by_expiry: BTreeSet<(Time, Forget)>,
}

/// Something that may be forgotten; claims before what was parked, that before commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Forget {
    Claim(PostRef),
    Parked(String),
    Command(String),
}

/// The parts that all handles of a store share.
#[derive(Debug, Default)]
struct Shared {
    image: Image,
    /// The durable image, where the visible one is ahead of it.
    durable: Option<Image>,
    /// Faults by the number of the commit that meets them.
    faults: BTreeMap<u64, Fault>,
    /// Commits asked for so far, refused ones too.
    asked: u64,
    /// Reads asked for so far, and those that are to fail, by number.
    reads: u64,
    read_faults: BTreeSet<u64>,
    /// A read has failed since this was last asked.
    read_failed: bool,
    full: bool,
    early: bool,
    /// How often the store was opened; handles of earlier openings are dead.
    opening: u64,
    dead: bool,
}

/// The store of the simulator. Clones are handles of the same store.
#[derive(Clone, Debug)]
pub struct ModelStore {
    instance: Arc<str>,
    shared: Arc<Mutex<Shared>>,
    opening: u64,
}

impl ModelStore {
    /// An empty store with this name.
    #[must_use]
    pub fn new(instance: &str) -> ModelStore {
        ModelStore { instance: instance.into(), shared: Arc::default(), opening: 0 }
    }

    /// The `nth` commit from now (1: the next one) meets `fault`.
    pub fn fail(&self, nth: u64, fault: Fault) {
        let mut shared = self.raw();
        let at = shared.asked + nth.max(1);
        shared.faults.insert(at, fault);
    }

    /// The `nth` read from now (1: the next one) fails, once.
    pub fn fail_read(&self, nth: u64) {
        let mut shared = self.raw();
        let at = shared.reads + nth.max(1);
        shared.read_faults.insert(at);
    }

    /// Whether a read has failed since this was last asked.
    #[must_use]
    pub fn read_failed(&self) -> bool {
        std::mem::take(&mut self.raw().read_failed)
    }

    /// Takes back all faults that no commit has met yet.
    pub fn heal(&self) {
        let mut shared = self.raw();
        shared.faults.clear();
        shared.read_faults.clear();
        shared.full = false;
    }

    /// Whether the disk is full, for every commit until this is taken back.
    pub fn set_full(&self, full: bool) {
        self.raw().full = full;
    }

    /// A disk that lies: commits return before they are durable, until [`ModelStore::sync`].
    pub fn set_early(&self, early: bool) {
        let mut shared = self.raw();
        shared.early = early;
        if !early {
            shared.durable = None;
        }
    }

    /// Makes everything visible durable.
    pub fn sync(&self) {
        self.raw().durable = None;
    }

    /// The machine dies here and now.
    pub fn crash(&self) {
        self.raw().dead = true;
    }

    /// Whether a fault, or [`ModelStore::crash`], has killed it.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        let shared = self.raw();
        shared.dead || shared.opening != self.opening
    }

    /// Commits asked for so far, refused ones too.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.raw().asked
    }

    /// The store as the next process finds it: the durable image only. Earlier handles are dead
    /// from now on; faults that no commit has met yet stay set.
    #[must_use]
    pub fn reopen(&self) -> ModelStore {
        let mut shared = self.raw();
        if let Some(durable) = shared.durable.take() {
            shared.image = durable;
        }
        shared.opening += 1;
        shared.dead = false;
        ModelStore { opening: shared.opening, ..self.clone() }
    }

    /// Every case, by number.
    pub fn all_cases(&self) -> Result<Vec<Case>, StoreError> {
        Ok(self.live()?.image.cases.values().map(|c| (**c).clone()).collect())
    }

    /// What the machine would find if it died here and now; no fault falls on it.
    #[must_use]
    pub fn durable(&self) -> Durable<'_> {
        Durable(self.raw())
    }

    fn raw(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a read, which may fail.
    fn read(&self) -> Result<MutexGuard<'_, Shared>, StoreError> {
        let mut shared = self.live()?;
        shared.reads += 1;
        let at = shared.reads;
        if shared.read_faults.remove(&at) {
            shared.read_failed = true;
            return Err(StoreError::Unavailable("a read failed".into()));
        }
        Ok(shared)
    }

    fn live(&self) -> Result<MutexGuard<'_, Shared>, StoreError> {
        let shared = self.raw();
        if shared.dead || shared.opening != self.opening {
            return Err(crashed());
        }
        Ok(shared)
    }
}

/// A look at what is durable. Holds the store's lock.
#[derive(Debug)]
pub struct Durable<'a>(MutexGuard<'a, Shared>);

impl Durable<'_> {
    fn image(&self) -> &Image {
        self.0.durable.as_ref().unwrap_or(&self.0.image)
    }

    /// Whether a post's id leads anywhere.
    #[must_use]
    pub fn is_claimed(&self, post: &PostRef) -> bool {
        self.image().claims.contains_key(post)
    }

    /// Whether a command is remembered.
    #[must_use]
    pub fn is_seen(&self, command: &str) -> bool {
        self.image().commands.contains_key(command)
    }

    /// An entry of the outbox.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.image().outbox.get(&id).map(|e| &**e)
    }

    /// Where a stream goes on from.
    #[must_use]
    pub fn cursor(&self, account: &Account, stream: &str) -> Option<&str> {
        self.image().cursors.get(&(account.clone(), stream.to_owned())).map(String::as_str)
    }
}

/// What a dead store says.
fn crashed() -> StoreError {
    StoreError::Unavailable("the machine crashed".into())
}

impl Image {
    /// What speaks against a commit, before anything of it is written.
    fn refuse(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut versions: BTreeMap<CaseId, u64> = BTreeMap::new();
        for case in &commit.cases {
            if self.erased.contains(&case.id) {
                return Err(super::conflict::erased(case.id));
            }
            let stored = versions.get(&case.id).copied().unwrap_or_else(|| self.cases.get(&case.id).map_or(0, |c| c.version));
            if case.version != stored + 1 {
                return Err(super::conflict::version(case.id, case.version, stored));
            }
            versions.insert(case.id, case.version);
        }
        let mut new = BTreeSet::new();
        for e in &commit.events {
            if !versions.contains_key(&e.case) && !self.cases.contains_key(&e.case) {
                return Err(super::conflict::no_case(e.case));
            }
            if self.events.contains_key(&(e.case, e.n)) || !new.insert((e.case, e.n)) {
                return Err(super::conflict::event(e.case, e.n));
            }
        }
        if let Some(c) = commit.counters
            && (c.next_case < self.counters.next_case || c.next_entry < self.counters.next_entry)
        {
            return Err(super::conflict::counters());
        }
        Ok(())
    }

    fn apply(&mut self, commit: Commit) {
        self.seq += 1;
        for case in commit.cases {
            self.put_case(case);
        }
        for e in commit.events {
            self.events.insert((e.case, e.n), Arc::new(e));
        }
        for PostClaim { post, claim, expires } in commit.claims {
            if let Some((_, old)) = self.claims.insert(post.clone(), (claim, expires)) {
                self.by_expiry.remove(&(old, Forget::Claim(post.clone())));
            }
            self.by_expiry.insert((expires, Forget::Claim(post)));
        }
        for c in commit.commands {
            if let Some((_, old)) = self.commands.insert(c.id.clone(), (Arc::new(c.answer), c.expires)) {
                self.by_expiry.remove(&(old, Forget::Command(c.id.clone())));
            }
            self.by_expiry.insert((c.expires, Forget::Command(c.id)));
        }
        if let Some(desk) = commit.desk {
            self.desk = Some(Arc::new(desk));
        }
        for entry in commit.outbox {
            self.outbox.insert(entry.id, Arc::new(entry));
        }
        for id in commit.done {
            self.outbox.remove(&id);
        }
        for (account, stream, cursor) in commit.cursors {
            self.cursors.insert((account, stream), cursor);
        }
        for fact in commit.facts {
            self.facts.insert((fact.at, fact.case, fact.n), Arc::new(fact));
        }
        for id in commit.unparked {
            if let Some(parked) = self.parked.remove(&id) {
                self.by_expiry.remove(&(parked.expires, Forget::Parked(id)));
            }
        }
        for parked in commit.parked {
            if !self.parked.contains_key(&parked.id) {
                self.by_expiry.insert((parked.expires, Forget::Parked(parked.id.clone())));
                self.parked.insert(parked.id.clone(), Arc::new(parked));
            }
        }
        if let Some(counters) = commit.counters {
            self.counters = counters;
        }
    }

    fn put_case(&mut self, case: Case) {
        if let Some(old) = self.cases.remove(&case.id) {
            self.unlist(&old);
        }
        let id = case.id;
        self.by_key.insert((case.key.clone(), id));
        self.by_root.insert((case.key.network.clone(), case.key.root.clone(), id));
        self.by_author.insert((case.key.customer.clone(), Reverse(id)));
        for p in &case.places {
            if let Some(thread) = &p.thread {
                self.by_thread.insert((p.room.clone(), thread.clone(), p.kind, Reverse(id)));
            }
        }
        if case.status.is_open() {
            self.by_rank.insert(rank(&case), id);
            self.by_opening.insert((case.opened_at, id));
        }
        if case.status == Status::Quarantined {
            self.hidden.insert(rank(&case), id);
        }
        if let Some(wake) = case.next_wake() {
            self.by_wake.insert((wake, id));
        }
        self.cases.insert(id, Arc::new(case));
    }

    fn unlist(&mut self, old: &Case) {
        let id = old.id;
        self.by_key.remove(&(old.key.clone(), id));
        self.by_root.remove(&(old.key.network.clone(), old.key.root.clone(), id));
        self.by_author.remove(&(old.key.customer.clone(), Reverse(id)));
        for p in &old.places {
            if let Some(thread) = &p.thread {
                self.by_thread.remove(&(p.room.clone(), thread.clone(), p.kind, Reverse(id)));
            }
        }
        self.by_rank.remove(&rank(old));
        self.hidden.remove(&rank(old));
        self.by_opening.remove(&(old.opened_at, id));
        if let Some(wake) = old.next_wake() {
            self.by_wake.remove(&(wake, id));
        }
    }

    fn forget(&mut self, what: &Forget) {
        match what {
            Forget::Claim(post) => drop(self.claims.remove(post)),
            Forget::Parked(id) => drop(self.parked.remove(id)),
            Forget::Command(id) => drop(self.commands.remove(id)),
        }
    }

    fn erase(&mut self, id: CaseId) {
        let Some(case) = self.cases.remove(&id) else { return };
        self.unlist(&case);
        self.erased.insert(id);
        self.events.retain(|(case, _), _| *case != id);
        self.outbox.retain(|_, entry| entry.case != Some(id));
        let (commands, expiry) = (&mut self.commands, &mut self.by_expiry);
        commands.retain(|command, (answer, expires)| {
            let keep = answer.case != Some(id);
            if !keep {
                expiry.remove(&(*expires, Forget::Command(command.clone())));
            }
            keep
        });
    }
}

fn rank(case: &Case) -> Rank {
    (Reverse(case.priority.index()), case.answer_due.unwrap_or(Time::NEVER), case.id)
}

impl Store for ModelStore {
    fn instance(&self) -> &str {
        &self.instance
    }

    fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        let mut shared = self.live()?;
        shared.asked += 1;
        let asked = shared.asked;
        let fault = shared.faults.remove(&asked);
        if fault == Some(Fault::CrashBefore) {
            shared.dead = true;
            return Err(crashed());
        }
        if shared.full || fault == Some(Fault::Full) {
            return Err(StoreError::Full("no room is left".into()));
        }
        shared.image.refuse(&commit)?;
        if shared.early && shared.durable.is_none() {
            shared.durable = Some(shared.image.clone());
        }
        shared.image.apply(commit);
        if fault == Some(Fault::CrashAfter) {
            shared.dead = true;
            return Err(crashed());
        }
        Ok(shared.image.seq)
    }

    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        Ok(self.read()?.image.cases.get(&id).map(|c| (**c).clone()))
    }

    fn case_by_key(&self, key: &CaseKey) -> Result<Option<CaseId>, StoreError> {
        let range = (key.clone(), CaseId(0))..=(key.clone(), CaseId(u64::MAX));
        Ok(self.read()?.image.by_key.range(range).next_back().map(|(_, id)| *id))
    }

    fn conversation(&self, network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError> {
        let at = |id| (network.clone(), root.clone(), CaseId(id));
        Ok(self.read()?.image.by_root.range(at(0)..=at(u64::MAX)).map(|(_, _, id)| *id).collect())
    }

    fn case_by_thread(&self, room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError> {
        let from = (room.clone(), thread.to_owned(), PlaceKind::Home, Reverse(CaseId(u64::MAX)));
        let shared = self.read()?;
        let found = shared.image.by_thread.range(from..).next();
        Ok(found.filter(|(r, t, _, _)| r == room && t == thread).map(|(_, _, _, id)| id.0))
    }

    fn cases_of(&self, author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError> {
        let at = |id| (author.clone(), Reverse(CaseId(id)));
        Ok(self.read()?.image.by_author.range(at(u64::MAX)..=at(0)).take(limit).map(|(_, id)| id.0).collect())
    }

    fn list(&self, filter: Filter, owner: Option<&AgentId>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let shared = self.read()?;
        let image = &shared.image;
        let index = if filter == Filter::Spam { &image.hidden } else { &image.by_rank };
        let cases = index.values().filter_map(|id| image.cases.get(id));
        let wanted = cases.filter(|c| match filter {
            Filter::Open | Filter::Spam => true,
            Filter::Mine => owner.is_some() && c.owner.as_ref() == owner,
            Filter::Unclaimed => c.owner.is_none(),
        });
        Ok(wanted.take(limit).map(|c| Listed { case: c.id, opened_at: c.opened_at }).collect())
    }

    fn open_count(&self) -> Result<OpenCount, StoreError> {
        let shared = self.read()?;
        let open = &shared.image.by_opening;
        Ok(OpenCount { open: open.len() as u64, oldest: open.first().map(|(t, _)| *t) })
    }

    fn events(&self, case: CaseId, from: u32, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        let shared = self.read()?;
        let range = shared.image.events.range((case, from)..=(case, u32::MAX));
        Ok(range.take(limit).map(|(_, e)| (**e).clone()).collect())
    }

    fn claim(&self, post: &PostRef) -> Result<Option<Claim>, StoreError> {
        Ok(self.read()?.image.claims.get(post).map(|(claim, _)| claim.clone()))
    }

    fn seen(&self, command: &str) -> Result<Option<Answer>, StoreError> {
        Ok(self.read()?.image.commands.get(command).map(|(answer, _)| (**answer).clone()))
    }

    fn wakes(&self, now: Time, limit: usize) -> Result<Vec<(Time, CaseId)>, StoreError> {
        let shared = self.read()?;
        let due = shared.image.by_wake.range(..=(now, CaseId(u64::MAX)));
        Ok(due.take(limit).copied().collect())
    }

    fn next_wake(&self) -> Result<Option<Time>, StoreError> {
        Ok(self.read()?.image.by_wake.first().map(|(t, _)| *t))
    }

    fn outbox(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read()?.image.outbox.values().map(|e| (**e).clone()).collect())
    }

    fn cursor(&self, account: &Account, stream: &str) -> Result<Option<String>, StoreError> {
        Ok(self.read()?.image.cursors.get(&(account.clone(), stream.to_owned())).cloned())
    }

    fn facts(&self, from: Time, to: Time) -> Result<Vec<Fact>, StoreError> {
        let shared = self.read()?;
        let at = |t| (t, CaseId(0), 0);
        if from >= to {
            return Ok(Vec::new());
        }
        Ok(shared.image.facts.range(at(from)..at(to)).map(|(_, f)| (**f).clone()).collect())
    }

    fn parked_list(&self) -> Result<Vec<Parked>, StoreError> {
        let bare = |p: &Arc<Parked>| Parked { raw: String::new(), ..(**p).clone() };
        let mut list: Vec<Parked> = self.live()?.image.parked.values().map(bare).collect();
        list.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(list)
    }

    fn parked(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        Ok(self.live()?.image.parked.get(id).map(|p| (**p).clone()))
    }

    fn parked_count(&self) -> Result<u64, StoreError> {
        Ok(self.live()?.image.parked.len() as u64)
    }

    fn desk(&self) -> Result<Option<Desk>, StoreError> {
        Ok(self.read()?.image.desk.as_deref().cloned())
    }

    fn counters(&self) -> Result<Counters, StoreError> {
        Ok(self.read()?.image.counters)
    }

    fn purge(&self, now: Time, limit: usize) -> Result<usize, StoreError> {
        let mut shared = self.live()?;
        let image = &mut shared.image;
        let mut gone = 0;
        while gone < limit && image.by_expiry.first().is_some_and(|(t, _)| *t <= now) {
            let Some((_, what)) = image.by_expiry.pop_first() else { break };
            image.forget(&what);
            gone += 1;
        }
        Ok(gone)
    }

    fn rekey(&self, _: CaseId) -> Result<(), StoreError> {
        // Earlier versions are not kept here.
        self.live().map(drop)
    }

    fn erase(&self, case: CaseId) -> Result<(), StoreError> {
        let mut shared = self.live()?;
        shared.image.erase(case);
        if let Some(durable) = &mut shared.durable {
            durable.erase(case);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
