//! Commands of the desk, and arguments that no parser saw.

use super::*;

fn desk_command(verb: Verb, by: &str) -> Command {
    Command {
        id: "x".into(),
        by: by.into(),
        door: Door::Text,
        room: "console".into(),
        thread: None,
        lang: Lang::En,
        verb,
        case: None,
        args: Args::None,
    }
}

#[test]
fn pause_resume_and_reload_act_on_the_desk() {
    let mut policy = fixtures::policy();
    let es = Route { room: "soporte".into(), speaks: Lang::Es, ..Route::default() };
    policy.routes.insert(0, Route { lang: Some("es".into()), ..es.clone() });
    policy.routes.insert(1, Route { lang: Some("ca".into()), ..es });
    let mut d = DeskWork { desk: Desk::default(), policy: &policy, now: NOW, effects: vec![], reload: false };
    let run = |d: &mut DeskWork<'_>, verb| match table::row(verb).run {
        Run::Desk(f) => f(d, &desk_command(verb, LEO)),
        _ => panic!("not of the desk"),
    };
    assert_eq!(run(&mut d, Verb::Resume), Err(Refusal::AlreadySo));
    assert_eq!(run(&mut d, Verb::Pause).map(|s| s.code), Ok("done-pause".into()));
    assert_eq!(d.desk.paused.as_ref().map(|p| p.by.as_str()), Some(LEO));
    let told: Vec<&str> = d.effects.iter().map(|(room, ..)| room.as_str()).collect();
    assert_eq!(told, ["console", "soporte"], "each room once");
    assert!(matches!(&d.effects[0].2, Effect::Notice { say } if say.code == "notice-paused" && say.args[0].1 == Arg::Text("Leo".into())));
    assert_eq!(run(&mut d, Verb::Pause), Err(Refusal::AlreadySo));
    d.effects.clear();
    assert_eq!(run(&mut d, Verb::Resume).map(|s| s.code), Ok("done-resume".into()));
    assert!(d.desk.paused.is_none() && d.effects.len() == 2);
    assert!(!d.reload);
    assert_eq!(run(&mut d, Verb::Reload).map(|s| s.code), Ok("done-reload".into()));
    assert!(d.reload);
}

#[test]
fn arguments_of_the_wrong_kind_are_refused() {
    // Buttons and forms make commands without the parser.
    for row in table::TABLE {
        let Run::Case(_) = row.run else { continue };
        if matches!(row.takes, Takes::Nothing | Takes::MaybeText | Takes::Version) {
            continue;
        }
        let mut b = bench();
        let mut c = desk_command(row.verb, LEO);
        c.case = Some(CaseId(42));
        let refusal = b.run(&c).map(|s| s.code).expect_err(row.name);
        assert!(matches!(refusal, Refusal::Usage(_) | Refusal::Empty), "{}: {refusal:?}", row.name);
    }
}
