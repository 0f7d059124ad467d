//! The store on disk: sled 0.34.7, one tree, one writer thread.
//!
//! sled's own `flush` does not reach the disk for certain, it drops a torn tail in silence, and a
//! flipped byte makes it panic; so the writer syncs the files itself, keeps the number of the last
//! acknowledged commit in a [`super::sidecar`], and every record carries a checksum. What does not
//! add up is refused with the way to mend it; nothing ever begins silently empty.
//!
//! [`stage`] checks a commit, [`writer`] groups them; [`open`] decides whether what lies on disk may be used, on a copy of it
//! where need be ([`trial`]): what is refused stays as it was; [`erase`] destroys keys; [`check`] reads everything. Partners: [`super::codec`], [`super::index`],
//! [`super::keyring`]. Reads may run ahead of the disk by the group that is being written; who
//! acts on the outside does so only once its own `commit` has returned.

mod check;
mod dump;
mod erase;
mod files;
mod last;
mod open;
mod prepared;
mod read;
mod stage;
mod trial;
mod writer;

use super::codec::{Hasher, Wrong};
use super::keyring::KeyRing;
use super::{Claim, Commit, Counters, Listed, OpenCount, Parked, Store, StoreError, shown};
use crate::case::{Case, CaseId, CaseKey, EventRecord};
use crate::clock::Time;
use crate::command::{Answer, Filter};
use crate::desk::Desk;
use crate::digest::Fact;
use crate::network::Finding;
use crate::outbox::Entry;
use crate::policy::{AgentId, RoomId};
use crate::post::{Account, AuthorId, Network, PostId, PostRef};
use crate::say::Say;
pub use prepared::Prepared;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes that must stay free on the disk: below, commits are refused as full. Never less than 24 MiB.
    pub min_free: u64,
    /// Bytes of sled's page cache.
    pub cache: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { min_free: 64 << 20, cache: 64 << 20 }
    }
}

/// The store's own figures, one record, written with every group of commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// The store's random name.
    pub instance: String,
    /// The number of the last commit.
    pub seq: u64,
    /// Cases that are open.
    pub open: u64,
    /// Cases that have a head, erased ones too.
    pub heads: u64,
    /// A sum over all heads, so that the loss of one is seen at the next opening.
    pub digest: u64,
    /// Rows by kind.
    pub rows: BTreeMap<char, u64>,
    /// The sum of the record that tells what was written last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
}

/// What all threads share.
struct Core {
    tree: sled::Db,
    ring: RwLock<KeyRing>,
    hasher: Hasher,
    instance: String,
    dir: PathBuf,
    keyring: PathBuf,
    options: Options,
    /// Why it must not be used any more.
    dead: OnceLock<StoreError>,
    /// Dropped after the tree: what it notes is what sled has left.
    mark: trial::Mark,
    /// What `tree` really is, where the store itself is only looked into.
    copy: Option<trial::Copy>,
    /// Held for as long as the store is open: one process at a time.
    _lock: File,
}

/// Something for the writer to do.
enum Job {
    Commit(Box<Prepared>, SyncSender<Result<u64, StoreError>>),
    Purge(Time, usize, SyncSender<Result<usize, StoreError>>),
    Erase(CaseId, erase::Until, SyncSender<Result<(), StoreError>>),
    Rekey(CaseId, SyncSender<Result<(), StoreError>>),
    Export(Box<dyn Write + Send>, SyncSender<Result<BTreeMap<String, u64>, StoreError>>),
    Check(SyncSender<Result<Vec<Finding>, StoreError>>),
    Stop,
}

/// A store in a directory. Dropping it writes out what is queued and closes it.
pub struct SledStore {
    core: Arc<Core>,
    jobs: SyncSender<Job>,
    writer: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore").field("dir", &self.core.dir).finish_non_exhaustive()
    }
}

impl SledStore {
    /// Opens the store in `dir`, whose keys lie in the file `keyring` outside of it; makes both
    /// where neither is there.
    pub fn open(dir: &Path, keyring: &Path) -> Result<SledStore, StoreError> {
        Self::open_with(dir, keyring, Options::default())
    }

    /// [`SledStore::open`] with other limits.
    pub fn open_with(dir: &Path, keyring: &Path, options: Options) -> Result<SledStore, StoreError> {
        open::open(dir, keyring, options, open::Purpose::Use)
    }

    /// Whether the store in `dir` could be opened, as far as can be told without opening it: nothing is
    /// touched, and another process may have it open. `false`: there is none yet, opening would make it.
    pub fn look_over(dir: &Path, keyring: &Path) -> Result<bool, StoreError> {
        open::look_over(dir, keyring)
    }

    /// The store in `dir` for whoever only wants to read it: no byte of it is changed, whatever state it
    /// is in. A copy of it is read, for which there must be room beside it. `None`: there is none yet.
    pub fn look_into(dir: &Path, keyring: &Path, options: Options) -> Result<Option<Reading>, StoreError> {
        open::look_into(dir, keyring, options)
    }

