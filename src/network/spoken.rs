//! What a server says in its own words, fit to be passed on to logs, the chat and the store: without
//! our token, should the server echo it, and without characters that reorder or hide text.

use secrecy::{ExposeSecret, SecretString};

/// The longest piece of a server's own words that is passed on, in characters.
const MAX_WORDS: usize = 300;

/// `text` for people: every `token` in it, as it stands or in URL encoding, is an ellipsis.
#[must_use]
pub fn spoken(text: &str, token: &SecretString) -> String {
    // First what is invisible: it could stand in the middle of the token. Last the length: a cut
    // could leave half of it.
    let visible: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    without(&visible, token.expose_secret()).chars().take(MAX_WORDS).collect()
}

fn without(text: &str, token: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let echoed = begins_with(rest.as_bytes(), token.as_bytes()).filter(|n| *n > 0);
        out.push(if echoed.is_some() { '…' } else { c });
        rest = rest.get(echoed.unwrap_or(c.len_utf8())..).unwrap_or_default();
    }
    out
}

/// How many bytes of `text` are the token; each of its characters may be URL-encoded, and as a part
/// of an address in either case.
fn begins_with(text: &[u8], token: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in token {
        at += match text.get(at)? {
            found if found.eq_ignore_ascii_case(byte) && *found != b'%' => 1,
            b'%' if encoded(text.get(at + 1..at + 3)) == Some(*byte) => 3,
            b'%' if *byte == b'%' => 1,
            _ => return None,
        };
    }
    Some(at)
}

fn encoded(digits: Option<&[u8]>) -> Option<u8> {
    let digits = std::str::from_utf8(digits?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

/// Controls, and what Unicode has to change the direction of text or to join and part characters unseen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0xAD | 0x034F | 0x061C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
                | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_never_in_it() {
        let clean = |text: &str| spoken(text, &"ab%+Z".to_owned().into());
        assert_eq!(clean("bad token ab%+Z!"), "bad token …!");
        assert_eq!(clean("?t=ab%25%2bZ&u=%61%62%25%2B%5A"), "?t=…&u=…");
        assert_eq!(clean("ab%+Zab%+Z, AB%+z"), "……, …");
        assert_eq!(clean("a\u{200b}b%\u{202e}+\nZ"), "…");
        assert_eq!(clean("ñab%ñ 100 % ab"), "ñab%ñ 100 % ab");
        let edge = format!("{}ab%+Z", "x".repeat(297));
        assert!(!clean(&edge).contains("ab"), "a cut leaves no half of it");
    }

    #[test]
    fn nothing_hides_or_turns_text_and_nothing_is_endless() {
        let clean = |text: &str| spoken(text, &"secret".to_owned().into());
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{feff}d\u{7}e\u{e0041}"), "abcde");
        assert_eq!(clean(&"y".repeat(10_000)).chars().count(), 300);
    }
}
