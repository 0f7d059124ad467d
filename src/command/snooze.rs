//! `snooze`: puts a case off; it comes back by itself.

use super::{Args, Command, Door, Row, Run, Takes, Verb, done, is_lead, open};
use crate::case::refusal::Refusal;
use crate::case::work::Work;
use crate::case::{Event, Trigger};
use crate::clock::{DAY_MS, MINUTE_MS};
use crate::policy::Role;
use crate::say::{Arg, Say};

/// The shortest time a case can be put off, in milliseconds.
pub const SHORTEST_MS: i64 = MINUTE_MS;
/// The longest time a case can be put off, in milliseconds: nobody remembers it after a year.
pub const LONGEST_MS: i64 = 365 * DAY_MS;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Snooze,
    name: "snooze",
    en: &["later"],
    es: &["posponer", "aplazar"],
    on_case: true,
    takes: Takes::For,
    role: Role::Agent,
    doors: &[Door::Slash, Door::Text, Door::Button, Door::Reaction, Door::Modal, Door::Console],
    run: Run::Case(run),
};

fn run(w: &mut Work<'_>, c: &Command) -> Result<Say, Refusal> {
    let Args::For(ms) = c.args else { return Err(Refusal::Usage(ROW.name.into())) };
    if !(SHORTEST_MS..=LONGEST_MS).contains(&ms) {
        return Err(Refusal::BadTime(format!("{} min", ms / MINUTE_MS)));
    }
    open(w)?;
    if !is_lead(w, c) {
        w.not_anothers(&c.by)?;
    }
    w.remember(&c.by, ROW.name);
    w.trigger(Trigger::Snooze)?;
    let until = w.ctx.now.plus(ms);
    w.case.snoozed_until = Some(until);
    w.event(Some(&c.by), Event::Snoozed { until });
    Ok(done(w, &ROW).with("until", Arg::Moment(until)))
}
