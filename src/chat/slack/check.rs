//! `sereno check` of Slack: tokens, scopes, Socket Mode, channels, the user group, people. Each finding
//! says what to do. Nothing is posted.

use super::manifest::SCOPES;
use super::who::outsider;
use crate::network::Finding;
use crate::say::{Say, Why};
use async_trait::async_trait;
use reqwest::header::RETRY_AFTER;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// A call that does not answer is given up after so long.
const BOUND: Duration = Duration::from_secs(10);
/// Slack's own wish to be left alone is kept to, once, up to so many seconds.
const MOST_WAIT: u64 = 30;
/// Bytes of an answer that are read.
const MOST_BYTES: usize = 4 << 20;
/// People looked up at most: Slack allows some hundred a minute.
const MOST_PEOPLE: usize = 90;

/// How a bot's token begins; the second rotates.
const BOT_TOKENS: [&str; 2] = ["xoxb-", "xoxe.xoxb-"];

/// Which token a call is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The bot's.
    Bot,
    /// The app's, for Socket Mode alone.
    App,
}

/// What Slack answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The body; `ok` is true.
    pub body: Value,
    /// What the token allows, where Slack says so (`x-oauth-scopes`).
    pub scopes: Option<Vec<String>>,
}

/// Why Slack gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Slack said no: its code.
    Code(String),
    /// Nothing that can be used came back; why, without secrets.
    Silent(Why),
}

/// The part of Slack's Web API that a check needs.
#[async_trait]
pub trait Api: Send + Sync {
    /// Calls a method.
    async fn call(&self, token: Token, method: &str, args: &[(&str, &str)]) -> Result<Reply, Trouble>;
}

/// A channel that the bot is to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub id: String,
    /// Whether `[privacy]` names it.
    pub private: bool,
}

/// What is to be looked over.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Slack's Web API, for people to read.
    pub api_url: String,
    /// The bot's token.
    pub bot_token: SecretString,
    /// The app's token; `None`: events come by HTTP.
    pub app_token: Option<SecretString>,
    /// The channels, each once.
    pub rooms: Vec<Room>,
    /// The user group whose members are agents.
    pub user_group: Option<String>,
    /// The ids of `[people]`.
    pub people: Vec<String>,
}

/// Looks all of it over. What a finding needs that was not well is left out: it is mended first.
pub async fn findings(api: &dyn Api, setup: &Setup) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(app) = &setup.app_token {
        match wrong_kind(app.expose_secret(), &["xapp-"]) {
            Some(code) => found.push(ill("app_token", Say::new(code).text("key", "app_token").text("wanted", "xapp-"))),
            None => found.push(socket(api, setup).await),
        }
    }
    if let Some(code) = wrong_kind(setup.bot_token.expose_secret(), &BOT_TOKENS) {
        found.push(ill("bot_token", Say::new(code).text("key", "bot_token").text("wanted", "xoxb-")));
        return found;
    }
    let me = match api.call(Token::Bot, "auth.test", &[]).await {
        Ok(me) => me,
        Err(trouble) => {
            found.push(match trouble {
                Trouble::Code(why) => ill("bot_token", Say::new("check-slack-token").text("why", why)),
                Trouble::Silent(why) => unreachable(setup, why),
            });
            return found;
        }
    };
    let text = |key: &str| me.body[key].as_str().unwrap_or_default().to_owned();
    found.push(well("bot_token", Say::new("check-slack-ready").text("name", text("user")).text("team", text("team"))));
    found.extend(scopes(me.scopes.as_deref()));
    for room in &setup.rooms {
        found.extend(self::room(api, setup, room).await);
    }
    let (team, enterprise) = (text("team_id"), me.body["enterprise_id"].as_str());
    if let Some(group) = &setup.user_group {
        found.extend(self::group(api, setup, group, &team, enterprise).await);
    }
    found.extend(people(api, setup, &team, enterprise).await);
    found
}

/// Whether it begins as a bot's token does.
#[cfg(feature = "slack")]
pub(super) fn is_bot_token(token: &SecretString) -> bool {
    wrong_kind(token.expose_secret(), &BOT_TOKENS).is_none()
}

/// The code of what a token is instead, told by how it begins (docs.slack.dev/authentication/tokens). No part of it is shown.
fn wrong_kind(token: &str, wanted: &[&str]) -> Option<&'static str> {
    if wanted.iter().any(|w| token.starts_with(w)) {
        return None;
    }
    let kinds = [
        ("xapp-", "check-slack-is-app-token"),
        ("xoxb-", "check-slack-is-bot-token"),
        ("xoxe.xoxb-", "check-slack-is-bot-token"),
        ("xoxp-", "check-slack-is-user-token"),
        ("xoxe.xoxp-", "check-slack-is-user-token"),
        ("xoxe-", "check-slack-is-refresh-token"),
    ];
    let kind = kinds.iter().find(|(begins, _)| token.starts_with(begins)).map(|(_, code)| *code);
    Some(kind.unwrap_or("check-slack-is-no-token"))
}

