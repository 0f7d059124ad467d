//! Socket Mode: connections to Slack that never leave a gap, and say so when they must.
//!
//! Each connection is a task that tells the supervisor what becomes of it. A warning that one is
//! about to end opens the next at once, while the old one still serves. Whatever fails is tried
//! again after a pause that doubles, with jitter; what only people can mend, seldom.

use super::Pace;
use super::inbound::Hearing;
use super::session::{Fail, is_loopback};
use super::turns::Taken;
use super::wire::{self, Frame, Kind};
use crate::say::Say;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

/// A longer frame is none that Slack means, in bytes.
const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;
/// What supervisor and connections have to say to one another, at most.
const TOLD: usize = 64;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// An ack that is to be sent, and who wants to know once Slack has it.
type Due = (String, Option<oneshot::Sender<()>>);

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// Only people can mend it: a token that is none, Socket Mode switched off.
    Refused(String),
    /// It broke, or was closed.
    Broke(String),
}

/// What a connection tells.
enum Told {
    /// It serves.
    Hello(u64),
    /// It will end soon: another is wanted.
    Leaving(u64),
    /// It has ended.
    Over(u64, End),
}

/// Pauses that double.
struct BackOff {
    next: Duration,
    pace: Pace,
}

impl BackOff {
    fn new(pace: Pace) -> BackOff {
        BackOff { next: pace.back_off.0, pace }
    }

    fn reset(&mut self) {
        self.next = self.pace.back_off.0;
    }

    /// The next pause: between a half and the whole of it, so that many bots do not come back as one.
    fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.pace.back_off.1);
        jittered(whole)
    }
}

fn jittered(whole: Duration) -> Duration {
    let mut byte = [0_u8; 1];
    // Without randomness the pause is whole: nothing worse.
    let part = getrandom::fill(&mut byte).map_or(255, |()| byte[0]);
    whole / 2 + whole / 2 * u32::from(part) / 255
}

/// What the supervisor knows.
struct Watch {
    began: BTreeMap<u64, Instant>,
    live: BTreeSet<u64>,
    leaving: BTreeSet<u64>,
    back_off: BackOff,
    /// When the next connection is opened.
    next_at: Option<Instant>,
    lost: Option<Instant>,
    said: bool,
}

impl Watch {
    fn new(pace: Pace) -> Watch {
        let now = Instant::now();
        Watch {
            began: BTreeMap::new(),
            live: BTreeSet::new(),
            leaving: BTreeSet::new(),
            back_off: BackOff::new(pace),
            next_at: Some(now),
            lost: Some(now),
            said: false,
        }
    }

    /// Whether a connection serves that is not about to end, or is on its way.
    fn provided(&self) -> bool {
        self.next_at.is_some() || self.began.keys().any(|id| !self.leaving.contains(id))
    }

