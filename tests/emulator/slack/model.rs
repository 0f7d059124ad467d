//! What stands in the workspace, and what happened to it.

use super::delivery::Deliveries;
use super::faults::Faults;
use super::limits::Limits;
use super::pings::{Effects, Link, Parse, Ping};
use super::socket::Sockets;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use sereno::clock::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// A member of the workspace, or somebody of another one.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub name: String,
    pub team: String,
    pub locale: String,
    pub admin: bool,
    /// `is_restricted`: guest of several channels.
    pub guest: bool,
    /// `is_ultra_restricted`: guest of one channel.
    pub single_guest: bool,
    pub bot: bool,
    /// Of another workspace of the same organisation.
    pub cousin: bool,
    pub deleted: bool,
}

/// A channel, or a direct conversation.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: String,
    pub name: String,
    pub private: bool,
    /// A direct conversation with this user.
    pub im: Option<String>,
    pub archived: bool,
    /// Shared with the workspaces of others.
    pub ext_shared: bool,
    pub members: BTreeSet<String>,
    pub messages: BTreeMap<String, Message>,
    pub made: i64,
}

impl Channel {
    /// `channel`, `group` or `im`, as events have it.
    pub fn kind(&self) -> &'static str {
        match (&self.im, self.private) {
            (Some(_), _) => "im",
            (None, true) => "group",
            (None, false) => "channel",
        }
    }

    pub fn replies<'a>(&'a self, thread: &'a str) -> impl Iterator<Item = &'a Message> + 'a {
        // They come after it.
        self.messages.range(thread.to_owned()..).map(|(_, m)| m).filter(move |m| m.thread.as_deref() == Some(thread) && m.ts != thread)
    }
}

/// A message as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    pub ts: String,
    pub thread: Option<String>,
    pub user: String,
    /// Whether the app under test posted it.
    pub ours: bool,
    pub subtype: Option<String>,
    pub text: String,
    pub blocks: Vec<Value>,
    pub attachments: Vec<Value>,
    pub metadata: Option<Value>,
    /// When it was last changed.
    pub edited: Option<String>,
    pub reactions: Vec<(String, Vec<String>)>,
    pub files: Vec<String>,
    pub client_msg_id: Option<String>,
    pub pinned: bool,
    pub broadcast: bool,
    /// Whether links are shown with a preview.
    pub unfurls: bool,
}

impl Message {
    /// The operation id in its metadata.
    pub fn op(&self) -> Option<&str> {
        op_of(self.metadata.as_ref())
    }
}

pub fn op_of(metadata: Option<&Value>) -> Option<&str> {
    metadata?["event_payload"]["op"].as_str()
}

/// A token, and what it may do.
#[derive(Clone, Debug)]
pub struct Token {
    /// `bot` or `app`.
    pub kind: &'static str,
    pub scopes: Vec<String>,
    /// The error that it gives from now on.
    pub dead: Option<&'static str>,
    pub expires: Option<i64>,
}

/// A modal, or somebody's home.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub id: String,
    /// As the app gave it, with what Slack adds to its blocks.
    pub body: Value,
    pub hash: String,
    pub user: String,
    pub open: bool,
    pub previous: Option<String>,
    pub root: String,
    /// What the app found wrong with a submission: block and words.
    pub errors: BTreeMap<String, String>,
    /// How often it was changed by the app.
    pub updates: u32,
    /// What has been filled in.
    pub state: Value,
}

/// A three-second right to open a view.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub user: String,
    pub until: i64,
    pub used: bool,
    /// The view from which it came.
    pub view: Option<String>,
}

/// Where an app may answer an interaction.
#[derive(Clone, Debug)]
pub struct Hook {
    pub user: String,
    pub channel: String,
    pub thread: Option<String>,
    /// The message that was acted upon, and whether only its reader sees it.
    pub message: Option<(String, bool)>,
    pub until: i64,
    pub left: u32,
}

/// A message that one person sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Ephemeral {
    pub ts: String,
    pub channel: String,
    pub thread: Option<String>,
    pub user: String,
    pub text: String,
    pub blocks: Vec<Value>,
    /// `chat.postEphemeral`, `response_url`, `ack`, or `slack`: said by Slack itself.
    pub by: &'static str,
    pub deleted: bool,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub id: String,
    pub name: String,
    pub title: String,
    pub alt: Option<String>,
    pub announced: usize,
    pub content: Option<Vec<u8>>,
    /// Where it was put.
    pub shared: Vec<(String, String)>,
    pub complete: bool,
    pub made: i64,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: i64,
    pub method: String,
    pub arguments: BTreeMap<String, Value>,
    pub token: Option<String>,
    pub fault: Option<&'static str>,
    /// `None`: never answered. `Some("")`: ok.
    pub error: Option<String>,
}

