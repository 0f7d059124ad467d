//! What the emulated workspace says, held against Slack's sample payloads: `$SERENO_SPECS/slack`, or
//! `../shared/specs` beside the repository. Where there are none the tests say so and pass, unless
//! `SERENO_SPECS_REQUIRED` is set, as in CI.
//!
//! The samples hold every key that Slack was seen to send, with values that mean nothing. So no key of
//! ours may be unknown to them, every value must be of the sample's kind, and what Slack always sends
//! must be there.

use super::workspace::{Socket, call, call_with, get};
use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN, BOT_USER, Kind, Slack, TEAM_CHANNEL, limits};
use crate::specs;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    specs::folder("slack", "rate_limit_tiers.json")
}

fn sample(folder: &std::path::Path, name: &str) -> Value {
    let file = folder.join(name);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap()
}

/// Keys that Slack sends although the samples do not have them, and how that is known.
const BEYOND: &[&str] = &[
    // The samples' payloads were empty, and fell out.
    "metadata.event_payload",
    // Sent with every view_submission; documented with `response_url_enabled`.
    "view_submission.response_urls",
    // A slash command is a form by origin: its booleans are words, in Slack's own examples too.
    "slash.is_enterprise_install",
    // Views hold their blocks; the samples' lists were empty.
    "view.blocks",
    // What an app posts comes back to it with its own marks; the samples are of what people post.
    "event.event.app_id",
    "event.event.message.app_id",
    "event.event.previous_message.app_id",
    "event.event.bot_id",
    "event.event.bot_profile",
    "event.event.team",
    "event.event.parent_user_id",
    // The same message in `conversations.history` has them.
    "conversations.replies.messages.subtype",
    "conversations.replies.messages.client_msg_id",
    "reactions.get.message.edited",
    // The reference of pins.add; in the samples of interactions.
    "pinned_to",
    // The sample's file was shared in public alone.
    "files.shares.private",
];

/// Whether this is a list by ids rather than a thing with fields.
fn by_ids(fields: &serde_json::Map<String, Value>) -> bool {
    !fields.is_empty()
        && fields.keys().all(|k| {
            k.len() > 5
                && k.starts_with(['C', 'F', 'U', 'T'])
                && k.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && k.contains(|c: char| c.is_ascii_digit())
        })
}

/// What is wrong with `value`, where `sample` is all that Slack sends.
fn hold(sample: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    match (sample, value) {
        (_, Value::Null) => {}
        (Value::Object(known), Value::Object(fields)) => {
            // What apps and people name themselves.
            if known.is_empty() {
                return;
            }
            if by_ids(known) {
                let one = known.values().next().unwrap();
                return fields.iter().for_each(|(k, v)| hold(one, v, &format!("{at}.{k}"), faults));
            }
            for (key, inner) in fields {
                // The inside of blocks is the app's own, or the people's.
                if key == "blocks" && known.contains_key("blocks") {
                    continue;
                }
                let at = format!("{at}.{key}");
                let plain: String = at.chars().filter(|c| !"[]0123456789".contains(*c)).collect();
                match known.get(key) {
                    _ if BEYOND.iter().any(|b| plain.ends_with(b)) => {}
                    Some(sample) => hold(sample, inner, &at, faults),
                    None => faults.push(format!("{at}: Slack sends no such thing")),
                }
            }
        }
        (Value::Array(known), Value::Array(items)) => {
            for (n, item) in items.iter().enumerate() {
                let at = format!("{at}[{n}]");
                let alike: Vec<&Value> = known.iter().filter(|k| k["type"].is_string() && k["type"] == item["type"]).collect();
                let candidates = if alike.is_empty() { known.iter().collect() } else { alike };
                let mut least: Option<Vec<String>> = None;
                for candidate in candidates {
                    let mut inner = Vec::new();
                    hold(candidate, item, &at, &mut inner);
                    if least.as_ref().is_none_or(|l| inner.len() < l.len()) {
                        least = Some(inner);
                    }
                }
                faults.extend(least.unwrap_or_default());
            }
        }
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => {}
        _ => faults.push(format!("{at}: {value} is not of the kind of {sample}")),
    }
}

