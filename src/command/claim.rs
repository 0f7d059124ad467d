//! `claim`: somebody takes a case. The first wins; the other is told who.

use super::{Command, REACTED, Row, Run, Takes, Verb, done, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Claim,
    name: "claim",
    en: &["take"],
    es: &["tomar", "coger", "reclamar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: REACTED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    if w.case.owner.as_ref() == Some(&c.by) {
        return Err(Refusal::AlreadyYours);
    }
    w.not_anothers(&c.by)?;
    w.remember(&c.by, ROW.name);
    w.own(&c.by)?;
    Ok(done(w, &ROW))
}
