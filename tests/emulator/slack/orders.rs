//! What goes wrong, at a word.

use super::faults::{Chances, Fault, On, Trouble};
use super::server::Control;
use super::{Slack, socket};
use std::collections::BTreeMap;

impl Slack {
    /// Orders a fault for the next `times` matching requests.
    pub fn fault(&self, on: On, fault: Fault, times: u32) {
        self.state().faults.order(on, fault, times);
    }

    /// Orders trouble for the next `times` deliveries.
    pub fn trouble(&self, trouble: Trouble, times: u32) {
        self.state().faults.trouble(trouble, times);
    }

    /// From now on faults come by chance, the same for the same seed and requests.
    pub fn chance(&self, seed: u64, chances: Chances) {
        self.state().faults.by_chance(seed, chances);
    }

    /// No more faults of any kind; what was held back comes.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.sockets.refuse = 0;
        state.sockets.disabled = false;
        state.sockets.born_dead = false;
        for token in state.tokens.values_mut() {
            token.dead = None;
        }
        state.release();
        drop(state);
        self.control.send(Control::Up).unwrap();
    }

    /// How many faults were done so far, by name.
    pub fn faults_done(&self) -> BTreeMap<&'static str, u64> {
        self.state().faults.done.clone()
    }

    /// What people do from now on reaches the app only with [`Slack::release`].
    pub fn hold(&self) {
        self.state().deliveries.held = true;
    }

    /// What was held back goes out.
    pub fn release(&self) {
        self.state().release();
    }

    /// Something that the app was told, once more, as it was.
    pub fn again(&self, told: u64) {
        self.state().again(told);
    }

    /// A raw frame to every connection.
    pub fn raw(&self, text: &str) {
        self.state().sockets.tell_all(|| socket::Frame::Text(text.to_owned()));
    }

    /// How many connections stand.
    pub fn sockets(&self) -> usize {
        self.state().sockets.count()
    }

    /// How many connections were ever opened.
    pub fn sockets_opened(&self) -> u64 {
        self.state().sockets.opened
    }

    /// The most connections that ever stood at once.
    pub fn sockets_most(&self) -> usize {
        self.state().sockets.most
    }

    /// Waits until so many connections stand.
    pub async fn connected(&self, count: usize) {
        self.until(&format!("{count} connections"), |_| (self.state().sockets.count() == count).then_some(())).await;
    }

    /// `disconnect` with this reason (`warning`, `refresh_requested`) to all; they end after the grace.
    pub fn disconnect(&self, reason: &str, grace_ms: u64) {
        self.state().sockets.disconnect(reason, grace_ms);
    }

    /// Socket Mode is switched off: `link_disabled`.
    pub fn disable_link(&self) {
        let mut state = self.state();
        state.sockets.disabled = true;
        state.sockets.disconnect("link_disabled", 0);
    }

    /// All connections break off.
    pub fn cut(&self) {
        let mut state = self.state();
        state.sockets.tell_all(|| socket::Frame::Cut);
        state.sockets.sessions.clear();
    }

    /// The connections that stand say nothing any more, not even to a ping; they do not end.
    pub fn deafen(&self) {
        self.state().sockets.tell_all(|| socket::Frame::Dead);
    }

    /// So are those to come, until [`Slack::heal`].
    pub fn deafen_new(&self, deaf: bool) {
        self.state().sockets.born_dead = deaf;
    }

    /// The next connections are told `too_many_websockets`.
    pub fn too_many_websockets(&self, times: u32) {
        self.state().sockets.refuse = times;
    }

    /// Refuses connections and drops those that stand, until [`Slack::up`].
    pub async fn down(&self) {
        self.control.send(Control::Down).unwrap();
        // Done when nobody gets in any more.
        while tokio::net::TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Takes connections again.
    pub async fn up(&self) {
        self.control.send(Control::Up).unwrap();
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}
