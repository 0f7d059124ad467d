//! Staging one commit: what speaks against it, and which records it changes.
//!
//! Nothing is written here: [`super::writer`] gathers what was staged into a group and makes it durable.

use super::prepared::{AnswerPart, CasePart, Prepared};
use super::read::{ANSWER_FRONT, ClaimRecord, answer_front, data_key, general, head_of, unseal};
use super::writer::{ERASED_VERSION, Writer, digest_of};
use crate::case::CaseId;
use crate::clock::Time;
use crate::store::codec::{ERASED, GENERAL_KEY, Hashed, SEALED, SecretKey, Wrong, from_json, hex, key, time_bytes, to_json};
use crate::store::index::Head;
use crate::store::keyring::bucket_of;
use crate::store::{Parked, StoreError, conflict};
use std::collections::{BTreeMap, BTreeSet};

impl Writer {
    /// A case's head, or that there is none, or that it was erased.
    fn look_head(&mut self, case: CaseId) -> Result<Found, StoreError> {
        let at = key::head(case);
        let Some(raw) = self.look(&at)? else { return Ok(Found::None) };
        let head = head_of(&at, &raw).map_err(|w| self.core.wrong(w))?;
        Ok(head.map_or(Found::Erased, |h| Found::Head(Box::new(h))))
    }

    /// Stages one commit, or nothing of it.
    pub(super) fn stage(&mut self, p: &Prepared) -> Result<u64, StoreError> {
        let before = (self.meta.seq, self.meta.open, self.meta.heads, self.meta.digest);
        match self.refuse(p).and_then(|heads| self.stage_parts(p, heads)) {
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

    /// What speaks against a commit; if nothing does, the heads as they stand of the cases that it changes.
    fn refuse(&mut self, p: &Prepared) -> Result<Heads, StoreError> {
        let mut heads = Heads::new();
        if p.import {
            return Ok(heads);
        }
        let mut versions = BTreeMap::new();
        for case in &p.cases {
            let stored = match versions.get(&case.id) {
                Some(version) => *version,
                None => {
                    let found = self.look_head(case.id)?;
                    let version = match &found {
                        Found::None => 0,
                        Found::Erased => return Err(conflict::erased(case.id)),
                        Found::Head(head) => head.version,
                    };
                    heads.insert(case.id, found);
                    version
                }
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
        Ok(heads)
    }

    fn stage_parts(&mut self, p: &Prepared, mut heads: Heads) -> Result<(), StoreError> {
        let mut keys: BTreeMap<CaseId, SecretKey> = BTreeMap::new();
        let mut new_events: BTreeMap<CaseId, u32> = BTreeMap::new();
        for (case, _, _) in &p.events {
            *new_events.entry(*case).or_default() += 1;
        }
        for case in &p.cases {
            let events = new_events.remove(&case.id).unwrap_or(0);
            // A case that comes twice stands by then as its first change has left it.
            let found = heads.remove(&case.id).map_or_else(|| self.look_head(case.id), Ok)?;
            let with = self.stage_case(case, found, events)?;
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

    fn stage_case(&mut self, case: &CasePart, found: Found, new_events: u32) -> Result<SecretKey, StoreError> {
        let rows = case.facets.rows(case.id);
        let mut old_rows = BTreeMap::new();
        let at = key::case(case.id);
        let (with, head) = match found {
            Found::Head(old) => {
                self.uncount(case.id, &old);
                // What has a head has a body.
                self.stood.entry(at.clone()).or_insert(true);
                old_rows = old.facets.rows(case.id);
                let with = self.data_key(case.id, &old)?;
                let events = old.events + new_events;
                (with, Head { version: case.version, events, facets: case.facets.clone(), ..*old })
            }
            Found::Erased => return Err(conflict::erased(case.id)),
            Found::None => {
                // Nor has what has none; the next commit of this group may find the head staged.
                self.stood.entry(at.clone()).or_insert(false);
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
}

/// Heads as they were found.
type Heads = BTreeMap<CaseId, Found>;

/// What stands in a head's place.
enum Found {
    None,
    Erased,
    Head(Box<Head>),
}
