//! What speaks with Slack: all of the adapter that the feature `slack` is needed for.

mod adapter;
mod answers;
mod below;
mod catchup;
mod deliver;
mod events;
mod forms;
mod home;
mod inbound;
mod lanes;
mod people;
mod reactions;
mod rooms;
mod sent;
mod session;
mod socket;
mod tokens;
mod turns;
mod wire;

pub use adapter::{HttpEvents, Pace, Settings, Slack, Way};
pub use tokens::Rotation;

use super::{check, render};
use adapter::Shared;
