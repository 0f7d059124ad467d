//! Reading everything: every sum, every seal, and whether the lists agree with the cases.

use super::read::{ClaimRecord, CursorRecord, Raw, answer_front, answer_of, data_key, general, head_of, unseal};
use super::{Core, Meta};
use crate::case::{Case, CaseId, EventRecord};
use crate::desk::Desk;
use crate::digest::Fact;
use crate::network::Finding;
use crate::outbox::Entry;
use crate::say::Say;
use crate::store::codec::{GENERAL_KEY, Hashed, SEALED, SecretKey, Wrong, eight, from_json, key, open_envelope};
use crate::store::index::{self, Facets, Head};
use crate::store::{Parked, StoreError};
use std::collections::BTreeMap;

/// From how many bytes on disk for each byte of records a rebuild is advised.
const BLOAT: u64 = 5;
/// Stores smaller than this are never called bloated: sled sets aside some megabytes at once.
const SMALL: u64 = 32 << 20;
/// Damages that are told one by one.
const TOLD: usize = 20;

/// What a walk through all records has met.
#[derive(Default)]
struct Walk {
    rows: BTreeMap<char, u64>,
    bytes: u64,
    wrong: Vec<Say>,
    wrongs: usize,
    /// The data keys of cases, and events still expected of each.
    cases: BTreeMap<CaseId, (SecretKey, i64)>,
}

impl Walk {
    fn wrong(&mut self, wrong: &Wrong) {
        self.wrongs += 1;
        if self.wrong.len() < TOLD {
            self.wrong.push(wrong.say());
        }
    }
}

impl Core {
    /// Everything that is wrong, or that all is well.
    pub(super) fn check(&self, meta: &Meta) -> Result<Vec<Finding>, StoreError> {
        let mut walk = Walk::default();
        // Heads first: they hold the keys for the rest.
        self.walk(&mut walk, |walk, at, raw| if at.first() == Some(&b'h') { self.check_head(walk, at, raw) } else { Ok(()) })?;
        walk.rows.clear();
        walk.bytes = 0;
        self.walk(&mut walk, |walk, at, raw| self.check_row(walk, at, raw))?;
        for (case, (_, missing)) in std::mem::take(&mut walk.cases) {
            if missing != 0 {
                walk.wrong(&Wrong::damaged(&key::event(case, 0), "as many events as were written", format!("{missing} fewer")));
            }
        }
        walk.rows.remove(&'m');
        for kind in walk.rows.keys().chain(meta.rows.keys()).copied().collect::<std::collections::BTreeSet<_>>() {
            let of = |rows: &BTreeMap<char, u64>| rows.get(&kind).copied().unwrap_or(0);
            let (expected, found) = (of(&meta.rows), of(&walk.rows));
            if expected != found {
                let at = [u8::try_from(kind).unwrap_or(b'?')];
                walk.wrong(&Wrong::damaged(&at, format!("{expected} records of this kind"), found.to_string()));
            }
        }
        self.findings(&walk)
    }

    /// Whether the sidecar is older than a crash explains: it is noted after each group of commits. What
    /// was lost of the log's end since that older number would go unseen.
    pub(super) fn behind(&self, meta: &Meta, acked: u64) -> Option<Finding> {
        (meta.seq.saturating_sub(acked) > super::writer::GROUP as u64).then(|| {
            let seq = crate::store::sidecar::path_of(&self.dir).display().to_string();
            let detail = Say::new("check-store-behind").text("seq", seq).number("acked", acked).number("found", meta.seq);
            Finding { ok: false, what: self.dir.display().to_string(), detail }
        })
    }

    fn findings(&self, walk: &Walk) -> Result<Vec<Finding>, StoreError> {
        let shown = self.dir.display().to_string();
        let mut findings: Vec<Finding> = Vec::new();
        let mut find = |ok, detail| findings.push(Finding { ok, what: shown.clone(), detail });
        for wrong in &walk.wrong {
            let error = super::corrupt(&self.dir, &self.keyring, wrong.clone());
            find(false, Say::new("check-store-damaged").with("why", error.why().into()));
        }
        if walk.wrongs > walk.wrong.len() {
            find(false, Say::new("check-store-more").number("count", walk.wrongs));
        }
        if walk.wrongs == 0 {
            find(true, Say::new("check-store-whole").number("count", walk.rows.values().sum::<u64>()));
        }
        let disk = self.sled(|t| t.size_on_disk())?;
        let bloated = disk > SMALL && disk / walk.bytes.max(1) > BLOAT;
        let code = if bloated { "check-store-bloated" } else { "check-store-size" };
        find(!bloated, Say::new(code).number("disk", disk >> 10).number("records", walk.bytes >> 10).text("store", &shown));
        Ok(findings)
    }

