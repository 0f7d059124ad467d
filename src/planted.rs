//! Bugs planted on purpose, each against one invariant, to prove that the simulator catches them as
//! just that: `tests/simulation/planted_bugs.rs` says which.
//!
//! They exist only under `cfg(feature = "planted")`; without it [`is`] is a constant `false` and
//! the planted branches are not even compiled into the program. The simulator (`tests/simulation`)
//! switches one on for its thread and must then find a violation.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Inputs are acked although their commit was not written.
    AckBeforeCommit,
    /// A stream's cursor is committed ahead of what stands before it.
    CursorAheadOfCommit,
    /// A send that a person gave up never stood, whatever comes back.
    DroppedForGood,
    /// A doubtful send goes again without looking.
    ResendWithoutLook,
    /// A doubtful chat message goes again without looking.
    RepostWithoutLook,
    /// A claim takes a case away from its owner.
    TwoOwners,
    /// Sends leave although sending is paused.
    PauseIgnored,
    /// Rights are looked at when a send is asked for, not when it leaves.
    RightsNotRechecked,
    /// A draft written after approval replaces the approved text.
    TextChangedAfterApproval,
    /// A post that comes again is taken as new.
    DedupeLost,
    /// The company's own post is taken for somebody else's.
    OwnEchoForeign,
    /// A deletion that comes before its post is forgotten.
    EarlyDeletionForgotten,
    /// An edit is noted, but what the chat shows is not brought up to date.
    EditNotShown,
    /// The digest of a day is given again after a restart.
    DigestAgainAfterRestart,
    /// A command that was carried out but not acked is not answered from memory.
    AnswerForgotten,
    /// Posts from before our time are taken in.
    OldPostsImported,
    /// The text of a direct message stands in a room that is not private.
    DmInHomeRoom,
    /// A send is handed out before the mark that it is in flight is durable.
    SendBeforeMark,
    /// A receipt is forgotten: its entry never leaves the outbox.
    ReceiptDropped,
    /// A send whose window ran out while the bot was down goes at once.
    WindowNotRestarted,
    /// What came while the disk was full is acked.
    FullDiskAcked,
    /// The thread of a case that was merged is no longer brought up to date.
    MergedThreadForgotten,
    /// An account counts as known from its first post on, not from its first page.
    FirstPostBeginsHistory,
    /// What is history to one account is history to all.
    HistoryOfAnother,
    /// A customer who writes while an answer waits does not hold it.
    CustomerUnheard,
    /// A published answer that comes back is taken for one given outside.
    EchoTakenForOutside,
    /// What needs approval goes without it.
    ApprovalSkipped,
    /// A message drawn before its post was edited stays as it was.
    StaleDrawing,
    /// An answer goes to whoever spoke last in the conversation.
    WrongCustomer,
    /// A send that was taken back goes all the same.
    UndoIgnored,
    /// A card that its room does not take is given up.
    RefusedCardDropped,
    /// A case's place counts as private because it once was.
    PublicRoomTrusted,
    /// What an erased case held is not known any more when it comes again.
    ErasedComesBack,
    /// A send that was tried and not found is nobody's, should it show after all.
    LateEchoForeign,
    /// What a look has found counts for ever.
    StaleLookTrusted,
    /// An erasure that was cut short is not finished at the next start.
    ErasureLeftUnfinished,
    /// The name that a new version of a post has of its own is forgotten.
    VersionNameForgotten,
    /// A private message of ours must answer something to be known again.
    PrivateEchoForeign,
    /// Texts are compared with whatever a network made of their links.
    LinksComparedWhole,
    /// What a network lets a person alone answer is answered by its API.
    ByHandIgnored,
    /// A text that was meant for one customer is the public invitation.
    PrivateTextInPublic,
    /// An answer that was told of by its address is forgotten before it comes back.
    ByHandForgotten,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 42] = [
        Bug::DroppedForGood,
        Bug::AckBeforeCommit,
        Bug::CursorAheadOfCommit,
        Bug::ResendWithoutLook,
        Bug::RepostWithoutLook,
        Bug::TwoOwners,
        Bug::PauseIgnored,
        Bug::RightsNotRechecked,
        Bug::TextChangedAfterApproval,
        Bug::DedupeLost,
        Bug::OwnEchoForeign,
        Bug::EarlyDeletionForgotten,
        Bug::EditNotShown,
        Bug::DigestAgainAfterRestart,
        Bug::AnswerForgotten,
        Bug::OldPostsImported,
        Bug::DmInHomeRoom,
        Bug::SendBeforeMark,
        Bug::ReceiptDropped,
        Bug::WindowNotRestarted,
        Bug::FullDiskAcked,
        Bug::MergedThreadForgotten,
        Bug::FirstPostBeginsHistory,
        Bug::HistoryOfAnother,
        Bug::CustomerUnheard,
        Bug::EchoTakenForOutside,
        Bug::ApprovalSkipped,
        Bug::StaleDrawing,
        Bug::WrongCustomer,
        Bug::UndoIgnored,
        Bug::RefusedCardDropped,
        Bug::PublicRoomTrusted,
        Bug::ErasedComesBack,
        Bug::ErasureLeftUnfinished,
        Bug::LateEchoForeign,
        Bug::StaleLookTrusted,
        Bug::VersionNameForgotten,
        Bug::PrivateEchoForeign,
        Bug::LinksComparedWhole,
        Bug::ByHandIgnored,
        Bug::PrivateTextInPublic,
        Bug::ByHandForgotten,
    ];
}

#[cfg(feature = "planted")]
mod switch {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches one bug on for this thread, or all off.
    pub fn set(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether this bug is switched on for this thread.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub use switch::{is, set};

/// Whether this bug is switched on: never, in this build.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(_: Bug) -> bool {
    false
}
