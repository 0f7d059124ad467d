//! The app's home: lists, one below the other.

use super::{Ctx, MOST_BYTES, header, is_title, note, rich};
use crate::view::{Line, View};
use serde_json::{Value, json};

/// Blocks of a home (docs.slack.dev/reference/views/home-tab-views).
const MOST_BLOCKS: usize = 100;
/// At most of a list.
const BLOCKS_PER_LIST: usize = 4;

/// Lists as the content of `views.publish`: each under its title.
#[must_use]
pub fn home(views: &[View], ctx: &Ctx<'_>) -> Value {
    let mut blocks = Vec::new();
    for view in views.iter().take(MOST_BLOCKS / BLOCKS_PER_LIST) {
        if !blocks.is_empty() {
            blocks.push(json!({"type": "divider"}));
        }
        blocks.extend(list(lines(view), ctx));
    }
    json!({"type": "home", "blocks": blocks})
}

/// Only lists stand in a home: cards belong to their rooms.
fn lines(view: &View) -> &[Line] {
    match view {
        View::Text(text) => &text.lines,
        View::Card(_) | View::Entry(_) | View::Form(_) => &[],
    }
}

fn list(lines: &[Line], ctx: &Ctx<'_>) -> Vec<Value> {
    let (title, rest) = match lines.split_first() {
        Some((first, rest)) if is_title(first) => (header(first), rest),
        _ => (None, lines),
    };
    let (mut rows, cut) = rich::fit(rich::rows(rest), MOST_BYTES);
    if cut {
        rows.push(note(ctx, None));
    }
    [title, rich::block(rows)].into_iter().flatten().collect()
}
