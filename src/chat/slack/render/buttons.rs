//! Buttons: what can be done now. Each is a command as well; who may is asked when it is pressed.

use super::{object, plain};
use crate::command::Verb;
use crate::command::table::row;
use crate::view::Action;
use serde_json::Value;

/// What every `action_id` of ours begins with; a command's name follows.
pub const PREFIX: &str = "sereno:";
/// The `action_id` of the menu of further commands; its values are `<verb>:<case>`.
pub const MORE: &str = "sereno:more";
/// Characters of a button's or option's text (docs.slack.dev/reference/block-kit).
const MOST_LABEL: usize = 75;
/// Options of a menu.
const MOST_OPTIONS: usize = 5;
/// Elements of an `actions` block.
const MOST_ELEMENTS: usize = 25;

/// What stands on a card openly, in this order; the rest is in the menu. What runs out of time goes first.
const OPEN: [Verb; 9] =
    [Verb::Undo, Verb::Approve, Verb::Reject, Verb::Claim, Verb::Draft, Verb::Handoff, Verb::Resolve, Verb::Reopen, Verb::Restore];

/// A card's buttons: the usual ones openly, the rest in a menu.
pub fn of_card(actions: &[Action], case: u64) -> Option<Value> {
    let place = |a: &&Action| OPEN.iter().position(|v| *v == a.verb);
    let mut open: Vec<&Action> = actions.iter().filter(|a| place(a).is_some()).collect();
    open.sort_by_key(place);
    let mut rest: Vec<&Action> = actions.iter().filter(|a| place(a).is_none()).collect();
    // A menu of one is a detour; and what goes into none must still be there.
    let menu = if rest.len() > 1 { rest.drain(..rest.len().min(MOST_OPTIONS)).collect() } else { Vec::new() };
    open.extend(rest);
    let mut elements: Vec<Value> = open.into_iter().map(|a| button(a, case)).collect();
    elements.truncate(MOST_ELEMENTS - 1);
    if !menu.is_empty() {
        elements.push(more(&menu, case));
    }
    block(elements)
}

/// The buttons of an entry in a thread.
pub fn of_entry(actions: &[Action], case: u64) -> Option<Value> {
    block(actions.iter().take(MOST_ELEMENTS).map(|a| button(a, case)).collect())
}

fn block(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then(|| object([("type", "actions".into()), ("elements", Value::Array(elements))]))
}

fn button(action: &Action, case: u64) -> Value {
    let mut button = object([
        ("type", "button".into()),
        ("action_id", format!("{PREFIX}{}", row(action.verb).name).into()),
        ("text", plain(&action.label, MOST_LABEL)),
        ("value", value(action, case).into()),
    ]);
    let style = match action.verb {
        Verb::Claim | Verb::Approve => Some("primary"),
        Verb::Undo | Verb::Reject | Verb::Discard | Verb::Retract => Some("danger"),
        _ => None,
    };
    if let (Some(style), Some(button)) = (style, button.as_object_mut()) {
        button.insert("style".into(), style.into());
    }
    button
}

/// The case, and which of its texts is meant where the action is bound to one: `42`, the send `42:7`, the draft `42:d3`.
fn value(action: &Action, case: u64) -> String {
    match (action.draft, action.version) {
        (Some(draft), _) => format!("{case}:d{draft}"),
        (None, Some(version)) => format!("{case}:{version}"),
        (None, None) => case.to_string(),
    }
}

fn more(actions: &[&Action], case: u64) -> Value {
    let option = |a: &&Action| {
        let value = format!("{}:{}", row(a.verb).name, value(a, case));
        object([("text", plain(&a.label, MOST_LABEL)), ("value", value.into())])
    };
    let options = Value::Array(actions.iter().map(option).collect());
    object([("type", "overflow".into()), ("action_id", MORE.into()), ("options", options)])
}
