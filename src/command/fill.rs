//! Texts written beforehand (of handoffs, answers kept ready): in which language, and what stands
//! in braces in them, and in what staff type for a customer.

use crate::case::Case;
use crate::intake::fold;
use crate::policy::{AgentId, Policy};
use std::collections::BTreeMap;

/// What somebody who thinks in Spanish types for them, without accents.
const SPANISH: [(&str, &str); 3] = [("codigo", "code"), ("caso", "case"), ("agente", "agent")];

/// What may stand in braces in a text to a customer: their code, the case's number, their handle, who writes.
pub const FIELDS: [&str; 4] = ["code", "case", "handle", "agent"];

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

/// Fills in the [`FIELDS`], each once over: what is put in is not read again.
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

/// What stands in braces in a text.
pub fn braced(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(field, _)| field))
}

/// What stands in braces and was most likely meant to be a field: as it was typed, and the field. Braces
/// around anything else are the writer's own.
#[must_use]
pub fn mistyped(text: &str) -> Option<(&str, &'static str)> {
    braced(text).filter(|typed| !FIELDS.contains(typed)).find_map(|typed| {
        let word = fold(typed.trim());
        let sorted = |word: &str| {
            let mut letters: Vec<char> = word.chars().collect();
            letters.sort_unstable();
            letters
        };
        // A letter too few or too many, or two that changed places: `{cod}`, `{CODE}`, `{cdoe}`. With another letter it is
        // another word (`{mode}`), and a plural may be meant so.
        let near = |field: &&'static str| {
            let same_letters = word.len() != field.len() || sorted(&word) == sorted(field);
            same_letters && word.strip_suffix('s') != Some(field) && strsim::damerau_levenshtein(&word, field) <= 1
        };
        let spanish = SPANISH.into_iter().find(|(name, _)| *name == word).map(|(_, field)| field);
        Some((typed, spanish.or_else(|| FIELDS.into_iter().find(near))?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_field_is_told_from_braces_of_ones_own() {
        let found = |text| mistyped(text);
        for (text, meant) in [
            ("{cod}", "code"),
            ("a { Code } b", "code"),
            ("{código}", "code"),
            ("{caso}", "case"),
            ("{agente}", "agent"),
            ("{hadnle}", "handle"),
        ] {
            assert_eq!(found(text).map(|(_, field)| field), Some(meant), "{text}");
        }
        for text in [
            "{code} {case}",
            "/users/{id}",
            "{}",
            "{",
            "}{",
            "{ \"a\": 1 }",
            "{name}",
            "{caseworkers}",
            "{mode}",
            "{casa}",
            "{age}",
            "{agenda}",
            "{cases}",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
