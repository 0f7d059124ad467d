//! A Slack workspace for tests: the Web API as far as a bot like sereno calls it, Socket Mode, and
//! events over HTTP; with people who write, press and choose.
//!
//! Its books ([`Slack::books`]) are the truth that the bot is judged by: what stands in every channel,
//! how often each operation was carried out, whom each message pinged, every ack. Faults are ordered
//! one by one ([`Slack::fault`], [`Slack::trouble`]) or come by seeded chance ([`Slack::chance`]).
//!
//! It runs on a thread of its own, so that a test may block, or kill the bot, as it likes.
//!
//! ```ignore
//! let slack = Slack::start().await;
//! // … the bot, at slack.api() with BOT_TOKEN and APP_TOKEN, connects …
//! let act = slack.user("ana").slash("/claim 1");
//! slack.acked(&act).await.unwrap();
//! let card = slack.until("the card", |b| b.top(TEAM_CHANNEL).first().map(|m| m.ts.clone())).await;
//! slack.user("ana").presses(&card, "sereno:resolve");
//! ```
#![expect(dead_code, reason = "a helper for several test modules, none of which uses all of it")]

mod api;
pub mod blocks;
pub mod books;
mod control;
pub mod delivery;
pub mod driver;
mod events;
pub mod faults;
mod http;
pub mod limits;
pub mod model;
mod orders;
pub mod pings;
mod render;
mod server;
mod socket;
mod typing;

pub use books::{Books, words};
pub use delivery::{Ack, Kind, signature};
pub use driver::{Act, User};
#[cfg(feature = "slack")]
pub use faults::Chances;
pub use faults::{Fault, On, Trouble};
pub use model::{BOT_USER, OTHER_TEAM, TEAM, View};
#[cfg(feature = "slack")]
pub use model::{File, Request};
pub use pings::Ping;

use model::{State, Token, empty_channel};
use serde_json::json;
use server::Control;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;

/// The bot token.
pub const BOT_TOKEN: &str = "xoxb-1111-2222-emulatedbottoken";
/// The app-level token.
pub const APP_TOKEN: &str = "xapp-1-A0EMU0001-3333-emulatedapptoken";
/// With what requests to the app are signed.
pub const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
/// The old way to know that a request is Slack's.
pub const VERIFICATION_TOKEN: &str = "gIkuvaNzQIHg97ATvDxqgjtO";
/// The app's client id, for rotating tokens.
pub const CLIENT_ID: &str = "1111.2222";
/// The app's client secret, for rotating tokens.
pub const CLIENT_SECRET: &str = "emulated-client-secret";
/// The team's private channel: the bot is in it.
pub const TEAM_CHANNEL: &str = "care";
/// The organisation, where the workspace is part of one.
pub const ENTERPRISE: &str = "E0EMU0001";
/// The scopes that the app has, unless told otherwise.
pub const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
];

