//! The way in to the engine: bounded, with a lane of its own for what staff wait for.

use crate::clock::Time;
use crate::engine::{Ack, Batch, Engine, Input};
use tokio::sync::{mpsc, oneshot};

/// Batches of staff and receipts that may wait.
const STAFF_WAITING: usize = 256;
/// Batches of the networks that may wait, in each of their two lanes; then their sources wait.
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
    /// What the networks tell as it happens. It overtakes what is read back: an urgent post does
    /// not stand behind the backlog of a night. The two come by different ways in any case, in no
    /// order that could be relied on.
    Live,
    /// What is read back from the networks, a page with its cursor.
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
    live: mpsc::Sender<Letter>,
    net: mpsc::Sender<Letter>,
    asks: mpsc::Sender<Ask>,
}

/// The engine's end.
pub(super) struct Outlet {
    staff: mpsc::Receiver<Letter>,
    live: mpsc::Receiver<Letter>,
    net: mpsc::Receiver<Letter>,
    /// Served even while the disk is full.
    pub asks: mpsc::Receiver<Ask>,
}

/// Both ends.
pub(super) fn inbox() -> (Inbox, Outlet) {
    let (staff, staff_rx) = mpsc::channel(STAFF_WAITING);
    let (live, live_rx) = mpsc::channel(NET_WAITING);
    let (net, net_rx) = mpsc::channel(NET_WAITING);
    let (asks, asks_rx) = mpsc::channel(ASKS_WAITING);
    (Inbox { staff, live, net, asks }, Outlet { staff: staff_rx, live: live_rx, net: net_rx, asks: asks_rx })
}

impl Inbox {
    /// Hands a batch in, waiting where the lane is full; the acks come after its commit.
    ///
    /// # Errors
    /// The pump stops.
    pub async fn hand(&self, door: Door, batch: Batch) -> Result<oneshot::Receiver<Vec<Ack>>, Stopped> {
        let (ack, acked) = oneshot::channel();
        let lane = match door {
            Door::Staff => &self.staff,
            Door::Live => &self.live,
            Door::Net => &self.net,
        };
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
    /// The next thing: staff first, then what happens now, then what is read back.
    pub async fn next(&mut self) -> Woken {
        tokio::select! {
            biased;
            Some(letter) = self.staff.recv() => Woken::Letter(letter),
            Some(ask) = self.asks.recv() => Woken::Ask(ask),
            Some(letter) = self.live.recv() => Woken::Letter(letter),
            Some(letter) = self.net.recv() => Woken::Letter(letter),
            else => Woken::Nobody,
        }
    }

    /// What else waits, in the order of [`Outlet::next`], as far as it fits into one commit beside
    /// what is in `letters`; and always a page of what is read back, so that no flood of news keeps
    /// a cursor from moving.
    pub fn fill(&mut self, letters: &mut Vec<Letter>) {
        let mut inputs: usize = letters.iter().map(|l| l.batch.inputs.len().max(1)).sum();
        let mut page = self.net.try_recv().ok();
        inputs += page.as_ref().map_or(0, |l| l.batch.inputs.len().max(1));
        while inputs < MOST_INPUTS {
            let next = self.staff.try_recv().or_else(|_| self.live.try_recv()).ok();
            let Some(letter) = next.or_else(|| page.take().or_else(|| self.net.try_recv().ok())) else { break };
            inputs += letter.batch.inputs.len().max(1);
            letters.push(letter);
        }
        letters.extend(page);
    }

    /// Takes nothing more in; what is in already stays to be drained.
    pub fn close(&mut self) {
        self.staff.close();
        self.live.close();
        self.net.close();
    }

    /// Takes nothing more in from the networks, and drops what waits: their cursors bring it again.
    pub fn close_net(&mut self) {
        for lane in [&mut self.live, &mut self.net] {
            lane.close();
            while lane.try_recv().is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Account;

    /// A batch of `n` inputs that is told from others by its account.
    fn batch(name: &str, n: usize) -> Batch {
        Batch { inputs: vec![Input::Reconciled(Account::from(name)); n], cursor: None }
    }

    fn names(letters: &[Letter]) -> Vec<String> {
        let name = |l: &Letter| match l.batch.inputs.first() {
            Some(Input::Reconciled(account)) => account.to_string(),
            other => panic!("{other:?}"),
        };
        letters.iter().map(name).collect()
    }

    async fn next(outlet: &mut Outlet) -> Vec<Letter> {
        let Woken::Letter(first) = outlet.next().await else { panic!("no letter") };
        let mut letters = vec![first];
        outlet.fill(&mut letters);
        letters
    }

    #[tokio::test]
    async fn news_overtake_what_is_read_back_and_staff_overtake_both() {
        let (inbox, mut outlet) = inbox();
        for (door, name) in [(Door::Net, "page-1"), (Door::Net, "page-2"), (Door::Live, "news"), (Door::Staff, "staff")] {
            drop(inbox.hand(door, batch(name, 1)).await);
        }
        assert_eq!(names(&next(&mut outlet).await), ["staff", "news", "page-1", "page-2"]);
    }

    #[tokio::test]
    async fn a_flood_of_news_does_not_keep_cursors_from_moving() {
        let (inbox, mut outlet) = inbox();
        for n in 0..20 {
            drop(inbox.hand(Door::Live, batch(&format!("news-{n}"), 64)).await);
        }
        for n in 0..3 {
            drop(inbox.hand(Door::Net, batch(&format!("page-{n}"), 40)).await);
        }
        for n in 0..3 {
            let taken = names(&next(&mut outlet).await);
            assert!(taken.contains(&format!("page-{n}")) && taken[0].starts_with("news"), "{taken:?}");
            assert!(taken.len() <= 6, "a commit stays bounded: {taken:?}");
        }
    }

    #[tokio::test]
    async fn what_waits_of_the_networks_is_dropped_when_the_bot_stops() {
        let (inbox, mut outlet) = inbox();
        let news = inbox.hand(Door::Live, batch("news", 1)).await.expect("it is open");
        let page = inbox.hand(Door::Net, batch("page", 1)).await.expect("it is open");
        outlet.close_net();
        assert!(news.await.is_err() && page.await.is_err(), "neither was acked");
        assert!(inbox.hand(Door::Live, batch("more", 1)).await.is_err());
    }
}
