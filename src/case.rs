//! The case: one conversation of one customer, and the only code that writes its state.
//!
//! [`step`] takes a case, an input and what must be known to decide, and gives back the case, its
//! new events and the effects that follow. No I/O, no clock, no randomness, no unordered
//! iteration. Its partner is [`crate::engine`], which finds the case, commits, and acks.

mod erase;
mod event;
#[cfg(any(test, fuzzing))]
pub(crate) mod fixtures;
pub mod gate;
mod model;
mod outgoing;
mod private;
pub mod refusal;
mod status;
pub mod step;
pub mod work;

pub use event::Event;
pub use model::*;
pub use outgoing::*;
pub use status::{Status, Trigger};
