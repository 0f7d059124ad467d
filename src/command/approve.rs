//! `approve`: a second pair of eyes lets a send go. Never those that wrote it or asked for it.
//! Where the customer wrote or changed something since, the send was held and must be asked for
//! again: what is approved is the answer to what stands there now.

use super::{Command, PRESSED, Row, Run, Takes, Verb, awaiting, sent};
use crate::case::Event;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Approve,
    name: "approve",
    en: &["ok"],
    es: &["aprobar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Lead,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let id = awaiting(w)?;
    let Some(send) = w.case.sends.iter_mut().find(|s| s.id == id) else { return Err(Refusal::NothingToApprove) };
    if send.by == c.by || send.drafted_by == c.by {
        return Err(Refusal::OwnDraft);
    }
    send.approved_by = Some(c.by.clone());
    w.event(Some(&c.by), Event::Approved { send: id });
    w.arm(id, Some(&c.by));
    Ok(sent(w, id))
}
