//! What a program writes to the console, for fuzzing: see [`crate::fuzzing`].

use super::input::{LINE_MAX, Line, is_farewell, parse, read_line};
use super::{Format, Settings};
use crate::clock::Time;
use crate::policy::Lang;
use crate::view::text::Style;
use std::hint::black_box;

/// Lines of JSON, and the same as text.
pub(crate) fn line(data: &[u8]) {
    for format in [Format::Json, Format::Text] {
        let settings = Settings {
            format,
            agent: "console".into(),
            room: "console".into(),
            lang: Lang::En,
            style: Style { width: 80, colour: false },
            echo: false,
            started: Time(1_000),
        };
        let mut from = data;
        while let Ok(Some(line)) = read_line(&mut from) {
            if let Line::Text(bytes) = &line {
                assert!(bytes.len() <= LINE_MAX);
            }
            black_box(is_farewell(&line));
            match parse(line, &settings, || "n1".into()) {
                Ok(Some(asked)) => {
                    let names = [Some(&asked.id), Some(&asked.by.0), Some(&asked.room.0), asked.thread.as_ref()];
                    assert!(names.into_iter().flatten().all(|name| (1..=200).contains(&name.len()) && !name.contains(char::is_control)));
                }
                Ok(None) => {}
                Err(wrong) => assert!(wrong.say.code.starts_with("console-"), "{wrong:?}"),
            }
        }
        assert!(from.is_empty(), "not read to the end");
    }
}
