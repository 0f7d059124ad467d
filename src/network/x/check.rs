//! What `sereno check` finds of an account on X: whether it is signed in, what its app's plan has, and whether X sends to us.

use super::account::XAccount;
use super::api::Trouble;
use crate::network::Finding;
use crate::say::Say;
use secrecy::SecretString;
use std::os::unix::fs::PermissionsExt as _;
use url::Url;

impl XAccount {
    /// See [`crate::network::NetworkAccount::check`].
    pub(super) async fn look_over(&self) -> Vec<Finding> {
        let me = match self.sign_in().await {
            Ok(me) => me,
            Err(trouble @ (Trouble::NoToken(_) | Trouble::Status { code: 401 | 403, .. })) => {
                let say = Say::new("check-x-sign-in").text("why", trouble.words());
                return vec![self.finding(false, say)];
            }
            Err(trouble) => return vec![self.unreachable(&trouble)],
        };
        let mut findings = vec![self.finding(true, Say::new("check-x-account").text("handle", format!("@{}", me.username)))];
        let missing = self.api.tokens().missing_scopes();
        if !missing.is_empty() {
            findings.push(self.finding(false, Say::new("check-x-scopes").text("scopes", missing.join(", "))));
        }
        findings.extend(self.tokens_for_all());
        if self.settings.app_token.is_some() {
            findings.extend(self.plan().await);
        }
        findings
    }

    /// Whether others on this machine can read the tokens. We write them for ourselves alone; a copy may have lost that.
    fn tokens_for_all(&self) -> Option<Finding> {
        let mode = std::fs::metadata(&self.settings.tokens).ok()?.permissions().mode();
        let say = || Say::new("check-x-tokens-open").text("file", self.settings.tokens.display().to_string());
        (mode & 0o077 != 0).then(|| self.finding(false, say()))
    }

    /// What the app may do by itself. To open a stream would take it from a running bot: only what stands beside it is asked for.
    async fn plan(&self) -> Vec<Finding> {
        let token = match self.app_token().await {
            Ok(token) => token,
            Err(trouble @ Trouble::Status { .. }) => {
                return vec![self.finding(false, Say::new("check-x-app").text("why", trouble.words()))];
            }
            Err(trouble) => return vec![self.unreachable(&trouble)],
        };
        let mut findings = Vec::new();
        if !self.listening().rules.is_empty() {
            findings.extend(self.without("check-x-no-filtered", self.rules_there(&token).await.err()));
        }
        findings.extend(self.without("check-x-no-activity", self.subscriptions(&token).await.err()));
        if let Some(address) = &self.settings.hook {
            findings.push(self.reached(address, &token).await);
        }
        findings
    }

    /// What a plan lacks is no mistake: reading finds it later.
    fn without(&self, code: &str, trouble: Option<Trouble>) -> Option<Finding> {
        match trouble? {
            Trouble::Status { code: 400 | 403 | 404, words, .. } => Some(self.finding(true, Say::new(code).text("why", words))),
            Trouble::Status { code: 401, words, .. } => Some(self.finding(false, Say::new("check-x-app").text("why", words))),
            trouble => Some(self.unreachable(&trouble)),
        }
    }

    /// Whether X sends to our address.
    async fn reached(&self, address: &Url, token: &SecretString) -> Finding {
        let said = |code: &str| Say::new(code).text("url", address.as_str());
        match self.registered(address, token).await {
            Ok(Some(webhook)) if webhook.valid => self.finding(true, said("check-x-webhook")),
            Ok(Some(_)) => self.finding(false, said("check-x-webhook-lost")),
            Ok(None) => self.finding(true, said("check-x-webhook-new")),
            Err(Trouble::Status { code: 400..=499, words, .. }) => self.finding(false, said("check-x-no-webhook").text("why", words)),
            Err(trouble) => self.unreachable(&trouble),
        }
    }

    fn unreachable(&self, trouble: &Trouble) -> Finding {
        let url = self.settings.base_url.as_str();
        self.finding(false, Say::new("check-x-unreachable").text("url", url).text("why", trouble.words()))
    }
}
