//! The desk: what belongs to a team as a whole. Pure, like the case.

use crate::case::CaseId;
use crate::case::refusal::Refusal;
use crate::clock::{DAY_MS, HOUR_MS, Time};
use crate::command::{Command, Run, table};
use crate::cost::{AllCosts, Costs, Money};
use crate::digest::schedule;
use crate::outbox::{Effect, EntryId, Urgency};
use crate::policy::{AgentId, Policy, RoomId};
use crate::post::Account;
use crate::say::{Arg, Say, Why};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who stopped sending, where it was no person.
const SERENO: &str = "sereno";

/// Sending to the networks is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// By whom.
    pub by: AgentId,
    /// When.
    pub at: Time,
}

/// What belongs to a team as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Whether sending is stopped.
    pub paused: Option<Paused>,
    /// The last local day (`2026-11-21`) whose digest was given.
    pub digest_given: Option<String>,
    /// When the desk next wants to be woken.
    pub next_wake: Option<Time>,
    /// Accounts whose token was last found bad, and since when.
    pub auth_lost: BTreeMap<Account, Time>,
    /// When each account was first seen: older posts are not taken in.
    pub first_seen: BTreeMap<Account, Time>,
    /// What was open as each of the last local days ended, oldest first; at most 100.
    #[serde(default)]
    pub day_ends: Vec<DayEnd>,
    /// The cases erased last and when, oldest first; at most 1,000.
    #[serde(default)]
    pub erased: Vec<(CaseId, Time)>,
    /// The rooms in which private text may stand, as last seen.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub private_rooms: BTreeSet<RoomId>,
    /// Rooms that stopped being private, or are so again, and how far what stands there is drawn anew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redraws: BTreeMap<RoomId, Redraw>,
    /// What each account's month has cost so far, where its network charges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub costs: AllCosts,
}

/// How far the messages of a room are drawn anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redraw {
    /// Outbox entries of smaller numbers were decided before.
    pub before: EntryId,
    /// The next case to be looked at; `None`: all were.
    pub next: Option<CaseId>,
    /// Messages drawn anew so far.
    pub messages: u64,
    /// Whether private text is taken away; else it is shown again.
    pub hide: bool,
    /// Of these messages, how many the chat would not change.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: u64,
    /// Why it would not change the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// Whether the room itself is gone, or the bot no longer in it: no more is tried.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// Whether all cases were looked at, and people are not told yet how it ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untold: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_false(b: &bool) -> bool {
    !*b
}

/// What was open as a local day ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEnd {
    /// The first moment after the day.
    pub at: Time,
    /// How many cases.
    pub open: u64,
    /// When the oldest of them was opened.
    pub oldest: Option<Time>,
}

/// Ends of days that are remembered.
const DAY_ENDS: usize = 100;
/// Erasures whose moment is remembered.
const ERASURES: usize = 1_000;

/// A desk never sleeps for longer, nor gives a digest further ahead: what stands beyond was set by a
/// clock that was wrong. A clock set back by less repeats nothing.
const SLEEP_MS: i64 = 3 * DAY_MS;

impl Desk {
    /// Nothing more goes out by itself until a person has looked.
    pub fn pause_by_itself(&mut self, now: Time) {
        self.paused.get_or_insert_with(|| Paused { by: AgentId::from(SERENO), at: now });
    }

    /// When it is to be woken, as seen at `now`.
    #[must_use]
    pub fn wakes_at(&self, now: Time) -> Time {
        self.next_wake.filter(|t| t.since(now) <= SLEEP_MS).unwrap_or(now)
    }

    /// What was open as the day that ended at `at` ended, where that was noted.
    #[must_use]
    pub fn day_end(&self, at: Time) -> Option<DayEnd> {
        self.day_ends.iter().find(|d| d.at == at).copied()
    }

    /// Notes that a case was erased.
    pub fn note_erased(&mut self, case: CaseId, at: Time) {
        self.erased.retain(|(id, _)| *id != case);
        self.erased.push((case, at));
        let over = self.erased.len().saturating_sub(ERASURES);
        self.erased.drain(..over);
    }

    /// Rooms whose messages are being drawn anew, each with the next case to be looked at.
    pub fn redrawing(&self) -> impl Iterator<Item = (&RoomId, CaseId)> {
        self.redraws.iter().filter_map(|(room, r)| Some((room, r.next?)))
    }

