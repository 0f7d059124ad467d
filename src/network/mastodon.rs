//! Mastodon, and what speaks its API: GoToSocial, Pleroma, Akkoma and others.
//!
//! [`MastodonAccount`] is one brand account on one server. Everything is read twice: as it happens,
//! over a websocket ([`push`]), and from a stored cursor ([`poll`]), which is what nothing is lost
//! by. [`send`] publishes once, looking back after doubt. [`mapping`] and [`html`] turn the server's
//! entities into the core's types and are pure.
//!
//! Source of what the API does: docs.joinmastodon.org, and its OpenAPI description of version 4.7.

pub mod api;
mod check;
mod context;
pub mod cursor;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod html;
pub mod mapping;
pub mod poll;
mod push;
mod refresh;
pub mod send;
mod thread;
pub mod wire;

use self::api::{Api, Call, Share, Trouble};
use self::mapping::{Mapper, Me, NETWORK};
use crate::case::{Outgoing, SendState};
use crate::clock::{Clock, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use crate::network::context::Contexts;
use crate::network::{Finding, NetError, NetworkAccount, Page};
use crate::outbox::{Look, Outcome};
use crate::policy::{AccountPolicy, Capabilities, Counting, DmRoute, ListenRule};
use crate::post::{Account, NetEvent, Network, PostRef};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use url::Url;

/// What a token must be allowed to do. (`read` holds `read:accounts`, `read:notifications`, `read:search`
/// and `read:statuses`, `write:statuses` posting, editing and deleting.)
pub const SCOPES: [&str; 2] = ["read", "write:statuses"];

/// How an account is reached, as `bot.toml` says. Lengths of time are in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server: `https://mastodon.example`.
    pub base_url: Url,
    /// An access token with the scopes [`SCOPES`].
    pub token: SecretString,
    /// Where the token is looked for again once the server no longer takes it.
    pub renewed: Option<TokenSource>,
    /// The longest wait for a connection.
    pub connect_ms: u64,
    /// The longest wait for a whole answer.
    pub request_ms: u64,
    /// A stream on which nothing has come for so long, not even an answer to our pings, is dead.
    pub silence_ms: u64,
    /// Posts a page, 1 to 40 (the most that Mastodon gives).
    pub page_size: u32,
    /// What to listen for besides mentions.
    pub listen: Vec<ListenRule>,
    /// How far back the first reading of a stream goes.
    pub import_ms: i64,
    /// What our own server makes (notifications, own and local posts) is read again while younger than
    /// this: something with a lower id may still appear.
    pub settle_ms: i64,
    /// The same for hashtags and searches, where posts from other servers come late under the id of their date.
    pub settle_public_ms: i64,
    /// A send is looked up no sooner than this after it was first tried: the server may still be at it.
    pub doubt_ms: i64,
    /// The same on servers not known to honour `Idempotency-Key`: there nothing but the look keeps a request
    /// that lands late from being doubled.
    pub doubt_unkeyed_ms: i64,
    /// A host that streams may be heard from besides the server's own and those below it; whatever else
    /// the server names does not get the token.
    pub streaming_host: Option<String>,
}

impl Settings {
    /// The usual settings for a server and a token.
    #[must_use]
    pub fn new(base_url: Url, token: SecretString) -> Settings {
        Settings {
            base_url,
            token,
            renewed: None,
            connect_ms: 10_000,
            request_ms: 30_000,
            silence_ms: 90_000,
            page_size: 40,
            listen: Vec::new(),
            import_ms: HOUR_MS,
            settle_ms: 15 * SECOND_MS,
            settle_public_ms: 5 * MINUTE_MS,
            doubt_ms: 2 * SECOND_MS,
            // A minute is what servers and proxies give a request.
            doubt_unkeyed_ms: 65 * SECOND_MS,
            streaming_host: None,
        }
    }
}

/// Looks for the token where `bot.toml` says that it stands; `None`: nothing can be read there.
#[derive(Clone)]
pub struct TokenSource(pub Arc<dyn Fn() -> Option<SecretString> + Send + Sync>);

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSource")
    }
}

/// What signing in taught.
#[derive(Debug)]
struct Ready {
    me: Me,
    /// The address of the streams; `None`: none that the token may go to.
    streaming: Option<Url>,
    /// The host that the server named for them and that the token may not go to.
    shunned: Option<String>,
    capabilities: Capabilities,
}

