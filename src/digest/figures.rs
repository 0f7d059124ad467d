//! From facts to figures.

use super::{Fact, FactKind};
use crate::clock::Time;
use crate::cost::AllCosts;
use crate::desk::Desk;
use crate::store::OpenCount;
use std::collections::{BTreeMap, BTreeSet};

/// The figures of a day or a week.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// First moment.
    pub from: Time,
    /// First moment after.
    pub to: Time,
    /// Cases begun.
    pub new: u64,
    /// Cases that got a first answer.
    pub answered: u64,
    /// Public answers sent.
    pub replies: u64,
    /// Open as it ended, or now where it has not ended; `None`: not known any more.
    pub open: Option<OpenCount>,
    /// Median time to the first answer, milliseconds: the one in the middle, or the mean of the two there.
    pub median_ms: Option<i64>,
    /// The shortest time within which nine out of ten of them came (the nearest-rank 90th percentile).
    pub p90_ms: Option<i64>,
    /// Share of first answers within their target, percent, rounded down.
    pub in_target_percent: Option<u8>,
    /// Begun, by network.
    pub by_network: BTreeMap<String, u64>,
    /// Gone private.
    pub handoffs: u64,
    /// Closed.
    pub resolved: u64,
    /// Of these, confirmed by the customer.
    pub confirmed: u64,
    /// Opened again.
    pub reopened: u64,
    /// Cases hidden as noise, and not brought back.
    pub hidden: u64,
    /// Answers by agent id, if configured.
    pub by_agent: BTreeMap<String, u64>,
    /// What the accounts' months have cost so far, where networks charge.
    pub costs: AllCosts,
}

/// What the accounts' months have cost so far, but for months that were over (UTC) before `from`.
#[must_use]
pub fn costs_since(desk: &Desk, from: Time) -> AllCosts {
    let date = from.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
    let first = (date.year(), date.month());
    desk.costs.iter().filter(|(_, costs)| costs.month >= first).map(|(account, costs)| (account.clone(), costs.clone())).collect()
}

/// What was open as the time up to `to` ended: `current` where it goes on, else what was noted.
#[must_use]
pub fn open_at(desk: &Desk, current: OpenCount, to: Time, now: Time) -> Option<OpenCount> {
    if to > now {
        return Some(current);
    }
    desk.day_end(to).map(|d| OpenCount { open: d.open, oldest: d.oldest })
}