/// A running workspace. Ends when dropped.
pub struct Slack {
    state: Arc<Mutex<State>>,
    control: mpsc::UnboundedSender<Control>,
    address: SocketAddr,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Slack {
    /// Starts a workspace on a free port of 127.0.0.1: the app's bot, the private channel
    /// [`TEAM_CHANNEL`] with the bot in it, and the public channel `general` without.
    pub async fn start() -> Slack {
        Slack::start_on(0).await
    }

    /// The same on this port.
    pub async fn start_on(port: u16) -> Slack {
        let state = Arc::new(Mutex::new(State::new()));
        let (control, orders) = mpsc::unbounded_channel();
        let (tell, told) = tokio::sync::oneshot::channel();
        let theirs = state.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server::run(theirs, port, orders, tell));
            runtime.shutdown_background();
        });
        let address = told.await.unwrap();
        let slack = Slack { state, control, address, thread: Some(thread) };
        {
            let mut state = slack.state();
            let bot = model::User { bot: true, ..person(BOT_USER, "sereno") };
            state.users.insert(BOT_USER.into(), bot);
            let scopes = state.scopes.clone();
            state.tokens.insert(BOT_TOKEN.into(), Token { kind: "bot", scopes, dead: None, expires: None });
            let scopes = vec!["connections:write".to_owned()];
            state.tokens.insert(APP_TOKEN.into(), Token { kind: "app", scopes, dead: None, expires: None });
        }
        slack.private_channel(TEAM_CHANNEL);
        slack.invite(TEAM_CHANNEL, BOT_USER);
        slack.public_channel("general");
        slack
    }

    /// The base of the Web API: `api_url` of `[chat.slack]`.
    pub fn api(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Its address without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What truly happened, as of now.
    pub fn books(&self) -> Books {
        self.state().books()
    }

    /// Looks at the workspace as it stands, without copying it: for large numbers. Must not wait.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state())
    }

    /// Waits until the books show something.
    pub async fn until<T>(&self, what: &str, shows: impl Fn(&Books) -> Option<T>) -> T {
        self.until_within(what, Duration::from_secs(30), shows).await
    }

    /// The same, with a bound of one's own.
    pub async fn until_within<T>(&self, what: &str, bound: Duration, shows: impl Fn(&Books) -> Option<T>) -> T {
        let mut changes = self.state().changed.subscribe();
        let wait = async {
            loop {
                changes.borrow_and_update();
                let books = self.books();
                if let Some(found) = shows(&books) {
                    return found;
                }
                changes.changed().await.expect("the workspace stands");
            }
        };
        match tokio::time::timeout(bound, wait).await {
            Ok(found) => found,
            Err(_) => panic!("not seen within {bound:?}: {what}; the workspace shows:\n{}", self.sight()),
        }
    }

    /// The ack of the first thing that the app was told of an act; `Err`: what Slack told the person.
    pub async fn acked(&self, act: &Act) -> Result<Ack, &'static str> {
        let n = *act.told.first().expect("the app was told");
        let what = format!("an ack of {n}");
        self.until(&what, |books| {
            let delivery = &books.deliveries[n as usize - 1];
            delivery.failed.map(Err).or_else(|| delivery.acks.first().cloned().map(Ok))
        })
        .await
    }

    /// What stands in the channels, for people who read a failed test.
    pub fn sight(&self) -> String {
        let books = self.books();
        let mut out = String::new();
        for channel in books.channels.values().filter(|c| !c.messages.is_empty()) {
            out.push_str(&format!("#{} ({})\n", channel.name, channel.id));
            for message in channel.messages.values() {
                let inset = if message.thread.is_some() { "    " } else { "  " };
                let words: String = message.words().replace('\n', " | ").chars().take(160).collect();
                out.push_str(&format!("{inset}{} {} {words}\n", message.ts, message.user));
            }
        }
        for whisper in &books.log.ephemerals {
            out.push_str(&format!("to {} alone ({}): {}\n", whisper.user, whisper.by, whisper.words().replace('\n', " | ")));
        }
        for delivery in books.deliveries.iter().rev().take(8) {
            out.push_str(&format!(
                "told: {:?} {} acks {} failed {:?}\n",
                delivery.kind,
                delivery.what,
                delivery.acks.len(),
                delivery.failed
            ));
        }
        out
    }

    // ---- who and where ----------------------------------------------------------------------

    /// A member of the team, in [`TEAM_CHANNEL`]; made if new.
    pub fn user(&self, name: &str) -> User {
        let id = self.made(name, |_| {});
        self.invite(TEAM_CHANNEL, &id);
        User { workspace: self.state.clone(), id }
    }

    /// A member with a locale: `es-ES`.
    pub fn user_speaking(&self, name: &str, locale: &str) -> User {
        let user = self.user(name);
        self.state().users.get_mut(&user.id).expect("just made").locale = locale.into();
        user
    }

    /// From now on somebody's Slack speaks this: `es-ES`.
    pub fn speaks(&self, user: &str, locale: &str) {
        self.state().users.get_mut(user).expect("a user").locale = locale.into();
    }

    /// A guest, in [`TEAM_CHANNEL`]; `single`: of that channel alone.
    pub fn guest(&self, name: &str, single: bool) -> User {
        let id = self.made(name, |u| {
            u.guest = true;
            u.single_guest = single;
        });
        self.invite(TEAM_CHANNEL, &id);
        User { workspace: self.state.clone(), id }
    }

    /// Another app's bot.
    pub fn bot(&self, name: &str) -> User {
        let id = self.made(name, |u| u.bot = true);
        self.invite(TEAM_CHANNEL, &id);
        User { workspace: self.state.clone(), id }
    }

    /// The workspace is one of several of an organisation from now on.
    pub fn of_enterprise(&self) {
        self.state().enterprise = Some(ENTERPRISE.into());
    }

    /// A colleague whose home is another workspace of the organisation.
    pub fn cousin(&self, name: &str) -> User {
        let id = self.made(name, |u| {
            u.team = OTHER_TEAM.into();
            u.cousin = true;
        });
        self.invite(TEAM_CHANNEL, &id);
        User { workspace: self.state.clone(), id }
    }

    /// A channel's history is refused from now on, or no longer.
    pub fn shut(&self, channel: &str, error: Option<&'static str>) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        match error {
            Some(error) => drop(state.shut.insert(channel, error)),
            None => drop(state.shut.remove(&channel)),
        }
    }

    /// Slack shows a file so long after it took it, in milliseconds.
    pub fn shows_files_late(&self, ms: i64) {
        self.state().files_late = ms;
    }

    /// Of those who react to a message so many are named, where not all are asked for.
    pub fn names_reactors(&self, shown: usize) {
        self.state().reactors_shown = shown;
    }

    /// So many people's messages stand in a channel of which the app is told nothing.
    pub fn fills(&self, channel: &str, user: &str, messages: usize) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        for n in 0..messages {
            let ts = state.ts();
            let text = format!("chatter {n}");
            let message = model::Message { ts: ts.clone(), user: user.to_owned(), text, ..model::Message::default() };
            state.channels.get_mut(&channel).expect("found above").messages.insert(ts, message);
        }
    }

    /// The app comes into a channel, as its members see.
    pub fn app_joins(&self, channel: &str) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        state.channels.get_mut(&channel).expect("found above").members.insert(BOT_USER.into());
        state.joined(&channel, BOT_USER);
    }

    /// Somebody of another workspace, by Slack Connect.
    pub fn stranger(&self, name: &str) -> User {
        let id = self.made(name, |u| u.team = OTHER_TEAM.into());
        self.invite(TEAM_CHANNEL, &id);
        User { workspace: self.state.clone(), id }
    }

    fn made(&self, name: &str, set: impl FnOnce(&mut model::User)) -> String {
        let mut state = self.state();
        if let Some(user) = state.user_named(name) {
            return user.id.clone();
        }
        let id = state.id('U');
        let mut user = person(&id, name);
        set(&mut user);
        state.users.insert(id.clone(), user);
        id
    }

    /// A public channel; its id.
    pub fn public_channel(&self, name: &str) -> String {
        let mut state = self.state();
        let id = state.id('C');
        state.add_channel(empty_channel(&id, name));
        id
    }

    /// A private channel; its id.
    pub fn private_channel(&self, name: &str) -> String {
        let mut state = self.state();
        let id = state.id('C');
        state.add_channel(model::Channel { private: true, ..empty_channel(&id, name) });
        id
    }

    /// A channel's id.
    pub fn channel(&self, name: &str) -> String {
        self.state().channel_named(name).unwrap_or_else(|| panic!("no channel {name}")).id.clone()
    }

    /// Somebody comes into a channel, without a word.
    pub fn invite(&self, channel: &str, user: &str) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        state.channels.get_mut(&channel).expect("found above").members.insert(user.to_owned());
    }

    /// Somebody, or the app, is put out of a channel.
    pub fn kick(&self, channel: &str, user: &str) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        let (kind, now) = (state.channels[&channel].kind(), state.event_ts());
        let letter = if kind == "group" { "G" } else { "C" };
        if user == BOT_USER {
            let what = if kind == "group" { "group_left" } else { "channel_left" };
            let by = state.users.keys().next().cloned().unwrap_or_default();
            state.tell(&channel, "", json!({"type": what, "channel": channel, "actor_id": by, "event_ts": now}));
        } else {
            let event = json!({"type": "member_left_channel", "user": user, "channel": channel, "channel_type": letter, "team": TEAM, "event_ts": now});
            let scope = if kind == "group" { "groups:read" } else { "channels:read" };
            state.tell(&channel, scope, event);
        }
        state.channels.get_mut(&channel).expect("found above").members.remove(user);
    }

    /// A channel is archived.
    pub fn archive(&self, channel: &str) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        let private = state.channels[&channel].private;
        state.channels.get_mut(&channel).expect("found above").archived = true;
        let now = state.event_ts();
        let by = state.users.keys().next().cloned().unwrap_or_default();
        let (what, scope) = if private { ("group_archive", "groups:read") } else { ("channel_archive", "channels:read") };
        state.tell(&channel, scope, json!({"type": what, "channel": channel, "user": by, "is_moved": 0, "event_ts": now}));
    }

    /// A channel is shared with another workspace from now on (Slack Connect), or no longer.
    pub fn share(&self, channel: &str, shared: bool) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        state.channels.get_mut(&channel).expect("found above").ext_shared = shared;
        let now = state.event_ts();
        let scope = if state.channels[&channel].private { "groups:read" } else { "channels:read" };
        let event = if shared {
            json!({"type": "channel_shared", "connected_team_id": OTHER_TEAM, "channel": channel, "event_ts": now})
        } else {
            json!({"type": "channel_unshared", "previously_connected_team_id": OTHER_TEAM, "channel": channel, "is_ext_shared": false, "event_ts": now})
        };
        state.tell(&channel, scope, event);
    }

    /// A private channel becomes public, or the other way round: Slack says it in a line of the channel.
    pub fn convert(&self, channel: &str, private: bool) {
        let mut state = self.state();
        let channel = state.channel_named(channel).unwrap_or_else(|| panic!("no channel {channel}")).id.clone();
        state.channels.get_mut(&channel).expect("found above").private = private;
        let by = state.users.keys().next().cloned().unwrap_or_default();
        let (subtype, words) = if private { ("channel_convert_to_private", "private") } else { ("channel_convert_to_public", "public") };
        state.notice(&channel, &by, subtype, &format!("made this channel {words}"));
    }

    /// A user group: its id.
    pub fn group(&self, handle: &str, members: &[&str]) -> String {
        let mut state = self.state();
        let members = members.iter().map(|m| state.user_named(m).expect("a user").id.clone()).collect();
        if let Some((id, group)) = state.groups.iter_mut().find(|(_, (h, _))| h == handle) {
            group.1 = members;
            let (id, now) = (id.clone(), state.event_ts());
            let event = json!({
                "type": "subteam_members_changed", "subteam_id": id, "team_id": TEAM, "date_previous_update": 0, "date_update": 0,
                "added_users": [], "added_users_count": 0, "removed_users": [], "removed_users_count": 0, "event_ts": now,
            });
            state.tell_app("usergroups:read", event);
            return id;
        }
        let id = state.id('S');
        state.groups.insert(id.clone(), (handle.into(), members));
        id
    }

    /// A user group is disabled: it is not found any more.
    /// Source: docs.slack.dev/reference/methods/usergroups.users.list (`include_disabled` is false by default).
    pub fn disable_group(&self, id: &str) {
        let mut state = self.state();
        let (handle, _) = state.groups.remove(id).expect("a group");
        let now = state.now() / 1_000;
        let event = json!({
            "type": "subteam_updated", "event_ts": state.event_ts(), "subteam": {
                "id": id, "team_id": TEAM, "is_usergroup": true, "is_subteam": true, "name": handle, "description": "", "handle": handle,
                "is_external": false, "date_create": 1_700_000_000, "date_update": now, "date_delete": now, "auto_provision": false,
                "created_by": BOT_USER, "updated_by": BOT_USER, "deleted_by": BOT_USER, "prefs": {"channels": [], "groups": []},
                "user_count": 0, "channel_count": 0, "is_section": false,
            },
        });
        state.tell_app("usergroups:read", event);
    }

    /// Somebody is made a guest from now on.
    pub fn demote(&self, user: &str) {
        let mut state = self.state();
        state.users.get_mut(user).expect("a user").guest = true;
        let (user, now) = (render::user(&state.users[user], true), state.now() / 1_000);
        state.tell_app("users:read", json!({"type": "user_change", "user": user, "cache_ts": now}));
    }

    // ---- the app ----------------------------------------------------------------------------

    /// The slash commands that the app has registered; none: all go.
    pub fn commands(&self, commands: &[&str]) {
        self.state().commands = commands.iter().map(|c| (*c).to_owned()).collect();
    }

    /// The app is what its manifest says: these scopes, events, slash commands and shortcuts, and no others.
    pub fn install(&self, manifest: &str) {
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let named = |key: &str| -> Vec<String> {
            let lines = manifest.lines().map(|l| l.trim_start().trim_start_matches("- "));
            lines.filter(|l| l.starts_with(key)).filter_map(quoted).collect()
        };
        let list = |key: &str| -> Vec<String> {
            let lines = manifest.lines().map(str::trim).skip_while(|l| *l != key).skip(1);
            lines.take_while(|l| l.starts_with("- ")).filter_map(quoted).collect()
        };
        let (scopes, events, commands) = (list("bot:"), list("bot_events:"), named("command:"));
        assert!(!scopes.is_empty() && !events.is_empty() && !commands.is_empty(), "no manifest:\n{manifest}");
        self.scopes(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
        self.commands(&commands.iter().map(String::as_str).collect::<Vec<_>>());
        let mut state = self.state();
        state.events = Some(events);
        state.shortcuts = Some(named("callback_id:"));
    }

    /// The scopes that the bot token has from now on.
    pub fn scopes(&self, scopes: &[&str]) {
        let mut state = self.state();
        state.scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        let scopes = state.scopes.clone();
        for token in state.tokens.values_mut().filter(|t| t.kind == "bot") {
            token.scopes.clone_from(&scopes);
        }
    }

    /// Rotating tokens: the access token, good for twelve hours, and the refresh token, good once.
    pub fn rotating(&self) -> (String, String) {
        self.state().rotated()
    }

    /// A token gives this error from now on: `token_revoked`, `account_inactive`; `None`: it is good again.
    pub fn kill_token(&self, token: &str, error: Option<&'static str>) {
        let mut state = self.state();
        state.tokens.get_mut(token).expect("a token").dead = error;
    }

    /// The app is removed from the workspace.
    pub fn uninstall(&self) {
        let mut state = self.state();
        state.tell_app("", json!({"type": "app_uninstalled"}));
        for token in state.tokens.values_mut() {
            token.dead = Some("account_inactive");
        }
    }

    /// Events and interactions go to this address by signed requests, no longer by Socket Mode.
    pub fn deliver_to(&self, url: &str) {
        self.state().deliveries.http = Some(url.into());
    }

    /// Checks the app's address as Slack does before it takes it: whether the challenge came back.
    pub async fn verify_url(&self, url: &str) -> bool {
        let (challenge, at) = {
            let mut state = self.state();
            (state.secret(40), state.now() / 1_000)
        };
        let body = json!({"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}).to_string();
        let headers = [("X-Slack-Request-Timestamp", at.to_string()), ("X-Slack-Signature", signature(SIGNING_SECRET, at, &body))];
        let answer = http::post(url, "application/json", &headers, &body).await;
        answer.is_some_and(|(code, _, body)| code == 200 && String::from_utf8_lossy(&body).contains(&challenge))
    }

    // ---- time and limits --------------------------------------------------------------------

    /// Moves the workspace's clock ahead.
    pub fn advance(&self, ms: i64) {
        let mut state = self.state();
        state.ahead += ms;
        state.touch();
    }

    /// How long Slack waits for an ack, and before each new try of an event.
    pub fn patience(&self, ack_ms: i64, retries_ms: [i64; 3]) {
        let mut state = self.state();
        state.deliveries.patience = Some(ack_ms);
        state.deliveries.retries = Some(retries_ms);
    }

    /// No rate limits.
    pub fn unlimited(&self) {
        self.state().limits.off = true;
    }

    /// Posts at once into a channel, and posts a minute in the workspace.
    pub fn limits(&self, channel_burst: f64, workspace_per_minute: f64) {
        let mut state = self.state();
        state.limits.off = false;
        state.limits.channel_burst = Some(channel_burst);
        state.limits.workspace = Some(workspace_per_minute);
    }

    /// Calls are counted, not kept one by one: for large numbers.
    pub fn forget_requests(&self) {
        self.state().keep_requests = false;
    }
}

fn person(id: &str, name: &str) -> model::User {
    model::User {
        id: id.into(),
        name: name.into(),
        team: TEAM.into(),
        locale: "en-US".into(),
        admin: false,
        guest: false,
        single_guest: false,
        bot: false,
        cousin: false,
        deleted: false,
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        self.control.send(Control::Stop).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
