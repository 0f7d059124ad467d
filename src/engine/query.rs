//! What only reads: lists, histories, digests, help, the outbox. Commits nothing.

use super::run::Engine;
use super::staff::{find_case, may};
use crate::case::refusal::Refusal;
use crate::case::{Case, EventRecord};
use crate::clock::Time;
use crate::command::{Args, Command, Filter, Period, Verb, table};
use crate::digest::figures::{Figures, figures, open_at};
use crate::digest::schedule;
use crate::outbox::Entry;
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
        /// The cases, most urgent first.
        cases: Vec<Case>,
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
    /// All commands, or one.
    Help(Option<Verb>),
    /// The outbox.
    Outbox(Vec<OutboxLine>),
}

/// How many cases a list shows.
pub const LIST_LIMIT: usize = 20;
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
                let filter = match command.args {
                    Args::Filter(filter) => filter,
                    _ => Filter::Open,
                };
                self.list(filter, &command.by)?
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
                let (from, to) = self.bounds(period, now);
                Reply::Digest(Box::new(self.figures(from, to, now)?))
            }
            _ => Reply::Help(match &command.args {
                Args::Topic(topic) => table::find(topic).map(|row| row.verb),
                _ => None,
            }),
        }))
    }

    fn list(&self, filter: Filter, by: &crate::policy::AgentId) -> Result<Reply, StoreError> {
        let owner = (filter == Filter::Mine).then_some(by);
        let mut cases = Vec::new();
        for listed in self.store.list(filter, owner, LIST_LIMIT)? {
            cases.extend(self.store.case(listed.case)?);
        }
        Ok(Reply::List { filter, cases })
    }

    /// The figures of `from <= t < to`, as known at `now`.
    ///
    /// # Errors
    /// Whatever the store says.
    pub fn figures(&self, from: Time, to: Time, now: Time) -> Result<Figures, StoreError> {
        let facts = self.store.facts(from, to)?;
        let open = open_at(&self.desk, self.store.open_count()?, to, now);
        Ok(figures(&facts, open, from, to, self.policy.digest.by_agent))
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
