//! How the accounts fare, as the shell sees it: for health, and for regaining a lost token.

use crate::clock::{HOUR_MS, Time};
use crate::policy::{FAILING_AGAIN_MS, FAILING_MS};
use crate::post::Account;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// How an account fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccountState {
    /// Not signed in yet.
    #[default]
    Starting,
    /// Read up to the present.
    Ok {
        /// At this moment.
        since: Time,
    },
    /// It could not be read.
    Failing {
        /// Since when.
        since: Time,
        /// In the network's words.
        why: String,
    },
}

impl AccountState {
    /// Whether nothing but failures has come for so long that people should know.
    #[must_use]
    pub fn is_down(&self, now: Time) -> bool {
        matches!(self, AccountState::Failing { since, .. } if now.since(*since) >= FAILING_MS)
    }
}

/// What the team is to be told of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has been failing since then.
    Down {
        /// Since when.
        since: Time,
        /// In the network's words.
        why: String,
    },
    /// It works again.
    Back,
}

/// When the team is told how an account fares: once that it is down, once that it is back, and not
/// again within an hour.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    down: bool,
    told: Option<Time>,
}

impl Vigil {
    /// What is to be said now. `elsewhere`: the team was told already why the account fails.
    pub fn look(&mut self, now: Time, state: &AccountState, elsewhere: bool) -> Option<Turn> {
        match state {
            AccountState::Failing { since, why } if state.is_down(now) && !self.down && !elsewhere => {
                if self.told.is_some_and(|at| now.since(at) < FAILING_AGAIN_MS) {
                    return None;
                }
                (self.down, self.told) = (true, Some(now));
                Some(Turn::Down { since: *since, why: why.clone() })
            }
            AccountState::Ok { .. } if self.down => {
                self.down = false;
                Some(Turn::Back)
            }
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct One {
    state: AccountState,
    /// How often its token was found bad lately, and when last.
    doubts: u32,
    doubted: Option<Time>,
}

/// All accounts.
#[derive(Debug)]
pub(super) struct States {
    all: Mutex<BTreeMap<Account, One>>,
    suspects: watch::Sender<BTreeSet<Account>>,
    nudges: BTreeMap<Account, Notify>,
}

impl States {
    /// All just starting.
    pub fn new(accounts: impl Iterator<Item = Account>) -> States {
        let all: BTreeMap<Account, One> = accounts.map(|a| (a, One::default())).collect();
        let nudges = all.keys().map(|a| (a.clone(), Notify::new())).collect();
        States { all: Mutex::new(all), suspects: watch::Sender::new(BTreeSet::new()), nudges }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Account, One>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account fares thus now. Whether that is news, and not the same as before.
    pub fn set(&self, account: &Account, state: AccountState) -> bool {
        let mut all = self.lock();
        let one = all.entry(account.clone()).or_default();
        let news = match (&one.state, &state) {
            (AccountState::Failing { why: before, .. }, AccountState::Failing { why, .. }) => before != why,
            (before, now) => std::mem::discriminant(before) != std::mem::discriminant(now),
        };
        one.state = match (&one.state, state) {
            // A failure that goes on began when it began.
            (AccountState::Failing { since, .. }, AccountState::Failing { why, .. }) => AccountState::Failing { since: *since, why },
            (_, state) => state,
        };
        news
    }

    /// How all fare.
    pub fn all(&self) -> BTreeMap<Account, AccountState> {
        self.lock().iter().map(|(a, one)| (a.clone(), one.state.clone())).collect()
    }

    /// How one fares.
    pub fn of(&self, account: &Account) -> AccountState {
        self.lock().get(account).map(|one| one.state.clone()).unwrap_or_default()
    }

    /// The account's token was found bad.
    pub fn suspect(&self, account: &Account, now: Time) {
        {
            let mut all = self.lock();
            let one = all.entry(account.clone()).or_default();
            // Several sends may find the same bad token.
            if one.doubted.is_none_or(|at| now.since(at) > 2 * HOUR_MS) {
                one.doubts = 0;
            }
            one.doubts = one.doubts.saturating_add(1);
            one.doubted = Some(now);
        }
        self.suspects.send_if_modified(|s| s.insert(account.clone()));
    }

    /// There is something to read on the account's streams.
    pub fn nudge(&self, account: &Account) {
        if let Some(nudge) = self.nudges.get(account) {
            nudge.notify_one();
        }
    }

    /// Waits until there is something to read.
    pub async fn nudged(&self, account: &Account) {
        match self.nudges.get(account) {
            Some(nudge) => nudge.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The token is good again.
    pub fn trust(&self, account: &Account) {
        self.suspects.send_if_modified(|s| s.remove(account));
    }

    /// Whether the token was found bad and nobody has shown otherwise.
    pub fn is_suspect(&self, account: &Account) -> bool {
        self.suspects.borrow().contains(account)
    }

    /// Waits until the token is found bad.
    pub async fn suspected(&self, account: &Account) {
        let mut seen = self.suspects.subscribe();
        if seen.wait_for(|s| s.contains(account)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// How long to wait before the token is tried again: longer from doubt to doubt.
    pub fn doubt_pause(&self, account: &Account, now: Time, range: (i64, i64)) -> i64 {
        let all = self.lock();
        let one = all.get(account);
        let doubts = one.map_or(0, |o| o.doubts.saturating_sub(1)).min(10);
        let pause = range.0.saturating_mul(1 << doubts).min(range.1);
        let passed = one.and_then(|o| o.doubted).map_or(0, |at| now.since(at).max(0));
        (pause - passed).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_doubt_to_doubt_and_are_forgotten() {
        let (acme, range) = (Account::from("acme"), (1_000, 60_000));
        let states = States::new(std::iter::once(acme.clone()));
        assert!(!states.is_suspect(&acme));
        states.suspect(&acme, Time(0));
        assert!(states.is_suspect(&acme));
        assert_eq!(states.doubt_pause(&acme, Time(0), range), 1_000);
        assert_eq!(states.doubt_pause(&acme, Time(400), range), 600);
        states.trust(&acme);
        assert!(!states.is_suspect(&acme));
        for _ in 0..30 {
            states.suspect(&acme, Time(1_000));
        }
        assert_eq!(states.doubt_pause(&acme, Time(1_000), range), 60_000);
        states.suspect(&acme, Time(1_000 + 3 * HOUR_MS));
        assert_eq!(states.doubt_pause(&acme, Time(1_000 + 3 * HOUR_MS), range), 1_000);
    }

    #[test]
    fn the_team_is_told_once_and_no_flapping_makes_a_storm() {
        let mut vigil = Vigil::default();
        let failing = |since| AccountState::Failing { since: Time(since), why: "down".into() };
        let ok = AccountState::Ok { since: Time(0) };
        assert_eq!(vigil.look(Time(0), &AccountState::Starting, false), None);
        assert_eq!(vigil.look(Time(FAILING_MS - 1), &failing(0), false), None);
        assert_eq!(vigil.look(Time(FAILING_MS), &failing(0), true), None, "a bad token has a notice of its own");
        assert!(matches!(vigil.look(Time(FAILING_MS), &failing(0), false), Some(Turn::Down { since: Time(0), .. })));
        assert_eq!(vigil.look(Time(FAILING_MS * 2), &failing(0), false), None);
        assert_eq!(vigil.look(Time(FAILING_MS * 2), &ok, false), Some(Turn::Back));
        assert_eq!(vigil.look(Time(FAILING_MS * 2), &ok, false), None);
        // A day of failing for six minutes and working for one, looked at each quarter of a minute.
        let (mut vigil, mut told) = (Vigil::default(), 0);
        for at in (0..24 * HOUR_MS).step_by(15_000) {
            let (round, within) = (at / (7 * 60_000), at % (7 * 60_000));
            let state = if within < 6 * 60_000 { failing(round * 7 * 60_000) } else { ok.clone() };
            told += u32::from(vigil.look(Time(at), &state, false).is_some());
        }
        assert!((20..=48).contains(&told), "{told}");
    }

    #[test]
    fn a_failure_begins_once() {
        let acme = Account::from("acme");
        let states = States::new(std::iter::once(acme.clone()));
        let failing = |at, why: &str| AccountState::Failing { since: Time(at), why: why.into() };
        assert!(states.set(&acme, failing(1, "down")));
        assert!(!states.set(&acme, failing(2, "down")));
        assert!(states.set(&acme, failing(3, "on fire")));
        assert_eq!(states.all()[&acme], failing(1, "on fire"));
        assert!(states.set(&acme, AccountState::Ok { since: Time(4) }));
        assert!(!states.set(&acme, AccountState::Ok { since: Time(5) }));
    }
}
