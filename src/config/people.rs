//! `[people.<id>]`: staff, by the chat's immutable id. Display names prove nothing.

use super::problem::{At, Problems};
use crate::policy::{Lang, Person, Role};
use crate::say::Say;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[people.<id>]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonConfig {
    /// The name shown to colleagues; `None`: the id.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// The language of their private answers; `None`: the room's.
    pub language: Option<Lang>,
}

impl Default for PersonConfig {
    fn default() -> Self {
        PersonConfig { name: None, role: Role::Agent, language: None }
    }
}

impl PersonConfig {
    pub(super) fn person(&self, id: &str) -> Person {
        Person { role: self.role, name: self.name.clone().unwrap_or_else(|| id.to_owned()), lang: self.language }
    }
}

pub(super) fn check(people: &BTreeMap<String, PersonConfig>, problems: &mut Problems) {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (id, person) in people {
        let at = At::key("people").then(id);
        problems.not_empty(&at, id);
        let Some(name) = &person.name else { continue };
        problems.not_empty(&at.then("name"), name);
        // `assign` takes names: two of one name could not be told apart.
        if let Some(other) = names.insert(name.trim().to_lowercase(), id) {
            problems.add(&at.then("name"), Say::new("cli-config-same-name").text("value", name).text("other", other));
        }
    }
}
