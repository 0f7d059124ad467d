//! What goes out to a customer, from draft to receipt: part of the case's state, as [`super::model`] says.

use crate::clock::Time;
use crate::media::Kind;
use crate::policy::AgentId;
use crate::post::{Account, Author, PostId, Untrusted};
use crate::say::Why;
use serde::{Deserialize, Serialize};

/// A picture that staff hung on a text, by its name in the team's chat: the bytes stay there until the text is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The chat's id of the file.
    pub file: String,
    /// What it is called.
    pub name: Untrusted,
    /// Its media type, as the chat says it.
    pub mime: String,
    /// Its size as the chat says it, in bytes.
    pub bytes: u64,
    /// Its description for who cannot see it; may be empty.
    #[serde(default)]
    pub alt: Untrusted,
}

impl Attached {
    /// The kind of picture that the chat takes it for.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_mime(&self.mime)
    }
}

/// An answer being written. The last one is the current one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its number within the case, from 1.
    pub id: u32,
    /// Who wrote it.
    pub by: AgentId,
    /// When.
    pub at: Time,
    /// What it says; ours, but not yet public.
    pub text: Untrusted,
    /// Sent or thrown away.
    pub closed: bool,
    /// The pictures that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attached>,
}

/// What a send to the network is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendKind {
    /// A public answer.
    Reply,
    /// The first private message of a handoff.
    Handoff,
    /// A further private message.
    Dm,
    /// Takes back a published answer of ours.
    Retract {
        /// The earlier send.
        send: u32,
    },
    /// Changes a published answer of ours.
    Correct {
        /// The earlier send.
        send: u32,
    },
}

impl SendKind {
    /// Whether only the customer will read it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        matches!(self, SendKind::Handoff | SendKind::Dm)
    }
    /// Whether it says something of its own, rather than changing what was said.
    #[must_use]
    pub fn speaks(&self) -> bool {
        !matches!(self, SendKind::Retract { .. } | SendKind::Correct { .. })
    }
}

/// Why a send waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The customer wrote meanwhile.
    CustomerWrote,
    /// The post it answers was changed.
    TargetEdited,
    /// Somebody answered for the brand elsewhere.
    AnsweredOutside,
}

/// Why a send came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Taken back within its window.
    Undone,
    /// Rejected by a lead.
    Rejected,
    /// A newer draft took its place.
    Superseded,
    /// The post it answers is gone.
    TargetGone,
    /// Who sent it no longer may.
    RightLost,
    /// The case was resolved, merged or quarantined meanwhile.
    CaseClosed,
    /// The network refused it for good, or its adapter did.
    Refused(Why),
    /// Given up by a person after a doubt or a dead letter.
    Dropped,
    /// It stood, and was taken back.
    Retracted,
    /// It stood, and was deleted on the network itself, not through sereno.
    DeletedThere,
    /// It stood; the case it came from was erased.
    Erased,
}

/// Where a send stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Needs a second pair of eyes.
    AwaitingApproval,
    /// Can be undone until then; goes after it.
    Waiting {
        /// End of the window.
        until: Time,
    },
    /// Stopped until a person decides.
    Held(HoldReason),
    /// On its way.
    InFlight {
        /// Since when.
        since: Time,
    },
    /// It may or may not stand on the network: looked up, then asked of people.
    Unknown {
        /// Since when.
        since: Time,
    },
    /// It stands on the network.
    Published {
        /// Its id there.
        id: PostId,
        /// The id on our account's server.
        local_id: String,
        /// Where people read it.
        url: Option<String>,
        /// When.
        at: Time,
    },
    /// It does not, and will not.
    Stopped(StopReason),
}

impl SendState {
    /// Whether it can still reach the network.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self, SendState::Published { .. } | SendState::Stopped(_))
    }
    /// Whether it can still be called back.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self, SendState::AwaitingApproval | SendState::Waiting { .. } | SendState::Held(_))
    }
}

/// Something said, or to be said, in the company's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its number within the case, from 1.
    pub id: u32,
    /// What it is.
    pub kind: SendKind,
    /// From which account.
    pub account: Account,
    /// Which post it answers.
    pub target: Option<PostId>,
    /// That post's id on our server.
    pub target_local: String,
    /// That post's version when the text was agreed on.
    pub target_version: i64,
    /// To whom.
    pub to: Author,
    /// The text.
    pub text: Untrusted,
    /// The language it is marked with.
    pub lang: String,
    /// Who asked for it.
    pub by: AgentId,
    /// Who wrote the draft, where that was another.
    pub drafted_by: AgentId,
    /// Who approved this very text.
    pub approved_by: Option<AgentId>,
    /// When it was asked for.
    pub at: Time,
    /// Where it stands.
    pub state: SendState,
    /// Since when its text stands in the room for whoever is to approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Time>,
    /// Whether it was ever handed to its network: though it was not found there since, and waits or is held, it
    /// may still come to stand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tried: bool,
    /// When it was first handed to its network: what may stand of it is no older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Time>,
    /// When, after a doubt, its network was last found to show nothing of it. What a network was asked long
    /// ago is asked again before the send goes once more: a slow server may have finished it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_at: Option<Time>,
    /// Whether this public answer asks the customer to write to us in private.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invites: bool,
    /// The pictures that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attached>,
}

impl Outgoing {
    /// Whether it was given up although its network may have taken it: it may come to stand all the same.
    #[must_use]
    pub fn was_given_up(&self) -> bool {
        match &self.state {
            SendState::Stopped(StopReason::Dropped) => true,
            SendState::Stopped(
                StopReason::Undone
                | StopReason::Rejected
                | StopReason::Superseded
                | StopReason::TargetGone
                | StopReason::RightLost
                | StopReason::CaseClosed,
            ) => self.tried,
            // A try before the refused one was in doubt, and is looked for no more.
            SendState::Stopped(StopReason::Refused(_)) => self.absent_at.is_some(),
            // It never stood, or was seen to stand and is gone.
            _ => false,
        }
    }
}
