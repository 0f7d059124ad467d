//! `sereno check` of Matrix: the homeserver, the session, the device, rooms, people, the limit of
//! messages. Each finding says what to do. Nothing is posted to a room of the team's; keys are not touched, so
//! that a bot may run meanwhile.

use super::rooms::{self, Facts, Unfit};
use super::session::{Secret, broken};
use super::{Settings, place};
use crate::clock::{HOUR_MS, Time};
use crate::network::Finding;
use crate::policy::RoomId;
use crate::say::{Say, Why};
use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use url::Url;

/// Bytes of an answer that are read.
const MOST_BYTES: usize = 4 << 20;
/// People looked up at most.
const MOST_PEOPLE: usize = 90;
/// Messages sent to a room of the bot's own to find the limit: Synapse's default lets ten through at once.
const PROBES: usize = 14;
/// How often the room is tried to be left, where that is limited too.
const LEAVE_TRIES: u32 = 6;
/// What the running bot noted of the limit longer ago says nothing, in milliseconds.
const NOTED_MS: i64 = 12 * HOUR_MS;
/// A limit slower than this is said as a fault, in milliseconds from one message to the next.
const SLOW_MS: i64 = 1_000;

/// Why the homeserver gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It said no: its code, and how long to wait where it says so.
    Code(String, Option<i64>),
    /// Nothing that can be used came back; why, without secrets.
    Silent(Why),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Code(why, _) => f.write_str(why),
            Trouble::Silent(why) => why.fmt(f),
        }
    }
}

impl Trouble {
    fn silent(error: &reqwest::Error) -> Trouble {
        Trouble::Silent(Why::ours(broken(error)))
    }

    /// For people.
    pub(super) fn reason(&self) -> Why {
        match self {
            Trouble::Code(why, _) => why.as_str().into(),
            Trouble::Silent(why) => why.clone(),
        }
    }
}

/// The client-server API over HTTP, without the library's databases.
pub(super) struct Api {
    web: reqwest::Client,
    base: Url,
    token: SecretString,
}

impl Api {
    pub(super) fn new(homeserver: &str, token: SecretString, bound: Duration) -> anyhow::Result<Api> {
        // A token goes where bot.toml says, and nowhere else.
        let web = reqwest::Client::builder().timeout(bound).redirect(reqwest::redirect::Policy::none()).build()?;
        let base = homeserver.parse().context("homeserver is no address")?;
        Ok(Api { web, base, token })
    }