    /// Rooms of which all cases were looked at, and people are not told yet how it ended.
    pub fn redraws_untold(&self) -> impl Iterator<Item = (&RoomId, &Redraw)> {
        self.redraws.iter().filter(|(_, r)| r.untold && r.next.is_none())
    }

    /// When a case was erased, where that is still known.
    #[must_use]
    pub fn erased_at(&self, case: CaseId) -> Option<Time> {
        self.erased.iter().find(|(id, _)| *id == case).map(|(_, at)| *at)
    }
}

/// A desk being changed.
pub struct DeskWork<'a> {
    /// The desk.
    pub desk: Desk,
    /// The rules.
    pub policy: &'a Policy,
    /// The moment.
    pub now: Time,
    /// What is to be done outside.
    pub effects: Vec<(RoomId, Urgency, Effect)>,
    /// The configuration is to be read again.
    pub reload: bool,
}

impl<'a> DeskWork<'a> {
    /// Begins to change `desk`.
    #[must_use]
    pub fn new(desk: Desk, policy: &'a Policy, now: Time) -> DeskWork<'a> {
        DeskWork { desk, policy, now, effects: Vec::new(), reload: false }
    }

    /// Carries out a command of the desk.
    pub fn command(&mut self, command: &Command) -> Result<Say, Refusal> {
        match table::row(command.verb).run {
            Run::Desk(run) => run(self, command),
            Run::Case(_) | Run::Query => Err(Refusal::WhichCase),
        }
    }

    /// Says something in every room that takes cases.
    pub fn announce(&mut self, say: &Say) {
        let rooms: std::collections::BTreeSet<RoomId> = self.policy.routes.iter().map(|r| r.room.clone()).collect();
        for room in rooms {
            self.effects.push((room, Urgency::Urgent, Effect::Notice { say: say.clone() }));
        }
    }

    /// An account's token was found bad, or good again. Said once for each change.
    pub fn health(&mut self, account: &Account, lost: Option<&str>) {
        let known = self.desk.auth_lost.contains_key(account);
        match lost {
            Some(why) if !known => {
                self.desk.auth_lost.insert(account.clone(), self.now);
                self.announce(&Say::new("notice-auth-lost").text("account", account.as_str()).text("why", why));
            }
            None if known => {
                self.desk.auth_lost.remove(account);
                self.announce(&Say::new("notice-auth-back").text("account", account.as_str()));
            }
            _ => {}
        }
    }

    /// What an account's month has cost so far. The team is told once a month that most of the budget is spent, and that all is.
    pub fn costs(&mut self, account: &Account, costs: &Costs) {
        let before = self.desk.costs.insert(account.clone(), costs.clone());
        let told = before.filter(|c| c.month == costs.month).map_or(0, |c| c.told);
        if costs.told > told {
            let code = if costs.told < 100 { "notice-costs-nearly" } else { "notice-costs-spent" };
            let budget = costs.budget.map(Money::dollars).unwrap_or_default();
            let say = Say::new(code).text("account", account.as_str()).text("month", costs.month());
            self.announce(&say.text("spent", costs.spent.dollars()).text("budget", budget));
        }
    }

    /// An account is somebody else than it was: whatever was decided before is not to go out in that name by itself.
    pub fn renamed(&mut self, account: &Account, was: &str, is: &str) {
        self.desk.pause_by_itself(self.now);
        self.announce(&Say::new("notice-account-renamed").text("account", account.as_str()).text("was", was).text("is", is));
    }

    /// Private text may stand in these rooms and no others. `next`: the number of the next outbox entry.
    pub fn set_private_rooms(&mut self, rooms: BTreeSet<RoomId>, next: EntryId) {
        let redraw = |hide| Redraw { before: next, next: Some(CaseId(1)), hide, ..Redraw::default() };
        for room in self.desk.private_rooms.difference(&rooms) {
            self.desk.redraws.insert(room.clone(), redraw(true));
        }
        // Of a room that never showed any, nothing was masked.
        for (room, was) in &mut self.desk.redraws {
            if rooms.contains(room) && was.hide {
                *was = redraw(false);
            }
        }
        self.desk.private_rooms = rooms;
    }

    /// Messages of a room are to be drawn anew, up to but not with case `next` (`None`: all).
    pub fn redrawn(&mut self, room: &RoomId, next: Option<CaseId>, messages: u64) {
        if let Some(redraw) = self.desk.redraws.get_mut(room) {
            redraw.messages += messages;
            redraw.next = next;
            redraw.untold = next.is_none();
        }
    }

    /// A message of a room that was to be drawn anew cannot be changed; `gone`: none there can, and none is tried.
    pub fn redraw_refused(&mut self, room: &RoomId, why: &Why, gone: bool) {
        let Some(redraw) = self.desk.redraws.get_mut(room).filter(|r| !r.gone) else { return };
        redraw.refused += 1;
        redraw.why = Some(why.clone());
        if gone {
            redraw.gone = true;
            redraw.next = None;
        }
        // Also of one that comes late: its message was a dead letter that a person tried again, say.
        redraw.untold |= redraw.next.is_none();
    }

    /// Nothing of a room is left to be drawn anew: what is to be said of it.
    pub fn redraw_ended(&mut self, room: &RoomId) -> Vec<Say> {
        let Some(redraw) = self.desk.redraws.get_mut(room) else { return Vec::new() };
        let (hide, gone, refused) = (redraw.hide, redraw.gone, redraw.refused);
        let (changed, why) = (redraw.messages.saturating_sub(refused), redraw.why.take());
        // Whatever comes later is told for itself.
        (redraw.messages, redraw.refused, redraw.untold) = (0, 0, false);
        if !hide {
            self.desk.redraws.remove(room);
            return Vec::new();
        }
        let say = |code: &str, messages: u64| Say::new(code).text("room", room.as_str()).number("messages", messages);
        let masked = (changed > 0 && !gone).then(|| say("notice-room-masked", changed));
        let not_masked = (refused > 0).then(|| {
            let code = if gone { "notice-room-gone-unmasked" } else { "notice-room-not-masked" };
            say(code, refused).with("why", why.as_ref().map_or(Arg::Text(String::new()), Arg::from))
        });
        masked.into_iter().chain(not_masked).collect()
    }

    /// Gives the digest if a local day's moment for it has come and it was not given. After days
    /// of downtime one digest covers them all. A mark that a clock far ahead has left counts as
    /// today's: nothing is given again, and the next day's digest comes as ever.
    pub fn wake(&mut self) {
        let digest = &self.policy.digest;
        let tz = schedule::zone(&self.policy.time_zone);
        let latest = schedule::last_due(self.now, digest.minute_of_day, &tz);
        let given = self.desk.digest_given.as_deref().and_then(|d| d.parse::<jiff::civil::Date>().ok());
        let ahead = |given: &jiff::civil::Date| schedule::due_on(*given, digest.minute_of_day, &tz).since(self.now) > SLEEP_MS;
        if given.as_ref().is_some_and(ahead) {
            self.desk.digest_given = Some(latest.to_string());
        } else if given.is_none_or(|given| given < latest) {
            if let (true, Some(given)) = (digest.enabled, given) {
                let room = digest.room.clone().unwrap_or_else(|| self.policy.routes[0].room.clone());
                let (from, _) = schedule::bounds(given, &tz);
                let (to, _) = schedule::bounds(latest, &tz);
                self.effects.push((room, Urgency::Normal, Effect::Digest { from, to }));
            }
            self.desk.digest_given = Some(latest.to_string());
        }
        let (due, _) = schedule::next(self.desk.digest_given.as_deref(), self.now, digest.minute_of_day, &tz);
        let (_, midnight) = schedule::bounds(schedule::day_of(self.now, &tz), &tz);
        self.desk.next_wake = Some(due.min(midnight));
    }

    /// Notes what is `open` now as what was open when the days ended that did so since this was last
    /// noted: nothing opens or closes while the bot is down. Where it was never noted before, only
    /// if a day has just ended.
    pub fn note_day(&mut self, open: u64, oldest: Option<Time>) {
        let tz = schedule::zone(&self.policy.time_zone);
        let now = self.now;
        // Left by a clock that was ahead.
        self.desk.day_ends.retain(|d| d.at <= now);
        let (today, _) = schedule::bounds(schedule::day_of(now, &tz), &tz);
        let last = self.desk.day_ends.last().map_or_else(|| now.plus(-HOUR_MS), |d| d.at);
        let mut ends = Vec::new();
        let mut at = today;
        while at > last && ends.len() < DAY_ENDS {
            ends.push(DayEnd { at, open, oldest });
            (at, _) = schedule::bounds(schedule::day_of(at.plus(-1), &tz), &tz);
        }
        self.desk.day_ends.extend(ends.into_iter().rev());
        let over = self.desk.day_ends.len().saturating_sub(DAY_ENDS);
        self.desk.day_ends.drain(..over);
    }
}