/// What Slack sends in some workspaces or cases alone.
const SOMETIMES: &[&str] = &[
    "enterprise_id",
    "enterprise_name",
    "enterprise",
    "authed_users",
    "authed_teams",
    "context_team_id",
    "context_enterprise_id",
    "bot_id",
    "bot_profile",
    "attachments",
    "metadata",
    "parent_user_id",
    "thread_ts",
    "edited",
    "subtype",
    "username",
    "app_id",
    "upload",
    "display_as_bot",
    "user_team",
    "source_team",
    "user_profile",
    "inviter",
    "blocks",
    "view",
    "files",
    "root",
    "error",
    "needed",
    "provided",
    "warning",
    "response_metadata",
    "errors",
    "deprecated_argument",
    "expires_in",
    "app_unfurl",
    "function_data",
    "interactivity",
    "bot_access_token",
    "is_cleared",
    "client_msg_id",
    "detail",
    "arg",
    "callstack",
    "offset",
    "oldest",
    "latest",
    "state",
    "channel",
    "message",
    "response_url",
    "app_name",
    "enterprise_user",
    "team",
    "is_ext_shared",
    "user",
    "channel_type",
];

/// What Slack always sends and we do not, in the thing itself and its event.
fn lacking(sample: &Value, value: &Value, at: &str) -> Vec<String> {
    let known = sample.as_object().into_iter().flatten().map(|(k, _)| k);
    let mut out: Vec<String> =
        known.filter(|k| value.get(k.as_str()).is_none() && !SOMETIMES.contains(&k.as_str())).map(|k| format!("{at} lacks {k}")).collect();
    if sample["event"].is_object() {
        out.extend(lacking(&sample["event"], &value["event"], &format!("{at}.event")));
    }
    out
}

/// The sample of something that the app was told.
fn name_of(kind: Kind, payload: &Value) -> Option<String> {
    let event = &payload["event"];
    let camel = |word: &str| {
        word.split('_')
            .map(|p| p.chars().enumerate().map(|(n, c)| if n == 0 { c.to_ascii_uppercase() } else { c }).collect::<String>())
            .collect::<String>()
    };
    match kind {
        Kind::Slash => Some("app-backend/SlashCommandPayload.json".into()),
        Kind::Interactive => Some(match payload["type"].as_str().unwrap() {
            "block_actions" => "app-backend/BlockActionPayload.json".into(),
            "message_action" => "app-backend/MessageShortcutPayload.json".into(),
            other => format!("app-backend/{}Payload.json", camel(other)),
        }),
        Kind::Event => {
            let what = event["type"].as_str().unwrap();
            let subtype = event["subtype"].as_str();
            let name = match (what, subtype) {
                // Conversions have no sample.
                ("message", Some(s)) if s.starts_with("channel_convert") => return None,
                ("message", Some(s)) => format!("Message{}", camel(s.trim_start_matches("message_"))),
                (what, _) => camel(what),
            };
            Some(format!("events/{name}Payload.json"))
        }
    }
}

