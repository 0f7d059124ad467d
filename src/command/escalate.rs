//! `escalate`: calls for help. The case becomes urgent and its thread says so.

use super::{Command, Door, Row, Run, Takes, Verb, done, given_text, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Priority};
use crate::policy::Role;
use crate::post::Untrusted;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Escalate,
    name: "escalate",
    en: &["urge"],
    es: &["escalar"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Agent,
    doors: &[Door::Slash, Door::Text, Door::Button, Door::Reaction, Door::Modal, Door::Console],
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    open(w)?;
    w.remember(&c.by, ROW.name);
    w.case.priority = Priority::Urgent;
    w.case.priority_fixed = true;
    w.event(Some(&c.by), Event::Escalated { text: given_text(c).map(Untrusted::new) });
    Ok(done(w, &ROW))
}
