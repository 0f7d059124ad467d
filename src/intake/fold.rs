//! One spelling for words that people write in many ways.

use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` in lower case, without accents, in plain width: `¡CAFÉ!` becomes `¡cafe!`. What cannot be
/// seen (zero-width joiners, soft hyphens) is gone.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        folded(c, |c| out.push(c));
    }
    out
}

/// What a character is folded to, none or several.
#[inline]
pub(super) fn folded(c: char, mut each: impl FnMut(char)) {
    match c {
        '\0'..='\x7f' => each(c.to_ascii_lowercase()),
        // Pictures and ideographs stay what they are.
        '\u{3400}'..='\u{9fff}' | '\u{1f300}'..='\u{1f5ff}' | '\u{1f600}'..='\u{1faff}' => each(c),
        '\u{ac00}'..='\u{d7a3}' => hangul(c, each),
        '\u{80}'..=LAST => TABLE.of(c).chars().for_each(each),
        _ => slowly(c, each),
    }
}

/// A syllable of Hangul in its two or three parts, after Unicode's own arithmetic (chapter 3.12).
fn hangul(c: char, each: impl FnMut(char)) {
    let n = (c as u32).saturating_sub(0xac00);
    let last = n % 28;
    let parts = [Some(0x1100 + n / 588), Some(0x1161 + n % 588 / 28), (last > 0).then_some(0x11a7 + last)];
    parts.into_iter().flatten().filter_map(char::from_u32).for_each(each);
}

/// Whether nobody sees it.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}')
}

fn slowly(c: char, each: impl FnMut(char)) {
    std::iter::once(c).nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).for_each(each);
}

/// The last character that the table knows: accents, other alphabets, punctuation, kana.
const LAST: char = '\u{30ff}';

/// What most characters are folded to: to take one apart anew takes thirty times as long as to look it up.
static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

struct Table {
    text: String,
    /// Where in it each character's part ends, from U+0080 on.
    ends: Vec<u16>,
}

impl Table {
    fn new() -> Table {
        let mut table = Table { text: String::new(), ends: vec![0] };
        for c in '\u{80}'..=LAST {
            slowly(c, |c| table.text.push(c));
            table.ends.push(u16::try_from(table.text.len()).unwrap_or(u16::MAX));
        }
        table
    }

    fn of(&self, c: char) -> &str {
        let at = (c as usize).saturating_sub(0x80);
        let end = |at: usize| self.ends.get(at).copied().unwrap_or_default().into();
        self.text.get(end(at)..end(at + 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_spellings_become_one() {
        for (written, one) in [
            ("¡CAFÉ!", "¡cafe!"),
            ("Ｅｓｔａｆａ", "estafa"),
            ("𝐄𝐒𝐓𝐀𝐅𝐀", "estafa"),
            ("es\u{200b}ta\u{ad}fa", "estafa"),
            ("İstanbul", "istanbul"),
            ("España", "espana"),
            ("Ｅ\u{301}", "e"),
        ] {
            assert_eq!(fold(written), one);
        }
    }

    #[test]
    fn what_is_looked_up_is_what_unicode_says() {
        for c in ('\0'..=char::MAX).filter(|c| *c < '\u{20000}') {
            let (mut quick, mut slow) = (String::new(), String::new());
            folded(c, |c| quick.push(c));
            slowly(c, |c| slow.push(c));
            assert_eq!(quick, slow, "{c:?} U+{:04X}", c as u32);
        }
    }
}
