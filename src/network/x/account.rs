//! A brand account on X.

use super::api::{Api, Call, Trouble};
use super::auth::App;
use super::auth::tokens::{NoToken, Tokens};
use super::context;
use super::mapping::{Mapper, NETWORK, author_id};
use super::price::{Act, Prices, Purpose};
use super::query::{MAX_QUERY, queries};
use super::read::{Noted, Reader, Stream, id_at};
use super::stream::AppToken;
use super::till::Till;
use super::wire::{One, User};
use crate::case::{Outgoing, SendState};
use crate::clock::{Clock, HOUR_MS, MINUTE_MS, Time};
use crate::cost::{Costs, Money};
use crate::intake::length::weighted;
use crate::intake::listen::{Matcher, Seen};
use crate::media::Image;
use crate::network::context::Contexts;
use crate::network::{Finding, Hook, Knock, NetError, NetworkAccount, Page};
use crate::outbox::{Look, Outcome};
use crate::policy::{AccountPolicy, Capabilities, Counting, DmRoute, ListenRule};
use crate::post::{Account, NetEvent, Network, Post, PostRef, Reach};
use crate::say::Say;
use async_trait::async_trait;
use secrecy::SecretString;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tracing::warn;
use url::Url;

/// How an account is reached. Lengths of time are in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// X, or what stands in for it.
    pub base_url: Url,
    /// The app.
    pub app: App,
    /// Where the newest tokens are kept: `sereno login` puts the first ones there.
    pub tokens: PathBuf,
    /// How the app's own token is had, which streams want; `None`: nothing is listened to.
    pub app_token: Option<AppToken>,
    /// A stream that says nothing for so long is dead: X gives a sign of life every 20 seconds.
    pub silence_ms: u64,
    /// The longest wait for a connection.
    pub connect_ms: u64,
    /// The longest wait for a whole answer.
    pub request_ms: u64,
    /// What to search for besides mentions.
    pub listen: Vec<ListenRule>,
    /// How far back the first reading of a stream goes.
    pub import_ms: i64,
    /// The secret that X signs webhooks with; `None`: there is no webhook.
    pub consumer_secret: Option<SecretString>,
    /// The address at which X reaches that webhook: what happens is sent there in place of the activity stream. `None`:
    /// the stream.
    pub hook: Option<Url>,
    /// What X charges.
    pub prices: Prices,
    /// What a month may cost before reading is thinned out; `None`: whatever it does.
    pub budget: Option<Money>,
    /// How often streams are polled, where the budget allows it.
    pub poll_ms: i64,
}

/// How often posts are looked up again, where the budget allows it, in milliseconds.
const REFRESH_MS: i64 = MINUTE_MS;

impl Settings {
    /// The usual settings of an app.
    #[must_use]
    pub fn new(base_url: Url, app: App, tokens: PathBuf) -> Settings {
        Settings {
            base_url,
            app,
            tokens,
            app_token: None,
            silence_ms: 30_000,
            connect_ms: 10_000,
            request_ms: 30_000,
            listen: Vec::new(),
            import_ms: HOUR_MS,
            consumer_secret: None,
            hook: None,
            prices: Prices::default(),
            budget: None,
            poll_ms: MINUTE_MS,
        }
    }
}

/// A brand account on X.
pub struct XAccount {
    pub(super) account: Account,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) api: Api,
    /// The app's own token, once it was had.
    pub(super) app: RwLock<Option<SecretString>>,
    /// Lines of streams that could not be read.
    pub(super) odd_lines: AtomicU64,
    pub(super) till: Till,
    /// What is listened for.
    pub(super) listening: watch::Sender<Arc<Listening>>,
    /// Streams that were read up to the present since the start.
    known: Mutex<BTreeSet<String>>,
    /// What posts answer and quote.
    pub(super) contexts: Contexts,
    /// Who X says that we are.
    me: RwLock<Option<User>>,
    passed_over: AtomicU64,
}

/// What is listened for: the rules, what they are sifted by, and the streams to be read.
#[derive(Debug)]
pub(super) struct Listening {
    pub rules: Vec<ListenRule>,
    matcher: Matcher,
    streams: Vec<Stream>,
}

impl Listening {
    fn new(rules: &[ListenRule]) -> Listening {
        let searches = |rule: &ListenRule| {
            let name = rule.name.clone();
            queries(rule, "", MAX_QUERY).into_iter().map(move |query| Stream::Search { rule: name.clone(), query })
        };
        let mut streams = vec![Stream::Mentions, Stream::Dms, Stream::Own];
        streams.extend(rules.iter().flat_map(searches));
        Listening { rules: rules.to_vec(), matcher: Matcher::new(rules), streams }
    }
}

