//! The writer: the one thread that changes anything.
//!
//! It takes what is queued, up to [`GROUP`] commits, has each one staged ([`super::stage`]) upon the
//! store and those before it in the group, applies all that pass as one batch, makes it durable, notes
//! the number in the sidecar, and only then answers. A group that could not be made durable stops the
//! store for good: what the disk holds is then known only to the next opening.

use super::files::Files;
use super::last::Last;
use super::prepared::Prepared;
use super::read::Raw;
use super::{Core, Job, Meta, io_error};
use crate::case::CaseId;
use crate::clock::Time;
use crate::say::Say;
use crate::store::codec::{Hashed, envelope, key, open_envelope, sum_of, time_bytes, to_json};
use crate::store::sidecar::Sidecar;
use crate::store::{Counters, StoreError, shown};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Commits that are made durable together, at most.
pub(super) const GROUP: usize = 256;
/// Bytes that are written together, roughly at most.
const GROUP_BYTES: usize = 8 << 20;
/// Bytes that must be free before a commit is begun, whatever `min_free` says: what a group can come
/// to, and what sled writes beside it. sled that meets the end of the disk itself leaves half a commit
/// behind, which it can neither finish nor take back.
pub(super) const LEAST_FREE: u64 = 3 * GROUP_BYTES as u64;

