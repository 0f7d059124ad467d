//! Pictures that hang on what goes to the customer.

use super::*;
use crate::media::{Kind, Takes};

fn picture(name: &str) -> Attached {
    Attached {
        file: format!("F-{name}"),
        name: crate::post::Untrusted::new(name),
        mime: "image/png".into(),
        bytes: 2_000,
        ..Attached::default()
    }
}

/// A bench whose network takes two pictures in public and one in private, of at most 1 MiB.
fn gallery() -> Bench {
    let mut b = bench();
    for account in b.policy.accounts.values_mut() {
        let takes = |most| Takes { most, max_bytes: 1024 * 1024, kinds: vec![Kind::Png] };
        (account.capabilities.pictures, account.capabilities.private_pictures) = (takes(2), takes(1));
    }
    b
}

impl Bench {
    fn shows(&mut self, by: &str, line: &str, files: &[Attached]) -> Result<Say, Refusal> {
        let (room, thread) = (RoomId::from("console"), Some("t".to_owned()));
        let people = &self.policy.people;
        let command = parse(line, Meta { id: "x".into(), by: by.into(), door: Door::Text, room, thread, lang: Lang::En, people })?;
        let text = if let Args::Text(text) = command.args { text } else { String::new() };
        self.run(&Command { args: Args::Illustrated(text, files.to_vec()), ..command })
    }
}

#[test]
fn a_drafts_pictures_go_with_it_and_come_back_with_it() {
    let mut b = gallery();
    let files = [picture("a"), picture("b")];
    b.shows(BEA, "draft Así", &files).unwrap();
    // The form holds the text alone; what is typed anew stands for itself.
    b.fills(ANA, "draft Así se abre").unwrap();
    assert_eq!(b.case.current_draft().unwrap().files, files);
    b.ok(ANA, "reply");
    assert_eq!(b.case.live_send().unwrap().files, files);
    b.ok(ANA, "undo");
    assert_eq!(b.case.current_draft().map(|d| (d.text.expose().to_owned(), d.files.clone())), Some(("Así se abre".into(), files.to_vec())));
    b.ok(ANA, "draft Así se abre");
    assert_eq!(b.case.current_draft().unwrap().files, []);
    // The same text with other pictures is another draft.
    b.shows(ANA, "reply Así se abre", &files[..1]).unwrap();
    b.ok(ANA, "undo");
    assert_eq!(b.case.current_draft().unwrap().files, files[..1]);
}

#[test]
fn a_private_message_called_back_goes_again_with_its_picture() {
    let mut b = gallery();
    b.shows(ANA, "handoff Mira esto", &[picture("a")]).unwrap();
    b.ok(ANA, "undo");
    b.ok(ANA, "handoff");
    let send = b.case.live_send().unwrap();
    assert_eq!((send.text.expose(), send.files.as_slice()), ("Mira esto", [picture("a")].as_slice()));
}

#[test]
fn what_the_network_does_not_take_so_is_refused_when_it_is_written() {
    let mut b = gallery();
    let (one, large) = (picture("a"), Attached { bytes: 1024 * 1024 + 1, ..picture("large") });
    let paper = Attached { mime: "application/pdf".into(), ..picture("paper") };
    for verb in ["draft", "reply"] {
        let mut refused = |files: &[Attached]| b.shows(ANA, &format!("{verb} x"), files).unwrap_err();
        assert_eq!(refused(&[one.clone(), one.clone(), one.clone()]), Refusal::TooManyPictures(3, 2));
        assert_eq!(refused(&[one.clone(), paper.clone()]), Refusal::WrongKind(2, vec![Kind::Png]));
        assert_eq!(refused(std::slice::from_ref(&large)), Refusal::PictureTooLarge(1, 1024 * 1024));
    }
    assert_eq!(b.shows(ANA, "handoff x", &[one.clone(), one.clone()]).unwrap_err(), Refusal::TooManyPictures(2, 1));
    for line in ["reply", "handoff"] {
        assert_eq!(b.shows(ANA, line, std::slice::from_ref(&one)).unwrap_err(), Refusal::PictureAlone, "{line}");
    }
    assert_eq!(bench().shows(ANA, "draft x", &[one]).unwrap_err(), Refusal::NoPictures, "a network that takes none");
    assert_eq!((b.case.drafts.len(), b.case.sends.len()), (0, 0));
}

#[test]
fn what_was_stored_before_there_were_pictures_has_none_and_reads_the_same() {
    let mut b = gallery();
    b.ok(ANA, "draft x");
    b.ok(ANA, "reply y");
    let stored = serde_json::to_string(&b.case).unwrap();
    assert!(!stored.contains("files"), "an earlier sereno reads it");
    assert_eq!(serde_json::from_str::<Case>(&stored).unwrap(), b.case);
}