async fn socket(api: &dyn Api, setup: &Setup) -> Finding {
    match api.call(Token::App, "apps.connections.open", &[]).await {
        Ok(_) => well("app_token", Say::new("check-slack-socket")),
        Err(Trouble::Silent(why)) => unreachable(setup, why),
        Err(Trouble::Code(why)) => {
            let code = match why.as_str() {
                "missing_scope" => "check-slack-socket-scope",
                "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive" | "token_expired" => "check-slack-socket-token",
                // Slack's answer while Socket Mode is off is not documented: whatever else it is, this is what to look at.
                _ => "check-slack-socket-off",
            };
            ill("app_token", Say::new(code).text("why", why))
        }
    }
}

fn scopes(has: Option<&[String]>) -> Vec<Finding> {
    let Some(has) = has else { return vec![ill("bot_token", Say::new("check-slack-scopes-unknown"))] };
    let missing: Vec<Finding> = SCOPES
        .iter()
        .filter(|s| !has.iter().any(|h| h == *s))
        .map(|s| ill("bot_token", Say::new("check-slack-scope-missing").text("scope", *s)))
        .collect();
    if missing.is_empty() { vec![well("bot_token", Say::new("check-slack-scopes").number("count", SCOPES.len()))] } else { missing }
}

/// A channel: there, ours alone, with the bot in it, and private where it is to be.
async fn room(api: &dyn Api, setup: &Setup, room: &Room) -> Vec<Finding> {
    let what = format!("channel {}", room.id);
    let say = |code: &str| Say::new(code).text("room", &room.id);
    let channel = match api.call(Token::Bot, "conversations.info", &[("channel", &room.id)]).await {
        Ok(reply) => reply.body["channel"].clone(),
        Err(Trouble::Code(why)) if why == "channel_not_found" || why == "invalid_arguments" => {
            return vec![ill(&what, say("check-slack-room-unknown"))];
        }
        Err(Trouble::Code(why)) => return vec![ill(&what, say("check-slack-room-refused").text("why", why))],
        Err(Trouble::Silent(why)) => return vec![unreachable(setup, why)],
    };
    let is = |key: &str| channel[key].as_bool() == Some(true);
    let any = |key: &str| channel[key].as_array().is_some_and(|a| !a.is_empty());
    let direct = is("is_im") || is("is_mpim");
    let shared = is("is_ext_shared") || is("is_pending_ext_shared") || is("is_global_shared") || any("pending_connected_team_ids");
    let wrong = [
        (is("is_archived"), "check-slack-room-archived"),
        (!direct && !is("is_archived") && channel["is_member"].as_bool() == Some(false), "check-slack-room-not-in"),
        (shared, "check-slack-room-shared"),
        (room.private && !direct && !is("is_private") && !is("is_group"), "check-slack-room-public"),
    ];
    let wrong: Vec<Finding> = wrong.into_iter().filter(|(is, _)| *is).map(|(_, code)| ill(&what, say(code))).collect();
    if wrong.is_empty() {
        let name = channel["name"].as_str().unwrap_or(&room.id);
        return vec![well(&what, Say::new("check-slack-room").text("name", name))];
    }
    wrong
}

async fn group(api: &dyn Api, setup: &Setup, group: &str, team: &str, enterprise: Option<&str>) -> Vec<Finding> {
    let say = |code: &str| Say::new(code).text("group", group);
    let members = match api.call(Token::Bot, "usergroups.users.list", &[("usergroup", group)]).await {
        Ok(reply) => reply.body["users"].as_array().cloned().unwrap_or_default(),
        Err(Trouble::Code(why)) if why == "missing_scope" => {
            return vec![ill("user_group", Say::new("check-slack-scope-missing").text("scope", "usergroups:read"))];
        }
        Err(Trouble::Code(why)) => return vec![ill("user_group", say("check-slack-group-unknown").text("why", why))],
        Err(Trouble::Silent(why)) => return vec![unreachable(setup, why)],
    };
    let mut others = 0;
    for id in members.iter().filter_map(Value::as_str).take(MOST_PEOPLE) {
        match api.call(Token::Bot, "users.info", &[("user", id)]).await {
            Ok(reply) => others += usize::from(outsider(&reply.body["user"], team, enterprise).is_some()),
            Err(Trouble::Code(_)) => others += 1,
            Err(Trouble::Silent(why)) => return vec![unreachable(setup, why)],
        }
    }
    if others == members.len() {
        return vec![ill("user_group", say("check-slack-group-empty"))];
    }
    let well = well("user_group", say("check-slack-group").number("count", members.len() - others));
    let others = (others > 0).then(|| ill("user_group", say("check-slack-group-others").number("count", others)));
    std::iter::once(well).chain(others).collect()
}

