//! Bots that are broken on purpose: what the judge is for.

use super::town::Town;
use crate::case::{Outgoing, SendKind, SendState};
use crate::clock::{HOUR_MS, Time};
use crate::network::{Finding, NetError, NetworkAccount, Page};
use crate::outbox::{Look, Outcome};
use crate::policy::AccountPolicy;
use crate::post::{Account, NetEvent, PostId, PostRef};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
/// The post whose answer is doubled or stuck: its author does not write again, so that no newer
/// answer takes its place.
const ANSWERED: &str = "wes";

/// What the broken accounts of one bot share.
pub struct Plan {
    how: Sabotage,
    town: Town,
    doubled: AtomicBool,
}

impl Plan {
    /// A plan for one run.
    #[must_use]
    pub fn new(how: Sabotage, town: Town) -> Arc<Plan> {
        Arc::new(Plan { how, town, doubled: AtomicBool::new(false) })
    }

    fn swallows(&self, event: &NetEvent) -> bool {
        let lost = self.town.post(LOST);
        let is_lost = |id: &PostId| self.how == Sabotage::Lose && lost.as_ref() == Some(id);
        match event {
            NetEvent::New(post) | NetEvent::Edited(post) => is_lost(&post.id),
            NetEvent::Deleted { .. } | NetEvent::Reposted { .. } | NetEvent::Engagement { .. } => false,
        }
    }

    /// Whether `send` is the one to be broken in this way.
    fn breaks(&self, how: Sabotage, send: &Outgoing) -> bool {
        self.how == how && send.kind == SendKind::Reply && send.target.is_some() && send.target == self.town.post(ANSWERED)
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
        if self.plan.breaks(Sabotage::Stuck, send) {
            return Outcome::Retry { after_ms: Some(HOUR_MS), why: "come back later".into(), lane: false };
        }
        let outcome = self.account.send(op, send, earlier).await;
        let stands = matches!(outcome, Outcome::Done(_) | Outcome::Unknown { .. });
        if self.plan.breaks(Sabotage::Double, send) && stands && !self.plan.doubled.swap(true, Ordering::SeqCst) {
            return self.account.send(op, send, earlier).await;
        }
        outcome
    }

    async fn look(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        self.account.look(op, send, earlier, since, known).await
    }

    async fn check(&self) -> Vec<Finding> {
        self.account.check().await
    }
}