    /// A new store for an import to fill; not in use until [`SledStore::finish_import`].
    pub(super) fn for_import(dir: &Path, keyring: &Path, instance: &str, hash: super::codec::SecretKey) -> Result<SledStore, StoreError> {
        open::open(dir, keyring, Options::default(), open::Purpose::Import(instance, hash))
    }

    /// The import is complete and durable: the store is in use from now on.
    pub(super) fn finish_import(&self) -> Result<(), StoreError> {
        self.core.ring_mut().set_stage(super::keyring::Stage::Made)
    }

    /// Reads everything there is and tells what is wrong with it.
    pub fn check(&self) -> Result<Vec<Finding>, StoreError> {
        self.ask(Job::Check)
    }

    /// Writes everything as JSON lines, in the clear, as of one moment; how many of each.
    pub fn export_to(&self, out: Box<dyn Write + Send>) -> Result<BTreeMap<String, u64>, StoreError> {
        self.ask(|reply| Job::Export(out, reply))
    }

    /// [`SledStore::export_to`] for whoever may be slow to read: kept, and read while commits go on. Commits
    /// wait only for as long as it takes to read the store and to write the export beside it.
    pub fn spool(&self) -> Result<super::spool::Spooled, StoreError> {
        let floor = self.core.options.min_free.max(writer::LEAST_FREE);
        let (spool, spooled) = super::spool::Spool::new(&self.core.dir, floor)?;
        self.export_to(Box::new(spool))?;
        Ok(spooled)
    }

    /// Commits what is prepared already.
    pub(super) fn commit_prepared(&self, prepared: Prepared) -> Result<u64, StoreError> {
        self.ask(|reply| Job::Commit(Box::new(prepared), reply))
    }

