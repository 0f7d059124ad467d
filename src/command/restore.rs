//! `restore`: brings a case back from quarantine; the customer waits for an answer again.

use super::{Command, PRESSED, Row, Run, Takes, Verb, done};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger};
use crate::digest::FactKind;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Restore,
    name: "restore",
    en: &["unhide"],
    es: &["restaurar", "recuperar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    w.remember(&c.by, ROW.name);
    w.trigger(Trigger::Restore)?;
    w.case.hidden_because = None;
    w.event(Some(&c.by), Event::Restored);
    w.fact(Some(&c.by), FactKind::Restored);
    let deadline = &w.ctx.policy.deadline;
    let within = match w.case.first_answer_at {
        None => deadline.first_response_ms[w.case.priority.index()],
        Some(_) => deadline.next_response_ms,
    };
    w.await_answer(within);
    Ok(done(w, &ROW))
}
