//! `priority`: staff say how soon; weighing no longer changes it.

use super::{Args, Command, FORM, Row, Run, Takes, Verb, done, open};
use crate::case::Event;
use crate::case::refusal::{Refusal, code};
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::{Arg, Say};

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Priority,
    name: "priority",
    en: &["prio"],
    es: &["prioridad"],
    on_case: true,
    takes: Takes::Priority,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::Priority(to) = c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    open(w)?;
    if w.case.priority == to && w.case.priority_fixed {
        return Err(Refusal::AlreadySo);
    }
    w.remember(&c.by, ROW.name);
    w.case.priority = to;
    w.case.priority_fixed = true;
    w.event(Some(&c.by), Event::PrioritySet { to });
    Ok(done(w, &ROW).with("priority", Arg::Code(format!("priority-{}", code(&to)))))
}
