//! The way to the homeserver: signing in once, the keys, and each failure told as *what to do next*.
//!
//! The library's errors can hold what was sent, so none of them is logged or passed on: only the
//! specification's own short codes are.

use super::Settings;
use super::place::{Held, Place, Saved, Trouble};
use crate::clock::Time;
use crate::outbox::{Look, Outcome};
use crate::say::Why;
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::{RequestConfig, SyncSettings};
use matrix_sdk::encryption::recovery::RecoveryState;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::api::error::{ErrorKind, RetryAfter};
use matrix_sdk::ruma::{OwnedRoomId, RoomId as MatrixRoomId};
use matrix_sdk::store::RoomLoadSettings;
use matrix_sdk::{Client, HttpError, Room, RoomState, SqliteStoreConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Without a word of the homeserver on how long, a limit is taken to last this long, in milliseconds.
const LIMITED_MS: i64 = 5_000;
/// Connections to the library's databases: the bot's own work needs few.
const POOL: usize = 4;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fail {
    /// Too many calls: silence for so many milliseconds.
    Limited(i64),
    /// The session is no longer good.
    Auth(String),
    /// The homeserver said no: its code (`M_FORBIDDEN`).
    Code(String),
    /// The bot is not in the room.
    NotIn,
    /// No answer, a broken connection, an error of the homeserver's own.
    Broken(Why),
}

impl Fail {
    /// What did not work, as a code of the locales (`why-…`).
    pub(super) fn broken(code: &str) -> Fail {
        Fail::Broken(Why::ours(code))
    }

    /// In short, for people.
    pub(super) fn reason(&self) -> Why {
        match self {
            Fail::Limited(_) => "M_LIMIT_EXCEEDED".into(),
            Fail::NotIn => Why::ours("why-not-in-room"),
            Fail::Auth(why) | Fail::Code(why) => why.as_str().into(),
            Fail::Broken(why) => why.clone(),
        }
    }

    /// The same, for logs.
    pub(super) fn why(&self) -> String {
        self.reason().to_string()
    }

    /// Whether there is no such thing.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Fail::Code(code) if code == "M_NOT_FOUND")
    }

    /// What it means for a message that was to be posted. It goes with the same transaction id again, and
    /// so stands once, even where it was taken and the answer was lost.
    pub(super) fn outcome(self) -> Outcome {
        let why = self.reason();
        match self {
            Fail::Limited(ms) => Outcome::Retry { after_ms: Some(ms), why, lane: true },
            Fail::Broken(_) => Outcome::Retry { after_ms: None, why, lane: true },
            // The specification's code, which is nobody's language.
            Fail::Auth(why) => Outcome::AuthLost { why },
            Fail::NotIn => Outcome::RoomGone { why },
            Fail::Code(_) => Outcome::Refused { why },
        }
    }

    /// What it means for a look-up.
    pub(super) fn look(self) -> Look {
        let why = self.why();
        match self {
            Fail::Limited(ms) => Look::Retry { why, after_ms: Some(ms) },
            _ => Look::Retry { why, after_ms: None },
        }
    }
}

/// What an error of the library means.
pub(super) fn fail(error: &matrix_sdk::Error) -> Fail {
    match error {
        matrix_sdk::Error::Http(http) => http_fail(http),
        matrix_sdk::Error::WrongRoomState(_) => Fail::NotIn,
        matrix_sdk::Error::AuthenticationRequired => Fail::Auth("M_MISSING_TOKEN".into()),
        matrix_sdk::Error::CryptoStoreError(_) | matrix_sdk::Error::StateStore(_) => Fail::broken("why-matrix-databases-failed"),
        matrix_sdk::Error::OlmError(_) | matrix_sdk::Error::MegolmError(_) | matrix_sdk::Error::NoOlmMachine => {
            Fail::broken("why-matrix-not-encrypted")
        }
        _ => Fail::broken("why-matrix-library"),
    }
}

