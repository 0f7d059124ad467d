use super::*;
use crate::i18n::Words;
use crate::policy::Lang;
use serde_json::json;
use std::collections::BTreeMap;

/// Answers by method and first argument; whoever is not scripted is unknown to it.
#[derive(Default)]
struct Script(BTreeMap<String, Result<Reply, Trouble>>);

impl Script {
    fn answers(mut self, call: &str, body: Value) -> Script {
        self.0.insert(call.to_owned(), Ok(Reply { body, scopes: Some(SCOPES.iter().map(|s| (*s).to_owned()).collect()) }));
        self
    }
    fn refuses(mut self, call: &str, code: &str) -> Script {
        self.0.insert(call.to_owned(), Err(Trouble::Code(code.into())));
        self
    }
    /// A workspace in which all is well.
    fn well() -> Script {
        Script::default()
            .answers("App apps.connections.open", json!({"url": "wss://x"}))
            .answers("Bot auth.test", json!({"user": "sereno", "team": "Acme", "team_id": "T1"}))
            .answers("Bot conversations.info C1", json!({"channel": {"name": "help", "is_member": true, "is_channel": true}}))
            .answers("Bot conversations.info C2", json!({"channel": {"name": "dm", "is_member": true, "is_private": true}}))
            .answers("Bot usergroups.users.list S1", json!({"users": ["U1"]}))
            .answers("Bot users.info U1", json!({"user": {"team_id": "T1"}}))
    }
}

#[async_trait]
impl Api for Script {
    async fn call(&self, token: Token, method: &str, args: &[(&str, &str)]) -> Result<Reply, Trouble> {
        let call = args.iter().fold(format!("{token:?} {method}"), |call, (_, value)| format!("{call} {value}"));
        self.0.get(&call).cloned().unwrap_or_else(|| Err(Trouble::Code("not_scripted".into())))
    }
}

fn setup() -> Setup {
    let room = |id: &str, private| Room { id: id.into(), private };
    Setup {
        api_url: "https://slack.example/api".into(),
        bot_token: SecretString::from("xoxb-1"),
        app_token: Some(SecretString::from("xapp-1")),
        rooms: vec![room("C1", false), room("C2", true)],
        user_group: Some("S1".into()),
        people: vec!["U1".into()],
    }
}

/// The findings that are not well, as `what code`; all of them have words in both languages.
async fn wrong(script: &Script, setup: &Setup) -> Vec<String> {
    let words = Words::new();
    let found = findings(script, setup).await;
    for finding in &found {
        for lang in [Lang::En, Lang::Es] {
            let said = words.tell(&finding.detail, lang);
            assert!(!said.contains("check-") && !said.contains("{ $") && !said.contains("xoxb-1") && !said.contains("xapp-1"), "{said}");
        }
    }
    found.into_iter().filter(|f| !f.ok).map(|f| format!("{} {}", f.what, f.detail.code)).collect()
}

#[tokio::test]
async fn a_workspace_in_order_has_nothing_wrong() {
    assert_eq!(wrong(&Script::well(), &setup()).await, Vec::<String>::new());
    assert_eq!(findings(&Script::well(), &setup()).await.len(), 7);
}

#[tokio::test]
async fn tokens_in_the_wrong_place_are_named_and_never_sent() {
    // Not scripted at all: nothing may be asked with them.
    for (bot, app, expected) in [
        ("xapp-1", "xoxb-1", ["check-slack-is-bot-token", "check-slack-is-app-token"]),
        ("xoxp-1", "xoxe-1", ["check-slack-is-refresh-token", "check-slack-is-user-token"]),
        ("hunter2", "xoxe.xoxb-1", ["check-slack-is-bot-token", "check-slack-is-no-token"]),
    ] {
        let setup = Setup { bot_token: SecretString::from(bot), app_token: Some(SecretString::from(app)), ..setup() };
        let expected = [format!("chat.slack.app_token {}", expected[0]), format!("chat.slack.bot_token {}", expected[1])];
        assert_eq!(wrong(&Script::default(), &setup).await, expected);
    }
    let rotating = Setup { bot_token: SecretString::from("xoxe.xoxb-1"), ..setup() };
    assert_eq!(wrong(&Script::well(), &rotating).await, Vec::<String>::new());
}

#[tokio::test]
async fn each_missing_scope_is_named() {
    let mut script = Script::well();
    let has = SCOPES.iter().filter(|s| !["chat:write", "files:write"].contains(s)).map(|s| (*s).to_owned()).collect();
    if let Some(Ok(me)) = script.0.get_mut("Bot auth.test") {
        me.scopes = Some(has);
    }
    let found = findings(&script, &setup()).await;
    let missing: Vec<_> = found.iter().filter(|f| !f.ok).map(|f| f.detail.clone()).collect();
    assert_eq!(missing, ["chat:write", "files:write"].map(|s| Say::new("check-slack-scope-missing").text("scope", s)));
}

