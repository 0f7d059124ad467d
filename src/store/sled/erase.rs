//! Destroying a case: first the key that opens it, then nothing needs to be found and overwritten.
//!
//! 1. The case's bucket gets a second key, durably.
//! 2. One commit takes away the case's rows and wraps the data keys of all others of the bucket
//!    with the new key.
//! 3. The old key is destroyed. Copies of the case in sled's dead segments open with it alone.
//!
//! A crash between two steps leaves a bucket with two keys; opening the store does 2 (for those
//! that are left) and 3.

use super::open::prefixed_heads;
use super::read::{ANSWER_FRONT, Raw, data_key, head_of, prefixed};
use super::writer::{ERASED_VERSION, Writer, digest_of};
use crate::case::CaseId;
use crate::outbox::Entry;
use crate::store::StoreError;
use crate::store::codec::{ERASED, Hashed, SEALED, SecretKey, Wrong, eight, key};
use crate::store::index::Head;
use crate::store::keyring::bucket_of;

/// How far an erasure goes: to its end, except where a test stops it on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Until {
    /// The bucket has two keys.
    #[cfg(test)]
    Renewed,
    /// The others are wrapped anew.
    #[cfg(test)]
    Written,
    /// The old key is gone.
    Done,
}

impl Writer {
    pub(super) fn erase(&mut self, case: CaseId, until: Until) -> Result<(), StoreError> {
        let Some(_) = self.core.read_head(case)? else { return Ok(()) };
        self.room()?;
        let bucket = bucket_of(case);
        self.core.ring_mut().renew(bucket)?;
        #[cfg(test)]
        if until == Until::Renewed {
            return Ok(());
        }
        if let Err(e) = self.take_away(case).and_then(|()| self.rewrap(bucket, Some(case))) {
            self.unstage();
            return Err(e);
        }
        self.finish(bucket, until)
    }

    /// Seals all that a case holds with a new key, and destroys the old one as [`Writer::erase`] does.
    pub(super) fn rekey(&mut self, case: CaseId) -> Result<(), StoreError> {
        let Some(mut head) = self.core.read_head(case)? else { return Ok(()) };
        self.room()?;
        let bucket = bucket_of(case);
        self.core.ring_mut().renew(bucket)?;
        let staged = self.seal_anew(case, &mut head).and_then(|()| self.rewrap(bucket, Some(case)));
        if let Err(e) = staged {
            self.unstage();
            return Err(e);
        }
        self.finish(bucket, Until::Done)
    }

    /// Stages a case's head, body, events and answers under a new data key.
    fn seal_anew(&mut self, case: CaseId, head: &mut Head) -> Result<(), StoreError> {
        let old = data_key(&self.core.ring(), case, head).map_err(|w| self.core.wrong(w))?;
        let new = SecretKey::random()?;
        let mut sealed: Vec<(Vec<u8>, Raw)> = Vec::new();
        let mut keep = |at: &[u8], raw: Raw| {
            sealed.push((at.to_vec(), raw));
            Ok(true)
        };
        let body = key::case(case);
        self.core.scan(body.clone()..=body, &mut keep)?;
        self.core.scan(key::event(case, 0)..=key::event(case, u32::MAX), &mut keep)?;
        let mut answers = Vec::new();
        self.core.scan(prefixed(key::join(b'c', &[&case.0.to_be_bytes(), b"y"])), |at, _| {
            answers.extend(at.last_chunk::<16>().copied().map(Hashed));
            Ok(true)
        })?;
        for id in answers {
            let at = key::command(id);
            sealed.extend(self.core.raw(&at)?.filter(|(flags, _)| *flags == SEALED).map(|raw| (at, raw)));
        }
        let unreadable = |at: &[u8]| self.core.wrong(Wrong::damaged(at, "a seal that opens", "one that does not"));
        let mut renewed = Vec::with_capacity(sealed.len());
        for (at, (flags, payload)) in sealed {
            // An answer's front stands before its seal, and is bound to it.
            let front = if key::kind(&at) == 'r' { ANSWER_FRONT } else { 0 };
            let (front, rest) = payload.split_at_checked(front).ok_or_else(|| unreadable(&at))?;
            let bound = [at.as_slice(), front].concat();
            let plain = old.open(&bound, rest).ok_or_else(|| unreadable(&at))?;
            let payload = [front, &new.seal(&bound, &plain)?].concat();
            renewed.push((at, flags, payload));
        }
        for (at, flags, payload) in renewed {
            self.put(at, flags, &payload);
        }
        (head.wrapped_by, head.wrapped) = self.wrap(case, &new)?;
        self.put(key::head(case), 0, &head.to_payload()?);
        Ok(())
    }

    /// Completes what a crash has cut short in `bucket`.
    pub(super) fn complete(&mut self, bucket: u64) -> Result<(), StoreError> {
        self.rewrap(bucket, None)?;
        self.finish(bucket, Until::Done)
    }

    fn finish(&mut self, bucket: u64, until: Until) -> Result<(), StoreError> {
        self.meta.seq += 1;
        self.keep();
        self.write()?;
        if until == Until::Done {
            self.core.ring_mut().retire(bucket)?;
        }
        Ok(())
    }

    /// Stages the end of all rows of a case.
    fn take_away(&mut self, case: CaseId) -> Result<(), StoreError> {
        let Some(head) = self.core.read_head(case)? else { return Ok(()) };
        self.uncount(case, &head);
        head.facets.rows(case).into_keys().for_each(|row| self.delete(row));
        self.meta.heads += 1;
        self.meta.digest = self.meta.digest.wrapping_add(digest_of(case, ERASED_VERSION));
        self.put(key::head(case), ERASED, &[]);
        self.delete(key::case(case));
        let mut gone = Vec::new();
        self.core.scan(key::event(case, 0)..=key::event(case, u32::MAX), |at, _| {
            gone.push(at.to_vec());
            Ok(true)
        })?;
        let mut answers = Vec::new();
        self.core.scan(prefixed(key::join(b'c', &[&case.0.to_be_bytes(), b"y"])), |at, _| {
            answers.extend(at.last_chunk::<16>().copied().map(Hashed));
            Ok(true)
        })?;
        for id in answers {
            self.forget_answer(id)?;
        }
        let entries: Vec<Entry> = self.core.read_outbox()?;
        gone.extend(entries.iter().filter(|e| e.case == Some(case)).map(|e| key::entry(e.id)));
        gone.into_iter().for_each(|at| self.delete(at));
        Ok(())
    }

    /// Stages the wrapping of all data keys of a bucket with its current key.
    fn rewrap(&mut self, bucket: u64, but: Option<CaseId>) -> Result<(), StoreError> {
        let mut heads = Vec::new();
        self.core.scan(prefixed_heads(bucket), |at, raw| {
            let case = CaseId(eight(at, 9).map(u64::from_be_bytes).unwrap_or_default());
            if let Some(head) = head_of(at, &raw).map_err(|w| self.core.wrong(w))?
                && Some(case) != but
            {
                heads.push((case, head));
            }
            Ok(true)
        })?;
        for (case, mut head) in heads {
            let data = data_key(&self.core.ring(), case, &head).map_err(|w| self.core.wrong(w))?;
            (head.wrapped_by, head.wrapped) = self.wrap(case, &data)?;
            self.put(key::head(case), 0, &head.to_payload()?);
        }
        Ok(())
    }
}