    fn ask<T>(&self, job: impl FnOnce(SyncSender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        self.core.alive()?;
        let (reply, answer): (_, Receiver<Result<T, StoreError>>) = sync_channel(1);
        let gone = || self.core.alive().err().unwrap_or_else(|| StoreError::Unavailable("the store is closed".into()));
        self.jobs.send(job(reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

/// A store that is read on a copy of it; nothing is ever written.
pub struct Reading {
    core: Core,
    meta: Meta,
    /// Commits that its sidecar acknowledges.
    acked: u64,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("dir", &self.core.dir).finish_non_exhaustive()
    }
}

impl Reading {
    /// Reads everything there is and tells what is wrong with it.
    pub fn check(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = self.core.check(&self.meta)?;
        findings.extend(self.core.behind(&self.meta, self.acked));
        Ok(findings)
    }

    /// Writes everything as JSON lines, in the clear; how many of each.
    pub fn export_to(&self, out: Box<dyn Write + Send>) -> Result<BTreeMap<String, u64>, StoreError> {
        self.core.dump(&self.meta, out)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.jobs.send(Job::Stop).ok();
        if let Some(writer) = self.writer.take() {
            writer.join().ok();
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // sled writes out what is left as it is dropped, and where a write has failed before it may
        // wait for that for ever: a bot whose disk was full would never end. What the disk holds is
        // looked over at the next opening anyway; until this process ends, sled's lock on it stays.
        if self.dead.get().is_some() {
            std::mem::forget(self.tree.clone());
        }
        // Only what is in use and in order is noted as closed.
        if self.dead.get().is_some() || self.ring().stage() != super::keyring::Stage::Made {
            self.mark.arm(false);
        }
    }
}

impl Core {
    fn ring(&self) -> RwLockReadGuard<'_, KeyRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn ring_mut(&self) -> RwLockWriteGuard<'_, KeyRing> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may still be used.
    fn alive(&self) -> Result<(), StoreError> {
        match self.dead.get() {
            Some(why @ StoreError::Corrupt(_)) => Err(why.clone()),
            // Also after a full disk: unlike a refusal for lack of room, it does not pass by itself.
            Some(why) => Err(StoreError::unavailable(Say::new("why-store-stopped").with("why", why.why().into()))),
            None => Ok(()),
        }
    }

    /// A damaged or newer record, with the way out.
    fn wrong(&self, wrong: Wrong) -> StoreError {
        wrong_at(&self.dir, &self.keyring, wrong)
    }

    /// Calls sled, which may fail or panic.
    fn sled<T>(&self, call: impl FnOnce(&sled::Db) -> Result<T, sled::Error>) -> Result<T, StoreError> {
        self.alive()?;
        match catch_unwind(AssertUnwindSafe(|| call(&self.tree))) {
            Ok(done) => done.map_err(|e| {
                let error = sled_error(&self.dir, &self.keyring, &e);
                // sled writes while it reads, too; once it could not, it is not to be relied on.
                if matches!(error, StoreError::Full(_)) {
                    self.dead.set(error.clone()).ok();
                }
                error
            }),
            Err(_) => Err(corrupt(&self.dir, &self.keyring, Say::new("why-store-bad-records"))),
        }
    }
}

/// What is wrong with a record of the store in `dir`, with the way out.
fn wrong_at(dir: &Path, keyring: &Path, wrong: Wrong) -> StoreError {
    match wrong {
        Wrong::Damaged { .. } => corrupt(dir, keyring, wrong.say()),
        Wrong::Newer { .. } => StoreError::unavailable(wrong.say()),
    }
}

/// Damage, with the way to mend it.
fn corrupt(dir: &Path, keyring: &Path, what: Say) -> StoreError {
    let say = Say::new("why-store-damaged").with("what", what.into());
    StoreError::Corrupt(
        say.text("store", shown(dir)).text("seq", shown(&super::sidecar::path_of(dir))).text("keyring", shown(keyring)).into(),
    )
}

/// An error of sled's in our terms.
fn sled_error(dir: &Path, keyring: &Path, e: &sled::Error) -> StoreError {
    match e {
        sled::Error::Io(io) => io_error(dir, io),
        sled::Error::Corruption { at, .. } => {
            tracing::debug!(error = %e, "sled found damage");
            let what =
                at.map_or_else(|| Say::new("why-store-bad-log"), |at| Say::new("why-store-bad-log-at").text("at", at.lid().to_string()));
            corrupt(dir, keyring, what)
        }
        // Its settings are always the same.
        sled::Error::Unsupported(why) => {
            tracing::debug!(why, "sled takes its settings for others");
            corrupt(dir, keyring, Say::new("why-store-bad-settings"))
        }
        other => StoreError::Unavailable(format!("{}: {other}", dir.display()).into()),
    }
}

/// An error of the machine's in our terms.
fn io_error(path: &Path, e: &std::io::Error) -> StoreError {
    // sled hands on its errors by kind alone, so look at both.
    let full = matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) || e.raw_os_error() == Some(28);
    if full {
        return StoreError::full(Say::new("why-store-no-room-left").text("path", shown(path)));
    }
    match e.kind() {
        std::io::ErrorKind::PermissionDenied => StoreError::unavailable(Say::new("why-store-permission").text("path", shown(path))),
        _ => StoreError::Unavailable(format!("{}: {e}", path.display()).into()),
    }
}

impl Store for SledStore {
    fn instance(&self) -> &str {
        &self.core.instance
    }
    fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        self.commit_prepared(Prepared::new(&commit, &self.core.hasher)?)
    }
    fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.core.read_case(id)
    }
    fn case_by_key(&self, key: &CaseKey) -> Result<Option<CaseId>, StoreError> {
        self.core.case_by_key(key)
    }
    fn conversation(&self, network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError> {
        self.core.conversation(network, root)
    }
    fn case_by_thread(&self, room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError> {
        self.core.case_by_thread(room, thread)
    }
    fn cases_of(&self, author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError> {
        self.core.cases_of(author, limit)
    }
    fn list(&self, filter: Filter, owner: Option<&AgentId>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.core.list(filter, owner, limit)
    }
    fn open_count(&self) -> Result<OpenCount, StoreError> {
        self.core.open_count()
    }
    fn events(&self, case: CaseId, from: u32, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        self.core.read_events(case, from, limit)
    }
    fn claim(&self, post: &PostRef) -> Result<Option<Claim>, StoreError> {
        self.core.read_claim(post)
    }
    fn seen(&self, command: &str) -> Result<Option<Answer>, StoreError> {
        self.core.read_answer(command)
    }
    fn wakes(&self, now: Time, limit: usize) -> Result<Vec<(Time, CaseId)>, StoreError> {
        self.core.wakes(Some(now), limit)
    }
    fn next_wake(&self) -> Result<Option<Time>, StoreError> {
        Ok(self.core.wakes(None, 1)?.first().map(|(t, _)| *t))
    }
    fn outbox(&self) -> Result<Vec<Entry>, StoreError> {
        self.core.read_outbox()
    }
    fn cursor(&self, account: &Account, stream: &str) -> Result<Option<String>, StoreError> {
        self.core.read_cursor(account, stream)
    }
    fn facts(&self, from: Time, to: Time) -> Result<Vec<Fact>, StoreError> {
        self.core.read_facts(from, to)
    }
    fn parked_list(&self) -> Result<Vec<Parked>, StoreError> {
        self.core.read_parked_list()
    }
    fn parked(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        self.core.read_parked(id)
    }
    fn parked_count(&self) -> Result<u64, StoreError> {
        self.core.count_parked()
    }
    fn desk(&self) -> Result<Option<Desk>, StoreError> {
        self.core.read_desk()
    }
    fn counters(&self) -> Result<Counters, StoreError> {
        self.core.read_counters()
    }
    fn purge(&self, now: Time, limit: usize) -> Result<usize, StoreError> {
        self.ask(|reply| Job::Purge(now, limit, reply))
    }
    fn rekey(&self, case: CaseId) -> Result<(), StoreError> {
        self.ask(|reply| Job::Rekey(case, reply))
    }
    fn erase(&self, case: CaseId) -> Result<(), StoreError> {
        self.ask(|reply| Job::Erase(case, erase::Until::Done, reply))
    }
}

#[cfg(test)]
mod tests;
