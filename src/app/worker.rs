//! The engine's own thread: drains the inbox, commits, acks, and gives deliveries out.
//!
//! The store blocks, so this is a plain thread; it waits on the runtime's channels. What it must
//! never do is ack before a commit: letters whose commit failed are kept and tried again as they
//! stand, while nothing else is taken and the sources wait.

use super::Ended;
use super::inbox::{Letter, Outlet, Woken};
use crate::clock::{Clock, MINUTE_MS, SECOND_MS, Time};
use crate::engine::{Batch, Delivery, Engine, Input};
use crate::network::NetworkAccount;
use crate::store::StoreError;
use crate::telemetry::Metrics;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A commit that failed is tried again after so long, in the clock's time.
const STORE_RETRY_MS: i64 = SECOND_MS;
/// So many tries, about a minute, and a store that says no for another reason than a full disk is
/// not waited for any longer: opening it anew is what may help, and that is a supervisor's to do.
const STORE_TRIES: u32 = 60;
/// A commit that somebody else's write came before is decided anew so often: an erasure by the
/// operator. What has not ended by then is no race but damage.
const CONFLICT_TRIES: u32 = 8;
/// Figures are taken this often: counting walks the whole outbox.
const MEASURE_EVERY_MS: i64 = 5 * SECOND_MS;
/// The team hears of a full disk this often.
const ALARM_EVERY_MS: i64 = 10 * MINUTE_MS;

/// Something that the team must hear at once, although no commit stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The store takes nothing.
    Store(StoreError),
    /// It takes again.
    StoreBack,
}

/// What the worker shares with the tasks around it.
pub(super) struct Worker {
    pub engine: Engine,
    /// Asked at the end what they have cost.
    pub accounts: Vec<Arc<dyn NetworkAccount>>,
    pub clock: Clock,
    pub outlet: Outlet,
    pub deliveries: mpsc::UnboundedSender<Delivery>,
    pub alarms: mpsc::Sender<Alarm>,
    pub reload: mpsc::Sender<()>,
    pub stop: watch::Receiver<bool>,
    /// Deliveries given out whose receipts were not taken in yet.
    pub flying: Arc<watch::Sender<usize>>,
    /// Unfinished entries of the outbox, told after each turn.
    pub turn: watch::Sender<usize>,
    pub metrics: Arc<Metrics>,
    pub alarmed: Option<Time>,
    pub measured: Option<Time>,
}

impl Worker {
    /// Turns until told to stop, or until the store is damaged.
    pub fn run(mut self, runtime: &tokio::runtime::Handle) -> Ended {
        loop {
            if *self.stop.borrow() {
                return self.drain(runtime);
            }
            let woken = runtime.block_on(self.wait());
            let done = match woken {
                Some(Woken::Letter(letter)) => self.take(letter, runtime),
                Some(Woken::Ask(ask)) => {
                    ask(&mut self.engine, self.clock.now());
                    Ok(())
                }
                Some(Woken::Nobody) => return Ended::Stopped,
                None => Ok(()),
            };
            if let Err(ended) = done.and_then(|()| self.give_out(runtime)) {
                return ended;
            }
            self.turn.send_replace(self.engine.unfinished());
            self.measure();
        }
    }

    /// The next thing; `None`: the time has come to look what is due, or the bot is to stop.
    async fn wait(&mut self) -> Option<Woken> {
        let due = self.engine.next_due(self.clock.now()).map(|at| self.clock.until(at));
        let pause = due.unwrap_or_else(|| self.clock.real(MINUTE_MS)).max(super::LEAST_PAUSE);
        tokio::select! {
            biased;
            _ = self.stop.changed() => None,
            woken = self.outlet.next() => Some(woken),
            () = tokio::time::sleep(pause) => None,
        }
    }

    /// Commits a letter and all that waits behind it, then acks.
    fn take(&mut self, first: Letter, runtime: &tokio::runtime::Handle) -> Result<(), Ended> {
        let mut letters = vec![first];
        self.outlet.fill(&mut letters);
        let batches: Vec<Batch> = letters.iter_mut().map(|l| std::mem::take(&mut l.batch)).collect();
        let began = std::time::Instant::now();
        let acks = self.insist(runtime, |engine, now| engine.take(now, &batches))?;
        self.metrics.committed(batches.iter().map(|b| b.inputs.len()).sum(), began.elapsed());
        for (letter, acks) in letters.into_iter().zip(acks) {
            // Whoever asked may be gone; the commit stands all the same.
            letter.ack.send(acks).ok();
        }
        if self.engine.reload_wanted() {
            self.reload.try_send(()).ok();
        }
        Ok(())
    }

    /// Gives out what may be performed now.
    fn give_out(&mut self, runtime: &tokio::runtime::Handle) -> Result<(), Ended> {
        for delivery in self.insist(runtime, Engine::due)? {
            self.flying.send_modify(|n| *n += 1);
            if self.deliveries.send(delivery).is_err() {
                return Err(Ended::Broke);
            }
        }
        Ok(())
    }

