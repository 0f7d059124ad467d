//! The bot's token, and its rotation: with it, a token lives twelve hours, and each refresh token
//! serves once, so that the newest must never be lost.
//!
//! What an exchange gave is written, whole and durably, to a file of mode 0600 beside the store
//! (`<store>.slack-token.json`) before it is used. The file remembers from which refresh token of
//! `bot.toml` it descends: a new one pasted there starts afresh.

use super::Settings;
use super::session::Fail;
use crate::clock::{Clock, HOUR_MS, SECOND_MS, Time};
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A token is renewed so long before it ends, in milliseconds.
const AHEAD_MS: i64 = HOUR_MS;
/// A renewal that failed is not tried again sooner, in milliseconds, while the old token serves.
const AGAIN_MS: i64 = 60 * SECOND_MS;
/// How long a token lives where Slack does not say, in seconds.
const LIVES_S: i64 = 12 * 3_600;

/// What rotation needs.
#[derive(Clone)]
pub struct Rotation {
    /// The refresh token as `bot.toml` has it: the first of the chain.
    pub refresh_token: SecretString,
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: SecretString,
    /// Where the newest tokens are kept.
    pub file: PathBuf,
}

impl std::fmt::Debug for Rotation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rotation").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// Of the refresh token in `bot.toml`: SHA-256, so that the file tells nothing more.
    origin: String,
    access_token: String,
    refresh_token: String,
    expires: Time,
}

struct Now {
    access: SecretString,
    refresh: SecretString,
    /// `Time(0)`: at once.
    expires: Time,
    tried: Time,
}

/// The bot's tokens.
pub(super) struct Tokens {
    rotation: Option<Rotation>,
    now: Mutex<Now>,
    turn: tokio::sync::Mutex<()>,
    clock: Clock,
}

impl Tokens {
    /// # Errors
    /// The file of the newest tokens cannot be read: without it the chain is lost, and nothing is begun silently.
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Tokens> {
        let mut now =
            Now { access: settings.bot_token.clone(), refresh: SecretString::from(""), expires: Time::NEVER, tried: Time::default() };
        if let Some(rotation) = &settings.rotation {
            now.refresh = rotation.refresh_token.clone();
            now.expires = Time(0);
            if let Some(kept) = read(&rotation.file)?
                && kept.origin == origin(&rotation.refresh_token)
            {
                now = Now {
                    access: kept.access_token.into(),
                    refresh: kept.refresh_token.into(),
                    expires: kept.expires,
                    tried: Time::default(),
                };
            }
        }
        Ok(Tokens { rotation: settings.rotation.clone(), now: Mutex::new(now), turn: tokio::sync::Mutex::new(()), clock: settings.clock })
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bot's token.
    pub(super) fn bot(&self) -> SecretString {
        self.now().access.clone()
    }

    /// Whether tokens rotate at all.
    pub(super) fn rotates(&self) -> bool {
        self.rotation.is_some()
    }

    /// Whether it is time for a new one.
    pub(super) fn wants_renewal(&self) -> bool {
        let (now, held) = (self.clock.now(), self.now());
        self.rotates() && held.expires.since(now) < AHEAD_MS && now.since(held.tried) >= AGAIN_MS
    }

    /// Whether the token at hand still serves.
    pub(super) fn still_good(&self) -> bool {
        self.now().expires > self.clock.now()
    }

    /// Exchanges the refresh token for new tokens, keeps them durably, then uses them.
    pub(super) async fn renew<F>(&self, expired: bool, exchange: impl FnOnce(Vec<(&'static str, String)>) -> F) -> Result<(), Fail>
    where
        F: Future<Output = Result<Value, Fail>>,
    {
        let Some(rotation) = &self.rotation else { return Err(Fail::Code("token_expired".into(), None)) };
        let before = self.bot();
        let _turn = self.turn.lock().await;
        // Somebody else may have renewed it while we waited for our turn.
        if before.expose_secret() != self.bot().expose_secret() || !(expired || self.wants_renewal()) {
            return Ok(());
        }
        self.now().tried = self.clock.now();
        let refresh = self.now().refresh.clone();
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh.expose_secret().to_owned()),
            ("client_id", rotation.client_id.clone()),
            ("client_secret", rotation.client_secret.expose_secret().to_owned()),
        ];
        let answer = exchange(form).await?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let unread = || Fail::Doubt("oauth.v2.access: an answer without tokens".into());
        let (access, refresh) = (text("access_token").ok_or_else(unread)?, text("refresh_token").ok_or_else(unread)?);
        let lives = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(LIVES_S).max(1);
        let expires = self.clock.now().plus(lives.saturating_mul(SECOND_MS));
        let kept = Kept {
            version: 1,
            origin: origin(&rotation.refresh_token),
            access_token: access.clone(),
            refresh_token: refresh.clone(),
            expires,
        };
        let file = rotation.file.clone();
        let written = tokio::task::spawn_blocking(move || write(&file, &kept)).await;
        if !matches!(written, Ok(Ok(()))) {
            // Used all the same: the old refresh token is spent by now.
            tracing::error!(file = %rotation.file.display(), "the new Slack tokens could not be written: after a restart the bot needs a new refresh token");
        }
        *self.now() = Now { access: access.into(), refresh: refresh.into(), expires, tried: Time::default() };
        tracing::info!("the Slack token was renewed");
        Ok(())
    }
}

fn origin(token: &SecretString) -> String {
    HEXLOWER.encode(&Sha256::digest(token.expose_secret().as_bytes()))
}

fn read(file: &Path) -> anyhow::Result<Option<Kept>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).with_context(|| format!("reading {}", file.display())),
    };
    let kept: Kept = serde_json::from_str(&text)
        .map_err(|_| anyhow::anyhow!("{} is damaged: remove it and paste a new refresh token into bot.toml", file.display()))?;
    anyhow::ensure!(kept.version == 1, "{} is of a newer version of sereno", file.display());
    Ok(Some(kept))
}

