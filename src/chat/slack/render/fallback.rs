//! The message's `text`: what notifications and screen readers have of it.

use super::{MOST_TEXT, clean};
use crate::view::{Line, Piece};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// Room for the number of the case that stands in front of an entry's.
const FRONT: usize = 40;

/// Lines as text: escaped, at most [`MOST_TEXT`] characters.
pub fn text<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut out = String::new();
    // For the ellipsis as well.
    let mut left = MOST_TEXT - FRONT;
    for (i, line) in lines.into_iter().enumerate() {
        let line = if i > 0 { format!("\n{}", plain(line)) } else { plain(line) };
        let whole = escape(&line);
        // Slack's count is nowhere defined: UTF-16's is the greatest of those that it may be.
        if let Some(rest) = left.checked_sub(whole.encode_utf16().count()) {
            left = rest;
            out.push_str(&whole);
            continue;
        }
        for grapheme in line.graphemes(true) {
            let escaped = escape(grapheme);
            let Some(rest) = left.checked_sub(escaped.encode_utf16().count()) else { break };
            left = rest;
            out.push_str(&escaped);
        }
        out.push('…');
        return out;
    }
    if out.trim().is_empty() { "–".to_owned() } else { out }
}

/// A line without looks. A link is its label: where it leads stands in the blocks.
pub fn plain(line: &Line) -> String {
    let mut out = String::new();
    for piece in line {
        out.push_str(&match piece {
            Piece::Words(words) | Piece::Strong(words) | Piece::Until { words, .. } => clean(words),
            Piece::Foreign(text) => clean(text.expose()),
            Piece::Link { label, .. } => clean(label),
        });
    }
    out
}

/// What Slack would read as markup, as text (docs.slack.dev/messaging/formatting-message-text: these three and no others).
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
