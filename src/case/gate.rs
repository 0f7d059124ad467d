//! The one gate before the outside: asked in the commit that marks a send as in flight.

use super::status::Status;
use super::{Case, HoldReason, Outgoing, SendKind, SendState, StopReason};
use crate::clock::Time;
use crate::desk::Desk;
use crate::planted::{self, Bug};
use crate::policy::{Approval, Policy, Role};
use crate::say::Why;

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may leave.
    Go,
    /// Not now; ask again later.
    Wait,
    /// A person must look at it first.
    Hold(HoldReason),
    /// Never.
    Refuse(StopReason),
}

/// Whether `send` of `case` may leave now. Everything is looked at anew: what was right when the
/// send was asked for may be wrong by now.
#[must_use]
pub fn gate(case: &Case, send: &Outgoing, desk: &Desk, policy: &Policy, now: Time) -> Gate {
    if desk.paused.is_some() && !planted::is(Bug::PauseIgnored) {
        return Gate::Wait;
    }
    match &send.state {
        SendState::Waiting { until } if *until <= now => {}
        SendState::Stopped(why) => return Gate::Refuse(why.clone()),
        _ => return Gate::Wait,
    }
    if matches!(case.status, Status::Merged | Status::Quarantined) {
        return Gate::Refuse(StopReason::CaseClosed);
    }
    if !policy.accounts.contains_key(&send.account) {
        return Gate::Refuse(StopReason::Refused(Why::ours("why-account-gone")));
    }
    if !may_send(send, policy) && !planted::is(Bug::RightsNotRechecked) {
        return Gate::Refuse(StopReason::RightLost);
    }
    target(case, send)
}

/// Whether those who asked for it, and approved it, still have the right to.
fn may_send(send: &Outgoing, policy: &Policy) -> bool {
    let least = match send.kind {
        SendKind::Retract { .. } | SendKind::Correct { .. } => Role::Lead,
        _ => Role::Agent,
    };
    let role = policy.role(&send.by);
    if role < Some(least) {
        return false;
    }
    let approved = send.approved_by.as_ref().is_some_and(|by| policy.role(by) >= Some(Role::Lead) && by != &send.drafted_by);
    let public_text = matches!(send.kind, SendKind::Reply | SendKind::Correct { .. }) && !planted::is(Bug::ApprovalSkipped);
    match policy.reply.approval {
        _ if !public_text => true,
        Approval::Off => true,
        Approval::Agents => role >= Some(Role::Lead) || approved,
        Approval::All => approved,
    }
}

/// Whether the post it answers still stands as it was when the text was agreed on.
fn target(case: &Case, send: &Outgoing) -> Gate {
    if matches!(send.kind, SendKind::Retract { .. } | SendKind::Correct { .. }) {
        return Gate::Go;
    }
    match send.target.as_ref().and_then(|id| case.post(id)) {
        Some((_, post)) if post.deleted_at.is_some() => Gate::Refuse(StopReason::TargetGone),
        Some((_, post)) if post.post.version() != send.target_version => Gate::Hold(HoldReason::TargetEdited),
        _ => Gate::Go,
    }
}
