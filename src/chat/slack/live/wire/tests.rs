use super::*;
use serde_json::json;

#[path = "../../../../../tests/specs.rs"]
mod specs;

fn sample(root: &std::path::Path, path: &str) -> Value {
    let text = std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap()
}

fn event(event: &Value) -> Result<Heard, Unread> {
    read(Kind::Event, &json!({"type":"event_callback","event_id":"Ev1","team_id":"T1","event":event}))
}

#[test]
fn a_person_s_message_is_heard_and_nothing_else_of_a_room() {
    let said =
        json!({"type":"message","channel":"C1","user":"U1","text":"!claim","ts":"2.000001","thread_ts":"1.000001","channel_type":"group"});
    let Ok(Heard::Message(m)) = event(&said) else { panic!() };
    assert_eq!((m.room.as_str(), m.ts.as_str(), m.thread.as_deref(), m.direct), ("C1", "2.000001", Some("1.000001"), false));
    let with = |key: &str, value: Value| {
        let mut e = said.clone();
        e[key] = value;
        event(&e)
    };
    // Edits are no commands; bots are not heard; what is hidden is no message.
    for subtype in ["message_changed", "message_deleted", "bot_message", "me_message", "group_join", "reminder_add"] {
        assert!(matches!(with("subtype", json!(subtype)), Ok(Heard::Nothing | Heard::Room(_))), "{subtype}");
    }
    assert_eq!(with("bot_id", json!("B1")), Ok(Heard::Nothing));
    assert!(matches!(with("subtype", json!("file_share")), Ok(Heard::Message(_))));
    assert!(matches!(with("subtype", json!("channel_convert_to_public")), Ok(Heard::Room(room)) if room == "C1"));
    // A thread's first message is in no thread.
    assert!(matches!(with("thread_ts", json!("2.000001")), Ok(Heard::Message(m)) if m.thread.is_none()));
    assert!(matches!(with("user", Value::Null), Err(Unread(_))));
}

#[test]
fn a_mention_is_the_same_message() {
    let said = json!({"type":"app_mention","channel":"C1","user":"U1","text":"<@U0> claim","ts":"2.000001"});
    assert!(matches!(event(&said), Ok(Heard::Message(m)) if m.ts == "2.000001" && m.room == "C1"));
}

#[test]
fn a_button_names_its_case_and_a_menu_its_command() {
    let pressed = |action: Value| {
        let p = json!({"type":"block_actions","user":{"id":"U1","team_id":"T1"},"trigger_id":"t.1","response_url":"https://hooks.slack.com/x",
            "container":{"type":"message","message_ts":"3.0","channel_id":"C1","thread_ts":"1.0"},"channel":{"id":"C1"},"message":{"ts":"3.0","thread_ts":"1.0"},
            "actions":[action]});
        read(Kind::Interactive, &p)
    };
    let Ok(Heard::Press(p)) = pressed(json!({"action_id":"sereno:claim","value":"42"})) else { panic!() };
    assert_eq!((p.verb, p.case, p.room.as_deref(), p.thread.as_deref()), (Verb::Claim, 42, Some("C1"), Some("1.0")));
    assert!(p.on_entry());
    let more = json!({"action_id":"sereno:more","selected_option":{"value":"spam:7"}});
    assert!(matches!(pressed(more), Ok(Heard::Press(p)) if p.verb == Verb::Spam && p.case == 7));
    for other in [
        json!({"action_id":"other:claim","value":"1"}),
        json!({"action_id":"sereno:nonsense","value":"1"}),
        json!({"action_id":"sereno:claim","value":"x"}),
    ] {
        assert_eq!(pressed(other), Ok(Heard::Nothing));
    }
    assert!(matches!(read(Kind::Interactive, &json!({"type":"block_actions","user":{"id":"U1"},"actions":[]})), Err(Unread(_))));
}