/// Whole or not at all, and on the disk before it returns.
fn write(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let text = zeroize::Zeroizing::new(serde_json::to_string(kept).map_err(std::io::Error::other)?);
    let beside = file.with_extension("new");
    std::fs::remove_file(&beside).or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    match file.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(dir) => std::fs::File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::PermissionsExt as _;

    fn settings(dir: &Path, refresh: &str) -> Settings {
        let rotation = Rotation {
            refresh_token: refresh.to_owned().into(),
            client_id: "1.2".into(),
            client_secret: "client-secret".to_owned().into(),
            file: dir.join("s.slack-token.json"),
        };
        Settings { rotation: Some(rotation), ..Settings::new("xoxb-first".to_owned().into(), "C1") }
    }

    #[tokio::test]
    async fn the_newest_refresh_token_outlives_a_restart_and_each_serves_once() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(&settings(dir.path(), "xoxe-1")).unwrap();
        assert!(tokens.wants_renewal());
        let exchange = |form: Vec<(&'static str, String)>| async move {
            assert!(form.contains(&("refresh_token", "xoxe-1".into())));
            Ok(json!({"ok":true,"access_token":"xoxe.xoxb-2","refresh_token":"xoxe-2","expires_in":43_200}))
        };
        tokens.renew(false, exchange).await.unwrap();
        assert_eq!(tokens.bot().expose_secret(), "xoxe.xoxb-2");
        assert!(!tokens.wants_renewal());
        let mode = std::fs::metadata(dir.path().join("s.slack-token.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let again = Tokens::new(&settings(dir.path(), "xoxe-1")).unwrap();
        assert_eq!(again.bot().expose_secret(), "xoxe.xoxb-2");
        let next = |form: Vec<(&'static str, String)>| async move {
            assert!(form.contains(&("refresh_token", "xoxe-2".into())), "the first one is spent");
            Ok(json!({"ok":true,"access_token":"xoxe.xoxb-3","refresh_token":"xoxe-3","expires_in":43_200}))
        };
        again.renew(true, next).await.unwrap();

        // A new refresh token in bot.toml goes before the file.
        assert!(Tokens::new(&settings(dir.path(), "xoxe-pasted")).unwrap().wants_renewal());
        std::fs::write(dir.path().join("s.slack-token.json"), "{").unwrap();
        assert!(Tokens::new(&settings(dir.path(), "xoxe-1")).is_err());
    }
}
