//! `[[route]]`: which room a case goes to. The first that matches wins.

use super::account::AccountConfig;
use super::parse::nearest;
use super::problem::{At, Problems};
use crate::policy::{Lang, RoomId, Route};
use crate::post::Account;
use crate::say::Say;
use serde::Deserialize;

/// `[[route]]`. Keys left out match anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteConfig {
    /// Only cases of this account.
    pub account: Option<String>,
    /// Only cases whose customer writes in this language (`es`, `ca`, …).
    pub language: Option<String>,
    /// The room.
    pub room: String,
    /// The language of its threads; `None`: the bot's.
    pub speaks: Option<Lang>,
}

pub(super) fn check(routes: &[RouteConfig], accounts: &[AccountConfig], problems: &mut Problems) {
    let mut covered = false;
    for (i, route) in routes.iter().enumerate() {
        let at = At::key("route").nth(i);
        problems.not_empty(&at.then("room"), &route.room);
        if let Some(name) = &route.account
            && !accounts.iter().any(|a| &a.name == name)
        {
            let known: Vec<&str> = accounts.iter().map(|a| a.name.as_str()).collect();
            let (say, known_list) = (|code: &str| Say::new(code).text("value", name), known.join(", "));
            let say = match nearest(name, &known) {
                Some(near) => say("cli-config-route-account").text("near", near).text("known", known_list),
                None if known.is_empty() => say("cli-config-route-no-account"),
                None => say("cli-config-route-account-far").text("known", known_list),
            };
            problems.add(&at.then("account"), say);
        }
        if let Some(lang) = &route.language
            && !((2..=3).contains(&lang.len()) && lang.chars().all(|c| c.is_ascii_lowercase()))
        {
            problems.add(&at.then("language"), Say::new("cli-config-language").text("value", lang));
        }
        if covered {
            problems.add(&at, Say::new("cli-config-route-unreachable"));
        }
        covered |= route.account.is_none() && route.language.is_none();
    }
}

/// The routes for the core: the last always matches all.
pub(super) fn routes(routes: &[RouteConfig], lang: Lang, fallback: &str) -> Vec<Route> {
    let made = routes.iter().map(|r| Route {
        account: r.account.as_deref().map(Account::from),
        lang: r.language.clone(),
        room: RoomId::from(r.room.as_str()),
        speaks: r.speaks.unwrap_or(lang),
    });
    let rest = Route { account: None, lang: None, room: RoomId::from(fallback), speaks: lang };
    let mut all: Vec<Route> = made.collect();
    if all.last().is_none_or(|r| r.account.is_some() || r.lang.is_some()) {
        all.push(rest);
    }
    all
}
