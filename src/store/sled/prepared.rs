//! A commit made ready for the writer: JSON and hashes, by the thread that commits.

use super::read::{ClaimRecord, CursorRecord};
use crate::case::CaseId;
use crate::clock::Time;
use crate::store::codec::{Hashed, Hasher, key, to_json};
use crate::store::index::Facets;
use crate::store::{Claim, Commit, Counters, StoreError};

/// A case, ready to be sealed.
pub(super) struct CasePart {
    pub(super) id: CaseId,
    pub(super) version: u64,
    pub(super) facets: Facets,
    pub(super) json: Vec<u8>,
}

/// An answer, ready to be sealed.
pub(super) struct AnswerPart {
    pub(super) id: Hashed,
    pub(super) case: Option<CaseId>,
    pub(super) expires: Time,
    pub(super) json: Vec<u8>,
}

/// A commit as JSON and hashes: made by the thread that commits, so that the writer need not.
#[derive(Default)]
pub struct Prepared {
    pub(super) cases: Vec<CasePart>,
    pub(super) events: Vec<(CaseId, u32, Vec<u8>)>,
    pub(super) claims: Vec<(Hashed, ClaimRecord)>,
    pub(super) answers: Vec<AnswerPart>,
    pub(super) counters: Option<Counters>,
    /// Records under the general key.
    pub(super) sealed: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) gone: Vec<Vec<u8>>,
    /// What could not be read: its hash, when it may be forgotten, itself.
    pub(super) parked: Vec<(Hashed, Time, Vec<u8>)>,
    pub(super) unparked: Vec<Hashed>,
    /// An import: cases come at any version, erased numbers are noted, the sequence is set.
    pub(super) import: bool,
    pub(super) erased: Vec<CaseId>,
    pub(super) seq: Option<u64>,
}

impl Prepared {
    /// Prepares a commit.
    pub fn new(commit: &Commit, h: &Hasher) -> Result<Prepared, StoreError> {
        let mut p = Prepared::default();
        for case in &commit.cases {
            p.case(case, h)?;
        }
        for e in &commit.events {
            p.events.push((e.case, e.n, to_json(e)?));
        }
        for c in &commit.claims {
            p.claim(h.post(&c.post), c.claim.clone(), c.expires);
        }
        for c in &commit.commands {
            p.answer(h.command(&c.id), &c.answer, c.expires)?;
        }
        if let Some(desk) = &commit.desk {
            p.sealed.push((key::DESK.to_vec(), to_json(desk)?));
        }
        for entry in &commit.outbox {
            p.sealed.push((key::entry(entry.id), to_json(entry)?));
        }
        p.gone = commit.done.iter().map(|id| key::entry(*id)).collect();
        for (account, stream, cursor) in &commit.cursors {
            let record = CursorRecord { account: account.clone(), stream: stream.clone(), cursor: cursor.clone() };
            p.sealed.push((key::cursor(h.stream(account, stream)), to_json(&record)?));
        }
        for fact in &commit.facts {
            p.sealed.push((key::fact(fact), to_json(fact)?));
        }
        for parked in &commit.parked {
            p.parked.push((h.parked(&parked.id), parked.expires, to_json(parked)?));
        }
        p.unparked = commit.unparked.iter().map(|id| h.parked(id)).collect();
        p.counters = commit.counters;
        Ok(p)
    }

    /// An import, to be filled part by part.
    pub(crate) fn import() -> Prepared {
        Prepared { import: true, ..Prepared::default() }
    }
    pub(crate) fn case(&mut self, case: &crate::case::Case, h: &Hasher) -> Result<(), StoreError> {
        self.cases.push(CasePart { id: case.id, version: case.version, facets: Facets::of(case, h), json: to_json(case)? });
        Ok(())
    }
    pub(crate) fn claim(&mut self, post: Hashed, claim: Claim, expires: Time) {
        self.claims.push((post, ClaimRecord { claim, expires }));
    }
    pub(crate) fn answer(&mut self, id: Hashed, answer: &crate::command::Answer, expires: Time) -> Result<(), StoreError> {
        self.answers.push(AnswerPart { id, case: answer.case, expires, json: to_json(answer)? });
        Ok(())
    }
    /// Takes over all of `commit` that needs no hashing of its own.
    pub(crate) fn and(&mut self, commit: &Commit, h: &Hasher) -> Result<(), StoreError> {
        let other = Prepared::new(commit, h)?;
        self.cases.extend(other.cases);
        self.events.extend(other.events);
        self.sealed.extend(other.sealed);
        self.parked.extend(other.parked);
        self.counters = other.counters.or(self.counters);
        Ok(())
    }
    pub(crate) fn erased(&mut self, case: CaseId) {
        self.erased.push(case);
    }
    pub(crate) fn set_seq(&mut self, seq: u64) {
        self.seq = Some(seq);
    }
}