/// Counts `facts`.
#[must_use]
pub fn figures(facts: &[Fact], open: Option<OpenCount>, from: Time, to: Time, by_agent: bool) -> Figures {
    let mut f = Figures { from, to, open, ..Figures::default() };
    let mut answers: Vec<i64> = Vec::new();
    let mut in_target = 0_u64;
    let (mut seen_answer, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for fact in facts {
        match &fact.kind {
            FactKind::Opened => {
                f.new += 1;
                *f.by_network.entry(fact.network.to_string()).or_default() += 1;
            }
            FactKind::FirstAnswer { after_ms, in_target: hit, .. } => {
                if seen_answer.insert(fact.case) {
                    answers.push(*after_ms);
                    in_target += u64::from(*hit);
                }
            }
            FactKind::Replied => {
                f.replies += 1;
                if let (true, Some(agent)) = (by_agent, &fact.by) {
                    *f.by_agent.entry(agent.to_string()).or_default() += 1;
                }
            }
            FactKind::HandedOff => f.handoffs += 1,
            FactKind::Resolved { how } => {
                f.resolved += 1;
                f.confirmed += u64::from(*how == crate::case::Resolution::ByCustomer);
            }
            FactKind::Confirmed => f.confirmed += 1,
            FactKind::Reopened => f.reopened += 1,
            FactKind::Hidden => drop(hidden.insert(fact.case)),
            FactKind::Restored => drop(hidden.remove(&fact.case)),
            FactKind::GoneBeforeShown | FactKind::Reposted => {}
        }
    }
    f.hidden = hidden.len() as u64;
    answers.sort_unstable();
    f.answered = answers.len() as u64;
    f.median_ms = median(&answers);
    f.p90_ms = rank(&answers, 90);
    f.in_target_percent = (in_target * 100).checked_div(f.answered).and_then(|p| u8::try_from(p).ok());
    f
}

/// The median of sorted values: the middle one, or the mean of the two in the middle, rounded down.
fn median(sorted: &[i64]) -> Option<i64> {
    let above = *sorted.get(sorted.len() / 2)?;
    let below = *sorted.get((sorted.len() - 1) / 2)?;
    Some(below + (above - below) / 2)
}

/// The nearest-rank percentile of sorted values.
fn rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let n = sorted.len();
    (n > 0).then(|| sorted[(n * percent).div_ceil(100).max(1) - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{CaseId, Resolution};
    use crate::clock::MINUTE_MS;

    fn fact(case: u64, kind: FactKind) -> Fact {
        Fact { at: Time(0), case: CaseId(case), n: 0, network: "square".into(), by: Some("U1".into()), kind }
    }

    fn answer(case: u64, minutes: i64, in_target: bool) -> Fact {
        fact(case, FactKind::FirstAnswer { after_ms: minutes * MINUTE_MS, in_target, outside: false })
    }

    fn count(facts: &[Fact]) -> Figures {
        figures(facts, None, Time(0), Time(1), true)
    }

    #[test]
    fn nothing_happened() {
        let f = count(&[]);
        assert_eq!(f, Figures { from: Time(0), to: Time(1), ..Figures::default() });
        assert_eq!((f.median_ms, f.p90_ms, f.in_target_percent), (None, None, None), "no share of nothing");
    }

    #[test]
    fn each_fact_counts_where_it_belongs() {
        let kinds = [
            FactKind::Opened,
            FactKind::Replied,
            FactKind::HandedOff,
            FactKind::Resolved { how: Resolution::ByAgent },
            FactKind::Resolved { how: Resolution::ByCustomer },
            FactKind::Confirmed,
            FactKind::Reopened,
            FactKind::Hidden,
            FactKind::Restored,
            FactKind::GoneBeforeShown,
            FactKind::Reposted,
        ];
        let mut facts: Vec<Fact> = kinds.into_iter().map(|k| fact(1, k)).collect();
        facts.push(Fact { network: "mastodon".into(), by: None, ..fact(2, FactKind::Opened) });
        facts.push(Fact { by: None, ..fact(2, FactKind::Replied) });
        // The first came back; it no longer counts.
        facts.push(fact(2, FactKind::Hidden));
        facts.push(fact(2, FactKind::Hidden));
        let f = count(&facts);
        assert_eq!((f.new, f.replies, f.handoffs, f.resolved, f.confirmed), (2, 2, 1, 2, 2));
        assert_eq!((f.reopened, f.hidden, f.answered), (1, 1, 0));
        assert_eq!(f.by_network.iter().map(|(n, c)| (n.as_str(), *c)).collect::<Vec<_>>(), [("mastodon", 1), ("square", 1)]);
        assert_eq!(f.by_agent.iter().map(|(n, c)| (n.as_str(), *c)).collect::<Vec<_>>(), [("U1", 1)]);
        assert!(figures(&facts, None, Time(0), Time(1), false).by_agent.is_empty(), "only if configured");
    }

    #[test]
    fn the_median_is_the_middle_and_p90_holds_nine_of_ten() {
        // n, twice the median, p90: of 1..=n minutes.
        for (n, twice, p90) in
            [(1, 2, 1), (2, 3, 2), (3, 4, 3), (4, 5, 4), (9, 10, 9), (10, 11, 9), (11, 12, 10), (100, 101, 90), (101, 102, 91)]
        {
            // In no order.
            let facts: Vec<Fact> =
                (0..n).map(|i| answer(i, (i64::try_from(i).unwrap() * 37 + 5) % i64::try_from(n).unwrap() + 1, true)).collect();
            let distinct: std::collections::BTreeSet<i64> =
                facts.iter().map(|f| if let FactKind::FirstAnswer { after_ms, .. } = f.kind { after_ms } else { 0 }).collect();
            assert_eq!(distinct.len() as u64, n);
            let f = count(&facts);
            assert_eq!((f.answered, f.median_ms, f.p90_ms), (n, Some(twice * MINUTE_MS / 2), Some(p90 * MINUTE_MS)), "{n}");
        }
    }

    #[test]
    fn of_two_answers_the_median_lies_between() {
        let f = count(&[answer(1, 10, true), answer(2, 4, true)]);
        assert_eq!((f.median_ms, f.p90_ms), (Some(7 * MINUTE_MS), Some(10 * MINUTE_MS)));
    }

    #[test]
    fn the_share_in_target_is_rounded_down() {
        for (hits, all, percent) in [(0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (199, 200, 99)] {
            let facts: Vec<Fact> = (0..all).map(|i| answer(i, 1, i < hits)).collect();
            assert_eq!(count(&facts).in_target_percent, Some(percent), "{hits} of {all}");
        }
    }

    #[test]
    fn a_case_has_one_first_answer() {
        let f = count(&[answer(1, 5, true), answer(1, 90, false), answer(2, 7, true)]);
        assert_eq!((f.answered, f.in_target_percent, f.p90_ms), (2, Some(100), Some(7 * MINUTE_MS)));
    }
}
