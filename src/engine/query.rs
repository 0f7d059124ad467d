//! What only reads: lists, histories, digests, help, the outbox. Commits nothing.

use super::run::Engine;
use super::staff::{find_case, may};
use crate::case::refusal::Refusal;
use crate::case::{Case, EventRecord};
use crate::clock::Time;
use crate::command::help::ALL;
use crate::command::{Args, Command, Filter, Period, Verb, table};
use crate::digest::figures::{Figures, costs_since, figures, open_at};
use crate::digest::schedule;
use crate::outbox::Entry;
use crate::policy::Role;
use crate::store::StoreError;

/// An entry as `sereno outbox list` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxLine {
    /// The entry.
    pub entry: Entry,
    /// Its operation id.
    pub op: String,
}

/// A query's answer, rendered by [`crate::view::build`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Cases of a list.
    List {
        /// What was asked for.
        filter: Filter,
        /// The cases of this page, most urgent first.
        cases: Vec<Case>,
        /// Which page, from 1.
        page: u32,
        /// How many there are on all pages.
        total: usize,
    },
    /// A case's trail.
    History {
        /// The case.
        case: Box<Case>,
        /// Its events.
        events: Vec<EventRecord>,
    },
    /// Figures.
    Digest(Box<Figures>),
    /// What there is to say: one command, or those that this role may.
    Help {
        /// Which; `None`: those that this role may.
        verb: Option<Verb>,
        /// Whether each of them is explained, rather than what fits a phone.
        all: bool,
        /// The role of whoever asks.
        role: Role,
    },
    /// The outbox.
    Outbox(Vec<OutboxLine>),
}

/// How many cases a page of a list shows.
pub const LIST_LIMIT: usize = 20;
/// How far a list is counted.
const LIST_COUNTED: usize = 100_000;
/// How many events a history shows.
const HISTORY_LIMIT: usize = 500;

impl Engine {
    /// Answers a command that only reads.
    pub(super) fn query(&self, now: Time, command: &Command) -> Result<Result<Reply, Refusal>, StoreError> {
        if let Err(refusal) = may(&self.policy, command) {
            return Ok(Err(refusal));
        }
        Ok(Ok(match command.verb {
            Verb::List => {
                let (filter, page) = match command.args {
                    Args::Filter(filter, page) => (filter, page.max(1)),
                    _ => (Filter::Open, 1),
                };
                self.list(filter, page, &command.by)?
            }
            Verb::History => {
                let gone = |id| super::erase::absent(&self.desk, self.counters, id);
                let found = find_case(command, |id| self.store.case(id), |room, thread| self.store.case_by_thread(room, thread), gone)?;
                match found {
                    Ok(case) => {
                        let events = self.store.events(case.id, 0, HISTORY_LIMIT)?;
                        Reply::History { case: Box::new(case), events }
                    }
                    Err(refusal) => return Ok(Err(refusal)),
                }
            }
            Verb::Digest => {
                let period = match command.args {
                    Args::Period(period) => period,
                    _ => Period::Today,
                };
                if let Period::Day(day) = period
                    && day > schedule::day_of(now, &schedule::zone(&self.policy.time_zone))
                {
                    return Ok(Err(Refusal::DayAhead(day.to_string())));
                }
                let (from, to) = self.bounds(period, now);
                Reply::Digest(Box::new(self.figures(from, to, now)?))
            }
            _ => Reply::Help {
                verb: match &command.args {
                    Args::Topic(topic) => table::find(topic).map(|row| row.verb),
                    _ => None,
                },
                all: matches!(&command.args, Args::Topic(topic) if topic == ALL),
                role: self.policy.role(&command.by).unwrap_or(Role::Viewer),
            },
        }))
    }

    fn list(&self, filter: Filter, page: u32, by: &crate::policy::AgentId) -> Result<Reply, StoreError> {
        let owner = (filter == Filter::Mine).then_some(by);
        let all = self.store.list(filter, owner, LIST_COUNTED)?;
        let before = (page as usize).saturating_sub(1).saturating_mul(LIST_LIMIT);
        let mut cases = Vec::new();
        for listed in all.iter().skip(before).take(LIST_LIMIT) {
            cases.extend(self.store.case(listed.case)?);
        }
        Ok(Reply::List { filter, cases, page, total: all.len() })
    }

    /// The figures of `from <= t < to`, as known at `now`.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn figures(&self, from: Time, to: Time, now: Time) -> Result<Figures, StoreError> {
        let facts = self.store.facts(from, to)?;
        let open = open_at(&self.desk, self.store.open_count()?, to, now);
        let costs = costs_since(&self.desk, from);
        Ok(Figures { costs, ..figures(&facts, open, from, to, self.policy.digest.by_agent) })
    }

    /// The moments between which a period lies.
    #[must_use]
    pub fn bounds(&self, period: Period, now: Time) -> (Time, Time) {
        let tz = schedule::zone(&self.policy.time_zone);
        let today = schedule::day_of(now, &tz);
        let (start, end) = schedule::bounds(today, &tz);
        match period {
            Period::Today => (start, end),
            Period::Yesterday => schedule::bounds(today.yesterday().unwrap_or(today), &tz),
            Period::Day(day) => schedule::bounds(day, &tz),
            Period::Week => {
                let first = (0..6).fold(today, |day, _| day.yesterday().unwrap_or(day));
                (schedule::bounds(first, &tz).0, end)
            }
        }
    }
}
