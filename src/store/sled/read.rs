//! Reading: every query of the trait, from the tree as it stands.

use super::Core;
use crate::case::{Case, CaseId, CaseKey, EventRecord};
use crate::clock::Time;
use crate::command::{Answer, Filter};
use crate::desk::Desk;
use crate::digest::Fact;
use crate::outbox::Entry;
use crate::policy::{AgentId, RoomId};
use crate::post::{Account, AuthorId, Network, PostId, PostRef};
use crate::store::codec::{
    self, ERASED, GENERAL_KEY, SEALED, SecretKey, Wrong, eight, from_json, key, open_envelope, time_bytes, time_from,
};
use crate::store::index::{self, BY_AUTHOR, BY_KEY, BY_OPENING, BY_OWNER, BY_RANK, BY_ROOT, BY_THREAD, BY_WAKE, Head};
use crate::store::keyring::{GENERAL, KeyRing, bucket_of};
use crate::store::{Claim, Counters, Listed, OpenCount, Parked, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ops::{Bound, RangeBounds};

/// Flags and payload of a record.
pub(super) type Raw = (u8, Vec<u8>);

/// A claim as it stands on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimRecord {
    /// What the post leads to.
    pub claim: Claim,
    /// When it may be forgotten.
    pub expires: Time,
}

/// A cursor as it stands on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CursorRecord {
    /// The account.
    pub account: Account,
    /// The stream.
    pub stream: String,
    /// Where it goes on from.
    pub cursor: String,
}

/// The front of an answer's payload, in the clear: when it may be forgotten, and the case that it
/// names (0: none), under whose key the rest is sealed unless the flags say otherwise.
pub(crate) const ANSWER_FRONT: usize = 16;

/// The key of a case's data, taken out of its wrapping.
pub(super) fn data_key(ring: &KeyRing, case: CaseId, head: &Head) -> Result<SecretKey, Wrong> {
    let at = key::head(case);
    let bucket = bucket_of(case);
    let by = ring.key(bucket, head.wrapped_by).ok_or_else(|| {
        Wrong::damaged(&at, format!("key {bucket}/{} in the keyring", head.wrapped_by), "none: the keyring is older or of another store")
    })?;
    let wrapped = codec::unhex(&head.wrapped).unwrap_or_default();
    let plain = by.open(&at, &wrapped).and_then(|k| SecretKey::from_bytes(&k));
    plain.ok_or_else(|| Wrong::damaged(&at, "a data key that opens", "one that does not"))
}

/// A sealed record.
pub(super) fn unseal<T: DeserializeOwned>(with: &SecretKey, at: &[u8], (flags, payload): &Raw) -> Result<T, Wrong> {
    if *flags != SEALED {
        return Err(Wrong::damaged(at, "a sealed record", format!("flags {flags}")));
    }
    let plain = with.open(at, payload).ok_or_else(|| Wrong::damaged(at, "a seal that opens", "one that does not"))?;
    from_json(at, &plain)
}

/// A head; `None` once erased.
pub(super) fn head_of(at: &[u8], (flags, payload): &Raw) -> Result<Option<Head>, Wrong> {
    if flags & ERASED != 0 { Ok(None) } else { Head::from_payload(at, payload).map(Some) }
}

/// The key of the data that belongs to no case.
pub(super) fn general(ring: &KeyRing) -> Result<&SecretKey, Wrong> {
    ring.current(GENERAL).map(|(_, k)| k).ok_or_else(|| Wrong::damaged(key::META, "a general key in the keyring", "none"))
}

/// An answer, from its record.
pub(super) fn answer_of(at: &[u8], raw: &Raw, with: &SecretKey) -> Result<Answer, Wrong> {
    let (front, sealed) = raw.1.split_at_checked(ANSWER_FRONT).ok_or_else(|| Wrong::damaged(at, "an answer", "too few bytes"))?;
    let bound = [at, front].concat();
    let plain = with.open(&bound, sealed).ok_or_else(|| Wrong::damaged(at, "a seal that opens", "one that does not"))?;
    from_json(at, &plain)
}

