//! What speaks with a homeserver: all of the adapter that the feature `matrix` is needed for.

mod adapter;
mod answers;
mod check;
mod deliver;
mod doors;
mod erasing;
mod fetch;
mod gaps;
mod hearing;
mod invites;
mod lanes;
mod pictures;
mod pins;
mod reactions;
mod rooms;
mod session;
mod waiting;

pub use adapter::{Matrix, Pace, Settings};
pub use fetch::Rules;
pub use session::{Secret, recover};

use super::{place, read, render};
use adapter::Shared;