pub(super) fn http_fail(error: &HttpError) -> Fail {
    let Some(api) = error.as_client_api_error() else {
        return match error {
            HttpError::Reqwest(error) => Fail::broken(broken(error)),
            _ => Fail::broken("why-matrix-odd-answer"),
        };
    };
    let status = api.status_code.as_u16();
    match api.error_kind() {
        Some(ErrorKind::LimitExceeded(limit)) => Fail::Limited(match &limit.retry_after {
            Some(RetryAfter::Delay(delay)) => i64::try_from(delay.as_millis()).unwrap_or(LIMITED_MS).max(1),
            _ => LIMITED_MS,
        }),
        Some(kind @ (ErrorKind::UnknownToken(_) | ErrorKind::MissingToken | ErrorKind::UserDeactivated)) => Fail::Auth(code(kind)),
        _ if status >= 500 => Fail::Broken(format!("HTTP {status}").into()),
        _ if status == 429 => Fail::Limited(LIMITED_MS),
        // Whatever it was that answered, it was no homeserver that knows this call: a proxy, most likely.
        Some(ErrorKind::Unrecognized) | None => Fail::Broken(format!("HTTP {status}").into()),
        Some(kind) => Fail::Code(code(kind)),
    }
}

/// Why a call got no answer, as a code of the locales.
pub(super) fn broken(error: &reqwest::Error) -> &'static str {
    match error {
        e if e.is_timeout() => "why-matrix-no-answer",
        e if e.is_connect() => "why-matrix-no-connection",
        _ => "why-matrix-broke-off",
    }
}

/// A code as the specification writes them; anything else is not passed on.
fn code(kind: &ErrorKind) -> String {
    let code = kind.errcode().to_string();
    let plain = code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    if plain { code } else { "M_UNKNOWN".to_owned() }
}

/// The account has keys that this machine lacks: nothing is signed over them.
const NEEDS_RECOVERY: &str = "why-matrix-needs-recovery";
/// The homeserver let somebody else in than bot.toml names.
const OTHER_USER: &str = "why-matrix-other-user";
/// What signing in again does not mend.
pub(super) const HOPELESS: [&str; 2] = [NEEDS_RECOVERY, OTHER_USER];

/// A signed-in bot.
pub(super) struct Session {
    pub client: Client,
    /// The bot's full id.
    pub me: String,
    /// When its device was made.
    pub made: Time,
    held: Held,
}