    /// Calls `/_matrix/client/<path>`, whose parts are escaped here.
    async fn call(&self, method: reqwest::Method, path: &[&str], body: Option<&Value>) -> Result<Value, Trouble> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Trouble::Silent(Say::new("why-matrix-address").text("url", self.base.as_str()).into()))?
            .pop_if_empty()
            .extend(["_matrix", "client"])
            .extend(path);
        let mut request = self.web.request(method, url);
        if !self.token.expose_secret().is_empty() {
            request = request.bearer_auth(self.token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|e| Trouble::silent(&e))?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| Trouble::silent(&e))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(Trouble::Silent(Why::ours("why-matrix-odd-answer")));
            }
        }
        let answer: Value = serde_json::from_slice(&bytes)
            .map_err(|_| Trouble::Silent(Say::new("why-matrix-no-homeserver").text("status", status.as_str()).into()))?;
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer.get("errcode").and_then(Value::as_str).unwrap_or("M_UNKNOWN");
        let plain = code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
        Err(Trouble::Code(if plain { code.to_owned() } else { "M_UNKNOWN".into() }, answer.get("retry_after_ms").and_then(Value::as_i64)))
    }

    async fn get(&self, path: &[&str]) -> Result<Value, Trouble> {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// Whose the token is.
    pub(super) async fn whoami(&self) -> Result<Value, Trouble> {
        self.get(&["v3", "account", "whoami"]).await
    }

    /// The keys that an account and its devices have.
    async fn keys(&self, user: &str) -> Result<Value, Trouble> {
        self.call(reqwest::Method::POST, &["v3", "keys", "query"], Some(&json!({ "device_keys": { user: [] } }))).await
    }

    /// Whether a device has keys: somebody encrypts there already.
    pub(super) async fn has_keys(&self, user: &str, device: &str) -> Result<bool, Trouble> {
        let answer = self.keys(user).await?;
        Ok(answer.get("device_keys").and_then(|keys| keys.get(user)?.get(device)).is_some())
    }

    /// A room's state event, without its envelope; `None`: there is none.
    async fn state(&self, room: &str, kind: &str) -> Result<Option<Value>, Trouble> {
        match self.get(&["v3", "rooms", room, "state", kind, ""]).await {
            Ok(content) => Ok(Some(content)),
            Err(Trouble::Code(code, _)) if code == "M_NOT_FOUND" => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What says who can read a room.
    async fn facts(&self, room: &str) -> Result<Facts, Trouble> {
        let all = self.get(&["v3", "rooms", room, "state"]).await?;
        let bridge = |e: &Value| rooms::is_bridge(e.get("type").and_then(Value::as_str).unwrap_or_default(), e.get("content"));
        Ok(Facts {
            encryption: self.state(room, "m.room.encryption").await?,
            join_rules: self.state(room, "m.room.join_rules").await?,
            history: self.state(room, "m.room.history_visibility").await?,
            bridged: all.as_array().is_some_and(|events| events.iter().any(bridge)),
        })
    }
}

/// Looks all of it over. What a finding needs that was not well is left out: it is mended first.
pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let unreachable =
        |why: Why| ill("homeserver", Say::new("check-matrix-unreachable").text("url", &settings.homeserver).with("why", why.into()));
    let saved = match settings.place.session() {
        Ok(saved) => saved,
        Err(error) => return vec![ill("store", Say::new("check-matrix-session-unread").with("why", place::Trouble::of(&error)))],
    };
    let kept = saved.as_ref().and_then(|s| s.session.get("access_token")).and_then(Value::as_str).map(|t| SecretString::from(t.to_owned()));
    let token = match (&kept, &settings.secret) {
        (Some(token), _) | (None, Secret::Token(token)) => token.clone(),
        (None, Secret::Password(_)) => SecretString::from(""),
    };
    let signed_in = !token.expose_secret().is_empty();
    let api = match Api::new(&settings.homeserver, token, settings.call) {
        Ok(api) => api,
        Err(error) => return vec![unreachable(format!("{error:#}").into())],
    };
    if let Err(trouble) = api.get(&["versions"]).await {
        return vec![unreachable(trouble.reason())];
    }
    if !signed_in {
        return vec![before_sign_in(&api, settings).await];
    }
    let mut found = Vec::new();
    let who = match api.whoami().await {
        Ok(who) => who,
        Err(Trouble::Silent(why)) => return vec![unreachable(why)],
        Err(trouble) => return vec![ill("session", Say::new("check-matrix-session").with("why", trouble.reason().into()))],
    };
    let text = |key: &str| who.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("user_id") != settings.user {
        found.push(ill("user", Say::new("check-matrix-other-user").text("name", text("user_id")).text("wanted", &settings.user)));
        return found;
    }
    found.push(well("user", Say::new("check-matrix-ready").text("name", text("user_id"))));
    found.extend(device(&api, settings, &text("device_id")).await);
    found.extend(recovery_key(settings));
    found.extend(all_rooms(&api, settings).await);
    found.extend(people(&api, settings).await);
    found.push(limit(&api, settings).await);
    found
}

/// Whether a password would be taken at all.
async fn before_sign_in(api: &Api, settings: &Settings) -> Finding {
    let flows = api.get(&["v3", "login"]).await;
    let takes = |answer: &Value| {
        let flows = answer.get("flows").and_then(Value::as_array);
        flows.is_some_and(|f| f.iter().any(|flow| flow.get("type").and_then(Value::as_str) == Some("m.login.password")))
    };
    match flows {
        Ok(answer) if takes(&answer) => well("user", Say::new("check-matrix-not-yet").text("name", &settings.user)),
        Ok(_) => ill("password", Say::new("check-matrix-no-password")),
        Err(trouble) => {
            ill("homeserver", Say::new("check-matrix-unreachable").text("url", &settings.homeserver).with("why", trouble.reason().into()))
        }
    }
}

/// Whether others see the bot's device as its own.
async fn device(api: &Api, settings: &Settings, device: &str) -> Option<Finding> {
    let answer = match api.keys(&settings.user).await {
        Ok(answer) => answer,
        Err(trouble) => return Some(ill("device", Say::new("check-matrix-device-unknown").with("why", trouble.reason().into()))),
    };
    Some(if is_signed(&answer, &settings.user, device) {
        well("device", Say::new("check-matrix-device").text("name", device))
    } else {
        ill("device", Say::new("check-matrix-device-unsigned").text("name", device))
    })
}

/// Of `keys/query`, whether the account's own key has signed the device.
fn is_signed(answer: &Value, user: &str, device: &str) -> bool {
    let part = |keys: &[&str]| keys.iter().try_fold(answer, |at, key| at.get(key));
    let keys = part(&["self_signing_keys", user, "keys"]).and_then(Value::as_object);
    let signatures = part(&["device_keys", user, device, "signatures", user]).and_then(Value::as_object);
    keys.zip(signatures).is_some_and(|(keys, signatures)| keys.keys().any(|key| signatures.contains_key(key)))
}

/// The recovery key belongs where secrets are kept, not beside the keys that it recovers.
fn recovery_key(settings: &Settings) -> Option<Finding> {
    let file = settings.place.recovery_key.display().to_string();
    settings.place.recovery_key.exists().then(|| well("recovery_key_file", Say::new("check-matrix-recovery-key").text("file", file)))
}

async fn all_rooms(api: &Api, settings: &Settings) -> Vec<Finding> {
    let joined = match api.get(&["v3", "joined_rooms"]).await {
        Ok(answer) => answer,
        Err(trouble) => return vec![ill("room", Say::new("check-matrix-rooms-unknown").with("why", trouble.reason().into()))],
    };
    let joined: BTreeSet<&str> =
        joined.get("joined_rooms").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let all: BTreeSet<&RoomId> = settings.rooms.iter().chain(&settings.private_rooms).collect();
    let mut found = Vec::new();
    for room in all {
        let what = format!("room {room}");
        if !joined.contains(room.as_str()) {
            found.push(ill(&what, Say::new("check-matrix-room-not-in").text("room", room.as_str()).text("name", &settings.user)));
            continue;
        }
        match self::room(api, settings, room).await {
            Ok(findings) => found.extend(findings),
            Err(trouble) => found
                .push(ill(&what, Say::new("check-matrix-room-unread").text("room", room.as_str()).with("why", trouble.reason().into()))),
        }
    }
    found
}

async fn room(api: &Api, settings: &Settings, room: &RoomId) -> Result<Vec<Finding>, Trouble> {
    let what = format!("room {room}");
    let say = |code: &str| Say::new(code).text("room", room.as_str());
    let facts = api.facts(room.as_str()).await?;
    let unfit = facts.unfit();
    let encrypted = !unfit.contains(&Unfit::Unencrypted);
    let power = api.state(room.as_str(), "m.room.power_levels").await?.unwrap_or_default();
    let mut found = Vec::new();
    if let Some(over) = api.state(room.as_str(), "m.room.tombstone").await? {
        let by = over.get("replacement_room").and_then(Value::as_str).unwrap_or("?");
        found.push(ill(&what, say("check-matrix-room-replaced").text("other", by)));
    }
    if settings.private_rooms.contains(room) {
        found.extend(unfit.iter().map(|why| ill(&what, say(why.finding()))));
    }
    if power_of(&power, &settings.user) < needed(&power, "events", "m.room.message", "events_default", 0) {
        found.push(ill(&what, say("check-matrix-room-mute")));
    }
    if found.is_empty() {
        found.push(well(&what, say(if encrypted { "check-matrix-room-encrypted" } else { "check-matrix-room" })));
    }
    if power_of(&power, &settings.user) < needed(&power, "events", "m.room.pinned_events", "state_default", 50) {
        found.push(well(&what, say("check-matrix-room-no-pins")));
    }
    Ok(found)
}

fn power_of(power: &Value, user: &str) -> i64 {
    let own = power.get("users").and_then(|u| u.get(user)).and_then(Value::as_i64);
    own.or_else(|| power.get("users_default").and_then(Value::as_i64)).unwrap_or(0)
}

/// The power that an event takes (spec.matrix.org: `m.room.power_levels`).
fn needed(power: &Value, table: &str, event: &str, default: &str, otherwise: i64) -> i64 {
    let own = power.get(table).and_then(|t| t.get(event)).and_then(Value::as_i64);
    own.or_else(|| power.get(default).and_then(Value::as_i64)).unwrap_or(otherwise)
}

async fn people(api: &Api, settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    for id in settings.people.iter().take(MOST_PEOPLE) {
        match api.get(&["v3", "profile", id.as_str()]).await {
            // A profile may be hidden, or on a server that is down: that is no fault.
            Ok(_) | Err(Trouble::Silent(_)) => {}
            Err(Trouble::Code(code, _)) if code == "M_NOT_FOUND" => {
                found.push(ill(&format!("people.{id}"), Say::new("check-matrix-person-unknown")))
            }
            Err(Trouble::Code(..)) => {}
        }
    }
    if found.is_empty() && !settings.people.is_empty() {
        found.push(well("people", Say::new("check-matrix-people").number("count", settings.people.len().min(MOST_PEOPLE))));
    }
    match settings.servers.as_slice() {
        [] if settings.people.is_empty() => found.push(ill("people", Say::new("check-matrix-nobody"))),
        [] => {}
        servers => found.push(well("allowed_servers", Say::new("check-matrix-servers").text("servers", servers.join(", ")))),
    }
    found
}

/// How fast the homeserver takes messages: tried in a room of the bot's own, which is left again. Beside a running bot, too:
/// that it met no limit yet says nothing. Where there is one, the bot is slowed down by that for less than a minute.
async fn limit(api: &Api, settings: &Settings) -> Finding {
    let now = settings.clock.now();
    let noted = settings.place.limit().filter(|l| now.since(Time(l.seen_ms)) < NOTED_MS).map(|l| l.every_ms);
    // A wait that was begun is shorter than a whole one.
    match measured(api).await.map(|found| found.map(|ms| ms.max(noted.unwrap_or(0)))) {
        Ok(Some(every_ms)) if every_ms > SLOW_MS => {
            let say = Say::new("check-matrix-limit").text("seconds", format!("{:.1}", every_ms as f64 / 1_000.0));
            ill("limit", say.text("name", &settings.user))
        }
        Ok(_) => well("limit", Say::new("check-matrix-no-limit")),
        Err(trouble) => well("limit", Say::new("check-matrix-limit-unknown").with("why", trouble.reason().into())),
    }
}

/// Milliseconds from one message to the next; `None`: none was refused.
async fn measured(api: &Api) -> Result<Option<i64>, Trouble> {
    use reqwest::Method;
    let made = api.call(Method::POST, &["v3", "createRoom"], Some(&json!({ "preset": "private_chat", "name": "sereno check" }))).await;
    let room = match made {
        Ok(room) => room,
        Err(Trouble::Code(code, wait)) if code == "M_LIMIT_EXCEEDED" => return Ok(Some(wait.unwrap_or(5_000))),
        Err(trouble) => return Err(trouble),
    };
    let room = room.get("room_id").and_then(Value::as_str).ok_or_else(|| Trouble::Silent(Why::ours("why-matrix-odd-answer")))?.to_owned();
    let mut found = Ok(None);
    for n in 0..PROBES {
        let txn = format!("probe-{n}");
        match api.call(Method::PUT, &["v3", "rooms", &room, "send", "dev.sereno.check", &txn], Some(&json!({ "n": n }))).await {
            Ok(_) => {}
            Err(Trouble::Code(code, wait)) if code == "M_LIMIT_EXCEEDED" => {
                found = Ok(Some(wait.unwrap_or(5_000)));
                break;
            }
            Err(trouble) => {
                found = Err(trouble);
                break;
            }
        }
    }
    for end in ["leave", "forget"] {
        if let Err(trouble) = in_time(api, &["v3", "rooms", &room, end]).await {
            tracing::warn!(room, why = %trouble, "the room in which the limit was tried could not be left");
        }
    }
    found
}

/// A call that may have to wait for the limit that was just met.
async fn in_time(api: &Api, path: &[&str]) -> Result<Value, Trouble> {
    let mut tried = 0;
    loop {
        tried += 1;
        match api.call(reqwest::Method::POST, path, Some(&json!({}))).await {
            Err(Trouble::Code(code, wait)) if code == "M_LIMIT_EXCEEDED" && tried < LEAVE_TRIES => {
                let wait = u64::try_from(wait.unwrap_or(1_000)).unwrap_or_default().min(10_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            done => return done,
        }
    }
}

fn well(what: &str, detail: Say) -> Finding {
    Finding::about("chat.matrix", what, true, detail)
}

fn ill(what: &str, detail: Say) -> Finding {
    Finding::about("chat.matrix", what, false, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_verified_by_the_accounts_own_key_alone() {
        let answer = |signer: &str| {
            json!({
                "self_signing_keys": { "@s:h": { "keys": { "ed25519:SSK": "SSK" } } },
                "device_keys": { "@s:h": { "DEV": { "signatures": { "@s:h": { "ed25519:DEV": "x", signer: "y" } } } } },
            })
        };
        assert!(is_signed(&answer("ed25519:SSK"), "@s:h", "DEV"));
        assert!(!is_signed(&answer("ed25519:OTHER"), "@s:h", "DEV") && !is_signed(&answer("ed25519:SSK"), "@s:h", "ELSE"));
        assert!(!is_signed(&json!({}), "@s:h", "DEV"));
    }

    #[test]
    fn power_is_counted_as_the_specification_says() {
        let power = json!({"users":{"@s:h":40},"users_default":5,"events":{"m.room.pinned_events":30},"events_default":10});
        assert_eq!((power_of(&power, "@s:h"), power_of(&power, "@x:h"), power_of(&json!({}), "@x:h")), (40, 5, 0));
        assert_eq!(needed(&power, "events", "m.room.pinned_events", "state_default", 50), 30);
        assert_eq!(needed(&json!({}), "events", "m.room.pinned_events", "state_default", 50), 50);
        assert_eq!(needed(&power, "events", "m.room.message", "events_default", 0), 10);
    }
}
