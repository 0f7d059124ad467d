use super::*;
use crate::i18n::Words;
use crate::post::Untrusted;
use crate::view::TextView;
use std::sync::Arc;

/// A member of staff, and what the room shows them.
struct Desk {
    staff: Staff,
    n: u32,
}

impl Desk {
    fn new() -> Desk {
        Desk { staff: Staff::new(Manner::new(Arc::new(Words::new())), "me"), n: 0 }
    }
    fn show(&mut self, edit: bool, view: View) {
        self.staff.read(&Shown { room: "r".into(), message: "m".into(), edit, view });
    }
    fn card(&mut self, case: u64, status: &str, text: &str) {
        let view = CardView {
            case,
            code: "ABCD-1234".into(),
            status: status.into(),
            priority: "normal".into(),
            owner: None,
            network: "square".into(),
            account: "main".into(),
            post: format!("p{case}"),
            customer: "c".into(),
            title: Vec::new(),
            who: Vec::new(),
            body: vec![foreign_line(text)],
            facts: Vec::new(),
            actions: Vec::new(),
        };
        self.show(false, View::Card(view));
    }
    fn entry(&mut self, case: u64, event: &str, text: &str) {
        self.n += 1;
        let (event, n, post) = (event.to_owned(), self.n, (!text.is_empty()).then(|| format!("e{}", self.n)));
        let lines = vec![vec![Piece::Words("our words".into())], foreign_line(text)];
        self.show(false, View::Entry(EntryView { case, event, n, post, author: None, lines, actions: Vec::new(), calls: Vec::new() }));
    }
    /// What they type; answered with "done".
    fn types(&mut self) -> Option<String> {
        let line = self.staff.next()?;
        self.answer(true, "done");
        Some(line)
    }
    fn answer(&mut self, ok: bool, code: &str) {
        self.staff.answered(ok, &View::Text(TextView { code: code.into(), lines: Vec::new() }));
    }
    /// Everything they type until they have nothing to type: verbs and numbers alone.
    fn verbs(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(line) = self.types() {
            all.push(line.split(' ').take(2).collect::<Vec<_>>().join(" "));
            assert!(all.len() < 50, "{all:?}");
        }
        all
    }
    fn hidden(&mut self, case: u64, text: &str) {
        assert_eq!(self.staff.next().as_deref(), Some("list spam"));
        let line = vec![Piece::Strong(format!("#{case}")), Piece::Words(" · ".into()), Piece::Foreign(Untrusted::new(text))];
        self.staff.answered(true, &View::Text(TextView { code: "list".into(), lines: vec![vec![Piece::Words("1".into())], line] }));
    }
}

fn foreign_line(text: &str) -> Line {
    if text.is_empty() { Vec::new() } else { vec![Piece::Foreign(Untrusted::new(text))] }
}

#[test]
fn a_question_is_claimed_drafted_answered_and_closed_when_the_customer_is_content() {
    let mut d = Desk::new();
    d.card(1, "new", "Hello @brand, can I bring my bike?");
    assert_eq!(d.types().as_deref(), Some("claim 1"));
    let draft = d.types().unwrap();
    assert!(draft.starts_with("draft 1 Hello! Bicycles"), "{draft}");
    assert_eq!(d.types().as_deref(), Some("reply 1"));
    assert_eq!(d.staff.approved().last().map(|a| format!("draft 1 {}", a.text)), Some(draft));
    assert_eq!(d.verbs(), [""; 0], "while it is on its way there is nothing to do");
    d.entry(1, "published", "");
    d.entry(1, "joined", "Brilliant, thanks!");
    assert_eq!(d.verbs(), ["resolve 1"]);
}

#[test]
fn the_customer_s_language_is_answered() {
    let mut d = Desk::new();
    d.card(1, "new", "Hola @brand, ¿se puede llevar la bici a la isla por la mañana?");
    d.types();
    assert!(d.types().unwrap().contains("La bici viaja gratis"));
}

#[test]
fn the_most_urgent_case_comes_first() {
    let mut d = Desk::new();
    d.card(1, "new", "can I bring my bike?");
    d.card(2, "new", "can I bring my dog?");
    d.staff.cases.get_mut(&2).unwrap().priority = "urgent".into();
    assert_eq!(d.types().as_deref(), Some("claim 2"));
}

#[test]
fn what_is_held_is_looked_at_again_and_another_answer_takes_its_place() {
    let mut d = Desk::new();
    d.card(1, "new", "We are stuck at the quay, what a delay!");
    assert_eq!(d.verbs(), ["claim 1", "draft 1", "reply 1"]);
    d.entry(1, "joined", "Is anybody there?");
    assert_eq!(d.verbs(), [""; 0], "the chat has not said yet that it is held");
    d.entry(1, "held", "");
    assert_eq!(d.verbs(), ["reply 1"]);
    // The stop of the first one is our own doing.
    d.entry(1, "stopped", "");
    let stopped: Vec<bool> = d.staff.approved().iter().map(|a| a.stopped).collect();
    assert_eq!(stopped, [true, false]);
    assert!(d.staff.waits());
    d.entry(1, "published", "");
    assert!(!d.staff.waits());
}

