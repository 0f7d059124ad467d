//! How things look in answers and events.

use super::model::{APP, BOT, BOT_USER, Channel, File, Message, State, TEAM, User, View};
use serde_json::{Value, json};

pub fn channel(c: &Channel) -> Value {
    if let Some(user) = &c.im {
        return json!({
            "id": c.id, "created": c.made, "is_im": true, "is_org_shared": false, "user": user, "is_archived": false,
            "context_team_id": TEAM, "updated": c.made * 1_000, "is_channel": false, "is_group": false, "is_mpim": false,
            "is_private": true, "is_shared": false, "is_ext_shared": false,
        });
    }
    let topic = json!({"value": "", "creator": "", "last_set": 0});
    let teams = if c.ext_shared { json!([TEAM, super::model::OTHER_TEAM]) } else { json!([TEAM]) };
    let mut out = json!({
        "id": c.id, "name": c.name, "is_channel": true, "is_group": false, "is_im": false, "is_mpim": false,
        "is_private": c.private, "created": c.made, "is_archived": c.archived, "is_general": c.name == "general", "unlinked": 0,
        "name_normalized": c.name, "is_shared": c.ext_shared, "is_org_shared": false, "is_pending_ext_shared": false,
        "pending_shared": [], "context_team_id": TEAM, "updated": c.made * 1_000, "creator": BOT_USER, "is_ext_shared": c.ext_shared,
        "shared_team_ids": teams, "pending_connected_team_ids": [], "is_member": c.members.contains(BOT_USER), "topic": topic,
        "purpose": topic, "previous_names": [],
    });
    if c.ext_shared {
        out["conversation_host_id"] = json!(TEAM);
        out["connected_team_ids"] = json!([super::model::OTHER_TEAM]);
        out["internal_team_ids"] = json!([TEAM]);
    }
    out
}

pub fn user(u: &User, with_locale: bool) -> Value {
    let stranger = u.team != TEAM && !u.cousin;
    let mut profile = json!({
        "title": "", "phone": "", "skype": "", "real_name": u.name, "real_name_normalized": u.name, "display_name": u.name,
        "display_name_normalized": u.name, "status_text": "", "status_emoji": "", "status_expiration": 0, "avatar_hash": "g0",
        "image_24": "https://a.slack-edge.example/24.png", "image_72": "https://a.slack-edge.example/72.png", "team": u.team,
    });
    if u.bot {
        profile["bot_id"] = json!(if u.id == BOT_USER { BOT.to_owned() } else { u.id.replacen('U', "B", 1) });
        profile["api_app_id"] = json!(if u.id == BOT_USER { APP } else { "A0OTHER01" });
    }
    let mut out = json!({
        "id": u.id, "team_id": u.team, "name": u.name, "deleted": u.deleted, "profile": profile, "is_bot": u.bot,
        "is_app_user": false, "updated": 1_700_000_000,
    });
    if !u.deleted {
        let more = json!({
            "color": "9f69e7", "real_name": u.name, "tz": "Europe/Madrid", "tz_label": "Central European Time", "tz_offset": 3_600,
            "is_admin": u.admin, "is_owner": false, "is_primary_owner": false, "is_restricted": u.guest || u.single_guest,
            "is_ultra_restricted": u.single_guest, "is_email_confirmed": !u.bot, "who_can_share_contact_card": "EVERYONE",
        });
        merge(&mut out, more);
    }
    if u.cousin {
        out["enterprise_user"] = json!({"id": u.id, "enterprise_id": super::ENTERPRISE, "enterprise_name": "Shops", "teams": [u.team]});
    }
    if stranger {
        out["is_stranger"] = json!(true);
    }
    if with_locale {
        out["locale"] = json!(u.locale);
    }
    out
}

pub fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

pub fn bot_profile() -> Value {
    let icon = "https://a.slack-edge.example/bot.png";
    json!({
        "id": BOT, "deleted": false, "name": "sereno", "updated": 1_700_000_000, "app_id": APP, "team_id": TEAM,
        "icons": {"image_36": icon, "image_48": icon, "image_72": icon},
    })
}

/// A message as reading methods give it; `with_metadata` where the reader asked for it.
pub fn message(state: &State, c: &Channel, m: &Message, with_metadata: bool) -> Value {
    let mut out = content(state, m);
    let replies: Vec<&Message> = c.replies(&m.ts).collect();
    if !replies.is_empty() {
        let mut users: Vec<&str> = Vec::new();
        for reply in &replies {
            if !users.contains(&reply.user.as_str()) {
                users.push(&reply.user);
            }
        }
        let latest = replies.last().map(|r| r.ts.clone());
        let more = json!({
            "thread_ts": m.ts, "reply_count": replies.len(), "reply_users_count": users.len(), "latest_reply": latest,
            "reply_users": users.iter().take(5).collect::<Vec<_>>(), "is_locked": false, "subscribed": m.ours,
        });
        merge(&mut out, more);
    }
    if !m.reactions.is_empty() {
        out["reactions"] = reactions(m, state.reactors_shown);
    }
    if m.pinned {
        out["pinned_to"] = json!([c.id]);
    }
    if with_metadata && let Some(metadata) = &m.metadata {
        out["metadata"] = metadata.clone();
    }
    if let Some(parent) = m.thread.as_ref().filter(|t| **t != m.ts).and_then(|t| c.messages.get(t)) {
        out["parent_user_id"] = json!(parent.user);
    }
    out
}

