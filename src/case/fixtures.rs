//! Small cases for unit tests, begun by the real [`super::step::open`].

use super::step::{Opening, open};
use super::work::Ctx;
use super::{Case, CaseId};
use crate::clock::Time;
use crate::desk::Desk;
use crate::policy::{AccountPolicy, AgentId, Person, Policy, Role};
use crate::post::{Author, Post, Untrusted};

/// When fixtures happen.
pub(crate) const NOW: Time = Time(1_800_000_000_000);

/// A team: the agents ana and bea, the lead leo, the viewer vic, the operator ops; account `main`.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy { default_role: None, ..Policy::default() };
    let team = [
        ("U1", "Ana López", Role::Agent),
        ("U2", "Bea", Role::Agent),
        ("U3", "Leo", Role::Lead),
        ("U4", "Vic", Role::Viewer),
        ("U5", "Ops", Role::Operator),
    ];
    for (id, name, role) in team {
        policy.people.insert(AgentId::from(id), Person { role, name: name.into(), lang: None });
    }
    let account = AccountPolicy { network: "square".into(), author: Some("us".into()), handle: "@main".into(), ..AccountPolicy::default() };
    policy.accounts.insert("main".into(), account);
    policy
}

/// A post of the customer cleo to our account.
pub(crate) fn post(id: &str, text: &str) -> Post {
    Post {
        id: id.into(),
        local_id: format!("local-{id}"),
        network: "square".into(),
        account: "main".into(),
        author: Author { id: "cleo".into(), handle: Untrusted::new("@cleo"), name: Untrusted::new("Cleo"), ..Author::default() },
        text: Untrusted::new(text),
        lang: Some("es".into()),
        created_at: NOW,
        ..Post::default()
    }
}

/// A case begun by `post`.
pub(crate) fn case_of(id: u64, post: &Post, policy: &Policy) -> Case {
    let desk = Desk::default();
    let opening = Opening { id: CaseId(id), code: "K7RM-42".into(), earlier: 0, linked: None };
    open(post, opening, Ctx { now: NOW, policy, desk: &desk, other: None }).case
}

/// The new case #42 of cleo.
#[cfg(test)]
pub(crate) fn case(policy: &Policy) -> Case {
    case_of(42, &post("p1", "Mi maleta no aparece, llevo dos horas esperando."), policy)
}
