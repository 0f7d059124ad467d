//! What a network must be able to do for sereno.
//!
//! An adapter is one file or folder below this module and one row in [`crate::app`]'s table. It
//! turns its network's payloads into [`crate::post`] types and [`Outgoing`] into calls; it holds
//! no state that must outlive the process: cursors are the store's.

pub(crate) mod bounds;
mod context;
mod lenient;
pub mod mastodon;
mod spoken;
pub mod square;
pub mod x;

use crate::case::{Outgoing, SendState};
use crate::clock::Time;
use crate::cost::Costs;
use crate::media::Image;
use crate::outbox::{Look, Outcome};
use crate::policy::{AccountPolicy, ListenRule};
use crate::post::{Account, NetEvent, PostRef};
use crate::say::{Say, Why};
use async_trait::async_trait;
use axum::http::{HeaderMap, Method};
use tokio::sync::mpsc;

/// Why a call to a network gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The token is not, or no longer, good; or lacks a scope.
    #[error("not authorised: {0}")]
    Auth(String),
    /// Try again, after so many milliseconds if the network said.
    #[error("it does not work at the moment: {why}")]
    Retry {
        /// The network's own wish.
        after_ms: Option<i64>,
        /// In its words, without secrets or texts.
        why: String,
    },
    /// Trying again is pointless.
    #[error("it will not work: {0}")]
    Permanent(String),
}

impl NetError {
    /// The network's words alone.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            NetError::Auth(why) | NetError::Permanent(why) | NetError::Retry { why, .. } => why,
        }
    }
}

/// What one poll of a stream gave.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What happened, oldest first.
    pub events: Vec<NetEvent>,
    /// Where to go on from, once these are committed; `None`: unchanged.
    pub cursor: Option<String>,
    /// Whether more is waiting right now.
    pub more: bool,
    /// Whether something older is missing, and will be: there was more than the network gives, or than one reading takes.
    pub gap: bool,
}

/// A request that came to the address of an account's webhook. From anybody, until the account says that its network signed it.
#[derive(Clone, Copy, Debug)]
pub struct Knock<'a> {
    /// How it asks.
    pub method: &'a Method,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte by byte as it came.
    pub body: &'a [u8],
}

/// What a request to a webhook is.
#[derive(Clone, Debug)]
pub enum Hook {
    /// This account has no webhook.
    NotServed,
    /// The network did not send it, or it is none of this account's business.
    Refused,
    /// Not yet: we do not know who we are on the network. It will ask again.
    NotYet,
    /// The network asks whether the address is ours; this is the answer, in JSON.
    Challenge(String),
    /// What happened, from the network itself.
    Events {
        /// To be committed before it is answered.
        events: Vec<NetEvent>,
        /// Whether there is more that the request does not tell: the streams are to be read.
        read: bool,
    },
    /// The network sent it, and it could not be read.
    Odd {
        /// Why, in words without texts.
        why: String,
    },
}

/// Something that `sereno check` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether all is well.
    pub ok: bool,
    /// What was looked at, as `bot.toml` names it (`account.shop`, `chat.console`); no words.
    pub what: String,
    /// What was found, and what to do about it: a `check-*` sentence of the locales.
    pub detail: Say,
}

impl Finding {
    /// About a key of `section` of `bot.toml` (`chat.slack`); what holds a dot or a blank names itself.
    #[must_use]
    pub fn about(section: &str, what: &str, ok: bool, detail: Say) -> Finding {
        Finding { ok, what: if what.contains(['.', ' ']) { what.to_owned() } else { format!("{section}.{what}") }, detail }
    }
}

/// A brand account on a network.
#[async_trait]
pub trait NetworkAccount: Send + Sync {
    /// Its name in `bot.toml`.
    fn account(&self) -> &Account;

    /// Signs in, and learns who the account is and what its network can do.
    async fn prepare(&self) -> Result<AccountPolicy, NetError>;

    /// The streams to reconcile from, each with a cursor of its own.
    fn streams(&self) -> Vec<String>;

    /// What has happened on `stream` since `cursor` (`None`: never asked before: only set the
    /// cursor to the present and go back at most the policy's import time), oldest first. May be
    /// called again with the same cursor and must then give the same again.
    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError>;

    /// Takes over the listening rules that hold from now on; they may be the same as before.
    fn set_rules(&self, _rules: &[ListenRule]) {}

    /// The cursor with which a stream of a listening rule begins: what was written before the rule was there is not looked
    /// for, but for the policy's import time where the account itself is new (`first`). `None`: no stream of a rule.
    fn begins(&self, _stream: &str, _first: bool) -> Option<String> {
        None
    }

    /// Listens, and passes on what happens as it happens, until the connection breaks. What it
    /// misses comes by [`NetworkAccount::poll`]. A full channel slows it.
    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError;

    /// Looks posts up again: what was edited, what is gone, how it spreads.
    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError>;

    /// Sends. `op` is the same for every attempt at the same thing. `earlier` is the published
    /// send that a retraction or correction is about. Looks first that the target still stands
    /// with the version that the text was agreed on.
    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome;

    /// Sends with pictures, in their order: like [`NetworkAccount::send`], once all of them are with the network. What is in
    /// the way of one is found before anything is published, and nothing goes without its pictures.
    async fn send_with(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, pictures: &[Image]) -> Outcome {
        if pictures.is_empty() { self.send(op, send, earlier).await } else { Outcome::Refused { why: Why::ours("why-no-pictures") } }
    }

    /// Whether a send of which we do not know stands on the network. `since`: when it was first tried.
    /// `known`: the local ids of posts that are known to be other sends of its case: it is none of them,
    /// however alike.
    async fn look(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look;

    /// The bot stops: what must not be broken off comes to its end.
    async fn close(&self) {}

    /// What is wrong with the account's set-up, and what to do about it.
    async fn check(&self) -> Vec<Finding>;

    /// Whether it has a webhook. Where it has none, nothing that comes to its address is read.
    fn serves_webhook(&self) -> bool {
        false
    }

    /// What a request to the account's webhook is. Compares signatures in constant time, reads nothing of a body that the
    /// network did not sign, and waits for nothing.
    fn webhook(&self, knock: &Knock<'_>) -> Hook {
        let Knock { .. } = knock;
        Hook::NotServed
    }

    /// How many items of its streams could not be read so far and were passed over, lest they hold up the rest.
    fn passed_over(&self) -> u64 {
        0
    }

    /// What the account's month has cost so far, where its network charges and anything was charged.
    fn costs(&self) -> Option<Costs> {
        None
    }

    /// Goes on from what the month had cost when that was last noted. Called once, before anything is read or sent.
    fn restore_costs(&self, costs: &Costs) {
        let Costs { .. } = costs;
    }
}
