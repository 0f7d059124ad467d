//! Listening: what happens to the account by the activity stream, and what the listening rules catch by the filtered one.
//!
//! Both take the app's own token, and X lets an app have one connection of each. What is missed here comes by reading, so
//! nothing is asked for again; the two are heard side by side, and one that X refuses holds the other up no longer. Where
//! the app's plan has no streams, reading is all there is: said once, and tried again some hours later.

use super::account::XAccount;
use super::api::{Call, Trouble};
use super::auth::{NotGranted, app_only, oauth1::Pair};
use super::mapping::Mapper;
use super::price::{Act, Pace, Purpose};
use super::query::{MAX_RULE, queries};
use super::wire::{Each, Line, User, meant_for, read_line};
use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::network::NetError;
use crate::policy::ListenRule;
use crate::post::NetEvent;
use reqwest::{Method, Response};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};
use url::Url;

/// A longer line is none that X means, in bytes.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// A stream that lived so long goes well, in milliseconds.
const WELL_MS: i64 = MINUTE_MS;
/// A plan without streams may have been changed since, in milliseconds.
const REFUSED_MS: i64 = 6 * HOUR_MS;
/// Where X sends what happens to our address: it is looked so often whether it still does, in milliseconds.
const ATTEND_MS: i64 = HOUR_MS;
/// How often it is looked whether the month's budget lets a stream be heard again, in milliseconds.
const TOO_DEAR_MS: i64 = MINUTE_MS;

/// How the app's own token is had.
#[derive(Clone, Debug)]
pub enum AppToken {
    /// It was given.
    Given(SecretString),
    /// By the consumer key and its secret.
    For(Pair),
}

/// What is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Activity,
    Filtered,
}

impl Lane {
    fn name(self) -> &'static str {
        match self {
            Lane::Activity => "activity",
            Lane::Filtered => "filtered",
        }
    }
    fn call(self) -> Call<'static> {
        match self {
            Lane::Activity => Call::get("activity-stream", &["2", "activity", "stream"]),
            // The dialect of this endpoint is the older one.
            Lane::Filtered => Call::get("stream", &["2", "tweets", "search", "stream"])
                .query(
                    "tweet.fields",
                    "attachments,author_id,conversation_id,created_at,entities,lang,note_tweet,public_metrics,referenced_tweets",
                )
                .query("user.fields", "created_at,protected,public_metrics")
                .query("media.fields", "alt_text,media_key,preview_image_url,type,url,variants")
                .query("poll.fields", "id,options")
                .query(
                    "expansions",
                    "attachments.media_keys,attachments.poll_ids,author_id,edit_history_tweet_ids,entities.mentions.username,\
                     in_reply_to_user_id,referenced_tweets.id",
                ),
        }
    }
}

/// Pauses before a stream is opened again, as X asks for: after a broken connection they grow evenly, after its own
/// troubles they double, and after too many connections they double from a minute on.
#[derive(Clone, Debug, Default)]
pub struct Pauses {
    broken: u32,
    refused: u32,
    too_many: u32,
}

impl Pauses {
    /// The next one, in milliseconds.
    pub fn next(&mut self, trouble: &Trouble) -> i64 {
        let doubled = |first: i64, times: u32, most: i64| first.saturating_mul(1 << times.min(16)).min(most);
        let (pause, wish) = match trouble {
            Trouble::Status { code: 429, after_ms, .. } => {
                self.too_many += 1;
                (doubled(MINUTE_MS, self.too_many - 1, 16 * MINUTE_MS), *after_ms)
            }
            Trouble::Status { .. } | Trouble::NoToken(_) | Trouble::Malformed(_) => {
                self.refused += 1;
                (doubled(5 * SECOND_MS, self.refused - 1, 320 * SECOND_MS), None)
            }
            Trouble::Spent(ms) => (*ms, None),
            Trouble::NotSent(_) | Trouble::Lost(_) => {
                self.broken += 1;
                ((i64::from(self.broken - 1) * 250).min(16 * SECOND_MS), None)
            }
        };
        pause.max(wish.unwrap_or(0))
    }
}

/// Why a stream is no longer heard.
enum End {
    /// Nobody takes events any more.
    Unheard,
    /// It is to be opened again.
    Trouble(Trouble),
    /// The month's budget no longer allows it.
    TooDear,
    /// There are other listening rules now.
    OtherRules,
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::Trouble(trouble)
    }
}