/// A workspace in which everything has happened, with what each call was answered.
async fn lively(slack: &Slack) -> BTreeMap<String, Value> {
    slack.unlimited();
    let mut socket = Socket::greeted(slack).await;
    let mut answers = BTreeMap::new();
    let care = slack.channel(TEAM_CHANNEL);
    let ana = slack.user_speaking("ana", "es-ES");
    let metadata = json!({"event_type": "sereno_op", "event_payload": {"op": "1"}});
    let blocks = json!([
        {"type": "header", "text": {"type": "plain_text", "text": "Case"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a"}, "fields": [{"type": "plain_text", "text": "f"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "a", "value": "1", "style": "primary", "text": {"type": "plain_text", "text": "Claim"}},
            {"type": "overflow", "action_id": "m", "options": [{"text": {"type": "plain_text", "text": "Mute"}, "value": "mute"}]},
        ]},
    ]);
    let body = json!({"channel": care, "text": "x", "blocks": blocks, "metadata": metadata});
    answers.insert("chat.postMessage".to_owned(), call(slack, "chat.postMessage", body).await);
    let ts = answers["chat.postMessage"]["ts"].as_str().unwrap().to_owned();
    call(slack, "chat.postMessage", json!({"channel": care, "text": "reply", "thread_ts": ts, "metadata": metadata})).await;
    call(slack, "chat.postMessage", json!({"channel": care, "text": "broad", "thread_ts": ts, "reply_broadcast": true})).await;
    let mine = ana.says(TEAM_CHANNEL, Some(&ts), "@sereno claim").ts;
    ana.edits(&mine, "hola");
    ana.reacts(&ts, "eyes");
    ana.presses(&ts, "a");
    ana.chooses(&ts, "mute");
    ana.shortcut("sereno:draft", &ts);
    ana.opens_home();
    let slash = ana.slash("/claim 1").told[0];
    let trigger = loop {
        let frame = socket.next().await;
        if frame["type"] == "slash_commands" {
            break frame["payload"]["trigger_id"].clone();
        }
    };
    assert!(slash > 0);
    let text = |t: &str| json!({"type": "plain_text", "text": t});
    let view = json!({"type": "modal", "callback_id": "c", "title": text("T"), "submit": text("S"), "close": text("C"), "notify_on_close": true,
        "private_metadata": "{}", "blocks": [{"type": "input", "block_id": "text", "label": text("L"), "hint": text("h"),
        "element": {"type": "plain_text_input", "action_id": "t", "initial_value": "v", "placeholder": text("p")}}]});
    answers.insert("views.open".into(), call(slack, "views.open", json!({"trigger_id": trigger, "view": view})).await);
    let id = answers["views.open"]["view"]["id"].as_str().unwrap().to_owned();
    answers.insert("views.update".into(), call(slack, "views.update", json!({"view_id": id, "view": view})).await);
    ana.submits(&id, &[]);
    ana.closes(&id);
    let update = json!({"channel": care, "ts": ts, "text": "y", "metadata": metadata});
    answers.insert("chat.update".into(), call(slack, "chat.update", update).await);
    let item = json!({"channel": care, "timestamp": ts, "name": "tada"});
    for method in ["reactions.add", "reactions.remove", "pins.add"] {
        answers.insert(method.into(), call(slack, method, item.clone()).await);
    }
    answers.insert(
        "chat.postEphemeral".into(),
        call(slack, "chat.postEphemeral", json!({"channel": care, "user": ana.id, "text": "psst"})).await,
    );
    let group = slack.group("agents", &["ana"]);
    let up = get(slack, "files.getUploadURLExternal", &[("filename", "a.png"), ("length", "2")]).await;
    reqwest::Client::new().post(up["upload_url"].as_str().unwrap()).body("ab").send().await.unwrap();
    let done = json!({"files": [{"id": up["file_id"], "title": "A"}], "channel_id": care});
    answers.insert("files.getUploadURLExternal".into(), up);
    answers.insert("files.completeUploadExternal".into(), call(slack, "files.completeUploadExternal", done).await);
    let whole = ("include_all_metadata", "true");
    let reads: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("conversations.history", vec![("channel", &care), whole]),
        ("conversations.replies", vec![("channel", &care), ("ts", &ts), whole]),
        ("conversations.info", vec![("channel", &care), ("include_num_members", "true"), ("include_locale", "true")]),
        ("conversations.members", vec![("channel", &care)]),
        ("conversations.list", vec![("types", "public_channel,private_channel,im")]),
        ("users.info", vec![("user", &ana.id), ("include_locale", "true")]),
        ("users.list", vec![]),
        ("usergroups.users.list", vec![("usergroup", &group)]),
        ("usergroups.list", vec![("include_users", "true")]),
        ("team.info", vec![]),
        ("chat.getPermalink", vec![("channel", &care), ("message_ts", &ts)]),
        ("reactions.get", vec![("channel", &care), ("timestamp", &ts)]),
        ("auth.test", vec![]),
    ];
    for (method, query) in reads {
        answers.insert(method.into(), get(slack, method, &query).await);
    }
    answers.insert("pins.remove".into(), call(slack, "pins.remove", item).await);
    answers.insert("apps.connections.open".into(), call_with(slack, APP_TOKEN, "apps.connections.open", json!({})).await);
    let gone = call(slack, "chat.postMessage", json!({"channel": care, "text": "gone"})).await["ts"].clone();
    answers.insert("chat.delete".into(), call(slack, "chat.delete", json!({"channel": care, "ts": gone})).await);
    ana.unreacts(&ts, "eyes");
    let (scopes, general) = (
        ["channels:join", "channels:read", "channels:history", "groups:read", "groups:history", "users:read", "usergroups:read"],
        slack.channel("general"),
    );
    slack.scopes(&scopes);
    answers.insert("conversations.join".into(), call(slack, "conversations.join", json!({"channel": general})).await);
    slack.kick(TEAM_CHANNEL, &slack.user("luis").id);
    slack.share(TEAM_CHANNEL, true);
    slack.share(TEAM_CHANNEL, false);
    slack.convert(TEAM_CHANNEL, false);
    slack.convert(TEAM_CHANNEL, true);
    slack.group("agents", &["ana", "luis"]);
    slack.user("luis").renames("luisa");
    slack.archive("general");
    slack.kick(TEAM_CHANNEL, BOT_USER);
    slack.invite(TEAM_CHANNEL, BOT_USER);
    slack.archive(TEAM_CHANNEL);
    slack.uninstall();
    answers
}

