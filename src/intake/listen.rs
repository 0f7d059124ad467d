//! Which listening rule a post meets, and by which of its words.
//!
//! ```text
//! what was written ─▶ [reading] one spelling ─▶ one pass over it for the words of all rules (Aho-Corasick)
//!                                            ─▶ borders, misspellings, links ─▶ context, excludes, language, audience ─▶ Caught
//! ```
//! Nearly every post of a whole network meets none: that costs one pass over its text.

mod reading;
pub mod recorded;
mod spelling;
#[cfg(test)]
mod tests;

use super::language;
use super::text::Text;
use crate::policy::ListenRule;
use crate::post::Post;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous;
use aho_corasick::{Anchored, Input, MatchKind, StartKind, dfa};
use reading::{Flags, Paper, Reading};
use std::ops::Range;
use std::sync::Arc;

/// What a rule sees of a post.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// Its words, with `#hashtags` and links in them.
    pub text: &'a str,
    /// Its language, a BCP 47 tag, as the author or the network says.
    pub language: Option<&'a str>,
    /// Where it links to beside its text.
    pub links: &'a [&'a str],
    /// How many follow its author, where that is known.
    pub followers: Option<u64>,
}

impl<'a> From<&'a str> for Seen<'a> {
    fn from(text: &'a str) -> Seen<'a> {
        Seen { text, ..Seen::default() }
    }
}

impl<'a> Seen<'a> {
    /// What a rule sees of a post, with `text` in the place of its own words.
    #[must_use]
    pub fn of(post: &'a Post, text: &'a str) -> Seen<'a> {
        Seen { text, language: post.lang.as_deref(), links: &[], followers: post.author.followers }
    }
}

/// How a word of a rule stands in a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// As the rule has it, but for case, accents, width and borders.
    Written,
    /// With digits or signs for letters.
    Disguised,
    /// With a letter wrong, missing or too many, or two that changed places.
    Misspelled,
}

/// A word of a rule, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The keyword, `#hashtag` or domain as the rule has it.
    pub term: &'a str,
    /// Where it stands in the text, in bytes; `None`: in a link beside it.
    pub at: Option<Range<usize>>,
    /// How it stands there.
    pub how: How,
}

/// That a rule is met, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// What it found, in the order of the text.
    pub by: Vec<Hit<'a>>,
}

/// The rules, ready to match. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    rules: Vec<Ready>,
    /// What is looked for, and for whom.
    seeds: Vec<Seed>,
    tables: Option<Arc<Tables>>,
    domains: bool,
}

#[derive(Clone, Debug)]
struct Ready {
    name: String,
    terms: Vec<Term>,
    context: Vec<String>,
    exclude: Vec<String>,
    languages: Vec<String>,
    least_followers: u64,
    misspellings: bool,
}

/// What a rule looks for.
#[derive(Clone, Debug)]
struct Term {
    /// As the rule has it.
    name: String,
    /// In the one spelling.
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A word, a phrase, a `#hashtag`.
    Word,
    /// The host of links.
    Domain,
}

/// A piece of text that is looked for.
#[derive(Clone, Debug)]
struct Seed {
    rule: usize,
    term: usize,
    part: Part,
}

/// Which part of a term a seed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// One of the pieces of which at least one stands in each misspelling.
    Piece(spelling::Piece),
}

/// A term that stands in a reading.
#[derive(Clone, Debug)]
struct Found {
    rule: usize,
    term: usize,
    part: Range<usize>,
    how: How,
}

/// Tables up to so many bytes of patterns are laid out for speed: some megabytes.
const FAST_UP_TO: usize = 20_000;

/// All patterns in one automaton.
#[derive(Debug)]
enum Tables {
    Fast(dfa::DFA),
    Small(contiguous::NFA),
}

