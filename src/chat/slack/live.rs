//! What speaks with Slack: all of the adapter that the feature `slack` is needed for.

mod adapter;
mod answers;
mod below;
mod catchup;
mod deliver;
mod events;
mod forms;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod history;
mod home;
mod inbound;
mod lanes;
mod people;
mod pictures;
mod reactions;
mod rooms;
mod sent;
mod session;
mod socket;
mod tokens;
mod turns;
mod typed;
mod wire;

pub use adapter::{HttpEvents, Pace, Settings, Slack, Way};
pub use tokens::Rotation;

use super::{check, render, who};
use adapter::Shared;
