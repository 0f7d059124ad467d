//! Block Kit's rules, and the words in which Slack says that one is broken.

use super::pings::entities;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where blocks are to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Message,
    Modal,
    Home,
}

/// Most characters in all blocks of a message together; undocumented.
pub const ALL_CHARACTERS: usize = 13_200;

/// What was found wrong: text and JSON pointer.
#[derive(Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    fn say(&mut self, at: &str, what: &str) {
        self.0.push(format!("{what} [json-pointer:{at}]"));
    }

    fn text(&mut self, value: &Value, at: &str, plain_only: bool, longest: usize) {
        let kind = value["type"].as_str().unwrap_or_default();
        let Some(text) = value["text"].as_str() else { return self.say(&format!("{at}/text"), "missing required field: text") };
        match kind {
            "plain_text" => {}
            "mrkdwn" if !plain_only => {}
            _ => self.say(&format!("{at}/type"), "must be a valid enum value"),
        }
        let count = text.chars().count();
        if count > longest {
            self.say(&format!("{at}/text"), &format!("must be less than {} characters", longest + 1));
        }
        if count == 0 {
            self.say(&format!("{at}/text"), "must be more than 0 characters");
        }
        self.fields(value, at, &["type", "text", "emoji", "verbatim"]);
    }

    fn word(&mut self, value: &Value, key: &str, at: &str, longest: usize) {
        match &value[key] {
            Value::Null => {}
            Value::String(word) if word.chars().count() > longest => {
                self.say(&format!("{at}/{key}"), &format!("must be less than {} characters", longest + 1));
            }
            Value::String(_) => {}
            _ => self.say(&format!("{at}/{key}"), "must provide a string"),
        }
    }

    fn required(&mut self, value: &Value, key: &str, at: &str) {
        if value[key].is_null() {
            self.say(at, &format!("missing required field: {key}"));
        }
    }

    fn fields(&mut self, value: &Value, at: &str, known: &[&str]) {
        for key in value.as_object().into_iter().flatten().map(|(k, _)| k).filter(|k| !known.contains(&k.as_str())) {
            self.say(at, &format!("additional property: {key}"));
        }
    }

    fn address(&mut self, value: &Value, key: &str, at: &str) {
        self.word(value, key, at, 3_000);
        if let Some(url) = value[key].as_str()
            && !["http://", "https://", "mailto:", "tel:", "slack://"].iter().any(|s| url.starts_with(s))
        {
            self.say(&format!("{at}/{key}"), "must be a valid URL");
        }
    }

    fn items<'a>(&mut self, value: &'a Value, key: &str, at: &str, least: usize, most: usize) -> &'a [Value] {
        let Some(items) = value[key].as_array() else {
            self.say(at, &format!("missing required field: {key}"));
            return &[];
        };
        if items.len() > most {
            self.say(&format!("{at}/{key}"), &format!("no more than {most} items allowed"));
        }
        if items.len() < least {
            self.say(&format!("{at}/{key}"), &format!("no fewer than {least} items allowed"));
        }
        items
    }

    fn option(&mut self, value: &Value, at: &str) {
        self.text(&value["text"], &format!("{at}/text"), false, 75);
        self.required(value, "value", at);
        self.word(value, "value", at, 150);
        self.word(value, "url", at, 3_000);
        if !value["description"].is_null() {
            self.text(&value["description"], &format!("{at}/description"), false, 75);
        }
        self.fields(value, at, &["text", "value", "description", "url"]);
    }

    fn options(&mut self, value: &Value, at: &str, least: usize, most: usize) {
        if value["option_groups"].is_array() {
            for (g, group) in self.items(value, "option_groups", at, 1, 100).iter().enumerate() {
                let at = format!("{at}/option_groups/{g}");
                self.text(&group["label"], &format!("{at}/label"), true, 75);
                self.options(group, &at, 1, most);
            }
            return;
        }
        for (n, option) in self.items(value, "options", at, least, most).iter().enumerate() {
            self.option(option, &format!("{at}/options/{n}"));
        }
        if !value["initial_option"].is_null() && value["options"].as_array().is_some_and(|all| !all.contains(&value["initial_option"])) {
            self.say(&format!("{at}/initial_option"), "provided option does not match any available options");
        }
    }

    fn confirm(&mut self, value: &Value, at: &str) {
        let confirm = &value["confirm"];
        if confirm.is_null() {
            return;
        }
        let at = format!("{at}/confirm");
        for (key, longest) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
            if confirm[key].is_null() {
                self.say(&at, &format!("missing required field: {key}"));
            } else {
                self.text(&confirm[key], &format!("{at}/{key}"), key != "text", longest);
            }
        }
        self.fields(confirm, &at, &["title", "text", "confirm", "deny", "style"]);
    }

    /// Anything that people press, choose or fill in.
    fn element(&mut self, value: &Value, at: &str, inside: &str) {
        let kind = value["type"].as_str().unwrap_or_default();
        self.word(value, "action_id", at, 255);
        self.confirm(value, at);
        if !value["placeholder"].is_null() {
            self.text(&value["placeholder"], &format!("{at}/placeholder"), true, 150);
        }
        let inputs = inside == "input";
        match kind {
            "button" if !inputs => {
                self.text(&value["text"], &format!("{at}/text"), true, 75);
                self.word(value, "value", at, 2_000);
                self.word(value, "accessibility_label", at, 75);
                if !value["url"].is_null() {
                    self.address(value, "url", at);
                }
                if !value["style"].is_null() && value["style"] != "primary" && value["style"] != "danger" {
                    self.say(&format!("{at}/style"), "must be a valid enum value");
                }
                let known = ["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"];
                self.fields(value, at, &known);
            }
            "overflow" if !inputs => {
                self.options(value, at, 1, 5);
                self.fields(value, at, &["type", "action_id", "options", "confirm"]);
            }
            "static_select" | "multi_static_select" => self.options(value, at, 1, 100),
            "radio_buttons" | "checkboxes" => self.options(value, at, 1, 10),
            "plain_text_input" | "email_text_input" | "url_text_input" if inputs => self.text_input(value, at),
            "number_input" | "rich_text_input" | "file_input" if inputs => {}
            "datepicker"
            | "timepicker"
            | "datetimepicker"
            | "users_select"
            | "multi_users_select"
            | "conversations_select"
            | "multi_conversations_select"
            | "channels_select"
            | "multi_channels_select"
            | "external_select"
            | "multi_external_select" => {}
            "image" if inside == "section" || inside == "context" => self.image(value, at),
            "" => self.say(at, "missing required field: type"),
            _ => self.say(&format!("{at}/type"), &format!("unsupported type: {kind}")),
        }
    }

    fn text_input(&mut self, value: &Value, at: &str) {
        for key in ["min_length", "max_length"] {
            if let Some(n) = value[key].as_i64().filter(|n| !(0..=3_000).contains(n)) {
                self.say(&format!("{at}/{key}"), &format!("must be between 0 and 3000, not {n}"));
            }
        }
        self.word(value, "initial_value", at, value["max_length"].as_u64().map_or(3_000, |n| n as usize));
        let known = [
            "type",
            "action_id",
            "placeholder",
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "dispatch_action_config",
            "focus_on_load",
        ];
        self.fields(value, at, &known);
    }

    fn image(&mut self, value: &Value, at: &str) {
        self.required(value, "alt_text", at);
        self.word(value, "alt_text", at, 2_000);
        if value["slack_file"].is_null() {
            self.required(value, "image_url", at);
            if value["image_url"].is_string() {
                self.address(value, "image_url", at);
            }
        }
    }

    fn rich(&mut self, value: &Value, at: &str, top: bool) {
        let kind = value["type"].as_str().unwrap_or_default();
        match kind {
            "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" | "rich_text_list" => {
                for (n, inner) in self.items(value, "elements", at, 0, 10_000).iter().enumerate() {
                    self.rich(inner, &format!("{at}/elements/{n}"), false);
                }
            }
            _ if top => self.say(&format!("{at}/type"), &format!("unsupported type: {kind}")),
            "text" => match value["text"].as_str() {
                None => self.say(at, "missing required field: text"),
                Some("") => self.say(&format!("{at}/text"), "must be more than 0 characters"),
                Some(_) => {}
            },
            "link" => {
                self.required(value, "url", at);
                if value["url"].is_string() {
                    self.address(value, "url", at);
                }
            }
            "user" => self.required(value, "user_id", at),
            "usergroup" => self.required(value, "usergroup_id", at),
            "channel" => self.required(value, "channel_id", at),
            "broadcast" => self.required(value, "range", at),
            "emoji" => self.required(value, "name", at),
            "date" | "color" | "team" => {}
            _ => self.say(&format!("{at}/type"), &format!("unsupported type: {kind}")),
        }
    }

    fn block(&mut self, block: &Value, at: &str, surface: Surface) {
        if !block.is_object() {
            return self.say(at, "must provide an object");
        }
        self.word(block, "block_id", at, 255);
        let kind = block["type"].as_str().unwrap_or_default();
        match kind {
            "section" => self.section(block, at),
            "divider" => self.fields(block, at, &["type", "block_id"]),
            "header" => {
                self.text(&block["text"], &format!("{at}/text"), true, 150);
                self.fields(block, at, &["type", "text", "block_id"]);
            }
            "context" => {
                for (n, element) in self.items(block, "elements", at, 1, 10).iter().enumerate() {
                    let at = format!("{at}/elements/{n}");
                    match element["type"].as_str() {
                        Some("image") => self.image(element, &at),
                        _ => self.text(element, &at, false, 3_000),
                    }
                }
                self.fields(block, at, &["type", "elements", "block_id"]);
            }
            "actions" => {
                let mut ids = BTreeSet::new();
                for (n, element) in self.items(block, "elements", at, 1, 25).iter().enumerate() {
                    let at = format!("{at}/elements/{n}");
                    self.element(element, &at, "actions");
                    if element["action_id"].as_str().is_some_and(|id| !ids.insert(id.to_owned())) {
                        self.say(&format!("{at}/action_id"), "`action_id` already exists for another element in this block");
                    }
                }
                self.fields(block, at, &["type", "elements", "block_id"]);
            }
            "image" => {
                self.image(block, at);
                if !block["title"].is_null() {
                    self.text(&block["title"], &format!("{at}/title"), true, 2_000);
                }
            }
            "input" => {
                self.text(&block["label"], &format!("{at}/label"), true, 2_000);
                self.required(block, "element", at);
                self.element(&block["element"], &format!("{at}/element"), "input");
                if !block["hint"].is_null() {
                    self.text(&block["hint"], &format!("{at}/hint"), true, 2_000);
                }
                self.fields(block, at, &["type", "label", "element", "dispatch_action", "block_id", "hint", "optional"]);
            }
            "rich_text" => {
                for (n, element) in self.items(block, "elements", at, 1, 10_000).iter().enumerate() {
                    self.rich(element, &format!("{at}/elements/{n}"), true);
                }
            }
            "video" | "file" => {}
            "markdown" if surface == Surface::Message => self.word(block, "text", at, 12_000),
            "" => self.say(at, "missing required field: type"),
            _ => self.say(&format!("{at}/type"), &format!("unsupported type: {kind}")),
        }
    }

    fn section(&mut self, block: &Value, at: &str) {
        if block["text"].is_null() && block["fields"].is_null() {
            self.say(at, "must provide one of text or fields");
        }
        if !block["text"].is_null() {
            self.text(&block["text"], &format!("{at}/text"), false, 3_000);
        }
        if !block["fields"].is_null() {
            for (n, field) in self.items(block, "fields", at, 1, 10).iter().enumerate() {
                self.text(field, &format!("{at}/fields/{n}"), false, 2_000);
            }
        }
        if !block["accessory"].is_null() {
            self.element(&block["accessory"], &format!("{at}/accessory"), "section");
        }
        self.fields(block, at, &["type", "text", "fields", "accessory", "block_id", "expand"]);
    }

    pub fn all(&mut self, blocks: &[Value], at: &str, surface: Surface) {
        let most = if surface == Surface::Message { 50 } else { 100 };
        if blocks.len() > most {
            self.say(at, &format!("no more than {most} items allowed"));
        }
        let mut ids = BTreeSet::new();
        for (n, block) in blocks.iter().enumerate() {
            self.block(block, &format!("{at}/{n}"), surface);
            if block["block_id"].as_str().is_some_and(|id| !ids.insert(id.to_owned())) {
                self.say(&format!("{at}/{n}/block_id"), "`block_id` already exists");
            }
        }
    }

    /// A whole view.
    pub fn view(&mut self, view: &Value) {
        let surface = match view["type"].as_str() {
            Some("modal") => Surface::Modal,
            Some("home") => Surface::Home,
            _ => return self.say("/view/type", "must be a valid enum value"),
        };
        self.word(view, "private_metadata", "/view", 3_000);
        self.word(view, "callback_id", "/view", 255);
        self.word(view, "external_id", "/view", 255);
        let blocks = self.items(view, "blocks", "/view", 0, usize::MAX);
        self.all(blocks, "/view/blocks", surface);
        let mut known = vec!["type", "blocks", "private_metadata", "callback_id", "external_id"];
        if surface == Surface::Modal {
            known.extend(["title", "close", "submit", "clear_on_close", "notify_on_close", "submit_disabled"]);
            self.required(view, "title", "/view");
            for key in ["title", "close", "submit"] {
                if !view[key].is_null() {
                    self.text(&view[key], &format!("/view/{key}"), true, 24);
                }
            }
            if view["submit"].is_null() && blocks.iter().any(|b| b["type"] == "input") {
                self.say("/view", "missing required field: submit");
            }
        }
        self.fields(view, "/view", &known);
    }
}

