//! (shim: the whole file is replaced by the branch `command`)
use super::{Row, Verb};
/// r
pub fn row(_v: Verb) -> &'static Row {
    unreachable!()
}
/// f
pub fn find(_s: &str) -> Option<&'static Row> {
    None
}