/// Who reacts to a message; the count is of all.
pub fn reactions(m: &Message, shown: usize) -> Value {
    let named = |users: &[String]| users.iter().take(shown).cloned().collect::<Vec<_>>();
    m.reactions.iter().map(|(name, users)| json!({"name": name, "users": named(users), "count": users.len()})).collect()
}

/// A message by itself.
pub fn content(state: &State, m: &Message) -> Value {
    let mut out = json!({"type": "message", "user": m.user, "text": m.text, "ts": m.ts});
    if m.ours {
        merge(&mut out, json!({"bot_id": BOT, "app_id": APP, "team": TEAM, "bot_profile": bot_profile()}));
    } else if let Some(user) = state.users.get(&m.user) {
        out["team"] = json!(user.team);
        if user.bot {
            out["bot_id"] = json!(user.id.replacen('U', "B", 1));
        }
    }
    if !m.blocks.is_empty() {
        out["blocks"] = json!(m.blocks);
    }
    if !m.attachments.is_empty() {
        out["attachments"] = json!(m.attachments);
    }
    for (key, value) in [("thread_ts", &m.thread), ("client_msg_id", &m.client_msg_id), ("subtype", &m.subtype)] {
        if let Some(value) = value {
            out[key] = json!(value);
        }
    }
    if let Some(at) = &m.edited {
        out["edited"] = json!({"user": if m.ours { BOT } else { &m.user }, "ts": at});
    }
    if !m.files.is_empty() {
        out["files"] = m.files.iter().filter_map(|f| state.files.get(f)).map(|f| file(state, f)).collect();
        out["upload"] = json!(false);
        out["display_as_bot"] = json!(false);
    }
    out
}

pub fn file(state: &State, f: &File) -> Value {
    let ending = f.name.rsplit_once('.').map_or("", |(_, e)| e);
    let (mime, pretty) = match ending {
        "png" => ("image/png", "PNG"),
        "gif" => ("image/gif", "GIF"),
        "pdf" => ("application/pdf", "PDF"),
        "csv" => ("text/csv", "CSV"),
        "txt" => ("text/plain", "Plain Text"),
        "json" => ("application/json", "JSON"),
        _ => ("application/octet-stream", "Binary"),
    };
    let mut shares = json!({});
    let (mut channels, mut groups, mut ims) = (Vec::new(), Vec::new(), Vec::new());
    for (id, ts) in &f.shared {
        let Some(c) = state.channels.get(id) else { continue };
        match c.kind() {
            "channel" => channels.push(id),
            "group" => groups.push(id),
            _ => ims.push(id),
        }
        let share = json!({"reply_users": [], "reply_users_count": 0, "reply_count": 0, "ts": ts, "channel_name": c.name, "team_id": TEAM, "share_user_id": BOT_USER, "source": "UNKNOWN"});
        let side = if c.kind() == "channel" { "public" } else { "private" };
        shares[side][id] = json!([share]);
    }
    json!({
        "id": f.id, "created": f.made, "timestamp": f.made, "name": f.name, "title": f.title, "mimetype": mime, "filetype": ending,
        "pretty_type": pretty, "user": BOT_USER, "user_team": TEAM, "editable": false, "size": f.announced, "mode": "hosted",
        "is_external": false, "external_type": "", "is_public": !channels.is_empty(), "public_url_shared": false, "display_as_bot": false,
        "username": "", "url_private": format!("{}/files/{}", state.base, f.id), "url_private_download": format!("{}/files/{}/download", state.base, f.id),
        "permalink": format!("https://shop.slack.example/files/{}", f.id), "permalink_public": format!("https://slack-files.example/{}", f.id),
        "comments_count": 0, "is_starred": false, "shares": shares, "channels": channels, "groups": groups, "ims": ims,
        "has_more_shares": false, "has_rich_preview": false, "file_access": "visible", "media_display_type": "unknown",
    })
}

pub fn view(v: &View) -> Value {
    let mut out = json!({
        "id": v.id, "team_id": TEAM, "type": v.body["type"], "private_metadata": "", "callback_id": "", "state": v.state, "hash": v.hash,
        "title": {"type": "plain_text", "text": "View Title", "emoji": true}, "clear_on_close": false, "notify_on_close": false,
        "close": null, "submit": null, "previous_view_id": v.previous, "root_view_id": v.root, "app_id": APP, "external_id": "",
        "app_installed_team_id": TEAM, "bot_id": BOT,
    });
    merge(&mut out, v.body.clone());
    out
}

/// An event as it is delivered.
pub fn event(state: &mut State, channel: Option<&str>, event: Value) -> Value {
    let event_id = format!("Ev{}{:07}", state.secret(3).to_uppercase(), state.number());
    let ext = channel.and_then(|c| state.channels.get(c)).is_some_and(|c| c.ext_shared);
    let context = state.secret(24);
    json!({
        "token": super::VERIFICATION_TOKEN, "team_id": TEAM, "api_app_id": APP, "event": event, "type": "event_callback",
        "event_id": event_id, "event_time": state.now() / 1_000,
        "authorizations": [{"enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true, "is_enterprise_install": false}],
        "is_ext_shared_channel": ext, "event_context": format!("4-{context}"),
    })
}