#[test]
fn a_form_brings_its_text_wherever_its_block_is_called() {
    let view = json!({"id":"V1","hash":"h","callback_id":"sereno:form:reply","private_metadata":"{\"case\":42,\"verb\":\"reply\",\"room\":\"C1\",\"thread\":\"1.0\"}",
        "state":{"values":{"canned":{"sereno:canned":{"selected_option":null}},"text:2":{"sereno:text":{"type":"plain_text_input","value":"Hello"}}}}});
    let Ok(Heard::Submit(s)) =
        read(Kind::Interactive, &json!({"type":"view_submission","user":{"id":"U1"},"team":{"id":"T1"},"view":view}))
    else {
        panic!()
    };
    assert_eq!((s.block.as_str(), s.text.as_str(), s.meta.case, s.meta.verb.as_str()), ("text:2", "Hello", 42, "reply"));
    // A form of before this was asked, or one made up, said nothing of everybody.
    assert!(!s.meta.public);
    let said = |public| {
        let mut view = view.clone();
        view["private_metadata"] = render::metadata(42, Verb::Handoff, "C1", None, public).into();
        match read(Kind::Interactive, &json!({"type":"view_submission","user":{"id":"U1"},"view":view})) {
            Ok(Heard::Submit(s)) => s.meta.public,
            other => panic!("{other:?}"),
        }
    };
    assert!(said(true) && !said(false));
    let typed = json!({"type":"block_actions","user":{"id":"U1"},"view":view,"actions":[{"action_id":"sereno:text","value":"Hello"}]});
    let Ok(Heard::Typing(t)) = read(Kind::Interactive, &typed) else { panic!() };
    assert_eq!((t.text.as_str(), t.replaced, t.canned), ("Hello", 2, None));
    let picked = json!({"type":"block_actions","user":{"id":"U1"},"view":view,"actions":[{"action_id":"sereno:canned","selected_option":{"value":"1"}}]});
    let Ok(Heard::Typing(t)) = read(Kind::Interactive, &picked) else { panic!() };
    assert_eq!((t.text.as_str(), t.canned), ("Hello", Some(1)));
    let forged = json!({"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","callback_id":"sereno:form:reply","private_metadata":"{}","state":view["state"]}});
    assert!(matches!(read(Kind::Interactive, &forged), Err(Unread(_))));
}

#[test]
fn what_slack_marks_up_comes_back_as_it_was_typed() {
    let name = |id: &str| (id == "U1").then(|| "Ana".to_owned());
    let plain = |text: &str| plain(text, name);
    assert_eq!(plain("reply We &lt;3 you &amp; yours"), "reply We <3 you & yours");
    assert_eq!(plain("see <https://example.com/a?b=1&amp;c=2>"), "see https://example.com/a?b=1&c=2");
    assert_eq!(plain("see <https://example.com|example.com>"), "see example.com");
    assert_eq!(plain("see <https://example.com/x|our page>"), "see our page (https://example.com/x)");
    assert_eq!(plain("<mailto:a@b.es|a@b.es>"), "a@b.es");
    assert_eq!(plain("<@U1> <@U2|eva> <@U3> <#C1|general> <!here> <!subteam^S1|@agents>"), "@Ana @eva @U3 #general @here @agents");
    assert_eq!(plain("a < b"), "a < b");
}

