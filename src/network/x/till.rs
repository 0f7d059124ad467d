//! The till: whatever reads and sends for an account pays here, and asks here how often it may read.

use super::price::{Act, Ledger, Pace, Prices, Purpose};
use crate::clock::Time;
use crate::cost::{Costs, Fees, Money};
use crate::post::{NetEvent, Post, Reach};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an account pays, and how far its month's budget goes.
#[derive(Debug, Default)]
pub struct Till {
    prices: Prices,
    budget: Option<Money>,
    ledger: Mutex<Ledger>,
    /// When what may have to wait was read last.
    read: Mutex<BTreeMap<String, Time>>,
}

impl Till {
    /// An empty one. Without a budget it only counts.
    #[must_use]
    pub fn new(prices: Prices, budget: Option<Money>) -> Till {
        Till { prices, budget, ..Till::default() }
    }

    /// What an answer costs.
    #[must_use]
    pub fn fees(&self) -> Fees {
        let dear = self.prices.of(Act::Reply).max(self.prices.of(Act::PostWithLink));
        Fees { reply: self.prices.of(Act::Reply), reply_with_link: dear, private: self.prices.of(Act::Dm) }
    }

    /// Pays for an act on `id`; the same thing read twice on a day (UTC) once.
    pub fn charge(&self, act: Act, id: &str, now: Time) {
        if let Some(warning) = self.ledger().charge(act, id, now, &self.prices, self.budget) {
            tracing::info!(?warning, "the month's budget");
        }
    }

    /// Pays for a public answer.
    pub fn charge_reply(&self, text: &str, now: Time) {
        self.charge(self.prices.reply_act(text), "", now);
    }

    /// Pays for what came by itself.
    pub fn charge_heard(&self, events: &[NetEvent], now: Time) {
        for event in events {
            if let NetEvent::New(post) | NetEvent::Edited(post) = event {
                self.charge_post(post, now);
            }
        }
    }

    fn charge_post(&self, post: &Post, now: Time) {
        match post.local_id.strip_prefix("dm:") {
            Some(id) => self.charge(Act::DmRead, id, now),
            None if matches!(post.reach, Reach::Buzz(_)) => self.charge(Act::PostRead, &post.local_id, now),
            None => self.charge(Act::MentionRead, &post.local_id, now),
        }
    }

    /// How often something may be done now.
    #[must_use]
    pub fn pace(&self, purpose: Purpose, now: Time) -> Pace {
        self.ledger().pace(purpose, now, self.budget)
    }

    /// Whether `what` may be read now; with money enough it is every `every_ms` milliseconds.
    #[must_use]
    pub fn may_read(&self, purpose: Purpose, what: &str, every_ms: i64, now: Time) -> bool {
        match self.pace(purpose, now) {
            Pace::Full => true,
            Pace::Off => false,
            Pace::Slower(times) => {
                let wait_ms = every_ms.saturating_mul(times.into());
                // A clock that was set back must not make it wait for longer.
                let last = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(what).copied();
                last.is_none_or(|last| !(0..wait_ms).contains(&now.since(last)))
            }
        }
    }