    fn lived(&self, id: u64) -> Duration {
        self.began.get(&id).map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Another connection is wanted: at once where the last one held, else after a pause.
    fn want(&mut self, lived: Duration, now: Instant) {
        if self.provided() {
            return;
        }
        if lived > self.back_off.pace.back_off.1 {
            self.back_off.reset();
        }
        let held = lived > self.back_off.pace.back_off.0 * 5;
        let pause = if held { Duration::ZERO } else { self.back_off.pause() };
        self.next_at = Some(now + pause);
    }
}

/// Hears Slack for as long as it is awaited.
pub(super) async fn run(hearing: &Arc<Hearing>, token: &SecretString) -> anyhow::Result<()> {
    let pace = hearing.shared.settings.pace;
    let (tell, mut told) = mpsc::channel(TOLD);
    let mut tasks = JoinSet::new();
    let mut watch = Watch::new(pace);
    let mut id = 0;
    loop {
        let silent_until = watch.lost.filter(|_| !watch.said).map(|since| since + pace.say_after);
        tokio::select! {
            () = sleep_until(watch.next_at.unwrap_or_else(Instant::now)), if watch.next_at.is_some() => {
                id += 1;
                watch.next_at = None;
                watch.began.insert(id, Instant::now());
                tasks.spawn(connection(Arc::clone(hearing), token.clone(), id, tell.clone()));
            }
            Some(news) = told.recv() => heed(hearing, &mut watch, news),
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            () = sleep_until(silent_until.unwrap_or_else(Instant::now)), if silent_until.is_some() => {
                watch.said = true;
                tracing::error!("no connection to Slack: nothing that people do there is heard");
                announce(hearing, Say::new("notice-chat-lost"));
            }
        }
    }
}

/// Said beside everything else: nothing that is to be heard waits for it.
fn announce(hearing: &Arc<Hearing>, say: Say) {
    let shared = Arc::clone(&hearing.shared);
    hearing.spawn(async move { shared.announce(&say).await });
}

fn heed(hearing: &Arc<Hearing>, watch: &mut Watch, news: Told) {
    match news {
        Told::Hello(id) => {
            watch.live.insert(id);
            // Who reads this bot's other connections is Slack's choice: all of them stay until they end.
            if watch.lost.take().is_some() {
                hearing.reached.store(true, Ordering::Release);
                tracing::info!("connected to Slack");
                hearing.gap.notify_one();
            }
            if std::mem::take(&mut watch.said) {
                announce(hearing, Say::new("notice-chat-back"));
            }
        }
        Told::Leaving(id) => {
            watch.leaving.insert(id);
            let lived = watch.lived(id);
            watch.want(lived, Instant::now());
        }
        Told::Over(id, end) => {
            let lived = watch.lived(id);
            watch.began.remove(&id);
            watch.live.remove(&id);
            watch.leaving.remove(&id);
            if watch.live.is_empty() && watch.lost.is_none() {
                watch.lost = Some(Instant::now());
                hearing.reached.store(false, Ordering::Release);
                hearing.behind.store(true, Ordering::Release);
            }
            match end {
                End::Broke(why) => {
                    tracing::warn!(why, "a connection to Slack ended");
                    watch.want(lived, Instant::now());
                }
                End::Refused(why) => {
                    tracing::error!(why, "Slack refuses Socket Mode: look at the app token and at the app's settings");
                    if watch.live.is_empty() && !watch.said {
                        watch.said = true;
                        announce(hearing, Say::new("notice-chat-refused").text("why", why));
                    }
                    if !watch.provided() {
                        watch.next_at = Some(Instant::now() + jittered(watch.back_off.pace.refused));
                    }
                }
            }
        }
    }
}

async fn connection(hearing: Arc<Hearing>, token: SecretString, id: u64, tell: mpsc::Sender<Told>) {
    let end = match connect(&hearing, &token).await {
        Ok(socket) => serve(&hearing, socket, id, &tell).await,
        Err(end) => end,
    };
    // The supervisor may have gone; then nobody asks.
    tell.send(Told::Over(id, end)).await.ok();
}

async fn connect(hearing: &Hearing, token: &SecretString) -> Result<Socket, End> {
    let shared = &hearing.shared;
    let answer = shared.session.post_with("apps.connections.open", &json!({}), token).await;
    let answer = answer.map_err(|fail| {
        let why = format!("apps.connections.open: {}", fail.why());
        // What Slack refuses with a word of its own, only people can mend.
        if matches!(fail, Fail::Code(..)) { End::Refused(why) } else { End::Broke(why) }
    })?;
    let url: Url = answer
        .get("url")
        .and_then(Value::as_str)
        .and_then(|u| u.parse().ok())
        .ok_or_else(|| End::Broke("apps.connections.open: no address".into()))?;
    // The address holds a ticket: it goes into no log.
    if !(url.scheme() == "wss" || url.scheme() == "ws" && is_loopback(&url)) {
        return Err(End::Broke("apps.connections.open: an address in the clear".into()));
    }
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME_BYTES)).max_frame_size(Some(MAX_FRAME_BYTES));
    match timeout(shared.settings.call, connect_async_with_config(url.as_str(), Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(_)) => Err(End::Broke("no websocket where Slack said".into())),
        Err(_) => Err(End::Broke("the websocket was not opened in time".into())),
    }
}

