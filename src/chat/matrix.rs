//! Matrix: the team's room, plain or encrypted.
//!
//! ```text
//! sync ─▶ hearing ─▶ Said ─▶ (commit) ─▶ answers ─┐
//!            └─ waiting, invites, reactions       ├─▶ render ─▶ deliver, one sender a room ─▶ session ─▶ homeserver
//!                             outbox ─▶ post, look┘
//! ```
//! matrix-sdk carries the API and the encryption. Its sync loses what was heard when the process dies,
//! and leaves gaps: the place up to which everything was done is kept by the bot itself, see `hearing`.
//! Its queue of sends is not used: the outbox is one, with transaction ids of its own, see `deliver`.
//!
//! Keys and session stand in a directory of their own, one process at a time, see [`place`].

#[cfg(feature = "matrix")]
mod adapter;
#[cfg(feature = "matrix")]
mod answers;
#[cfg(feature = "matrix")]
mod check;
#[cfg(feature = "matrix")]
mod deliver;
#[cfg(feature = "matrix")]
mod hearing;
#[cfg(feature = "matrix")]
mod invites;
#[cfg(feature = "matrix")]
mod lanes;
pub mod place;
#[cfg(feature = "matrix")]
mod reactions;
pub mod read;
pub mod render;
#[cfg(feature = "matrix")]
mod rooms;
#[cfg(feature = "matrix")]
mod session;
#[cfg(feature = "matrix")]
mod waiting;

#[cfg(feature = "matrix")]
pub use adapter::{Matrix, Pace, Settings};
#[cfg(feature = "matrix")]
pub use session::{Secret, recover};

#[cfg(feature = "matrix")]
use adapter::Shared;
