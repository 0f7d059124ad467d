//! What people do in the workspace.

use super::delivery::Kind;
use super::model::{APP, BOT_USER, File, Hook, Message, State, TEAM};
use super::pings::entities;
use super::render;
use super::server::Shared;
use super::typing::{rich, typed};
use serde_json::{Value, json};
use std::sync::MutexGuard;

/// Something that somebody did, with what the app was told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// The message that it made or touched, or the view.
    pub ts: String,
    /// The numbers of the deliveries; none: the app may not know.
    pub told: Vec<u64>,
}

/// Somebody in the workspace.
pub struct User {
    pub(super) workspace: Shared,
    pub id: String,
}

/// Where an action was found: its element and block.
struct Found {
    element: Value,
    block_id: String,
}

fn elements(blocks: &[Value]) -> Vec<Found> {
    let mut out = Vec::new();
    for block in blocks {
        let block_id = block["block_id"].as_str().unwrap_or_default().to_owned();
        let inner = block["elements"].as_array().into_iter().flatten().chain([&block["accessory"], &block["element"]]);
        for element in inner.filter(|e| e["action_id"].is_string()) {
            out.push(Found { element: element.clone(), block_id: block_id.clone() });
        }
    }
    out
}

/// Buttons and menus: action_id and value, of a menu each choice's.
pub fn actions(blocks: &[Value]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for Found { element, .. } in elements(blocks) {
        let id = element["action_id"].as_str().unwrap_or_default().to_owned();
        match element["options"].as_array() {
            Some(options) => out.extend(options.iter().map(|o| (id.clone(), o["value"].as_str().unwrap_or_default().to_owned()))),
            None => out.push((id, element["value"].as_str().unwrap_or_default().to_owned())),
        }
    }
    out
}

/// A message in an interaction: it shows by number who reacted.
fn acted_on(mut message: Value) -> Value {
    for reaction in message.get_mut("reactions").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = reaction.as_object_mut() {
            fields.remove("users");
        }
    }
    message
}

fn team() -> Value {
    json!({"id": TEAM, "domain": "shop"})
}

impl State {
    fn who(&self, id: &str) -> Value {
        let user = &self.users[id];
        json!({"id": id, "username": user.name, "name": user.name, "team_id": user.team})
    }

    fn name_of(&self, channel: &str) -> String {
        let place = &self.channels[channel];
        match place.kind() {
            "im" => "directmessage".into(),
            "group" => "privategroup".into(),
            _ => place.name.clone(),
        }
    }

    fn response_url(&mut self, user: &str, channel: &str, thread: Option<String>, message: Option<(String, bool)>) -> String {
        let until = self.now() + 30 * 60_000;
        self.hook(Hook { user: user.into(), channel: channel.into(), thread, message, until, left: 5 })
    }

    fn interact(&mut self, what: &str, payload: Value) -> u64 {
        self.deliver(Kind::Interactive, what, payload)
    }

    /// What was done with an element, as Slack tells it.
    fn action(&mut self, found: &Found, chosen: Option<&Value>) -> Value {
        let element = &found.element;
        let mut action = json!({
            "action_id": element["action_id"], "block_id": found.block_id, "type": element["type"], "action_ts": self.event_ts(),
        });
        for key in ["text", "value", "style", "url", "placeholder", "confirm"] {
            if !element[key].is_null() && element["type"] == "button" {
                action[key] = element[key].clone();
            }
        }
        if let Some(chosen) = chosen {
            match element["type"].as_str() {
                Some("plain_text_input") => action["value"] = chosen.clone(),
                _ => action["selected_option"] = chosen.clone(),
            }
        }
        action
    }

