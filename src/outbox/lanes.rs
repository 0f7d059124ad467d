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
    /// Deliveries a minute, in the long run.
    pub per_minute: u32,
    /// Deliveries at once after a quiet time, before that holds; at least one.
    pub burst: u32,
    /// Deliveries on their way at once.
    pub in_flight: usize,
    /// Of these, whether changes of what already stands are counted by themselves, and what staff wait for as
    /// well: then a change that has to wait holds up no new message, and neither of them anybody's act.
    pub apart: bool,
}

impl Rate {
    /// So many a minute, evenly: five seconds' worth at once, and one on its way.
    #[must_use]
    pub fn even(per_minute: u32) -> Rate {
        Rate { per_minute, burst: per_minute / 12, in_flight: 1, apart: false }
    }
}

/// One lane's own state; not kept, for it heals by itself.
#[derive(Clone, Debug, Default)]
struct LaneState {
    /// What waits, in the order in which it would go.
    waiting: BTreeSet<(Urgency, EntryId)>,
    /// What is in flight or being looked up.
    busy: BTreeSet<EntryId>,
    /// Of this, what changes something that stands.
    changing: BTreeSet<EntryId>,
    /// Of this, what staff wait for and changes nothing that stands.
    acts: BTreeSet<EntryId>,
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
    /// Since when what is being looked up is.
    asked: BTreeMap<EntryId, Time>,
}

/// One token, in the bucket's unit.
const TOKEN: i64 = 1_000;

impl Lanes {
    /// Everything that is not done, by number.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// How many are not done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
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

    /// The entries of a lane that may still be delivered.
    pub fn unfinished(&self, lane: &Lane) -> impl Iterator<Item = &Entry> {
        let lane = self.lanes.get(lane).into_iter();
        lane.flat_map(|l| l.waiting.iter().map(|(_, id)| id).chain(&l.busy)).filter_map(|id| self.entries.get(id))
    }

