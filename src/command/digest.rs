//! `digest`: the figures of today, yesterday, the last seven days or a day by its date. Only reads: the engine answers it.

use super::{Row, Run, TYPED, Takes, Verb};
use crate::policy::Role;

/// The command's row.
pub const ROW: Row = Row {
    verb: Verb::Digest,
    name: "digest",
    en: &["report", "summary"],
    es: &["resumen", "informe"],
    on_case: false,
    takes: Takes::Period,
    role: Role::Viewer,
    doors: TYPED,
    run: Run::Query,
};
