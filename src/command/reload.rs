//! `reload`: bot.toml is read again.

use super::{Command, Row, Run, TYPED, Takes, Verb};
use crate::case::refusal::Refusal;
use crate::desk::DeskWork;
use crate::policy::Role;
use crate::say::Say;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Reload,
    name: "reload",
    en: &["refresh"],
    es: &["recargar"],
    on_case: false,
    takes: Takes::Nothing,
    role: Role::Operator,
    doors: TYPED,
    run: Run::Desk(run),
};

fn run(d: &mut DeskWork<'_>, _: &Command) -> Result<Say, Refusal> {
    d.reload = true;
    Ok(Say::new("done-reload"))
}
