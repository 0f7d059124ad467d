//! `tag`: puts a label on a case, or takes it off (`tag 42 -refund`).

use super::{Args, Command, FORM, Row, Run, Takes, Verb, done, not_merged};
use crate::case::Event;
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Tag,
    name: "tag",
    en: &["label"],
    es: &["etiqueta", "etiquetar"],
    on_case: true,
    takes: Takes::Tag,
    role: Role::Agent,
    doors: FORM,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::Tag(tag, off) = &c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    if tag.is_empty() {
        return Err(Refusal::Usage(ROW.name.into()));
    }
    not_merged(w)?;
    let has = w.case.tags.contains(tag);
    if has != *off {
        return Err(Refusal::AlreadySo);
    }
    if *off {
        w.case.tags.retain(|t| t != tag);
        w.event(Some(&c.by), Event::Untagged { tag: tag.clone() });
        return Ok(Say::new("done-untag").case(w.case.id).text("tag", tag));
    }
    w.case.tags.push(tag.clone());
    w.event(Some(&c.by), Event::Tagged { tag: tag.clone() });
    Ok(done(w, &ROW).text("tag", tag))
}