impl Tables {
    /// `None`: there is nothing to look for. It refuses only more patterns than any file holds.
    fn new(patterns: &[String]) -> Option<Tables> {
        let bytes: usize = patterns.iter().map(String::len).sum();
        match bytes {
            0 => None,
            1..=FAST_UP_TO => {
                let mut builder = dfa::DFA::builder();
                builder.match_kind(MatchKind::Standard).start_kind(StartKind::Unanchored).build(patterns).ok().map(Tables::Fast)
            }
            _ => contiguous::NFA::builder().match_kind(MatchKind::Standard).build(patterns).ok().map(Tables::Small),
        }
    }

    /// Whether it is worth while to look closer: any of the patterns stands in the text, or may stand there in disguise.
    /// Most texts end here, and nothing is written down for them.
    fn may_hold(&self, text: &str) -> bool {
        match self {
            Tables::Fast(dfa) => Walk::over(dfa, text),
            Tables::Small(nfa) => Walk::over(nfa, text),
        }
    }

    /// Each pattern that stands in a text, by its number, and where.
    fn each(&self, text: &str, told: impl FnMut(usize, Range<usize>)) {
        match self {
            Tables::Fast(dfa) => each_in(dfa, text, told),
            Tables::Small(nfa) => each_in(nfa, text, told),
        }
    }
}

fn each_in(automaton: &impl Automaton, text: &str, mut told: impl FnMut(usize, Range<usize>)) {
    // Both were made for searches of this kind.
    let Ok(all) = automaton.try_find_overlapping_iter(Input::new(text)) else { return };
    all.for_each(|m| told(m.pattern().as_usize(), m.range()));
}

/// A walk through an automaton while a text is being read.
struct Walk<'a, A> {
    automaton: &'a A,
    state: StateID,
    met: bool,
}

impl<'a, A: Automaton> Walk<'a, A> {
    fn over(automaton: &'a A, text: &str) -> bool {
        let Ok(state) = automaton.start_state(Anchored::No) else { return true };
        let mut walk = Walk { automaton, state, met: false };
        let Flags { disguised, foreign } = reading::write(text, &mut walk);
        walk.met || disguised || foreign
    }
}

impl<A: Automaton> Paper for Walk<'_, A> {
    #[inline]
    fn put(&mut self, byte: u8, _: usize) {
        self.state = self.automaton.next_state(Anchored::No, self.state, byte);
        self.met |= self.automaton.is_special(self.state) && self.automaton.is_match(self.state);
    }
}

impl Matcher {
    /// Makes the rules ready.
    #[must_use]
    pub fn new(rules: &[ListenRule]) -> Matcher {
        let rules: Vec<Ready> = rules.iter().map(Ready::new).collect();
        let (mut seeds, mut patterns) = (Vec::new(), Vec::new());
        for (r, rule) in rules.iter().enumerate() {
            for (t, term) in rule.terms.iter().enumerate() {
                let mut seed = |part, pattern: String| {
                    seeds.push(Seed { rule: r, term: t, part });
                    patterns.push(pattern);
                };
                seed(Part::Whole, term.text.clone());
                if rule.misspellings && term.kind == Kind::Word {
                    spelling::pieces(&term.text).into_iter().for_each(|(piece, text)| seed(Part::Piece(piece), text));
                }
            }
        }
        let tables = Tables::new(&patterns).map(Arc::new);
        let domains = rules.iter().flat_map(|r| &r.terms).any(|t| t.kind == Kind::Domain);
        Matcher { rules, seeds, tables, domains }
    }

