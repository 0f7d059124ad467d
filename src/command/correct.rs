//! `correct`: puts another text in the place of our last published answer.

use super::{Command, FORM, Row, Run, Takes, Verb, capabilities, given_to_customer, last_published, published_text, sent, visible};
use crate::case::SendKind;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Correct,
    name: "correct",
    en: &["fix"],
    es: &["corregir"],
    on_case: true,
    takes: Takes::Text,
    role: Role::Lead,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let text = given_to_customer(w, c)?.ok_or(Refusal::Empty)?;
    // Also on a closed case: a wrong answer stays wrong.
    visible(w)?;
    let (send, account) = last_published(w)?;
    if !capabilities(w, &account).can_edit {
        return Err(Refusal::NotOnThisNetwork);
    }
    if published_text(&w.case, send) == Some(text.as_str()) {
        return Err(Refusal::AlreadySo);
    }
    let id = w.send(SendKind::Correct { send }, &text, c, &c.by)?;
    Ok(sent(w, id))
}
