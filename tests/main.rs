//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod config;
mod stories;
mod world;
