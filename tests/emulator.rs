//! Servers that stand in for the real ones, on 127.0.0.1: with books of what truly happened, and
//! faults on demand.

pub mod mastodon;
pub mod slack;
pub mod x;
