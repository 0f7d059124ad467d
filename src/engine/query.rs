//! What only reads: lists, histories, digests, help, the outbox. Commits nothing.

use crate::case::{Case, EventRecord};
use crate::command::{Filter, Verb};
use crate::digest::figures::Figures;
use crate::outbox::Entry;

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
