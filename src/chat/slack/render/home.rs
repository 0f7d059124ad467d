//! The app's home: lists, one below the other, with buttons under each case.

use super::buttons::PREFIX;
use super::{Ctx, MOST_BYTES, header, is_title, note, object, plain, rich};
use crate::command::Verb;
use crate::command::table::row;
use crate::view::{Line, Piece, View};
use serde_json::{Value, json};

/// Blocks of a home (docs.slack.dev/reference/views/home-tab-views).
const MOST_BLOCKS: usize = 100;
/// Blocks of a list beside its cases, at most: a line between two lists, a title, what stands below.
const BLOCKS_PER_LIST: usize = 4;
/// Bytes of one case's line.
const LINE_BYTES: usize = 2_000;
/// Characters of a button's text.
const MOST_LABEL: usize = 75;

/// What can be done about each case of one's own, from the home.
pub const OF_OWN: [Verb; 3] = [Verb::Draft, Verb::Handoff, Verb::Resolve];
/// The same of a case that nobody has.
pub const OF_QUEUE: [Verb; 2] = [Verb::Claim, Verb::Draft];

/// Lists as the content of `views.publish`: each under its title, its cases each with buttons for these commands.
#[must_use]
pub fn home(lists: &[(View, &[Verb])], ctx: &Ctx<'_>) -> Value {
    let mut blocks = Vec::new();
    let each = MOST_BLOCKS / lists.len().max(1);
    for (view, verbs) in lists.iter().take(MOST_BLOCKS / BLOCKS_PER_LIST) {
        if !blocks.is_empty() {
            blocks.push(json!({"type": "divider"}));
        }
        blocks.extend(list(lines(view), verbs, each.saturating_sub(BLOCKS_PER_LIST), ctx));
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

/// The case that a list's line is about: it begins with the number, in bold, which only our own words are.
#[must_use]
pub fn case_of(line: &Line) -> Option<u64> {
    let Some(Piece::Strong(words)) = line.first() else { return None };
    words.strip_prefix('#')?.parse().ok()
}

/// `room`: how many blocks there are for cases with buttons; of those beyond, a line each has to do.
fn list(lines: &[Line], verbs: &[Verb], room: usize, ctx: &Ctx<'_>) -> Vec<Value> {
    let (title, rest) = match lines.split_first() {
        Some((first, rest)) if is_title(first) && case_of(first).is_none() => (header(first), rest),
        _ => (None, lines),
    };
    let mut blocks: Vec<Value> = title.into_iter().collect();
    let mut bare = Vec::new();
    let mut used = 0;
    for line in rest {
        match case_of(line).filter(|_| used + 2 <= room && bare.is_empty()) {
            Some(case) => {
                let (rows, _) = rich::fit(rich::rows(std::slice::from_ref(line)), LINE_BYTES);
                blocks.extend(rich::block(rows));
                blocks.push(buttons(verbs, case, ctx));
                used += 2;
            }
            None => bare.push(line.clone()),
        }
    }
    let (mut rows, cut) = rich::fit(rich::rows(&bare), MOST_BYTES);
    if cut {
        rows.push(note(ctx, None));
    }
    blocks.extend(rich::block(rows));
    blocks
}

fn buttons(verbs: &[Verb], case: u64, ctx: &Ctx<'_>) -> Value {
    let button = |verb: &Verb| {
        let name = row(*verb).name;
        object([
            ("type", "button".into()),
            ("action_id", format!("{PREFIX}{name}").into()),
            ("text", plain(&ctx.get(&format!("action-{name}")), MOST_LABEL)),
            ("value", case.to_string().into()),
        ])
    };
    object([("type", "actions".into()), ("elements", Value::Array(verbs.iter().map(button).collect()))])
}
