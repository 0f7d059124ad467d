//! Texts written beforehand (of handoffs, answers kept ready): in which language, and what stands
//! in braces in them, and in what staff type for a customer.

use crate::case::Case;
use crate::policy::{AgentId, Policy};
use std::collections::BTreeMap;

/// The languages in which a text to the customer is looked for: theirs, the team's, English.
#[must_use]
pub fn languages(case: &Case, policy: &Policy) -> [String; 3] {
    let theirs = case.lang.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    [theirs, policy.lang.code().to_owned(), "en".to_owned()]
}

/// The answers kept ready, each in the customer's language or the next best, its fields filled in.
#[must_use]
pub fn canned(case: &Case, policy: &Policy, by: &AgentId) -> Vec<(String, String)> {
    let languages = languages(case, policy);
    let best = |texts: &BTreeMap<String, String>| languages.iter().find_map(|l| texts.get(l)).or_else(|| texts.values().next()).cloned();
    let ready = policy.reply.canned.iter().filter_map(|(label, texts)| Some((label.clone(), best(texts)?)));
    ready.map(|(label, text)| (label, filled(case, policy, by, &text))).collect()
}

/// Fills in the fields `{code}`, `{case}`, `{handle}` and `{agent}`, each once over: what is put in
/// is not read again.
#[must_use]
pub fn filled(case: &Case, policy: &Policy, by: &AgentId, template: &str) -> String {
    let field = |name: &str| match name {
        "code" => Some(case.code.clone()),
        "case" => Some(case.id.to_string()),
        "handle" => Some(case.customer.handle.expose().to_owned()),
        "agent" => Some(policy.name_of(by).to_owned()),
        _ => None,
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let named = after.split_once('}').and_then(|(name, after)| Some((field(name)?, after)));
        match named {
            Some((value, after)) => {
                text.push_str(&value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text + rest
}
