//! Words with one mistake in them: a letter wrong, missing or too many, or two neighbours that changed places.
//!
//! Not each possible mistake is looked for. A mistake leaves one half of the word as it is, unless two letters change places
//! across the middle, which makes one more word; so two halves and that word are looked for, and where one of them stands the
//! text around it is compared.

use super::has_borders;
use std::ops::Range;

/// Words with fewer letters are too near to others: of them no mistake is forgiven.
const LEAST_LETTERS: usize = 6;

/// A piece of a word of which at least one stands in each misspelling of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Its first half.
    First,
    /// Its second half.
    Second,
    /// All of it, with the two letters in its middle changed over.
    Swapped,
}

/// What is to be looked for to find each misspelling of a folded word or phrase; nothing where none is forgiven.
pub(super) fn pieces(word: &str) -> Vec<(Piece, String)> {
    let chars: Vec<char> = word.chars().collect();
    if chars.iter().filter(|c| c.is_alphabetic()).count() < LEAST_LETTERS {
        return Vec::new();
    }
    let middle = chars.len() / 2;
    let (first, second) = chars.split_at(middle);
    let mut swapped = chars.clone();
    swapped.swap(middle - 1, middle);
    let mut pieces = vec![(Piece::First, first.iter().collect()), (Piece::Second, second.iter().collect())];
    if swapped != chars {
        pieces.push((Piece::Swapped, swapped.into_iter().collect()));
    }
    pieces
}

/// Where in `text` a misspelling of `word` stands of which `piece` was found at `at`. People get the first letter right.
pub(super) fn near(text: &str, word: &str, piece: Piece, at: Range<usize>) -> Option<Range<usize>> {
    let length = word.chars().count();
    let lengths = [length + 1, length, length - 1];
    let candidate = |n: usize| match piece {
        Piece::First => Some(at.start..nth_end(text, at.start, n)?),
        Piece::Second => Some(nth_start(text, at.end, n)?..at.end),
        Piece::Swapped => Some(at.clone()),
    };
    lengths.into_iter().filter_map(candidate).find(|part| is_near(text, part, word))
}

fn is_near(text: &str, part: &Range<usize>, word: &str) -> bool {
    let Some(found) = text.get(part.clone()) else { return false };
    let ends = |s: &str| s.chars().next_back().is_some_and(char::is_alphanumeric);
    // A blank or a full stop beside a word is no letter too many.
    found.chars().next() == word.chars().next()
        && ends(found) == ends(word)
        && found != word
        && has_borders(text, part)
        && strsim::osa_distance(found, word) == 1
}

/// Where `n` characters from `start` end.
fn nth_end(text: &str, start: usize, n: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut ends = rest.char_indices().map(|(i, c)| start + i + c.len_utf8());
    ends.nth(n.checked_sub(1)?)
}

/// Where `n` characters up to `end` begin.
fn nth_start(text: &str, end: usize, n: usize) -> Option<usize> {
    text.get(..end)?.char_indices().rev().nth(n.checked_sub(1)?).map(|(i, _)| i)
}
