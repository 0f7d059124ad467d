//! `list`: open cases, one's own, nobody's, or what is hidden as noise. Only reads: the engine answers it.

use super::{Row, Run, TYPED, Takes, Verb};
use crate::policy::Role;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::List,
    name: "list",
    en: &["cases", "queue"],
    es: &["lista", "listar", "casos"],
    on_case: false,
    takes: Takes::Filter,
    role: Role::Viewer,
    doors: TYPED,
    run: Run::Query,
};