    fn pressed(&mut self, user: &str, channel: &str, ts: &str, found: &Found, chosen: Option<&Value>, whisper: bool) -> u64 {
        let action = self.action(found, chosen);
        let thread = if whisper {
            self.log.ephemerals.iter().find(|e| e.ts == ts).and_then(|e| e.thread.clone())
        } else {
            self.channels[channel].messages[ts].thread.clone()
        };
        let url = self.response_url(user, channel, thread.clone(), Some((ts.to_owned(), whisper)));
        let trigger = self.trigger(user, None);
        let mut container = json!({"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": whisper});
        if let Some(thread) = thread {
            container["thread_ts"] = json!(thread);
        }
        let mut payload = json!({
            "type": "block_actions", "user": self.who(user), "api_app_id": APP, "token": super::VERIFICATION_TOKEN, "container": container,
            "trigger_id": trigger, "team": team(), "enterprise": null, "is_enterprise_install": false,
            "channel": {"id": channel, "name": self.name_of(channel)}, "state": {"values": {}}, "response_url": url, "actions": [action],
        });
        if !whisper {
            let place = &self.channels[channel];
            payload["message"] = acted_on(render::message(self, place, &place.messages[ts], true));
        }
        self.interact("block_actions", payload)
    }

    fn in_view(&mut self, user: &str, id: &str, found: &Found, chosen: Option<&Value>) -> u64 {
        let action = self.action(found, chosen);
        let trigger = self.trigger(user, Some(id.to_owned()));
        let view = render::view(&self.views[id]);
        let payload = json!({
            "type": "block_actions", "user": self.who(user), "api_app_id": APP, "token": super::VERIFICATION_TOKEN,
            "container": {"type": "view", "view_id": id}, "trigger_id": trigger, "team": team(), "enterprise": null,
            "is_enterprise_install": false, "view": view, "actions": [action],
        });
        self.interact("block_actions", payload)
    }
}