impl XAccount {
    /// Makes the account; reaches for nothing yet.
    ///
    /// # Errors
    /// The address cannot be used.
    pub fn new(account: Account, settings: Settings, clock: Clock) -> Result<XAccount, NetError> {
        // Main installs the provider first thing; whoever did not (a test) gets the same one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        }
        if !matches!(settings.base_url.scheme(), "http" | "https") || !settings.base_url.has_host() {
            return Err(NetError::Permanent(format!("base_url of account {account} is no http or https address")));
        }
        // What stands there is read when it is needed: a file that is damaged can be mended by signing in while we run.
        let tokens = Tokens::anew(settings.app.clone(), settings.tokens.clone(), clock);
        let wait = |ms: u64| Duration::from_millis(ms.max(1));
        let api = Api::new(settings.base_url.clone(), tokens, wait(settings.connect_ms), wait(settings.request_ms), clock)?;
        let (app, listening) = (RwLock::default(), watch::Sender::new(Arc::new(Listening::new(&settings.listen))));
        let (odd_lines, passed_over) = (AtomicU64::new(0), AtomicU64::new(0));
        let (known, till) = (Mutex::default(), Till::new(settings.prices.clone(), settings.budget));
        let contexts = Contexts::new(context::CALLS_A_MINUTE);
        Ok(XAccount { account, settings, clock, api, app, odd_lines, till, listening, known, contexts, me: RwLock::default(), passed_over })
    }

    pub(super) async fn sign_in(&self) -> Result<User, Trouble> {
        let one: One<User> = self.api.json(&Call::get("me", &["2", "users", "me"])).await?;
        let user = one.data.ok_or_else(|| Trouble::Malformed("nobody in it".into()))?;
        self.till.charge(Act::UserRead, &user.id, self.clock.now());
        if self.api.tokens().user().is_some_and(|known| known != user.id) {
            let why = format!("the tokens are another account's, @{}", user.username);
            return Err(Trouble::NoToken(NoToken::SignIn(why)));
        }
        *self.me.write().unwrap_or_else(PoisonError::into_inner) = Some(user.clone());
        Ok(user)
    }

