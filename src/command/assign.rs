//! `assign`: a lead gives a case to a colleague; an agent takes one that is nobody's.

use super::parse::workers;
use super::{Args, Command, FORM, Row, Run, Takes, Verb, done, is_lead, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger};
use crate::policy::{AgentId, Role};
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Assign,
    name: "assign",
    en: &["give"],
    es: &["asignar", "dar"],
    on_case: true,
    takes: Takes::Person,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::Person(to) = &c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    let to = AgentId::from(to.as_str());
    open(w)?;
    // A case is given only to somebody who can work it.
    if w.ctx.policy.role(&to) < Some(Role::Agent) {
        return Err(Refusal::UnknownPerson(to.0, workers(&w.ctx.policy.people)));
    }
    if w.case.owner.as_ref() == Some(&to) {
        return Err(if to == c.by { Refusal::AlreadyYours } else { Refusal::AlreadySo });
    }
    if !is_lead(w, c) {
        if to != c.by {
            return Err(Refusal::NeedsRole(Role::Lead));
        }
        w.not_anothers(&c.by)?;
    }
    w.remember(&c.by, ROW.name);
    w.trigger(Trigger::Claim)?;
    w.case.owner = Some(to.clone());
    w.event(Some(&c.by), Event::Assigned { to: to.clone() });
    let name = w.ctx.policy.name_of(&to);
    Ok(done(w, &ROW).text("agent", name))
}
