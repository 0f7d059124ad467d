//! `[triage]`: how posts are weighed.

use super::problem::{At, Problems};
use crate::policy::TriagePolicy;
use crate::say::Say;
use serde::Deserialize;

/// `[triage]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriageConfig {
    /// From how many followers on an audience raises the priority by one step.
    pub large_audience: i64,
    /// From how many followers on it raises it by two.
    pub huge_audience: i64,
    /// Words that raise the priority, besides the built-in ones.
    pub alarm_words: Vec<String>,
    /// Words that send a post to quarantine.
    pub spam_words: Vec<String>,
}

impl Default for TriageConfig {
    fn default() -> Self {
        TriageConfig { large_audience: 5_000, huge_audience: 50_000, alarm_words: Vec::new(), spam_words: Vec::new() }
    }
}

impl TriageConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("triage");
        problems.within(&at.then("large_audience"), self.large_audience, 1, i64::MAX);
        problems.within(&at.then("huge_audience"), self.huge_audience, 1, i64::MAX);
        if self.huge_audience < self.large_audience {
            problems.add(&at.then("huge_audience"), Say::new("cli-config-audience").text("least", self.large_audience.to_string()));
        }
        problems.words(&at.then("alarm_words"), &self.alarm_words);
        problems.words(&at.then("spam_words"), &self.spam_words);
    }

    pub(super) fn policy(&self) -> TriagePolicy {
        TriagePolicy {
            large_audience: self.large_audience.unsigned_abs(),
            huge_audience: self.huge_audience.unsigned_abs(),
            alarm_words: self.alarm_words.clone(),
            spam_words: self.spam_words.clone(),
        }
    }
}