impl Session {
    /// Takes the keys, signs in where that was never done, sets up encryption.
    ///
    /// # Errors
    /// Somebody else has the keys; the homeserver says no; the account has keys already that this device lacks.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Session> {
        let held = settings.place.hold()?;
        let Some(saved) = held.place().session()? else {
            let (session, saved) = sign_in(settings, held).await?;
            return session.set_up(saved, &settings.secret).await;
        };
        if saved.user != settings.user {
            let other = Trouble::new("why-matrix-other-session").text("file", settings.place.dir.display());
            return Err(other.text("name", &saved.user).text("wanted", &settings.user).into());
        }
        Session::restore(settings, held, &saved).await?.set_up(saved, &settings.secret).await
    }

    /// Takes up a session that was kept.
    async fn restore(settings: &Settings, held: Held, saved: &Saved) -> anyhow::Result<Session> {
        let client = client(settings, &held.store(&saved.store), &*held.key(false)?).await?;
        let kept: MatrixSession = serde_json::from_value(saved.session.clone()).map_err(|_| Trouble::new("why-matrix-session-odd"))?;
        client.matrix_auth().restore_session(kept, RoomLoadSettings::default()).await.map_err(|e| said("why-matrix-session", &fail(&e)))?;
        Ok(Session { me: saved.user.clone(), made: Time(saved.made_ms), client, held })
    }

    /// Sees to it that the account can be recovered, once.
    async fn set_up(self, mut saved: Saved, secret: &Secret) -> anyhow::Result<Session> {
        if saved.recoverable {
            return Ok(self);
        }
        let encryption = self.client.encryption();
        self.client.sync_once(SyncSettings::new().timeout(Duration::ZERO)).await.map_err(|e| said("why-matrix-sync", &fail(&e)))?;
        encryption.wait_for_e2ee_initialization_tasks().await;
        let recovery = encryption.recovery();
        let failed = || Trouble::new("why-matrix-recovery-unmade");
        // Only a device that holds the account's keys may give them away.
        if !encryption.cross_signing_status().await.is_some_and(|status| status.is_complete()) {
            let me = matrix_sdk::ruma::UserId::parse(&self.me)?;
            let theirs = encryption.request_user_identity(&me).await.map_err(|e| said("why-matrix-account-keys", &fail(&e)))?;
            if theirs.is_none() {
                return Err(failed().into());
            }
            let file = self.held.place().recovery_key.display().to_string();
            self.forget(secret).await;
            return Err(Trouble::new(NEEDS_RECOVERY).text("name", saved.user).text("file", file).into());
        }
        let key = match recovery.state() {
            RecoveryState::Unknown => return Err(failed().into()),
            RecoveryState::Disabled => recovery.enable().await.map_err(|_| failed())?,
            // Set up by us, and the key was lost on its way to the disk.
            RecoveryState::Enabled | RecoveryState::Incomplete => recovery.reset_key().await.map_err(|_| failed())?,
        };
        self.held.save_recovery_key(&key)?;
        saved.recoverable = true;
        self.held.save(&saved)?;
        tracing::warn!(
            file = %self.held.place().recovery_key.display(),
            "the recovery key of the bot's Matrix account was made and written to this file: put it where you keep secrets. With it alone a lost store is recovered"
        );
        Ok(self)
    }

    /// Fetches the account's keys with the recovery key, which makes this device a verified one; its name.
    async fn recovered(&self, key: &str) -> anyhow::Result<String> {
        let encryption = self.client.encryption();
        encryption.wait_for_e2ee_initialization_tasks().await;
        // The library's error can hold what was typed.
        encryption.recovery().recover(key).await.map_err(|_| Trouble::new("why-matrix-wrong-key"))?;
        self.client.sync_once(SyncSettings::new().timeout(Duration::ZERO)).await.map_err(|e| said("why-matrix-sync", &fail(&e)))?;
        let me = matrix_sdk::ruma::UserId::parse(&self.me)?;
        // As the homeserver has it by now.
        encryption.request_user_identity(&me).await.map_err(|e| said("why-matrix-account-keys", &fail(&e)))?;
        let device = encryption.get_own_device().await.ok().flatten().filter(|device| device.is_cross_signed_by_owner());
        Ok(device.ok_or_else(|| Trouble::new("why-matrix-unverified"))?.device_id().to_string())
    }

    /// Leaves nothing here of a session whose device was made for it: that is signed out. A device whose token somebody
    /// gave us has its keys from us by now, and would be of no use without them: it stays, and is recovered.
    async fn forget(self, secret: &Secret) {
        if matches!(secret, Secret::Token(_)) {
            return;
        }
        sign_out(&self.client, secret).await;
        drop(self.client);
        if let Err(error) = self.held.forget_session() {
            tracing::warn!(error = format!("{error:#}"), "the session that was just made could not be taken away");
        }
    }

    /// A room that the bot is in.
    pub(super) fn room(&self, id: &str) -> Result<Room, Fail> {
        let id: OwnedRoomId = MatrixRoomId::parse(id).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
        let room = self.client.get_room(&id).ok_or(Fail::NotIn)?;
        match room.state() {
            RoomState::Joined => Ok(room),
            RoomState::Invited => Err(Fail::broken("why-matrix-invited")),
            _ => Err(Fail::NotIn),
        }
    }

    /// Notes what the homeserver allows.
    pub(super) fn note_limit(&self, limit: super::place::Limit) {
        self.held.note_limit(limit);
    }
}

