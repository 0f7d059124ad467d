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
        let mut sheet = Sheet { text: Vec::with_capacity(written.len()), from: Vec::new(), traced };
        let Flags { disguised, foreign } = write(written, &mut sheet);
        // What is written down are whole characters.
        let text = String::from_utf8(sheet.text).unwrap_or_default();
        let mut reading = Reading { text, from: sheet.from, disguised };
        if foreign {
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

/// What a reading is written on.
pub(super) trait Paper {
    /// A byte more, of what stands at `at` in what was written.
    fn put(&mut self, byte: u8, at: usize);
}

/// What else there is to know of what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Digits or signs may stand in it for letters.
    pub disguised: bool,
    /// Letters of another alphabet may stand in it for Latin ones.
    pub foreign: bool,
}

/// A reading that is kept.
struct Sheet {
    text: Vec<u8>,
    from: Vec<u32>,
    traced: bool,
}

impl Paper for Sheet {
    #[inline]
    fn put(&mut self, byte: u8, at: usize) {
        self.text.push(byte);
        if self.traced {
            self.from.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
    }
}

/// Writes the reading of `written` on `paper`, letters of other alphabets as they are.
pub(super) fn write(written: &str, paper: &mut impl Paper) -> Flags {
    let mut pen = Pen { paper, flags: Flags::default(), run: 0, before: Before::Blank, waiting: None, link: 0 };
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
    pen.end()
}

/// Bits of what a run of characters without a blank is made of.
const LETTER: u8 = 1;
const MASK: u8 = 2;

/// What stands before the next character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, or a blank.
    Blank,
    /// A letter or digit.
    Word,
    Other,
}

/// What is written once it is known what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// A blank, unless nothing follows.
    Blank,
    /// A hyphen behind a letter or digit: inside of a word it becomes a blank.
    Hyphen,
}

/// How many bytes of `://` were met: what comes then up to the next blank is a link.
const LINK: u8 = 3;

/// Writes a reading down.
struct Pen<'a, P> {
    paper: &'a mut P,
    flags: Flags,
    /// What the word so far is made of.
    run: u8,
    before: Before,
    waiting: Option<(Waiting, usize)>,
    link: u8,
}

impl<P: Paper> Pen<'_, P> {
    #[inline]
    fn ascii(&mut self, byte: u8, at: usize) {
        match byte {
            b'a'..=b'z' => self.letter(byte, at),
            b'A'..=b'Z' => self.letter(byte | 0x20, at),
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.blank(at),
            b'0'..=b'9' => {
                self.settle(true);
                if matches!(byte, b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'8') {
                    self.run |= MASK;
                }
                self.before = Before::Word;
                self.paper.put(byte, at);
            }
            b'-' => self.dash(at),
            b'@' | b'$' => {
                self.settle(false);
                self.run |= if self.run & LETTER != 0 { MASK } else { 0 };
                self.before = Before::Other;
                self.paper.put(byte, at);
            }
            b'_' => {
                self.settle(true);
                self.before = Before::Other;
                self.paper.put(byte, at);
            }
            0..=0x1f | 0x7f => {}
            _ => {
                self.settle(false);
                self.end_run();
                self.link = match (byte, self.link) {
                    (_, LINK) => LINK,
                    (b':', _) => 1,
                    (b'/', 1 | 2) => self.link + 1,
                    _ => 0,
                };
                self.before = Before::Other;
                self.paper.put(byte, at);
            }
        }
    }

    #[inline]
    fn letter(&mut self, byte: u8, at: usize) {
        self.settle(true);
        self.run |= LETTER;
        self.before = Before::Word;
        self.paper.put(byte, at);
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
        self.flags.foreign |= matches!(c, '\u{370}'..='\u{52f}');
        folded(c, |c| match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.ascii(byte, at),
            _ => {
                let in_word = is_alphanumeric(c);
                self.settle(in_word);
                if in_word {
                    self.run |= LETTER;
                } else {
                    self.end_run();
                }
                self.before = if in_word { Before::Word } else { Before::Other };
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| self.paper.put(byte, at));
            }
        });
    }

    fn blank(&mut self, at: usize) {
        self.end_run();
        self.link = 0;
        if self.before != Before::Blank {
            self.settle(false);
            self.waiting = Some((Waiting::Blank, at));
        }
        self.before = Before::Blank;
    }

    fn dash(&mut self, at: usize) {
        let behind = self.before == Before::Word && self.waiting.is_none();
        self.settle(false);
        self.end_run();
        if behind {
            self.waiting = Some((Waiting::Hyphen, at));
        } else {
            self.paper.put(b'-', at);
        }
        self.before = Before::Other;
    }

    /// Something comes, a character of a word or another: what waited is written.
    #[inline]
    fn settle(&mut self, word: bool) {
        if let Some((waiting, at)) = self.waiting.take() {
            let hyphen = waiting == Waiting::Hyphen && !word;
            self.paper.put(if hyphen { b'-' } else { b' ' }, at);
        }
    }

    #[inline]
    fn end_run(&mut self) {
        self.flags.disguised |= self.run == LETTER | MASK && self.link < LINK;
        self.run = 0;
    }

    fn end(mut self) -> Flags {
        if let Some((Waiting::Hyphen, at)) = self.waiting.take() {
            self.paper.put(b'-', at);
        }
        self.end_run();
        self.flags
    }
}

/// The same as `char::is_alphanumeric`, which looks most characters up in several tables, quicker for those that are common.
pub(super) fn is_alphanumeric(c: char) -> bool {
    match c {
        // Parts of Hangul, kana, ideographs.
        '\u{1100}'..='\u{11ff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' => true,
        '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3004}' | '\u{1f300}'..='\u{1f6ff}' => false,
        _ => c.is_alphanumeric(),
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
