//! Entities of the API, in full, and the HTML of a text as Mastodon makes it.

use super::model::{Account, DOMAIN, Notification, State, Status};
use serde_json::{Value, json};
use sereno::clock::Time;

/// ISO 8601, as the API writes moments.
pub fn iso(ms: i64) -> String {
    let t = Time(ms).to_jiff();
    t.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn split(acct: &str) -> (&str, &str) {
    acct.split_once('@').unwrap_or((acct, DOMAIN))
}

/// The actor's uri.
pub fn actor(acct: &str) -> String {
    let (name, domain) = split(acct);
    format!("https://{domain}/users/{name}")
}

fn profile(account: &Account) -> String {
    let (name, domain) = split(&account.acct);
    format!("https://{domain}/@{name}")
}

pub fn account(state: &State, a: &Account) -> Value {
    let picture = format!("https://{DOMAIN}/avatar.png");
    let mut v = json!({
        "id": a.id.to_string(), "username": split(&a.acct).0, "acct": a.acct, "display_name": split(&a.acct).0, "locked": false, "bot": a.bot,
        "discoverable": true, "indexable": false, "group": false, "created_at": iso(a.made), "note": "", "url": profile(a), "uri": a.uri,
        "avatar": picture, "avatar_static": picture, "header": picture, "header_static": picture, "followers_count": a.followers,
        "following_count": 3, "statuses_count": state.statuses.values().filter(|s| s.account == a.id).count(), "last_status_at": null,
        "emojis": [], "fields": []
    });
    if state.old {
        v.as_object_mut().unwrap().remove("uri");
    }
    v
}

pub fn credentials(state: &State, a: &Account) -> Value {
    let mut v = account(state, a);
    v["source"] = json!({
        "note": "", "fields": [], "privacy": "public", "sensitive": false, "follow_requests_count": 0, "indexable": false,
        "attribution_domains": [], "quote_policy": "public"
    });
    v["role"] = json!({"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": false});
    v
}

pub fn status(state: &State, s: &Status) -> Value {
    let replies = state.statuses.values().filter(|r| r.answers == Some(s.id) && !r.deleted).count();
    let author = &state.accounts[&s.account];
    let mentions: Vec<Value> = s.mentions.iter().map(|m| mention(&state.accounts[m])).collect();
    let tags: Vec<Value> = s.tags.iter().map(|t| json!({"name": t, "url": format!("https://{DOMAIN}/tags/{t}")})).collect();
    let media = s.media.iter().enumerate().map(|(n, (url, description))| {
        json!({"id": format!("{}0{n}", s.id), "type": "image", "url": url, "preview_url": url, "remote_url": null, "meta": {}, "description": description, "blurhash": null})
    });
    let media: Vec<Value> = media.collect();
    // What it answers is shown only while it stands.
    let answers = s.answers.filter(|a| !state.statuses[a].deleted);
    json!({
        "id": s.id.to_string(), "created_at": iso(s.made), "in_reply_to_id": answers.map(|a| a.to_string()),
        "in_reply_to_account_id": answers.map(|a| state.statuses[&a].account.to_string()), "sensitive": !s.warning.is_empty(),
        "spoiler_text": s.warning, "visibility": s.visibility, "language": s.language, "uri": state.uri(s.id),
        "url": format!("{}/{}", profile(author), s.id), "replies_count": replies, "reblogs_count": s.boosts.len(), "favourites_count": s.likes,
        "edited_at": s.edited.map(iso), "content": s.html, "reblog": null, "account": account(state, author), "media_attachments": media,
        "mentions": mentions, "tags": tags, "emojis": [], "card": null, "poll": null
    })
}

fn mention(a: &Account) -> Value {
    json!({"id": a.id.to_string(), "username": split(&a.acct).0, "acct": a.acct, "url": profile(a)})
}

pub fn notification(state: &State, n: &Notification) -> Value {
    let shown = state.visible(n.status, Some(n.to)).map(|s| status(state, s));
    json!({
        "id": n.id.to_string(), "type": n.kind, "created_at": iso(n.made), "group_key": format!("ungrouped-{}", n.id),
        "account": account(state, &state.accounts[&n.from]), "status": shown
    })
}

pub fn instance(state: &State) -> Value {
    let limits =
        json!({"max_characters": state.max_characters, "max_media_attachments": 4, "characters_reserved_per_url": state.link_characters});
    let media = json!({
        "supported_mime_types": ["image/png"], "image_size_limit": 1, "image_matrix_limit": 1, "video_size_limit": 1,
        "video_frame_rate_limit": 1, "video_matrix_limit": 1, "description_limit": 1500
    });
    let polls = json!({"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746});
    let streaming = state.base.replacen("http", "ws", 1);
    if state.old {
        return json!({
            "uri": DOMAIN, "title": "Emulator", "short_description": "", "description": "", "email": "a@emulator.example", "version": "3.5.0",
            "urls": {"streaming_api": streaming}, "stats": {"user_count": 1, "status_count": 1, "domain_count": 1}, "thumbnail": null,
            "languages": ["en"], "registrations": false, "approval_required": false, "invites_enabled": false, "rules": [], "contact_account": null,
            "configuration": {"accounts": {"max_featured_tags": 10}, "statuses": limits, "media_attachments": media, "polls": polls}
        });
    }
    json!({
        "domain": DOMAIN, "title": "Emulator", "version": "4.7.0", "source_url": "https://emulator.example/source", "description": "",
        "usage": {"users": {"active_month": 1}}, "thumbnail": {"url": "https://emulator.example/t.png"}, "icon": [], "languages": ["en"],
        "configuration": {
            "urls": {"streaming": streaming}, "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5}, "statuses": limits,
            "media_attachments": media, "polls": polls, "translation": {"enabled": false}
        },
        "registrations": {"enabled": false, "approval_required": false, "message": null}, "api_versions": {"mastodon": 7},
        "contact": {"email": "a@emulator.example", "account": null}, "rules": []
    })
}

enum Piece<'a> {
    Plain(&'a str),
    Mention(u64, &'a str),
    Tag(&'a str),
    Link(&'a str),
}

/// A text, word by word: what Mastodon would link.
fn pieces<'a>(state: &State, line: &'a str) -> Vec<Piece<'a>> {
    let mut out = Vec::new();
    for (n, word) in line.split(' ').enumerate() {
        if n > 0 {
            out.push(Piece::Plain(" "));
        }
        let body = word.trim_end_matches(['.', ',', ':', ';', '!', '?', ')']);
        let rest = word.strip_prefix(body).unwrap_or_default();
        let piece = if body.starts_with("https://") || body.starts_with("http://") {
            Piece::Link(body)
        } else if let Some(tag) = body.strip_prefix('#').filter(|t| !t.is_empty()) {
            Piece::Tag(tag)
        } else if let Some(id) = body.strip_prefix('@').and_then(|name| state.find_account(name)) {
            Piece::Mention(id, body)
        } else {
            Piece::Plain(body)
        };
        out.push(piece);
        out.push(Piece::Plain(rest));
    }
    out
}

/// Whom a text names, and its hashtags.
pub fn named(state: &State, text: &str) -> (Vec<u64>, Vec<String>) {
    let (mut mentions, mut tags) = (Vec::new(), Vec::new());
    for piece in text.lines().flat_map(|line| pieces(state, line)) {
        match piece {
            Piece::Mention(id, _) if !mentions.contains(&id) => mentions.push(id),
            Piece::Tag(tag) => tags.push(tag.to_lowercase()),
            _ => {}
        }
    }
    (mentions, tags)
}

/// A text as Mastodon's formatter renders it.
pub fn html(state: &State, text: &str) -> String {
    let escape = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
    let line = |l: &str| -> String {
        let shown = pieces(state, l).into_iter().map(|p| match p {
            Piece::Plain(s) => escape(s),
            Piece::Mention(id, _) => {
                let a = &state.accounts[&id];
                format!(
                    r#"<span class="h-card" translate="no"><a href="{}" class="u-url mention">@<span>{}</span></a></span>"#,
                    profile(a),
                    split(&a.acct).0
                )
            }
            Piece::Tag(tag) => {
                format!(r#"<a href="https://{DOMAIN}/tags/{tag}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>"#)
            }
            Piece::Link(url) => link(&escape(url)),
        });
        shown.collect()
    };
    let paragraphs = text.split("\n\n").map(|p| format!("<p>{}</p>", p.lines().map(line).collect::<Vec<_>>().join("<br />")));
    paragraphs.collect()
}

/// As Mastodon shortens what it shows of a link.
fn link(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let shown: String = rest.chars().take(30).collect();
    let hidden: String = rest.chars().skip(30).collect();
    let class = if hidden.is_empty() { "" } else { "ellipsis" };
    format!(
        r#"<a href="{url}" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">{scheme}://</span><span class="{class}">{shown}</span><span class="invisible">{hidden}</span></a>"#
    )
}
