//! `[chat.matrix]`: the team's room in Matrix.

use super::Config;
use super::account::check_url;
use super::problem::{At, Problems};
use super::secret::SecretRef;
use crate::say::Say;
use serde::Deserialize;
use std::path::PathBuf;

/// Keys whose values are secrets.
pub(super) const SECRET_KEYS: [&str; 2] = ["password", "access_token"];
/// The longest prefix of commands, in characters.
const MOST_PREFIX: usize = 8;

/// `[chat.matrix]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixConfig {
    /// The homeserver's address for clients (`https://matrix.example.org`).
    pub homeserver: String,
    /// The bot's full user id (`@sereno:example.org`).
    pub user: String,
    /// Where the bot's password stands: used once, to sign in.
    pub password: SecretRef,
    /// Where an access token stands that belongs to the bot alone; instead of a password.
    pub access_token: SecretRef,
    /// How the bot's device is called where people see it.
    pub device_name: String,
    /// The room's id: where cards go that no route sends elsewhere.
    pub room: String,
    /// The directory of keys and session; `None`: `<store>.matrix`, beside the store.
    pub store: Option<PathBuf>,
    /// The file that the recovery key is written to once; `None`: `<store>.matrix-recovery-key`, beside the store.
    pub recovery_key_file: Option<PathBuf>,
    /// What commands begin with.
    pub prefix: String,
    /// Homeservers all of whose accounts may act, by their server names: of others, and of the bot's own, those alone whom
    /// `[people]` names.
    pub allowed_servers: Vec<String>,
    /// Posts a minute to one room, until the homeserver says otherwise.
    pub posts_per_minute: i64,
}

impl Default for MatrixConfig {
    fn default() -> Self {
        MatrixConfig {
            homeserver: String::new(),
            user: String::new(),
            password: SecretRef::Missing,
            access_token: SecretRef::Missing,
            device_name: "sereno".into(),
            room: String::new(),
            store: None,
            recovery_key_file: None,
            prefix: "!".into(),
            allowed_servers: Vec::new(),
            posts_per_minute: 120,
        }
    }
}

impl MatrixConfig {
    pub(super) fn check(&self, at: &At, problems: &mut Problems) {
        if cfg!(not(feature = "matrix")) {
            problems.add(at, Say::new("cli-config-without-matrix"));
        }
        problems.not_empty(&at.then("homeserver"), &self.homeserver);
        if !self.homeserver.trim().is_empty() {
            check_url(&at.then("homeserver"), &self.homeserver, problems);
        }
        problems.not_empty(&at.then("user"), &self.user);
        person(&at.then("user"), &self.user, problems);
        problems.not_empty(&at.then("room"), &self.room);
        room(&at.then("room"), &self.room, problems);
        for (key, secret) in SECRET_KEYS.into_iter().zip([&self.password, &self.access_token]) {
            if *secret == SecretRef::Inline {
                problems.add(&at.then(key), Say::new("cli-config-secret"));
            }
        }
        match (self.password == SecretRef::Missing, self.access_token == SecretRef::Missing) {
            (true, true) => problems.add(&at.then("password"), Say::new("cli-config-secret-missing")),
            (false, false) => problems.add(&at.then("access_token"), Say::new("cli-config-matrix-two-ways")),
            _ => {}
        }
        problems.not_empty(&at.then("device_name"), &self.device_name);
        let length = self.prefix.chars().count();
        if length == 0
            || length > MOST_PREFIX
            || self.prefix.chars().any(|c| c.is_alphanumeric() || c.is_whitespace() || c == '/' || c == '@')
        {
            let say = Say::new("cli-config-matrix-prefix").text("value", &self.prefix);
            problems.add(&at.then("prefix"), say.number("most", MOST_PREFIX));
        }
        for (i, server) in self.allowed_servers.iter().enumerate() {
            if !is_server(server) {
                problems.add(&at.then("allowed_servers").nth(i), Say::new("cli-config-matrix-server").text("value", server));
            }
        }
        for (key, path) in [("store", &self.store), ("recovery_key_file", &self.recovery_key_file)] {
            if let Some(path) = path {
                problems.not_empty(&at.then(key), &path.to_string_lossy());
            }
        }
        problems.within(&at.then("posts_per_minute"), self.posts_per_minute, 1, 60_000);
    }
}

