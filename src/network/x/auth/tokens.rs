//! The tokens of a brand account. They live for two hours, and each refresh token serves once: what an exchange gave is
//! written, whole and durably, to a file of mode 0600 before it is used, so that the newest is never lost.
//!
//! The bot, `sereno check` and `sereno login` may be at it at the same time. Whoever exchanges holds a lock on a file beside
//! it and reads the newest tokens under it first: what another process got is taken, and no refresh token is spent twice.

use super::{App, Form, Granted, NotGranted, SCOPES};
use crate::clock::{Clock, MINUTE_MS, SECOND_MS, Time};
use crate::tokenfile;
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A token is renewed so long before it ends, in milliseconds.
const AHEAD_MS: i64 = 10 * MINUTE_MS;
/// A renewal that failed is not tried again sooner while the old token serves, in milliseconds.
const AGAIN_MS: i64 = 30 * SECOND_MS;
/// Another process that exchanges is waited for so long: twice as long as a call may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The version of the file's format.
const VERSION: u32 = 1;

/// The file's content.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// Of the client id: another app's tokens are none of ours.
    app: String,
    /// The account's id on X.
    user: String,
    access: String,
    refresh: String,
    expires: Time,
    scopes: Vec<String>,
}

impl Kept {
    /// Which of two is the newer: each exchange ends later.
    fn is_after(&self, other: Option<&Kept>) -> bool {
        other.is_none_or(|other| self.expires > other.expires)
    }
}

/// Why there is no token to call with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// Nobody has signed in, or what was granted then is spent or withdrawn: `sereno login x`.
    #[error("somebody must sign in: {0}")]
    SignIn(String),
    /// The file cannot be used.
    #[error("{0}")]
    File(String),
    /// Try again.
    #[error("{0}")]
    NotNow(String),
}

/// The tokens of one account.
pub struct Tokens {
    app: App,
    file: PathBuf,
    clock: Clock,
    now: Mutex<Now>,
    /// One exchange at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Now {
    kept: Option<Kept>,
    tried: Time,
}

impl Tokens {
    /// Reads what there is; none at all is well: nobody has signed in yet.
    ///
    /// # Errors
    /// The file is damaged, or another app's.
    pub fn open(app: App, file: PathBuf, clock: Clock) -> Result<Arc<Tokens>, NoToken> {
        let tokens = Tokens::anew(app, file, clock);
        tokens.take_kept()?;
        Ok(tokens)
    }