#[tokio::test]
async fn the_workspace_answers_as_slack_does() {
    let Some(folder) = folder() else { return };
    let slack = Slack::start().await;
    let answers = lively(&slack).await;
    let mut faults = Vec::new();
    for (method, answer) in &answers {
        if answer["ok"] != true {
            faults.push(format!("{method}: {answer}"));
            continue;
        }
        let sample = sample(&folder, &format!("api/{method}.json"));
        hold(&sample, answer, method, &mut faults);
        faults.extend(lacking(&sample, answer, method));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(answers.len() >= 27, "{}", answers.len());
}

#[tokio::test]
async fn the_app_is_told_things_as_slack_tells_them() {
    let Some(folder) = folder() else { return };
    let slack = Slack::start().await;
    lively(&slack).await;
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for delivery in slack.books().deliveries {
        let Some(name) = name_of(delivery.kind, &delivery.payload) else { continue };
        let sample = sample(&folder, &name);
        let at = match delivery.kind {
            Kind::Slash => "slash",
            Kind::Event => "event",
            Kind::Interactive => delivery.payload["type"].as_str().unwrap(),
        };
        hold(&sample, &delivery.payload, at, &mut faults);
        faults.extend(lacking(&sample, &delivery.payload, &name));
        seen.insert(name);
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(seen.len() >= 22, "{seen:?}");
}

#[test]
fn the_tiers_are_slacks() {
    let Some(folder) = folder() else { return };
    let tiers = sample(&folder, "rate_limit_tiers.json");
    for (method, tier) in limits::TIERS {
        assert_eq!(tiers[*method], *tier, "{method}");
    }
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let sample = json!({"ok": true, "ts": "", "n": 1, "list": [{"type": "a", "x": ""}, {"type": "b", "y": 1}], "free": {}, "by": {"C0123456": {"z": ""}}});
    let judge = |value: Value| {
        let mut faults = Vec::new();
        hold(&sample, &value, "v", &mut faults);
        faults
    };
    assert_eq!(
        judge(json!({"ok": false, "ts": "1", "n": 2, "free": {"any": [1]}, "list": [{"type": "b", "y": 2}], "by": {"C1": {"z": "s"}}})),
        [""; 0]
    );
    assert_eq!(judge(json!({"nope": 1})), ["v.nope: Slack sends no such thing"]);
    assert_eq!(judge(json!({"ts": 1})).len(), 1);
    assert_eq!(judge(json!({"list": [{"type": "b", "x": "s"}]})), ["v.list[0].x: Slack sends no such thing"]);
    assert_eq!(judge(json!({"by": {"C1": {"q": "s"}}})).len(), 1);
    assert_eq!(lacking(&sample, &json!({"ok": true, "ts": "", "list": [], "free": {}, "by": {}}), "v"), ["v lacks n"]);
    assert_eq!(BOT_TOKEN.split('-').next(), Some("xoxb"));
}