    /// The first rule that a post meets, and by what.
    #[must_use]
    pub fn catch(&self, seen: &Seen<'_>) -> Option<Caught<'_>> {
        let tables = self.tables.as_ref()?;
        let linked = if self.domains && !seen.links.is_empty() { self.linked(seen.links) } else { Vec::new() };
        if linked.is_empty() && !tables.may_hold(seen.text) {
            return None;
        }
        let reading = Reading::of(seen.text);
        let mut found = Vec::new();
        self.scan(tables, &reading, How::Written, &mut found);
        if reading.is_disguised() {
            for undisguised in reading.undisguised() {
                let plain = found.len();
                self.scan(tables, &undisguised, How::Disguised, &mut found);
                // What is not disguised itself was found as it is, or is not meant.
                let shows = |f: &Found| reading.text.get(f.part.clone()) != undisguised.text.get(f.part.clone());
                let disguised: Vec<Found> = found.drain(plain..).filter(shows).collect();
                found.extend(disguised);
            }
        }
        if found.is_empty() && linked.is_empty() {
            return None;
        }
        // Few come here: now it is worth knowing where everything stood.
        let traced = Reading::traced(seen.text);
        let place = |found: &Found| traced.written(seen.text, found.part.clone());
        found.retain(|f| self.term(f.rule, f.term).is_some_and(|t| t.kind == Kind::Word || is_link_to(seen.text, &place(f))));
        let rule = (0..self.rules.len()).find(|r| {
            (found.iter().any(|f| f.rule == *r) || linked.iter().any(|(rule, _)| rule == r)) && self.admits_in(*r, seen, &reading.text)
        })?;
        let mut by: Vec<Hit<'_>> = Vec::new();
        for f in found.iter().filter(|f| f.rule == rule) {
            let Some(term) = self.term(rule, f.term) else { continue };
            let hit = Hit { term: &term.name, at: Some(place(f)), how: f.how };
            // The same word is said once, in the plainest way.
            match by.iter_mut().find(|b| b.term == hit.term && b.at == hit.at) {
                Some(same) => same.how = same.how.min(hit.how),
                None => by.push(hit),
            }
        }
        by.sort_by_key(|hit| hit.at.as_ref().map(|at| at.start));
        let beside = linked.iter().filter(|(r, _)| *r == rule).filter_map(|(r, t)| self.term(*r, *t));
        by.extend(beside.map(|term| Hit { term: &term.name, at: None, how: How::Written }));
        Some(Caught { rule: &self.rules.get(rule)?.name, by })
    }

    /// The name of the first rule that a post meets.
    #[must_use]
    pub fn matches<'a>(&self, seen: impl Into<Seen<'a>>) -> Option<&str> {
        self.catch(&seen.into()).map(|caught| caught.rule)
    }

    /// Whether a post that was found for the rule of this index has all that this rule asks for beside its words.
    #[must_use]
    pub fn admits(&self, rule: usize, seen: &Seen<'_>) -> bool {
        self.admits_in(rule, seen, &Reading::of(seen.text).text)
    }

    /// The same for the rule of this name.
    #[must_use]
    pub fn admits_as(&self, rule: &str, seen: &Seen<'_>) -> bool {
        self.rules.iter().position(|r| r.name == rule).is_some_and(|r| self.admits(r, seen))
    }

    fn admits_in(&self, rule: usize, seen: &Seen<'_>, text: &str) -> bool {
        let Some(rule) = self.rules.get(rule) else { return false };
        let any = |words: &[String]| words.iter().any(|w| contains_word(text, w));
        let heard = || {
            let language = language::language(&Text::new(seen.text), seen.language);
            rule.languages.contains(&language)
        };
        (rule.context.is_empty() || any(&rule.context))
            && !any(&rule.exclude)
            && seen.followers.is_none_or(|n| n >= rule.least_followers)
            && (rule.languages.is_empty() || heard())
    }

    fn term(&self, rule: usize, term: usize) -> Option<&Term> {
        self.rules.get(rule)?.terms.get(term)
    }

    /// Notes all terms that stand in `reading`.
    fn scan(&self, tables: &Tables, reading: &Reading, how: How, found: &mut Vec<Found>) {
        tables.each(&reading.text, |pattern, at| {
            let Some(seed) = self.seeds.get(pattern) else { return };
            let Some(term) = self.term(seed.rule, seed.term) else { return };
            let stands = match seed.part {
                Part::Whole if term.kind == Kind::Domain => (how == How::Written).then_some((at, how)),
                Part::Whole => has_borders(&reading.text, &at).then_some((at, how)),
                Part::Piece(piece) => {
                    let near = spelling::near(&reading.text, &term.text, piece, at);
                    near.map(|part| (part, if how == How::Written { How::Misspelled } else { how }))
                }
            };
            if let Some((part, how)) = stands {
                found.push(Found { rule: seed.rule, term: seed.term, part, how });
            }
        });
    }

