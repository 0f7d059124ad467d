//! Slack: the emulated workspace held to its samples, and sereno in it.

#[cfg(feature = "slack")]
mod doors;
#[cfg(feature = "slack")]
mod faults;
#[cfg(feature = "slack")]
mod gaps;
#[cfg(feature = "slack")]
mod rights;
#[cfg(feature = "slack")]
mod slow;
mod spec;
#[cfg(feature = "slack")]
mod town;
#[cfg(feature = "slack")]
mod whole;
mod witness;
mod workspace;