#[test]
fn a_hold_told_before_the_answer_to_the_command_is_not_missed() {
    let mut d = Desk::new();
    d.card(1, "new", "We are stuck at the quay, what a delay!");
    d.types();
    d.types();
    assert_eq!(d.staff.next().as_deref(), Some("reply 1"));
    d.entry(1, "joined", "Is anybody there?");
    d.entry(1, "held", "");
    d.answer(true, "done");
    assert_eq!(d.verbs(), ["reply 1"]);
}

#[test]
fn a_stop_that_the_bot_decided_is_noted_and_a_deleted_post_closes_the_case() {
    let mut d = Desk::new();
    d.card(1, "new", "my booking is lost and I am angry");
    assert_eq!(d.verbs(), ["claim 1", "draft 1", "reply 1"]);
    d.entry(1, "stopped", "");
    d.staff.cases.get_mut(&1).unwrap().said[0].post = "e2".into();
    d.entry(1, "deleted", "gone");
    assert!(d.staff.approved()[0].stopped);
    assert_eq!(d.verbs(), ["resolve 1"], "nobody is left to be answered, nor to be written to in private");
}

#[test]
fn an_answer_given_elsewhere_lets_the_held_one_go() {
    let mut d = Desk::new();
    d.card(1, "new", "are dogs allowed?");
    d.verbs();
    d.entry(1, "answered_outside", "@c they are");
    d.entry(1, "held", "");
    assert_eq!(d.verbs(), ["discard 1", "resolve 1"]);
    assert!(d.staff.approved()[0].stopped && !d.staff.waits());
}

#[test]
fn a_booking_number_is_asked_for_in_public_once_and_then_in_private() {
    let mut d = Desk::new();
    d.card(1, "new", "where is my refund?");
    d.types();
    assert!(d.types().unwrap().contains("booking number"));
    d.types();
    d.entry(1, "published", "");
    d.entry(1, "joined", "I am not going to post my number for everyone to read.");
    let handoff = d.types().unwrap();
    assert!(handoff.starts_with("handoff 1 ") && handoff.contains("ABCD-1234"), "{handoff}");
    d.entry(1, "published", "");
    d.entry(1, "dm_received", "It is AL-1.");
    let dm = d.types().unwrap();
    assert!(dm.starts_with("dm 1 "), "{dm}");
    assert_eq!(d.staff.approved().iter().map(|a| a.private).collect::<Vec<_>>(), [false, true, true]);
    // The next customer is not asked in public any more.
    d.card(2, "new", "you charged me twice");
    d.types();
    assert!(d.types().unwrap().contains("in private"));
}

#[test]
fn who_comes_back_unsatisfied_is_answered_again() {
    let mut d = Desk::new();
    d.card(1, "new", "where is my suitcase?");
    d.verbs();
    d.entry(1, "published", "");
    d.entry(1, "joined", "Thanks a lot!");
    assert_eq!(d.verbs(), ["resolve 1"]);
    d.entry(1, "joined", "Still nothing, and I am angry.");
    d.entry(1, "reopened", "");
    assert_eq!(d.verbs(), ["reply 1"]);
}

#[test]
fn quarantine_is_read_junk_stays_and_what_was_hidden_by_mistake_comes_back() {
    let mut d = Desk::new();
    d.staff.look_into_quarantine();
    d.hidden(7, "how do I use my ticket from the giveaway?");
    assert_eq!(d.verbs(), ["restore 7"]);
    d.staff.close_shift();
    d.hidden(8, "CRYPTO giveaway!!! claim your free coins");
    assert_eq!(d.verbs(), ["history 8", "list", "digest"]);
    assert!(d.staff.is_done());
    assert_eq!(d.staff.quarantine().len(), 3, "two lists and a history");
}

#[test]
fn an_advertisement_is_hidden_and_old_news_of_the_card_do_not_open_it_again() {
    let mut d = Desk::new();
    d.card(1, "new", "free coins! crypto! https://x.example");
    assert_eq!(d.verbs(), ["claim 1", "spam 1"]);
    d.card(1, "open", "free coins! crypto! https://x.example");
    assert_eq!(d.verbs(), [""; 0]);
}

#[test]
fn refusals_are_taken_and_a_case_that_only_refuses_is_left_alone() {
    let mut d = Desk::new();
    d.card(1, "new", "can I bring my bike?");
    let mut typed = 0;
    while let Some(line) = d.staff.next() {
        assert_eq!(line, "claim 1");
        d.answer(false, "refused-owned-by");
        typed += 1;
        assert!(typed <= PATIENCE);
    }
    assert_eq!(typed, PATIENCE);
    d.card(2, "new", "can I bring my bike?");
    d.types();
    d.types();
    d.staff.next();
    d.answer(false, "refused-nothing-to-answer");
    assert!(!d.staff.waits());
}
