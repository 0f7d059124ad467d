//! The desk: what belongs to a team as a whole. Pure, like the case.

use crate::clock::Time;
use crate::outbox::{Effect, Urgency};
use crate::policy::{AgentId, Policy, RoomId};
use crate::post::Account;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sending to the networks is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// By whom.
    pub by: AgentId,
    /// When.
    pub at: Time,
}

/// What belongs to a team as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Whether sending is stopped.
    pub paused: Option<Paused>,
    /// The last local day (`2026-11-21`) whose digest was given.
    pub digest_given: Option<String>,
    /// When the desk next wants to be woken.
    pub next_wake: Option<Time>,
    /// Accounts whose token was last found bad, and since when.
    pub auth_lost: BTreeMap<Account, Time>,
    /// When each account was first seen: older posts are not taken in.
    pub first_seen: BTreeMap<Account, Time>,
}

/// A desk being changed.
pub struct DeskWork<'a> {
    /// The desk.
    pub desk: Desk,
    /// The rules.
    pub policy: &'a Policy,
    /// The moment.
    pub now: Time,
    /// What is to be done outside.
    pub effects: Vec<(RoomId, Urgency, Effect)>,
    /// The configuration is to be read again.
    pub reload: bool,
}