/// What was tried, and why it came to nothing.
fn said(code: &str, fail: &Fail) -> anyhow::Error {
    Trouble::new(code).why(fail.reason()).into()
}

async fn client(settings: &Settings, store: &Path, key: &[u8; 32]) -> anyhow::Result<Client> {
    let config = SqliteStoreConfig::with_low_memory_config(store).key(Some(key)).pool_max_size(POOL);
    let encryption = EncryptionSettings {
        auto_enable_cross_signing: true,
        backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
        auto_enable_backups: false,
    };
    let built = Client::builder()
        .homeserver_url(&settings.homeserver)
        // What a sign-in's answer says of other addresses is not followed: secrets go where bot.toml says.
        .respect_login_well_known(false)
        .sqlite_store_with_config_and_cache_path(config, None::<&Path>)
        .with_encryption_settings(encryption)
        // Tried again by the outbox, which knows what may be.
        .request_config(RequestConfig::new().disable_retry().timeout(settings.call))
        .build()
        .await;
    // The library's errors can hold what it was given.
    let fault = |error: matrix_sdk::ClientBuildError| match error {
        matrix_sdk::ClientBuildError::SqliteStore(_) => Trouble::new("why-matrix-databases").text("file", store.display()),
        _ => Trouble::new("why-matrix-address").text("url", &settings.homeserver),
    };
    Ok(built.map_err(fault)?)
}

/// Signs in on a store of its own, and keeps the session at once.
async fn sign_in(settings: &Settings, held: Held) -> anyhow::Result<(Session, Saved)> {
    let now = settings.clock.now();
    let (name, store) = held.fresh_store(&now.0.to_string())?;
    let client = client(settings, &store, &*held.key(true)?).await?;
    match &settings.secret {
        Secret::Password(password) => {
            let login = client.matrix_auth().login_username(&settings.user, password.expose_secret());
            let done = login.initial_device_display_name(&settings.device_name).send().await;
            done.map_err(|e| said("why-matrix-not-let-in", &fail(&e)))?;
        }
        Secret::Token(token) => {
            let session = session_of(settings, token).await?;
            let restored = client.matrix_auth().restore_session(session, RoomLoadSettings::default()).await;
            restored.map_err(|e| said("why-matrix-token", &fail(&e)))?;
        }
    }
    let session = client.matrix_auth().session().ok_or_else(|| Trouble::new("why-matrix-session-odd"))?;
    let me = session.meta.user_id.to_string();
    let keep = || -> anyhow::Result<Saved> {
        if me != settings.user {
            return Err(Trouble::new(OTHER_USER).text("name", &me).text("wanted", &settings.user).into());
        }
        let saved = Saved { user: me.clone(), store: name, made_ms: now.0, recoverable: false, session: serde_json::to_value(&session)? };
        held.save(&saved)?;
        Ok(saved)
    };
    match keep() {
        Ok(saved) => {
            tracing::info!(user = me, device = %session.meta.device_id, "signed in to Matrix with a new device");
            Ok((Session { client, me, made: now, held }, saved))
        }
        Err(error) => {
            sign_out(&client, &settings.secret).await;
            Err(error)
        }
    }
}

/// Takes away a device that was made for nothing. One whose token somebody gave us is theirs.
async fn sign_out(client: &Client, secret: &Secret) {
    if matches!(secret, Secret::Password(_)) && client.logout().await.is_err() {
        tracing::warn!("the device that was just made could not be signed out again: remove it in the account's settings");
    }
}

/// How the bot proves who it is.
#[derive(Clone, Debug)]
pub enum Secret {
    /// By its password, once.
    Password(SecretString),
    /// By an access token that is its own.
    Token(SecretString),
}

