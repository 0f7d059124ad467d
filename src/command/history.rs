//! `history`: everything that happened to a case, in order. Only reads: the engine answers it.

use super::{PRESSED, Row, Run, Takes, Verb};
use crate::policy::Role;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::History,
    name: "history",
    en: &["log", "trail"],
    es: &["historial"],
    on_case: true,
    takes: Takes::Nothing,
    role: Role::Viewer,
    doors: PRESSED,
    run: Run::Query,
};
