//! Which listening rule a post meets.

use super::fold;
use crate::policy::ListenRule;

/// The rules, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    rules: Vec<Ready>,
}

#[derive(Clone, Debug)]
struct Ready {
    name: String,
    keywords: Vec<String>,
    hashtags: Vec<String>,
    exclude: Vec<String>,
}

impl Matcher {
    /// Makes the rules ready.
    #[must_use]
    pub fn new(rules: &[ListenRule]) -> Matcher {
        let words = |words: &[String]| words.iter().map(|w| spaced(w)).filter(|w| !w.is_empty()).collect();
        let tag = |t: &String| spaced(t).trim_start_matches('#').to_owned();
        let ready = |r: &ListenRule| Ready {
            name: r.name.clone(),
            keywords: words(&r.keywords),
            hashtags: r.hashtags.iter().map(tag).filter(|t| !t.is_empty()).map(|t| format!("#{t}")).collect(),
            exclude: words(&r.exclude),
        };
        Matcher { rules: rules.iter().map(ready).collect() }
    }

    /// The name of the first rule that `text` (with `#hashtags` in it) meets.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<&str> {
        if self.rules.is_empty() {
            return None;
        }
        let text = spaced(text);
        let any = |words: &[String]| words.iter().any(|w| contains_word(&text, w));
        let meets = |r: &&Ready| (any(&r.keywords) || any(&r.hashtags)) && !any(&r.exclude);
        self.rules.iter().find(meets).map(|r| r.name.as_str())
    }
}

/// Folded, with single blanks.
fn spaced(text: &str) -> String {
    fold(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `word` stands in `text` on word borders. Both are folded.
pub(super) fn contains_word(text: &str, word: &str) -> bool {
    let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else { return false };
    text.match_indices(word).any(|(at, found)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(|c| joined(c, first)) && !after.is_some_and(|c| joined(last, c))
    })
}

/// Whether no word border lies between two neighbours.
fn joined(a: char, b: char) -> bool {
    let in_word = |c: char| (c.is_alphanumeric() || c == '_') && !is_unspaced(c);
    in_word(a) && in_word(b)
}

/// Scripts that are written without blanks have no word borders to ask for.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{2ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, keywords: &[&str], hashtags: &[&str], exclude: &[&str]) -> ListenRule {
        let own = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect();
        ListenRule { name: name.into(), keywords: own(keywords), hashtags: own(hashtags), exclude: own(exclude) }
    }

    #[test]
    fn words_on_their_borders() {
        let m =
            Matcher::new(&[rule("brand", &["Aérea Norte", "AéreaNorte", "AN&Co", "航空"], &["VuelaNorte"], &["cumpleaños", "#sorteo"])]);
        let meets = [
            "Volé con aérea norte ayer",
            "AEREA NORTE, qué desastre",
            "«Aérea   Norte»",
            "aérea\nnorte",
            "ＡＥＲＥＡ ＮＯＲＴＥ",
            "lo de #AereaNorte no tiene nombre",
            "las maletas de AN&Co.",
            "#vuelanorte otra vez tarde",
            "(#VuelaNorte)",
            "我乘坐航空旅行",
            "https://aereanorte.example/vuelos",
        ];
        for text in meets {
            assert_eq!(m.matches(text), Some("brand"), "{text}");
        }
        let misses = [
            "",
            "aérea nortee",
            "la aérea del norte",
            "subaérea norte",
            "vuelanorte sin almohadilla",
            "#VuelaNorteYa",
            "Aérea Norte me felicita el cumpleaños",
            "#sorteo de #VuelaNorte",
            "AN & Co",
        ];
        for text in misses {
            assert_eq!(m.matches(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_and_its_own_excludes() {
        let m = Matcher::new(&[
            rule("a", &["sol"], &[], &["playa"]),
            rule("b", &["sol", ""], &["#luna"], &[]),
            rule("empty", &[], &["#"], &[]),
        ]);
        assert_eq!(m.matches("hace sol"), Some("a"));
        assert_eq!(m.matches("sol y playa"), Some("b"));
        assert_eq!(m.matches("#LUNA"), Some("b"));
        assert_eq!(m.matches("nada # de nada"), None);
        assert_eq!(Matcher::new(&[]).matches("sol"), None);
    }
}