/// The session that an access token belongs to.
async fn session_of(settings: &Settings, token: &SecretString) -> anyhow::Result<MatrixSession> {
    let api = super::check::Api::new(&settings.homeserver, token.clone(), settings.call)?;
    let who = api.whoami().await.map_err(|e| Trouble::new("why-matrix-token").why(e.reason()))?;
    let part = |key: &str| who.get(key).and_then(Value::as_str).map(str::to_owned);
    let device = part("device_id").ok_or_else(|| Trouble::new("why-matrix-no-device"))?;
    let user = part("user_id").ok_or_else(|| Trouble::new("why-matrix-no-device"))?;
    if api.has_keys(&user, &device).await.map_err(|e| Trouble::new("why-matrix-account-keys").why(e.reason()))? {
        return Err(Trouble::new("why-matrix-keyed").text("name", device).into());
    }
    let session = serde_json::json!({ "user_id": user, "device_id": device, "access_token": token.expose_secret() });
    Ok(serde_json::from_value(session).map_err(|_| Trouble::new("why-matrix-no-device"))?)
}

/// Makes a new device for an account whose keys this machine lost, out of its recovery key.
///
/// # Errors
/// There is a session already; the key is missing or wrong; the homeserver says no.
pub async fn recover(settings: &Settings) -> anyhow::Result<String> {
    let place: &Place = &settings.place;
    let held = place.hold()?;
    let begun = place.session()?;
    if let Some(saved) = begun.as_ref().filter(|saved| saved.recoverable || saved.user != settings.user) {
        return Err(Trouble::new("why-matrix-nothing-lost").text("file", place.dir.display()).text("name", &saved.user).into());
    }
    let no_key = || Trouble::new("why-matrix-no-recovery-key").text("file", place.recovery_key.display());
    let key = place.recovery_key()?.ok_or_else(no_key)?;
    let (session, mut saved) = match begun {
        // It was signed in, and lacks the account's keys: what is here is of use once they come.
        Some(saved) => (Session::restore(settings, held, &saved).await?, saved),
        None => sign_in(settings, held).await?,
    };
    match session.recovered(&key).await {
        Ok(device) => {
            saved.recoverable = true;
            session.held.save(&saved)?;
            Ok(device)
        }
        Err(error) => {
            session.forget(&settings.secret).await;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Lang;
    use crate::say::Say;

    #[test]
    fn a_failure_says_what_to_do_next() {
        assert_eq!(Fail::Limited(5_000).outcome(), Outcome::Retry { after_ms: Some(5_000), why: "M_LIMIT_EXCEEDED".into(), lane: true });
        assert!(matches!(Fail::Broken("x".into()).outcome(), Outcome::Retry { after_ms: None, lane: true, .. }));
        assert!(matches!(Fail::Auth("M_UNKNOWN_TOKEN".into()).outcome(), Outcome::AuthLost { .. }));
        assert!(matches!(Fail::Code("M_FORBIDDEN".into()).outcome(), Outcome::Refused { .. }));
        assert!(matches!(Fail::NotIn.outcome(), Outcome::RoomGone { .. }));
        assert!(matches!(Fail::Limited(1).look(), Look::Retry { after_ms: Some(1), .. }));
        assert!(Fail::Code("M_NOT_FOUND".into()).is_absent() && !Fail::NotIn.is_absent());
    }

    #[test]
    fn why_something_failed_is_told_in_the_language_of_whoever_reads_it() {
        let words = crate::i18n::Words::new();
        let told = |why: Why, lang| words.tell(&Say::new("matrix-deaf").with("why", why.into()), lang);
        let broken = Fail::broken("why-matrix-no-connection");
        assert!(told(broken.reason(), Lang::Es).contains("no hay conexión con el servidor"));
        assert!(told(broken.reason(), Lang::En).contains("no connection to the homeserver"));
        assert_eq!(Fail::NotIn.reason(), Why::ours("why-not-in-room"));
        assert!(told(Fail::Code("M_FORBIDDEN".into()).reason(), Lang::Es).contains("M_FORBIDDEN"));
    }
}
