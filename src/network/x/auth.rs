//! How sereno proves to X who it is: OAuth 2 with PKCE, by which a person lets the app act as the brand account once
//! (`sereno login x`), and app-only and OAuth 1.0a ([`oauth1`]) for the calls that take nothing else. Pure: randomness
//! and time come from outside; [`tokens`] keeps what was granted.
//!
//! Source: docs.x.com/fundamentals/authentication; RFC 6749, RFC 7636.

pub mod oauth1;
pub mod tokens;

use crate::clock::{SECOND_MS, Time};
use crate::network::x::wire;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

/// What the brand account is asked to allow. Without `offline.access` there would be no refresh token.
pub const SCOPES: [&str; 7] = ["tweet.read", "tweet.write", "users.read", "dm.read", "dm.write", "media.write", "offline.access"];

/// The app as X knows it.
#[derive(Clone, Debug)]
pub struct App {
    /// Its OAuth 2 client id.
    pub client_id: String,
    /// Its secret; apps that run on people's own machines have none.
    pub client_secret: Option<SecretString>,
}

/// What is posted to the address of tokens.
pub struct Form {
    /// The fields, secrets among them.
    pub fields: Vec<(&'static str, SecretString)>,
    /// The value of the header `authorization`.
    pub authorization: Option<SecretString>,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Form").field("fields", &names).finish_non_exhaustive()
    }
}

impl App {
    fn form(&self, mut fields: Vec<(&'static str, SecretString)>) -> Form {
        let authorization = self.client_secret.as_ref().map(|secret| basic(&self.client_id, secret));
        if authorization.is_none() {
            fields.push(("client_id", self.client_id.clone().into()));
        }
        Form { fields, authorization }
    }

    /// Asks for new tokens; the refresh token serves this once.
    #[must_use]
    pub fn refresh(&self, refresh: &SecretString) -> Form {
        self.form(vec![("grant_type", "refresh_token".to_owned().into()), ("refresh_token", refresh.clone())])
    }
}

/// Asks for the token of the app itself, which streams want: with the consumer key and its secret.
#[must_use]
pub fn app_only(consumer: &oauth1::Pair) -> Form {
    let fields = vec![("grant_type", "client_credentials".to_owned().into())];
    Form { fields, authorization: Some(basic(&consumer.key, &consumer.secret)) }
}

fn basic(id: &str, secret: &SecretString) -> SecretString {
    let both = zeroize::Zeroizing::new(format!("{}:{}", oauth1::encoded(id), oauth1::encoded(secret.expose_secret())));
    format!("Basic {}", BASE64.encode(both.as_bytes())).into()
}

/// One try to be let in, from the address that a person opens to the code that comes back.
pub struct Attempt {
    verifier: SecretString,
    state: SecretString,
    redirect: Url,
}

/// Why what came back lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It answers no question of ours: an old page, or somebody else's doing.
    #[error("it does not belong to this attempt")]
    Foreign,
    /// The person said no.
    #[error("access was refused on X")]
    Refused,
    /// There is no code in it.
    #[error("it holds no code")]
    Incomplete,
}

impl Attempt {
    /// Begins, with fresh randomness: half of it is for the proof, half for the mark by which the answer is known.
    #[must_use]
    pub fn new(random: &[u8; 64], redirect: Url) -> Attempt {
        let (verifier, state) = random.split_at(32);
        Attempt { verifier: BASE64URL_NOPAD.encode(verifier).into(), state: BASE64URL_NOPAD.encode(state).into(), redirect }
    }

