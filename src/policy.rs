//! The rules a decision is taken by: what `bot.toml` says, as plain data for the core.
//!
//! [`crate::config`] makes it from the file; nothing in it can do I/O.

use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use crate::cost::Fees;
use crate::media;
use crate::post::{Account, AuthorId, Network, name_type};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An account that could not be read for so long is told of in the channel, and counts in health.
pub const FAILING_MS: i64 = 5 * MINUTE_MS;
/// The team is told of a failing account again no sooner than after so long.
pub const FAILING_AGAIN_MS: i64 = HOUR_MS;

name_type! {
    /// A member of staff, by the chat's immutable id (`U123`, `@ana:example.org`, `console`).
    AgentId
}
name_type! {
    /// A room or channel of the team's chat, by the chat's id.
    RoomId
}

/// What a member of staff may do; each role holds those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads; acts on nothing.
    Viewer,
    /// Works cases and answers.
    Agent,
    /// Approves, retracts, assigns, pauses.
    Lead,
    /// Runs the bot.
    Operator,
}

/// The languages that staff can work in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Lang {
    /// `en` or `es`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Es => "es",
        }
    }
    /// From a BCP 47 tag or a locale (`es`, `es-ES`, `es_ES.UTF-8`): Spanish, else English.
    #[must_use]
    pub fn from_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("es") { Lang::Es } else { Lang::En }
    }
    /// The language of a tag such as `es` or `en-GB`; `None` for one that the bot does not speak.
    #[must_use]
    pub fn spoken(tag: &str) -> Option<Lang> {
        let first = tag.split(['-', '_']).next().unwrap_or_default();
        [Lang::En, Lang::Es].into_iter().find(|lang| lang.code().eq_ignore_ascii_case(first))
    }
}

/// Somebody on the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they may do.
    pub role: Role,
    /// The name shown to colleagues.
    pub name: String,
    /// The language of their private answers; `None`: the route's.
    pub lang: Option<Lang>,
}

/// How a private conversation with a customer can begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DmRoute {
    /// We may write to them.
    #[default]
    Direct,
    /// We may write to them once, until then; more only after they wrote back.
    OneShot {
        /// No later.
        until: Time,
    },
    /// We may write to them as often as we like, until then.
    Window {
        /// No later.
        until: Time,
    },
    /// They write first: we give them this address in public, and it opens the form there.
    Link {
        /// Where they write to us.
        url: String,
    },
    /// They write first: we ask them to in public.
    InPublic,
    /// The network has no private messages that we could use.
    None,
}

impl DmRoute {
    /// As it is at `now`: who let a time pass is to be asked in public.
    #[must_use]
    pub fn at(&self, now: Time) -> DmRoute {
        match self {
            DmRoute::OneShot { until } | DmRoute::Window { until } if *until < now => DmRoute::InPublic,
            other => other.clone(),
        }
    }
}

/// How a network counts the length of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// What a reader sees as one character counts one, as Mastodon has it.
    Characters {
        /// What a link counts; `None`: its own length.
        url: Option<usize>,
    },
    /// Scripts that say much in one character count two, a link 23, as X has it.
    Weighted,
}

/// What a network can do for us, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Longest public post, in the network's own count.
    pub max_length: usize,
    /// Longest private message, counted the same way.
    pub max_private: usize,
    /// How the network counts a text.
    pub counting: Counting,
    /// Whether an answer names the person in front of its text, and that counts.
    pub names_addressee: bool,
    /// Whether a published post can be changed.
    pub can_edit: bool,
    /// Whether a published post can be taken back.
    pub can_delete: bool,
    /// How a handoff opens, with people of whom nothing else is known ([`crate::post::Author::route`]).
    pub dm_route: DmRoute,
    /// Whether private messages can be lost on us: the network has encrypted ones that its API does not give out.
    pub unseen_private: bool,
    /// Whether a send carrying the same operation id again is accepted once by the network itself.
    pub idempotent: bool,
    /// Sends allowed a minute on this account, in the long run; the lane keeps to it.
    pub sends_per_minute: u32,
    /// Sends that may leave at once after a quiet time, before that holds.
    pub sends_at_once: u32,
    /// Sends of this account that may be on their way at once.
    pub in_flight: usize,
    /// The pictures that go with a public text.
    #[serde(default)]
    pub pictures: media::Takes,
    /// The pictures that go with a private message.
    #[serde(default)]
    pub private_pictures: media::Takes,
}

impl Capabilities {
    /// The most that a public or a private text may count.
    #[must_use]
    pub fn most(&self, private: bool) -> usize {
        if private { self.max_private } else { self.max_length }
    }
    /// The pictures that go with a public or a private text.
    #[must_use]
    pub fn takes(&self, private: bool) -> &media::Takes {
        if private { &self.private_pictures } else { &self.pictures }
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            max_length: 500,
            max_private: 500,
            counting: Counting::Characters { url: Some(23) },
            names_addressee: true,
            can_edit: true,
            can_delete: true,
            dm_route: DmRoute::Direct,
            unseen_private: false,
            idempotent: false,
            sends_per_minute: 60,
            sends_at_once: 5,
            in_flight: 4,
            pictures: media::Takes::default(),
            private_pictures: media::Takes::default(),
        }
    }
}