    /// `what` was read.
    pub fn was_read(&self, what: &str, now: Time) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned(), now);
    }

    /// What the month has cost so far; `None`: nothing was ever paid.
    #[must_use]
    pub fn costs(&self) -> Option<Costs> {
        self.ledger().costs(self.budget)
    }

    /// Goes on from what was noted before. What was read today is not known any more, and is paid for again.
    pub fn restore(&self, costs: &Costs) {
        *self.ledger() = Ledger::restored(costs).within(self.budget);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MINUTE_MS;

    fn at(iso: &str) -> Time {
        iso.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn spent(percent: u64) -> Till {
        let till = Till::new(Prices::default(), Some(Money(1_000_000)));
        let told = if percent >= 80 { 80 } else { 0 };
        let acts = [("reply".to_owned(), 3), ("gone".to_owned(), 1)].into();
        till.restore(&Costs { month: (2026, 11), spent: Money(percent * 10_000), told, acts, ..Costs::default() });
        till
    }

    #[test]
    fn what_was_spent_before_a_restart_counts_on() {
        let now = at("2026-11-22T10:00:00Z");
        assert_eq!(Till::default().costs(), None, "nothing was paid");
        let till = spent(79);
        till.charge(Act::Dm, "", now);
        let costs = till.costs().unwrap();
        assert_eq!((costs.month().as_str(), costs.spent, costs.told), ("2026-11", Money(805_000), 80));
        assert_eq!(costs.acts, [("reply".to_owned(), 3), ("dm".to_owned(), 1)].into(), "an act of another version is in the sum alone");
        assert_eq!(costs.budget, Some(Money(1_000_000)));
        let again = Till::new(Prices::default(), Some(Money(1_000_000)));
        again.restore(&costs);
        assert_eq!(again.costs(), Some(costs));
        again.charge(Act::Reply, "", at("2026-12-01T00:00:00Z"));
        let next = again.costs().unwrap();
        assert_eq!((next.month, next.spent, next.told), ((2026, 12), Money(10_000), 0));
    }

    #[test]
    fn a_budget_that_was_raised_warns_again() {
        let now = at("2026-11-22T10:00:00Z");
        let mut costs = spent(80).costs().unwrap();
        let raised = |costs: &Costs| {
            let till = Till::new(Prices::default(), Some(Money(2_000_000)));
            till.restore(costs);
            till
        };
        let till = raised(&costs);
        assert_eq!(till.costs().unwrap().told, 0, "two fifths are spent");
        (0..4).for_each(|_| till.charge_reply("Mira tienda.es/ayuda", now));
        assert_eq!(till.costs().unwrap().told, 80);
        // The one that was spent to its end is nearly spent now: that is known, and its end is told anew.
        (costs.spent, costs.told) = (Money(1_700_000), 100);
        let till = raised(&costs);
        assert_eq!(till.costs().unwrap().told, 80);
        (0..2).for_each(|_| till.charge_reply("Mira tienda.es/ayuda", now));
        assert_eq!(till.costs().unwrap().told, 100);
    }

    #[test]
    fn an_answer_with_a_link_is_paid_as_the_dearer_act() {
        let now = at("2026-11-22T10:00:00Z");
        let till = Till::new(Prices::default(), None);
        till.charge_reply("Lo miramos.", now);
        till.charge_reply("Mira tienda.es/ayuda", now);
        let costs = till.costs().unwrap();
        assert_eq!(costs.acts, [("post_with_link".to_owned(), 1), ("reply".to_owned(), 1)].into());
        let fees = till.fees();
        assert_eq!(costs.spent, fees.reply.plus(fees.reply_with_link), "as its draft said");
        let dear = Till::new(Prices::with([("reply", Some(Money(300_000)))]).unwrap(), None);
        dear.charge_reply("Mira tienda.es/ayuda", now);
        assert_eq!((dear.costs().unwrap().spent, dear.fees().reply_with_link), (Money(300_000), Money(300_000)));
    }

    #[test]
    fn a_search_waits_and_mentions_do_not() {
        let now = at("2026-11-22T10:00:00Z");
        let may = |till: &Till, purpose, later_ms| till.may_read(purpose, "s", MINUTE_MS, now.plus(later_ms));
        for (percent, slower) in [(79, 0), (80, 4), (90, 12)] {
            let till = spent(percent);
            assert!(may(&till, Purpose::Search, 0), "it was never read");
            till.was_read("s", now);
            assert_eq!(may(&till, Purpose::Search, slower * MINUTE_MS - 1), percent < 80, "{percent}");
            assert!(may(&till, Purpose::Search, slower * MINUTE_MS), "{percent}");
            assert!(may(&till, Purpose::Search, -1), "a clock set back");
            assert!(may(&till, Purpose::Mentions, 0));
        }
        let till = spent(100);
        till.was_read("s", now);
        assert!(!may(&till, Purpose::Search, 100 * MINUTE_MS) && !may(&till, Purpose::Refresh, 100 * MINUTE_MS));
        assert!(!may(&till, Purpose::Mentions, 10 * MINUTE_MS - 1) && may(&till, Purpose::Mentions, 10 * MINUTE_MS));
        assert!(till.may_read(Purpose::Search, "s", MINUTE_MS, at("2026-12-01T00:00:00Z")), "another month");
    }
}
