//! `dm`: writes to the customer in the private conversation that a handoff opened. Without text it
//! sends the message that `undo` called back last.

use super::{Command, FORM, Row, Run, Takes, Verb, called_back, given_files, given_to_customer, open, sent};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Outgoing, SendKind, SendState};
use crate::policy::{DmRoute, Role};
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Dm,
    name: "dm",
    en: &["message"],
    es: &["md", "mensaje"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    w.not_anothers(&c.by)?;
    if !w.case.handoff_open {
        return Err(Refusal::NoHandoff);
    }
    within_route(w)?;
    let files = given_files(c)?;
    let before = || called_back(w, &SendKind::Dm);
    let (text, files) =
        given_to_customer(w, c)?.map(|text| (text, files)).or_else(before).ok_or_else(|| Refusal::Usage(ROW.name.into()))?;
    w.own(&c.by)?;
    let id = w.send_with(SendKind::Dm, &text, files, c, &c.by)?;
    Ok(sent(w, id))
}

/// Some networks take one message, or messages for a while, until the customer writes again.
pub(super) fn within_route(w: &Work<'_>) -> Result<(), Refusal> {
    match &w.case.customer.route {
        Some(DmRoute::OneShot { until } | DmRoute::Window { until }) if *until < w.ctx.now => Err(Refusal::RouteShut),
        Some(DmRoute::OneShot { .. }) => {
            let heard = w.case.latest_of_customer(true).map(|p| p.seen_at);
            let spent = |s: &Outgoing| {
                s.kind.is_private() && matches!(s.state, SendState::Published { at, .. } if heard.is_none_or(|heard| at >= heard))
            };
            if w.case.sends.iter().any(spent) { Err(Refusal::RouteShut) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