/// Which answers Slack has heard. That they were sent proves nothing where the connection breaks upon it; that it
/// answers a ping sent after them does.
#[derive(Default)]
struct Proof {
    last: u64,
    wanted: VecDeque<(u64, oneshot::Sender<()>)>,
}

impl Proof {
    /// What the ping says whose answer is the proof.
    fn wanted(&mut self, heard: oneshot::Sender<()>) -> Bytes {
        self.last += 1;
        self.wanted.push_back((self.last, heard));
        Bytes::copy_from_slice(&self.last.to_be_bytes())
    }

    /// A ping is answered: with what it said.
    fn given(&mut self, number: &[u8]) {
        let Some(number) = number.try_into().ok().map(u64::from_be_bytes) else { return };
        while self.wanted.front().is_some_and(|(wanted, _)| *wanted <= number)
            && let Some((_, heard)) = self.wanted.pop_front()
        {
            // Nobody may want to know any more.
            heard.send(()).ok();
        }
    }
}

/// Reads a connection until it ends. What is under way keeps its ack's way back.
async fn serve(hearing: &Arc<Hearing>, mut socket: Socket, id: u64, tell: &mpsc::Sender<Told>) -> End {
    let pace = hearing.shared.settings.pace;
    let mut ping = tokio::time::interval(pace.ping);
    let mut dead = Instant::now() + pace.silence;
    let mut leaving: Option<Instant> = None;
    let mut greeted = false;
    let mut acks = FuturesUnordered::new();
    let mut proof = Proof::default();
    let broke = |why: &str| End::Broke(why.to_owned());
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            Some(ack) = acks.next(), if !acks.is_empty() => {
                let Some((ack, heard)): Option<Due> = ack else { continue };
                let sending = async {
                    match heard {
                        Some(heard) => {
                            socket.feed(Message::text(ack)).await?;
                            socket.send(Message::Ping(proof.wanted(heard))).await
                        }
                        None => socket.send(Message::text(ack)).await,
                    }
                };
                match timeout(pace.silence, sending).await {
                    Ok(Ok(())) => continue,
                    _ => return broke("an ack could not be sent"),
                }
            }
            _ = ping.tick() => match timeout(pace.silence, socket.send(Message::Ping(Bytes::new()))).await {
                Ok(Ok(())) => continue,
                _ => return broke("the connection broke"),
            },
            () = sleep_until(dead) => return broke("silent, not even our pings are answered"),
            () = sleep_until(leaving.unwrap_or(dead)), if leaving.is_some() => {
                socket.close(None).await.ok();
                return broke("closed as Slack wished");
            }
        };
        dead = Instant::now() + pace.silence;
        let text = match message {
            None | Some(Ok(Message::Close(_))) => return broke("Slack closed it"),
            Some(Err(_)) => return broke("the connection broke"),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Pong(number))) => {
                proof.given(&number);
                continue;
            }
            Some(Ok(_)) => continue,
        };
        if let Some(envelope) = hearing.shared.session.known().and_then(|me| wire::own_message(&text, &me.user_id)) {
            match timeout(pace.silence, socket.send(Message::text(ack(&envelope, None)))).await {
                Ok(Ok(())) => continue,
                _ => return broke("an ack could not be sent"),
            }
        }
        let Ok(frame) = serde_json::from_str::<Frame>(&text) else {
            // Nothing says how to ack it; it is kept all the same.
            drop(hearing.take_unread(&text, "a frame that is no JSON"));
            continue;
        };
        match frame.kind.as_str() {
            "hello" if !greeted => {
                greeted = true;
                tell.send(Told::Hello(id)).await.ok();
            }
            "disconnect" => {
                let reason = frame.reason.unwrap_or_default();
                if reason == "link_disabled" {
                    return End::Refused("link_disabled".into());
                }
                if !greeted {
                    return End::Broke(format!("turned away: {reason}"));
                }
                tracing::info!(reason, "Slack will close a connection: another is opened");
                leaving.get_or_insert(Instant::now() + pace.silence);
                tell.send(Told::Leaving(id)).await.ok();
            }
            _ => acks.extend(take(hearing, frame, &text)),
        }
    }
}