#[tokio::test]
async fn what_slack_refuses_is_told_with_the_way_out() {
    for (call, code, expected) in [
        ("App apps.connections.open", "missing_scope", "chat.slack.app_token check-slack-socket-scope"),
        ("App apps.connections.open", "invalid_auth", "chat.slack.app_token check-slack-socket-token"),
        ("App apps.connections.open", "socket_mode_not_enabled", "chat.slack.app_token check-slack-socket-off"),
        ("Bot auth.test", "token_revoked", "chat.slack.bot_token check-slack-token"),
        ("Bot conversations.info C1", "channel_not_found", "channel C1 check-slack-room-unknown"),
        ("Bot usergroups.users.list S1", "no_such_subteam", "chat.slack.user_group check-slack-group-unknown"),
        ("Bot users.info U1", "user_not_found", "people.U1 check-slack-person-unknown"),
    ] {
        let user_group = setup().user_group.filter(|_| !call.starts_with("Bot users.info"));
        assert_eq!(wrong(&Script::well().refuses(call, code), &Setup { user_group, ..setup() }).await, [expected]);
    }
    let without = Setup { app_token: None, ..setup() };
    assert_eq!(wrong(&Script::well().refuses("App apps.connections.open", "x"), &without).await, Vec::<String>::new());
}

#[tokio::test]
async fn channels_and_people_that_are_not_fit_are_told() {
    for (call, body, expected) in [
        ("Bot conversations.info C1", json!({"channel": {"is_member": false}}), "channel C1 check-slack-room-not-in"),
        (
            "Bot conversations.info C1",
            json!({"channel": {"is_member": false, "is_archived": true}}),
            "channel C1 check-slack-room-archived",
        ),
        ("Bot conversations.info C1", json!({"channel": {"is_member": true, "is_ext_shared": true}}), "channel C1 check-slack-room-shared"),
        ("Bot conversations.info C2", json!({"channel": {"is_member": true}}), "channel C2 check-slack-room-public"),
        ("Bot usergroups.users.list S1", json!({"users": []}), "chat.slack.user_group check-slack-group-empty"),
        ("Bot users.info U1", json!({"user": {"team_id": "T1", "is_restricted": true}}), "people.U1 check-slack-person-guest"),
        ("Bot users.info U1", json!({"user": {"team_id": "T1", "deleted": true}}), "people.U1 check-slack-person-gone"),
        ("Bot users.info U1", json!({"user": {"team_id": "T1", "is_bot": true}}), "people.U1 check-slack-person-bot"),
        ("Bot users.info U1", json!({"user": {"team_id": "T1", "is_connector_bot": true}}), "people.U1 check-slack-person-bot"),
        ("Bot users.info U1", json!({"user": {"team_id": "T1", "is_invited_user": true}}), "people.U1 check-slack-person-invited"),
        ("Bot users.info U1", json!({"user": {"team_id": "T9"}}), "people.U1 check-slack-person-stranger"),
        ("Bot users.info U1", json!({"user": {}}), "people.U1 check-slack-person-stranger"),
    ] {
        let people = Setup { user_group: None, ..setup() };
        let setup = if call.starts_with("Bot users.info") { people } else { setup() };
        assert_eq!(wrong(&Script::well().answers(call, body), &setup).await, [expected]);
    }
    // Of a group the same people count who may act.
    let group = Setup { people: Vec::new(), ..setup() };
    let guest = json!({"user": {"team_id": "T1", "is_restricted": true}});
    let all = Script::well().answers("Bot users.info U1", guest.clone());
    assert_eq!(wrong(&all, &group).await, ["chat.slack.user_group check-slack-group-empty"]);
    let two = Script::well().answers("Bot usergroups.users.list S1", json!({"users": ["U1", "U2"]})).answers("Bot users.info U2", guest);
    assert_eq!(wrong(&two, &group).await, ["chat.slack.user_group check-slack-group-others"]);
}

/// An address where nobody answers, and one that answers with something else.
#[tokio::test]
async fn a_slack_that_is_not_there_is_told() {
    provider();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(|| async { "hello" });
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let there = Setup { api_url: format!("http://{address}/api"), ..setup() };
    let found = findings(&WebApi::new(&there).unwrap(), &there).await;
    assert!(found.iter().all(|f| !f.ok && f.detail.code == "check-slack-unreachable"), "{found:?}");
    let spanish = Words::new().tell(&found[0].detail, Lang::Es);
    assert!(spanish.contains("(lo que responde ahí (HTTP 200) no es la API de Slack)"), "{spanish}");
    serving.abort();
    serving.await.ok();
    let found = findings(&WebApi::new(&there).unwrap(), &there).await;
    assert!(found.iter().all(|f| !f.ok && f.detail.code == "check-slack-unreachable"), "{found:?}");
}

/// Two providers stand in one build: one is chosen, as `main` does.
fn provider() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}
