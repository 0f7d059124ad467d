//! The tokens of a brand account. They live for two hours, and each refresh token serves once: what an exchange gave is
//! written, whole and durably, to a file of mode 0600 before it is used, so that the newest is never lost.
//!
//! The bot, `sereno check` and `sereno login` may be at it at the same time. Whoever exchanges holds a lock on a file beside
//! it and reads the newest tokens under it first: what another process got is taken, and no refresh token is spent twice.

use super::{App, Form, Granted, NotGranted, SCOPES};
use crate::clock::{Clock, MINUTE_MS, SECOND_MS, Time};
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A token is renewed so long before it ends, in milliseconds.
const AHEAD_MS: i64 = 10 * MINUTE_MS;
/// A renewal that failed is not tried again sooner while the old token serves, in milliseconds.
const AGAIN_MS: i64 = 30 * SECOND_MS;
/// More than the file takes, in bytes: so much room there must be before a refresh token is spent.
const ROOM_BYTES: usize = 8_192;
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
    pub fn open(app: App, file: PathBuf, clock: Clock) -> Result<Tokens, NoToken> {
        let tokens = Tokens::anew(app, file, clock);
        tokens.take_kept()?;
        Ok(tokens)
    }

    /// Reads nothing yet: what stands there is taken when a token is asked for, and replaced when somebody signs in.
    #[must_use]
    pub fn anew(app: App, file: PathBuf, clock: Clock) -> Tokens {
        Tokens { app, file, clock, now: Mutex::default(), turn: tokio::sync::Mutex::default() }
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
        let _held = hold(&self.file).await.map_err(|e| self.unwritable(&e))?;
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
    pub async fn access<F>(&self, exchange: impl FnOnce(Form) -> F) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>>,
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
    pub async fn after_refusal<F>(&self, refused: &SecretString, exchange: impl FnOnce(Form) -> F) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>>,
    {
        self.renew(Some(refused), exchange).await
    }

    async fn renew<F>(&self, refused: Option<&SecretString>, exchange: impl FnOnce(Form) -> F) -> Result<SecretString, NoToken>
    where
        F: Future<Output = Result<Granted, NotGranted>>,
    {
        let _turn = self.turn.lock().await;
        // What cannot be kept is not asked for: the refresh token would be spent, and its heir lost with the process.
        let held = hold(&self.file).await;
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

/// Holds the right to exchange, against every other process; and shows that something can be kept there.
async fn hold(file: &Path) -> io::Result<File> {
    let (lock, beside) = (file.with_extension("lock"), file.with_extension("new"));
    let work = move || {
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(lock)?;
        lock.lock()?;
        begin(&beside)?.write_all(&[b' '; ROOM_BYTES])?;
        Ok(lock)
    };
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

async fn write_apart(file: &Path, kept: &Kept) -> io::Result<()> {
    let (file, kept) = (file.to_owned(), kept.clone());
    tokio::task::spawn_blocking(move || write(&file, &kept)).await.map_err(io::Error::other)?
}

/// Whole or not at all, and on the disk before it returns.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    let text = zeroize::Zeroizing::new(serde_json::to_string(kept).map_err(io::Error::other)?);
    let beside = file.with_extension("new");
    let mut out = begin(&beside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)?;
    match file.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// A file that is nobody else's to read, empty.
fn begin(file: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    // One that stood there before keeps its own mode.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}
