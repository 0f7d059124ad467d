//! What may go now: the outbox in memory, by lane.
//!
//! A mirror of what the store holds, changed only after a commit. Each lane has a token bucket and
//! a bound on what is in flight; within it the most urgent goes first, in order per case.

use super::{Effect, Entry, EntryId, EntryState, Lane, Urgency};
use crate::case::CaseId;
use crate::clock::Time;
use std::collections::{BTreeMap, BTreeSet};

/// How fast a lane may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Deliveries a minute.
    pub per_minute: u32,
    /// Deliveries on their way at once.
    pub in_flight: usize,
}

/// One lane's own state; not kept, for it heals by itself.
#[derive(Clone, Debug, Default)]
struct LaneState {
    /// What waits, in the order in which it would go.
    waiting: BTreeSet<(Urgency, EntryId)>,
    /// What is in flight or being looked up.
    busy: BTreeSet<EntryId>,
    /// Tokens in thousandths, as of `filled`.
    tokens: i64,
    filled: Time,
    /// The destination asked for silence until then.
    blocked: Time,
    /// Its token is bad: not tried again before then, unless it is known to be good sooner.
    locked: Time,
    /// Unfinished entries of each case, so that order holds within it.
    by_case: BTreeMap<CaseId, BTreeSet<EntryId>>,
}

/// The outbox in memory.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    entries: BTreeMap<EntryId, Entry>,
    lanes: BTreeMap<Lane, LaneState>,
    by_case: BTreeMap<CaseId, BTreeSet<EntryId>>,
}

/// One token, in the bucket's unit.
const TOKEN: i64 = 1_000;

impl Lanes {
    /// Everything that is not done, by number.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// An entry.
    #[must_use]
    pub fn get(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The unfinished entries of a case.
    pub fn of_case(&self, case: CaseId) -> impl Iterator<Item = &Entry> {
        self.by_case.get(&case).into_iter().flatten().filter_map(|id| self.entries.get(id))
    }

    /// Takes in an entry as the store now holds it.
    pub fn put(&mut self, entry: Entry) {
        self.unlink(entry.id);
        let lane = self.lanes.entry(entry.lane.clone()).or_default();
        match entry.state {
            EntryState::Queued | EntryState::Unknown => {
                lane.waiting.insert((entry.urgency, entry.id));
            }
            EntryState::InFlight => {
                lane.busy.insert(entry.id);
            }
            EntryState::Dead { .. } => {}
        }
        if let Some(case) = entry.case {
            self.by_case.entry(case).or_default().insert(entry.id);
            // A dead letter lets others pass, but not a card: without it there is no thread for them.
            if !matches!(entry.state, EntryState::Dead { .. }) || matches!(entry.effect, Effect::Card { .. }) {
                lane.by_case.entry(case).or_default().insert(entry.id);
            }
        }
        self.entries.insert(entry.id, entry);
    }

    /// Forgets a finished entry.
    pub fn remove(&mut self, id: EntryId) {
        self.unlink(id);
        self.entries.remove(&id);
    }

    /// An entry is being looked up: it is not handed out again meanwhile.
    pub fn looking(&mut self, id: EntryId) {
        let Some(entry) = self.entries.get(&id) else { return };
        if let Some(lane) = self.lanes.get_mut(&entry.lane) {
            lane.waiting.remove(&(entry.urgency, id));
            lane.busy.insert(id);
        }
    }

    /// The lane's destination asked for silence.
    pub fn block(&mut self, lane: &Lane, until: Time) {
        let lane = self.lanes.entry(lane.clone()).or_default();
        lane.blocked = lane.blocked.max(until);
    }

    /// The lane's token was found bad: it is not tried again before `until`.
    pub fn lock(&mut self, lane: &Lane, until: Time) {
        let lane = self.lanes.entry(lane.clone()).or_default();
        lane.locked = lane.locked.max(until);
    }

    /// The token is good again. Silence that the destination asked for is kept all the same.
    pub fn unlock(&mut self, lane: &Lane) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.locked = Time::default();
        }
    }

    /// What may go now, most urgent first, at most `limit`. `may` says whether an entry can be
    /// delivered at all yet (its thread stands, sending is not paused). Takes the tokens.
    pub fn take(&mut self, now: Time, limit: usize, rate: impl Fn(&Lane) -> Rate, may: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut out = Vec::new();
        for (name, lane) in &mut self.lanes {
            let rate = rate(name);
            lane.refill(now, rate);
            while out.len() < limit && lane.quiet_until() <= now && lane.busy.len() < rate.in_flight && lane.tokens >= TOKEN {
                let Some(id) = lane.first(&self.entries, now, &may) else { break };
                let Some(entry) = self.entries.get(&id) else { break };
                lane.tokens -= TOKEN;
                lane.waiting.remove(&(entry.urgency, id));
                lane.busy.insert(id);
                out.push(entry.clone());
            }
        }
        out
    }

    /// Puts back what [`Lanes::take`] gave and the commit did not mark.
    pub fn give_back(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Some(current) = self.entries.get(&entry.id).cloned() {
                self.put(current);
            }
        }
    }

    /// When [`Lanes::take`] may next have something, if nothing else happens.
    #[must_use]
    pub fn next(&self, now: Time, rate: impl Fn(&Lane) -> Rate, may: impl Fn(&Entry) -> bool) -> Option<Time> {
        self.lanes
            .iter()
            .filter_map(|(name, lane)| {
                let rate = rate(name);
                if lane.busy.len() >= rate.in_flight {
                    return None;
                }
                let ready =
                    if lane.first(&self.entries, now, &may).is_some() { Some(now) } else { lane.earliest(&self.entries, now, &may) }?;
                Some(ready.max(lane.quiet_until()).max(lane.token_at(rate)))
            })
            .min()
    }

    fn unlink(&mut self, id: EntryId) {
        let Some(old) = self.entries.get(&id) else { return };
        if let Some(lane) = self.lanes.get_mut(&old.lane) {
            lane.waiting.remove(&(old.urgency, id));
            lane.busy.remove(&id);
            if let Some(set) = old.case.and_then(|c| lane.by_case.get_mut(&c)) {
                set.remove(&id);
                if set.is_empty() {
                    old.case.map(|c| lane.by_case.remove(&c));
                }
            }
        }
        if let Some((case, set)) = old.case.and_then(|c| self.by_case.get_mut(&c).map(|s| (c, s))) {
            set.remove(&id);
            if set.is_empty() {
                self.by_case.remove(&case);
            }
        }
    }
}

