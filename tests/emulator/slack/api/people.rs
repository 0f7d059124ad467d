//! Users, groups, the team.

use super::super::model::{BOT_USER, State, TEAM, no};
use super::super::render;
use super::{Arguments, Outcome, page};
use serde_json::{Value, json};

pub fn info(state: &mut State, a: &Arguments) -> Outcome {
    let id = a.need("user")?;
    let user = state.users.get(id).ok_or_else(|| no("user_not_found"))?;
    Ok(json!({"ok": true, "user": render::user(user, a.flag("include_locale"))}))
}

pub fn list(state: &mut State, a: &Arguments) -> Outcome {
    let all: Vec<Value> = state.users.values().map(|u| render::user(u, a.flag("include_locale"))).collect();
    let (part, next) = page(all, a, 1_000, 1_000)?;
    Ok(json!({"ok": true, "members": part, "cache_ts": state.now() / 1_000, "response_metadata": {"next_cursor": next}}))
}

pub fn group(state: &mut State, a: &Arguments) -> Outcome {
    let (_, members) = state.groups.get(a.need("usergroup")?).ok_or_else(|| no("no_such_subteam"))?;
    Ok(json!({"ok": true, "users": members}))
}

pub fn groups(state: &mut State, a: &Arguments) -> Outcome {
    let all: Vec<Value> = state
        .groups
        .iter()
        .map(|(id, (handle, members))| {
            let mut group = json!({
                "id": id, "team_id": TEAM, "is_usergroup": true, "is_subteam": true, "name": handle, "description": "", "handle": handle,
                "is_external": false, "date_create": 1_700_000_000, "date_update": 1_700_000_000, "date_delete": 0,
                "created_by": BOT_USER, "updated_by": BOT_USER, "prefs": {"channels": [], "groups": []}, "channel_count": 0,
                "user_count": members.len(),
            });
            if a.flag("include_users") {
                group["users"] = json!(members);
            }
            group
        })
        .collect();
    Ok(json!({"ok": true, "usergroups": all}))
}

pub fn team(state: &State) -> Value {
    let icon = "https://a.slack-edge.example/team.png";
    json!({"ok": true, "team": {
        "id": TEAM, "name": state.team, "url": "https://shop.slack.example/", "domain": "shop", "email_domain": "",
        "icon": {"image_34": icon, "image_44": icon, "image_68": icon, "image_default": true},
        "avatar_base_url": "https://ca.slack-edge.example/", "is_verified": false,
    }})
}
