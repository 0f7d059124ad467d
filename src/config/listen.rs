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
    /// Hosts that posts link to.
    pub domains: Vec<String>,
    /// A post must have one of these as well.
    pub context: Vec<String>,
    /// A post with one of these is not ours.
    pub exclude: Vec<String>,
    /// Whether one mistake in a long keyword is forgiven.
    pub misspellings: bool,
    /// The languages of posts.
    pub languages: Vec<String>,
    /// Followers that an author must have.
    pub min_followers: i64,
}

/// More followers than anybody has.
const MOST_FOLLOWERS: i64 = 1_000_000_000;

pub(super) fn check(rules: &[ListenConfig], problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (i, rule) in rules.iter().enumerate() {
        let at = At::key("listen").nth(i);
        problems.not_empty(&at.then("name"), &rule.name);
        if !rule.name.is_empty() && !names.insert(rule.name.as_str()) {
            problems.add(&at.then("name"), Say::new("cli-config-duplicate").text("value", &rule.name));
        }
        if rule.keywords.is_empty() && rule.hashtags.is_empty() && rule.domains.is_empty() {
            problems.add(&at.then("keywords"), Say::new("cli-config-listen-nothing"));
        }
        problems.words(&at.then("keywords"), &rule.keywords);
        problems.words(&at.then("context"), &rule.context);
        problems.words(&at.then("exclude"), &rule.exclude);
        problems.within(&at.then("min_followers"), rule.min_followers, 0, MOST_FOLLOWERS);
        for (n, tag) in rule.hashtags.iter().enumerate() {
            let bare = tag.trim().trim_start_matches('#');
            if bare.is_empty() || bare.chars().any(|c| !(c.is_alphanumeric() || c == '_')) {
                problems.add(&at.then("hashtags").nth(n), Say::new("cli-config-hashtag").text("value", tag));
            }
        }
        for (n, domain) in rule.domains.iter().enumerate().filter(|(_, domain)| !is_domain(domain)) {
            problems.add(&at.then("domains").nth(n), Say::new("cli-config-domain").text("value", domain));
        }
        for (n, language) in rule.languages.iter().enumerate().filter(|(_, language)| !is_language(language)) {
            problems.add(&at.then("languages").nth(n), Say::new("cli-config-listen-language").text("value", language));
        }
    }
}

/// A host alone: no address of a page, no mail.
fn is_domain(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | '@' | '?' | '#' | '*' | '_');
    let labels: Vec<&str> = text.trim().split('.').collect();
    !text.trim().contains(odd) && labels.len() > 1 && labels.iter().all(|label| !label.is_empty())
}

/// Two letters, or three where a language has no two.
fn is_language(text: &str) -> bool {
    matches!(text.trim().len(), 2 | 3) && text.trim().bytes().all(|b| b.is_ascii_alphabetic())
}

impl ListenConfig {
    pub(super) fn rule(&self) -> ListenRule {
        ListenRule {
            name: self.name.clone(),
            keywords: self.keywords.clone(),
            hashtags: self.hashtags.iter().map(|t| t.trim().trim_start_matches('#').to_owned()).collect(),
            domains: self.domains.iter().map(|d| d.trim().to_lowercase()).collect(),
            context: self.context.clone(),
            exclude: self.exclude.clone(),
            misspellings: self.misspellings,
            languages: self.languages.iter().map(|l| l.trim().to_lowercase()).collect(),
            min_followers: self.min_followers.try_into().unwrap_or_default(),
        }
    }
}
