//! `help`: all commands, or one in full. Only reads: the engine answers it.

use super::{Row, Run, TYPED, Takes, Verb};
use crate::intake::fold;
use crate::policy::Role;

/// The topic of those who want all of it.
pub const ALL: &str = "all";

/// Whether somebody wants all of it.
pub(super) fn is_all(word: &str) -> bool {
    [ALL, "todo", "todos", "todas"].contains(&fold(word).as_str())
}

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
