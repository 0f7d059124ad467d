//! What happened to a case: its audit trail, and what its thread shows.
//!
//! Events hold codes, numbers and references into the case; texts of customers stand only in the
//! case's posts, so that what a customer deletes is gone from here as well.

use super::{CaseId, HoldReason, Priority, Resolution, StopReason};
use crate::clock::Time;
use crate::intake::Reason;
use crate::policy::AgentId;
use crate::post::Untrusted;
use crate::say::Why;
use serde::{Deserialize, Serialize};

/// Something that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began with post `post` (an index into the case's posts).
    Opened {
        /// Index of the post.
        post: usize,
        /// The earlier or neighbouring case it hangs on.
        linked: Option<CaseId>,
    },
    /// The customer wrote again.
    Joined {
        /// Index of the post.
        post: usize,
    },
    /// Somebody else spoke in the conversation.
    OtherSpoke {
        /// Index of the post.
        post: usize,
    },
    /// A direct message of the customer came.
    DmReceived {
        /// Index of the post.
        post: usize,
    },
    /// A post was changed.
    Edited {
        /// Index of the post.
        post: usize,
    },
    /// A post was deleted by its author.
    Deleted {
        /// Index of the post.
        post: usize,
    },
    /// The brand answered without sereno.
    AnsweredOutside {
        /// Index of the post.
        post: usize,
    },
    /// Somebody answered on the network itself, where only a person could, and said so.
    PostedByHand {
        /// Where the answer stands.
        url: String,
    },
    /// The brand wrote to somebody else in the conversation, without sereno: the customer still waits.
    SpokeOutside {
        /// Index of the post.
        post: usize,
    },
    /// Somebody took it.
    Claimed,
    /// Its owner let go.
    Released,
    /// A lead gave it to somebody.
    Assigned {
        /// To whom.
        to: AgentId,
    },
    /// Staff noted something; never leaves the chat.
    Noted {
        /// The note.
        text: Untrusted,
    },
    /// Labelled.
    Tagged {
        /// The label.
        tag: String,
    },
    /// Label taken off.
    Untagged {
        /// The label.
        tag: String,
    },
    /// Priority set by hand.
    PrioritySet {
        /// To what.
        to: Priority,
    },
    /// Priority raised by what came in.
    PriorityRaised {
        /// To what.
        to: Priority,
        /// Why.
        because: Reason,
    },
    /// Put off.
    Snoozed {
        /// Until when.
        until: Time,
    },
    /// The time it was put off to has come.
    Woke,
    /// Nobody answered in time.
    Overdue,
    /// Help was called.
    Escalated {
        /// Why, in staff's words.
        text: Option<Untrusted>,
    },
    /// A draft was written.
    Drafted {
        /// Its number.
        draft: u32,
    },
    /// The draft was thrown away.
    Discarded {
        /// Its number.
        draft: u32,
    },
    /// A send waits for approval.
    ApprovalAsked {
        /// Its number.
        send: u32,
    },
    /// Approved; its window begins.
    Approved {
        /// Its number.
        send: u32,
    },
    /// Rejected.
    Rejected {
        /// Its number.
        send: u32,
        /// Why, in the lead's words.
        text: Option<Untrusted>,
    },
    /// A send waits out its undo window.
    Queued {
        /// Its number.
        send: u32,
        /// End of the window.
        until: Time,
    },
    /// A send was stopped until a person decides.
    Held {
        /// Its number.
        send: u32,
        /// Why.
        because: HoldReason,
    },
    /// A send came to nothing.
    Stopped {
        /// Its number.
        send: u32,
        /// Why.
        because: StopReason,
    },
    /// A send may or may not stand on the network.
    InDoubt {
        /// Its number.
        send: u32,
    },
    /// A send failed for now or for good and lies among the dead letters.
    Undelivered {
        /// Its number.
        send: u32,
        /// Why.
        detail: Why,
    },
    /// It stands on the network.
    Published {
        /// Its number.
        send: u32,
    },
    /// What a person had given up in doubt stands on the network all the same.
    StoodAfterAll {
        /// Its number.
        send: u32,
    },
    /// What stood on the network was deleted there, not through sereno.
    AnswerGone {
        /// The number of the send.
        send: u32,
    },
    /// A private message could belong to other open handoffs of the customer as well: staff choose.
    OtherHandoffs {
        /// Those cases.
        others: Vec<CaseId>,
    },
    /// Closed.
    Resolved {
        /// How.
        how: Resolution,
    },
    /// Opened again.
    Reopened {
        /// By the customer's word, else by hand.
        by_customer: bool,
    },
    /// Another case was joined into this one.
    MergedFrom {
        /// That one.
        case: CaseId,
    },
    /// Joined into another.
    MergedInto {
        /// That one.
        case: CaseId,
    },
    /// Linked with another.
    Linked {
        /// That one.
        case: CaseId,
    },
    /// What came from another case, which was erased, was taken away.
    Erased {
        /// That one.
        case: CaseId,
    },
    /// Hidden as noise.
    Hidden {
        /// Why.
        because: Reason,
    },
    /// Brought back from quarantine.
    Restored,
    /// The last act was taken back.
    Undone {
        /// Its verb.
        verb: String,
    },
}

impl Event {
    /// The post it shows, if it shows one.
    #[must_use]
    pub fn shows_post(&self) -> Option<usize> {
        match self {
            Event::Opened { post, .. }
            | Event::Joined { post }
            | Event::OtherSpoke { post }
            | Event::DmReceived { post }
            | Event::Edited { post }
            | Event::Deleted { post }
            | Event::AnsweredOutside { post }
            | Event::SpokeOutside { post } => Some(*post),
            _ => None,
        }
    }
}
