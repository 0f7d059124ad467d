//! `pause`: nothing goes out to the networks until `resume`.

use super::{Command, Row, Run, TYPED, Takes, Verb};
use crate::case::refusal::Refusal;
use crate::desk::{DeskWork, Paused};
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Pause,
    name: "pause",
    en: &["stop"],
    es: &["pausa", "pausar"],
    on_case: false,
    takes: Takes::Nothing,
    role: Role::Lead,
    doors: TYPED,
    run: Run::Desk(run),
};

fn run(d: &mut DeskWork<'_>, c: &Command) -> Result<Say, Refusal> {
    if d.desk.paused.is_some() {
        return Err(Refusal::AlreadySo);
    }
    d.desk.paused = Some(Paused { by: c.by.clone(), at: d.now });
    d.announce(&Say::new("notice-paused").text("agent", d.policy.name_of(&c.by)));
    Ok(Say::new("done-pause"))
}
