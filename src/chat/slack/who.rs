//! Who is a colleague: one rule, for whoever acts and for the check.

use serde_json::Value;

/// Why somebody may give no commands, whatever their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outsider {
    /// Their account is deactivated.
    Gone,
    /// Invited, and not there yet.
    Invited,
    /// A bot, or a workflow.
    Bot,
    /// A guest.
    Guest,
    /// Of another workspace, or nothing says that they are of ours.
    Stranger,
}

impl Outsider {
    /// The code of what the check says of it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Outsider::Gone => "check-slack-person-gone",
            Outsider::Invited => "check-slack-person-invited",
            Outsider::Bot => "check-slack-person-bot",
            Outsider::Guest => "check-slack-person-guest",
            Outsider::Stranger => "check-slack-person-stranger",
        }
    }
}

/// Why the `user` of a `users.info` is no colleague in the workspace `team`, of the organisation `enterprise`; `None`: they are.
/// Source: docs.slack.dev/reference/objects/user-object.
#[must_use]
pub fn outsider(user: &Value, team: &str, enterprise: Option<&str>) -> Option<Outsider> {
    let is = |name: &str| user.get(name).and_then(Value::as_bool) == Some(true);
    let text = |path: &str| user.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty());
    // In an organisation a colleague's home may be another of its workspaces.
    let same_house = enterprise.is_some() && text("/enterprise_user/enterprise_id") == enterprise;
    let at_home = text("/team_id").is_some_and(|home| home == team || Some(home) == enterprise);
    if is("deleted") {
        Some(Outsider::Gone)
    } else if ["is_bot", "is_workflow_bot", "is_connector_bot"].into_iter().any(is) || text("/id") == Some("USLACKBOT") {
        Some(Outsider::Bot)
    } else if is("is_restricted") || is("is_ultra_restricted") {
        Some(Outsider::Guest)
    } else if is("is_stranger") || !(at_home || same_house) {
        Some(Outsider::Stranger)
    } else if is("is_invited_user") {
        Some(Outsider::Invited)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_people_of_our_own_are_colleagues() {
        let ana = json!({"id": "U1", "team_id": "T1"});
        assert_eq!(outsider(&ana, "T1", None), None);
        for (flag, why) in [
            ("deleted", Outsider::Gone),
            ("is_invited_user", Outsider::Invited),
            ("is_bot", Outsider::Bot),
            ("is_workflow_bot", Outsider::Bot),
            ("is_connector_bot", Outsider::Bot),
            ("is_restricted", Outsider::Guest),
            ("is_ultra_restricted", Outsider::Guest),
            ("is_stranger", Outsider::Stranger),
        ] {
            let mut other = ana.clone();
            other[flag] = json!(true);
            assert_eq!(outsider(&other, "T1", None), Some(why), "{flag}");
        }
        assert_eq!(outsider(&json!({"id": "USLACKBOT", "team_id": "T1"}), "T1", None), Some(Outsider::Bot));
        assert_eq!(outsider(&json!({"id": "U2", "team_id": "T2"}), "T1", None), Some(Outsider::Stranger));
        assert_eq!(outsider(&json!({"id": "U2"}), "T1", None), Some(Outsider::Stranger), "no team: no proof");
        let grid = json!({"id": "U3", "team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}});
        assert_eq!(outsider(&grid, "T1", Some("E1")), None);
        assert_eq!(outsider(&grid, "T1", None), Some(Outsider::Stranger));
        assert_eq!(outsider(&json!({"id": "U4", "team_id": "E1"}), "T1", Some("E1")), None);
    }
}