impl User {
    fn state(&self) -> MutexGuard<'_, State> {
        self.workspace.lock().unwrap()
    }

    fn name(&self) -> String {
        self.state().users[&self.id].name.clone()
    }

    /// A slash command in the team's channel, at top level: `/claim 1`.
    pub fn slash(&self, line: &str) -> Act {
        self.slash_in(super::TEAM_CHANNEL, line)
    }

    /// A slash command in a channel. Slack refuses one that the app has not registered.
    pub fn slash_in(&self, channel: &str, line: &str) -> Act {
        let mut state = self.state();
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        assert!(command.starts_with('/'), "{line} is no slash command");
        let known = state.commands.is_empty() || state.commands.iter().any(|c| c == command);
        assert!(known, "Slack says: {command} is not a valid command; there are {:?}", state.commands);
        let channel = state.place(channel, &self.id);
        let trigger = state.trigger(&self.id, None);
        let url = state.response_url(&self.id, &channel, None, None);
        let payload = json!({
            "token": super::VERIFICATION_TOKEN, "team_id": TEAM, "team_domain": "shop", "channel_id": channel,
            "channel_name": state.name_of(&channel), "user_id": self.id, "user_name": state.users[&self.id].name, "command": command,
            "text": entities(text.trim()), "api_app_id": APP, "is_enterprise_install": "false", "response_url": url, "trigger_id": trigger,
        });
        let told = state.deliver(Kind::Slash, command, payload);
        Act { ts: String::new(), told: vec![told] }
    }

    /// A slash command in a thread: Slack itself refuses it, the app hears nothing.
    pub fn slash_in_thread(&self, channel: &str, thread: &str, line: &str) -> &'static str {
        let mut state = self.state();
        let channel = state.place(channel, &self.id);
        let said = "is not supported in threads. Sorry!";
        let command = line.split(' ').next().unwrap_or_default().to_owned();
        state.whisper("slack", &self.id, &channel, Some(thread.to_owned()), &json!({"text": format!("{command} {said}")}));
        said
    }

    /// Writes, as typed: `@sereno` and `@ana` become mentions where somebody is called so.
    pub fn says(&self, channel: &str, thread: Option<&str>, text: &str) -> Act {
        let mut state = self.state();
        let channel = state.place(channel, &self.id);
        let (typed, blocks, client) = (typed(&state, text), vec![rich(&state, text)], state.uuid());
        drop(state);
        self.sends(&channel, thread, typed, blocks, client, Vec::new())
    }

    /// Says something with files: what they are called, and what is in them.
    pub fn says_with(&self, channel: &str, thread: Option<&str>, text: &str, files: &[(&str, &str)]) -> Act {
        let mut state = self.state();
        let channel = state.place(channel, &self.id);
        let (typed, blocks, client) = (typed(&state, text), vec![rich(&state, text)], state.uuid());
        let mut ids = Vec::new();
        for (name, content) in files {
            let (id, made) = (state.id('F'), state.now() / 1_000);
            let content = Some(content.as_bytes().to_vec());
            let announced = content.as_ref().map_or(0, Vec::len);
            let file = File {
                id: id.clone(),
                name: (*name).into(),
                title: (*name).into(),
                alt: None,
                announced,
                content,
                shared: Vec::new(),
                complete: true,
                made,
            };
            state.files.insert(id.clone(), file);
            ids.push(id);
        }
        drop(state);
        self.sends(&channel, thread, typed, blocks, client, ids)
    }

    /// Takes away every file that was ever sent; the messages stay.
    pub fn deletes_files(&self) {
        self.state().files.clear();
    }

    /// The client sends an own message once more, as it does not know that it has gone.
    pub fn says_again(&self, ts: &str) -> Act {
        let state = self.state();
        let found = state.channels.iter().find_map(|(id, c)| Some((id.clone(), c.messages.get(ts)?.clone())));
        let (channel, message) = found.expect("a message of one's own");
        drop(state);
        let client = message.client_msg_id.clone().expect("people's messages have one");
        self.sends(&channel, message.thread.as_deref(), message.text.clone(), message.blocks.clone(), client, message.files.clone())
    }

    fn sends(&self, channel: &str, thread: Option<&str>, typed: String, blocks: Vec<Value>, client: String, files: Vec<String>) -> Act {
        let mut state = self.state();
        let channel = channel.to_owned();
        let ts = state.ts();
        let message = Message {
            ts: ts.clone(),
            thread: thread.map(str::to_owned),
            user: self.id.clone(),
            text: typed.clone(),
            blocks: blocks.clone(),
            client_msg_id: Some(client),
            subtype: (!files.is_empty()).then(|| "file_share".into()),
            files,
            ..Message::default()
        };
        let before = state.deliveries.all.len() as u64;
        state.appear(&channel, message.clone());
        if typed.contains(&format!("<@{BOT_USER}>")) && state.channels[&channel].im.is_none() {
            let mut event = json!({
                "type": "app_mention", "user": self.id, "text": typed, "ts": ts, "blocks": blocks, "team": state.users[&self.id].team,
                "client_msg_id": message.client_msg_id, "channel": channel, "event_ts": ts,
            });
            if let Some(thread) = thread {
                event["thread_ts"] = json!(thread);
            }
            if !message.files.is_empty() {
                event["files"] = render::content(&state, &message)["files"].clone();
            }
            if state.channels[&channel].ext_shared {
                event["user_team"] = event["team"].clone();
                event["source_team"] = event["team"].clone();
            }
            state.tell(&channel, "app_mentions:read", event);
        }
        let told = (before + 1..=state.deliveries.all.len() as u64).collect();
        Act { ts, told }
    }

    /// Writes to the app directly.
    pub fn says_privately(&self, text: &str) -> Act {
        let im = self.state().im(&self.id);
        self.says(&im, None, text)
    }

    /// Changes an own message.
    pub fn edits(&self, ts: &str, text: &str) -> Act {
        let mut state = self.state();
        let channel = state.channel_of(ts);
        let before = render::content(&state, &state.channels[&channel].messages[ts]);
        let (typed, rich, now) = (typed(&state, text), rich(&state, text), state.event_ts());
        let message = state.message_mut(&channel, ts).expect("found above");
        assert_eq!(message.user, self.id, "people change their own messages alone");
        message.text = typed;
        message.blocks = vec![rich];
        message.edited = Some(now);
        let from = state.deliveries.all.len() as u64;
        state.altered(&channel, before, ts);
        Act { ts: ts.into(), told: (from + 1..=state.deliveries.all.len() as u64).collect() }
    }

    /// Takes away a message; an admin may take away anybody's.
    pub fn deletes(&self, ts: &str) {
        let mut state = self.state();
        let channel = state.channel_of(ts);
        state.vanish(&channel, ts);
    }

    /// Presses the button with this action_id, or with these words on it, under a message.
    pub fn presses(&self, ts: &str, action: &str) -> Act {
        self.presses_with(ts, action, None)
    }

    /// Presses the button that has this action_id and this value.
    pub fn presses_with(&self, ts: &str, action: &str, value: Option<&str>) -> Act {
        let mut state = self.state();
        let (channel, blocks, whisper) = state.shown(ts);
        let found = elements(&blocks).into_iter().find(|f| {
            let hit = f.element["action_id"] == action || f.element["text"]["text"] == action;
            hit && f.element["type"] == "button" && value.is_none_or(|v| f.element["value"] == v)
        });
        let found = found.unwrap_or_else(|| panic!("no button {action} under {ts}; there are {:?}", actions(&blocks)));
        let told = state.pressed(&self.id, &channel, ts, &found, None, whisper);
        Act { ts: ts.into(), told: vec![told] }
    }

    /// Presses a button that stood under a message when this person last looked, and may stand there no longer.
    pub fn presses_as_it_was(&self, ts: &str, action: &str, value: &str) -> Act {
        let mut state = self.state();
        let (channel, _, whisper) = state.shown(ts);
        let text = json!({"type": "plain_text", "text": action, "emoji": false});
        let element = json!({"type": "button", "action_id": action, "value": value, "text": text});
        let told = state.pressed(&self.id, &channel, ts, &Found { element, block_id: "as it was".into() }, None, whisper);
        Act { ts: ts.into(), told: vec![told] }
    }

    /// Chooses from a menu under a message: by the choice's value or its words.
    pub fn chooses(&self, ts: &str, choice: &str) -> Act {
        let mut state = self.state();
        let (channel, blocks, whisper) = state.shown(ts);
        let hit = |o: &Value| o["value"] == choice || o["text"]["text"] == choice;
        let found = elements(&blocks).into_iter().find_map(|f| {
            let option = f.element["options"].as_array()?.iter().find(|o| hit(o))?.clone();
            Some((f, option))
        });
        let (found, option) = found.unwrap_or_else(|| panic!("no choice {choice} under {ts}; there are {:?}", actions(&blocks)));
        let told = state.pressed(&self.id, &channel, ts, &found, Some(&option), whisper);
        Act { ts: ts.into(), told: vec![told] }
    }

    /// Takes a shortcut on a message.
    pub fn shortcut(&self, callback: &str, ts: &str) -> Act {
        let mut state = self.state();
        let known = state.shortcuts.as_ref().is_none_or(|all| all.iter().any(|s| s == callback));
        assert!(known, "the app has no shortcut {callback}: {:?}", state.shortcuts);
        let channel = state.channel_of(ts);
        let place = &state.channels[&channel];
        let thread = place.messages[ts].thread.clone();
        let message = acted_on(render::message(&state, place, &place.messages[ts], false));
        let url = state.response_url(&self.id, &channel, thread, Some((ts.to_owned(), false)));
        let (trigger, now) = (state.trigger(&self.id, None), state.event_ts());
        let mut user = state.who(&self.id);
        if let Some(fields) = user.as_object_mut() {
            fields.remove("username");
        }
        let payload = json!({
            "type": "message_action", "token": super::VERIFICATION_TOKEN, "action_ts": now, "team": team(), "user": user,
            "channel": {"id": channel, "name": state.name_of(&channel)}, "is_enterprise_install": false, "enterprise": null,
            "callback_id": callback, "trigger_id": trigger, "response_url": url, "message_ts": ts, "message": message,
        });
        let told = state.interact("message_action", payload);
        Act { ts: ts.into(), told: vec![told] }
    }

    /// The modal that this person has before them.
    pub fn modal(&self) -> Option<super::View> {
        let state = self.state();
        let open = state.views.values().filter(|v| v.user == self.id && v.open && v.body["type"] == "modal");
        open.max_by_key(|v| v.id.clone()).cloned()
    }

    /// Types into an input of a view: the app hears it where the input says so.
    pub fn types(&self, view: &str, block: &str, text: &str) -> Act {
        let mut state = self.state();
        let blocks = state.open_blocks(view, &self.id);
        let found = elements(&blocks).into_iter().find(|f| f.block_id == block);
        let found = found.unwrap_or_else(|| panic!("no input {block} in {view}"));
        state.fill(view, &found, text);
        let hears = blocks.iter().any(|b| b["block_id"] == block && b["dispatch_action"] == true);
        let told = hears.then(|| state.in_view(&self.id, view, &found, Some(&json!(text))));
        Act { ts: view.into(), told: told.into_iter().collect() }
    }

    /// Presses a button in a view or a home: by action_id or words.
    pub fn presses_in(&self, view: &str, action: &str) -> Act {
        let mut state = self.state();
        let blocks = state.open_blocks(view, &self.id);
        let found = elements(&blocks).into_iter().find(|f| f.element["action_id"] == action || f.element["text"]["text"] == action);
        let found = found.unwrap_or_else(|| panic!("no button {action} in {view}; there are {:?}", actions(&blocks)));
        let told = state.in_view(&self.id, view, &found, None);
        Act { ts: view.into(), told: vec![told] }
    }

    /// Chooses in a view: the block, and the choice's value or words.
    pub fn chooses_in(&self, view: &str, block: &str, choice: &str) -> Act {
        let mut state = self.state();
        let blocks = state.open_blocks(view, &self.id);
        let found = elements(&blocks).into_iter().find(|f| f.block_id == block).unwrap_or_else(|| panic!("no menu {block} in {view}"));
        let options = found.element["options"].as_array().cloned().unwrap_or_default();
        let option = options.into_iter().find(|o| o["value"] == choice || o["text"]["text"] == choice);
        let option = option.unwrap_or_else(|| panic!("no choice {choice} in {block}"));
        state.put(view, &found, json!({"type": found.element["type"], "selected_option": option}));
        let hears = blocks.iter().any(|b| b["block_id"] == block && (b["type"] != "input" || b["dispatch_action"] == true));
        let told = hears.then(|| state.in_view(&self.id, view, &found, Some(&option)));
        Act { ts: view.into(), told: told.into_iter().collect() }
    }

    /// Submits a view with these texts, by block id. Slack itself holds the inputs' lengths.
    pub fn submits(&self, view: &str, values: &[(&str, &str)]) -> Act {
        let mut state = self.state();
        let blocks = state.open_blocks(view, &self.id);
        for (block, text) in values {
            let found = elements(&blocks).into_iter().find(|f| f.block_id == *block);
            let found = found.unwrap_or_else(|| panic!("no input {block} in {view}"));
            let most = found.element["max_length"].as_u64().unwrap_or(3_000) as usize;
            assert!(text.chars().count() <= most, "Slack does not let more than {most} characters into {block}");
            state.fill(view, &found, text);
        }
        state.settle(view, &blocks);
        let trigger = state.trigger(&self.id, Some(view.to_owned()));
        let shown = render::view(&state.views[view]);
        let payload = json!({
            "type": "view_submission", "team": team(), "user": state.who(&self.id), "api_app_id": APP, "token": super::VERIFICATION_TOKEN,
            "trigger_id": trigger, "view": shown, "response_urls": [], "is_enterprise_install": false, "enterprise": null,
        });
        let told = state.interact("view_submission", payload);
        Act { ts: view.into(), told: vec![told] }
    }

    /// Closes a view; the app hears it where it asked for that.
    pub fn closes(&self, view: &str) -> Act {
        let mut state = self.state();
        state.open_blocks(view, &self.id);
        let shown = render::view(&state.views[view]);
        let payload = json!({
            "type": "view_closed", "team": team(), "user": state.who(&self.id), "api_app_id": APP, "token": super::VERIFICATION_TOKEN,
            "view": shown, "is_cleared": false, "is_enterprise_install": false, "enterprise": null,
        });
        let hears = state.views[view].body["notify_on_close"] == true;
        state.views.get_mut(view).expect("open").open = false;
        let told = hears.then(|| state.interact("view_closed", payload));
        state.touch();
        Act { ts: view.into(), told: told.into_iter().collect() }
    }

    /// Puts a reaction on a message.
    pub fn reacts(&self, ts: &str, name: &str) -> Act {
        self.reaction(ts, name, true)
    }

    /// Takes a reaction away again.
    pub fn unreacts(&self, ts: &str, name: &str) -> Act {
        self.reaction(ts, name, false)
    }

    fn reaction(&self, ts: &str, name: &str, add: bool) -> Act {
        let mut state = self.state();
        let channel = state.channel_of(ts);
        let before = state.deliveries.all.len() as u64;
        assert!(state.react(&channel, ts, &self.id, name, add), "{} has {name} there already, or has it not", self.id);
        Act { ts: ts.into(), told: (before + 1..=state.deliveries.all.len() as u64).collect() }
    }

    /// Opens the app's home.
    pub fn opens_home(&self) -> Act {
        let mut state = self.state();
        let im = state.im(&self.id);
        let now = state.event_ts();
        let mut event = json!({"type": "app_home_opened", "user": self.id, "channel": im, "tab": "home", "event_ts": now});
        if let Some(view) = state.homes.get(&self.id).and_then(|v| state.views.get(v)) {
            event["view"] = render::view(view);
        }
        let told = state.tell_app("", event);
        Act { ts: im, told: told.into_iter().collect() }
    }

    /// Another name; the id stays.
    pub fn renames(&self, to: &str) {
        let mut state = self.state();
        state.users.get_mut(&self.id).expect("a user").name = to.into();
        let user = render::user(&state.users[&self.id], true);
        let now = state.now() / 1_000;
        state.tell_app("users:read", json!({"type": "user_change", "user": user, "cache_ts": now}));
        drop(state);
        assert_eq!(self.name(), to);
    }
}

