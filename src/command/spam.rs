//! `spam`: hides a case as noise. Nothing is lost: `list spam` shows it, `restore` brings it back.

use super::{Command, Door, Row, Run, Takes, Verb, done, given_text, is_lead};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger};
use crate::digest::FactKind;
use crate::intake::Reason;
use crate::policy::Role;
use crate::post::Untrusted;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Spam,
    name: "spam",
    en: &["junk"],
    es: &["basura", "ocultar"],
    on_case: true,
    takes: Takes::MaybeText,
    role: Role::Agent,
    doors: &[Door::Slash, Door::Text, Door::Button, Door::Reaction, Door::Console],
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    if !is_lead(w, c) {
        w.not_anothers(&c.by)?;
    }
    w.remember(&c.by, ROW.name);
    w.trigger(Trigger::Spam)?;
    w.close();
    w.case.hidden_because = Some(Reason::ByHand);
    if let Some(text) = given_text(c) {
        w.event(Some(&c.by), Event::Noted { text: Untrusted::new(text) });
    }
    w.event(Some(&c.by), Event::Hidden { because: Reason::ByHand });
    w.fact(Some(&c.by), FactKind::Hidden);
    Ok(done(w, &ROW))
}