/// Everybody in `[people]` is a colleague: guests, bots and strangers are refused whatever their role says.
async fn people(api: &dyn Api, setup: &Setup, team: &str, enterprise: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    for id in setup.people.iter().take(MOST_PEOPLE) {
        let what = format!("people.{id}");
        match api.call(Token::Bot, "users.info", &[("user", id)]).await {
            Ok(reply) => found.extend(outsider(&reply.body["user"], team, enterprise).map(|o| ill(&what, Say::new(o.code())))),
            Err(Trouble::Code(why)) => found.push(ill(&what, Say::new("check-slack-person-unknown").text("why", why))),
            Err(Trouble::Silent(why)) => {
                found.push(unreachable(setup, why));
                return found;
            }
        }
    }
    if found.is_empty() && !setup.people.is_empty() {
        found.push(well("people", Say::new("check-slack-people").number("count", setup.people.len().min(MOST_PEOPLE))));
    }
    if setup.people.len() > MOST_PEOPLE {
        found.push(well("people", Say::new("check-slack-people-more").number("count", setup.people.len() - MOST_PEOPLE)));
    }
    found
}

fn unreachable(setup: &Setup, why: Why) -> Finding {
    ill("api_url", Say::new("check-slack-unreachable").text("url", &setup.api_url).with("why", (&why).into()))
}

/// Something else answers there.
fn not_slack(status: reqwest::StatusCode) -> Trouble {
    Trouble::Silent(Why::Ours(Say::new("why-not-slack").text("status", status.as_str())))
}

fn well(what: &str, detail: Say) -> Finding {
    Finding::about("chat.slack", what, true, detail)
}

fn ill(what: &str, detail: Say) -> Finding {
    Finding::about("chat.slack", what, false, detail)
}

/// Slack's Web API over HTTP, for a check alone: one call after another.
pub struct WebApi {
    web: reqwest::Client,
    base: String,
    bot: SecretString,
    app: Option<SecretString>,
}

impl std::fmt::Debug for WebApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebApi").field("base", &self.base).finish_non_exhaustive()
    }
}

impl WebApi {
    /// # Errors
    /// This machine has no root certificates.
    pub fn new(setup: &Setup) -> anyhow::Result<WebApi> {
        // A token goes where bot.toml says, and nowhere else.
        let web = reqwest::Client::builder().timeout(BOUND).redirect(reqwest::redirect::Policy::none()).build()?;
        let base = setup.api_url.trim_end_matches('/').to_owned();
        Ok(WebApi { web, base, bot: setup.bot_token.clone(), app: setup.app_token.clone() })
    }

    async fn once(&self, token: Token, method: &str, args: &[(&str, &str)]) -> Result<Result<Reply, u64>, Trouble> {
        let token = match token {
            Token::Bot => &self.bot,
            Token::App => self.app.as_ref().ok_or_else(|| Trouble::Code("not_authed".into()))?,
        };
        let silent = |e: reqwest::Error| Trouble::Silent(e.without_url().to_string().into());
        let request = self.web.post(format!("{}/{method}", self.base)).bearer_auth(token.expose_secret()).form(args);
        let mut response = request.send().await.map_err(silent)?;
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        if response.status().as_u16() == 429 {
            return Ok(Err(header(RETRY_AFTER.as_str()).and_then(|s| s.parse().ok()).unwrap_or(1)));
        }
        let scopes = header("x-oauth-scopes").map(|s| s.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect());
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silent)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(Trouble::Silent(Why::ours("why-answer-too-long")));
            }
        }
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| not_slack(status))?;
        match (body["ok"].as_bool(), body["error"].as_str()) {
            (Some(true), _) => Ok(Ok(Reply { body, scopes })),
            (_, Some(code)) => Err(Trouble::Code(code.to_owned())),
            _ => Err(not_slack(status)),
        }
    }
}

#[async_trait]
impl Api for WebApi {
    async fn call(&self, token: Token, method: &str, args: &[(&str, &str)]) -> Result<Reply, Trouble> {
        let wait = match self.once(token, method, args).await? {
            Ok(reply) => return Ok(reply),
            Err(wait) => wait,
        };
        tokio::time::sleep(Duration::from_secs(wait.min(MOST_WAIT))).await;
        self.once(token, method, args).await?.map_err(|_| Trouble::Silent("ratelimited".into()))
    }
}

#[cfg(test)]
mod tests;
