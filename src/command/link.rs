//! `link`: two cases that belong together; each shows the other.

use super::{Args, Command, Row, Run, TYPED, Takes, Verb, done, not_merged, other};
use crate::case::Event;
use crate::case::refusal::Refusal;
use crate::case::work::{Follow, Work};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Link,
    name: "link",
    en: &["relate"],
    es: &["enlazar", "vincular"],
    on_case: true,
    takes: Takes::Case,
    role: Role::Agent,
    doors: TYPED,
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::Case(to) = c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    not_merged(w)?;
    other(w, to)?;
    if w.case.links.contains(&to) {
        return Err(Refusal::AlreadySo);
    }
    w.case.links.push(to);
    w.event(Some(&c.by), Event::Linked { case: to });
    w.follow.push(Follow::Link { to, from: w.case.id, by: Some(c.by.clone()) });
    Ok(done(w, &ROW).text("other", to.to_string()))
}
