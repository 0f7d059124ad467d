//! What may leave now: how fast a lane goes, what waits, and the mark before the outside.

use super::context::Tx;
use crate::case::Outgoing;
use crate::case::gate::{Gate, gate};
use crate::case::step::CaseInput;
use crate::clock::{MINUTE_MS, SECOND_MS, Time};
use crate::desk::Desk;
use crate::outbox::lanes::Rate;
use crate::outbox::{Effect, Entry, EntryState, Lane};
use crate::planted::{self, Bug};
use crate::policy::Policy;
use crate::post::Account;
use crate::store::StoreError;
use std::collections::BTreeSet;

pub(super) fn rate_of(policy: &Policy, chat: Rate, lane: &Lane) -> Rate {
    match lane {
        Lane::Chat(_) => chat,
        Lane::Network(account) => {
            let Some(caps) = policy.accounts.get(account).map(|a| &a.capabilities) else { return Rate::even(60) };
            Rate { per_minute: caps.sends_per_minute, burst: caps.sends_at_once, in_flight: caps.in_flight, apart: false }
        }
    }
}

/// Whether an entry can be delivered at all yet. A look-up of something in doubt always can.
pub(super) fn may_go<'a>(reconciled: &'a BTreeSet<Account>, desk: &'a Desk) -> impl Fn(&Entry) -> bool + 'a {
    move |entry| match (&entry.effect, &entry.lane) {
        (Effect::Send { .. }, Lane::Network(account)) => {
            let paused = desk.paused.is_some() && !planted::is(Bug::PauseIgnored);
            entry.state == EntryState::Unknown || (!paused && reconciled.contains(account))
        }
        _ => true,
    }
}

/// How long what a look has found is relied on: well within the hour for which Mastodon knows an
/// `Idempotency-Key`, so that whatever is finished between this look and the send is known by its key.
const LOOK_HOLDS_MS: i64 = 10 * MINUTE_MS;

/// Whether a send was in doubt, and last looked up too long ago, by whichever way the clock was set.
fn is_known_no_more(send: &Outgoing, now: Time) -> bool {
    send.absent_at.is_some_and(|at| now.since(at).saturating_abs() > LOOK_HOLDS_MS) && !planted::is(Bug::StaleLookTrusted)
}

/// Marks an entry in flight, if the gate lets it through.
pub(super) fn mark(tx: &mut Tx<'_>, entry: &Entry) -> Result<Option<Entry>, StoreError> {
    if entry.state == EntryState::Unknown {
        return Ok(Some(entry.clone()));
    }
    if entry.valid_until.is_some_and(|t| t < tx.now) {
        tx.finish(entry.id);
        return Ok(None);
    }
    if let (Effect::Send { send }, Some(id)) = (&entry.effect, entry.case) {
        let Some(case) = tx.case(id)? else {
            tx.finish(entry.id);
            return Ok(None);
        };
        // Settled by another way meanwhile: its own echo, for one.
        let Some(outgoing) = case.send(*send).filter(|s| s.state.is_live()).cloned() else {
            tx.finish(entry.id);
            return Ok(None);
        };
        match gate(&case, &outgoing, &tx.desk, tx.policy, tx.now) {
            Gate::Go if is_known_no_more(&outgoing, tx.now) => {
                tx.step(case, CaseInput::SendUnknown(*send), None)?.ok();
                tx.put(Entry { state: EntryState::Unknown, due: tx.now, ..entry.clone() });
                return Ok(None);
            }
            Gate::Go => tx.step(case, CaseInput::SendStarting(*send), None)?.ok(),
            // Asked again soon; `may_go` keeps what waits for long (a pause) from coming here at all.
            Gate::Wait => {
                tx.put(Entry { due: tx.now.plus(SECOND_MS), ..entry.clone() });
                return Ok(None);
            }
            Gate::Hold(why) => {
                tx.finish(entry.id);
                tx.step(case, CaseInput::SendHeld(*send, why), None)?.ok();
                return Ok(None);
            }
            Gate::Refuse(why) => {
                tx.finish(entry.id);
                tx.step(case, CaseInput::SendStopped(*send, why), None)?.ok();
                return Ok(None);
            }
        };
    }
    let marked = entry.marked(tx.now);
    tx.put(marked.clone());
    Ok(Some(marked))
}
