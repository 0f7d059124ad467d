//! Giving everything out, as of one moment: the writer does it, so nothing changes meanwhile.

use super::read::{ClaimRecord, CursorRecord, answer_front, answer_of, data_key, general, head_of, prefixed, unseal};
use super::{Core, Meta};
use crate::case::{Case, CaseId, EventRecord};
use crate::outbox::Entry;
use crate::store::StoreError;
use crate::store::codec::{FORMAT, GENERAL_KEY, Hashed, Wrong, eight, from_json, hex, key};
use crate::store::export::{Export, Header, Line};
use std::collections::BTreeMap;
use std::io::Write;

impl Core {
    /// Writes every record as a line; how many of each kind.
    pub(super) fn dump(&self, meta: &Meta, out: Box<dyn Write + Send>) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut export = Export::new(out);
        let hash_key = hex(self.ring().hash_key().expose());
        let instance = self.instance.clone();
        export.line(&Line::Header(Header { format: FORMAT, instance, seq: meta.seq, hash_key }))?;
        export.line(&Line::Counters(self.read_counters()?))?;
        if let Some(desk) = self.read_desk()? {
            export.line(&Line::Desk(desk))?;
        }
        self.dump_cases(&mut export)?;
        self.scan(prefixed(vec![b'd']), |at, (_, payload)| {
            let record: ClaimRecord = from_json(at, &payload).map_err(|w| self.wrong(w))?;
            let post = self.hashed(at)?;
            export.line(&Line::Claim { post, claim: record.claim, expires: record.expires })?;
            Ok(true)
        })?;
        self.dump_answers(&mut export)?;
        for entry in self.sealed::<Entry>(prefixed(vec![b'o']))? {
            export.line(&Line::Entry(entry))?;
        }
        for c in self.sealed::<CursorRecord>(prefixed(vec![b'q']))? {
            export.line(&Line::Cursor { account: c.account, stream: c.stream, cursor: c.cursor })?;
        }
        let with = general(&self.ring()).map_err(|w| self.wrong(w))?.clone();
        self.scan(prefixed(vec![b'f']), |at, raw| {
            export.line(&Line::Fact(unseal(&with, at, &raw).map_err(|w| self.wrong(w))?))?;
            Ok(true)
        })?;
        self.scan(prefixed(vec![b'p']), |at, raw| {
            export.line(&Line::Parked(unseal(&with, at, &raw).map_err(|w| self.wrong(w))?))?;
            Ok(true)
        })?;
        self.all_there(meta, export.counts())?;
        export.finish()
    }

    /// Whether as much was read as was ever written: an export is never less in silence.
    fn all_there(&self, meta: &Meta, counts: &BTreeMap<String, u64>) -> Result<(), StoreError> {
        let kinds = [('c', "cases"), ('e', "events"), ('d', "claims"), ('r', "commands"), ('o', "entries"), ('q', "cursors")];
        for (kind, name) in kinds.into_iter().chain([('f', "facts"), ('p', "parked")]) {
            let (expected, found) = (meta.rows.get(&kind).copied().unwrap_or(0), counts.get(name).copied().unwrap_or(0));
            if expected != found {
                let at = [u8::try_from(kind).unwrap_or(b'?')];
                return Err(self.wrong(Wrong::damaged(&at, format!("{expected} {name}"), found.to_string())));
            }
        }
        Ok(())
    }

    /// The hash in the last bytes of a key.
    fn hashed(&self, at: &[u8]) -> Result<Hashed, StoreError> {
        let id = at.last_chunk::<16>().copied().map(Hashed);
        id.ok_or_else(|| self.wrong(Wrong::damaged(at, "a key with a hash", "a shorter one")))
    }

    /// All cases in order of their numbers, each followed by its events.
    fn dump_cases(&self, export: &mut Export) -> Result<(), StoreError> {
        let mut numbers = Vec::new();
        self.scan(prefixed(vec![b'h']), |at, raw| {
            let case = CaseId(eight(at, 9).map(u64::from_be_bytes).unwrap_or_default());
            numbers.push((case, head_of(at, &raw).map_err(|w| self.wrong(w))?.is_some()));
            Ok(true)
        })?;
        numbers.sort_unstable();
        for (id, stands) in numbers {
            if !stands {
                export.line(&Line::Erased(id))?;
                continue;
            }
            let case: Option<Case> = self.read_case(id)?;
            let case = case.ok_or_else(|| self.wrong(Wrong::damaged(&key::case(id), "the case", "none")))?;
            export.line(&Line::Case(Box::new(case)))?;
            let events: Vec<EventRecord> = self.read_events(id, 0, usize::MAX)?;
            for event in events {
                export.line(&Line::Event(event))?;
            }
        }
        Ok(())
    }

    fn dump_answers(&self, export: &mut Export) -> Result<(), StoreError> {
        let ring = self.ring();
        self.scan(prefixed(vec![b'r']), |at, raw| {
            let (expires, case) = answer_front(at, &raw).map_err(|w| self.wrong(w))?;
            let with = match case.filter(|_| raw.0 & GENERAL_KEY == 0) {
                None => general(&ring).map_err(|w| self.wrong(w))?.clone(),
                Some(case) => {
                    let head = self.read_head(case)?;
                    let head = head.ok_or_else(|| self.wrong(Wrong::damaged(at, "the case that this answer is of", "none")))?;
                    data_key(&ring, case, &head).map_err(|w| self.wrong(w))?
                }
            };
            let answer = answer_of(at, &raw, &with).map_err(|w| self.wrong(w))?;
            export.line(&Line::Command { command: self.hashed(at)?, answer, expires })?;
            Ok(true)
        })
    }
}