    /// Our id on X; signs in where that has not been done.
    async fn me(&self) -> Result<String, Trouble> {
        let known = self.me.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|me| me.id.clone());
        match known {
            Some(id) => Ok(id),
            None => Ok(self.sign_in().await?.id),
        }
    }

    /// What is listened for now.
    pub(super) fn listening(&self) -> Arc<Listening> {
        Arc::clone(&self.listening.borrow())
    }

    /// What X found for these listening rules, as the first of them that admits it: X is asked for words, and knows nothing of
    /// context, audience or what a rule leaves out beyond the length of a query.
    pub(super) fn sifted(&self, events: Vec<NetEvent>, rules: &[String]) -> Vec<NetEvent> {
        let listening = self.listening();
        let admitted = |event| match event {
            NetEvent::New(post) if matches!(post.reach, Reach::Buzz(_)) => {
                let seen = Seen::of(&post, post.text.expose());
                let rule = rules.iter().find(|rule| listening.matcher.admits_as(rule, &seen))?;
                Some(NetEvent::New(Post { reach: Reach::Buzz(rule.clone()), ..post }))
            }
            event => Some(event),
        };
        events.into_iter().filter_map(admitted).collect()
    }

    pub(super) fn reader<'a>(&'a self, me: &'a str) -> Reader<'a> {
        let (now, import_ms) = (self.clock.now(), self.settings.import_ms);
        Reader { api: &self.api, account: &self.account, me, now, import_ms, till: &self.till }
    }

    pub(super) fn note(&self, noted: &Noted) {
        if !noted.odd.is_empty() {
            warn!(account = %self.account, ids = ?noted.odd, "items of X could not be read and are passed over");
            self.passed_over.fetch_add(noted.odd.len() as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn finding(&self, ok: bool, detail: Say) -> Finding {
        Finding { ok, what: format!("account.{}", self.account), detail }
    }
}

#[async_trait]
impl NetworkAccount for XAccount {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        let me = self.sign_in().await?;
        Ok(AccountPolicy {
            network: Network::from(NETWORK),
            author: Some(author_id(&me.id)),
            handle: format!("@{}", me.username),
            fees: Some(self.till.fees()),
            capabilities: Capabilities {
                max_length: weighted::MAX,
                max_private: super::send::MAX_MESSAGE,
                counting: Counting::Weighted,
                // Whom a post answers X puts in front by itself, and does not count it.
                names_addressee: false,
                can_edit: false,
                can_delete: true,
                dm_route: DmRoute::Direct,
                // Encrypted conversations (XChat) are in no answer of the API.
                unseen_private: true,
                idempotent: false,
                // A hundred in a quarter of an hour: half of them may leave at once, so that nobody waits in a storm.
                sends_per_minute: 3,
                sends_at_once: 50,
                // The same text twice is told apart by looking: one after the other.
                in_flight: 1,
                pictures: super::send::pictures(4),
                private_pictures: super::send::pictures(1),
            },
        })
    }

    fn streams(&self) -> Vec<String> {
        self.listening().streams.iter().map(Stream::name).collect()
    }

    fn set_rules(&self, rules: &[ListenRule]) {
        self.listening.send_if_modified(|listening| {
            let changed = listening.rules != rules;
            if changed {
                *listening = Arc::new(Listening::new(rules));
            }
            changed
        });
    }

    fn begins(&self, stream: &str, first: bool) -> Option<String> {
        let listening = self.listening();
        listening.streams.iter().find(|s| s.name() == stream).filter(|s| matches!(s, Stream::Search { .. }))?;
        let back = if first { self.settings.import_ms } else { 0 };
        Some(id_at(self.clock.now().plus(-back)).to_string())
    }

    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        let listening = self.listening();
        let known = listening.streams.iter().find(|s| s.name() == stream);
        let stream = known.ok_or_else(|| NetError::Permanent(format!("no stream {stream}")))?;
        let me = self.me().await?;
        // X lets private messages be read once a minute, and less where they take pages: what waits for its window by our
        // own doing holds up no other stream, mentions least of all. A stream of which nothing is known yet is not passed for
        // one on which nothing happened.
        let is_known = || self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&stream.name());
        if *stream != Stream::Mentions && self.api.waits(stream.endpoint()) && is_known() {
            return Ok(Page::default());
        }
        let (name, now) = (stream.name(), self.clock.now());
        if !self.till.may_read(stream.purpose(), &name, self.settings.poll_ms, now) {
            return Ok(Page::default());
        }
        let (mut page, noted) = self.reader(&me).poll(stream, cursor).await?;
        self.till.was_read(&name, now);
        self.note(&noted);
        if !page.more {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.name());
        }
        if let Stream::Search { rule, .. } = stream {
            page.events = self.sifted(page.events, std::slice::from_ref(rule));
        }
        self.complete(&me, &mut page.events).await;
        Ok(page)
    }

    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        self.listen(events).await
    }

    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        let now = self.clock.now();
        if !self.till.may_read(Purpose::Refresh, "refresh", REFRESH_MS, now) {
            return Ok(Vec::new());
        }
        let me = self.me().await?;
        let (mut events, noted) = self.reader(&me).refresh(posts).await?;
        self.till.was_read("refresh", now);
        self.note(&noted);
        self.complete(&me, &mut events).await;
        Ok(events)
    }

    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        self.send_with(op, send, earlier, &[]).await
    }

    async fn send_with(&self, _op: &str, send: &Outgoing, earlier: Option<&SendState>, pictures: &[Image]) -> Outcome {
        match self.me().await {
            Ok(me) => self.reader(&me).publish(send, earlier, pictures).await,
            Err(trouble) => super::send::before(&trouble),
        }
    }

    async fn look(&self, _op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        match self.me().await {
            Ok(me) => self.reader(&me).look_back(send, earlier, since, known).await,
            Err(trouble) => Look::Retry { why: trouble.words(), after_ms: None },
        }
    }

    async fn close(&self) {
        self.api.tokens().settled().await;
    }

    async fn check(&self) -> Vec<Finding> {
        self.look_over().await
    }

    fn serves_webhook(&self) -> bool {
        self.settings.consumer_secret.is_some()
    }

    fn webhook(&self, knock: &Knock<'_>) -> Hook {
        let Some(secret) = &self.settings.consumer_secret else { return Hook::NotServed };
        let me = self.me.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|me| me.id.clone());
        let reader = me.as_deref().map(|me| Mapper { account: &self.account, me, now: self.clock.now() });
        let hook = super::webhook::hook(knock, secret, reader.as_ref());
        if let Hook::Events { events, .. } = &hook {
            self.till.charge_heard(events, self.clock.now());
        }
        context::as_told(hook)
    }

    fn costs(&self) -> Option<Costs> {
        self.till.costs()
    }

    fn restore_costs(&self, costs: &Costs) {
        self.till.restore(costs);
    }

    fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }
}