/// Characters of all texts in blocks.
pub fn characters(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(k, v)| if k == "text" && v.is_string() { v.as_str().map_or(0, |t| t.chars().count()) } else { characters(v) })
            .sum(),
        Value::Array(all) => all.iter().map(characters).sum(),
        _ => 0,
    }
}

/// Blocks as Slack keeps them: with ids, defaults, and texts escaped.
pub fn kept(blocks: &[Value], mut id: impl FnMut() -> String) -> Vec<Value> {
    blocks
        .iter()
        .map(|block| {
            let mut block = block.clone();
            if block["block_id"].is_null() {
                block["block_id"] = json!(id());
            }
            for element in block["elements"].as_array_mut().into_iter().flatten() {
                name(element, &mut id);
            }
            for key in ["element", "accessory"] {
                if block[key].is_object() {
                    name(&mut block[key], &mut id);
                }
            }
            without_nulls(&mut block);
            texts(&mut block);
            block
        })
        .collect()
}

fn name(element: &mut Value, id: &mut impl FnMut() -> String) {
    let kind = element["type"].as_str().unwrap_or_default();
    let acts = !["mrkdwn", "plain_text", "image"].contains(&kind) && !kind.starts_with("rich_text_");
    if acts && element.is_object() && element["action_id"].is_null() {
        element["action_id"] = json!(id());
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let kept: Map<String, Value> = std::mem::take(fields).into_iter().filter(|(_, v)| !v.is_null()).collect();
            *fields = kept;
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(all) => all.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn texts(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            if kind == "plain_text" {
                if let Some(Value::String(text)) = fields.get_mut("text") {
                    *text = entities(text);
                }
                fields.entry("emoji").or_insert(json!(true));
            } else if kind == "mrkdwn" {
                fields.entry("verbatim").or_insert(json!(false));
            }
            fields.values_mut().for_each(texts);
        }
        Value::Array(all) => all.iter_mut().for_each(texts),
        _ => {}
    }
}
