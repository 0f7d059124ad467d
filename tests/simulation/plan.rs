//! What a seed decides before its run begins: rules, faults, the calendar.

use super::rng::Rng;
use super::staff::Staff;
use super::{chat, network};
use sereno::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::policy::{
    AccountPolicy, AgentId, Approval, Capabilities, DigestPolicy, DmRoute, Lang, ListenRule, Person, Policy, PrivacyPolicy, RoomId, Route,
};
use sereno::post::{Account, AuthorId, Network};
use std::collections::BTreeMap;

/// The decisions of a seed.
#[derive(Debug)]
pub struct Plan {
    pub steps: usize,
    pub start: Time,
    pub policy: Policy,
    pub net: network::Faults,
    pub chat: chat::Faults,
    pub chat_idempotent: bool,
    /// Crashes per thousand steps.
    pub crash: u32,
    /// Larger faults (outages, revoked tokens, full disks) per thousand steps.
    pub outage: u32,
    /// Clock jumps per thousand steps.
    pub jump: u32,
    /// Changes of the rules per thousand steps.
    pub change: u32,
    /// The clock is days ahead for a while.
    pub far: bool,
    /// A day passes now and then.
    pub long: bool,
}

/// One account's rules.
pub fn account(network: &str, name: &str) -> AccountPolicy {
    AccountPolicy {
        fees: None,
        network: Network::from(network),
        author: Some(AuthorId(format!("https://{network}/brand/{name}"))),
        handle: format!("@{name}@{network}"),
        capabilities: Capabilities {
            idempotent: network == "square",
            sends_per_minute: 30,
            can_edit: network != "agora",
            names_addressee: network != "agora",
            dm_route: if network == "agora" { DmRoute::InPublic } else { DmRoute::Direct },
            ..Capabilities::default()
        },
    }
}

impl Plan {
    pub fn new(rng: &mut Rng) -> Plan {
        // Calm days, and those around the clock changes of Madrid and New York.
        let starts = [1_790_000_000_000, 1_774_630_000_000, 1_792_780_000_000, 1_772_850_000_000, 1_793_400_000_000];
        let start = Time(*rng.pick(&starts) + rng.between(0, 20 * HOUR_MS));
        // Each seed has some faults, few have all: rare paths need calm around them.
        let stormy = rng.chance(150);
        let mut some = |most: i64| if rng.chance(600) { rng.between(1, most) as u32 } else { 0 };
        let net = network::Faults {
            timeout: some(400),
            throttle: some(250),
            error: some(250),
            refuse: some(60),
            poll: some(250),
            cannot_tell: some(200),
            push_lost: some(600),
            push_twice: some(400),
            push_order: some(600),
        };
        let chat = chat::Faults { drop: some(250), throttle: some(150) };
        let crash = some(if stormy { 60 } else { 12 });
        let (outage, jump, change) = (some(25), some(25), some(15));
        Plan {
            steps: rng.between(150, 700) as usize,
            start,
            policy: rules(rng),
            net,
            chat,
            chat_idempotent: rng.chance(400),
            crash,
            outage,
            jump,
            change,
            far: rng.chance(120),
            long: rng.chance(500),
        }
    }
}

fn rules(rng: &mut Rng) -> Policy {
    let room = |r: &str| RoomId::from(r);
    let people = Staff::roles().map(|(id, role)| (AgentId::from(id), Person { role, name: id.to_uppercase(), lang: None }));
    let mut accounts = vec![("square", "acme"), ("plaza", "acme_help"), ("agora", "acme_x")];
    if rng.chance(500) {
        accounts.push(("agora", "acme_shop"));
    }
    let mut routes = vec![Route { room: room("support"), ..Route::default() }];
    if rng.chance(500) {
        routes.insert(0, Route { lang: Some("es".into()), room: room("soporte"), speaks: Lang::Es, ..Route::default() });
    }
    let private = rng.below(3);
    let mut policy = Policy {
        time_zone: (*rng.pick(&["Europe/Madrid", "America/New_York", "UTC", "Atlantic/Canary"])).to_owned(),
        accounts: accounts.into_iter().map(|(n, a)| (Account::from(a), account(n, a))).collect(),
        routes,
        fallback_room: room("fallback"),
        people: BTreeMap::from(people),
        default_role: rng.chance(300).then_some(sereno::policy::Role::Viewer),
        digest: DigestPolicy { minute_of_day: *rng.pick(&[0, 150, 170, 540, 1439]), ..Policy::default().digest },
        privacy: match private {
            0 => PrivacyPolicy::default(),
            1 => PrivacyPolicy { private_rooms: vec![room("vault")], dm_room: Some(room("vault")), links_only: false },
            _ => PrivacyPolicy { private_rooms: vec![room("vault"), room("support")], dm_room: Some(room("vault")), links_only: false },
        },
        listen: vec![ListenRule { name: "brand".into(), keywords: vec!["acme".into()], ..ListenRule::default() }],
        import_ms: HOUR_MS,
        ..Policy::default()
    };
    policy.reply.undo_ms = *rng.pick(&[0, 10 * SECOND_MS, 10 * SECOND_MS, 2 * MINUTE_MS]);
    policy.reply.approval = *rng.pick(&[Approval::Off, Approval::Off, Approval::Off, Approval::Agents, Approval::All]);
    policy
}