#[test]
fn slack_s_own_samples_are_read_or_passed_over_and_never_break_anything() {
    let Some(samples) = specs::folder("slack", "events/MessagePayload.json") else { return };
    // Their values are placeholders, most of them empty: what is empty counts as missing.
    fn filled(value: &mut Value) {
        match value {
            Value::String(s) if s.is_empty() => *s = "x".into(),
            Value::Array(all) => all.iter_mut().for_each(filled),
            Value::Object(all) => all.values_mut().for_each(filled),
            _ => {}
        }
    }
    let kinds = [
        ("events/ReactionAddedPayload.json", Kind::Event),
        ("events/ReactionRemovedPayload.json", Kind::Event),
        ("events/AppMentionPayload.json", Kind::Event),
        ("events/MessagePayload.json", Kind::Event),
        ("events/MessageChangedPayload.json", Kind::Event),
        ("events/MessageDeletedPayload.json", Kind::Event),
        ("events/MessageBotPayload.json", Kind::Event),
        ("events/AppHomeOpenedPayload.json", Kind::Event),
        ("events/ChannelSharedPayload.json", Kind::Event),
        ("events/ChannelUnsharedPayload.json", Kind::Event),
        ("events/ChannelRenamePayload.json", Kind::Event),
        ("events/SubteamMembersChangedPayload.json", Kind::Event),
        ("events/UserChangePayload.json", Kind::Event),
        ("events/TokensRevokedPayload.json", Kind::Event),
        ("app-backend/SlashCommandPayload.json", Kind::Slash),
    ];
    for (file, kind) in kinds {
        let mut payload = sample(&samples, file);
        filled(&mut payload);
        let heard = read(kind, &payload).unwrap_or_else(|e| panic!("{file}: {e:?}"));
        let fits = match heard {
            Heard::Reaction(r) => file.contains("Reaction") && r.added == file.contains("Added") && r.ts == "0000000000.000000",
            Heard::Message(_) => false,  // these samples fill in a subtype or a bot
            Heard::Home { .. } => false, // its tab is a placeholder
            Heard::Room(_) => file.contains("/Channel"),
            Heard::Group(_) => file.contains("Subteam"),
            Heard::Person(_) => file.contains("User"),
            Heard::Revoked(_) => file.contains("Tokens"),
            Heard::Slash(_) => file.contains("Slash"),
            Heard::Nothing => file.contains("Message") || file.contains("Mention") || file.contains("Home"),
            _ => false,
        };
        assert!(fits, "{file}");
    }
    // Any other sample is passed over, or told unread: it never breaks anything.
    for dir in ["events", "app-backend"] {
        for file in std::fs::read_dir(samples.join(dir)).unwrap() {
            let payload: Value = serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            for kind in [Kind::Event, Kind::Interactive, Kind::Slash] {
                read(kind, &payload).ok();
            }
        }
    }
}

#[test]
fn a_message_of_our_own_is_known_at_a_glance_and_nothing_else_is_taken_for_one() {
    let frame = |event: Value, shared: bool| {
        json!({"type":"events_api","envelope_id":"e1","payload":{"event":event,"is_ext_shared_channel":shared,"event_id":"Ev1"}})
            .to_string()
    };
    let ours = json!({"type":"message","user":"U0","bot_id":"B0","text":"x","blocks":[{"type":"actions","elements":[]}],"ts":"1.2"});
    assert_eq!(own_message(&frame(ours.clone(), false), "U0").as_deref(), Some("e1"));
    assert_eq!(own_message(&frame(ours.clone(), true), "U0"), None, "the room is shared: that is to be looked at");
    assert_eq!(own_message(&frame(ours, false), "U9"), None);
    let joined = json!({"type":"message","subtype":"channel_join","user":"U0","text":"x","ts":"1.2"});
    assert_eq!(own_message(&frame(joined, false), "U0"), None);
    assert_eq!(own_message(&frame(json!({"type":"reaction_added","user":"U0"}), false), "U0"), None);
    assert_eq!(own_message("{", "U0"), None);
}

/// Said to the bot alone, anything is a command: a room's message must not become that by what stands in it.
#[test]
fn what_kind_of_room_it_is_the_caller_knows() {
    let said = json!({"type": "message", "user": "U1", "text": "claim 42", "ts": "1.0", "channel": "D9", "channel_type": "im"});
    for direct in [false, true] {
        let message = past_message("C1", direct, &said).unwrap();
        assert_eq!((message.room.as_str(), message.direct), ("C1", direct));
    }
}
