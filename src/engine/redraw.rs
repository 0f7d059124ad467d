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
use crate::desk::Redraw;
use crate::outbox::{Entry, EntryId, EntryState, Lane};
use crate::policy::RoomId;
use crate::say::Why;
use crate::store::StoreError;

/// Cases that one commit looks through, at most: reading one takes some tens of microseconds.
const CASES_AT_ONCE: u64 = 200;
/// Messages of one room that wait to be drawn anew, at most; but one case's all. When half of them
/// are done, more are looked for.
const WAITING_AT_ONCE: usize = 200;

/// What is next to be done for a room.
enum Next {
    /// Look through cases from this one on; so many messages wait.
    Walk(RoomId, CaseId, usize),
    /// Tell people how it ended.
    Tell(RoomId),
}

impl Engine {
    /// Whether rooms were given or taken the right to private text, or there is more to be drawn anew now.
    pub(super) fn must_redraw(&self) -> bool {
        self.policy.private_rooms() != self.desk.private_rooms || self.next_redraw().is_some()
    }

    fn next_redraw(&self) -> Option<Next> {
        let few = |(room, case): (&RoomId, CaseId)| {
            let waiting = self.lanes.unfinished(&Lane::Chat(room.clone())).filter(|e| e.redraws()).count();
            (waiting <= WAITING_AT_ONCE / 2).then(|| Next::Walk(room.clone(), case, waiting))
        };
        let ended = |(room, redraw): (&RoomId, &Redraw)| {
            // What is still on its way was drawn before, and is drawn anew after its receipt.
            let open = |e: &Entry| e.redraws() || e.id < redraw.before;
            (!self.lanes.unfinished(&Lane::Chat(room.clone())).any(open)).then(|| Next::Tell(room.clone()))
        };
        self.desk.redrawing().find_map(few).or_else(|| self.desk.redraws_untold().find_map(ended))
    }

    /// Notes what rooms may show private text, and draws anew what the change made wrong, some messages at a time.
    pub(super) fn redraw(&mut self, now: Time) -> Result<(), StoreError> {
        let fit = self.policy.private_rooms();
        if fit != self.desk.private_rooms {
            self.transact(now, |tx| {
                let next = EntryId(tx.counters.next_entry);
                tx.desk(|d| d.set_private_rooms(fit, next));
                Ok(())
            })?;
        }
        match self.next_redraw() {
            None => Ok(()),
            Some(Next::Walk(room, from, waiting)) => self.transact(now, |tx| tx.redraw_some(&room, from, waiting)),
            Some(Next::Tell(room)) => self.transact(now, |tx| {
                let told = tx.desk(|d| d.redraw_ended(&room));
                told.into_iter().for_each(|say| tx.notice(say));
                Ok(())
            }),
        }
    }
}

impl Tx<'_> {
    /// Draws anew what may show private text in `room`, of the cases from `from` on, while not too much waits.
    fn redraw_some(&mut self, room: &RoomId, from: CaseId, waiting: usize) -> Result<(), StoreError> {
        let end = self.counters.next_case;
        let (mut next, mut changed) = (from.0, 0);
        while next < end && next < from.0 + CASES_AT_ONCE && waiting + changed < WAITING_AT_ONCE {
            changed += self.redraw(CaseId(next), room)?;
            next += 1;
        }
        let next = (next < end).then_some(CaseId(next));
        self.desk(|d| d.redrawn(room, next, u64::try_from(changed).unwrap_or(u64::MAX)));
        Ok(())
    }

    /// Draws anew what may show private text of a case in `room`; how many messages.
    fn redraw(&mut self, id: CaseId, room: &RoomId) -> Result<usize, StoreError> {
        let Some(case) = self.case(id)? else { return Ok(0) };
        let messages = case.private_messages(room).len();
        if messages > 0 {
            self.step(case, CaseInput::Redraw(room), None)?.ok();
        }
        Ok(messages)
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

    /// A message that was to be drawn anew cannot be changed. It is counted, and told with all others of its room.
    pub(super) fn redraw_refused(&mut self, entry: &Entry, why: &Why, gone: bool) {
        let Lane::Chat(room) = &entry.lane else { return };
        if !entry.redraws() {
            return;
        }
        self.desk(|d| d.redraw_refused(room, why, gone));
        if gone {
            let waiting: Vec<EntryId> =
                self.entries_in(&entry.lane).filter(|e| e.redraws() && e.state == EntryState::Queued).map(|e| e.id).collect();
            waiting.into_iter().for_each(|id| self.finish(id));
        }
    }
}