    /// Does something that commits, again and again while the store takes nothing; questions are
    /// answered meanwhile. Ends with a stop, with damage, or when the store has stopped for good.
    fn insist<T>(
        &mut self,
        runtime: &tokio::runtime::Handle,
        mut act: impl FnMut(&mut Engine, Time) -> Result<T, StoreError>,
    ) -> Result<T, Ended> {
        let (mut unavailable, mut conflicts) = (0, 0);
        loop {
            match act(&mut self.engine, self.clock.now()) {
                Ok(value) => {
                    if self.alarmed.take().is_some() {
                        self.metrics.store_ok(true);
                        self.alarms.try_send(Alarm::StoreBack).ok();
                    }
                    return Ok(value);
                }
                Err(error @ (StoreError::Full(_) | StoreError::Unavailable(_))) => {
                    unavailable = if matches!(error, StoreError::Full(_)) { 0 } else { unavailable + 1 };
                    if unavailable >= STORE_TRIES {
                        tracing::error!(%error, "the store takes nothing; giving up");
                        self.metrics.store_ok(false);
                        return Err(Ended::Store(error));
                    }
                    tracing::error!(%error, "the store takes nothing; trying again");
                    self.metrics.store_ok(false);
                    self.alarm(error);
                    if *self.stop.borrow() {
                        return Err(Ended::Stopped);
                    }
                    runtime.block_on(self.sit_out());
                }
                // Nothing was written, and whatever is decided anew reads the store anew.
                Err(StoreError::Conflict(why)) if conflicts < CONFLICT_TRIES => {
                    conflicts += 1;
                    tracing::warn!(why, "something else was written meanwhile; deciding anew");
                }
                Err(error) => {
                    tracing::error!(%error, "the store cannot go on");
                    self.metrics.store_ok(false);
                    return Err(Ended::Store(error));
                }
            }
        }
    }

    /// Waits before the next try, answering questions.
    async fn sit_out(&mut self) {
        let pause = tokio::time::sleep(self.clock.real(STORE_RETRY_MS).max(super::LEAST_PAUSE));
        tokio::pin!(pause);
        loop {
            tokio::select! {
                biased;
                () = &mut pause => return,
                _ = self.stop.changed() => return,
                Some(ask) = self.outlet.asks.recv() => ask(&mut self.engine, self.clock.now()),
            }
        }
    }

    fn alarm(&mut self, error: StoreError) {
        let now = self.clock.now();
        if self.alarmed.is_none_or(|at| now.since(at) >= ALARM_EVERY_MS) {
            self.alarmed = Some(now);
            self.alarms.try_send(Alarm::Store(error)).ok();
        }
    }

    /// Takes in what was handed in already and how deliveries end, and gives nothing more out.
    /// What is still on its way when the bound is over is looked up at the next start.
    fn drain(mut self, runtime: &tokio::runtime::Handle) -> Ended {
        self.outlet.close_net();
        let bound = tokio::time::Instant::from_std(std::time::Instant::now() + super::DRAIN);
        loop {
            let woken = runtime.block_on(async {
                let flying = self.flying.subscribe();
                tokio::select! {
                    biased;
                    woken = self.outlet.next() => Some(woken),
                    () = landed(flying) => None,
                    () = tokio::time::sleep_until(bound) => None,
                }
            });
            match woken {
                Some(Woken::Letter(letter)) => {
                    if let Err(ended) = self.take(letter, runtime) {
                        return ended;
                    }
                }
                Some(Woken::Ask(ask)) => ask(&mut self.engine, self.clock.now()),
                Some(Woken::Nobody) => return Ended::Stopped,
                None => {
                    let flying = *self.flying.borrow();
                    if flying > 0 {
                        tracing::warn!(deliveries = flying, "still on their way; looked up at the next start");
                    }
                    self.note_costs();
                    self.outlet.close();
                    return Ended::Stopped;
                }
            }
        }
    }

    /// Notes what the accounts have cost up to the end.
    fn note_costs(&mut self) {
        let input = |account: &Arc<dyn NetworkAccount>| {
            let (costs, account) = (account.costs()?, account.account().clone());
            (self.engine.costs(&account) != Some(&costs)).then_some(Input::Costs { account, costs })
        };
        let inputs: Vec<Input> = self.accounts.iter().filter_map(input).collect();
        if !inputs.is_empty()
            && let Err(error) = self.engine.take(self.clock.now(), &[Batch { inputs, cursor: None }])
        {
            tracing::warn!(%error, "what was spent last is not noted");
        }
    }

    /// Counting costs a look at the store: not at every turn.
    fn measure(&mut self) {
        let now = self.clock.now();
        if self.measured.is_none_or(|at| now.since(at) >= MEASURE_EVERY_MS) {
            self.measured = Some(now);
            if let Ok(stats) = self.engine.stats() {
                self.metrics.engine(&stats, &self.engine.outbox());
            }
        }
    }
}

/// Waits until nothing is on its way and every receipt has been taken in.
async fn landed(mut flying: watch::Receiver<usize>) {
    flying.wait_for(|n| *n == 0).await.map(drop).ok();
}
