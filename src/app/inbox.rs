//! The way in to the engine: bounded, with a lane of its own for what staff wait for.

use crate::clock::Time;
use crate::engine::{Ack, Batch, Engine, Input};
use tokio::sync::{mpsc, oneshot};

/// Batches of staff and receipts that may wait.
const STAFF_WAITING: usize = 256;
/// Batches of the networks that may wait; then their sources wait.
const NET_WAITING: usize = 64;
/// Questions that may wait.
const ASKS_WAITING: usize = 64;
/// A page goes in whole; so many of them, in inputs, go into one commit.
const MOST_INPUTS: usize = 256;

/// The pump has stopped; nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bot is stopping")]
pub struct Stopped;

/// How soon a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// What staff said, and how deliveries ended.
    Staff,
    /// What the networks tell.
    Net,
}

/// A batch with the way back for its acks.
pub(super) struct Letter {
    /// What happened.
    pub batch: Batch,
    /// Told after the commit.
    pub ack: oneshot::Sender<Vec<Ack>>,
}

/// Something to be done with the engine between two commits.
pub(super) type Ask = Box<dyn FnOnce(&mut Engine, Time) + Send>;

/// The senders' ends. Cheap to clone.
#[derive(Clone)]
pub(super) struct Inbox {
    staff: mpsc::Sender<Letter>,
    net: mpsc::Sender<Letter>,
    asks: mpsc::Sender<Ask>,
}

/// The engine's end.
pub(super) struct Outlet {
    staff: mpsc::Receiver<Letter>,
    net: mpsc::Receiver<Letter>,
    /// Served even while the disk is full.
    pub asks: mpsc::Receiver<Ask>,
}

/// Both ends.
pub(super) fn inbox() -> (Inbox, Outlet) {
    let (staff, staff_rx) = mpsc::channel(STAFF_WAITING);
    let (net, net_rx) = mpsc::channel(NET_WAITING);
    let (asks, asks_rx) = mpsc::channel(ASKS_WAITING);
    (Inbox { staff, net, asks }, Outlet { staff: staff_rx, net: net_rx, asks: asks_rx })
}

impl Inbox {
    /// Hands a batch in, waiting where the lane is full; the acks come after its commit.
    ///
    /// # Errors
    /// The pump stops.
    pub async fn hand(&self, door: Door, batch: Batch) -> Result<oneshot::Receiver<Vec<Ack>>, Stopped> {
        let (ack, acked) = oneshot::channel();
        let lane = if door == Door::Staff { &self.staff } else { &self.net };
        lane.send(Letter { batch, ack }).await.map_err(|_| Stopped)?;
        Ok(acked)
    }

    /// Hands a batch in and waits for its commit.
    ///
    /// # Errors
    /// The pump stopped before the commit.
    pub async fn submit(&self, door: Door, batch: Batch) -> Result<Vec<Ack>, Stopped> {
        self.hand(door, batch).await?.await.map_err(|_| Stopped)
    }

    /// Hands one input in and waits for its commit.
    ///
    /// # Errors
    /// The pump stopped before the commit.
    pub async fn one(&self, door: Door, input: Input) -> Result<(), Stopped> {
        self.submit(door, Batch { inputs: vec![input], cursor: None }).await.map(drop)
    }

    /// Asks the engine something.
    ///
    /// # Errors
    /// The pump stopped.
    pub async fn ask<T: Send + 'static>(&self, f: impl FnOnce(&mut Engine, Time) -> T + Send + 'static) -> Result<T, Stopped> {
        let (tx, rx) = oneshot::channel();
        let ask: Ask = Box::new(move |engine, now| {
            tx.send(f(engine, now)).ok();
        });
        self.asks.send(ask).await.map_err(|_| Stopped)?;
        rx.await.map_err(|_| Stopped)
    }
}

/// What the engine woke up for.
pub(super) enum Woken {
    /// A letter.
    Letter(Letter),
    /// A question.
    Ask(Ask),
    /// The senders are gone.
    Nobody,
}

impl Outlet {
    /// The next thing, staff first.
    pub async fn next(&mut self) -> Woken {
        tokio::select! {
            biased;
            Some(letter) = self.staff.recv() => Woken::Letter(letter),
            Some(ask) = self.asks.recv() => Woken::Ask(ask),
            Some(letter) = self.net.recv() => Woken::Letter(letter),
            else => Woken::Nobody,
        }
    }

    /// What else waits, staff first, as far as it fits into one commit beside what is in `letters`.
    pub fn fill(&mut self, letters: &mut Vec<Letter>) {
        let mut inputs: usize = letters.iter().map(|l| l.batch.inputs.len().max(1)).sum();
        while inputs < MOST_INPUTS {
            let Some(letter) = self.staff.try_recv().or_else(|_| self.net.try_recv()).ok() else { break };
            inputs += letter.batch.inputs.len().max(1);
            letters.push(letter);
        }
    }

    /// Takes nothing more in; what is in already stays to be drained.
    pub fn close(&mut self) {
        self.staff.close();
        self.net.close();
    }

    /// Takes nothing more in from the networks, and drops what waits: their cursors bring it again.
    pub fn close_net(&mut self) {
        self.net.close();
        while self.net.try_recv().is_ok() {}
    }
}