/// A ping that a message made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinged {
    pub channel: String,
    pub ts: String,
    pub op: Option<String>,
    pub ping: Ping,
}

/// A link that a message showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    pub channel: String,
    pub ts: String,
    pub op: Option<String>,
    pub link: Link,
}

/// How often an operation was carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub posted: u32,
    pub updated: u32,
}

/// What happened, beside what stands.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub requests: Vec<Request>,
    /// Counts requests even where they are not kept.
    pub calls: BTreeMap<String, u64>,
    pub ops: BTreeMap<String, Count>,
    pub ephemerals: Vec<Ephemeral>,
    pub pings: Vec<Pinged>,
    pub links: Vec<Linked>,
    /// Calls that were refused because there were too many, by method: not those ordered as a fault.
    pub limited: BTreeMap<String, u64>,
    /// Metadata that holds something else than strings: legal, but some clients lose the message.
    pub odd_metadata: Vec<Value>,
    /// Acks of envelopes that were never sent.
    pub strange_acks: u64,
    /// What Slack found wrong with what came with an ack: the person sees nothing of it.
    pub bad_acks: Vec<String>,
    /// Uses of a response_url: `ok`, `used_url`, `expired_url`.
    pub hook_uses: Vec<&'static str>,
    /// Changes by the app, in order: what, channel, ts.
    pub deeds: Vec<(&'static str, String, String)>,
}

/// Everything.
pub struct State {
    pub base: String,
    clock: Clock,
    /// Milliseconds by which this clock runs ahead.
    pub ahead: i64,
    pub rng: ChaCha8Rng,
    pub numbers: u64,
    last_ts: i64,
    pub team: String,
    pub scopes: Vec<String>,
    pub tokens: BTreeMap<String, Token>,
    /// Refresh tokens: used or not.
    pub refresh: BTreeMap<String, bool>,
    pub users: BTreeMap<String, User>,
    /// User groups: id, handle, members.
    pub groups: BTreeMap<String, (String, BTreeSet<String>)>,
    pub channels: BTreeMap<String, Channel>,
    pub files: BTreeMap<String, File>,
    pub views: BTreeMap<String, View>,
    pub homes: BTreeMap<String, String>,
    pub triggers: BTreeMap<String, Trigger>,
    pub hooks: BTreeMap<String, Hook>,
    pub commands: Vec<String>,
    /// The events that the app subscribes to, as its manifest names them (`message.im`); `None`: all.
    pub events: Option<Vec<String>>,
    /// The shortcuts that it has; `None`: any.
    pub shortcuts: Option<Vec<String>>,
    /// Whether calls are kept one by one.
    pub keep_requests: bool,
    /// How many of those who react a message names, where not all are asked for.
    pub reactors_shown: usize,
    /// Channels whose history is refused, and how.
    pub shut: BTreeMap<String, &'static str>,
    /// So long after Slack took a file it shows it, in milliseconds.
    pub files_late: i64,
    /// The organisation that the workspace is part of.
    pub enterprise: Option<String>,
    pub log: Log,
    pub faults: Faults,
    pub limits: Limits,
    pub sockets: Sockets,
    pub deliveries: Deliveries,
    pub changed: watch::Sender<u64>,
    pub wake: Arc<Notify>,
}

pub const TEAM: &str = "T0EMU0001";
pub const APP: &str = "A0EMU0001";
pub const BOT: &str = "B0EMU0001";
pub const BOT_USER: &str = "U0EMUBOT1";
pub const OTHER_TEAM: &str = "T0FAR0001";

impl State {
    pub fn new() -> State {
        State {
            base: String::new(),
            clock: Clock::system(),
            ahead: 0,
            rng: ChaCha8Rng::seed_from_u64(0x51AC),
            numbers: 0,
            last_ts: 0,
            team: "Shop".into(),
            scopes: super::SCOPES.iter().map(|s| (*s).to_owned()).collect(),
            tokens: BTreeMap::new(),
            refresh: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            channels: BTreeMap::new(),
            files: BTreeMap::new(),
            views: BTreeMap::new(),
            homes: BTreeMap::new(),
            triggers: BTreeMap::new(),
            hooks: BTreeMap::new(),
            commands: Vec::new(),
            events: None,
            shortcuts: None,
            keep_requests: true,
            reactors_shown: 50,
            shut: BTreeMap::new(),
            files_late: 0,
            enterprise: None,
            log: Log::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            sockets: Sockets::default(),
            deliveries: Deliveries::default(),
            changed: watch::Sender::new(0),
            wake: Arc::new(Notify::new()),
        }
    }

    /// Milliseconds since 1970 by the emulator's clock.
    pub fn now(&self) -> i64 {
        self.clock.now().0 + self.ahead
    }

