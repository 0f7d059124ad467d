//! `note`: something for colleagues to read. It stays inside.

use super::{Command, FORM, Row, Run, Takes, Verb, done, needed_text, not_merged};
use crate::case::Event;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::post::Untrusted;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Note,
    name: "note",
    en: &["comment"],
    es: &["nota", "anotar", "apuntar"],
    on_case: true,
    takes: Takes::Text,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let text = needed_text(c)?;
    not_merged(w)?;
    w.event(Some(&c.by), Event::Noted { text: Untrusted::new(text) });
    Ok(done(w, &ROW))
}
