//! From facts to figures.

use super::{Fact, FactKind};
use crate::case::CaseId;
use crate::clock::Time;
use crate::store::OpenCount;
use std::collections::BTreeMap;

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
    /// Open now.
    pub open: OpenCount,
    /// Median time to the first answer, milliseconds.
    pub median_ms: Option<i64>,
    /// 90th percentile of it (nearest rank).
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
    /// Hidden as noise.
    pub hidden: u64,
    /// Answers by agent id, if configured.
    pub by_agent: BTreeMap<String, u64>,
}

/// Counts `facts`.
#[must_use]
pub fn figures(facts: &[Fact], open: OpenCount, from: Time, to: Time, by_agent: bool) -> Figures {
    let mut f = Figures { from, to, open, ..Figures::default() };
    let mut answers: Vec<i64> = Vec::new();
    let mut in_target = 0_u64;
    let mut seen_answer: std::collections::BTreeSet<CaseId> = std::collections::BTreeSet::new();
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
            FactKind::Hidden => f.hidden += 1,
            FactKind::Restored | FactKind::GoneBeforeShown | FactKind::Reposted => {}
        }
    }
    answers.sort_unstable();
    f.answered = answers.len() as u64;
    f.median_ms = rank(&answers, 50);
    f.p90_ms = rank(&answers, 90);
    f.in_target_percent = (in_target * 100).checked_div(f.answered).and_then(|p| u8::try_from(p).ok());
    f
}

/// The nearest-rank percentile of sorted values.
fn rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let n = sorted.len();
    (n > 0).then(|| sorted[(n * percent).div_ceil(100).max(1) - 1])
}
