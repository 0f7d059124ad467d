//! What the engine hands out to be performed: everything an adapter or a view needs, by value.

use crate::case::{Case, CaseId, EventRecord, Outgoing, SendState};
use crate::digest::figures::Figures;
use crate::outbox::Entry;
use crate::say::Say;

/// What a delivery shows or sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The case's card, as the case now stands.
    Card {
        /// The case.
        case: Box<Case>,
        /// Index of the place.
        place: usize,
        /// The chat's id of the card that is to be changed; `None`: a new one.
        edit: Option<String>,
    },
    /// An event of the case, in its thread.
    Entry {
        /// The case.
        case: Box<Case>,
        /// Index of the place.
        place: usize,
        /// The thread.
        thread: Option<String>,
        /// The event.
        event: EventRecord,
        /// The chat's id of the message that is to be changed; `None`: a new one.
        edit: Option<String>,
    },
    /// A sentence in a room.
    Notice {
        /// Which.
        say: Say,
    },
    /// A report.
    Digest {
        /// Its figures.
        figures: Box<Figures>,
    },
    /// A send to a network.
    Send {
        /// Of which case.
        case: CaseId,
        /// What.
        send: Box<Outgoing>,
        /// The published send that it takes back or changes.
        earlier: Option<SendState>,
    },
}

/// Something to be performed now. Its outcome comes back as [`super::Input::Receipt`], or as
/// [`super::Input::Looked`] where `look` is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The entry, as marked in flight; its `attempts` counts this one.
    pub entry: Entry,
    /// The operation id.
    pub op: String,
    /// Only look whether an earlier attempt stands; do not send.
    pub look: bool,
    /// What.
    pub body: Body,
}