impl State {
    /// A channel by name or id; who acts there is a member from then on.
    fn place(&mut self, channel: &str, user: &str) -> String {
        let id = self.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        self.channels.get_mut(&id).expect("found above").members.insert(user.to_owned());
        id
    }

    fn channel_of(&self, ts: &str) -> String {
        let holds = self.channels.values().find(|c| c.messages.contains_key(ts));
        holds.unwrap_or_else(|| panic!("no message {ts}")).id.clone()
    }

    /// Where a message is shown, its blocks, and whether one person alone sees it.
    fn shown(&self, ts: &str) -> (String, Vec<Value>, bool) {
        if let Some(whisper) = self.log.ephemerals.iter().find(|e| e.ts == ts && !e.deleted) {
            return (whisper.channel.clone(), whisper.blocks.clone(), true);
        }
        let channel = self.channel_of(ts);
        let blocks = self.channels[&channel].messages[ts].blocks.clone();
        (channel, blocks, false)
    }

    fn open_blocks(&self, view: &str, user: &str) -> Vec<Value> {
        let view = self.views.get(view).unwrap_or_else(|| panic!("no view {view}"));
        assert!(view.open && view.user == user, "{} is not before {user}", view.id);
        view.body["blocks"].as_array().cloned().unwrap_or_default()
    }

    fn fill(&mut self, view: &str, found: &Found, text: &str) {
        self.put(view, found, json!({"type": found.element["type"], "value": text}));
    }

    fn put(&mut self, view: &str, found: &Found, value: Value) {
        let action = found.element["action_id"].as_str().unwrap_or_default();
        self.views.get_mut(view).expect("open").state["values"][&found.block_id] = json!({action: value});
    }

    /// What nobody touched has its first value.
    fn settle(&mut self, view: &str, blocks: &[Value]) {
        for found in elements(blocks) {
            let input = blocks.iter().any(|b| b["block_id"] == found.block_id.as_str() && b["type"] == "input");
            if !input || !self.views[view].state["values"][&found.block_id].is_null() {
                continue;
            }
            let value = match found.element["type"].as_str() {
                Some("plain_text_input") => json!({"type": "plain_text_input", "value": found.element["initial_value"]}),
                kind => json!({"type": kind, "selected_option": found.element["initial_option"]}),
            };
            self.put(view, &found, value);
        }
    }
}