/// Rooms and people that other sections name are ids in Matrix: names and aliases change, and prove nothing.
pub(super) fn check_ids(config: &Config, problems: &mut Problems) {
    for (at, id) in config.rooms() {
        room(&at, id, problems);
    }
    if let Some(dm) = &config.privacy.dm_room {
        room(&At::key("privacy").then("dm_room"), dm, problems);
    }
    for id in config.people.keys() {
        person(&At::key("people").then(id), id, problems);
    }
}

fn room(at: &At, id: &str, problems: &mut Problems) {
    // Room ids of version 12 and later have no part for the server.
    let fits = id.strip_prefix('!').is_some_and(|rest| !rest.is_empty() && !rest.chars().any(char::is_whitespace));
    if !id.trim().is_empty() && !fits {
        problems.add(at, Say::new("cli-config-matrix-room").text("value", id));
    }
}

fn person(at: &At, id: &str, problems: &mut Problems) {
    let fits = id.strip_prefix('@').and_then(|rest| rest.split_once(':')).is_some_and(|(local, server)| {
        !local.is_empty() && is_server(server) && !local.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    if !id.trim().is_empty() && !fits {
        problems.add(at, Say::new("cli-config-matrix-person").text("value", id));
    }
}

/// A server's name, perhaps with a port (spec.matrix.org, Appendices: server name).
fn is_server(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
}

// Without the feature there is but one thing to be said of the whole table.
#[cfg(all(test, feature = "matrix"))]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let head = "[bot]\nbrand = \"Acme\"\n[[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"https://m.example\"\ntoken = \"env:T\"\n";
        match Config::parse(&format!("{head}{text}"), std::path::Path::new(".")) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.all().iter().map(|p| format!("{} {}", p.at, p.say.code)).collect(),
        }
        .into_iter()
        .filter(|p| !p.ends_with("cli-config-without-matrix"))
        .collect()
    }

    const GOOD: &str = "[chat.matrix]\nhomeserver = \"https://hs.example\"\nuser = \"@sereno:example.org\"\npassword = \"env:P\"\nroom = \"!abc:example.org\"\n";

    #[test]
    fn a_full_table_is_taken_and_ids_are_ids() {
        assert_eq!(found(GOOD), [""; 0]);
        assert_eq!(found(&format!("{GOOD}[people.\"@ana:example.org\"]\n[digest]\nroom = \"!v12room\"\n")), [""; 0]);
        assert_eq!(
            found(&format!("{GOOD}[people.ana]\n[digest]\nroom = \"#team:example.org\"\n")),
            ["people.ana cli-config-matrix-person", "digest.room cli-config-matrix-room"]
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let wrong = found("[chat.matrix]\nhomeserver = \"https://hs.example\"\nuser = \"sereno\"\nroom = \"!a:b\"\nprefix = \"say \"\n");
        for code in [
            "chat.matrix.user cli-config-matrix-person",
            "chat.matrix.password cli-config-secret-missing",
            "chat.matrix.prefix cli-config-matrix-prefix",
        ] {
            assert!(wrong.iter().any(|w| w == code), "{code}: {wrong:?}");
        }
        let both = found(&format!("{GOOD}access_token = \"env:T\"\n"));
        assert_eq!(both, ["chat.matrix.access_token cli-config-matrix-two-ways"]);
        let inline = found(&GOOD.replace("env:P", "hunter2"));
        assert!(inline.iter().any(|w| w == "chat.matrix.password cli-config-secret"), "{inline:?}");
    }
}