    /// The address that a person opens, signed in as the brand account.
    #[must_use]
    pub fn address(&self, authorise: &Url, app: &App) -> Url {
        let mut address = authorise.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &app.client_id)
            .append_pair("redirect_uri", self.redirect.as_str())
            .append_pair("scope", &SCOPES.join(" "))
            .append_pair("state", self.state.expose_secret())
            .append_pair("code_challenge", &challenge(&self.verifier))
            .append_pair("code_challenge_method", "S256");
        address
    }

    /// The code in the address that the browser was sent back to.
    ///
    /// # Errors
    /// When there is none of this attempt.
    pub fn code(&self, returned: &Url) -> Result<SecretString, Denied> {
        let one = |name: &str| returned.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        // Compared by their hashes: how long that takes tells nothing of the state.
        let hash = |text: &str| Sha256::digest(text.as_bytes());
        if one("state").is_none_or(|state| hash(&state) != hash(self.state.expose_secret())) {
            return Err(Denied::Foreign);
        }
        if one("error").is_some() {
            return Err(Denied::Refused);
        }
        one("code").filter(|code| !code.is_empty()).map(SecretString::from).ok_or(Denied::Incomplete)
    }

    /// Asks for tokens for the code.
    #[must_use]
    pub fn exchange(&self, app: &App, code: &SecretString) -> Form {
        app.form(vec![
            ("grant_type", "authorization_code".to_owned().into()),
            ("code", code.clone()),
            ("redirect_uri", self.redirect.as_str().to_owned().into()),
            ("code_verifier", self.verifier.clone()),
        ])
    }
}

/// What the address shows of the proof (RFC 7636, S256).
fn challenge(verifier: &SecretString) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier.expose_secret().as_bytes()))
}

/// What X granted.
#[derive(Clone, Debug)]
pub struct Granted {
    /// What calls carry.
    pub access: SecretString,
    /// What new tokens are had for, once; none for the app's own.
    pub refresh: Option<SecretString>,
    /// When `access` ends.
    pub expires: Time,
    /// What it allows.
    pub scopes: Vec<String>,
}

impl Granted {
    /// What it should allow and does not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        SCOPES.into_iter().filter(|scope| !self.scopes.iter().any(|s| s == scope)).collect()
    }
}

/// How long a token lives where X does not say, in seconds.
const LIVES_S: i64 = 7_200;

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// The code or the refresh token is spent, withdrawn or wrong: somebody must sign in anew.
    #[error("X no longer takes it: {0}")]
    Spent(String),
    /// The app's own id or secret is wrong.
    #[error("X does not know the app: {0}")]
    App(String),
    /// Try again.
    #[error("{0}")]
    NotNow(String),
}

/// The answer to a [`Form`] that was posted.
///
/// # Errors
/// When it grants nothing.
pub fn read_granted(status: u16, body: &[u8], now: Time) -> Result<Granted, NotGranted> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        #[serde(default)]
        refresh_token: Option<String>,
        #[serde(default)]
        expires_in: Option<i64>,
        #[serde(default)]
        scope: Option<String>,
    }
    if status != 200 {
        let problem = wire::problem(body);
        // X says invalid_request, with 400, of a refresh token that was used before, where others say invalid_grant.
        return Err(match (status, problem.error.as_deref()) {
            (401, _) | (400, Some("invalid_client" | "unauthorized_client")) => NotGranted::App(problem.words().to_owned()),
            // How it words a wrong consumer key or secret (its error 99).
            (403, _) if problem.words().contains("verify your credentials") => NotGranted::App(problem.words().to_owned()),
            (400, _) => NotGranted::Spent(problem.words().to_owned()),
            _ => NotGranted::NotNow(format!("status {status}: {}", problem.words())),
        });
    }
    let unread = || NotGranted::NotNow("an answer without tokens".into());
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unread())?;
    let is_token = |token: &str| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
    if !is_token(&answer.access_token) {
        return Err(unread());
    }
    let lives = answer.expires_in.unwrap_or(LIVES_S).clamp(1, 400 * 86_400);
    Ok(Granted {
        access: answer.access_token.into(),
        refresh: answer.refresh_token.filter(|token| is_token(token)).map(Into::into),
        expires: now.plus(lives * SECOND_MS),
        scopes: answer.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests;