/// A number for a head, so that their sum tells when one is missing or old.
pub(super) fn digest_of(case: CaseId, version: u64) -> u64 {
    let mut x = case.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ version.rotate_left(32);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The version that an erased case counts with in the digest.
pub(super) const ERASED_VERSION: u64 = u64::MAX;

type Staged = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The writer's state.
pub(super) struct Writer {
    pub(super) core: Arc<Core>,
    jobs: Receiver<Job>,
    sidecar: Sidecar,
    files: Files,
    /// As of the last durable group.
    stored: Meta,
    /// As of what is staged.
    pub(super) meta: Meta,
    pub(super) counters: Counters,
    /// What the commits of this group that passed have changed.
    staged: Staged,
    /// What the commit being looked at changes.
    pub(super) own: Staged,
    /// Whether a record that was looked for stands on disk: what is known need not be asked again.
    pub(super) stood: BTreeMap<Vec<u8>, bool>,
    bytes: usize,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, jobs: Receiver<Job>, sidecar: Sidecar, meta: Meta, counters: Counters) -> io::Result<Writer> {
        let files = Files::new(&core.dir)?;
        let stored = meta.clone();
        Ok(Writer {
            core,
            jobs,
            sidecar,
            files,
            stored,
            meta,
            counters,
            staged: Staged::new(),
            own: Staged::new(),
            stood: BTreeMap::new(),
            bytes: 0,
        })
    }

    /// Works until told to stop, or until all senders are gone.
    pub(super) fn run(mut self) {
        let mut waiting: VecDeque<Job> = VecDeque::new();
        loop {
            let next = waiting.pop_front().map_or_else(|| self.jobs.recv(), Ok);
            let Ok(job) = next else { return };
            if matches!(job, Job::Stop) {
                return;
            }
            let core = Arc::clone(&self.core);
            let done = catch_unwind(AssertUnwindSafe(|| self.take(job, &mut waiting)));
            if done.is_err() {
                let why = super::corrupt(&core.dir, &core.keyring, Say::new("why-store-bad-records"));
                core.dead.set(why).ok();
            }
            if core.dead.get().is_some() {
                // Those who wait hear of it as their channels close.
                return;
            }
        }
    }

    fn take(&mut self, job: Job, waiting: &mut VecDeque<Job>) {
        match job {
            Job::Commit(first, reply) => self.group((first, reply), waiting),
            Job::Purge(now, limit, reply) => {
                let purged = self.purge(now, limit);
                if purged.is_err() {
                    self.unstage();
                }
                reply.send(purged).ok();
            }
            Job::Erase(case, until, reply) => drop(reply.send(self.erase(case, until))),
            Job::Rekey(case, reply) => drop(reply.send(self.rekey(case))),
            Job::Export(out, reply) => drop(reply.send(self.core.dump(&self.meta, out))),
            Job::Check(reply) => drop(reply.send(self.core.check(&self.meta))),
            Job::Stop => {}
        }
    }

    fn group(&mut self, first: (Box<Prepared>, SyncSender<Result<u64, StoreError>>), waiting: &mut VecDeque<Job>) {
        let mut passed = Vec::new();
        let mut next = Some(first);
        let room = self.room();
        let mut taken = 0;
        while let Some((prepared, reply)) = next.take() {
            taken += 1;
            let staged = room.clone().and_then(|()| self.stage(&prepared));
            match staged {
                Ok(seq) => passed.push((seq, reply)),
                Err(e) => drop(reply.send(Err(e))),
            }
            if taken < GROUP && self.bytes < GROUP_BYTES {
                match self.jobs.try_recv() {
                    Ok(Job::Commit(p, r)) => next = Some((p, r)),
                    Ok(other) => waiting.push_back(other),
                    Err(_) => {}
                }
            }
        }
        if passed.is_empty() {
            self.stood.clear();
            return;
        }
        let written = self.write();
        for (seq, reply) in passed {
            reply.send(written.clone().map(|()| seq)).ok();
        }
    }

    /// Whether the disk has room for more.
    pub(super) fn room(&self) -> Result<(), StoreError> {
        let dir = &self.core.dir;
        let disk = rustix::fs::statvfs(dir).map_err(|e| io_error(dir, &e.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let least = self.core.options.min_free.max(LEAST_FREE);
        if free >= least {
            return Ok(());
        }
        Err(StoreError::full(
            Say::new("why-store-no-room").text("free", free.to_string()).text("least", least.to_string()).text("path", shown(dir)),
        ))
    }

    /// A record as the store will have it, with what is staged.
    pub(super) fn look(&mut self, at: &[u8]) -> Result<Option<Raw>, StoreError> {
        match self.own.get(at).or_else(|| self.staged.get(at)) {
            Some(None) => Ok(None),
            Some(Some(value)) => {
                let (flags, payload) = open_envelope(at, value).map_err(|w| self.core.wrong(w))?;
                Ok(Some((flags, payload.to_vec())))
            }
            None => {
                let found = self.core.raw(at)?;
                self.stood.insert(at.to_vec(), found.is_some());
                Ok(found)
            }
        }
    }

    pub(super) fn put(&mut self, at: Vec<u8>, flags: u8, payload: &[u8]) {
        let value = envelope(&at, flags, payload);
        self.own.insert(at, Some(value));
    }

    pub(super) fn delete(&mut self, at: Vec<u8>) {
        self.own.insert(at, None);
    }

    /// What was staged for one commit joins the group.
    pub(super) fn keep(&mut self) {
        self.bytes += self.own.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len)).sum::<usize>();
        // One by one: `append` would go through the whole group again for each commit of it.
        self.staged.extend(std::mem::take(&mut self.own));
    }

    fn purge(&mut self, now: Time, limit: usize) -> Result<usize, StoreError> {
        self.room()?;
        let mut due = Vec::new();
        if limit > 0 {
            let end = key::join(b'x', &[&time_bytes(now), &[0xff; 17]]);
            self.core.scan(vec![b'x']..=end, |at, _| {
                let id = at.last_chunk::<16>().copied().map(Hashed);
                due.extend(at.get(9).copied().zip(id).map(|(of, id)| (at.to_vec(), of, id)));
                Ok(due.len() < limit)
            })?;
        }
        if due.is_empty() {
            return Ok(0);
        }
        for (row, of, id) in &due {
            match *of {
                b'r' => self.forget_answer(*id)?,
                b'p' => self.delete(key::parked(*id)),
                _ => self.delete(key::claim(*id)),
            }
            self.delete(row.clone());
        }
        self.meta.seq += 1;
        self.keep();
        self.write()?;
        Ok(due.len())
    }

    /// Makes everything staged durable, and says so in the sidecar. If it fails, the store stops.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        let written = self.write_or_fail();
        if let Err(e) = &written {
            self.core.dead.set(e.clone()).ok();
        }
        self.bytes = 0;
        written
    }

    fn write_or_fail(&mut self) -> Result<(), StoreError> {
        let staged = std::mem::take(&mut self.staged);
        let (mut batch, mut last) = (sled::Batch::default(), Last::default());
        for (at, value) in staged {
            let kind = key::kind(&at);
            let stood = match self.stood.remove(&at) {
                Some(stood) => stood,
                None => self.core.sled(|t| t.contains_key(&at))?,
            };
            let rows = self.meta.rows.entry(kind).or_default();
            match (stood, value) {
                (false, None) => {}
                (true, None) => {
                    *rows -= 1;
                    last.note(&at, None);
                    batch.remove(at);
                }
                (stood, Some(value)) => {
                    *rows += u64::from(!stood);
                    last.note(&at, Some(&value));
                    batch.insert(at, value);
                }
            }
        }
        self.stood.clear();
        // Its own row is not counted.
        self.meta.rows.remove(&'m');
        let last = envelope(key::LAST, 0, &last.into_bytes());
        self.meta.last = Some(sum_of(&last));
        batch.insert(key::LAST, last);
        batch.insert(key::META, envelope(key::META, 0, &to_json(&self.meta)?));
        self.core.sled(|t| t.apply_batch(batch))?;
        self.core.sled(|t| t.flush())?;
        self.files.sync().map_err(|e| io_error(&self.core.dir, &e))?;
        let sidecar = crate::store::sidecar::path_of(&self.core.dir);
        self.sidecar.write(self.meta.seq).map_err(|e| io_error(&sidecar, &e))?;
        self.stored.clone_from(&self.meta);
        Ok(())
    }

    /// Forgets what is staged and not yet written.
    pub(super) fn unstage(&mut self) {
        self.own.clear();
        self.staged.clear();
        self.stood.clear();
        self.meta.clone_from(&self.stored);
        self.bytes = 0;
    }
}
