//! The statuses of a case, and the one table that says how they follow one another.

use serde::{Deserialize, Serialize};

/// Where a case stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it.
    #[default]
    New,
    /// Somebody works on it, or it waits for us again.
    Open,
    /// Answered; the customer is next.
    Waiting,
    /// It goes on in private messages.
    Private,
    /// Put off until a moment.
    Snoozed,
    /// Done.
    Resolved,
    /// Hidden as noise; can be brought back.
    Quarantined,
    /// It lives on in another case.
    Merged,
}

/// What moves a case from one status to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody took it or was given it.
    Claim,
    /// Its owner let go of it.
    Release,
    /// A public answer of the brand stands.
    Answer,
    /// A private message of the brand stands.
    HandOff,
    /// The answer was taken back, and none stands in its place.
    Retract,
    /// The customer wrote, and wants something.
    CustomerWrote,
    /// The customer was content.
    CustomerContent,
    /// Put off.
    Snooze,
    /// The time it was put off to has come.
    Wake,
    /// Closed.
    Resolve,
    /// Opened again by hand.
    Reopen,
    /// Marked as noise.
    Spam,
    /// Brought back from quarantine.
    Restore,
    /// Joined into another.
    Merge,
}

impl Status {
    /// All of them, in the order of the documented table.
    pub const ALL: [Status; 8] = [
        Status::New,
        Status::Open,
        Status::Waiting,
        Status::Private,
        Status::Snoozed,
        Status::Resolved,
        Status::Quarantined,
        Status::Merged,
    ];

    /// The status after `trigger`, or `None` where that is refused. `owned`: somebody owns the case.
    #[must_use]
    pub fn after(self, trigger: Trigger, owned: bool) -> Option<Status> {
        use Status::{Merged, New, Open, Private, Quarantined, Resolved, Snoozed, Waiting};
        let back = if owned { Open } else { New };
        Some(match (self, trigger) {
            (Merged, _) => return None,
            (Quarantined, Trigger::Restore) => back,
            (Quarantined, Trigger::CustomerWrote | Trigger::CustomerContent | Trigger::Wake | Trigger::Release | Trigger::Retract) => {
                Quarantined
            }
            (Quarantined, Trigger::Merge) => Merged,
            (Quarantined, _) | (_, Trigger::Restore) => return None,
            (Resolved, Trigger::Reopen | Trigger::CustomerWrote) => back,
            (Resolved, Trigger::Answer | Trigger::HandOff | Trigger::CustomerContent | Trigger::Wake | Trigger::Release) => Resolved,
            (Resolved, Trigger::Spam) => Quarantined,
            (Resolved, Trigger::Merge) => Merged,
            (Resolved, Trigger::Claim | Trigger::Snooze | Trigger::Resolve) | (_, Trigger::Reopen) => return None,
            (Waiting, Trigger::Retract) => back,
            (here, Trigger::Retract) => here,
            (_, Trigger::Merge) => Merged,
            (_, Trigger::Resolve) => Resolved,
            (_, Trigger::Spam) => Quarantined,
            (_, Trigger::Snooze) => Snoozed,
            (Snoozed, Trigger::Wake) => back,
            (here, Trigger::Wake) => here,
            (Private, Trigger::Claim | Trigger::CustomerWrote | Trigger::CustomerContent | Trigger::Answer) => Private,
            (_, Trigger::HandOff) => Private,
            (_, Trigger::Answer) => Waiting,
            (New, Trigger::Claim) => Open,
            (here, Trigger::Claim) => here,
            (Open, Trigger::Release) => New,
            (here, Trigger::Release) => here,
            (here, Trigger::CustomerContent) => here,
            (_, Trigger::CustomerWrote) => back,
        })
    }

    /// Whether staff still have something to do or to wait for.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Status::Resolved | Status::Quarantined | Status::Merged)
    }
}

impl Trigger {
    /// All of them, in the order of the documented table.
    pub const ALL: [Trigger; 14] = [
        Trigger::Claim,
        Trigger::Release,
        Trigger::Answer,
        Trigger::HandOff,
        Trigger::Retract,
        Trigger::CustomerWrote,
        Trigger::CustomerContent,
        Trigger::Snooze,
        Trigger::Wake,
        Trigger::Resolve,
        Trigger::Reopen,
        Trigger::Spam,
        Trigger::Restore,
        Trigger::Merge,
    ];
}
