use super::input::{LINE_MAX, is_farewell, parse, read_line};
use super::*;
use crate::case::CaseId;
use proptest::prelude::*;

fn settings(format: Format) -> Settings {
    Settings {
        format,
        agent: "console".into(),
        room: "console".into(),
        lang: Lang::En,
        style: Style { width: 80, colour: false },
        echo: false,
        started: Time(1_000),
    }
}

fn asked(format: Format, line: &str) -> Result<Option<Asked>, String> {
    parse(Line::Text(line.as_bytes().to_vec()), &settings(format), || "n1".into()).map_err(|w| Words::new().tell(&w.say, Lang::En))
}

fn text_of(format: Format, line: &str) -> String {
    match asked(format, line).unwrap().unwrap().what {
        What::Line(text) => text,
        What::Fields { verb, case, text } => format!("{verb}|{case:?}|{text}"),
    }
}

#[test]
fn a_typed_line_is_a_command_with_or_without_what_other_chats_want() {
    for line in ["claim 42", " claim 42 ", "!claim 42", "/claim 42", "sereno claim 42", "@sereno  claim 42", "claim 42\r"] {
        assert_eq!(text_of(Format::Text, line), "claim 42", "{line:?}");
    }
    assert_eq!(asked(Format::Text, "  \r"), Ok(None));
    assert_eq!(asked(Format::Text, "hello").unwrap().unwrap().by, AgentId::from("console"));
}

#[test]
fn json_lines_carry_who_and_what() {
    let one = asked(
        Format::Json,
        r##"{"id":"8","by":"ana","verb":"reply","case":"#42","text":"We are\non it","room":"r","thread":"t","lang":"es"}"##,
    );
    let expected = Asked {
        id: "8".into(),
        by: "ana".into(),
        room: "r".into(),
        thread: Some("t".into()),
        lang: Some(Lang::Es),
        what: What::Fields { verb: "reply".into(), case: Some(CaseId(42)), text: "We are\non it".into() },
    };
    assert_eq!(one, Ok(Some(expected)));
    assert_eq!(asked(Format::Json, r#"{"id":"8","lang":"en-GB","line":"list"}"#).unwrap().unwrap().lang, Some(Lang::En));
    assert_eq!(text_of(Format::Json, r#"{"id":"7","line":"!claim 42"}"#), "claim 42");
    assert_eq!(text_of(Format::Json, r#"{"id":"7","verb":"claim","case":42}"#), "claim|Some(CaseId(42))|");
    assert_eq!(text_of(Format::Json, r##"{"id":"7","verb":"!reply","thread":"t","text":"#7 is yours"}"##), "reply|None|#7 is yours");
}

#[test]
fn what_is_wrong_with_a_json_line_is_said() {
    for (line, said, id) in [
        ("claim 42", "no JSON (expected value", None),
        (r#"["claim 42"]"#, "but no object", None),
        (r#"{"id":"7"}"#, "neither \"line\" nor \"verb\"", Some("7")),
        (r#"{"id":"7","verb":"reply 6 injected","case":5}"#, "\"verb\" must be one word", Some("7")),
        (r#"{"id":"7","verb":"reply#6","case":5}"#, "\"verb\" must be one word", Some("7")),
        (r#"{"id":"7","verb":" ","case":5}"#, "\"verb\" must be one word", Some("7")),
        (r#"{"id":"7","by":"ana","by":"bea","line":"list"}"#, "\"by\" stands twice", Some("7")),
        (r#"{"id":"7","verb":"claim","case":5,"case":6}"#, "\"case\" stands twice", Some("7")),
        (r#"{"id":"7","id":"8","line":"list"}"#, "\"id\" stands twice", None),
        ("{\"id\":\"7\",\"by\":\"an\u{200b}a\",\"line\":\"list\"}", "\"by\" holds characters", Some("7")),
        (r#"{"id":"7","by":"ana\u0007","line":"list"}"#, "\"by\" holds characters", Some("7")),
        (r#"{"id":"7","by":"ana\n","line":"list"}"#, "\"by\" holds characters", Some("7")),
        (r#"{"id":"7","verb":"claim","case":"5 6"}"#, "\"case\" must be a case's number", Some("7")),
        (r#"{"id":"7","verb":"claim","case":""}"#, "\"case\" must be a case's number", Some("7")),
        (r#"{"line":"list"}"#, "\"id\" is missing", None),
        (r#"{"id":7,"line":"list"}"#, "\"id\" must be a string", None),
        (r#"{"id":"","line":"list"}"#, "\"id\" must have 1 to 200 bytes", None),
        (r#"{"id":"7","by":["ana"],"line":"list"}"#, "\"by\" must be a string", Some("7")),
        (r#"{"id":"7","verb":"claim","case":-1}"#, "\"case\" must be a case's number", Some("7")),
        (r#"{"id":"7","line":"list","verb":"list"}"#, "either \"line\"", Some("7")),
        (r#"{"id":"7","line":"list","case":4}"#, "either \"line\"", Some("7")),
        (r#"{"id":"7","lang":"klingon","line":"list"}"#, "“klingon” is not spoken here. Known: en, es", Some("7")),
        (r#"{"id":"7","lang":"","line":"list"}"#, "Known: en, es", Some("7")),
        (r#"{"id":"7","lin":"list"}"#, "no field \"lin\"", Some("7")),
    ] {
        let wrong = parse(Line::Text(line.into()), &settings(Format::Json), || "n1".into()).unwrap_err();
        let told = Words::new().tell(&wrong.say, Lang::En);
        assert!(told.contains(said) && told.contains(r#"{"id":"7","by":"ana","line":"claim 42"}"#), "{line}: {told}");
        assert_eq!(wrong.id.as_deref(), id, "the sender learns which line was wrong: {line}");
    }
    assert!(parse(Line::Text(vec![0xff, 0xfe]), &settings(Format::Text), || "n".into()).is_err());
}

#[test]
fn lines_are_bounded() {
    let long = "x".repeat(LINE_MAX + 1);
    let text = format!("one\n{long}\n\n{}\nlast", "y".repeat(LINE_MAX));
    // Small reads, so that lines come in parts.
    let mut reader = io_in_parts(&text);
    let mut read = Vec::new();
    while let Some(line) = read_line(&mut reader).unwrap() {
        read.push(match line {
            Line::TooLong => "too long".to_owned(),
            Line::Text(bytes) if bytes.len() > 10 => format!("{} bytes", bytes.len()),
            Line::Text(bytes) => String::from_utf8(bytes).unwrap(),
        });
    }
    assert_eq!(read, ["one", "too long", "", "65536 bytes", "last"]);
    assert!(is_farewell(&Line::Text(b" quit\r".to_vec())) && !is_farewell(&Line::Text(b"quit it".to_vec())));
}

fn io_in_parts(text: &str) -> impl BufRead {
    std::io::BufReader::with_capacity(7, std::io::Cursor::new(text.to_owned()))
}

proptest! {
    #[test]
    fn no_input_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Text, Format::Json] {
            let mut reader = bytes.as_slice();
            while let Some(line) = read_line(&mut reader).unwrap() {
                // Either a command or a sentence; never a panic.
                if let Ok(Some(asked)) = parse(line, &settings(format), || "n".into()) {
                    prop_assert!(!asked.id.is_empty());
                }
            }
        }
    }
}
