//! What comes from outside is held to bounds before it goes further in.

use unicode_segmentation::UnicodeSegmentation;

/// At most `max` characters, no grapheme torn apart, the last an ellipsis if anything was cut.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let mut room = max.saturating_sub(1);
    let fits = |g: &&str| {
        let left = room.checked_sub(g.chars().count());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let mut kept: String = text.graphemes(true).take_while(fits).collect();
    kept.push('…');
    kept
}

/// Whether it is an address that a person may be shown as a link.
pub fn is_web(address: &str) -> bool {
    address.len() <= 2_048 && url::Url::parse(address).is_ok_and(|u| matches!(u.scheme(), "http" | "https"))
}

/// Whether it may be a BCP 47 tag.
pub fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
