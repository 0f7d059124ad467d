//! Time: read here and nowhere else.
//!
//! The core never asks for the time; it is told. The shell asks a [`Clock`], of which there are
//! two: the machine's, and one that runs faster (the demo's). The simulator needs neither, it
//! passes [`Time`] values of its own.

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// One second, in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day of 24 hours, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl Time {
    /// A moment that never comes.
    pub const NEVER: Time = Time(i64::MAX);

    /// This moment, `ms` milliseconds later (earlier if negative); saturates.
    #[must_use]
    pub fn plus(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative if it is in truth later.
    #[must_use]
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As a [`jiff::Timestamp`]; clamped to what jiff can hold.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 > 0 { jiff::Timestamp::MAX } else { jiff::Timestamp::MIN })
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(t: jiff::Timestamp) -> Time {
        Time(t.as_millisecond())
    }
}

/// Where the shell reads the time, and waits for a moment to come.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    origin: Time,
    speed: u32,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Clock {
        Clock { started: Instant::now(), origin: Time(0), speed: 1 }
    }

    /// A clock that runs `speed` times as fast as the machine's, beginning at the present.
    #[must_use]
    pub fn fast(speed: u32) -> Clock {
        Clock { started: Instant::now(), origin: machine_now(), speed: speed.max(2) }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Time {
        if self.speed == 1 {
            return machine_now();
        }
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.origin.plus(elapsed.saturating_mul(i64::from(self.speed)) / 1_000)
    }

    /// How long to wait, in the machine's time, until `moment`; at most an hour, so that a
    /// machine that slept or whose clock was set looks again.
    #[must_use]
    pub fn until(&self, moment: Time) -> Duration {
        let ms = moment.since(self.now()).clamp(0, HOUR_MS * i64::from(self.speed));
        Duration::from_micros(ms.unsigned_abs() * 1_000 / u64::from(self.speed))
    }

    /// `ms` milliseconds of this clock's time, in the machine's time.
    #[must_use]
    pub fn real(&self, ms: i64) -> Duration {
        Duration::from_micros(ms.max(0).unsigned_abs().saturating_mul(1_000) / u64::from(self.speed))
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the time is read")]
fn machine_now() -> Time {
    jiff::Timestamp::now().into()
}
