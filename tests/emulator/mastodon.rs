//! A Mastodon server for tests: its API as far as sereno calls it, over real HTTP and websockets.
//!
//! Its books ([`Emulator::books`]) are the truth that the bot is judged by: every status posted, by
//! whom, with which key, what became of it, and every request. Faults are ordered one by one
//! ([`Emulator::fault`]) or come by seeded chance ([`Emulator::chance`]).
//!
//! It runs on a thread of its own, so that a test may block, or kill the bot, as it likes.
//!
//! ```ignore
//! let emulator = Emulator::start().await;
//! let uri = emulator.customer("ana").post("@shop mi pedido no llega");
//! // … the bot, at emulator.url() with BRAND_TOKEN, answers …
//! assert_eq!(emulator.books().answers_to(&uri).len(), 1);
//! ```
#![expect(dead_code, reason = "a helper for several test modules, none of which uses all of it")]

mod api;
mod faults;
mod model;
mod render;
mod server;

pub use faults::{Chances, Fault, On};
pub use model::{Books, Posted, Request};

use model::State;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::mpsc;

/// The access token of the brand account `shop`.
pub const BRAND_TOKEN: &str = "brand_token_3f9c";
/// The brand account's name.
pub const BRAND: &str = "shop";

pub enum Control {
    Down,
    Up,
    Stop,
}

/// A running server. Ends when dropped.
pub struct Emulator {
    state: Arc<Mutex<State>>,
    control: mpsc::UnboundedSender<Control>,
    address: SocketAddr,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Emulator {
    /// Starts a server on a free port of 127.0.0.1, with the brand account on it.
    pub async fn start() -> Emulator {
        let state = Arc::new(Mutex::new(State::default()));
        let (control, orders) = mpsc::unbounded_channel();
        let (tell, told) = tokio::sync::oneshot::channel();
        let theirs = state.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server::run(theirs, orders, tell));
            runtime.shutdown_background();
        });
        let address = told.await.unwrap();
        let emulator = Emulator { state, control, address, thread: Some(thread) };
        {
            let mut state = emulator.state();
            state.base = format!("http://{address}");
            let brand = state.account(BRAND);
            state.tokens.insert(BRAND_TOKEN.into(), brand);
        }
        emulator
    }

    /// Its address: the `base_url` of `bot.toml`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Somebody on the server; made if new. `ana@far.example` is on another server.
    pub fn customer(&self, name: &str) -> Customer<'_> {
        let id = self.state().account(name);
        Customer { emulator: self, id }
    }

    /// The brand account, used by a person on the server's own site, outside of sereno.
    pub fn brand_by_hand(&self) -> Customer<'_> {
        self.customer(BRAND)
    }

    /// A token for somebody.
    pub fn token_for(&self, name: &str) -> String {
        let mut state = self.state();
        let id = state.account(name);
        let token = format!("token_of_{name}");
        state.tokens.insert(token.clone(), id);
        token
    }

    /// What truly happened, as of now.
    pub fn books(&self) -> Books {
        self.state().books()
    }

    /// Orders a fault for the next `times` matching requests.
    pub fn fault(&self, on: On, fault: Fault, times: u32) {
        self.state().faults.order(on, fault, times);
    }

    /// From now on faults come by chance, the same for the same seed and requests.
    pub fn chance(&self, seed: u64, chances: Chances) {
        let mut state = self.state();
        state.faults.by_chance(seed, chances);
        state.stream.by_chance(seed, chances);
    }

    /// No more faults of any kind; what was held back appears.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.stream.by_chance(0, Chances::default());
        state.revoked.clear();
        state.stream.stalled = false;
        state.stream.garbled = false;
        state.stream.doubled = false;
        state.stream.flush();
        state.shuffled = false;
        state.budget = None;
        state.hold = false;
        state.release();
        drop(state);
        self.control.send(Control::Up).unwrap();
    }

    /// How many faults were done so far, by name.
    pub fn faults_done(&self) -> std::collections::BTreeMap<&'static str, u64> {
        let state = self.state();
        let mut done = state.faults.done.clone();
        done.extend(&state.stream.done);
        done
    }

    /// From now on its clock is so far behind the machine's.
    pub fn behind(&self, ms: i64) {
        self.state().behind_ms = ms;
    }

    /// The token is no longer good, until [`Emulator::restore`].
    pub fn revoke(&self, token: &str) {
        let mut state = self.state();
        state.revoked.insert(token.into());
        state.stream.kick();
    }

    /// From now on private messages are left out of an account's statuses, as some servers do.
    pub fn private_apart(&self) {
        self.state().private_apart = true;
    }

    /// A new token for the account `name`; gives it.
    pub fn issue(&self, name: &str, token: &str) -> secrecy::SecretString {
        let mut state = self.state();
        let account = state.account(name);
        state.tokens.insert(token.to_owned(), account);
        token.to_owned().into()
    }

    /// The token is good again.
    pub fn restore(&self, token: &str) {
        self.state().revoked.remove(token);
    }

    /// Refuses connections and drops those that stand, until [`Emulator::up`].
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

    /// Streams stay open but say nothing, not even to a ping.
    pub fn stall_streams(&self, stalled: bool) {
        self.state().stream.stalled = stalled;
    }

    /// Breaks all streams.
    pub fn kick_streams(&self) {
        self.state().stream.kick();
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.state().stream.open()
    }

    /// Each streamed event comes twice, and behind an unreadable frame.
    pub fn garble_streams(&self, garbled: bool) {
        let mut state = self.state();
        state.stream.garbled = garbled;
        state.stream.doubled = garbled;
    }

    /// Every second streamed event overtakes the one before it.
    pub fn reorder_streams(&self, reordered: bool) {
        let mut state = self.state();
        state.stream.reordered = reordered;
        state.stream.flush();
    }

    /// Nothing is streamed: only polling finds things.
    pub fn mute_streams(&self, mute: bool) {
        self.state().stream.mute = mute;
    }

    /// Sends a text to all open streams as it stands.
    pub fn stream_raw(&self, text: &str) {
        self.state().stream.raw(text);
    }

    /// Pages come in disorder, with repetitions.
    pub fn shuffle_pages(&self, shuffled: bool) {
        self.state().shuffled = shuffled;
    }

    /// New notifications get their id now but appear only with [`Emulator::release`].
    pub fn hold_notifications(&self) {
        self.state().hold = true;
    }

    /// What was held back appears.
    pub fn release(&self) {
        let mut state = self.state();
        state.hold = false;
        state.release();
    }

    /// What was held back of somebody's doing appears.
    pub fn release_from(&self, name: &str) {
        let mut state = self.state();
        let id = state.account(name);
        state.release_from(id);
    }

    /// Somebody takes another name; the account stays the same.
    pub fn rename(&self, from: &str, to: &str) {
        let mut state = self.state();
        let id = state.account(from);
        state.accounts.get_mut(&id).unwrap().acct = to.into();
    }

    /// Whether `Idempotency-Key` is honoured, for an hour, as Mastodon does.
    pub fn idempotency(&self, honoured: bool) {
        self.state().idempotency = honoured;
    }

    /// So many requests in a window of so many milliseconds, counted and said in headers as Mastodon does.
    pub fn budget(&self, requests: u32, window_ms: i64) {
        self.state().budget = Some(model::Budget::new(requests, window_ms));
    }

    /// Longest text, and what a link counts.
    pub fn limits(&self, characters: usize, link: usize) {
        let mut state = self.state();
        state.max_characters = characters;
        state.link_characters = link;
    }

    /// An older server: no `/api/v2/instance`, no list of statuses by id, no `uri` of accounts, no search.
    pub fn old_server(&self) {
        self.state().old = true;
    }

    /// `who` follows `whom`: gets their posts in the home stream.
    pub fn follow(&self, who: &str, whom: &str) {
        let mut state = self.state();
        let pair = (state.account(who), state.account(whom));
        state.follows.insert(pair);
    }

    /// Puts an answer of our own making in place of the account's number of followers and age.
    pub fn set_account(&self, name: &str, followers: i64, bot: bool) {
        let mut state = self.state();
        let id = state.account(name);
        let account = state.accounts.get_mut(&id).unwrap();
        account.followers = followers;
        account.bot = bot;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.control.send(Control::Stop).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// What a post is to be, besides its text.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub text: String,
    /// Stands in place of the rendered text.
    pub html: Option<String>,
    pub answers: Option<String>,
    pub visibility: Option<&'static str>,
    pub warning: String,
    pub language: Option<&'static str>,
    /// Address and description.
    pub media: Vec<(String, String)>,
    /// Minutes ago.
    pub age_min: i64,
}