    /// The domains of rules that are linked to, as rule and term.
    fn linked(&self, links: &[&str]) -> Vec<(usize, usize)> {
        let hosts: Vec<String> = links.iter().filter_map(|link| url::Url::parse(link).ok()?.host_str().map(host)).collect();
        let terms = self.rules.iter().enumerate().flat_map(|(r, rule)| rule.terms.iter().enumerate().map(move |(t, term)| (r, t, term)));
        let domains = terms.filter(|(_, _, term)| term.kind == Kind::Domain);
        let meant = |term: &Term| {
            let domain = host(&term.name);
            hosts.iter().any(|h| h.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        };
        domains.filter(|(_, _, term)| meant(term)).map(|(r, t, _)| (r, t)).collect()
    }
}

impl Ready {
    fn new(rule: &ListenRule) -> Ready {
        let folded = |words: &[String]| words.iter().map(|w| Reading::of(w).text).filter(|w| !w.is_empty()).collect();
        let term = |name: String, kind| Term { text: Reading::of(&name).text, name, kind };
        let keywords = rule.keywords.iter().map(|w| term(w.trim().to_owned(), Kind::Word));
        let bare = |t: &String| t.trim().trim_start_matches('#').to_owned();
        let hashtags = rule.hashtags.iter().map(bare).filter(|t| !t.is_empty()).map(|t| term(format!("#{t}"), Kind::Word));
        let domains = rule.domains.iter().map(|d| term(d.trim().to_lowercase(), Kind::Domain));
        Ready {
            name: rule.name.clone(),
            terms: keywords.chain(hashtags).chain(domains).filter(|t| !t.text.is_empty()).collect(),
            context: folded(&rule.context),
            exclude: folded(&rule.exclude),
            languages: rule.languages.iter().map(|l| l.trim().to_lowercase()).collect(),
            least_followers: rule.min_followers,
            misspellings: rule.misspellings,
        }
    }
}

/// A host in the spelling that addresses have on the wire.
fn host(name: &str) -> String {
    let name = name.trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_lowercase())
}

/// Whether a domain at this place of a text is the end of the host of a link: nothing that goes on, no address of mail.
fn is_link_to(text: &str, at: &Range<usize>) -> bool {
    let before = text.get(..at.start).and_then(|t| t.chars().next_back());
    let mut after = text.get(at.end..).unwrap_or_default().chars();
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let ends = match after.next() {
        Some('.') => !after.next().is_some_and(in_name),
        Some('@') => false,
        next => !next.is_some_and(in_name),
    };
    // The part of a host before it belongs to its owner as well; not so what an address of mail begins with.
    let begins = match before {
        Some('@') => false,
        Some('.') => !text.get(..at.start).and_then(|t| t.split_whitespace().next_back()).is_some_and(|word| word.contains('@')),
        before => !before.is_some_and(in_name),
    };
    ends && begins
}

/// Whether `word` stands in `text` on word borders. Both are folded.
pub(super) fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, found)| !found.is_empty() && has_borders(text, &(at..at + found.len())))
}

/// Whether a part of a text begins and ends on word borders.
fn has_borders(text: &str, part: &Range<usize>) -> bool {
    let around = |from: &str, to: &str| from.chars().next_back().zip(to.chars().next()).is_some_and(|(a, b)| joined(a, b));
    let (Some(before), Some(inner), Some(after)) = (text.get(..part.start), text.get(part.clone()), text.get(part.end..)) else {
        return false;
    };
    !around(before, inner) && !around(inner, after)
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