/// A brand account, as the core needs to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPolicy {
    /// Which network it is on.
    pub network: Network,
    /// The author id of the account itself, learnt at start-up: its posts are ours.
    pub author: Option<AuthorId>,
    /// The handle shown to staff.
    pub handle: String,
    /// What its network can do.
    pub capabilities: Capabilities,
    /// What answering costs, where its network charges for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees: Option<Fees>,
}

/// Which room a case goes to. The first that matches wins; empty fields match anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Only cases of this account.
    pub account: Option<Account>,
    /// Only cases whose customer writes in this language (`es`, `ca`, …).
    pub lang: Option<String>,
    /// The room.
    pub room: RoomId,
    /// The language of its threads.
    pub speaks: Lang,
}

/// When a public answer needs a second pair of eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Never.
    #[default]
    Off,
    /// What agents send; leads send on their own.
    Agents,
    /// Always.
    All,
}

/// How answers go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyPolicy {
    /// How long a send waits for `undo`, in milliseconds.
    pub undo_ms: i64,
    /// Who needs approval.
    pub approval: Approval,
    /// How long a text that took the place of another must have stood in the room before it is
    /// approved without being named, in milliseconds.
    pub read_ms: i64,
    /// The first private message of a handoff, by language of the customer; `{code}`, `{case}`,
    /// `{handle}` and `{agent}` are filled in.
    pub handoff_text: BTreeMap<String, String>,
    /// Answers kept ready for forms: by label, then by language of the customer; the same fields
    /// are filled in.
    #[serde(default)]
    pub canned: BTreeMap<String, BTreeMap<String, String>>,
}

/// By when somebody should have answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlinePolicy {
    /// First answer, by priority (index: low, normal, high, urgent), in milliseconds.
    pub first_response_ms: [i64; 4],
    /// Next answer after the customer wrote again, in milliseconds.
    pub next_response_ms: i64,
}

/// How posts are weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriagePolicy {
    /// From how many followers on an audience raises the priority by one step.
    pub large_audience: u64,
    /// From how many followers on it raises it by two.
    pub huge_audience: u64,
    /// Words that raise the priority, besides the built-in ones.
    pub alarm_words: Vec<String>,
    /// Words that send a post to quarantine.
    pub spam_words: Vec<String>,
}

/// The daily report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestPolicy {
    /// Whether it is sent at all.
    pub enabled: bool,
    /// The room; `None`: the first route's.
    pub room: Option<RoomId>,
    /// Local time of day, minutes after midnight.
    pub minute_of_day: u16,
    /// Whether agents are named.
    pub by_agent: bool,
}

/// Who sees private things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyPolicy {
    /// Rooms in which the text of a DM may stand.
    pub private_rooms: Vec<RoomId>,
    /// The room in which DMs are shown; `None`: the case's own, if that is private, else masked.
    pub dm_room: Option<RoomId>,
    /// Whether the pictures of customers' posts stay links, and are not fetched.
    #[serde(default)]
    pub links_only: bool,
}

/// Keywords to listen for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenRule {
    /// Its name, shown on the card.
    pub name: String,
    /// Words and phrases, matched without case or accents, on word borders.
    pub keywords: Vec<String>,
    /// Hashtags, without `#`.
    pub hashtags: Vec<String>,
    /// Hosts; a link to one of them or to a host below it.
    #[serde(default)]
    pub domains: Vec<String>,
    /// A post must have one of these as well; empty: none.
    #[serde(default)]
    pub context: Vec<String>,
    /// A post with one of these is not ours.
    pub exclude: Vec<String>,
    /// Whether one mistake in a keyword of six letters or more is forgiven.
    #[serde(default)]
    pub misspellings: bool,
    /// Languages (ISO 639-1) that a post must be written in; empty: any.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Followers that an author must have, where the network says how many they are.
    #[serde(default)]
    pub min_followers: u64,
}

