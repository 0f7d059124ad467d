//! Listening to the server's streams over websockets.
//!
//! What is missed here comes by polling, so nothing is tried again: a broken connection ends the
//! listening, and the caller begins anew. One socket a stream, as GoToSocial and test servers know
//! no others; Mastodon itself would let them share one.

use super::mapping::Mapper;
use super::poll::sifted;
use super::{MastodonAccount, Ready, wire};
use crate::network::NetError;
use crate::post::{NetEvent, PostRef, Reach};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tracing::{debug, warn};
use url::Url;

/// A longer frame is none that a server means, in bytes.
const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// More hashtags than this are polled only: each would take a socket.
const MAX_TAG_SOCKETS: usize = 10;

/// A stream as the streaming API names it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Channel {
    User,
    Tag(String),
    Local,
}

#[derive(Debug, Deserialize)]
struct Frame {
    event: String,
    #[serde(default)]
    payload: Option<String>,
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Why a socket is no more.
enum End {
    /// The server will not have us on this channel.
    Refused(u16),
    Broken(NetError),
}

impl MastodonAccount {
    /// See [`crate::network::NetworkAccount::push`].
    pub(super) async fn listen(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        let ready = match self.ready().await {
            Ok(ready) => ready,
            Err(e) => return e,
        };
        let Some(streaming) = ready.streaming.clone() else {
            return NetError::Permanent("the server names no address for streaming that we may use".into());
        };
        let mut changes = self.listening.subscribe();
        let listening = Arc::clone(&changes.borrow_and_update());
        let mut channels = vec![Channel::User];
        let mut tags: Vec<String> =
            listening.rules.iter().flat_map(|r| &r.hashtags).map(|t| t.trim_start_matches('#').to_lowercase()).collect();
        tags.sort();
        tags.dedup();
        channels.extend(tags.into_iter().take(MAX_TAG_SOCKETS).map(Channel::Tag));
        if listening.rules.iter().any(|r| !r.keywords.is_empty() || !r.domains.is_empty()) {
            channels.push(Channel::Local);
        }
        let mut sockets: FuturesUnordered<_> = channels.iter().map(|c| self.listen_to(&ready, &streaming, c, &events)).collect();
        loop {
            let ended = tokio::select! {
                ended = sockets.next() => ended,
                Ok(()) = changes.changed() => {
                    return NetError::Retry { after_ms: None, why: "there are other listening rules now".into() };
                }
            };
            let Some((channel, end)) = ended else { break };
            match end {
                End::Broken(e) => return e,
                End::Refused(code @ (401 | 403)) if *channel == Channel::User => return NetError::Auth(format!("streaming: HTTP {code}")),
                End::Refused(code) if *channel == Channel::User => {
                    return NetError::Retry { after_ms: None, why: format!("streaming: HTTP {code}") };
                }
                End::Refused(code) => debug!(account = %self.account, code, "a public stream is not offered: polling alone"),
            }
        }
        NetError::Retry { after_ms: None, why: "streaming ended".into() }
    }

    /// Whether the user's stream can be opened; why not.
    pub(super) async fn try_streaming(&self, ready: &Ready) -> Result<(), String> {
        let streaming = ready.streaming.as_ref().ok_or("no address")?;
        match self.connect(streaming, &Channel::User).await {
            Ok(mut socket) => {
                socket.close(None).await.ok();
                Ok(())
            }
            Err(End::Refused(code)) => Err(format!("HTTP {code}")),
            Err(End::Broken(e)) => Err(e.to_string()),
        }
    }

    async fn listen_to<'c>(
        &self,
        ready: &Ready,
        streaming: &Url,
        channel: &'c Channel,
        events: &mpsc::Sender<NetEvent>,
    ) -> (&'c Channel, End) {
        let end = match self.connect(streaming, channel).await {
            Ok(socket) => End::Broken(self.hear(ready, socket, channel, events).await),
            Err(end) => end,
        };
        (channel, end)
    }

    /// Opens a socket. The token goes in a header; where a server will not read it there, in the
    /// query, which the API knows as well and browsers use.
    async fn connect(&self, streaming: &Url, channel: &Channel) -> Result<Socket, End> {
        let in_query = self.token_in_query.load(Relaxed);
        match self.connect_once(streaming, channel, in_query).await {
            Err(End::Refused(400 | 401 | 403)) if !in_query => {
                let socket = self.connect_once(streaming, channel, true).await?;
                self.token_in_query.store(true, Relaxed);
                Ok(socket)
            }
            other => other,
        }
    }

