//! Rooms that stop being private, and rooms that are private again.
//!
//! What stands in such a room was drawn by rules that no longer hold, so all that may show private text
//! there is drawn anew: it is masked, or shown again. The desk notes durably how far this has come, so
//! that a crash only interrupts it. People are told what was changed, and what could not be.

use super::context::Tx;
use super::run::Engine;
use crate::case::CaseId;
use crate::case::step::CaseInput;
use crate::clock::Time;
use crate::outbox::{Effect, Entry, EntryId, Lane, Urgency};
use crate::policy::RoomId;
use crate::say::Say;
use crate::store::StoreError;

/// Cases that one commit looks through, at most: reading one takes some tens of microseconds.
const CASES_AT_ONCE: u64 = 200;

impl Engine {
    /// Whether rooms were given or taken the right to private text, and not all is drawn anew yet.
    pub(super) fn must_redraw(&self) -> bool {
        self.policy.private_rooms() != self.desk.private_rooms || self.desk.redrawing().is_some()
    }

    /// Notes what rooms may show private text, and draws anew what the change made wrong, some cases at a time.
    pub(super) fn redraw(&mut self, now: Time) -> Result<(), StoreError> {
        let fit = self.policy.private_rooms();
        if fit != self.desk.private_rooms {
            self.transact(now, |tx| {
                let next = EntryId(tx.counters.next_entry);
                tx.desk(|d| d.set_private_rooms(fit, next));
                Ok(())
            })?;
        }
        let Some((room, from)) = self.desk.redrawing() else { return Ok(()) };
        self.transact(now, |tx| {
            let end = tx.counters.next_case.min(from.0 + CASES_AT_ONCE);
            let mut changed = 0;
            for id in from.0..end {
                changed += tx.redraw(CaseId(id), &room)?;
            }
            let next = (end < tx.counters.next_case).then_some(CaseId(end));
            let told = tx.desk(|d| d.redrawn(&room, next, changed));
            if let Some(say) = told {
                tx.notice(say);
            }
            Ok(())
        })
    }
}

impl Tx<'_> {
    /// Draws anew what may show private text of a case in `room`; how many messages.
    fn redraw(&mut self, id: CaseId, room: &RoomId) -> Result<u64, StoreError> {
        let Some(case) = self.case(id)? else { return Ok(0) };
        let messages = case.private_messages(room).len();
        if messages > 0 {
            self.step(case, CaseInput::Redraw(room), None)?.ok();
        }
        Ok(u64::try_from(messages).unwrap_or(u64::MAX))
    }

    /// A message that was on its way as its room changed may have been drawn before, and passed by when
    /// the room's others were drawn anew.
    pub(super) fn redraw_if_late(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let (Lane::Chat(room), Some(case)) = (&entry.lane, entry.case) else { return Ok(()) };
        let late = self.desk.redraws.get(room).is_some_and(|r| entry.id < r.before);
        if late {
            self.redraw(case, room)?;
        }
        Ok(())
    }

    /// A message that should no longer show private text cannot be changed: people must do it.
    pub(super) fn redraw_refused(&mut self, entry: &Entry, why: &str) {
        let (Lane::Chat(room), Some(case)) = (&entry.lane, entry.case) else { return };
        let update = matches!(entry.effect, Effect::CardUpdate { .. } | Effect::EntryUpdate { .. });
        // Nothing else makes a change urgent.
        if update && entry.urgency == Urgency::Urgent && self.desk.redraws.get(room).is_some_and(|r| r.hide) {
            self.notice(Say::new("notice-room-not-masked").case(case).text("room", room.as_str()).text("why", why));
        }
    }
}
