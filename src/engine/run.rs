//! (being written)
/// The engine.
pub struct Engine;