/// A rule of the filtered stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Rule {
    #[serde(default)]
    id: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    tag: String,
}

#[derive(Deserialize)]
struct Rules {
    #[serde(default)]
    data: Each<Rule>,
    #[serde(default)]
    meta: RulesMeta,
}

#[derive(Default, Deserialize)]
struct RulesMeta {
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    summary: Summary,
}

#[derive(Default, Deserialize)]
struct Summary {
    #[serde(default)]
    not_created: u64,
}

impl XAccount {
    /// See [`crate::network::NetworkAccount::push`].
    pub(super) async fn listen(&self, events: mpsc::Sender<NetEvent>) -> NetError {
        if self.settings.app_token.is_none() {
            // Nothing comes by itself; reading finds it.
            return std::future::pending().await;
        }
        let me = match self.sign_in().await {
            Ok(me) => me,
            Err(trouble) => return trouble.into(),
        };
        tokio::join!(self.hear(Lane::Activity, &me, &events), self.hear(Lane::Filtered, &me, &events));
        NetError::Retry { after_ms: None, why: "nobody listens any more".into() }
    }

    /// Hears a stream, again and again.
    async fn hear(&self, lane: Lane, me: &User, events: &mpsc::Sender<NetEvent>) {
        let (mut pauses, mut said) = (Pauses::default(), false);
        let mut changes = self.listening.subscribe();
        loop {
            // What changes from here on ends what is heard below.
            changes.mark_unchanged();
            if self.is_too_dear(lane) {
                tokio::select! {
                    () = events.closed() => return,
                    () = sleep(Duration::from_millis(TOO_DEAR_MS.unsigned_abs())) => continue,
                }
            }
            let heard = tokio::select! {
                heard = self.hear_once(lane, me, events, &mut pauses) => heard,
                Ok(()) = changes.changed(), if lane == Lane::Filtered => Err(End::OtherRules),
            };
            let trouble = match heard {
                Err(End::Unheard) => return,
                Err(End::OtherRules) => continue,
                // Nothing is listened for: that may change.
                Ok(()) => tokio::select! {
                    () = events.closed() => return,
                    _ = changes.changed() => continue,
                },
                Err(End::Trouble(trouble)) => trouble,
                Err(End::TooDear) => {
                    info!(account = %self.account, stream = lane.name(), "the month's budget is nearly spent: not listened to; search goes on, more seldom");
                    continue;
                }
            };
            let why = trouble.words();
            let refused = matches!(trouble, Trouble::Status { code: 403, .. });
            if refused && !said {
                warn!(account = %self.account, stream = lane.name(), why, "X does not let this app have the stream: reading goes on, and finds things later");
                said = true;
            } else if !refused {
                info!(account = %self.account, stream = lane.name(), why, "the stream ended, and is opened again");
            }
            let pause = if refused { REFUSED_MS } else { pauses.next(&trouble) };
            sleep(Duration::from_millis(pause.unsigned_abs())).await;
        }
    }

