//! A text as the rules read it: one spelling for what people write in many ways, and the way back to what they wrote.

use crate::intake::fold::{folded, is_invisible};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// A text in one spelling: folded, with single blanks, hyphens inside of words as blanks, and letters of other alphabets that
/// only look like Latin ones as what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// The text itself.
    pub text: String,
    /// Where in what was written each byte of it comes from; empty where nobody asked.
    from: Vec<u32>,
    /// Whether digits or signs may stand in it for letters.
    disguised: bool,
    /// Whether letters of another alphabet may stand in it for Latin ones.
    foreign: bool,
}

impl Reading {
    /// Reads `written`.
    pub(super) fn of(written: &str) -> Reading {
        Reading::read(written, false)
    }

    /// The same, with the way back.
    pub(super) fn traced(written: &str) -> Reading {
        Reading::read(written, true)
    }

    fn read(written: &str, traced: bool) -> Reading {
        let mut reading = Reading::default();
        reading.text.reserve(written.len());
        let mut pen = Pen { reading: &mut reading, traced, run: 0, hyphen: None };
        let bytes = written.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte < 0x80 {
                pen.ascii(byte, at);
                at += 1;
                continue;
            }
            // A text is cut nowhere but between characters.
            let Some(c) = written.get(at..).and_then(|rest| rest.chars().next()) else { break };
            pen.other(c, at);
            at += c.len_utf8();
        }
        pen.end();
        if reading.foreign {
            reading.latin();
        }
        reading
    }

    /// Where in `written`, which was read, a part of the text stands: with the accents on its last letter.
    pub(super) fn written(&self, written: &str, part: Range<usize>) -> Range<usize> {
        let of = |at: usize| self.from.get(at).map_or(written.len(), |n| *n as usize);
        let (start, last) = (of(part.start), of(part.end.saturating_sub(1)));
        let mut rest = written.get(last..).unwrap_or_default().char_indices();
        rest.next();
        let end = rest.find(|(_, c)| !is_combining_mark(*c)).map_or(written.len(), |(i, _)| last + i);
        start..end.max(start)
    }

    /// Whether there may be more to it, see [`Reading::undisguised`].
    pub(super) fn is_disguised(&self) -> bool {
        self.disguised
    }

    /// The same text with the letters that digits and signs inside of words may stand for: `m0vist@r`. A 1 may be an `l` or
    /// an `i`: there are two such readings where it makes a difference. Links and addresses stay as they are.
    pub(super) fn undisguised(&self) -> Vec<Reading> {
        let ways = [undisguised(&self.text, 'l'), undisguised(&self.text, 'i')];
        let [one, two] = ways;
        let two = two.filter(|two| Some(two) != one.as_ref());
        one.into_iter().chain(two).map(|text| Reading { text, ..self.clone() }).collect()
    }

    /// Words whose letters of other alphabets all look like Latin ones become what they look like.
    fn latin(&mut self) {
        let (mut text, mut from) = (String::with_capacity(self.text.len()), Vec::with_capacity(self.from.len()));
        for (at, run) in runs(&self.text) {
            let looks = run.chars().all(|c| c.is_ascii() || lookalike(c).is_some());
            for (i, c) in run.char_indices() {
                let c = if looks { lookalike(c).unwrap_or(c) } else { c };
                text.push(c);
                if let Some(origin) = self.from.get(at + i) {
                    from.extend(std::iter::repeat_n(*origin, c.len_utf8()));
                }
            }
        }
        (self.text, self.from) = (text, from);
    }
}

/// Bits of what a run of characters without a blank is made of.
const LETTER: u8 = 1;
const MASK: u8 = 2;

/// Writes a reading down.
struct Pen<'a> {
    reading: &'a mut Reading,
    traced: bool,
    /// What the word so far is made of.
    run: u8,
    /// A hyphen behind a word character, and where it stands: inside of a word it becomes a blank.
    hyphen: Option<usize>,
}