    /// Takes in an entry as the store now holds it.
    pub fn put(&mut self, entry: Entry) {
        self.unlink(entry.id);
        let lane = self.lanes.entry(entry.lane.clone()).or_default();
        match entry.state {
            EntryState::Queued | EntryState::Unknown => {
                lane.waiting.insert((entry.urgency, entry.id));
            }
            EntryState::InFlight => lane.occupy(&entry),
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

    /// An entry is being looked up from now on: it is not handed out again meanwhile.
    pub fn looking(&mut self, id: EntryId, now: Time) {
        let Some(entry) = self.entries.get(&id) else { return };
        self.asked.insert(id, now);
        if let Some(lane) = self.lanes.get_mut(&entry.lane) {
            lane.waiting.remove(&(entry.urgency, id));
            lane.occupy(entry);
        }
    }

    /// When an entry that is being looked up was handed out for it: what is found is as old as that.
    #[must_use]
    pub fn asked(&self, id: EntryId) -> Option<Time> {
        self.asked.get(&id).copied()
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
            while out.len() < limit && lane.quiet_until() <= now && !lane.is_full(rate) && lane.tokens >= TOKEN {
                let Some(id) = lane.first(&self.entries, now, rate, &may) else { break };
                let Some(entry) = self.entries.get(&id) else { break };
                lane.tokens -= TOKEN;
                lane.waiting.remove(&(entry.urgency, id));
                lane.occupy(entry);
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
                if lane.waiting.is_empty() || lane.is_full(rate) {
                    return None;
                }
                let first = lane.first(&self.entries, now, rate, &may).map(|_| now);
                let ready = first.or_else(|| lane.earliest(&self.entries, now, rate, &may))?;
                Some(ready.max(lane.quiet_until()).max(lane.token_at(rate)))
            })
            .min()
    }

    fn unlink(&mut self, id: EntryId) {
        let Some(old) = self.entries.get(&id) else { return };
        if let Some(lane) = self.lanes.get_mut(&old.lane) {
            lane.waiting.remove(&(old.urgency, id));
            lane.busy.remove(&id);
            lane.changing.remove(&id);
            lane.acts.remove(&id);
            self.asked.remove(&id);
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

    fn occupy(&mut self, entry: &Entry) {
        self.busy.insert(entry.id);
        if entry.effect.changes() {
            self.changing.insert(entry.id);
        } else if entry.urgency == Urgency::Staff {
            self.acts.insert(entry.id);
        }
    }

    /// How many new messages are on their way besides staff's acts.
    fn posting(&self) -> usize {
        self.busy.len() - self.changing.len() - self.acts.len()
    }

    /// Whether nothing more may be on its way, of whatever kind.
    fn is_full(&self, rate: Rate) -> bool {
        let least = self.posting().min(self.changing.len()).min(self.acts.len());
        if rate.apart { least >= rate.in_flight } else { self.busy.len() >= rate.in_flight }
    }

    /// Whether one more of this kind may be on its way; of the lane as a whole see [`LaneState::is_full`].
    fn has_room(&self, entry: &Entry, rate: Rate) -> bool {
        let like = match entry.urgency {
            _ if entry.effect.changes() => self.changing.len(),
            Urgency::Staff => self.acts.len(),
            _ => self.posting(),
        };
        !rate.apart || like < rate.in_flight
    }

    /// Whether nothing of the same case, decided earlier, is still unfinished in this lane.
    fn is_head(&self, entry: &Entry) -> bool {
        let first = entry.case.and_then(|c| self.by_case.get(&c)).and_then(|set| set.first());
        first.is_none_or(|first| *first == entry.id)
    }

    fn first(&self, entries: &BTreeMap<EntryId, Entry>, now: Time, rate: Rate, may: impl Fn(&Entry) -> bool) -> Option<EntryId> {
        let ready = |e: &&Entry| e.due <= now && self.has_room(e, rate) && self.is_head(e) && may(e);
        let waiting = || self.waiting.iter().filter_map(|(_, id)| entries.get(id));
        // What is urgent and has to wait for something of its own case lends that its place.
        let lent = |e: &Entry| {
            let head = self.by_case.get(&e.case?)?.first().and_then(|id| entries.get(id))?;
            let waits = matches!(head.state, EntryState::Queued | EntryState::Unknown) && !self.busy.contains(&head.id);
            (e.urgency <= Urgency::Urgent && e.due <= now && waits).then_some(head).filter(ready)
        };
        let (first, in_its_place) = waiting().find_map(|e| if ready(&e) { Some((e, false)) } else { Some((lent(e)?, true)) })?;
        if first.redraws() && !in_its_place {
            // It can be thousands: changes decided before it do not wait for all of them.
            let earlier = self.waiting.range((Urgency::Update, EntryId(0))..(Urgency::Update, first.id));
            if let Some(earlier) = earlier.filter_map(|(_, id)| entries.get(id)).find(ready) {
                return Some(earlier.id);
            }
        }
        Some(first.id)
    }

    fn earliest(&self, entries: &BTreeMap<EntryId, Entry>, now: Time, rate: Rate, may: impl Fn(&Entry) -> bool) -> Option<Time> {
        let later = |e: &&Entry| e.due > now && self.has_room(e, rate) && self.is_head(e) && may(e);
        self.waiting.iter().filter_map(|(_, id)| entries.get(id)).filter(later).map(|e| e.due).min()
    }

    /// A clock that went back refills nothing.
    fn refill(&mut self, now: Time, rate: Rate) {
        let per_minute = i64::from(rate.per_minute.max(1));
        let full = i64::from(rate.burst.max(1)) * TOKEN;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::RoomId;

    fn entry(id: u64, case: u64, effect: Effect) -> Entry {
        Entry { case: Some(CaseId(case)), ..Entry::queued(EntryId(id), Lane::Chat(RoomId::from("room")), effect, Time(0)) }
    }

    #[test]
    fn a_doubt_goes_back_to_the_first_attempt_and_no_further() {
        let new = entry(1, 1, Effect::Card { place: 0 });
        let once = new.marked(Time(90_000));
        assert_eq!((new.since(), once.since(), once.sent_at), (Time(0), Time(90_000), Some(Time(90_000))));
        assert_eq!(once.marked(Time(95_000)).since(), Time(90_000));
        // Tried by an older sereno, which did not keep when first.
        let old = Entry { tried_at: None, ..once };
        assert_eq!((old.since(), old.marked(Time(95_000)).since()), (Time(0), Time(0)));
    }

    fn taken(lanes: &mut Lanes, apart: bool) -> Vec<u64> {
        let rate = Rate { in_flight: 1, apart, ..Rate::even(60_000) };
        lanes.take(Time(1_000), 10, |_| rate, |_| true).into_iter().map(|e| e.id.0).collect()
    }

    #[test]
    fn a_change_on_its_way_holds_up_changes_alone_where_they_are_counted_apart() {
        for (apart, then) in [(true, vec![3]), (false, vec![])] {
            let mut lanes = Lanes::default();
            lanes.put(entry(1, 1, Effect::CardUpdate { place: 0 }));
            assert_eq!(taken(&mut lanes, apart), [1]);
            lanes.put(entry(2, 2, Effect::CardUpdate { place: 0 }));
            lanes.put(entry(3, 3, Effect::Card { place: 0 }));
            let rate = Rate { in_flight: 1, apart, ..Rate::even(60_000) };
            assert_eq!(lanes.next(Time(1_000), |_| rate, |_| true).is_some(), apart);
            assert_eq!(taken(&mut lanes, apart), then);
            lanes.remove(EntryId(1));
            assert_eq!(taken(&mut lanes, apart), [2]);
        }
    }

    #[test]
    fn what_may_leave_at_once_does_and_then_the_rate_holds() {
        let rate = Rate { burst: 3, in_flight: 10, ..Rate::even(1) };
        let mut lanes = Lanes::default();
        (1..=5).for_each(|id| lanes.put(entry(id, id, Effect::Card { place: 0 })));
        let mut take = |at| lanes.take(Time(at), 10, |_| rate, |_| true).into_iter().map(|e| e.id.0).collect::<Vec<_>>();
        assert_eq!(take(1_000), [1, 2, 3]);
        assert_eq!(take(30_000), [] as [u64; 0]);
        assert_eq!(take(62_000), [4], "one a minute");
        assert_eq!(take(123_000), [5]);
    }

    #[test]
    fn a_message_on_its_way_holds_up_nobody_s_act_where_they_are_counted_apart() {
        for (apart, then) in [(true, vec![2]), (false, vec![])] {
            let act = |id| Entry { urgency: Urgency::Staff, ..entry(id, id, Effect::ThreadEntry { place: 0, event: 1 }) };
            let mut lanes = Lanes::default();
            lanes.put(entry(1, 1, Effect::Card { place: 0 }));
            assert_eq!(taken(&mut lanes, apart), [1]);
            [act(2), act(3), entry(4, 4, Effect::Card { place: 0 })].into_iter().for_each(|e| lanes.put(e));
            assert_eq!(taken(&mut lanes, apart), then, "one of them at a time");
        }
    }

    #[test]
    fn what_draws_a_room_anew_overtakes_neither_new_messages_nor_changes_decided_before() {
        let update = |id| Entry { urgency: Urgency::Update, ..entry(id, id, Effect::CardUpdate { place: 0 }) };
        let redraw = |id| entry(id, id, Effect::CardUpdate { place: 0 });
        let urgent = Entry { urgency: Urgency::Urgent, ..entry(7, 7, Effect::Card { place: 0 }) };
        let mut lanes = Lanes::default();
        [entry(2, 2, Effect::Card { place: 0 }), update(3), redraw(4), redraw(5), update(6), urgent].into_iter().for_each(|e| lanes.put(e));
        let mut went = Vec::new();
        while let [id] = taken(&mut lanes, false)[..] {
            lanes.remove(EntryId(id));
            went.push(id);
        }
        assert_eq!(went, [7, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn of_one_case_nothing_overtakes_a_change() {
        let mut lanes = Lanes::default();
        lanes.put(entry(1, 1, Effect::CardUpdate { place: 0 }));
        lanes.put(entry(2, 1, Effect::ThreadEntry { place: 0, event: 1 }));
        assert_eq!(taken(&mut lanes, true), [1]);
        assert_eq!(taken(&mut lanes, true), [0; 0]);
    }

    #[test]
    fn what_staff_wait_for_lends_its_place_to_what_it_waits_for() {
        let mut lanes = Lanes::default();
        // Of case 1 a change of its card waits before staff's act; other cases have posts in plenty.
        lanes.put(Entry { urgency: Urgency::Update, ..entry(1, 1, Effect::CardUpdate { place: 0 }) });
        for id in 2..6 {
            lanes.put(entry(id, id, Effect::Card { place: 0 }));
        }
        lanes.put(Entry { urgency: Urgency::Staff, ..entry(6, 1, Effect::ThreadEntry { place: 0, event: 1 }) });
        let mut order = Vec::new();
        while let [id] = taken(&mut lanes, false)[..] {
            order.push(id);
            lanes.remove(EntryId(id));
        }
        assert_eq!(order, [1, 6, 2, 3, 4, 5], "in its case's order, and ahead of all others");
    }
}