    /// Opens a stream and passes on what it says; `Ok`: there is nothing to hear.
    async fn hear_once(&self, lane: Lane, me: &User, events: &mpsc::Sender<NetEvent>, pauses: &mut Pauses) -> Result<(), End> {
        let token = self.app_token().await?;
        let opened = match (lane, &self.settings.hook) {
            (Lane::Activity, Some(address)) => self.attend(address, me, &token, pauses).await,
            (Lane::Activity, None) => match self.subscribe(me, &token, None).await {
                Ok(()) => self.open(lane, &token).await,
                Err(trouble) => Err(trouble),
            },
            (Lane::Filtered, _) => match self.reconcile_rules(me, &token).await {
                Ok(false) => return Ok(()),
                Ok(true) => self.open(lane, &token).await,
                Err(trouble) => Err(trouble),
            },
        };
        if matches!(opened, Err(Trouble::Status { code: 401, .. })) {
            *self.app.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.pass_on(lane, me, opened?, events, pauses).await
    }

    /// Where X sends what happens to our address there is nothing to open: sees to it, again and again, that it does.
    async fn attend(&self, address: &Url, me: &User, token: &SecretString, pauses: &mut Pauses) -> Result<Response, Trouble> {
        loop {
            let id = self.register(address, token).await?;
            self.subscribe(me, token, Some(&id)).await?;
            info!(account = %self.account, "X sends what happens to the webhook");
            *pauses = Pauses::default();
            sleep(Duration::from_millis(ATTEND_MS.unsigned_abs())).await;
        }
    }

    /// Whether a stream is not to be heard, as each post of it is charged for and the budget is nearly spent. What speaks to us
    /// is always heard.
    fn is_too_dear(&self, lane: Lane) -> bool {
        lane == Lane::Filtered && self.till.pace(Purpose::Search, self.clock.now()) != Pace::Full
    }

    async fn open(&self, lane: Lane, token: &SecretString) -> Result<Response, Trouble> {
        let within = Duration::from_millis(self.settings.request_ms.max(1));
        let opened = timeout(within, self.api.open(&lane.call(), token)).await;
        opened.unwrap_or_else(|_| Err(Trouble::Lost("the stream did not open in time".into())))
    }

    /// Passes lines on until the stream ends or falls silent: X says every 20 seconds that it lives.
    async fn pass_on(
        &self,
        lane: Lane,
        me: &User,
        mut stream: Response,
        events: &mpsc::Sender<NetEvent>,
        pauses: &mut Pauses,
    ) -> Result<(), End> {
        info!(account = %self.account, stream = lane.name(), "listening");
        let silence = Duration::from_millis(self.settings.silence_ms.max(1));
        let began = self.clock.now();
        let lost = |why: &str| End::Trouble(Trouble::Lost(why.to_owned()));
        let mut waiting = Vec::new();
        loop {
            let chunk = match timeout(silence, stream.chunk()).await {
                Err(_) => return Err(lost("silent, without a sign of life")),
                Ok(Err(_)) => return Err(lost("the connection broke")),
                Ok(Ok(None)) => return Err(lost("X closed it")),
                Ok(Ok(Some(chunk))) => chunk,
            };
            // One that breaks again and again at once has not gone well.
            if self.clock.now().since(began) >= WELL_MS {
                *pauses = Pauses::default();
            }
            waiting.extend_from_slice(&chunk);
            while let Some(end) = waiting.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                let mut heard = self.heard(lane, me, &line);
                self.complete(&me.id, &mut heard).await;
                for event in heard {
                    events.send(event).await.map_err(|_| End::Unheard)?;
                }
            }
            if self.is_too_dear(lane) {
                return Err(End::TooDear);
            }
            if waiting.len() > MAX_LINE_BYTES {
                return Err(lost("a line without an end"));
            }
        }
    }

    /// What a line means for us. What is odd is skipped: the stream goes on, and reading has it.
    fn heard(&self, lane: Lane, me: &User, line: &[u8]) -> Vec<NetEvent> {
        // The stream is the app's: it tells of all accounts that share it.
        if meant_for(line).is_some_and(|user| user != me.id) {
            return Vec::new();
        }
        let mut line = read_line(line);
        let now = self.clock.now();
        match &mut line {
            Line::Post { post, rules, .. } => {
                self.till.charge(Act::PostRead, &post.id, now);
                // Rules of others that share the app are theirs.
                let prefix = self.prefix();
                *rules = rules.iter().filter_map(|tag| tag.strip_prefix(&prefix)).map(str::to_owned).collect();
                if rules.is_empty() {
                    return Vec::new();
                }
            }
            Line::Odd => {
                // Said at the 1st, 2nd, 4th, 8th, …: it must not fill the log.
                let n = self.odd_lines.fetch_add(1, Ordering::Relaxed) + 1;
                if n.is_power_of_two() {
                    warn!(account = %self.account, stream = lane.name(), so_far = n, "X streams something unreadable: skipped, reading will bring what it was");
                }
            }
            Line::Problems(problems) => {
                let why: Vec<&str> = problems.iter().map(super::wire::Problem::words).collect();
                info!(account = %self.account, stream = lane.name(), why = why.join("; "), "X says why the stream is about to end");
            }
            Line::KeepAlive | Line::Activity(_) => {}
        }
        let mut events = Mapper { account: &self.account, me: &me.id, now }.line(&line);
        if let Line::Post { rules, .. } = &line {
            events = self.sifted(events, rules);
        }
        if matches!(line, Line::Activity(_)) {
            self.till.charge_heard(&events, now);
        }
        events
    }