/// Hands a frame in; what comes back is its ack, or nothing.
fn take(hearing: &Arc<Hearing>, frame: Frame, raw: &str) -> Option<impl Future<Output = Option<Due>> + use<>> {
    let kind = match frame.kind.as_str() {
        "events_api" => Some(Kind::Event),
        "interactive" => Some(Kind::Interactive),
        "slash_commands" => Some(Kind::Slash),
        _ => None,
    };
    let envelope = frame.envelope_id?;
    // An unknown kind asks nothing of us, but wants its ack.
    let acked = kind.map(|kind| hearing.take(kind, &frame.payload, raw));
    let answers = frame.accepts_response_payload;
    Some(async move {
        let taken = match acked {
            Some(acked) => acked.await.ok()?,
            None => Taken::default(),
        };
        // Where it takes no answer whoever wanted it heard learns that it was not.
        let heard = taken.heard.filter(|_| answers);
        Some((ack(&envelope, taken.answer.filter(|_| answers)), heard))
    })
}

fn ack(envelope: &str, answer: Option<Value>) -> String {
    let mut ack = json!({ "envelope_id": envelope });
    if let Some(answer) = answer {
        ack["payload"] = answer;
    }
    ack.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ() {
        let pace = Pace { back_off: (Duration::from_secs(1), Duration::from_secs(8)), ..Pace::default() };
        let mut back_off = BackOff::new(pace);
        for whole in [1, 2, 4, 8, 8] {
            let pause = back_off.pause();
            assert!(pause >= Duration::from_secs(whole) / 2 && pause <= Duration::from_secs(whole));
        }
        back_off.reset();
        assert!(back_off.pause() <= Duration::from_secs(1));
    }

    #[test]
    fn a_warning_opens_another_at_once_but_never_in_a_hot_loop() {
        let mut watch = Watch::new(Pace::default());
        let now = Instant::now();
        watch.next_at = None;
        watch.began.insert(1, now);
        watch.live.insert(1);
        watch.want(Duration::from_secs(3_600), now);
        assert_eq!(watch.next_at, None, "one serves");
        watch.leaving.insert(1);
        watch.want(Duration::from_secs(3_600), now);
        assert_eq!(watch.next_at, Some(now), "the old one still serves: no gap");
        watch.next_at = None;
        watch.began.clear();
        // Turned away at once, again and again.
        let mut waited = Duration::ZERO;
        for _ in 0..10 {
            watch.want(Duration::ZERO, now);
            waited += watch.next_at.take().unwrap() - now;
        }
        assert!(waited > Duration::from_secs(100), "{waited:?}");
    }

    #[test]
    fn a_ping_that_is_answered_proves_all_that_was_sent_before_it() {
        let mut proof = Proof::default();
        let (mut heard, pings): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                let (tx, rx) = oneshot::channel();
                (rx, proof.wanted(tx))
            })
            .unzip();
        // The pings of the clock say nothing.
        proof.given(b"");
        assert!(heard.iter_mut().all(|h| h.try_recv().is_err()));
        proof.given(&pings[1]);
        let known: Vec<bool> = heard.iter_mut().map(|h| h.try_recv().is_ok()).collect();
        assert_eq!(known, [true, true, false]);
    }

    #[test]
    fn an_ack_names_its_envelope() {
        assert_eq!(ack("e1", None), r#"{"envelope_id":"e1"}"#);
        assert_eq!(ack("e1", Some(json!({"text":"a"}))), r#"{"envelope_id":"e1","payload":{"text":"a"}}"#);
    }
}