    /// Reads nothing yet: what stands there is taken when a token is asked for, and replaced when somebody signs in.
    #[must_use]
    pub fn anew(app: App, file: PathBuf, clock: Clock) -> Arc<Tokens> {
        Arc::new(Tokens { app, file, clock, now: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// Whose they are, by the id on X.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.now().kept.as_ref().map(|kept| kept.user.clone())
    }

    /// What they should allow and do not.
    #[must_use]
    pub fn missing_scopes(&self) -> Vec<&'static str> {
        let now = self.now();
        let allowed = now.kept.as_ref().map(|kept| kept.scopes.as_slice()).unwrap_or_default();
        SCOPES.into_iter().filter(|scope| !allowed.iter().any(|a| a == scope)).collect()
    }

    /// Keeps what a person's signing in granted.
    ///
    /// # Errors
    /// It could not be written, or holds no refresh token.
    pub async fn signed_in(&self, user: &str, granted: &Granted) -> Result<(), NoToken> {
        let _turn = self.turn.lock().await;
        let _held = tokenfile::hold(&self.file, PATIENCE).await.map_err(|e| self.unwritable(&e))?;
        let kept =
            self.kept(user, granted).ok_or_else(|| NoToken::SignIn("X gave no refresh token: offline.access was not allowed".into()))?;
        write_apart(&self.file, &kept).await.map_err(|e| self.unwritable(&e))?;
        *self.now() = Now { kept: Some(kept), tried: Time::default() };
        Ok(())
    }

    /// The token to call with, renewed where it is time. `exchange` posts a form and reads the answer.
    ///
    /// # Errors
    /// There is none that serves.
    pub async fn access<F>(self: &Arc<Self>, exchange: impl FnOnce(Form) -> F + Send + 'static) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>> + Send + 'static,
    {
        let (now, known) = (self.clock.now(), self.current());
        match known {
            Some((access, expires)) if expires.since(now) >= AHEAD_MS || self.tried_lately(now) && expires > now => Ok(access),
            _ => self.renew(None, exchange).await,
        }
    }

    /// X refused this token before its time: another one.
    ///
    /// # Errors
    /// There is none that serves.
    pub async fn after_refusal<F>(
        self: &Arc<Self>,
        refused: &SecretString,
        exchange: impl FnOnce(Form) -> F + Send + 'static,
    ) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>> + Send + 'static,
    {
        self.renew(Some(refused), exchange).await
    }

    /// Until what is being exchanged is kept.
    pub async fn settled(&self) {
        drop(self.turn.lock().await);
    }

    async fn renew<F>(
        self: &Arc<Self>,
        refused: Option<&SecretString>,
        exchange: impl FnOnce(Form) -> F + Send + 'static,
    ) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>> + Send + 'static,
    {
        let (tokens, refused) = (Arc::clone(self), refused.cloned());
        // Whoever asks may give up before X answers. What X grants is kept all the same: the old refresh token is spent.
        let renewed = tokio::spawn(async move { tokens.renewed(refused.as_ref(), exchange).await });
        match renewed.await {
            Ok(renewed) => renewed,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(NoToken::NotNow("sereno stops".into())),
        }
    }

    async fn renewed<F>(&self, refused: Option<&SecretString>, exchange: impl FnOnce(Form) -> F) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>>,
    {
        let _turn = self.turn.lock().await;
        // What cannot be kept is not asked for: the refresh token would be spent, and its heir lost with the process.
        let held = tokenfile::hold(&self.file, PATIENCE).await;
        self.take_kept()?;
        let now = self.clock.now();
        let serves = self
            .current()
            .filter(|(access, expires)| *expires > now && refused.is_none_or(|r| r.expose_secret() != access.expose_secret()));
        if let Some((access, expires)) = &serves
            && (expires.since(now) >= AHEAD_MS || refused.is_some())
        {
            // Somebody else renewed it while we waited.
            return Ok(access.clone());
        }
        self.now().tried = now;
        let Some(before) = self.now().kept.clone() else { return Err(NoToken::SignIn("nobody has signed in yet".into())) };
        let or_old = |trouble: NoToken| serves.map_or(Err(trouble), |(access, _)| Ok(access));
        let _held = match held {
            Ok(held) => held,
            Err(error) => return or_old(self.unwritable(&error)),
        };
        let granted = match exchange(self.app.refresh(&before.refresh.clone().into())).await {
            Ok(granted) => granted,
            Err(NotGranted::NotNow(why)) => return or_old(NoToken::NotNow(why)),
            Err(NotGranted::Spent(why) | NotGranted::App(why)) => return or_old(NoToken::SignIn(why)),
        };
        let kept = self.kept(&before.user, &granted).ok_or_else(|| NoToken::SignIn("X gave no refresh token".into()))?;
        if let Err(error) = write_apart(&self.file, &kept).await {
            // Used all the same: the old refresh token is spent by now.
            tracing::error!(file = %self.file.display(), %error, "the new tokens of X could not be written: after a restart somebody must sign in");
        }
        *self.now() = Now { kept: Some(kept), tried: Time::default() };
        Ok(granted.access)
    }

    fn kept(&self, user: &str, granted: &Granted) -> Option<Kept> {
        Some(Kept {
            version: VERSION,
            app: self.app_hash(),
            user: user.to_owned(),
            access: granted.access.expose_secret().to_owned(),
            refresh: granted.refresh.as_ref()?.expose_secret().to_owned(),
            expires: granted.expires,
            scopes: granted.scopes.clone(),
        })
    }

    fn app_hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.app.client_id.as_bytes()))
    }

    fn current(&self) -> Option<(SecretString, Time)> {
        self.now().kept.as_ref().map(|kept| (kept.access.clone().into(), kept.expires))
    }

    fn tried_lately(&self, now: Time) -> bool {
        now.since(self.now().tried) < AGAIN_MS
    }

    /// Takes what the file has, where that is newer: another process may have been at it.
    fn take_kept(&self) -> Result<(), NoToken> {
        let Some(kept) = read(&self.file)? else { return Ok(()) };
        if kept.app != self.app_hash() {
            return Err(NoToken::SignIn(format!("{} holds tokens for another app", self.file.display())));
        }
        let mut now = self.now();
        // Whoever runs knows itself as the account that it began as: what it reads, decided and sends is that one's.
        if now.kept.as_ref().is_some_and(|known| known.user != kept.user) {
            let file = self.file.display();
            return Err(NoToken::SignIn(format!("{file} holds another account's tokens by now: start sereno again to go on as that one")));
        }
        if kept.is_after(now.kept.as_ref()) {
            now.kept = Some(kept);
        }
        Ok(())
    }

    fn unwritable(&self, error: &io::Error) -> NoToken {
        NoToken::File(format!("{}: {error}", self.file.display()))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> Result<Option<Kept>, NoToken> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(NoToken::File(format!("{}: {e}", file.display()))),
    };
    let damaged = |_| NoToken::SignIn(format!("{} is damaged", file.display()));
    let kept: Kept = serde_json::from_str(&text).map_err(damaged)?;
    if kept.version != VERSION {
        return Err(NoToken::File(format!("{} is of a newer version of sereno", file.display())));
    }
    Ok(Some(kept))
}

async fn write_apart(file: &Path, kept: &Kept) -> io::Result<()> {
    let (file, kept) = (file.to_owned(), kept.clone());
    let work = move || {
        let text = zeroize::Zeroizing::new(serde_json::to_string(&kept).map_err(io::Error::other)?);
        tokenfile::write(&file, &text)
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