/// When an answer may be forgotten, and which case it names.
pub(super) fn answer_front(at: &[u8], raw: &Raw) -> Result<(Time, Option<CaseId>), Wrong> {
    let both = eight(&raw.1, 0).zip(eight(&raw.1, 8));
    let (expires, case) = both.ok_or_else(|| Wrong::damaged(at, "an answer", "too few bytes"))?;
    let case = u64::from_be_bytes(case);
    Ok((time_from(expires), (case != 0).then_some(CaseId(case))))
}

impl Core {
    /// A record as it stands.
    pub(super) fn raw(&self, at: &[u8]) -> Result<Option<Raw>, StoreError> {
        let Some(value) = self.sled(|t| t.get(at))? else { return Ok(None) };
        let (flags, payload) = open_envelope(at, &value).map_err(|w| self.wrong(w))?;
        Ok(Some((flags, payload.to_vec())))
    }

    /// Visits records in order of their keys, until `each` says no.
    pub(super) fn scan(
        &self,
        range: impl RangeBounds<Vec<u8>>,
        mut each: impl FnMut(&[u8], Raw) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.sled(|t| Ok(t.range::<Vec<u8>, _>((range.start_bound().cloned(), range.end_bound().cloned()))))?;
        while let Some((at, value)) = self.sled(|_| rows.next().transpose())? {
            let (flags, payload) = open_envelope(&at, &value).map_err(|w| self.wrong(w))?;
            if !each(&at, (flags, payload.to_vec()))? {
                break;
            }
        }
        Ok(())
    }