/// A brand account on a Mastodon-API server.
pub struct MastodonAccount {
    account: Account,
    settings: Settings,
    clock: Clock,
    api: Api,
    /// What is listened for.
    listening: watch::Sender<Arc<Listening>>,
    threads: thread::Threads,
    /// What posts answer.
    contexts: Contexts,
    ready: RwLock<Option<Arc<Ready>>>,
    /// How often what could not be read was asked for again.
    tries: Mutex<HashMap<String, u32>>,
    /// The server knows no `types[]`, or not all of ours.
    all_kinds: AtomicBool,
    /// The server knows no `GET /api/v1/statuses?id[]=` (new in 4.3).
    one_by_one: AtomicBool,
    /// The server wants the token in the streams' query.
    token_in_query: AtomicBool,
    odd_frames: AtomicU64,
    passed_over: AtomicU64,
}

/// What is listened for, and how it is sifted.
#[derive(Debug)]
struct Listening {
    rules: Vec<ListenRule>,
    sieve: poll::Sieve,
}

impl Listening {
    fn new(rules: &[ListenRule]) -> Listening {
        Listening { rules: rules.to_vec(), sieve: poll::Sieve::new(rules) }
    }
}

impl MastodonAccount {
    /// What is listened for now.
    fn listening(&self) -> Arc<Listening> {
        Arc::clone(&self.listening.borrow())
    }

    /// Makes the account; reaches for nothing yet.
    ///
    /// # Errors
    /// When the address or the token cannot be used at all.
    pub fn new(account: Account, settings: Settings, clock: Clock) -> Result<MastodonAccount, NetError> {
        // Main installs the provider first thing; whoever did not (a test) gets the same one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        }
        if !matches!(settings.base_url.scheme(), "http" | "https") || !settings.base_url.has_host() {
            return Err(NetError::Permanent(format!("base_url of account {account} is no http or https address")));
        }
        if !is_usable(&settings.token) {
            return Err(NetError::Permanent(format!("the token of account {account} is empty or holds blanks or line ends")));
        }
        let api = Api::new(
            settings.base_url.clone(),
            settings.token.clone(),
            Duration::from_millis(settings.connect_ms.max(1)),
            Duration::from_millis(settings.request_ms.max(1)),
            clock,
        )?;
        Ok(MastodonAccount {
            listening: watch::Sender::new(Arc::new(Listening::new(&settings.listen))),
            account,
            settings,
            clock,
            api,
            threads: thread::Threads::default(),
            contexts: Contexts::new(context::CALLS_A_MINUTE),
            ready: RwLock::new(None),
            tries: Mutex::default(),
            all_kinds: AtomicBool::new(false),
            one_by_one: AtomicBool::new(false),
            token_in_query: AtomicBool::new(false),
            odd_frames: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
        })
    }

    /// How many streamed frames could not be read so far.
    #[must_use]
    pub fn odd_frames(&self) -> u64 {
        self.odd_frames.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// What signing in taught; signs in where that has not been done.
    async fn ready(&self) -> Result<Arc<Ready>, NetError> {
        let known = self.ready.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(ready) => Ok(ready),
            None => Ok(self.sign_in().await?),
        }
    }

    async fn sign_in(&self) -> Result<Arc<Ready>, Trouble> {
        let account = self.who().await?;
        let instance = self.instance().await?;
        let ready = Arc::new(self.learn(&account, &instance));
        *self.ready.write().unwrap_or_else(PoisonError::into_inner) = Some(ready.clone());
        Ok(ready)
    }

    /// Who the server says that we are. A new token that stands where the old one stood is taken, if it is
    /// one of the same account: until then nothing is sent by it.
    async fn who(&self) -> Result<wire::Account, Trouble> {
        let verify = || Call::get(&["api", "v1", "accounts", "verify_credentials"]).share(Share::Read);
        let known = self.ready.read().unwrap_or_else(PoisonError::into_inner).clone();
        let read = self.settings.renewed.as_ref().and_then(|source| source.0());
        let renewed = read.filter(|t| is_usable(t) && t.expose_secret() != self.api.token().expose_secret());
        let Some(token) = renewed else { return self.api.json(verify()).await };
        let account: wire::Account = match self.api.json(Call { token: Some(&token), ..verify() }).await {
            Ok(account) => account,
            // It may be the old one that is still good.
            Err(Trouble::Status { code: 401 | 403, .. }) => return self.api.json(verify()).await,
            Err(trouble) => return Err(trouble),
        };
        if known.is_some_and(|known| known.me.id != account.id) {
            let words = format!("the new token is that of another account, {}", self.api.spoken(&account.acct));
            return Err(Trouble::Status { code: 401, words, after_ms: None });
        }
        tracing::info!(account = %self.account, "a new token is used from now on");
        self.api.set_token(token);
        Ok(account)
    }