    /// The app's own token, which lives until it is withdrawn.
    pub(super) async fn app_token(&self) -> Result<SecretString, Trouble> {
        let known = self.app.read().unwrap_or_else(PoisonError::into_inner).clone();
        let pair = match (known, &self.settings.app_token) {
            (Some(known), _) => return Ok(known),
            (None, Some(AppToken::Given(token))) => return Ok(token.clone()),
            (None, Some(AppToken::For(pair))) => pair,
            (None, None) => return Err(Trouble::Malformed("no token of the app".into())),
        };
        let granted = self.api.exchange_at(&["oauth2", "token"], app_only(pair)).await;
        let granted = granted.map_err(|e| match e {
            NotGranted::NotNow(why) => Trouble::Lost(why),
            NotGranted::Spent(why) | NotGranted::App(why) => Trouble::Status { code: 401, words: why, after_ms: None },
        })?;
        *self.app.write().unwrap_or_else(PoisonError::into_inner) = Some(granted.access.clone());
        Ok(granted.access)
    }

    /// Makes the rules on X those of `[[listen]]`: what is missing is added, ours that are gone are taken away, those of
    /// others stay. Whether there is anything to hear.
    async fn reconcile_rules(&self, me: &User, token: &SecretString) -> Result<bool, Trouble> {
        let wanted = rules(&self.listening().rules, &me.username, &self.prefix());
        let there = self.rules_there(token).await?;
        let same = |a: &Rule, b: &Rule| (&a.value, &a.tag) == (&b.value, &b.tag);
        let gone: Vec<&str> = there
            .iter()
            .filter(|rule| rule.tag.starts_with(&self.prefix()) && !wanted.iter().any(|w| same(w, rule)))
            .map(|rule| rule.id.as_str())
            .collect();
        if !gone.is_empty() {
            self.change_rules(token, json!({"delete": {"ids": gone}})).await?;
        }
        let missing: Vec<Value> = wanted
            .iter()
            .filter(|rule| !there.iter().any(|t| same(t, rule)))
            .map(|rule| json!({"value": rule.value, "tag": rule.tag}))
            .collect();
        if !missing.is_empty() {
            let refused = self.change_rules(token, json!({"add": missing})).await?;
            if refused > 0 {
                warn!(account = %self.account, refused, "X does not take all rules of the filtered stream: what they would catch is found by search");
            }
        }
        Ok(!wanted.is_empty())
    }

    pub(super) async fn rules_there(&self, token: &SecretString) -> Result<Vec<Rule>, Trouble> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut call = Call::get("rules", &["2", "tweets", "search", "stream", "rules"]);
            if let Some(next) = next {
                call = call.query("pagination_token", next);
            }
            let page: Rules = self.api.json_with(&call, token).await?;
            let read = page.data.read.len();
            all.extend(page.data.read);
            next = page.meta.next_token.filter(|_| read > 0);
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// How many were not made.
    async fn change_rules(&self, token: &SecretString, change: Value) -> Result<u64, Trouble> {
        let mut call = Call::get("rules", &["2", "tweets", "search", "stream", "rules"]);
        call.method = Method::POST;
        call.body = Some(change);
        Ok(self.api.json_with::<Rules>(&call, token).await?.meta.summary.not_created)
    }
}

/// The rules of the filtered stream.
fn rules(listen: &[ListenRule], me: &str, prefix: &str) -> Vec<Rule> {
    let of = |rule: &ListenRule| {
        let tag = format!("{prefix}{}", rule.name);
        queries(rule, me, MAX_RULE).into_iter().map(move |value| Rule { id: String::new(), value, tag: tag.clone() })
    };
    listen.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_x_asks_for() {
        let mut pauses = Pauses::default();
        let status = |code, after_ms| Trouble::Status { code, words: String::new(), after_ms };
        let lost = Trouble::Lost(String::new());
        assert_eq!([(); 4].map(|()| pauses.next(&lost)), [0, 250, 500, 750]);
        assert_eq!([(); 3].map(|()| pauses.next(&status(503, None))), [5_000, 10_000, 20_000]);
        assert_eq!([(); 3].map(|()| pauses.next(&status(429, None))), [60_000, 120_000, 240_000]);
        assert_eq!(pauses.next(&status(429, Some(900_000))), 900_000);
        for _ in 0..100 {
            pauses.next(&lost);
            pauses.next(&status(503, None));
            pauses.next(&status(429, None));
        }
        assert_eq!((pauses.next(&lost), pauses.next(&status(500, None)), pauses.next(&status(429, None))), (16_000, 320_000, 960_000));
    }
}
