//! What stands in the workspace, and what has happened there: the truth by which the bot is judged.

use super::delivery::{Ack, Delivery, Kind};
use super::model::{Channel, Ephemeral, File, Log, Message, State, User, View};
use std::collections::BTreeMap;

/// Everything, as of one moment.
#[derive(Clone, Debug)]
pub struct Books {
    pub channels: BTreeMap<String, Channel>,
    pub users: BTreeMap<String, User>,
    pub views: BTreeMap<String, View>,
    /// The published homes: user and view.
    pub homes: BTreeMap<String, String>,
    pub files: BTreeMap<String, File>,
    pub deliveries: Vec<Delivery>,
    pub log: Log,
}

impl State {
    pub fn books(&self) -> Books {
        Books {
            channels: self.channels.clone(),
            users: self.users.clone(),
            views: self.views.clone(),
            homes: self.homes.clone(),
            files: self.files.clone(),
            deliveries: self.deliveries.all.clone(),
            log: self.log.clone(),
        }
    }
}

impl Books {
    /// A channel by its id or its name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.get(name).or_else(|| self.channels.values().find(|c| c.im.is_none() && c.name == name))
    }

    /// What stands in a channel itself, oldest first; threads left out.
    pub fn top(&self, channel: &str) -> Vec<&Message> {
        let all = self.channel(channel).into_iter().flat_map(|c| c.messages.values());
        all.filter(|m| m.thread.is_none() || m.thread.as_deref() == Some(&m.ts)).collect()
    }

    /// The answers in a thread, oldest first; the parent left out.
    pub fn thread(&self, channel: &str, ts: &str) -> Vec<&Message> {
        self.channel(channel)
            .into_iter()
            .flat_map(|c| c.messages.values())
            .filter(|m| m.thread.as_deref() == Some(ts) && m.ts != ts)
            .collect()
    }

    /// What the app under test posted anywhere, and where it stands.
    pub fn ours(&self) -> Vec<(&Channel, &Message)> {
        self.channels.values().flat_map(|c| c.messages.values().filter(|m| m.ours).map(move |m| (c, m))).collect()
    }

    /// One message wherever it stands.
    pub fn message(&self, ts: &str) -> Option<(&Channel, &Message)> {
        self.channels.values().find_map(|c| c.messages.get(ts).map(|m| (c, m)))
    }

    /// Operations that were posted more than once.
    pub fn doubled(&self) -> Vec<&str> {
        self.log.ops.iter().filter(|(_, count)| count.posted > 1).map(|(op, _)| op.as_str()).collect()
    }

    /// How often an operation was posted.
    pub fn posted(&self, op: &str) -> u32 {
        self.log.ops.get(op).map_or(0, |c| c.posted)
    }

    /// Somebody's ephemeral messages, by name or id, oldest first; deleted ones left out.
    pub fn whispers(&self, user: &str) -> Vec<&Ephemeral> {
        let id = self.users.values().find(|u| u.name == user).map_or(user, |u| &u.id);
        self.log.ephemerals.iter().filter(|e| e.user == id && !e.deleted).collect()
    }

    /// The modals that somebody has open, oldest first.
    pub fn modals(&self, user: &str) -> Vec<&View> {
        let id = self.users.values().find(|u| u.name == user).map_or(user, |u| &u.id);
        self.views.values().filter(|v| v.user == id && v.open && v.body["type"] == "modal").collect()
    }

    /// Somebody's home, where the app has published one.
    pub fn home(&self, user: &str) -> Option<&View> {
        let id = self.users.values().find(|u| u.name == user).map_or(user, |u| &u.id);
        self.views.get(self.homes.get(id)?)
    }

    /// The first ack of each slash command and interaction that was in time.
    pub fn acks(&self) -> Vec<&Ack> {
        self.deliveries.iter().filter(|d| d.kind != Kind::Event).filter_map(|d| d.acks.first()).filter(|a| !a.late).collect()
    }

    /// Deliveries that no ack has confirmed.
    pub fn unacked(&self) -> Vec<&Delivery> {
        self.deliveries.iter().filter(|d| d.acks.is_empty()).collect()
    }
}

/// All words that a message or view shows, for looking something up in it.
pub fn words(value: &serde_json::Value) -> String {
    fn walk(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (key, inner) in fields {
                    match inner {
                        serde_json::Value::String(text) if key == "text" => out.push(text.clone()),
                        _ => walk(inner, out),
                    }
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|v| walk(v, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, &mut out);
    out.join("\n")
}

impl Message {
    /// Its blocks' words, or its text where it has no blocks.
    pub fn words(&self) -> String {
        if self.blocks.is_empty() { self.text.clone() } else { words(&serde_json::json!(self.blocks)) }
    }

    /// Its buttons and menus: action_id and value, of a menu each choice's.
    pub fn actions(&self) -> Vec<(String, String)> {
        super::driver::actions(&self.blocks)
    }
}

impl Ephemeral {
    /// Its blocks' words, or its text where it has no blocks.
    pub fn words(&self) -> String {
        if self.blocks.is_empty() { self.text.clone() } else { words(&serde_json::json!(self.blocks)) }
    }
}