    /// The cases that the rows of an index lead to, from the number in the last eight bytes of
    /// each key; with the eight bytes of the payload, if any.
    fn cases(&self, prefix: Vec<u8>, limit: usize, reversed: bool) -> Result<Vec<(CaseId, Option<Time>)>, StoreError> {
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        self.scan(prefixed(prefix), |at, (_, payload)| {
            let id = at.last_chunk::<8>().map(|b| u64::from_be_bytes(*b)).unwrap_or_default();
            found.push((CaseId(if reversed { u64::MAX - id } else { id }), eight(&payload, 0).map(time_from)));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    pub(super) fn read_head(&self, id: CaseId) -> Result<Option<Head>, StoreError> {
        let at = key::head(id);
        let Some(raw) = self.raw(&at)? else { return Ok(None) };
        head_of(&at, &raw).map_err(|w| self.wrong(w))
    }

    pub(super) fn read_case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        let at = key::case(id);
        let mut before = None;
        loop {
            // The keyring is held while a head is read with it, so that no key it names can go.
            let (head, with) = {
                let ring = self.ring();
                let Some(head) = self.read_head(id)? else { return Ok(None) };
                let with = data_key(&ring, id, &head).map_err(|w| self.wrong(w))?;
                (head, with)
            };
            if let Some(raw) = self.raw(&at)? {
                let case: Case = unseal(&with, &at, &raw).map_err(|w| self.wrong(w))?;
                if case.version == head.version && case.id == id {
                    return Ok(Some(case));
                }
            }
            // Head and body are two reads: a commit may have come between them; then the head has moved.
            if before.as_ref() == Some(&head) {
                let wrong = Wrong::damaged(&at, format!("version {} of the case", head.version), "another, or none");
                return Err(self.wrong(wrong));
            }
            before = Some(head);
        }
    }

    pub(super) fn case_by_key(&self, k: &CaseKey) -> Result<Option<CaseId>, StoreError> {
        let prefix = key::join(BY_KEY, &[&self.hasher.case_key(k).0]);
        Ok(self.cases(prefix, usize::MAX, false)?.last().map(|(id, _)| *id))
    }

    pub(super) fn conversation(&self, network: &Network, root: &PostId) -> Result<Vec<CaseId>, StoreError> {
        let prefix = key::join(BY_ROOT, &[&self.hasher.conversation(network, root).0]);
        Ok(self.cases(prefix, usize::MAX, false)?.into_iter().map(|(id, _)| id).collect())
    }

    pub(super) fn case_by_thread(&self, room: &RoomId, thread: &str) -> Result<Option<CaseId>, StoreError> {
        let prefix = key::join(BY_THREAD, &[&self.hasher.thread(room, thread).0]);
        Ok(self.cases(prefix, 1, true)?.first().map(|(id, _)| *id))
    }

    pub(super) fn cases_of(&self, author: &AuthorId, limit: usize) -> Result<Vec<CaseId>, StoreError> {
        let prefix = key::join(BY_AUTHOR, &[&self.hasher.author(author).0]);
        Ok(self.cases(prefix, limit, true)?.into_iter().map(|(id, _)| id).collect())
    }

    pub(super) fn list(&self, filter: Filter, owner: Option<&AgentId>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let prefix = match (filter, owner) {
            (Filter::Open, _) => key::join(BY_RANK, &[&[0]]),
            (Filter::Spam, _) => key::join(BY_RANK, &[&[1]]),
            (Filter::Unclaimed, _) => key::join(BY_OWNER, &[&index::NOBODY.0]),
            (Filter::Mine, Some(owner)) => key::join(BY_OWNER, &[&self.hasher.agent(owner).0]),
            (Filter::Mine, None) => return Ok(Vec::new()),
        };
        let rows = self.cases(prefix, limit, false)?;
        Ok(rows.into_iter().map(|(case, opened)| Listed { case, opened_at: opened.unwrap_or_default() }).collect())
    }

    pub(super) fn open_count(&self) -> Result<OpenCount, StoreError> {
        let meta = self.raw(key::META)?;
        let open = match meta {
            Some((_, payload)) => from_json::<super::Meta>(key::META, &payload).map_err(|w| self.wrong(w))?.open,
            None => 0,
        };
        let mut oldest = None;
        self.scan(prefixed(vec![BY_OPENING]), |at, _| {
            oldest = eight(at, 1).map(time_from);
            Ok(false)
        })?;
        Ok(OpenCount { open, oldest })
    }

    pub(super) fn read_events(&self, case: CaseId, from: u32, limit: usize) -> Result<Vec<EventRecord>, StoreError> {
        let with = {
            let ring = self.ring();
            let Some(head) = self.read_head(case)? else { return Ok(Vec::new()) };
            data_key(&ring, case, &head).map_err(|w| self.wrong(w))?
        };
        let mut events = Vec::new();
        if limit == 0 {
            return Ok(events);
        }
        self.scan(key::event(case, from)..=key::event(case, u32::MAX), |at, raw| {
            events.push(unseal(&with, at, &raw).map_err(|w| self.wrong(w))?);
            Ok(events.len() < limit)
        })?;
        Ok(events)
    }

    pub(super) fn read_claim(&self, post: &PostRef) -> Result<Option<Claim>, StoreError> {
        let at = key::claim(self.hasher.post(post));
        let Some((_, payload)) = self.raw(&at)? else { return Ok(None) };
        let record: ClaimRecord = from_json(&at, &payload).map_err(|w| self.wrong(w))?;
        Ok(Some(record.claim))
    }

    pub(super) fn read_answer(&self, command: &str) -> Result<Option<Answer>, StoreError> {
        let at = key::command(self.hasher.command(command));
        let Some(raw) = self.raw(&at)? else { return Ok(None) };
        let (_, case) = answer_front(&at, &raw).map_err(|w| self.wrong(w))?;
        let ring = self.ring();
        let answer = match case.filter(|_| raw.0 & GENERAL_KEY == 0) {
            None => answer_of(&at, &raw, general(&ring).map_err(|w| self.wrong(w))?),
            Some(case) => {
                // Erased between the two reads.
                let Some(head) = self.read_head(case)? else { return Ok(None) };
                data_key(&ring, case, &head).and_then(|with| answer_of(&at, &raw, &with))
            }
        };
        answer.map(Some).map_err(|w| self.wrong(w))
    }

    pub(super) fn wakes(&self, now: Option<Time>, limit: usize) -> Result<Vec<(Time, CaseId)>, StoreError> {
        let end = key::join(BY_WAKE, &[&time_bytes(now.unwrap_or(Time::NEVER)), &[0xff; 8]]);
        let mut due = Vec::new();
        if limit == 0 {
            return Ok(due);
        }
        self.scan(vec![BY_WAKE]..=end, |at, _| {
            if let Some((wake, case)) = eight(at, 1).zip(eight(at, 9)) {
                due.push((time_from(wake), CaseId(u64::from_be_bytes(case))));
            }
            Ok(due.len() < limit)
        })?;
        Ok(due)
    }

    /// All records of a kind that are sealed under the general key.
    pub(super) fn sealed<T: DeserializeOwned>(&self, range: impl RangeBounds<Vec<u8>>) -> Result<Vec<T>, StoreError> {
        let with = general(&self.ring()).map_err(|w| self.wrong(w))?.clone();
        let mut all = Vec::new();
        self.scan(range, |at, raw| {
            all.push(unseal(&with, at, &raw).map_err(|w| self.wrong(w))?);
            Ok(true)
        })?;
        Ok(all)
    }

    pub(super) fn read_outbox(&self) -> Result<Vec<Entry>, StoreError> {
        self.sealed(prefixed(vec![b'o']))
    }

    pub(super) fn read_cursor(&self, account: &Account, stream: &str) -> Result<Option<String>, StoreError> {
        let at = key::cursor(self.hasher.stream(account, stream));
        let found: Vec<CursorRecord> = self.sealed(at.clone()..=at)?;
        Ok(found.into_iter().next().map(|r| r.cursor))
    }

    pub(super) fn read_facts(&self, from: Time, to: Time) -> Result<Vec<Fact>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.sealed(key::join(b'f', &[&time_bytes(from)])..key::join(b'f', &[&time_bytes(to)]))
    }

    pub(super) fn read_parked(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        let at = key::parked(self.hasher.parked(id));
        Ok(self.sealed(at.clone()..=at)?.pop())
    }

    /// One record is opened at a time: each may be large.
    pub(super) fn read_parked_list(&self) -> Result<Vec<Parked>, StoreError> {
        let with = general(&self.ring()).map_err(|w| self.wrong(w))?.clone();
        let mut list = Vec::new();
        self.scan(prefixed(vec![b'p']), |at, raw| {
            let parked: Parked = unseal(&with, at, &raw).map_err(|w| self.wrong(w))?;
            list.push(Parked { raw: String::new(), ..parked });
            Ok(true)
        })?;
        list.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(list)
    }

    pub(super) fn count_parked(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        self.scan(prefixed(vec![b'p']), |_, _| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }

    pub(super) fn read_desk(&self) -> Result<Option<Desk>, StoreError> {
        Ok(self.sealed(key::DESK.to_vec()..=key::DESK.to_vec())?.into_iter().next())
    }

    pub(super) fn read_counters(&self) -> Result<Counters, StoreError> {
        match self.raw(key::COUNTERS)? {
            Some((_, payload)) => from_json(key::COUNTERS, &payload).map_err(|w| self.wrong(w)),
            None => Err(self.wrong(Wrong::damaged(key::COUNTERS, "the counters", "none"))),
        }
    }
}

/// All keys that begin with `prefix`, which must not be empty or all 0xff.
pub(super) fn prefixed(prefix: Vec<u8>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let mut end = prefix.clone();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    (Bound::Included(prefix), Bound::Excluded(end))
}
