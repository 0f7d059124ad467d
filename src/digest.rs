//! The report: facts that commits leave behind, and the figures made from them.

pub mod figures;
pub mod schedule;

use crate::case::{CaseId, Resolution};
use crate::clock::Time;
use crate::policy::AgentId;
use crate::post::Network;
use serde::{Deserialize, Serialize};

/// Something that counts, without anything personal of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When.
    pub at: Time,
    /// Of which case.
    pub case: CaseId,
    /// Its number within the case's facts at that moment, to tell two apart.
    pub n: u32,
    /// On which network.
    pub network: Network,
    /// By whom.
    pub by: Option<AgentId>,
    /// What.
    pub kind: FactKind,
}

/// What counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A case began.
    Opened,
    /// The brand first answered.
    FirstAnswer {
        /// Milliseconds since the case began.
        after_ms: i64,
        /// Within its target.
        in_target: bool,
        /// Not through sereno.
        outside: bool,
    },
    /// A public answer went out.
    Replied,
    /// A case went private.
    HandedOff,
    /// A case was closed.
    Resolved {
        /// How.
        how: Resolution,
    },
    /// The customer confirmed what an agent had closed.
    Confirmed,
    /// A case was opened again.
    Reopened,
    /// A case was hidden as noise.
    Hidden,
    /// A case was brought back.
    Restored,
    /// A post was deleted before it could be shown.
    GoneBeforeShown,
    /// A post was passed on.
    Reposted,
}
