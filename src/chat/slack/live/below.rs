//! Which case a thread is about while the bot does not know its card yet: Slack has posted it, and the
//! answer got lost. Whoever reads the card may act below it all the same.

use super::inbound::Hearing;
use super::{deliver, wire};
use crate::case::CaseId;
use crate::chat::Answered;
use crate::policy::RoomId;
use serde_json::Value;

/// The case whose card begins this thread, where `answered` asks which one was meant. Read from the
/// buttons of a message that is our own by Slack's word.
pub(super) async fn meant(hearing: &Hearing, answered: &Answered, room: &str, thread: Option<&str>) -> Option<CaseId> {
    let thread = thread.filter(|_| answered.answer.say.code == "refused-which-case")?;
    let me = hearing.shared.session.known()?;
    let page = deliver::page(&hearing.shared, &RoomId::from(room), Some(thread), Some(thread), "").await;
    let page = page.inspect_err(|fail| tracing::warn!(why = fail.why(), "a thread of which no case is known could not be read")).ok()?;
    let is_first = |m: &&Value| m.get("ts").and_then(Value::as_str) == Some(thread);
    let card = deliver::messages(&page).find(is_first).filter(|m| deliver::is_ours(m, &me.user_id, &me.bot_id))?;
    wire::case_of_card(card).map(CaseId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_card_names_its_case_by_its_buttons() {
        let button = |id: &str, value: &str| json!({"blocks": [{"type": "actions", "elements": [{"action_id": id, "value": value}]}]});
        assert_eq!(wire::case_of_card(&button("sereno:claim", "42")), Some(42));
        assert_eq!(wire::case_of_card(&button("sereno:approve", "42:7")), Some(42));
        assert_eq!(wire::case_of_card(&button("other:claim", "42")), None);
        assert_eq!(wire::case_of_card(&json!({"text": "#42"})), None);
    }
}
