//! What could not be read is kept, bounded in size, number and time, until a person has looked.

use super::context::Tx;
use crate::clock::DAY_MS;
use crate::command::Answer;
use crate::say::Say;
use crate::store::{Parked, StoreError};

/// How long it is kept: law and the customer's privacy want no more, a holiday no less.
const KEPT_MS: i64 = 30 * DAY_MS;
/// So much of one is kept, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// So many are kept; then the oldest goes for the newest.
const MOST: usize = 200;
/// So much of an id or a reason is kept, in bytes: they are ours, and short.
const MOST_WORDS: usize = 500;

impl Tx<'_> {
    /// Keeps what could not be read, once.
    pub(super) fn park(&mut self, id: &str, why: &str, raw: &str) -> Result<(), StoreError> {
        let id = cut(id, MOST_WORDS);
        let known = self.rest.parked.iter().any(|p| p.id == id) || self.store.parked(id)?.is_some();
        if known && !self.rest.unparked.iter().any(|u| u == id) {
            return Ok(());
        }
        let stored = self.store.parked_list()?;
        let kept: Vec<&str> = stored.iter().map(|p| p.id.as_str()).filter(|p| !self.rest.unparked.iter().any(|u| u == p)).collect();
        let count = kept.len() + self.rest.parked.len();
        // Said when there is something to look at again, and when what is old begins to go: not each time.
        let code = match count {
            0 => Some("notice-parked"),
            _ if count + 1 == MOST => Some("notice-parked-full"),
            _ => None,
        };
        let oldest: Vec<String> = kept.iter().take((count + 1).saturating_sub(MOST)).map(|p| (*p).to_owned()).collect();
        self.rest.unparked.extend(oldest);
        self.rest.parked.push(Parked {
            id: id.to_owned(),
            why: cut(why, MOST_WORDS).to_owned(),
            at: self.now,
            expires: self.now.plus(KEPT_MS),
            bytes: raw.len() as u64,
            raw: cut(raw, MOST_BYTES).to_owned(),
        });
        if let Some(code) = code {
            self.notice(Say::new(code).text("why", cut(why, MOST_WORDS)));
        }
        Ok(())
    }

    /// Keeps it no longer.
    pub(super) fn unpark(&mut self, id: Option<&str>) -> Result<Answer, StoreError> {
        let answer = |ok: bool, say: Say| Answer { ok, say, case: None, send: None, of: None };
        let gone: Vec<String> = match id {
            Some(id) => self.store.parked(id)?.into_iter().map(|p| p.id).collect(),
            None => self.store.parked_list()?.into_iter().map(|p| p.id).collect(),
        };
        if let (Some(id), true) = (id, gone.is_empty()) {
            return Ok(answer(false, Say::new("refused-not-parked").text("id", id)));
        }
        let said = Say::new("done-parked-drop").number("count", gone.len());
        self.rest.unparked.extend(gone);
        Ok(answer(true, said))
    }
}

/// The beginning of `text`, at most `most` bytes of it.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}
