//! `merge`: one case of a customer goes on in another. `merge 42 43`: #42 lives on in #43.

use super::{Args, Command, Row, Run, TYPED, Takes, Verb, done, is_lead, open, other};
use crate::case::refusal::Refusal;
use crate::case::work::{Follow, Work};
use crate::case::{Event, SendState, Trigger};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Merge,
    name: "merge",
    en: &["join"],
    es: &["fusionar", "unir"],
    on_case: true,
    takes: Takes::Case,
    role: Role::Agent,
    doors: TYPED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::Case(to) = c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    let into = other(w, to)?;
    open(w)?;
    if !into.status.is_open() {
        return Err(Refusal::Status(into.status));
    }
    // An author's id is unique in the world, so it says the network as well.
    if into.key.desk != w.case.key.desk || into.key.customer != w.case.key.customer {
        return Err(Refusal::OtherCustomer);
    }
    if !is_lead(w, c) {
        w.not_anothers(&c.by)?;
    }
    // What is on its way belongs to this case until it has landed.
    match w.case.live_send() {
        Some(s) if matches!(s.state, SendState::Unknown { .. }) => return Err(Refusal::InDoubt(s.id)),
        Some(s) if matches!(s.state, SendState::InFlight { .. }) => return Err(Refusal::SendUnderWay(s.id)),
        _ => {}
    }
    let from = Box::new(w.case.clone());
    w.trigger(Trigger::Merge)?;
    w.close();
    w.case.undoable = None;
    w.case.merged_into = Some(to);
    w.event(Some(&c.by), Event::MergedInto { case: to });
    w.follow.push(Follow::Absorb { to, from, by: c.by.clone() });
    Ok(done(w, &ROW).text("other", to.to_string()))
}
