//! `dm`: writes to the customer in the private conversation that a handoff opened. Without text it
//! sends the message that `undo` called back last.

use super::{Command, FORM, Row, Run, Takes, Verb, called_back, given_to_customer, open, sent};
use crate::case::SendKind;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
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
    let before = || called_back(w, &SendKind::Dm).map(str::to_owned);
    let text = given_to_customer(w, c).or_else(before).ok_or_else(|| Refusal::Usage(ROW.name.into()))?;
    w.own(&c.by)?;
    let id = w.send(SendKind::Dm, &text, c, &c.by)?;
    Ok(sent(w, id))
}
