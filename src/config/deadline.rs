//! `[deadline]`: by when somebody should have answered.

use super::problem::{At, Problems};
use crate::clock::MINUTE_MS;
use crate::policy::DeadlinePolicy;
use crate::say::Say;
use serde::Deserialize;

/// No deadline is further away, in minutes: 30 days.
const MOST_MINUTES: i64 = 30 * 24 * 60;

/// `[deadline]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadlineConfig {
    /// The first answer, by priority.
    pub first_response_minutes: FirstResponse,
    /// The next answer after the customer wrote again, in minutes.
    pub next_response_minutes: i64,
}

/// `[deadline] first_response_minutes`, each in minutes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstResponse {
    /// Thanks, praise.
    pub low: i64,
    /// Questions.
    pub normal: i64,
    /// Anger, or an audience.
    pub high: i64,
    /// Both.
    pub urgent: i64,
}

impl Default for FirstResponse {
    fn default() -> Self {
        FirstResponse { low: 240, normal: 60, high: 15, urgent: 5 }
    }
}

impl Default for DeadlineConfig {
    fn default() -> Self {
        DeadlineConfig { first_response_minutes: FirstResponse::default(), next_response_minutes: 60 }
    }
}

impl DeadlineConfig {
    fn by_priority(&self) -> [(&'static str, i64); 4] {
        let f = &self.first_response_minutes;
        [("low", f.low), ("normal", f.normal), ("high", f.high), ("urgent", f.urgent)]
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("deadline");
        let first = at.then("first_response_minutes");
        let mut slower: Option<(&str, i64)> = None;
        for (priority, minutes) in self.by_priority() {
            let at = first.then(priority);
            problems.within(&at, minutes, 1, MOST_MINUTES);
            if let Some((name, more)) = slower.filter(|(_, more)| *more < minutes) {
                problems.add(&at, Say::new("cli-config-deadline-order").text("other", name).text("most", more.to_string()));
            }
            slower = Some((priority, minutes));
        }
        problems.within(&at.then("next_response_minutes"), self.next_response_minutes, 1, MOST_MINUTES);
    }

    pub(super) fn policy(&self) -> DeadlinePolicy {
        DeadlinePolicy {
            first_response_ms: self.by_priority().map(|(_, minutes)| minutes.saturating_mul(MINUTE_MS)),
            next_response_ms: self.next_response_minutes.saturating_mul(MINUTE_MS),
        }
    }
}
