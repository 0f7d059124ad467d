//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod config;
mod docs;
mod stories;
mod world;
