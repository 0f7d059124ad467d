//! What X is asked to tell us, and where: by the activity stream, or, where our address is known from outside, by webhook.
//!
//! X keeps both on its side: an address it has made sure of (by asking it a question, CRC), and for each kind of event a
//! subscription that names the address, or none for the stream. What stands there otherwise than `bot.toml` says is made
//! right; what others that share the app asked for stays.
//!
//! Source: X's description of its API: `getWebhooks`, `createWebhooks`, `validateWebhooks`, `getActivitySubscriptions`,
//! `createActivitySubscription`, `deleteActivitySubscription`.

use super::account::XAccount;
use super::api::{Call, Trouble};
use super::wire::{Each, User};
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// What is subscribed to: what people do to us. Our own posts and what is gone is found by reading.
const EVENTS: [&str; 5] = ["post.mention.create", "post.reply.create", "post.quote.create", "dm.received", "chat.received"];
/// Subscriptions a page, the most that X gives.
const A_PAGE: &str = "1000";
/// More pages of subscriptions than an app has.
const MAX_PAGES: usize = 10;

/// An address that X sends to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) url: String,
    /// Whether it answered X's last question.
    pub(super) valid: bool,
}

#[derive(Deserialize)]
struct Webhooks {
    #[serde(default)]
    data: Each<Webhook>,
}

#[derive(Deserialize)]
struct Made {
    data: Webhook,
}

/// What X tells somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Subscription {
    subscription_id: String,
    event_type: String,
    filter: Filter,
    tag: String,
    webhook_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Filter {
    user_id: String,
}

#[derive(Deserialize)]
struct Subscriptions {
    #[serde(default)]
    data: Each<Subscription>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    next_token: Option<String>,
}

impl XAccount {
    /// Makes our address known to X, or has X ask it again where X gave it up; its id there.
    pub(super) async fn register(&self, address: &Url, token: &SecretString) -> Result<String, Trouble> {
        let Some(known) = self.registered(address, token).await? else {
            let made: Made = self.api.json_with(&posted(&["2", "webhooks"], json!({ "url": address.as_str() })), token).await?;
            return Ok(made.data.id);
        };
        if !known.valid {
            let mut call = Call::get("webhooks", &["2", "webhooks", &known.id]);
            call.method = Method::PUT;
            self.api.json_with::<Value>(&call, token).await?;
        }
        Ok(known.id)
    }

    /// What X knows of our address.
    pub(super) async fn registered(&self, address: &Url, token: &SecretString) -> Result<Option<Webhook>, Trouble> {
        let call = Call::get("webhooks", &["2", "webhooks"]).query("webhook_config.fields", "id,url,valid");
        let all: Webhooks = self.api.json_with(&call, token).await?;
        Ok(all.data.read.into_iter().find(|w| w.url == address.as_str()))
    }

    /// Sees to it that X tells of us, to the webhook of this id or else by the stream.
    pub(super) async fn subscribe(&self, me: &User, token: &SecretString, webhook: Option<&str>) -> Result<(), Trouble> {
        let there = match self.subscriptions(token).await {
            Ok(there) => there,
            // A plan that does not show them may still take them.
            Err(Trouble::Status { code: 400 | 403 | 404, .. }) => Vec::new(),
            Err(trouble) => return Err(trouble),
        };
        let mut any = None;
        for event in EVENTS {
            let (right, elsewhere): (Vec<_>, Vec<_>) = there
                .iter()
                .filter(|s| s.event_type == event && s.filter.user_id == me.id)
                .partition(|s| s.webhook_id.as_deref() == webhook);
            for old in elsewhere.iter().filter(|s| s.tag == self.prefix()) {
                let mut call = Call::get("subscriptions", &["2", "activity", "subscriptions", &old.subscription_id]);
                call.method = Method::DELETE;
                self.api.json_with::<Value>(&call, token).await?;
            }
            if !right.is_empty() {
                any = Some(Ok(()));
                continue;
            }
            let mut wanted = json!({"event_type": event, "filter": {"user_id": me.id}, "tag": self.prefix()});
            if let Some(id) = webhook {
                wanted["webhook_id"] = id.into();
            }
            match self.api.call(&posted(&["2", "activity", "subscriptions"], wanted)).await {
                Ok(_) => any = Some(Ok(())),
                // Another program that shares the app asked for the same, or it stands there and was not shown.
                Err(Trouble::Status { code: 400 | 409, words, .. }) if words.contains("uplicate") => any = Some(Ok(())),
                // A plan may have some of them.
                Err(trouble @ Trouble::Status { code: 400 | 403, .. }) => any = any.or(Some(Err(trouble))),
                Err(trouble) => return Err(trouble),
            }
        }
        any.unwrap_or(Ok(()))
    }

    /// What X tells anybody by this app.
    pub(super) async fn subscriptions(&self, token: &SecretString) -> Result<Vec<Subscription>, Trouble> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let mut call = Call::get("subscriptions-list", &["2", "activity", "subscriptions"]).query("max_results", A_PAGE);
            if let Some(next) = next {
                call = call.query("pagination_token", next);
            }
            let page: Subscriptions = self.api.json_with(&call, token).await?;
            all.extend(page.data.read);
            next = page.meta.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// What the tags of our own rules and subscriptions begin with: others may share the app.
    pub(super) fn prefix(&self) -> String {
        format!("sereno/{}/", self.account)
    }
}

fn posted<'a>(path: &[&'a str], body: Value) -> Call<'a> {
    let endpoint = if path.last() == Some(&"webhooks") { "webhooks" } else { "subscriptions" };
    Call { method: Method::POST, body: Some(body), ..Call::get(endpoint, path) }
}