/// Somebody who posts.
pub struct Customer<'a> {
    emulator: &'a Emulator,
    id: u64,
}

impl Customer<'_> {
    /// Posts in public; gives the uri.
    pub fn post(&self, text: &str) -> String {
        self.publish(Draft { text: text.into(), ..Draft::default() })
    }

    /// Posts whatever it is.
    pub fn publish(&self, draft: Draft) -> String {
        self.emulator.state().publish(self.id, draft, None)
    }

    /// Answers a post in public.
    pub fn reply_to(&self, uri: &str, text: &str) -> String {
        self.publish(Draft { text: text.into(), answers: Some(uri.into()), ..Draft::default() })
    }

    /// Writes privately to those that the text names.
    pub fn dm(&self, text: &str) -> String {
        self.publish(Draft { text: text.into(), visibility: Some("direct"), ..Draft::default() })
    }

    /// Answers a private message privately.
    pub fn dm_reply(&self, uri: &str, text: &str) -> String {
        self.publish(Draft { text: text.into(), visibility: Some("direct"), answers: Some(uri.into()), ..Draft::default() })
    }

    /// Takes a post away.
    pub fn delete(&self, uri: &str) {
        let mut state = self.emulator.state();
        let id = state.id_of(uri).expect("posted before");
        state.delete(id);
    }

    /// Changes a post's text.
    pub fn edit(&self, uri: &str, text: &str) {
        let mut state = self.emulator.state();
        let id = state.id_of(uri).expect("posted before");
        state.edit(id, text);
    }

    /// Passes a post on.
    pub fn boost(&self, uri: &str) {
        let mut state = self.emulator.state();
        let id = state.id_of(uri).expect("posted before");
        state.boost(self.id, id);
    }

    /// Likes a post.
    pub fn like(&self, uri: &str) {
        let mut state = self.emulator.state();
        let id = state.id_of(uri).expect("posted before");
        state.like(id);
    }
}
