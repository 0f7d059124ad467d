//! The writer: the one thread that changes anything.
//!
//! It takes what is queued, up to [`GROUP`] commits, checks each one's preconditions against the
//! store and those before it in the group, applies all that pass as one batch, makes it durable,
//! notes the number in the sidecar, and only then answers. A group that could not be made durable
//! stops the store for good: what the disk holds is then known only to the next opening.

use super::files::Files;
use super::prepared::{AnswerPart, CasePart, Prepared};
use super::read::{ANSWER_FRONT, ClaimRecord, Raw, answer_front, data_key, general, head_of, unseal};
use super::{Core, Job, Meta, io_error};
use crate::case::CaseId;
use crate::clock::Time;
use crate::store::codec::{
    ERASED, GENERAL_KEY, Hashed, SEALED, SecretKey, Wrong, envelope, from_json, hex, key, open_envelope, time_bytes, to_json,
};
use crate::store::index::Head;
use crate::store::keyring::bucket_of;
use crate::store::sidecar::Sidecar;
use crate::store::{Counters, Parked, StoreError, conflict};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    counters: Counters,
    /// What the commits of this group that passed have changed.
    staged: Staged,
    /// What the commit being looked at changes.
    own: Staged,
    bytes: usize,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, jobs: Receiver<Job>, sidecar: Sidecar, meta: Meta, counters: Counters) -> io::Result<Writer> {
        let files = Files::new(&core.dir)?;
        let stored = meta.clone();
        Ok(Writer { core, jobs, sidecar, files, stored, meta, counters, staged: Staged::new(), own: Staged::new(), bytes: 0 })
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
                let why = super::corrupt(&core.dir, &core.keyring, "expected records that can be read, found damage");
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
        Err(StoreError::Full(format!("{free} bytes are free for {}, at least {least} are wanted: make room", dir.display())))
    }

    /// A record as the store will have it, with what is staged.
    pub(super) fn look(&self, at: &[u8]) -> Result<Option<Raw>, StoreError> {
        match self.own.get(at).or_else(|| self.staged.get(at)) {
            Some(None) => Ok(None),
            Some(Some(value)) => {
                let (flags, payload) = open_envelope(at, value).map_err(|w| self.core.wrong(w))?;
                Ok(Some((flags, payload.to_vec())))
            }
            None => self.core.raw(at),
        }
    }

    pub(super) fn put(&mut self, at: Vec<u8>, flags: u8, payload: &[u8]) {
        let value = envelope(&at, flags, payload);
        self.own.insert(at, Some(value));
    }

    pub(super) fn delete(&mut self, at: Vec<u8>) {
        self.own.insert(at, None);
    }

    /// A case's head, or that there is none, or that it was erased.
    fn look_head(&self, case: CaseId) -> Result<Found, StoreError> {
        let at = key::head(case);
        let Some(raw) = self.look(&at)? else { return Ok(Found::None) };
        let head = head_of(&at, &raw).map_err(|w| self.core.wrong(w))?;
        Ok(head.map_or(Found::Erased, |h| Found::Head(Box::new(h))))
    }

    /// Stages one commit, or nothing of it.
    fn stage(&mut self, p: &Prepared) -> Result<u64, StoreError> {
        let before = (self.meta.seq, self.meta.open, self.meta.heads, self.meta.digest);
        match self.refuse(p).and_then(|()| self.stage_parts(p)) {
            Ok(()) => {
                self.meta.seq = p.seq.unwrap_or(self.meta.seq + u64::from(!p.import));
                self.counters = p.counters.unwrap_or(self.counters);
                self.keep();
                Ok(self.meta.seq)
            }
            Err(e) => {
                self.own.clear();
                (self.meta.seq, self.meta.open, self.meta.heads, self.meta.digest) = before;
                Err(e)
            }
        }
    }

    /// What was staged for one commit joins the group.
    pub(super) fn keep(&mut self) {
        self.bytes += self.own.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.staged.append(&mut self.own);
    }

    /// What speaks against a commit.
    fn refuse(&self, p: &Prepared) -> Result<(), StoreError> {
        if p.import {
            return Ok(());
        }
        let mut versions = BTreeMap::new();
        for case in &p.cases {
            let stored = match versions.get(&case.id) {
                Some(version) => *version,
                None => match self.look_head(case.id)? {
                    Found::None => 0,
                    Found::Erased => return Err(conflict::erased(case.id)),
                    Found::Head(head) => head.version,
                },
            };
            if case.version != stored + 1 {
                return Err(conflict::version(case.id, case.version, stored));
            }
            versions.insert(case.id, case.version);
        }
        let mut new = BTreeSet::new();
        for (case, n, _) in &p.events {
            if !versions.contains_key(case) && !matches!(self.look_head(*case)?, Found::Head(_)) {
                return Err(conflict::no_case(*case));
            }
            if !new.insert((*case, *n)) || self.look(&key::event(*case, *n))?.is_some() {
                return Err(conflict::event(*case, *n));
            }
        }
        if let Some(c) = p.counters
            && (c.next_case < self.counters.next_case || c.next_entry < self.counters.next_entry)
        {
            return Err(conflict::counters());
        }
        Ok(())
    }

    fn stage_parts(&mut self, p: &Prepared) -> Result<(), StoreError> {
        let mut keys: BTreeMap<CaseId, SecretKey> = BTreeMap::new();
        let mut new_events: BTreeMap<CaseId, u32> = BTreeMap::new();
        for (case, _, _) in &p.events {
            *new_events.entry(*case).or_default() += 1;
        }
        for case in &p.cases {
            let events = new_events.remove(&case.id).unwrap_or(0);
            let with = self.stage_case(case, events)?;
            keys.insert(case.id, with);
        }
        for (case, count) in new_events {
            let Found::Head(mut head) = self.look_head(case)? else { return Err(conflict::no_case(case)) };
            keys.insert(case, self.data_key(case, &head)?);
            head.events += count;
            self.put(key::head(case), 0, &head.to_payload()?);
        }
        for (case, n, json) in &p.events {
            let Some(with) = keys.get(case) else { return Err(conflict::no_case(*case)) };
            let at = key::event(*case, *n);
            let sealed = with.seal(&at, json)?;
            self.put(at, SEALED, &sealed);
        }
        for (post, record) in &p.claims {
            self.stage_claim(*post, record)?;
        }
        for answer in &p.answers {
            self.stage_answer(answer, &mut keys)?;
        }
        let with = general(&self.core.ring()).map_err(|w| self.core.wrong(w))?.clone();
        for (at, json) in &p.sealed {
            let sealed = with.seal(at, json)?;
            self.put(at.clone(), SEALED, &sealed);
        }
        for at in &p.gone {
            self.delete(at.clone());
        }
        for id in &p.unparked {
            self.forget_parked(*id)?;
        }
        for (id, expires, json) in &p.parked {
            self.stage_parked(*id, *expires, json, &with)?;
        }
        if let Some(counters) = &p.counters {
            self.put(key::COUNTERS.to_vec(), 0, &to_json(counters)?);
        }
        for case in &p.erased {
            self.meta.heads += 1;
            self.meta.digest = self.meta.digest.wrapping_add(digest_of(*case, ERASED_VERSION));
            self.put(key::head(*case), ERASED, &[]);
        }
        Ok(())
    }

    fn data_key(&self, case: CaseId, head: &Head) -> Result<SecretKey, StoreError> {
        data_key(&self.core.ring(), case, head).map_err(|w| self.core.wrong(w))
    }

    fn stage_case(&mut self, case: &CasePart, new_events: u32) -> Result<SecretKey, StoreError> {
        let rows = case.facets.rows(case.id);
        let mut old_rows = BTreeMap::new();
        let (with, head) = match self.look_head(case.id)? {
            Found::Head(old) => {
                self.uncount(case.id, &old);
                old_rows = old.facets.rows(case.id);
                let (wrapped_by, wrapped, events) = (old.wrapped_by, old.wrapped.clone(), old.events + new_events);
                let head = Head { version: case.version, wrapped_by, wrapped, events, facets: case.facets.clone() };
                (self.data_key(case.id, &old)?, head)
            }
            Found::Erased => return Err(conflict::erased(case.id)),
            Found::None => {
                let with = SecretKey::random()?;
                let (wrapped_by, wrapped) = self.wrap(case.id, &with)?;
                let head = Head { version: case.version, wrapped_by, wrapped, events: new_events, facets: case.facets.clone() };
                (with, head)
            }
        };
        self.meta.heads += 1;
        self.meta.digest = self.meta.digest.wrapping_add(digest_of(case.id, case.version));
        self.meta.open += u64::from(case.facets.is_open());
        self.put(key::head(case.id), 0, &head.to_payload()?);
        for row in old_rows.keys().filter(|row| !rows.contains_key(*row)) {
            self.delete(row.clone());
        }
        for (row, payload) in rows {
            if old_rows.get(&row) != Some(&payload) {
                self.put(row, 0, &payload);
            }
        }
        let at = key::case(case.id);
        let sealed = with.seal(&at, &case.json)?;
        self.put(at, SEALED, &sealed);
        Ok(with)
    }

    /// Wraps a case's data key with the current key of its bucket.
    pub(super) fn wrap(&self, case: CaseId, data: &SecretKey) -> Result<(u32, String), StoreError> {
        let ring = self.core.ring();
        let missing = || self.core.wrong(Wrong::damaged(&key::head(case), "a key of its bucket in the keyring", "none"));
        let (n, by) = ring.current(bucket_of(case)).ok_or_else(missing)?;
        Ok((n, hex(&by.seal(&key::head(case), data.expose())?)))
    }

    /// Takes a case out of the sums.
    pub(super) fn uncount(&mut self, case: CaseId, old: &Head) {
        self.meta.heads -= 1;
        self.meta.digest = self.meta.digest.wrapping_sub(digest_of(case, old.version));
        self.meta.open -= u64::from(old.facets.is_open());
    }

    fn stage_claim(&mut self, post: Hashed, record: &ClaimRecord) -> Result<(), StoreError> {
        let at = key::claim(post);
        if let Some((_, old)) = self.look(&at)? {
            let old: ClaimRecord = from_json(&at, &old).map_err(|w| self.core.wrong(w))?;
            self.delete(key::expiry(old.expires, b'd', post));
        }
        self.put(key::expiry(record.expires, b'd', post), 0, &[]);
        self.put(at, 0, &to_json(record)?);
        Ok(())
    }

    fn stage_answer(&mut self, answer: &AnswerPart, keys: &mut BTreeMap<CaseId, SecretKey>) -> Result<(), StoreError> {
        let at = key::command(answer.id);
        self.forget_answer(answer.id)?;
        // An answer about a case is sealed with it and goes with it; one about a case that is not
        // there holds nothing of it.
        let mut with = None;
        if let Some(id) = answer.case {
            if !keys.contains_key(&id)
                && let Found::Head(head) = self.look_head(id)?
            {
                keys.insert(id, self.data_key(id, &head)?);
            }
            with = keys.get(&id).cloned();
            self.put(key::answered(id, answer.id), 0, &[]);
        }
        let front = [time_bytes(answer.expires), answer.case.map_or(0, |id| id.0).to_be_bytes()].concat();
        debug_assert_eq!(front.len(), ANSWER_FRONT);
        let (with, flags) = match with {
            Some(with) => (with, SEALED),
            None => (general(&self.core.ring()).map_err(|w| self.core.wrong(w))?.clone(), SEALED | GENERAL_KEY),
        };
        let sealed = with.seal(&[at.as_slice(), &front].concat(), &answer.json)?;
        self.put(at, flags, &[front, sealed].concat());
        self.put(key::expiry(answer.expires, b'r', answer.id), 0, &[]);
        Ok(())
    }

    /// What could not be read is kept as it first came.
    fn stage_parked(&mut self, id: Hashed, expires: Time, json: &[u8], with: &SecretKey) -> Result<(), StoreError> {
        let at = key::parked(id);
        if self.look(&at)?.is_none() {
            let sealed = with.seal(&at, json)?;
            self.put(at, SEALED, &sealed);
            self.put(key::expiry(expires, b'p', id), 0, &[]);
        }
        Ok(())
    }

    /// Takes away what could not be read, and the row that says until when it is kept.
    fn forget_parked(&mut self, id: Hashed) -> Result<(), StoreError> {
        let at = key::parked(id);
        if let Some(old) = self.look(&at)? {
            let with = general(&self.core.ring()).map_err(|w| self.core.wrong(w))?.clone();
            let parked: Parked = unseal(&with, &at, &old).map_err(|w| self.core.wrong(w))?;
            self.delete(key::expiry(parked.expires, b'p', id));
            self.delete(at);
        }
        Ok(())
    }

    /// Takes away an answer and the rows that lead to it.
    pub(super) fn forget_answer(&mut self, id: Hashed) -> Result<(), StoreError> {
        let at = key::command(id);
        if let Some(old) = self.look(&at)? {
            let (expires, case) = answer_front(&at, &old).map_err(|w| self.core.wrong(w))?;
            self.delete(key::expiry(expires, b'r', id));
            if let Some(case) = case {
                self.delete(key::answered(case, id));
            }
            self.delete(at);
        }
        Ok(())
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
        let mut batch = sled::Batch::default();
        for (at, value) in staged {
            let kind = key::kind(&at);
            let stood = self.core.sled(|t| t.contains_key(&at))?;
            let rows = self.meta.rows.entry(kind).or_default();
            match (stood, value) {
                (false, None) => {}
                (true, None) => {
                    *rows -= 1;
                    batch.remove(at);
                }
                (stood, Some(value)) => {
                    *rows += u64::from(!stood);
                    batch.insert(at, value);
                }
            }
        }
        // Its own row is not counted.
        self.meta.rows.remove(&'m');
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
        self.meta.clone_from(&self.stored);
        self.bytes = 0;
    }
}

/// What stands in a head's place.
enum Found {
    None,
    Erased,
    Head(Box<Head>),
}
