//! The message's `text`: what notifications and screen readers have of it.

use super::{MOST_TEXT, clean};
use crate::view::{Line, Piece};
use unicode_segmentation::UnicodeSegmentation;

/// Room for the number of the case that stands in front of an entry's.
const FRONT: usize = 40;

/// Lines as text: escaped, at most [`MOST_TEXT`] characters.
pub fn text<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut out = String::new();
    // For the ellipsis as well.
    let mut left = MOST_TEXT - FRONT;
    for (i, line) in lines.into_iter().enumerate() {
        let line = plain(line);
        let end = if i > 0 { "\n" } else { "" };
        for grapheme in std::iter::once(end).chain(line.graphemes(true)) {
            let escaped = escape(grapheme);
            // Slack's count is nowhere defined: UTF-16's is the greatest of those that it may be.
            let Some(rest) = left.checked_sub(escaped.encode_utf16().count()) else {
                out.push('…');
                return out;
            };
            left = rest;
            out.push_str(&escaped);
        }
    }
    if out.trim().is_empty() { "–".to_owned() } else { out }
}

/// A line without looks. A link is its label: where it leads stands in the blocks.
pub fn plain(line: &Line) -> String {
    let run = |piece: &Piece| match piece {
        Piece::Words(words) | Piece::Strong(words) | Piece::Until { words, .. } => clean(words),
        Piece::Foreign(text) => clean(text.expose()),
        Piece::Link { label, .. } => clean(label),
    };
    line.iter().map(run).collect()
}

/// What Slack would read as markup, as text (docs.slack.dev/messaging/formatting-message-text: these three and no others).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