impl Pen<'_> {
    #[inline]
    fn ascii(&mut self, byte: u8, at: usize) {
        match byte {
            b'a'..=b'z' => self.letter(byte, at),
            b'A'..=b'Z' => self.letter(byte.to_ascii_lowercase(), at),
            b'0'..=b'9' => {
                self.word();
                if mask(char::from(byte)).is_some() {
                    self.run |= MASK;
                }
                self.push(byte, at);
            }
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.blank(at),
            b'-' => self.dash(at),
            b'@' | b'$' => {
                self.end_hyphen();
                self.run |= if self.run & LETTER != 0 { MASK } else { 0 };
                self.push(byte, at);
            }
            b'_' => {
                self.word();
                self.push(byte, at);
            }
            0..=0x1f | 0x7f => {}
            _ => {
                self.end_hyphen();
                self.end_run();
                self.push(byte, at);
            }
        }
    }

    #[inline]
    fn letter(&mut self, byte: u8, at: usize) {
        self.word();
        self.run |= LETTER;
        self.push(byte, at);
    }

    fn other(&mut self, c: char, at: usize) {
        if c.is_whitespace() {
            return self.blank(at);
        }
        if matches!(c, '\u{2010}' | '\u{2011}') {
            return self.dash(at);
        }
        if is_invisible(c) {
            return;
        }
        // Nearly all letters of Greek and Cyrillic stand in these blocks.
        self.reading.foreign |= matches!(c, '\u{370}'..='\u{52f}');
        folded(c, |c| match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.ascii(byte, at),
            _ => {
                if c.is_alphanumeric() {
                    self.word();
                    self.run |= LETTER;
                } else {
                    self.end_hyphen();
                    self.end_run();
                }
                let before = self.reading.text.len();
                self.reading.text.push(c);
                self.trace(self.reading.text.len() - before, at);
            }
        });
    }

    fn blank(&mut self, at: usize) {
        self.end_hyphen();
        self.end_run();
        if !self.reading.text.is_empty() && !self.reading.text.ends_with(' ') {
            self.push(b' ', at);
        }
    }

    fn dash(&mut self, at: usize) {
        self.end_hyphen();
        let behind = self.reading.text.chars().next_back().is_some_and(char::is_alphanumeric);
        if behind {
            self.hyphen = Some(at);
        } else {
            self.push(b'-', at);
        }
        self.end_run();
    }

    /// A word character comes.
    #[inline]
    fn word(&mut self) {
        if let Some(at) = self.hyphen.take() {
            self.push(b' ', at);
        }
    }

    /// Something else comes.
    #[inline]
    fn end_hyphen(&mut self) {
        if let Some(at) = self.hyphen.take() {
            self.push(b'-', at);
        }
    }

    #[inline]
    fn end_run(&mut self) {
        self.reading.disguised |= self.run == LETTER | MASK;
        self.run = 0;
    }

    fn end(&mut self) {
        self.end_hyphen();
        self.end_run();
        if self.reading.text.ends_with(' ') {
            self.reading.text.pop();
            self.reading.from.pop();
        }
    }

    #[inline]
    fn push(&mut self, byte: u8, at: usize) {
        self.reading.text.push(char::from(byte));
        self.trace(1, at);
    }

    #[inline]
    fn trace(&mut self, bytes: usize, at: usize) {
        if self.traced {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            self.reading.from.extend(std::iter::repeat_n(at, bytes));
        }
    }
}

/// The letter that a digit or sign looks like; a `1` looks like two.
fn mask(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' => 'l',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        _ => return None,
    })
}

/// `text` with letters in the place of what may stand for them; `None`: nothing does. Byte for byte as long.
fn undisguised(text: &str, one: char) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    for word in text.split_inclusive(' ') {
        let is_address =
            word.contains("://") || word.starts_with("www.") || word.contains('/') || (word.contains('@') && word.contains('.'));
        for (_, run) in runs_of(word, |c| c.is_alphanumeric() || matches!(c, '@' | '$')) {
            let inner = run.trim_matches(['@', '$']);
            let letters = inner.chars().filter(|c| c.is_alphabetic()).count();
            let masks = inner.chars().any(|c| mask(c).is_some());
            if is_address || !masks || letters < LEAST_LETTERS {
                out.push_str(run);
                continue;
            }
            let start = run.len() - run.trim_start_matches(['@', '$']).len();
            for (i, c) in run.char_indices() {
                let inside = (start..start + inner.len()).contains(&i);
                let shown = mask(c).filter(|_| inside).map_or(c, |letter| if c == '1' { one } else { letter });
                changed |= shown != c;
                out.push(shown);
            }
        }
    }
    changed.then_some(out)
}

/// A run with fewer letters is a number with its unit, not a word in disguise.
const LEAST_LETTERS: usize = 2;

/// The runs of letters and digits of a text, and what lies between.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    runs_of(text, char::is_alphanumeric)
}

fn runs_of(text: &str, within: impl Fn(char) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let inside = rest.chars().next().is_some_and(&within);
        let end = rest.find(|c| within(c) != inside).unwrap_or(rest.len());
        let start = at;
        at += end;
        Some((start, rest.get(..end)?))
    })
}

/// The Latin letter that a folded letter of another alphabet cannot be told from; the capitals count as well. After
/// Unicode's own table of confusables (UTS #39).
fn lookalike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'ԍ' => 'g',
        'н' | 'һ' | 'η' => 'h',
        'і' | 'ι' => 'i',
        'ј' | 'ϳ' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' | 'μ' => 'm',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ζ' => 'z',
        _ => return None,
    })
}
