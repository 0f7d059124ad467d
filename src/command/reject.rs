//! `reject`: a lead does not let a send go, and may say why. Its text is the draft again.

use super::{Command, FORM, Row, Run, Takes, Verb, awaiting, done, give_back, given_text, same_text};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, SendState, StopReason};
use crate::policy::Role;
use crate::post::Untrusted;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Reject,
    name: "reject",
    en: &["deny"],
    es: &["rechazar"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Lead,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    same_text(&w.case, &c.args)?;
    let id = awaiting(w)?;
    if let Some(send) = w.case.sends.iter_mut().find(|s| s.id == id) {
        send.state = SendState::Stopped(StopReason::Rejected);
    }
    w.voided.push(id);
    w.event(Some(&c.by), Event::Rejected { send: id, text: given_text(c).map(Untrusted::new) });
    give_back(w, id);
    Ok(done(w, &ROW))
}
