//! `[digest]`: the daily report.

use super::problem::{At, Problems};
use crate::policy::{DigestPolicy, RoomId};
use crate::say::Say;
use serde::Deserialize;

/// `[digest]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DigestConfig {
    /// Whether it is sent at all.
    pub enabled: bool,
    /// Local time of day, `HH:MM`.
    pub at: String,
    /// The room; `None`: the first route's.
    pub room: Option<String>,
    /// Whether agents are named.
    pub by_agent: bool,
}

impl Default for DigestConfig {
    fn default() -> Self {
        DigestConfig { enabled: true, at: "09:00".into(), room: None, by_agent: false }
    }
}

impl DigestConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("digest");
        if minute_of_day(&self.at).is_none() {
            problems.add(&at.then("at"), Say::new("cli-config-time-of-day").text("value", &self.at));
        }
        if let Some(room) = &self.room {
            problems.not_empty(&at.then("room"), room);
        }
    }

    pub(super) fn policy(&self) -> DigestPolicy {
        DigestPolicy {
            enabled: self.enabled,
            room: self.room.as_deref().map(RoomId::from),
            minute_of_day: minute_of_day(&self.at).unwrap_or(9 * 60),
            by_agent: self.by_agent,
        }
    }
}

/// Minutes after midnight of `HH:MM`.
fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |s: &str, most: u16| -> Option<u16> {
        (s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok()).flatten().filter(|n| *n < most)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}