    async fn connect_once(&self, streaming: &Url, channel: &Channel, in_query: bool) -> Result<Socket, End> {
        let mut url = streaming.clone();
        {
            let mut query = url.query_pairs_mut();
            match channel {
                Channel::User => query.append_pair("stream", "user"),
                Channel::Tag(tag) => query.append_pair("stream", "hashtag").append_pair("tag", tag),
                Channel::Local => query.append_pair("stream", "public:local"),
            };
            if in_query {
                query.append_pair("access_token", self.api.token().expose_secret());
            }
        }
        let broken = |why: String| End::Broken(NetError::Retry { after_ms: None, why });
        let mut request = url.as_str().into_client_request().map_err(|_| broken("the streaming address is no address".into()))?;
        let headers = request.headers_mut();
        headers.insert("user-agent", tungstenite::http::HeaderValue::from_static(concat!("sereno/", env!("CARGO_PKG_VERSION"))));
        if !in_query {
            let bearer = format!("Bearer {}", self.api.token().expose_secret());
            let mut value =
                tungstenite::http::HeaderValue::from_str(&bearer).map_err(|_| broken("the token cannot stand in a header".into()))?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME_BYTES)).max_frame_size(Some(MAX_FRAME_BYTES));
        let within = Duration::from_millis(self.settings.connect_ms.max(1));
        match timeout(within, connect_async_with_config(request, Some(config), true)).await {
            Err(_) => Err(broken("streaming: no connection in time".into())),
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(tungstenite::Error::Http(response))) => Err(End::Refused(response.status().as_u16())),
            // The error's own words could hold the address, and that the token.
            Ok(Err(tungstenite::Error::Io(e))) => Err(broken(format!("streaming: {}", e.kind()))),
            Ok(Err(_)) => Err(broken("streaming: no websocket there".into())),
        }
    }

    /// Passes on what a socket says, until it breaks or falls silent. A server or a way that died
    /// without a word is noticed, as our pings stay unanswered.
    async fn hear(&self, ready: &Ready, mut socket: Socket, channel: &Channel, events: &mpsc::Sender<NetEvent>) -> NetError {
        let silence = Duration::from_millis(self.settings.silence_ms.max(30));
        let mut ping = tokio::time::interval(silence / 3);
        let mut dead = Instant::now() + silence;
        let retry = |why: &str| NetError::Retry { after_ms: None, why: format!("streaming: {why}") };
        loop {
            let message = tokio::select! {
                message = socket.next() => message,
                _ = ping.tick() => {
                    match timeout(silence, socket.send(Message::Ping(tungstenite::Bytes::new()))).await {
                        Ok(Ok(())) => continue,
                        _ => return retry("the connection broke"),
                    }
                }
                () = tokio::time::sleep_until(dead) => return retry("silent, not even our pings are answered"),
            };
            let text = match message {
                None | Some(Ok(Message::Close(_))) => return retry("the server closed it"),
                Some(Err(_)) => return retry("the connection broke"),
                Some(Ok(Message::Text(text))) => Some(text),
                Some(Ok(_)) => None,
            };
            if let Some(text) = text
                && let Some(mut event) = self.heard(ready, channel, &text).await
            {
                let mapper = Mapper { account: &self.account, me: &ready.me, now: self.clock.now() };
                self.complete(&mapper, std::slice::from_mut(&mut event)).await;
                if events.send(event).await.is_err() {
                    return retry("nobody listens any more");
                }
            }
            // After the work, not before: waiting for a slow reader is not the server's silence.
            dead = Instant::now() + silence;
        }
    }

    /// What a frame means for us. What is odd is skipped: the stream goes on, and polling has it.
    async fn heard(&self, ready: &Ready, channel: &Channel, text: &str) -> Option<NetEvent> {
        let Ok(frame) = serde_json::from_str::<Frame>(text) else { return self.odd("frame") };
        let payload = frame.payload.unwrap_or_default();
        let now = self.clock.now();
        let mapper = Mapper { account: &self.account, me: &ready.me, now };
        match frame.event.as_str() {
            "notification" => {
                let Ok(n) = serde_json::from_str::<wire::Notification>(&payload) else { return self.odd("notification") };
                self.notified(&mapper, &n).await.ok().flatten()
            }
            "update" => {
                let Ok(s) = serde_json::from_str::<wire::Status>(&payload) else { return self.odd("update") };
                let reach = self.why(&mapper, channel, &s).filter(|_| s.reblog.is_none())?;
                self.placed(&mapper, &s, reach).await.ok().map(NetEvent::New)
            }
            // Mastodon says `status.update`, mastodon-mock `status_update`.
            "status.update" | "status_update" => {
                let Ok(s) = serde_json::from_str::<wire::Status>(&payload) else { return self.odd("status.update") };
                let followed = self.threads.known(&s.id).map(|_| Reach::Followed);
                let reach = self.why(&mapper, channel, &s).or(followed)?;
                self.placed(&mapper, &s, reach).await.ok().map(NetEvent::Edited)
            }
            "delete" => {
                let local_id = payload.trim().trim_matches('"').to_owned();
                // The public streams tell of everybody's deletions; ours come by the user's stream as well.
                if *channel != Channel::User && self.threads.known(&local_id).is_none() {
                    return None;
                }
                self.contexts.forget(&local_id);
                let post = PostRef::Local { account: self.account.clone(), local_id };
                Some(NetEvent::Deleted { post, at: now })
            }
            _ => None,
        }
    }

    /// Why a status of a stream concerns us, if it does: the home timeline also holds what people
    /// say whom our account follows.
    fn why(&self, mapper: &Mapper<'_>, channel: &Channel, status: &wire::Status) -> Option<Reach> {
        let me = &mapper.me.id;
        if status.account.id == *me {
            return Some(Reach::Followed);
        }
        if status.mentions.iter().any(|m| m.id == *me) || status.in_reply_to_account_id.as_deref() == Some(me) {
            return Some(Reach::Mention);
        }
        let listening = self.listening();
        let buzz = |rule: &str| Reach::Buzz(rule.to_owned());
        sifted(mapper, status, |seen| match channel {
            Channel::Tag(tag) => listening.sieve.by_tag(tag, seen).map(buzz),
            Channel::User | Channel::Local => listening.sieve.by_word(seen).map(buzz),
        })
    }

    fn odd(&self, what: &str) -> Option<NetEvent> {
        let n = self.odd_frames.fetch_add(1, Relaxed) + 1;
        // Said at the 1st, 2nd, 4th, 8th, …: a broken server must not fill the log.
        if n.is_power_of_two() {
            warn!(account = %self.account, what, so_far = n, "the server streams something unreadable: skipped, polling will bring what it was");
        }
        None
    }
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing {
    /// A frame's kind, and what it brings.
    pub(crate) fn frame(text: &str) -> Option<(String, String)> {
        serde_json::from_str::<super::Frame>(text).ok().map(|frame| (frame.event, frame.payload.unwrap_or_default()))
    }
}
