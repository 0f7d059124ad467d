//! `sereno login x`: a person lets the app act as the brand account, once.

use super::account::Settings;
use super::api::{Api, Call, Trouble};
use super::auth::tokens::{NoToken, Tokens};
use super::auth::{Attempt, Denied, NotGranted};
use super::wire::{One, User};
use crate::clock::Clock;
use crate::network::NetError;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Where people are asked.
const AUTHORISE: &str = "https://x.com/i/oauth2/authorize";

/// Who was signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// With `@`.
    pub handle: String,
    /// What is needed and was not allowed.
    pub missing: Vec<&'static str>,
}

/// Why nobody was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotIn {
    /// It is another account than the one that the tokens are of: its handle.
    Other(String),
    /// Whose tokens stand there cannot be told: its handle, and why.
    Unreadable(String, String),
    /// Another account of `bot.toml` is signed in as this one: its handle, and that account's name.
    Twice(String, String),
    /// X does not let it in, or cannot be asked now.
    Refused(String),
    /// The tokens could not be kept.
    NotKept(String),
}

/// One attempt.
pub struct Login {
    settings: Settings,
    api: Api,
    attempt: Attempt,
    clock: Clock,
}

impl Login {
    /// Begins, with fresh randomness.
    ///
    /// # Errors
    /// There is no HTTP client to be had.
    pub fn new(settings: Settings, redirect: Url, random: &[u8; 64], clock: Clock) -> Result<Login, NetError> {
        let tokens = Tokens::anew(settings.app.clone(), settings.tokens.clone(), clock);
        let wait = Duration::from_millis;
        let api = Api::new(settings.base_url.clone(), tokens, wait(settings.connect_ms), wait(settings.request_ms), clock)?;
        Ok(Login { settings, api, attempt: Attempt::new(random, redirect), clock })
    }

    /// The address that a person opens, signed in as the brand account.
    ///
    /// # Panics
    /// Never: the address of X is one.
    #[must_use]
    pub fn address(&self) -> Url {
        self.attempt.address(&Url::parse(AUTHORISE).expect("an address"), &self.settings.app)
    }

    /// The code in the address that the browser came back to.
    ///
    /// # Errors
    /// When there is none of this attempt.
    pub fn code(&self, returned: &Url) -> Result<SecretString, Denied> {
        self.attempt.code(returned)
    }

    /// Whose tokens a file holds.
    fn user_in(&self, file: &Path) -> Result<Option<String>, NoToken> {
        Ok(Tokens::open(self.settings.app.clone(), file.to_owned(), self.clock)?.user())
    }

    /// Gets the tokens for the code and keeps them. `replace`: also where they are another account's than before, or nobody
    /// can tell whose they were. `others`: the other accounts, by name, and their files.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn finish(&self, code: &SecretString, replace: bool, others: &[(String, PathBuf)]) -> Result<SignedIn, NotIn> {
        let form = self.attempt.exchange(&self.settings.app, code);
        let granted = self.api.exchange(form).await.map_err(|e: NotGranted| NotIn::Refused(e.to_string()))?;
        let asked = self.api.json_with::<One<User>>(&Call::get("me", &["2", "users", "me"]), &granted.access).await;
        let me = asked.and_then(|one| one.data.ok_or_else(|| Trouble::Malformed("nobody in it".into())));
        let me = me.map_err(|trouble| NotIn::Refused(trouble.words()))?;
        let handle = format!("@{}", me.username);
        if !replace {
            match self.user_in(&self.settings.tokens) {
                Ok(Some(before)) if before != me.id => return Err(NotIn::Other(handle)),
                Ok(_) => {}
                // Whose they were nobody can tell.
                Err(why) => return Err(NotIn::Unreadable(handle, why.to_string())),
            }
        }
        // One brand account is one account here: each mention would come twice.
        if let Some((name, _)) = others.iter().find(|(_, file)| self.user_in(file).is_ok_and(|user| user.as_ref() == Some(&me.id))) {
            return Err(NotIn::Twice(handle, name.clone()));
        }
        self.api.tokens().signed_in(&me.id, &granted).await.map_err(|e: NoToken| NotIn::NotKept(e.to_string()))?;
        Ok(SignedIn { handle, missing: granted.missing() })
    }
}
