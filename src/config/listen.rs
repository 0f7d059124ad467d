//! `[[listen]]`: buzz that names the brand without `@`.

use super::problem::{At, Problems};
use crate::policy::ListenRule;
use crate::say::Say;
use serde::Deserialize;
use std::collections::BTreeSet;

/// `[[listen]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenConfig {
    /// Its name, shown on the card.
    pub name: String,
    /// Words and phrases.
    pub keywords: Vec<String>,
    /// Hashtags, with or without `#`.
    pub hashtags: Vec<String>,
    /// A post with one of these is not ours.
    pub exclude: Vec<String>,
}

pub(super) fn check(rules: &[ListenConfig], problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (i, rule) in rules.iter().enumerate() {
        let at = At::key("listen").nth(i);
        problems.not_empty(&at.then("name"), &rule.name);
        if !rule.name.is_empty() && !names.insert(rule.name.as_str()) {
            problems.add(&at.then("name"), Say::new("cli-config-duplicate").text("value", &rule.name));
        }
        if rule.keywords.is_empty() && rule.hashtags.is_empty() {
            problems.add(&at.then("keywords"), Say::new("cli-config-listen-nothing"));
        }
        problems.words(&at.then("keywords"), &rule.keywords);
        problems.words(&at.then("exclude"), &rule.exclude);
        for (n, tag) in rule.hashtags.iter().enumerate() {
            let bare = tag.trim().trim_start_matches('#');
            if bare.is_empty() || bare.chars().any(|c| !(c.is_alphanumeric() || c == '_')) {
                problems.add(&at.then("hashtags").nth(n), Say::new("cli-config-hashtag").text("value", tag));
            }
        }
    }
}

impl ListenConfig {
    pub(super) fn rule(&self) -> ListenRule {
        ListenRule {
            name: self.name.clone(),
            keywords: self.keywords.clone(),
            hashtags: self.hashtags.iter().map(|t| t.trim().trim_start_matches('#').to_owned()).collect(),
            exclude: self.exclude.clone(),
        }
    }
}
