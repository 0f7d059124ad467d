//! X for tests: its API as far as sereno calls it, over real HTTP, with the rules that bite: who may be answered, refresh
//! tokens that serve once, duplicate texts, windows of rates, one stream at a time.
//!
//! Its books ([`Emulator::books`]) are the truth that the bot is judged by. Each request and answer is held against X's own
//! description, where that is there; what was wrong stands in the books ([`Books::faults`]), and whoever drops the
//! emulator without a look at them fails.
//!
//! It runs on a thread of its own, and has a clock of its own that a test can move ([`Emulator::pass`]).
#![expect(dead_code, reason = "a helper for several test modules, none of which uses all of it")]

mod api;
mod model;
mod rules;
mod server;
mod show;
mod webhooks;

pub use model::{Books, Chances, Fault, Request};

use crate::openapi::OpenApi;
use crate::specs;
use model::State;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// The brand account.
pub const BRAND: &str = "tienda_sol";
/// The app's OAuth 2 client id.
pub const CLIENT_ID: &str = "client-1";
/// The app's consumer key, its secret, and with them the token for streams.
pub const CONSUMER: (&str, &str) = ("consumer-key", "consumer-secret");
pub const APP_TOKEN: &str = "app-token-7d1";

/// A running X. Ends when dropped.
pub struct Emulator {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1, with the brand account on it.
    pub async fn start() -> Emulator {
        let description = specs::folder("x", "openapi.json").map(|folder| OpenApi::read(&folder.join("openapi.json")));
        let state = Arc::new(Mutex::new(State::new(description)));
        let (tell, told) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let theirs = state.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(server::run(theirs, tell, stopped));
            runtime.shutdown_background();
        });
        let address = told.await.unwrap();
        let emulator = Emulator { state, address, stop: Some(stop), thread: Some(thread) };
        emulator.state().person(BRAND);
        emulator
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Somebody; made if new.
    pub fn customer(&self, name: &str) -> Customer<'_> {
        let id = self.state().person(name);
        Customer { emulator: self, id }
    }

    /// The brand account, used by a person on X's own site.
    pub fn brand_by_hand(&self) -> Customer<'_> {
        self.customer(BRAND)
    }

    /// The brand account's id.
    pub fn brand_id(&self) -> String {
        self.brand_by_hand().id
    }

    /// Tokens of the brand account as a person's signing in gives them: access and refresh.
    pub fn tokens(&self) -> (String, String) {
        let mut state = self.state();
        let brand = state.person(BRAND);
        let scopes = "tweet.read tweet.write users.read dm.read dm.write media.write offline.access";
        state.grant(&brand, scopes)
    }

    /// From now on access tokens live for so long, in milliseconds; two hours on X.
    pub fn tokens_live(&self, ms: i64) {
        self.state().life_ms = ms;
    }

    /// Every token that an account was ever given.
    pub fn every_token(&self) -> Vec<String> {
        let state = self.state();
        state.access.keys().chain(state.refresh.keys()).cloned().collect()
    }

    /// Whether a refresh token was exchanged.
    pub fn is_spent(&self, refresh: &str) -> bool {
        self.state().refresh.get(refresh).is_some_and(|r| r.spent)
    }

    /// What a person's yes sends back: a code for this challenge.
    pub fn agree(&self, challenge: &str, redirect: &str) -> String {
        self.state().agree(challenge, redirect)
    }

    /// No token of an account is good any more.
    pub fn revoke_all(&self) {
        self.state().revoke_all();
    }

    /// Its clock goes on by so much.
    pub fn pass(&self, ms: i64) {
        self.state().ahead_ms += ms;
    }

    /// What truly happened, as of now.
    pub fn books(&self) -> Books {
        let mut state = self.state();
        state.looked_at = true;
        state.books.clone()
    }

    /// The next `times` requests whose `method path` holds this meet a fault.
    pub fn fault(&self, on: &'static str, fault: Fault, times: u32) {
        self.state().ordered.push((on, fault, times));
    }

    /// The next request that publishes something, in public or in private, meets this.
    pub fn fault_publishing(&self, fault: Fault) {
        self.state().publishing.push(fault);
    }

    /// From now on requests and streamed lines meet faults by chance.
    pub fn chance(&self, seed: u64, chances: Chances) {
        self.state().chance = Some((chances, ChaCha8Rng::seed_from_u64(seed)));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut state = self.state();
        state.chance = None;
        state.ordered.clear();
        state.publishing.clear();
    }

    /// Faults done, by name.
    pub fn faults_done(&self) -> BTreeMap<&'static str, u64> {
        self.state().done.clone()
    }

    /// Its clock is so far behind everybody's.
    pub fn behind(&self, ms: i64) {
        self.state().ahead_ms = -ms;
    }

    /// Somebody's name, by the id.
    pub fn name(&self, id: &str) -> String {
        self.state().people.get(id).map(|p| p.name.clone()).unwrap_or_default()
    }

    /// So many requests a quarter of an hour where X allows more.
    pub fn allow(&self, on: &'static str, requests: u32) {
        self.state().allowed.insert(on, requests);
    }

    /// What posts answer and quote is no longer told along with them.
    pub fn terse(&self) {
        self.state().terse = true;
    }

    /// Streams send a sign of life so often; 20 s on X.
    pub fn keep_alive(&self, ms: u64) {
        self.state().keep_alive_ms = ms;
    }

    /// Streams stay open and say nothing at all.
    pub fn stall_streams(&self, stalled: bool) {
        self.state().stalled = stalled;
    }

    /// Nothing is streamed; signs of life are.
    pub fn mute_streams(&self, mute: bool) {
        self.state().mute = mute;
    }

    /// Streams tell everything twice.
    pub fn stutter(&self) {
        self.state().stutters = true;
    }

    /// The rules of the filtered stream: value and tag.
    pub fn rules(&self) -> Vec<(String, String)> {
        self.state().rules.iter().map(|r| (r.value.clone(), r.tag.clone())).collect()
    }

    /// Somebody else's rule of the filtered stream, or one of ours of before.
    pub fn rule(&self, value: &str, tag: &str) {
        let mut state = self.state();
        let id = state.id();
        state.rules.push(rules::Rule { id, value: value.into(), tag: tag.into() });
    }

    /// Sends a line to all open streams as it stands.
    pub fn stream_raw(&self, line: &str) {
        self.state().stream_raw(line);
    }

    /// The addresses that X sends to, and whether they answered its last question.
    pub fn webhooks(&self) -> Vec<(String, bool)> {
        self.state().webhooks.iter().map(|w| (w.url.clone(), w.valid)).collect()
    }

    /// X believes in no address any more.
    pub fn doubt_webhooks(&self) {
        self.state().webhooks.iter_mut().for_each(|w| w.valid = false);
    }

    /// What is told, and whether by webhook.
    pub fn subscriptions(&self) -> Vec<(String, bool)> {
        self.state().subscriptions.iter().map(|s| (s.kind.clone(), s.webhook.is_some())).collect()
    }

    /// Breaks all streams.
    pub fn kick_streams(&self) {
        self.state().streams.clear();
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.state().open_streams()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
        let state = self.state();
        let seen = state.looked_at || std::thread::panicking();
        assert!(seen || state.books.faults.is_empty(), "not as X describes it: {:#?}", state.books.faults);
    }
}

