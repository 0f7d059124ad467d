//! `release`: the owner lets go of a case. A lead lets go for anybody, but for a reaction taken away,
//! which speaks for the one who had put it there.

use super::{Command, Door, REACTED, Row, Run, Takes, Verb, done, is_lead, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Release,
    name: "release",
    en: &["unclaim", "drop"],
    es: &["soltar", "liberar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Agent,
    doors: REACTED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    if w.case.owner.is_none() {
        return Err(Refusal::NotOwned);
    }
    // Whoever takes their own reaction back lets go of what was theirs, whatever else they may.
    if c.door == Door::Reaction || !is_lead(w, c) {
        w.not_anothers(&c.by)?;
    }
    w.remember(&c.by, ROW.name);
    w.trigger(Trigger::Release)?;
    w.case.owner = None;
    w.event(Some(&c.by), Event::Released);
    Ok(done(w, &ROW))
}
