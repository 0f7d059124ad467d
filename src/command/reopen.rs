//! `reopen`: opens a closed case again by hand.

use super::{Command, PRESSED, Row, Run, Takes, Verb, done};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Reopen,
    name: "reopen",
    en: &["unresolve"],
    es: &["reabrir"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    w.remember(&c.by, ROW.name);
    w.reopen(Some(&c.by))?;
    Ok(done(w, &ROW))
}
