//! Bots that are broken on purpose: what the judge is for.

use super::town::Town;
use crate::case::{Outgoing, SendKind, SendState};
use crate::clock::{HOUR_MS, Time};
use crate::network::{Finding, NetError, NetworkAccount, Page};
use crate::outbox::{Look, Outcome};
use crate::policy::AccountPolicy;
use crate::post::{Account, NetEvent, PostId, PostRef};
use async_trait::async_trait;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// How the bot is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// One post never reaches the engine.
    Lose,
    /// One answer is sent twice.
    Double,
    /// One answer never gets through.
    Stuck,
}

/// The post, by its name in the story, that is lost.
const LOST: &str = "ines";
/// The public answer, by its number, that is doubled or stuck.
const NTH: usize = 3;

/// What the broken accounts of one bot share.
pub struct Plan {
    how: Sabotage,
    town: Town,
    replies: AtomicUsize,
    stuck: Mutex<Option<String>>,
}

impl Plan {
    /// A plan for one run.
    #[must_use]
    pub fn new(how: Sabotage, town: Town) -> Arc<Plan> {
        Arc::new(Plan { how, town, replies: AtomicUsize::new(0), stuck: Mutex::new(None) })
    }

    fn swallows(&self, event: &NetEvent) -> bool {
        let lost = self.town.post(LOST);
        let is_lost = |id: &PostId| self.how == Sabotage::Lose && lost.as_ref() == Some(id);
        match event {
            NetEvent::New(post) | NetEvent::Edited(post) => is_lost(&post.id),
            NetEvent::Deleted { .. } | NetEvent::Reposted { .. } | NetEvent::Engagement { .. } => false,
        }
    }

    fn is_stuck(&self, op: &str) -> bool {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(op)
    }
}

/// An account between a network and the bot that does not do all it should.
pub struct Broken {
    account: Box<dyn NetworkAccount>,
    plan: Arc<Plan>,
}

impl Broken {
    /// Breaks `account` by `plan`.
    #[must_use]
    pub fn new(account: Box<dyn NetworkAccount>, plan: Arc<Plan>) -> Broken {
        Broken { account, plan }
    }
}

#[async_trait]
impl NetworkAccount for Broken {
    fn account(&self) -> &Account {
        self.account.account()
    }
    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        self.account.prepare().await
    }
    fn streams(&self) -> Vec<String> {
        self.account.streams()
    }

    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        let mut page = self.account.poll(stream, cursor).await?;
        page.events.retain(|e| !self.plan.swallows(e));
        Ok(page)
    }

    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        let (tx, mut rx) = mpsc::channel(1);
        let sieve = async {
            while let Some(event) = rx.recv().await {
                if !self.plan.swallows(&event) && events.send(event).await.is_err() {
                    break;
                }
            }
            // Dropping the receiver tells the network that nobody listens.
            drop(rx);
        };
        tokio::join!(self.account.push(tx), sieve).0
    }

    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        let mut events = self.account.refresh(posts).await?;
        events.retain(|e| !self.plan.swallows(e));
        Ok(events)
    }

    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        let chosen = send.kind == SendKind::Reply && self.plan.replies.fetch_add(1, Ordering::SeqCst) + 1 == NTH;
        if chosen && self.plan.how == Sabotage::Stuck {
            *self.plan.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some(op.to_owned());
        }
        if self.plan.is_stuck(op) {
            return Outcome::Retry { after_ms: Some(HOUR_MS), why: "come back later".into(), lane: false };
        }
        let outcome = self.account.send(op, send, earlier).await;
        if chosen && self.plan.how == Sabotage::Double {
            return self.account.send(op, send, earlier).await;
        }
        outcome
    }

    async fn look(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time) -> Look {
        if self.plan.is_stuck(op) {
            return Look::Retry { why: "no answer".into(), after_ms: None };
        }
        self.account.look(op, send, earlier, since).await
    }

    async fn check(&self) -> Vec<Finding> {
        self.account.check().await
    }
}