    /// Visits all records, and goes on past those that are wrong.
    fn walk(&self, walk: &mut Walk, mut each: impl FnMut(&mut Walk, &[u8], &Raw) -> Result<(), Wrong>) -> Result<(), StoreError> {
        let mut rows = self.sled(|t| Ok(t.iter()))?;
        while let Some((at, value)) = self.sled(|_| rows.next().transpose())? {
            let kind = key::kind(&at);
            *walk.rows.entry(kind).or_default() += 1;
            walk.bytes += (at.len() + value.len()) as u64;
            let seen = open_envelope(&at, &value).and_then(|(flags, payload)| each(walk, &at, &(flags, payload.to_vec())));
            if let Err(wrong) = seen {
                walk.wrong(&wrong);
            }
        }
        Ok(())
    }

    fn stands(&self, at: &[u8], payload: &[u8]) -> Result<(), Wrong> {
        match self.raw(at) {
            Ok(Some((_, found))) if found == payload => Ok(()),
            _ => Err(Wrong::damaged(at, "a row that leads to its record", "none, or another")),
        }
    }

    fn check_head(&self, walk: &mut Walk, at: &[u8], raw: &Raw) -> Result<(), Wrong> {
        let id = CaseId(eight(at, 9).map(u64::from_be_bytes).unwrap_or_default());
        let Some(head): Option<Head> = head_of(at, raw)? else { return Ok(()) };
        if Head::front(&raw.1) != Some((head.version, head.facets.is_open())) {
            return Err(Wrong::damaged(at, "a head that begins with its own version", "another version"));
        }
        let with = data_key(&self.ring(), id, &head)?;
        walk.cases.insert(id, (with.clone(), i64::from(head.events)));
        let at = key::case(id);
        let none = || Wrong::damaged(&at, "the case", "none");
        let raw = self.raw(&at).map_err(|_| none())?.ok_or_else(none)?;
        let case: Case = unseal(&with, &at, &raw)?;
        if (case.id, case.version) != (id, head.version) {
            return Err(Wrong::damaged(&at, format!("version {}", head.version), format!("version {}", case.version)));
        }
        if Facets::of(&case, &self.hasher) != head.facets {
            return Err(Wrong::damaged(&at, "a case that agrees with its head", "one that does not"));
        }
        for (row, payload) in head.facets.rows(id) {
            self.stands(&row, &payload)?;
        }
        Ok(())
    }

    /// A record that is not a head. Index rows are found from their heads; here they are counted.
    fn check_row(&self, walk: &mut Walk, at: &[u8], raw: &Raw) -> Result<(), Wrong> {
        let ring = self.ring();
        let last = at.last_chunk::<16>().copied().map_or(Hashed([0; 16]), Hashed);
        match u8::try_from(key::kind(at)).ok().as_ref() {
            Some(b'e') => {
                let id = CaseId(eight(at, 1).map(u64::from_be_bytes).unwrap_or_default());
                let orphan = || Wrong::damaged(at, "an event of a case", "one of none");
                let (with, missing) = walk.cases.get_mut(&id).ok_or_else(orphan)?;
                *missing -= 1;
                unseal::<EventRecord>(with, at, raw).map(drop)
            }
            Some(b'd') => {
                let record: ClaimRecord = from_json(at, &raw.1)?;
                self.stands(&key::expiry(record.expires, b'd', last), &[])
            }
            Some(b'r') => {
                let (expires, case) = answer_front(at, raw)?;
                let orphan = || Wrong::damaged(at, "an answer of a case", "one of none");
                let with = match case.filter(|_| raw.0 & GENERAL_KEY == 0) {
                    None => general(&ring)?.clone(),
                    Some(id) => walk.cases.get(&id).ok_or_else(orphan)?.0.clone(),
                };
                if let Some(id) = case {
                    self.stands(&key::answered(id, last), &[])?;
                }
                answer_of(at, raw, &with)?;
                self.stands(&key::expiry(expires, b'r', last), &[])
            }
            Some(b'o') => unseal::<Entry>(general(&ring)?, at, raw).map(drop),
            Some(b'q') => unseal::<CursorRecord>(general(&ring)?, at, raw).map(drop),
            Some(b'p') => {
                let parked: Parked = unseal(general(&ring)?, at, raw)?;
                self.stands(&key::expiry(parked.expires, b'p', last), &[])
            }
            Some(b'f') => unseal::<Fact>(general(&ring)?, at, raw).map(drop),
            Some(b'm') if at == key::DESK => unseal::<Desk>(general(&ring)?, at, raw).map(drop),
            Some(b'c') if raw.0 != SEALED => Err(Wrong::damaged(at, "a sealed case", "an open one")),
            Some(b'c' | b'h' | b'm' | b'x' | b'y') => Ok(()),
            Some(kind) if index::ALL.contains(kind) => Ok(()),
            _ => Err(Wrong::damaged(at, "a kind of record that this sereno knows", "another")),
        }
    }
}
