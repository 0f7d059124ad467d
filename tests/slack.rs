//! Slack: the emulated workspace held to its samples, and sereno in it.

mod spec;
mod witness;
mod workspace;
