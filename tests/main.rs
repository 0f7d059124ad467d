//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "tests")]

mod app;
mod config;
mod docs;
mod stories;
mod world;
