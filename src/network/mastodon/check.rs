//! What is wrong with an account's set-up.

use super::MastodonAccount;
use super::api::{Call, Share, Trouble};
use crate::network::Finding;
use crate::say::Say;
use reqwest::Method;
use serde_json::json;

impl MastodonAccount {
    /// See [`crate::network::NetworkAccount::check`].
    pub(super) async fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(trouble) = self.instance().await {
            findings.push(self.unreachable(&trouble));
            return findings;
        }
        let ready = match self.sign_in().await {
            Ok(ready) => ready,
            Err(Trouble::Status { code: 401 | 403, words, .. }) => {
                findings.push(self.finding(false, Say::new("check-mastodon-token").text("why", words)));
                return findings;
            }
            Err(trouble) => {
                findings.push(self.unreachable(&trouble));
                return findings;
            }
        };
        let account = Say::new("check-mastodon-account").text("handle", ready.me.handle.clone());
        findings.push(self.finding(true, account.number("length", ready.capabilities.max_length as u64)));
        self.check_scopes(&ready.me.id, &mut findings).await;
        if let Some(host) = &ready.shunned {
            findings.push(self.finding(false, Say::new("check-mastodon-streaming-host").text("host", host)));
        }
        match self.try_streaming(&ready).await {
            Ok(()) => findings.push(self.finding(true, Say::new("check-mastodon-streaming"))),
            Err(why) => findings.push(self.finding(false, Say::new("check-mastodon-no-streaming").text("why", why))),
        }
        findings
    }

    async fn check_scopes(&self, me: &str, findings: &mut Vec<Finding>) {
        let one = |call: Call<'static>| call.query("limit", "1").share(Share::Read);
        let statuses = Call::get(&["api", "v1", "accounts", me, "statuses"]).query("limit", "1").share(Share::Read);
        // An empty status is refused as such where the token may post, and for the scope where it may not.
        // In private, for a server that takes it all the same.
        let nothing = Call {
            method: Method::POST,
            body: Some(json!({ "status": "", "visibility": "direct" })),
            share: Share::Post,
            ..Call::get(&["api", "v1", "statuses"])
        };
        let mut probes = vec![
            ("read:notifications", self.api.call(one(Call::get(&["api", "v1", "notifications"]))).await),
            ("read:statuses", self.api.call(statuses).await),
            ("write:statuses", self.api.call(nothing).await),
        ];
        if self.listening().rules.iter().any(|r| !r.keywords.is_empty()) {
            let search = one(Call::get(&["api", "v2", "search"])).query("q", "sereno").query("type", "statuses");
            probes.push(("read:search", self.api.call(search).await));
        }
        for (scope, answer) in probes {
            let finding = match answer {
                Ok(_) | Err(Trouble::Status { code: 422, .. }) => self.finding(true, Say::new("check-mastodon-scope").text("scope", scope)),
                Err(Trouble::Status { code: 401 | 403, .. }) => {
                    self.finding(false, Say::new("check-mastodon-no-scope").text("scope", scope))
                }
                Err(Trouble::Status { code: 400 | 404 | 405 | 501, .. }) if scope == "read:search" => {
                    self.finding(false, Say::new("check-mastodon-no-search"))
                }
                Err(trouble) => self.unreachable(&trouble),
            };
            findings.push(finding);
        }
    }

    fn unreachable(&self, trouble: &Trouble) -> Finding {
        let code = match trouble {
            Trouble::Malformed(_) | Trouble::TooLong { .. } | Trouble::Status { code: 300..=499, .. } => "check-mastodon-not-api",
            _ => "check-mastodon-unreachable",
        };
        self.finding(false, Say::new(code).text("url", self.api.base().as_str()).text("why", trouble.words()))
    }

    fn finding(&self, ok: bool, detail: Say) -> Finding {
        Finding { ok, what: format!("account.{}", self.account), detail }
    }
}
