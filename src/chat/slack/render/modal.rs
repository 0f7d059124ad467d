//! Forms as modals.

use super::{Ctx, clean, plain, rich};
use crate::command::table::row;
use crate::command::{Takes, Verb};
use crate::intake::length as counter;
use crate::say::Say;
use crate::view::{FormLimit, FormView};
use serde_json::{Value, json};

/// What the `callback_id` of our modals begins with; a command's name follows.
pub const FORM: &str = "sereno:form:";
/// The `action_id` of the field.
pub const FIELD: &str = "sereno:text";
/// The `action_id` of the choice of answers kept ready; its values are their numbers, from 0.
pub const CANNED: &str = "sereno:canned";
/// The `block_id` of the field. Slack keeps what was typed into a block of one id whatever an update says: each time that an
/// answer kept ready takes the place of what was typed, the field gets another.
const TEXT: &str = "text";
/// Characters of a title and of what a modal's buttons say (docs.slack.dev/reference/views/modal-views).
const MOST_TITLE: usize = 24;
/// Characters that may stand in a field (docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element).
const MOST_TYPED: usize = 3_000;
/// Characters of a field's name; Slack takes 2,000.
const MOST_LABEL: usize = 150;
/// Characters of an option's text.
const MOST_OPTION: usize = 75;
/// Options of a select.
const MOST_OPTIONS: usize = 100;
/// Characters of `private_metadata`.
const MOST_METADATA: usize = 3_000;
/// Characters of a line beside the field.
const MOST_CONTEXT: usize = 2_000;
/// Bytes of what stands above the field.
const LINES_BYTES: usize = 6_000;

/// What has been typed since the form was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typed<'a> {
    /// What now stands in the field.
    pub text: &'a str,
    /// How often an answer kept ready has taken the place of what was typed.
    pub replaced: u32,
}

/// A form as a modal; `typed`: as it is to stand once something was typed, `None`: as it is opened.
///
/// On submission its text stands in `state.values` under the `action_id` [`FIELD`]; the `block_id` changes.
#[must_use]
pub fn modal(form: &FormView, private_metadata: &str, typed: Option<Typed<'_>>, ctx: &Ctx<'_>) -> Value {
    let text = typed.map_or(form.text.as_str(), |t| t.text);
    let fits = text.encode_utf16().count() <= MOST_TYPED;
    let (rows, cut) = rich::fit(rich::rows(&form.lines), LINES_BYTES);
    let mut blocks: Vec<Value> = rich::block(rows).into_iter().collect();
    if cut {
        blocks.push(context(&ctx.get("slack-cut")));
    }
    if !form.canned.is_empty() {
        blocks.push(canned(form, ctx));
    }
    if !fits {
        // Half a draft in the field would be sent as the whole.
        blocks.push(context(&(ctx.say)(&Say::new("slack-form-too-big").number("max", MOST_TYPED))));
    }
    blocks.push(field(form, if fits { text } else { "" }, typed.map_or(0, |t| t.replaced)));
    if let Some(limit) = &form.limit {
        let mut line = context(&length_line(limit, text, ctx));
        line["block_id"] = "length".into();
        blocks.push(line);
    }
    json!({
        "type": "modal",
        "callback_id": format!("{FORM}{}", row(form.verb).name),
        "private_metadata": private_metadata,
        "title": plain(&form.title, MOST_TITLE),
        "submit": plain(&form.submit, MOST_TITLE),
        "close": plain(&form.cancel, MOST_TITLE),
        "blocks": blocks,
    })
}

/// How long the network will find a text.
#[must_use]
pub fn length(text: &str, limit: &FormLimit) -> usize {
    limit.taken + counter::length(text.trim(), limit.counting)
}

/// What a modal must know again when it is sent in. Ids only: whoever opened it can read it. `public`: it says that everybody
/// will read its text.
#[must_use]
pub fn metadata(case: u64, verb: Verb, room: &str, thread: Option<&str>, public: bool) -> String {
    let data = json!({"case": case, "verb": row(verb).name, "room": room, "thread": thread, "public": public}).to_string();
    debug_assert!(data.encode_utf16().count() <= MOST_METADATA, "ids are short");
    data
}

fn field(form: &FormView, text: &str, replaced: u32) -> Value {
    let mut input = json!({"type": "plain_text_input", "action_id": FIELD, "multiline": true, "max_length": MOST_TYPED});
    if !text.is_empty() {
        input["initial_value"] = text.into();
    }
    if form.limit.is_some() {
        input["dispatch_action_config"] = json!({"trigger_actions_on": ["on_character_entered"]});
    }
    let block_id = if replaced == 0 { TEXT.to_owned() } else { format!("{TEXT}:{replaced}") };
    // An emptied answer must not become "send the draft", which is what `reply` without a text means.
    let optional = row(form.verb).takes == Takes::MaybeText && form.verb != Verb::Reply;
    json!({
        "type": "input",
        "block_id": block_id,
        "label": plain(&form.label, MOST_LABEL),
        "element": input,
        "optional": optional,
        "dispatch_action": form.limit.is_some(),
    })
}

fn canned(form: &FormView, ctx: &Ctx<'_>) -> Value {
    let name = |(i, (label, _)): (usize, &(String, String))| {
        let label = clean(label);
        let label = if label.trim().is_empty() { (i + 1).to_string() } else { label };
        json!({"text": plain(&label, MOST_OPTION), "value": i.to_string()})
    };
    let options: Vec<Value> = form.canned.iter().enumerate().map(name).take(MOST_OPTIONS).collect();
    let select = json!({
        "type": "static_select",
        "action_id": CANNED,
        "placeholder": plain(&ctx.get("slack-form-canned"), MOST_LABEL),
        "options": options,
    });
    json!({"type": "actions", "block_id": "canned", "elements": [select]})
}

fn length_line(limit: &FormLimit, text: &str, ctx: &Ctx<'_>) -> String {
    let length = length(text, limit);
    let code = if length > limit.max { "slack-form-too-long" } else { "slack-form-length" };
    (ctx.say)(&Say::new(code).number("length", length).number("max", limit.max))
}

fn context(words: &str) -> Value {
    json!({"type": "context", "elements": [plain(words, MOST_CONTEXT)]})
}
