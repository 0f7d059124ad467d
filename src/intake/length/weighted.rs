//! How long a post is on X, as its own library counts (twitter-text, configuration of version 3): a text in NFC weighs
//! one for each character of the scripts that need many, two for every other, an emoji two however many code points it is
//! made of, a link 23. A post may weigh 280.
//!
//! Source: `parseTweet` of npm's twitter-text 3.1.0 (Apache-2.0) and its emoji, twemoji-parser 11.0.2 (MIT). Both tables
//! here, and the corpus of `tests/golden/x/length.jsonl`, are made from them by `tests/real/x-length.sh`. The crates
//! were looked at: twitter-text 0.3 miscounts bare domains, egg-mode-text knows neither weights nor newer domains.

mod url;

use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// The longest post.
pub const MAX: usize = 280;
/// What a link counts.
pub const LINK: usize = 23;
/// What an emoji counts, and a character of no script that [`LIGHT`] holds.
const HEAVY: usize = 2;
/// The characters that count one: from, to.
const LIGHT: [(u32, u32); 4] = [(0, 4351), (8192, 8205), (8208, 8223), (8242, 8247)];
/// Shown as text, what would else be an emoji.
const AS_TEXT: char = '\u{fe0e}';

static EMOJI: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = include_str!("weighted/emoji.txt").trim_end();
    Regex::new(pattern).expect("the pattern of emoji is a regular expression")
});

/// What X would say of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its weight.
    pub length: usize,
    /// Whether it may be posted: it is neither empty nor too long and holds none of the characters that X refuses.
    pub valid: bool,
}

/// A text's weight, and whether it may be posted.
#[must_use]
pub fn count(text: &str) -> Counted {
    let text: String = text.nfc().collect();
    let links = links(&text);
    let emoji = emoji(&text);
    let (mut length, mut clean, mut skip_to, mut unit) = (0, true, 0, 0);
    for (at, c) in text.char_indices() {
        if unit >= skip_to {
            if let Some(units) = links.get(&unit) {
                length += LINK;
                skip_to = unit + units;
            } else if let Some(end) = emoji.get(&at) {
                length += HEAVY;
                skip_to = unit + text.get(at..*end).map_or(1, |e| e.encode_utf16().count());
            } else {
                length += weight(c);
                clean &= !matches!(c, '\u{fffe}' | '\u{feff}' | '\u{ffff}');
            }
        }
        unit += c.len_utf16();
    }
    Counted { length, valid: clean && (1..=MAX).contains(&length) }
}

/// A text's weight.
#[must_use]
pub fn length(text: &str) -> usize {
    count(text).length
}

/// Whether X makes a link of anything in the text: such a post costs more.
#[must_use]
pub fn holds_link(text: &str) -> bool {
    !links(&text.nfc().collect::<String>()).is_empty()
}

fn weight(c: char) -> usize {
    let light = LIGHT.iter().any(|(from, to)| (*from..=*to).contains(&u32::from(c)));
    if light { 1 } else { HEAVY }
}

/// Where links begin, and how long they are, in units of UTF-16. Of two at one place the last counts.
fn links(text: &str) -> BTreeMap<usize, usize> {
    url::links(&text.encode_utf16().collect::<Vec<u16>>()).into_iter().collect()
}

/// Where emoji begin and end, in bytes.
fn emoji(text: &str) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    // Each holds something that is not ASCII, also those that begin with a digit.
    let mut from = if text.is_ascii() { text.len() } else { 0 };
    while let Some(emoji) = EMOJI.find_at(text, from) {
        if emoji.as_str().contains(AS_TEXT) {
            // What begins it stands for itself; what follows may be an emoji.
            from = emoji.start() + emoji.as_str().chars().next().map_or(1, char::len_utf8);
        } else {
            found.insert(emoji.start(), emoji.end());
            from = emoji.end();
        }
    }
    found
}

#[cfg(test)]
mod tests;