    /// What the server can do; servers before Mastodon 4 tell it under version 1.
    async fn instance(&self) -> Result<wire::Instance, Trouble> {
        match self.api.json(Call::get(&["api", "v2", "instance"]).share(Share::Read)).await {
            Err(Trouble::Status { code: 404 | 405 | 501, .. }) => {
                self.api.json(Call::get(&["api", "v1", "instance"]).share(Share::Read)).await
            }
            other => other,
        }
    }

    fn learn(&self, account: &wire::Account, instance: &wire::Instance) -> Ready {
        let base = self.api.base();
        let told = instance.domain.as_deref().or(instance.uri.as_deref()).map(str::trim).filter(|d| !d.is_empty());
        let told = told.map(|d| Url::parse(d).ok().filter(Url::has_host).map_or_else(|| d.to_owned(), |u| host(&u)));
        let domain = told.unwrap_or_else(|| host(base));
        let nobody = Me { domain, ..Me::default() };
        let mapper = Mapper { account: &self.account, me: &nobody, now: Time(0) };
        let me = Me {
            id: account.id.clone(),
            author: mapper.author_id(account),
            handle: mapper.handle(&account.acct),
            domain: nobody.domain.clone(),
        };
        let limits = &instance.configuration.statuses;
        let usual = Capabilities::default();
        let max_length = limits.max_characters.or(instance.max_toot_chars).filter(|n| *n > 0).unwrap_or(usual.max_length);
        let capabilities = Capabilities {
            max_length,
            // A private message is a post that only those see whom it names.
            max_private: max_length,
            counting: Counting::Characters { url: limits.characters_reserved_per_url.filter(|n| *n > 0).or(Some(23)) },
            names_addressee: true,
            can_edit: true,
            can_delete: true,
            dm_route: DmRoute::Direct,
            unseen_private: false,
            idempotent: honours_key(instance),
            ..usual
        };
        let named = instance.configuration.urls.streaming.as_deref().or(instance.urls.streaming_api.as_deref());
        let shunned = named.and_then(|named| shunned(base, named, self.settings.streaming_host.as_deref()));
        if let Some(host) = &shunned {
            tracing::warn!(account = %self.account, host, "the server names another host for its streams: it does not get the token");
        }
        let streaming = streaming_url(base, named.filter(|_| shunned.is_none()));
        Ready { me, streaming, shunned, capabilities }
    }
}

fn is_usable(token: &SecretString) -> bool {
    let token = token.expose_secret();
    !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic())
}

/// Whether the server is known to take one `Idempotency-Key` once: Mastodon since 2.0, and its forks
/// (`4.4.0+glitch`). Others speak its API under a version of their own (GoToSocial `0.17.3`) or as
/// `2.7.2 (compatible; Akkoma 3.13)`, and make no such promise.
fn honours_key(instance: &wire::Instance) -> bool {
    let version = instance.version.as_deref().unwrap_or_default();
    let major = version.split('.').next().and_then(|n| n.trim().parse::<u32>().ok());
    let other = version.contains("compatible") || instance.source_url.as_deref().is_some_and(|s| s.to_lowercase().contains("gotosocial"));
    major.is_some_and(|n| n >= 2) && !other
}

/// The host named for the streams, where the token may not go to it: it is neither the server's own,
/// nor below that (`streaming.m.example` for `m.example`), nor permitted. A sibling is not enough:
/// many a domain is shared by strangers.
fn shunned(base: &Url, named: &str, permitted: Option<&str>) -> Option<String> {
    let named = Url::parse(named.trim()).ok()?;
    let (host, own) = (named.host_str()?.to_lowercase(), base.host_str().unwrap_or_default().to_lowercase());
    let below = matches!(base.host(), Some(url::Host::Domain(_))) && host.strip_suffix(&own).is_some_and(|rest| rest.ends_with('.'));
    let fine = host == own || below || permitted.is_some_and(|p| p.trim().eq_ignore_ascii_case(&host));
    (!fine).then_some(host)
}

fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Where the streams are: where the server says, else beside its API. A server reached over TLS
/// cannot send the token elsewhere in the clear.
fn streaming_url(base: &Url, named: Option<&str>) -> Option<Url> {
    let mut url = match named.map(str::trim).filter(|n| !n.is_empty()) {
        Some(named) => Url::parse(named).ok()?,
        None => base.clone(),
    };
    let secure = match url.scheme() {
        "wss" | "https" => true,
        "ws" | "http" => false,
        _ => return None,
    };
    if base.scheme() == "https" && !secure || !url.has_host() {
        return None;
    }
    // Between special schemes a change always succeeds.
    url.set_scheme(if secure { "wss" } else { "ws" }).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["api", "v1", "streaming"]);
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

#[async_trait]
impl NetworkAccount for MastodonAccount {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn prepare(&self) -> Result<AccountPolicy, NetError> {
        let ready = self.sign_in().await?;
        Ok(AccountPolicy {
            fees: None,
            network: Network::from(NETWORK),
            author: Some(ready.me.author.clone()),
            handle: ready.me.handle.clone(),
            capabilities: ready.capabilities.clone(),
        })
    }

    fn streams(&self) -> Vec<String> {
        poll::Stream::all(&self.listening().rules).iter().map(poll::Stream::name).collect()
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
        poll::Stream::named(stream).filter(|s| !matches!(s, poll::Stream::Notifications | poll::Stream::Own))?;
        let back = if first { self.settings.import_ms } else { 0 };
        Some(cursor::Cursor::since(self.clock.now().plus(-back)).to_text())
    }

    async fn poll(&self, stream: &str, cursor: Option<&str>) -> Result<Page, NetError> {
        self.poll_stream(stream, cursor).await
    }

    async fn push(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        self.listen(events).await
    }

    async fn refresh(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        self.look_again(posts).await
    }

    async fn send(&self, op: &str, send: &Outgoing, earlier: Option<&SendState>) -> Outcome {
        self.publish(op, send, earlier).await
    }

    async fn look(&self, _op: &str, send: &Outgoing, earlier: Option<&SendState>, since: Time, known: &[String]) -> Look {
        self.look_back(send, earlier, since, known).await
    }

    async fn check(&self) -> Vec<Finding> {
        self.findings().await
    }

    fn passed_over(&self) -> u64 {
        self.passed_over.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_where_the_server_says() {
        let https = Url::parse("https://m.example").unwrap();
        let http = Url::parse("http://127.0.0.1:3100/").unwrap();
        let url = |base: &Url, named| streaming_url(base, named).map(String::from);
        assert_eq!(url(&https, Some("wss://s.m.example")).as_deref(), Some("wss://s.m.example/api/v1/streaming"));
        assert_eq!(url(&https, None).as_deref(), Some("wss://m.example/api/v1/streaming"));
        assert_eq!(url(&https, Some("ws://s.m.example")), None, "the token would go in the clear");
        assert_eq!(url(&https, Some("file:///etc/passwd")), None);
        assert_eq!(url(&http, Some("ws://127.0.0.1:3100")).as_deref(), Some("ws://127.0.0.1:3100/api/v1/streaming"));
        assert_eq!(url(&http, Some("https://s.m.example/")).as_deref(), Some("wss://s.m.example/api/v1/streaming"));
    }

    #[test]
    fn only_the_servers_own_hosts_get_the_token() {
        let shunned = |base: &str, named: &str, permitted| shunned(&Url::parse(base).unwrap(), named, permitted);
        assert_eq!(shunned("https://m.example", "wss://m.example:4000", None), None);
        assert_eq!(shunned("https://m.example", "wss://Streaming.M.example", None), None);
        for named in ["wss://evil.example", "wss://xm.example", "wss://m.example.evil.example", "wss://example", "wss://s.example"] {
            assert!(shunned("https://m.example", named, None).is_some(), "{named}");
        }
        assert_eq!(shunned("https://m.example", "wss://s.example/x", Some("S.example")), None);
        assert!(shunned("https://m.example", "wss://t.example", Some("s.example")).is_some());
        assert!(shunned("http://127.0.0.1", "ws://9.127.0.0.1", None).is_none_or(|h| h != "127.0.0.1"));
        assert!(shunned("http://127.0.0.1", "ws://127.0.0.2", None).is_some());
    }

    #[test]
    fn what_cannot_be_used_is_refused_at_once() {
        let make = |url: &str, token: &str| {
            MastodonAccount::new("shop".into(), Settings::new(Url::parse(url).unwrap(), token.to_owned().into()), Clock::system())
        };
        assert!(matches!(make("ftp://m.example", "t"), Err(NetError::Permanent(_))));
        assert!(matches!(make("https://m.example", "t\n"), Err(NetError::Permanent(_))));
        assert!(make("https://m.example", "t").is_ok());
    }
}
