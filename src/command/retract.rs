//! `retract`: takes back our last published answer.

use super::{Command, PRESSED, Row, Run, Takes, Verb, capabilities, last_published, sent, visible};
use crate::case::SendKind;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Retract,
    name: "retract",
    en: &["withdraw"],
    es: &["retirar"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Lead,
    doors: PRESSED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    // Also on a closed case: a wrong answer stays wrong.
    visible(w)?;
    let (send, account) = last_published(w)?;
    if !capabilities(w, &account).can_delete {
        return Err(Refusal::NotOnThisNetwork);
    }
    let id = w.send(SendKind::Retract { send }, "", c, &c.by)?;
    Ok(sent(w, id))
}
