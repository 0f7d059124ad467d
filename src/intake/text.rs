//! A post's text, taken apart for the word lists: folded words in their clauses, and what
//! punctuation and capitals say.

use super::fold;

/// A text ready to be looked into.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Folded words, clause by clause; links and mentions left out, `#tags` as their words.
    clauses: Vec<Vec<String>>,
    /// All words with a blank around each: phrases across clauses.
    padded: String,
    /// Which beginnings its words have: most phrases of the lists are ruled out by it at once.
    beginnings: [u64; 16],
    /// The words as written, for the language.
    pub(super) prose: String,
    /// Whether a question mark stands outside of links.
    pub(super) asks: bool,
    /// Exclamation marks, counted.
    pub(super) exclamations: usize,
    /// Whether nearly everything is in capitals.
    pub(super) shouts: bool,
    /// Links.
    pub(super) links: usize,
    /// Hashtags.
    pub(super) hashtags: usize,
    /// Emoji that say thanks.
    pub(super) kind_emoji: bool,
    /// Emoji that say anger.
    pub(super) angry_emoji: bool,
}

/// Fewer capitals than this are an abbreviation, not shouting.
const SHOUT_LETTERS: usize = 12;
/// How many words back a `no` still denies what follows.
const NEGATION_REACH: usize = 3;
/// Words that deny what follows them.
const NEGATIONS: &[&str] = &[
    "no", "ni", "nunca", "jamas", "tampoco", "nada", "sin", "ningun", "ninguna", "not", "never", "nor", "without", "isnt", "arent",
    "wasnt", "werent", "dont", "doesnt", "didnt", "cant", "cannot", "couldnt", "wont", "wouldnt", "havent", "hasnt", "hardly",
];

impl Text {
    /// Takes `written` apart.
    pub(super) fn new(written: &str) -> Text {
        let mut text = Text::default();
        let (mut upper, mut letters) = (0, 0);
        let mut clause = Vec::new();
        for word in written.split_whitespace() {
            if is_link(word) {
                text.links += 1;
                continue;
            }
            if word.trim_start_matches(['.', '(', '¡', '¿']).starts_with('@') {
                continue;
            }
            let tag = word.starts_with('#') && word.chars().count() > 1;
            text.hashtags += usize::from(tag);
            text.asks |= word.contains(['?', '？']);
            text.exclamations += word.chars().filter(|c| matches!(c, '!' | '！')).count();
            text.kind_emoji |= word.contains(['🙏', '❤', '👏', '🥰', '😍', '💚', '💙', '💛', '🎉']);
            text.angry_emoji |= word.contains(['😡', '🤬', '😠', '🤮', '👎', '💩']);
            if !tag {
                text.prose.push_str(word);
                text.prose.push(' ');
            }
            letters += word.chars().filter(|c| c.is_alphabetic()).count();
            upper += word.chars().filter(|c| c.is_uppercase()).count();
            text.add_word(&mut clause, word);
        }
        text.end_clause(&mut clause);
        text.shouts = letters >= SHOUT_LETTERS && upper * 10 >= letters * 7;
        for word in text.clauses.iter().flatten() {
            let (index, bit) = beginning(word);
            text.beginnings[index] |= bit;
        }
        text.padded = format!(" {} ", text.clauses.concat().join(" "));
        text
    }

    fn add_word(&mut self, clause: &mut Vec<String>, word: &str) {
        let mut current = String::new();
        for c in fold(word).chars() {
            match c {
                '\'' | '’' | '_' => {}
                _ if c.is_alphanumeric() => current.push(c),
                _ => {
                    if !current.is_empty() {
                        clause.push(std::mem::take(&mut current));
                    }
                    if matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '…' | '(' | ')' | '¡' | '¿' | '—') {
                        self.end_clause(clause);
                    }
                }
            }
        }
        if !current.is_empty() {
            clause.push(current);
        }
    }

    fn end_clause(&mut self, clause: &mut Vec<String>) {
        if !clause.is_empty() {
            self.clauses.push(std::mem::take(clause));
        }
    }

    /// Whether any word begins as `phrase` does.
    fn may_hold(&self, phrase: &str) -> bool {
        let (index, bit) = beginning(phrase);
        self.beginnings[index] & bit != 0
    }

    /// All words in their order.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.clauses.iter().flatten().map(String::as_str)
    }

    /// Whether one of `phrases` stands anywhere, punctuation set aside. `estaf*` takes any ending.
    pub(super) fn has(&self, phrases: &[&str]) -> bool {
        self.find(phrases).is_some()
    }

    /// The first of `phrases` that stands anywhere, punctuation set aside.
    pub(super) fn find<'p>(&self, phrases: &[&'p str]) -> Option<&'p str> {
        phrases.iter().copied().filter(|p| self.may_hold(p)).find(|p| match p.strip_suffix('*') {
            Some(stem) => self.padded.match_indices(stem).any(|(at, _)| self.padded.get(..at).is_some_and(|t| t.ends_with(' '))),
            None => self.padded.match_indices(p).any(|(at, found)| {
                let before = self.padded.get(..at).is_some_and(|t| t.ends_with(' '));
                before && self.padded.get(at + found.len()..).is_some_and(|t| t.starts_with(' '))
            }),
        })
    }

    /// How many of `phrases` are said, and how many denied: a `no` shortly before, in the same clause.
    pub(super) fn said(&self, phrases: &[&str]) -> Said {
        self.said_unless(phrases, &[])
    }

    /// As [`Text::said`], where any of `instead` shortly before sets the phrase aside altogether.
    pub(super) fn said_unless(&self, phrases: &[&str], instead: &[&str]) -> Said {
        let mut said = Said::default();
        for phrase in phrases.iter().filter(|p| self.may_hold(p)) {
            let parts: Vec<&str> = phrase.split(' ').collect();
            for clause in &self.clauses {
                for at in 0..clause.len() {
                    if !starts_with(clause.get(at..).unwrap_or_default(), &parts) {
                        continue;
                    }
                    let near = clause.get(at.saturating_sub(NEGATION_REACH)..at).unwrap_or_default();
                    if near.iter().any(|w| instead.contains(&w.as_str())) {
                        continue;
                    }
                    if near.iter().any(|w| NEGATIONS.contains(&w.as_str())) {
                        said.denied += 1;
                    } else {
                        said.meant += 1;
                    }
                }
            }
        }
        said
    }
}

/// How often something was said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    /// And meant.
    pub(super) meant: usize,
    /// And denied.
    pub(super) denied: usize,
}

/// The first two bytes of a word or phrase as one of 1,024 bits.
fn beginning(word: &str) -> (usize, u64) {
    let mut bytes = word.bytes();
    let (first, second) = (bytes.next().unwrap_or(b' '), bytes.next().unwrap_or(b' '));
    let hash = (usize::from(first) * 33 + usize::from(second)) % 1024;
    (hash / 64, 1 << (hash % 64))
}

fn starts_with(words: &[String], phrase: &[&str]) -> bool {
    words.len() >= phrase.len()
        && phrase.iter().zip(words).all(|(p, w)| match p.strip_suffix('*') {
            Some(stem) => w.starts_with(stem),
            None => w == p,
        })
}

fn is_link(word: &str) -> bool {
    let head: String = word.trim_start_matches(['(', '[', '"', '«']).chars().take(8).collect::<String>().to_lowercase();
    head.starts_with("http://") || head.starts_with("https://") || head.starts_with("www.")
}
