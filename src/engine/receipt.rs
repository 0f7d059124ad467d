//! What becomes of an entry once its delivery ended.

use super::context::Tx;
use super::run::Signal;
use crate::case::step::CaseInput;
use crate::case::{Case, CaseId, Event, EventRecord, HoldReason, SendKind, SendState, StopReason};
use crate::clock::{DAY_MS, SECOND_MS, Time};
use crate::command::Answer;
use crate::outbox::lanes::back_off_ms;
use crate::outbox::{Effect, Entry, EntryId, EntryState, Lane, Look, Outcome, Receipt};
use crate::planted::{self, Bug};
use crate::policy::RoomId;
use crate::post::PostRef;
use crate::say::{Say, Why};
use crate::store::{Claim, StoreError};

/// How long a send is tried before it lies among the dead letters.
const GIVE_UP_MS: i64 = DAY_MS;
/// The least pause, however often a chat asked for a shorter one.
const PACED_MS: i64 = 8 * SECOND_MS;
/// How long after a doubt it is first looked up: time for the destination to finish what it began.
const LOOK_AFTER_MS: i64 = 2 * SECOND_MS;

impl Tx<'_> {
    /// A delivery ended.
    pub(super) fn receipt(&mut self, id: EntryId, attempt: u32, outcome: &Outcome, signals: &mut Vec<Signal>) -> Result<(), StoreError> {
        let Some(entry) = self.entry(id).filter(|e| e.attempts == attempt) else { return Ok(()) };
        // A late receipt of an attempt that is in doubt since settles the doubt; anything else is old news.
        let settles = matches!(outcome, Outcome::Done(_) | Outcome::Instead(_)) && entry.state == EntryState::Unknown;
        if entry.state != EntryState::InFlight && !settles {
            return Ok(());
        }
        match outcome {
            Outcome::Done(_) if entry.attempts > 1 && planted::is(Bug::ReceiptDropped) => Ok(()),
            Outcome::Done(receipt) => self.done(entry, receipt),
            Outcome::Instead(receipt) => self.instead(entry, receipt),
            Outcome::Retry { after_ms, why, lane } => {
                let back_off = back_off_ms(entry.attempts);
                // A chat that says how long knows its own pace: what waits for that again and again is none the worse.
                let least = if matches!(entry.lane, Lane::Chat(_)) && after_ms.is_some() { back_off.min(PACED_MS) } else { back_off };
                let until = self.now.plus(after_ms.unwrap_or(0).max(least));
                if *lane {
                    signals.push(Signal::Block(entry.lane.clone(), until));
                }
                self.again(entry, until, why)
            }
            Outcome::AuthLost { why } => {
                let until = self.now.plus(back_off_ms(entry.attempts).max(30 * SECOND_MS));
                if let Lane::Network(account) = &entry.lane {
                    let account = account.clone();
                    self.desk(|d| d.health(&account, Some(why)));
                }
                signals.push(Signal::Lock(entry.lane.clone(), until));
                self.again(entry, until, &why.clone().into())
            }
            Outcome::Unknown { .. } if matches!(entry.effect, Effect::Send { .. }) && planted::is(Bug::ResendWithoutLook) => {
                let until = self.now.plus(LOOK_AFTER_MS);
                self.with_send(&entry, |s| CaseInput::SendWaits(s, until))?;
                self.put(Entry { state: EntryState::Queued, due: until, ..entry });
                Ok(())
            }
            Outcome::Unknown { .. } => {
                let due = self.now.plus(LOOK_AFTER_MS);
                self.with_send(&entry, CaseInput::SendUnknown)?;
                self.put(Entry { state: EntryState::Unknown, due, ..entry });
                Ok(())
            }
            Outcome::Refused { why } => {
                self.redraw_refused(&entry, why, false);
                self.refused(entry, why)
            }
            Outcome::RoomGone { why } => {
                self.redraw_refused(&entry, why, true);
                self.refused(entry, why)
            }
            Outcome::TargetGone => self.target_gone(entry),
            Outcome::TargetEdited => {
                self.finish(entry.id);
                self.with_send(&entry, |s| CaseInput::SendHeld(s, HoldReason::TargetEdited))
            }
        }
    }

    /// A look-up ended.
    pub(super) fn looked(&mut self, id: EntryId, attempt: u32, look: &Look) -> Result<(), StoreError> {
        let Some(entry) = self.entry(id).filter(|e| e.attempts == attempt && e.state == EntryState::Unknown) else { return Ok(()) };
        match look {
            Look::Found(receipt) => self.done(entry, receipt),
            Look::Absent => {
                let now = self.now;
                // An answer may have lain here for long, on a machine that slept: it is as old as its question.
                let at = self.asked(entry.id);
                self.with_send(&entry, |s| CaseInput::SendAbsent(s, at))?;
                // Unless it is held by now.
                if self.entry(entry.id).is_some() {
                    self.put(Entry { state: EntryState::Queued, due: now, ..entry });
                }
                Ok(())
            }
            Look::CannotTell if matches!(entry.effect, Effect::Send { .. }) => {
                self.with_send(&entry, CaseInput::SendDoubt)?;
                self.say_dead(&entry, "notice-in-doubt", &"".into());
                self.put(Entry { state: EntryState::in_doubt(), ..entry });
                Ok(())
            }
            // To staff a message twice does less harm than one that never came.
            Look::CannotTell => {
                self.put(Entry { state: EntryState::Queued, due: self.now, ..entry });
                Ok(())
            }
            Look::Retry { after_ms, .. } => {
                let waited = entry.sent_at.map_or(0, |t| self.now.since(t)).max(LOOK_AFTER_MS);
                // The longer it is in doubt the seldomer it is looked up, up to five minutes.
                let due = self.now.plus(after_ms.unwrap_or(0).max(waited.min(300 * SECOND_MS)));
                self.put(Entry { due, ..entry });
                Ok(())
            }
        }
    }

    /// An operator's word on a dead letter or a doubt.
    pub(super) fn decide(&mut self, id: EntryId, retry: bool) -> Result<Answer, StoreError> {
        let answer = |ok: bool, code: &str, case| Answer { ok, say: Say::new(code).number("entry", id.0), case, send: None, of: None };
        let Some(entry) = self.entry(id) else { return Ok(answer(false, "refused-no-entry", None)) };
        let case = entry.case;
        if entry.state == EntryState::InFlight {
            return Ok(answer(false, "refused-entry-in-flight", case));
        }
        if retry {
            let now = self.now;
            // What can be looked up is, if that was long ago; of the rest a person has the last word.
            let in_doubt = entry.state.is_in_doubt();
            self.with_send(&entry, |s| if in_doubt { CaseInput::SendTriedAgain(s) } else { CaseInput::SendWaits(s, now) })?;
            // A new lease of life: tried as if decided now.
            self.put(Entry { state: EntryState::Queued, due: now, created: now, ..entry });
            return Ok(answer(true, "done-outbox-retry", case));
        }
        self.finish(entry.id);
        self.with_send(&entry, |s| CaseInput::SendStopped(s, StopReason::Dropped))?;
        Ok(answer(true, "done-outbox-drop", case))
    }

    fn with_send<'b>(&mut self, entry: &Entry, input: impl FnOnce(u32) -> CaseInput<'b>) -> Result<(), StoreError> {
        if let (Effect::Send { send }, Some(id)) = (&entry.effect, entry.case)
            && let Some(case) = self.case(id)?
        {
            // What the outside says is never refused.
            self.step(case, input(*send), None)?.ok();
        }
        Ok(())
    }

    fn instead(&mut self, entry: Entry, receipt: &Receipt) -> Result<(), StoreError> {
        if let Some(case) = entry.case.map(|id| self.case(id)).transpose()?.flatten() {
            self.step(case, CaseInput::Instead(&entry.effect, receipt), None)?.ok();
        }
        self.done(entry, receipt)
    }

    fn done(&mut self, entry: Entry, receipt: &Receipt) -> Result<(), StoreError> {
        self.finish(entry.id);
        if let Lane::Network(account) = &entry.lane {
            let account = account.clone();
            self.desk(|d| d.health(&account, None));
        }
        let Some(case) = entry.case.map(|id| self.case(id)).transpose()?.flatten() else { return Ok(()) };
        match &entry.effect {
            Effect::Send { send } => {
                self.claim_published(&case, *send, receipt);
                self.step(case, CaseInput::SendPublished(*send, receipt), None)?.ok();
            }
            Effect::Card { place } => {
                self.step(case, CaseInput::CardShown(*place, receipt), None)?.ok();
            }
            Effect::ThreadEntry { place, event } => {
                let record = self.store.events(case.id, *event, 1)?.into_iter().next().filter(|r| r.n == *event);
                if let Some(record) = record {
                    self.entry_shown(entry.id, case, *place, &record, receipt)?;
                }
            }
            Effect::CardUpdate { .. }
            | Effect::EntryUpdate { .. }
            | Effect::Notice { .. }
            | Effect::Erased { .. }
            | Effect::Digest { .. } => {}
        }
        self.redraw_if_late(&entry)
    }

    fn entry_shown(&mut self, entry: EntryId, case: Case, place: usize, record: &EventRecord, receipt: &Receipt) -> Result<(), StoreError> {
        let id = case.id;
        let post = record.event.shows_post();
        // It was drawn as its room was then.
        let was_private = |room: &RoomId| self.desk.redraws.get(room).is_some_and(|r| r.hide && entry < r.before);
        let in_private = case.places.get(place).is_some_and(|p| self.policy.shows_private(&p.room) || was_private(&p.room));
        // A draft in any other room was typed before everybody there.
        let private = case.may_show_private(&record.event) && (in_private || !matches!(record.event, Event::Drafted { .. }));
        if let Event::ApprovalAsked { send } = &record.event {
            self.step(case, CaseInput::OfferShown(*send), None)?.ok();
        }
        if (post.is_some() || private)
            && let Some(case) = self.case(id)?
        {
            self.step(case, CaseInput::EventShown { place, event: record.n, post, receipt }, None)?.ok();
        }
        Ok(())
    }

    /// Answers to what we published belong to the case.
    fn claim_published(&mut self, case: &Case, send: u32, receipt: &Receipt) {
        let Some(outgoing) = case.send(send).filter(|s| !matches!(s.kind, SendKind::Retract { .. } | SendKind::Correct { .. })) else {
            return;
        };
        let claim = Claim::Case(case.id);
        if let Some(post) = &receipt.post {
            self.set_claim(PostRef::World(post.clone()), claim.clone());
        }
        if !receipt.native_id.is_empty() {
            self.set_claim(PostRef::Local { account: outgoing.account.clone(), local_id: receipt.native_id.clone() }, claim);
        }
    }

    /// It surely did not happen: once more later. After a day a send to a customer is for people to
    /// decide; what the team is to see is tried for as long as it takes.
    fn again(&mut self, entry: Entry, until: Time, why: &Why) -> Result<(), StoreError> {
        if matches!(entry.lane, Lane::Network(_)) && self.now.since(entry.created) > GIVE_UP_MS {
            return self.bury(entry, why);
        }
        self.with_send(&entry, |s| CaseInput::SendWaits(s, until))?;
        self.put(Entry { state: EntryState::Queued, due: until, ..entry });
        Ok(())
    }

    fn bury(&mut self, entry: Entry, why: &Why) -> Result<(), StoreError> {
        let now = self.now;
        self.with_send(&entry, |s| CaseInput::SendWaits(s, now))?;
        self.with_send(&entry, |s| CaseInput::SendUndelivered(s, why))?;
        self.say_dead(&entry, "notice-dead-letter", why);
        self.put(Entry { state: EntryState::Dead { why: why.clone() }, ..entry });
        Ok(())
    }

    fn say_dead(&mut self, entry: &Entry, code: &str, why: &Why) {
        // A notice that cannot be delivered is not announced by another one.
        if matches!(entry.effect, Effect::Notice { .. }) {
            return;
        }
        let case = entry.case.unwrap_or(CaseId(0));
        self.notice(Say::new(code).number("entry", entry.id.0).case(case).with("why", why.into()));
    }

    fn refused(&mut self, entry: Entry, why: &Why) -> Result<(), StoreError> {
        match (&entry.effect, entry.case) {
            (Effect::Send { .. }, _) => {
                self.finish(entry.id);
                self.with_send(&entry, |s| CaseInput::SendStopped(s, StopReason::Refused(why.clone())))
            }
            (Effect::Card { .. }, _) if planted::is(Bug::RefusedCardDropped) => {
                self.finish(entry.id);
                Ok(())
            }
            (Effect::Card { place }, Some(id)) if entry.lane != Lane::Chat(self.policy.fallback_room.clone()) => {
                let fallback = self.policy.fallback_room.clone();
                let place = *place;
                if let Some(case) = self.case(id)? {
                    self.step(case, CaseInput::RoomRefused(place, &fallback), None)?.ok();
                }
                // The card, and all that waits for its thread, go to the room that takes everything.
                let old = entry.lane.clone();
                for waiting in self.entries_of(id).into_iter().filter(|e| e.lane == old) {
                    self.put(Entry { lane: Lane::Chat(fallback.clone()), state: EntryState::Queued, due: self.now, ..waiting });
                }
                Ok(())
            }
            // An update of a message that is gone is not worth a word.
            (Effect::CardUpdate { .. } | Effect::EntryUpdate { .. } | Effect::Erased { edit: Some(_), .. }, _) => {
                self.finish(entry.id);
                Ok(())
            }
            _ => self.bury(entry, why),
        }
    }

    fn target_gone(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.finish(entry.id);
        let (Effect::Send { send }, Some(id)) = (&entry.effect, entry.case) else { return Ok(()) };
        let Some(case) = self.case(id)? else { return Ok(()) };
        let outgoing = case.send(*send).cloned();
        self.step(case, CaseInput::SendStopped(*send, StopReason::TargetGone), None)?.ok();
        let target = outgoing
            .filter(|s| matches!(s.kind, SendKind::Reply) && !matches!(s.state, SendState::Published { .. }))
            .and_then(|s| s.target);
        if let (Some(target), Some(case)) = (target, self.case(id)?) {
            self.step(case, CaseInput::Deleted(&target, self.now), None)?.ok();
        }
        Ok(())
    }
}
