//! `resume`: sending goes on after a `pause`.

use super::{Command, Row, Run, TYPED, Takes, Verb};
use crate::case::refusal::Refusal;
use crate::desk::DeskWork;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Resume,
    name: "resume",
    en: &["continue"],
    es: &["reanudar", "continuar"],
    on_case: false,
    takes: Takes::Nothing,
    role: Role::Lead,
    doors: TYPED,
    run: Run::Desk(run),
};

fn run(d: &mut DeskWork<'_>, c: &Command) -> Result<Say, Refusal> {
    if d.desk.paused.take().is_none() {
        return Err(Refusal::AlreadySo);
    }
    d.announce(&Say::new("notice-resumed").text("agent", d.policy.name_of(&c.by)));
    Ok(Say::new("done-resume"))
}
