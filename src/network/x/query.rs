//! What is searched for, in X's own language: made of the listening rules. Pure.

use crate::policy::ListenRule;

/// The longest query of a recent search, in characters.
pub const MAX_QUERY: usize = 512;
/// The longest rule of the filtered stream, in characters.
pub const MAX_RULE: usize = 1_024;

/// The queries of a rule, none longer than `max`: any of its words, hashtags and domains beside any of its context, none of
/// what it leaves out, no reposts, and nothing by ourselves. What stands in each of them and would be too long for that is left
/// to our own sifting, as are languages, of which X thinks otherwise, and the audience.
#[must_use]
pub fn queries(rule: &ListenRule, me: &str, max: usize) -> Vec<String> {
    let mut tail = String::from(" -is:retweet");
    let own = format!(" -from:{me}");
    if !me.is_empty() {
        tail.push_str(&own);
    }
    for word in rule.exclude.iter().filter_map(|word| term(word)) {
        // At least half is left for what is looked for.
        if tail.chars().count() + word.chars().count() + 2 <= max / 2 {
            tail = format!(" -{word}{tail}");
        }
    }
    let context = rule.context.iter().filter_map(|word| term(word)).collect::<Vec<_>>().join(" OR ");
    if !context.is_empty() && context.chars().count() <= max / 4 {
        tail = format!(" ({context}){tail}");
    }
    let room = max.saturating_sub(tail.chars().count() + "()".len());
    let tags = rule.hashtags.iter().filter_map(|tag| hashtag(tag));
    let mut groups: Vec<String> = Vec::new();
    let domains = rule.domains.iter().filter_map(|domain| Some(format!("url:{}", term(domain)?)));
    for term in rule.keywords.iter().filter_map(|word| term(word)).chain(tags).chain(domains) {
        let length = term.chars().count();
        match groups.last_mut() {
            _ if length > room => {}
            Some(group) if group.chars().count() + " OR ".len() + length <= room => {
                group.push_str(" OR ");
                group.push_str(&term);
            }
            _ => groups.push(term),
        }
    }
    groups.into_iter().map(|group| format!("({group}){tail}")).collect()
}

/// A word or phrase, in quotes: so nothing in it is an operator.
fn term(words: &str) -> Option<String> {
    let clean: String = words.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    clean.chars().any(char::is_alphanumeric).then(|| format!("\"{clean}\""))
}

fn hashtag(tag: &str) -> Option<String> {
    let name = tag.trim().trim_start_matches('#');
    let whole = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    whole.then(|| format!("#{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(keywords: &[&str], hashtags: &[&str], exclude: &[&str]) -> ListenRule {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        ListenRule {
            name: "brand".into(),
            keywords: own(keywords),
            hashtags: own(hashtags),
            exclude: own(exclude),
            ..ListenRule::default()
        }
    }

    #[test]
    fn a_rule_becomes_a_query() {
        let brand = rule(&["Tienda  Sol", "tiendasol"], &["#tiendasol", "una cosa"], &["sorteo"]);
        assert_eq!(
            queries(&brand, "tienda_sol", MAX_QUERY),
            ["(\"Tienda Sol\" OR \"tiendasol\" OR #tiendasol) -\"sorteo\" -is:retweet -from:tienda_sol"]
        );
        let sly = rule(&["a\" OR from:otro \"b", "(x) -y", "\"\"", ""], &[], &[]);
        assert_eq!(queries(&sly, "", MAX_QUERY), ["(\"a OR from:otro b\" OR \"(x) -y\") -is:retweet"]);
        assert_eq!(queries(&rule(&[], &[], &["x"]), "me", MAX_QUERY), [""; 0], "nothing to look for");
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        let fruit = ListenRule { context: own(&["factura", "la red"]), domains: own(&["naranja.example"]), ..rule(&["naranja"], &[], &[]) };
        let all = "(\"naranja\" OR url:\"naranja.example\") (\"factura\" OR \"la red\") -is:retweet";
        assert_eq!(queries(&fruit, "", MAX_QUERY), [all]);
        let long = ListenRule { context: vec!["x".repeat(MAX_QUERY / 4)], ..fruit };
        assert_eq!(queries(&long, "", MAX_QUERY), ["(\"naranja\" OR url:\"naranja.example\") -is:retweet"]);
    }

    proptest! {
        #[test]
        fn many_words_become_several_queries_and_none_is_too_long(
            words in prop::collection::vec("[a-zñ ]{1,40}", 0..80),
            out in prop::collection::vec("[a-z]{1,60}", 0..20),
        ) {
            let rule = ListenRule { keywords: words.clone(), exclude: out, ..ListenRule::default() };
            let made = queries(&rule, "tienda_sol", MAX_QUERY);
            prop_assert!(made.iter().all(|q| q.chars().count() <= MAX_QUERY));
            for word in words.iter().filter_map(|w| term(w)) {
                prop_assert!(made.iter().any(|q| q.contains(&word)), "{word} is looked for");
            }
        }
    }
}
