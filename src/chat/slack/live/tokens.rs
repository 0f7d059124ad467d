//! The bot's token, and its rotation: with it, a token lives twelve hours, and each refresh token
//! serves once, so that the newest must never be lost.
//!
//! What an exchange gave is written, whole and durably, to a file of mode 0600 beside the store
//! (`<store>.slack-token.json`) before it is used. The file remembers from which refresh token of
//! `bot.toml` it descends: a new one pasted there starts afresh.
//!
//! The bot and `sereno check` may want a new token at the same time. Whoever exchanges holds a lock on a file beside it
//! (`….lock`) and reads the newest tokens under it first: what another process got is taken, and no refresh token spent twice.

use super::Settings;
use super::session::Fail;
use crate::clock::{Clock, HOUR_MS, SECOND_MS, Time};
use crate::tokenfile;
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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

/// Who holds the lock makes one call: so many times that call's bound the lock is waited for.
const LOCK_CALLS: u32 = 2;

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
    /// Whether another process held the right to exchange for all the time that it was waited for, when it was tried last.
    held: bool,
}

/// The bot's tokens.
pub(super) struct Tokens {
    rotation: Option<Rotation>,
    now: Mutex<Now>,
    turn: tokio::sync::Mutex<()>,
    clock: Clock,
    /// How long another process may hold the right to exchange.
    patience: Duration,
}

impl Tokens {
    /// # Errors
    /// The file of the newest tokens cannot be read: without it the chain is lost, and nothing is begun silently.
    pub(super) fn new(settings: &Settings) -> anyhow::Result<Tokens> {
        let mut now = Now {
            access: settings.bot_token.clone(),
            refresh: SecretString::from(""),
            expires: Time::NEVER,
            tried: Time::default(),
            held: false,
        };
        if let Some(rotation) = &settings.rotation {
            now.refresh = rotation.refresh_token.clone();
            now.expires = Time(0);
        }
        let tokens = Tokens {
            rotation: settings.rotation.clone(),
            now: Mutex::new(now),
            turn: tokio::sync::Mutex::new(()),
            clock: settings.clock,
            patience: settings.call * LOCK_CALLS,
        };
        tokens.take_kept()?;
        Ok(tokens)
    }

    /// Takes what the file has, where that is newer: another process may have renewed the token.
    pub(super) fn take_kept(&self) -> anyhow::Result<()> {
        let Some(rotation) = &self.rotation else { return Ok(()) };
        if let Some(kept) = read(&rotation.file)?
            && kept.origin == origin(&rotation.refresh_token)
        {
            let mut now = self.now();
            if kept.expires > now.expires {
                let (access, refresh) = (kept.access_token.into(), kept.refresh_token.into());
                *now = Now { access, refresh, expires: kept.expires, tried: Time::default(), held: false };
            }
        }
        Ok(())
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

    /// Exchanges the refresh token for new tokens, keeps them durably, then uses them. `must_keep`: not where they could not be kept.
    pub(super) async fn renew<F>(
        &self,
        expired: bool,
        must_keep: bool,
        exchange: impl FnOnce(Vec<(&'static str, String)>) -> F,
    ) -> Result<(), Fail>
    where
        F: Future<Output = Result<Value, Fail>>,
    {
        let Some(rotation) = &self.rotation else { return Err(Fail::Code("token_expired".into(), None)) };
        let before = self.bot();
        let _turn = self.turn.lock().await;
        // Waited for once: not by each call that comes after it.
        let waited = self.now().held;
        let held = tokenfile::hold(&rotation.file, if waited { Duration::ZERO } else { self.patience }).await;
        let timed_out = held.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::TimedOut);
        {
            let mut now = self.now();
            now.held = timed_out;
            if timed_out {
                now.tried = self.clock.now();
            }
        }
        let _held = match held {
            Ok(held) => Some(held),
            // Somebody else is at it: the refresh token would be spent twice.
            Err(error) if timed_out => {
                if !waited {
                    tracing::error!(error = error.to_string(), "the Slack token cannot be renewed");
                }
                return Err(Fail::NotSent(error.to_string()));
            }
            // What cannot be kept is not asked for, unless nothing else is left.
            Err(error) if must_keep || self.still_good() => {
                return Err(Fail::NotSent(format!("{}: {error}", rotation.file.display())));
            }
            Err(_) => None,
        };
        if let Err(error) = self.take_kept() {
            tracing::warn!(error = format!("{error:#}"), "the newest Slack tokens could not be read");
        }
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
        let written = tokio::task::spawn_blocking(move || {
            let text = zeroize::Zeroizing::new(serde_json::to_string(&kept).map_err(std::io::Error::other)?);
            tokenfile::write(&file, &text)
        })
        .await;
        if !matches!(written, Ok(Ok(()))) {
            // Used all the same: the old refresh token is spent by now.
            tracing::error!(file = %rotation.file.display(), "the new Slack tokens could not be written: after a restart the bot needs a new refresh token");
        }
        *self.now() = Now { access: access.into(), refresh: refresh.into(), expires, tried: Time::default(), held: false };
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
        tokens.renew(false, false, exchange).await.unwrap();
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
        again.renew(true, true, next).await.unwrap();

        // A new refresh token in bot.toml goes before the file.
        assert!(Tokens::new(&settings(dir.path(), "xoxe-pasted")).unwrap().wants_renewal());
        std::fs::write(dir.path().join("s.slack-token.json"), "{").unwrap();
        assert!(Tokens::new(&settings(dir.path(), "xoxe-1")).is_err());
    }
}
