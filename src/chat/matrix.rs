//! Matrix: the team's room, plain or encrypted.
//!
//! ```text
//! sync ─▶ hearing ─▶ Said ─▶ (commit) ─▶ answers ─┐
//!            └─ waiting, invites, reactions       ├─▶ render ─▶ deliver, one sender a room ─▶ session ─▶ homeserver
//!                             outbox ─▶ post, look┘
//! ```
//! matrix-sdk carries the API and the encryption. Its sync loses what was heard when the process dies,
//! and leaves gaps: the place up to which everything was done is kept by the bot itself, see `live::hearing`.
//! Its queue of sends is not used: the outbox is one, with transaction ids of its own, see `live::deliver`.
//!
//! Keys and session stand in a directory of their own, one process at a time, see [`place`].

#[cfg(feature = "matrix")]
mod live;
pub mod place;
pub mod read;
pub mod render;

#[cfg(feature = "matrix")]
pub use live::{Matrix, Pace, Rules, Secret, Settings, recover};
