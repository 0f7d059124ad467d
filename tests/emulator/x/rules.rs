//! Rules of the filtered stream and queries of the search, as far as sereno writes them: words and phrases, joined by `OR`
//! in brackets, and what must not be in it.

use super::model::Posted;

#[derive(Clone, Debug)]
pub struct Rule {
    pub id: String,
    pub value: String,
    pub tag: String,
}

impl Rule {
    pub fn catches(&self, post: &Posted) -> bool {
        fits(&self.value, post)
    }
}

/// The terms of a query: minus or not, and the word, phrase or `is:` itself; brackets and `OR` are left out.
fn terms(query: &str) -> Vec<(bool, String)> {
    let mut terms = Vec::new();
    let mut rest = query.trim();
    while !rest.is_empty() {
        let negative = rest.starts_with('-');
        rest = rest.trim_start_matches(['-', '(', ')', ' ']);
        let (term, after) = match rest.strip_prefix('"') {
            Some(phrase) => phrase.split_once('"').unwrap_or((phrase, "")),
            None => rest.split_at(rest.find([' ', ')']).unwrap_or(rest.len())),
        };
        if !term.is_empty() && term != "OR" {
            terms.push((negative, term.to_lowercase()));
        }
        rest = after.trim_start_matches([' ', ')']);
    }
    terms
}

/// Whether a query finds a post: any of what should be in it is, and nothing that must not.
pub fn fits(query: &str, post: &Posted) -> bool {
    let text = post.text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '#' && c != '@' && c != '_').filter(|w| !w.is_empty()).collect();
    let holds = |term: &str| match term.strip_prefix("is:") {
        Some("retweet") => post.reposts.is_some(),
        Some(other) => panic!("the emulator does not know is:{other}"),
        None => {
            let parts: Vec<&str> = term.split_whitespace().collect();
            words.windows(parts.len().max(1)).any(|w| w == parts)
        }
    };
    let terms = terms(query);
    terms.iter().any(|(negative, term)| !negative && holds(term)) && !terms.iter().any(|(negative, term)| *negative && holds(term))
}

/// What X says of a rule that it does not take.
pub fn refusal(value: &str) -> Option<&'static str> {
    let positive = terms(value).iter().any(|(negative, term)| !negative && !term.starts_with("is:"));
    match value {
        _ if value.chars().count() > 1_024 => Some("Rule length must be no more than 1024"),
        _ if value.matches('(').count() != value.matches(')').count() => Some("no viable alternative at input"),
        _ if !positive => Some("Rules must contain a non-negated term"),
        _ => None,
    }
}
