//! Slack: the team's channel.
//!
//! ```text
//! socket ─┐                                    ┌─▶ render ─▶ lanes ─▶ session ─▶ Slack
//! events ─┼─▶ inbound ─▶ Said ─▶ (commit) ─▶ ack
//! catchup ┘      └── people, rooms ── forms    └── deliver: post, look
//! ```
//! A frame is acked only after the commit of what it asks for; what cannot be read is kept whole
//! first ([`crate::chat::Memory::park`]). Frames are worked on side by side, those of one person in their order,
//! so that a slow one holds up nobody. Ids are such that a frame that comes again, and the same
//! thing found later by reading history, do nothing twice.
//!
//! slack-morphism carries the Web API. The socket is read here: that crate's reader waits for one
//! frame's ack before it reads the next, so that one slow commit would hold up all, pongs included.
//!
//! Rotating tokens are kept beside the store, see `tokens`.

pub mod check;
#[cfg(feature = "slack")]
mod live;
pub mod manifest;
pub mod render;
mod who;

#[cfg(all(feature = "slack", any(test, fuzzing)))]
pub(crate) use live::fuzzing;
#[cfg(feature = "slack")]
pub use live::{HttpEvents, Pace, Rotation, Settings, Slack, Way};