impl LaneState {
    fn quiet_until(&self) -> Time {
        self.blocked.max(self.locked)
    }

    /// Whether nothing of the same case, decided earlier, is still unfinished in this lane.
    fn is_head(&self, entry: &Entry) -> bool {
        let first = entry.case.and_then(|c| self.by_case.get(&c)).and_then(|set| set.first());
        first.is_none_or(|first| *first == entry.id)
    }

    fn first(&self, entries: &BTreeMap<EntryId, Entry>, now: Time, may: impl Fn(&Entry) -> bool) -> Option<EntryId> {
        let ready = |e: &&Entry| e.due <= now && self.is_head(e) && may(e);
        self.waiting.iter().filter_map(|(_, id)| entries.get(id)).find(ready).map(|e| e.id)
    }

    fn earliest(&self, entries: &BTreeMap<EntryId, Entry>, now: Time, may: impl Fn(&Entry) -> bool) -> Option<Time> {
        let later = |e: &&Entry| e.due > now && self.is_head(e) && may(e);
        self.waiting.iter().filter_map(|(_, id)| entries.get(id)).filter(later).map(|e| e.due).min()
    }

    /// A bucket holds five seconds' worth, at least one token. A clock that went back refills nothing.
    fn refill(&mut self, now: Time, rate: Rate) {
        let per_minute = i64::from(rate.per_minute.max(1));
        let full = (per_minute / 12).max(1) * TOKEN;
        if self.filled == Time::default() {
            self.tokens = full;
        } else {
            let gained = now.since(self.filled).clamp(0, crate::clock::HOUR_MS) * per_minute * TOKEN / crate::clock::MINUTE_MS;
            if gained == 0 && now > self.filled {
                return; // less than a thousandth of a token: wait for more rather than lose it
            }
            self.tokens = (self.tokens + gained).min(full);
        }
        self.filled = now;
    }

    /// When there is a whole token, counting from `filled`.
    fn token_at(&self, rate: Rate) -> Time {
        let missing = (TOKEN - self.tokens).max(0);
        if self.filled == Time::default() || missing == 0 {
            return Time::default();
        }
        let per_minute = i64::from(rate.per_minute.max(1));
        let rate = per_minute * TOKEN;
        self.filled.plus((missing * crate::clock::MINUTE_MS + rate - 1) / rate)
    }
}

/// How long to wait before attempt `attempts + 1`, in milliseconds: doubles from one second to five minutes.
#[must_use]
pub fn back_off_ms(attempts: u32) -> i64 {
    (crate::clock::SECOND_MS << attempts.saturating_sub(1).min(9)).min(5 * crate::clock::MINUTE_MS)
}