/// Everything a decision may depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The company, as customers know it.
    pub brand: String,
    /// The team's default language.
    pub lang: Lang,
    /// IANA time zone of the digest and of shown times.
    pub time_zone: String,
    /// Brand accounts by name.
    pub accounts: BTreeMap<Account, AccountPolicy>,
    /// Listening rules.
    pub listen: Vec<ListenRule>,
    /// Rooms; never empty: the last matches all.
    pub routes: Vec<Route>,
    /// Where a card goes whose room does not take it.
    pub fallback_room: RoomId,
    /// Staff by immutable id.
    pub people: BTreeMap<AgentId, Person>,
    /// The role of somebody in the room whom `[people]` does not name.
    pub default_role: Option<Role>,
    /// Sending.
    pub reply: ReplyPolicy,
    /// Deadlines.
    pub deadline: DeadlinePolicy,
    /// Weighing.
    pub triage: TriagePolicy,
    /// Report.
    pub digest: DigestPolicy,
    /// Privacy.
    pub privacy: PrivacyPolicy,
    /// A resolved case is reopened by its customer within this many milliseconds; later, a new, linked one opens.
    pub reopen_ms: i64,
    /// Posts written longer than this before an account was first seen are not taken in.
    pub import_ms: i64,
}

impl Default for Policy {
    fn default() -> Self {
        let room = RoomId::from("console");
        Policy {
            brand: "the company".into(),
            lang: Lang::En,
            time_zone: "UTC".into(),
            accounts: BTreeMap::new(),
            listen: Vec::new(),
            routes: vec![Route { room: room.clone(), ..Route::default() }],
            fallback_room: room,
            people: BTreeMap::new(),
            default_role: Some(Role::Agent),
            reply: ReplyPolicy {
                undo_ms: 10 * SECOND_MS,
                approval: Approval::Off,
                read_ms: 20 * SECOND_MS,
                handoff_text: BTreeMap::new(),
                canned: BTreeMap::new(),
            },
            deadline: DeadlinePolicy {
                first_response_ms: [4 * HOUR_MS, HOUR_MS, 15 * MINUTE_MS, 5 * MINUTE_MS],
                next_response_ms: HOUR_MS,
            },
            triage: TriagePolicy { large_audience: 5_000, huge_audience: 50_000, alarm_words: Vec::new(), spam_words: Vec::new() },
            digest: DigestPolicy { enabled: true, room: None, minute_of_day: 9 * 60, by_agent: false },
            privacy: PrivacyPolicy::default(),
            reopen_ms: 14 * DAY_MS,
            import_ms: HOUR_MS,
        }
    }
}

impl Policy {
    /// What `agent` may do; `None`: nothing at all.
    #[must_use]
    pub fn role(&self, agent: &AgentId) -> Option<Role> {
        self.people.get(agent).map(|p| p.role).or(self.default_role)
    }
    /// The name that colleagues see; the id where `[people]` has none.
    #[must_use]
    pub fn name_of<'a>(&'a self, agent: &'a AgentId) -> &'a str {
        self.people.get(agent).map_or(agent.as_str(), |p| p.name.as_str())
    }
    /// The handle of one of our accounts, which customers and staff know it by; its name in `bot.toml`
    /// until it has signed in for the first time.
    #[must_use]
    pub fn handle_of<'a>(&'a self, account: &'a Account) -> &'a str {
        let handle = self.accounts.get(account).map(|a| a.handle.as_str()).filter(|h| !h.is_empty());
        handle.unwrap_or(account.as_str())
    }
    /// The room for a case of `account` whose customer writes `lang`.
    #[must_use]
    pub fn route(&self, account: &Account, lang: &str) -> &Route {
        let fits = |r: &&Route| r.account.as_ref().is_none_or(|a| a == account) && r.lang.as_deref().is_none_or(|l| l == lang);
        self.routes.iter().find(fits).unwrap_or_else(|| self.routes.last().expect("routes are never empty"))
    }
    /// The rooms that the rules name.
    #[must_use]
    pub fn rooms(&self) -> BTreeSet<&RoomId> {
        let routed = self.routes.iter().map(|r| &r.room);
        let named = [Some(&self.fallback_room), self.privacy.dm_room.as_ref(), self.digest.room.as_ref()];
        routed.chain(&self.privacy.private_rooms).chain(named.into_iter().flatten()).collect()
    }
    /// The language of the threads in `room`.
    #[must_use]
    pub fn room_lang(&self, room: &RoomId) -> Lang {
        self.routes.iter().find(|r| &r.room == room).map_or(self.lang, |r| r.speaks)
    }
    /// Whether the text of a DM may stand in `room`.
    #[must_use]
    pub fn is_private(&self, room: &RoomId) -> bool {
        self.privacy.private_rooms.contains(room)
    }
    /// The rooms in which private text may stand: those named private, and the one for DMs.
    #[must_use]
    pub fn private_rooms(&self) -> BTreeSet<RoomId> {
        self.privacy.private_rooms.iter().chain(&self.privacy.dm_room).cloned().collect()
    }
    /// Whether private text may stand in `room`.
    #[must_use]
    pub fn shows_private(&self, room: &RoomId) -> bool {
        self.is_private(room) || self.privacy.dm_room.as_ref() == Some(room)
    }
    /// Whether `author` is one of our own accounts.
    #[must_use]
    pub fn is_ours(&self, author: &AuthorId) -> bool {
        self.accounts.values().any(|a| a.author.as_ref() == Some(author))
    }
}