    /// Something happened: those who wait look again.
    pub fn touch(&mut self) {
        self.changed.send_modify(|n| *n += 1);
        self.wake.notify_one();
    }

    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// An id as Slack makes them: a letter and capitals and digits.
    pub fn id(&mut self, kind: char) -> String {
        format!("{kind}0EMU{:05}", self.number())
    }

    /// Random letters.
    pub fn secret(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..length).map(|_| char::from(LETTERS[self.rng.next_u32() as usize % LETTERS.len()])).collect()
    }

    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.rng.next_u64(), self.rng.next_u64());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
    }

    /// The next timestamp of a message: unlike every other in the workspace, so that one names it.
    pub fn ts(&mut self) -> String {
        self.last_ts = (self.now() * 1_000).max(self.last_ts + 1);
        stamp(self.last_ts)
    }

    /// A timestamp unlike the others.
    pub fn event_ts(&mut self) -> String {
        let n = self.number() % 1_000;
        stamp(self.now() * 1_000 + n as i64)
    }

    pub fn trigger(&mut self, user: &str, view: Option<String>) -> String {
        let until = self.now() + 3_000;
        let id = format!("{}.{}.{}", self.now(), self.number(), self.secret(32));
        self.triggers.insert(id.clone(), Trigger { user: user.into(), until, used: false, view });
        id
    }

    /// A new response_url.
    pub fn hook(&mut self, hook: Hook) -> String {
        let id = format!("{TEAM}/{}/{}", self.number(), self.secret(24));
        let url = format!("{}/hooks/{id}", self.base);
        self.hooks.insert(id, hook);
        url
    }

    pub fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|u| u.name == name)
    }

    pub fn channel_named(&self, name: &str) -> Option<&Channel> {
        self.channels.get(name).or_else(|| self.channels.values().find(|c| c.im.is_none() && c.name == name))
    }

    pub fn message(&self, channel: &str, ts: &str) -> Option<&Message> {
        self.channels.get(channel)?.messages.get(ts)
    }

    pub fn message_mut(&mut self, channel: &str, ts: &str) -> Option<&mut Message> {
        self.channels.get_mut(channel)?.messages.get_mut(ts)
    }

    /// The direct conversation of the app with somebody; made if new.
    pub fn im(&mut self, user: &str) -> String {
        if let Some(channel) = self.channels.values().find(|c| c.im.as_deref() == Some(user)) {
            return channel.id.clone();
        }
        let id = self.id('D');
        let members = [user.to_owned(), BOT_USER.to_owned()].into();
        self.add_channel(Channel { members, im: Some(user.into()), private: true, ..empty_channel(&id, "") });
        id
    }

    pub fn add_channel(&mut self, mut channel: Channel) {
        channel.made = self.now() / 1_000;
        self.channels.insert(channel.id.clone(), channel);
    }

    /// Takes down what an app's message does.
    pub fn effects(&mut self, channel: &str, ts: &str, op: Option<&str>, effects: Effects) {
        let of = (channel.to_owned(), ts.to_owned(), op.map(str::to_owned));
        for ping in effects.pings {
            self.log.pings.push(Pinged { channel: of.0.clone(), ts: of.1.clone(), op: of.2.clone(), ping });
        }
        for link in effects.links {
            self.log.links.push(Linked { channel: of.0.clone(), ts: of.1.clone(), op: of.2.clone(), link });
        }
    }

    /// Shows something to one person.
    pub fn whisper(&mut self, by: &'static str, user: &str, channel: &str, thread: Option<String>, body: &Value) -> String {
        let ts = self.ts();
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
        let attachments = body["attachments"].as_array().cloned().unwrap_or_default();
        // Beside blocks the text stands in notifications alone, where nothing is a link.
        let parse = if blocks.is_empty() { Parse::Usual } else { Parse::Verbatim };
        if by != "chat.postEphemeral" {
            self.effects(channel, &ts, None, Effects::of(&text, parse, &blocks, &attachments));
        }
        let mut ids = Vec::new();
        for _ in 0..blocks.len() * 8 + 1 {
            ids.push(self.secret(5));
        }
        let blocks = super::blocks::kept(&blocks, || ids.pop().unwrap_or_default());
        self.log.ephemerals.push(Ephemeral {
            ts: ts.clone(),
            channel: channel.into(),
            thread,
            user: user.into(),
            text,
            blocks,
            by,
            deleted: false,
        });
        self.touch();
        ts
    }
}

pub fn empty_channel(id: &str, name: &str) -> Channel {
    Channel {
        id: id.into(),
        name: name.into(),
        private: false,
        im: None,
        archived: false,
        ext_shared: false,
        members: BTreeSet::new(),
        messages: BTreeMap::new(),
        made: 0,
    }
}

fn stamp(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// `{"ok": false, "error": …}`
pub fn no(error: &str) -> Value {
    json!({"ok": false, "error": error})
}
