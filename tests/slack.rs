//! Slack: the emulated workspace held to its samples, and sereno in it.

#[cfg(feature = "slack")]
mod answers;
#[cfg(feature = "slack")]
mod digest;
#[cfg(feature = "slack")]
mod doors;
#[cfg(feature = "slack")]
mod elsewhere;
#[cfg(feature = "slack")]
mod faults;
#[cfg(feature = "slack")]
mod gaps;
#[cfg(feature = "slack")]
mod hostile;
#[cfg(feature = "slack")]
mod outage;
#[cfg(feature = "slack")]
mod pictures;
#[cfg(feature = "slack")]
mod rights;
#[cfg(feature = "slack")]
mod slow;
mod spec;
#[cfg(feature = "slack")]
mod tokens;
#[cfg(feature = "slack")]
mod town;
#[cfg(feature = "slack")]
mod whole;
mod witness;
mod workspace;
