//! `help`: all commands, or one in full. Only reads: the engine answers it.

use super::{Row, Run, TYPED, Takes, Verb};
use crate::policy::Role;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Help,
    name: "help",
    en: &["commands"],
    es: &["ayuda", "comandos"],
    on_case: false,
    takes: Takes::Topic,
    role: Role::Viewer,
    doors: TYPED,
    run: Run::Query,
};
