//! `sereno demo`: the whole of sereno on a little town's own network, with nothing to set up.
//!
//! [`script`] holds the story as data, [`town`] plays it on [`crate::network::square`].

pub mod script;
pub mod town;
