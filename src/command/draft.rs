//! `draft`: writes an answer down without sending it. Anybody may propose one. Fields such as `{code}` are
//! filled in here, so that what is read, measured and approved is what is sent.

use super::{Command, Door, FORM, Row, Run, Takes, Verb, done, given_files, given_to_customer, open};
use crate::case::SendKind;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Draft,
    name: "draft",
    en: &["propose"],
    es: &["borrador", "proponer"],
    on_case: true,
    takes: Takes::Text,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let given = given_files(c)?;
    let text = given_to_customer(w, c)?.ok_or(Refusal::Empty)?;
    open(w)?;
    // A form changes the text that stood in it, and holds no pictures: they stay. What is typed anew stands for itself.
    let files = match w.case.current_draft() {
        Some(draft) if c.door == Door::Modal => draft.files.clone(),
        _ => given,
    };
    if let Ok((account, ..)) = w.addressee(&SendKind::Reply) {
        w.fits(&account, false, &files)?;
    }
    w.remember(&c.by, ROW.name);
    w.draft(&c.by, &text, files);
    // With nothing to answer, only the sending is refused; what was written stands.
    let Ok((account, to, _)) = w.addressee(&SendKind::Reply) else { return Ok(Say::new("done-draft-unaddressed").case(w.case.id)) };
    let (length, max) = w.counted(&account, &to, &text, false);
    let said = if length > max { Say::new("done-draft-too-long").case(w.case.id) } else { done(w, &ROW) };
    Ok(said.number("length", length).number("max", max))
}
