//! One spelling for words that people write in many ways.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` in lower case, without accents, in plain width: `¡CAFÉ!` becomes `¡cafe!`. What cannot be
/// seen (zero-width joiners, soft hyphens) is gone.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c) && !is_invisible(*c)).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn many_spellings_become_one() {
        for (written, one) in [
            ("¡CAFÉ!", "¡cafe!"),
            ("Ｅｓｔａｆａ", "estafa"),
            ("𝐄𝐒𝐓𝐀𝐅𝐀", "estafa"),
            ("es\u{200b}ta\u{ad}fa", "estafa"),
            ("İstanbul", "istanbul"),
            ("España", "espana"),
        ] {
            assert_eq!(fold(written), one);
        }
    }
}