/// Somebody on X.
pub struct Customer<'a> {
    emulator: &'a Emulator,
    pub id: String,
}

impl Customer<'_> {
    /// Posts; gives the id.
    pub fn post(&self, text: &str) -> String {
        self.emulator.state().publish(&self.id, text, None, None, false)
    }

    /// Answers a post.
    pub fn reply_to(&self, id: &str, text: &str) -> String {
        self.emulator.state().publish(&self.id, text, Some(id), None, false)
    }

    /// Quotes a post.
    pub fn quote(&self, id: &str, text: &str) -> String {
        self.emulator.state().publish(&self.id, text, None, Some(id), false)
    }

    /// Passes a post on.
    pub fn repost(&self, id: &str) -> String {
        self.emulator.state().repost(&self.id, id)
    }

    /// Changes a post; gives the id of the new version.
    pub fn edit(&self, id: &str, text: &str) -> String {
        self.emulator.state().edit(id, text)
    }

    /// Takes a post away, in all its versions.
    pub fn delete(&self, id: &str) {
        self.emulator.state().delete(id);
    }

    /// Writes privately to the brand account; gives the id.
    pub fn dm(&self, text: &str) -> String {
        let mut state = self.emulator.state();
        let brand = state.person(BRAND);
        state.message(&self.id, &brand, text, false)
    }

    /// Whether the brand account may write to them.
    pub fn takes_dms(&self, takes: bool) {
        self.emulator.state().people.get_mut(&self.id).unwrap().takes_dms = takes;
    }

    /// Shows posts to followers only from now on.
    pub fn protect(&self) {
        self.emulator.state().people.get_mut(&self.id).unwrap().protected = true;
    }

    /// How many follow them.
    pub fn followed_by(&self, followers: u64) {
        self.emulator.state().people.get_mut(&self.id).unwrap().followers = followers;
    }
}
