//! `sereno demo` as a newcomer and a script run it: the real binary, its words, its exit code, what it leaves behind.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A run of the demo in directories of its own: where it works, and where its temporary files go.
struct Run {
    child: Child,
    work: TempDir,
    temp: TempDir,
}

struct Ran {
    output: Output,
    text: String,
    left: Vec<String>,
}

fn demo(args: &[&str]) -> Run {
    let (work, temp) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let child = Command::new(env!("CARGO_BIN_EXE_sereno"))
        .arg("demo")
        .args(args)
        .current_dir(work.path())
        .env_clear()
        .env("TMPDIR", temp.path())
        .env("HOME", work.path())
        .env("PATH", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Run { child, work, temp }
}

fn files(directory: &Path) -> Vec<String> {
    std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path().display().to_string()).collect()
}

impl Run {
    fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let left = [files(self.work.path()), files(self.temp.path())].concat();
        Ran { output, text, left }
    }
}

impl Ran {
    fn last_line(&self) -> &str {
        self.text.lines().last().unwrap_or_default()
    }
    /// Everything, for a failing test to show.
    fn all(&self) -> String {
        format!("{:?}\n{}\n{}", self.output.status, self.text, String::from_utf8_lossy(&self.output.stderr))
    }
    /// The sentence of the judge that begins with `word`, its line breaks undone.
    fn finding(&self, word: &str) -> Option<String> {
        let mut lines = self.text.lines().skip_while(|l| !l.starts_with(word));
        let first = lines.next()?.to_owned();
        Some(lines.take_while(|l| l.starts_with("  ")).fold(first, |all, l| format!("{all} {}", l.trim_start())))
    }
}

/// The figures of a last line such as `story complete: 53 posts, 21 cases, …`, each with what it counts.
fn figures(line: &str) -> Vec<(&str, u64)> {
    let counts = line.split_once(": ").map_or("", |(_, counts)| counts);
    counts.split(", ").filter_map(|part| part.split_once(' ')).map(|(n, what)| (what, n.parse().unwrap())).collect()
}

fn complete(ran: &Ran) {
    assert!(ran.output.status.success(), "{}", ran.all());
    assert!(ran.last_line().starts_with("story complete: "), "{}", ran.all());
    let figures = figures(ran.last_line());
    let names: Vec<&str> = figures.iter().map(|(what, _)| *what).collect();
    assert_eq!(names, ["posts", "cases", "replies", "handoffs", "lost", "doubled"]);
    let least = [40, 20, 15, 4, 0, 0];
    for ((what, n), least) in figures.iter().zip(least) {
        assert!(*n >= least && (least > 0 || *n == 0), "{n} {what}: {}", ran.all());
    }
}

/// The story is judged broken: so often of that sort, and a sentence that begins with `word` names the post.
fn broken(ran: &Ran, sort: &str, word: &str) -> String {
    assert_eq!(ran.output.status.code(), Some(1), "{}", ran.all());
    assert!(ran.last_line().starts_with("story broken: "), "{}", ran.all());
    assert!(figures(ran.last_line()).contains(&(sort, 1)), "{}", ran.all());
    let finding = ran.finding(word).unwrap_or_else(|| panic!("no {word} in {}", ran.all()));
    assert!(finding.contains("square:") && finding.contains('@'), "{finding}");
    finding
}

/// One whole story, and one for each way of breaking the bot, at once; no run leaves anything.
fn in_language(lang: &str, words: [&str; 3]) -> Ran {
    let run = |more: &[&str]| demo(&[&["--auto", "--lang", lang], more].concat());
    let whole = run(&[]);
    let sabotaged: Vec<Run> = ["lose", "double", "stuck"].iter().map(|how| run(&["--sabotage", how])).collect();
    let whole = whole.end();
    let sabotaged: Vec<Ran> = sabotaged.into_iter().map(Run::end).collect();
    complete(&whole);
    let [lost, doubled, stuck] = words;
    let finding = broken(&sabotaged[0], "lost", lost);
    assert!(finding.contains("@ines_fotos"), "{finding}");
    let cards = sabotaged[0].text.lines().filter(|l| l.starts_with('│') && l.contains("@ines_fotos")).count();
    assert_eq!(cards, 0, "the bot was kept from hearing of it");
    let finding = [broken(&sabotaged[1], "doubled", doubled), broken(&sabotaged[2], "left in the outbox", stuck)].concat();
    assert_eq!(finding.matches("@wes_b").count(), 2, "{finding}");
    for ran in sabotaged.iter().chain([&whole]) {
        assert!(ran.left.is_empty(), "left behind: {:?}", ran.left);
        assert!(!ran.text.contains('\u{1b}'), "colours, and this is no terminal: {:?}", ran.text);
    }
    whole
}

#[test]
fn the_whole_story_and_the_broken_ones_in_english() {
    let whole = in_language("en", ["LOST:", "DOUBLED:", "LEFT IN THE OUTBOX:"]);
    // The README shows the demo's own screen: with what each line of ours begins there. On a slow machine
    // customers write, edit and are passed on before a card is drawn or an answer begun: what follows may differ.
    let readme = include_str!("../README.md").split("```").find(|block| block.starts_with("text\n┌─ #3")).expect("the screen");
    let alike = |line: &str| line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).take(9).collect::<String>();
    let printed: Vec<String> = whole.text.lines().map(alike).collect();
    for line in readme.lines().skip(1).filter(|l| !l.contains('▏') && !l.starts_with(' ')) {
        assert!(printed.contains(&alike(line)), "the demo never prints the README's line {line:?}: {}", whole.all());
    }
}

#[test]
fn the_whole_story_and_the_broken_ones_in_spanish() {
    let whole = in_language("es", ["PERDIDA:", "REPETIDA:", "ATASCADA EN LA SALIDA:"]);
    for wrong in ["Envío (", " a las el ", "antes de 0", "· 1 respuestas"] {
        assert!(!whole.text.contains(wrong), "{wrong}: {}", whole.all());
    }
}

#[test]
fn a_person_at_the_keyboard_is_told_what_to_type_and_leaves_nothing_behind() {
    let mut run = demo(&["--lang", "en"]);
    let mut keys = run.child.stdin.take().unwrap();
    keys.write_all(b"help reply\nclaim 999\nlist spam\ndigest\nreload\nquit\n").unwrap();
    let ran = run.end();
    assert!(ran.output.status.success(), "{}", ran.all());
    for words in ["claim 1", "handoff 1", "quit", "Alborada", "✗", "Digest", "no bot.toml here"] {
        assert!(ran.text.contains(words), "{words} is missing: {}", ran.all());
    }
    assert!(ran.left.is_empty(), "{:?}", ran.left);
}

#[test]
fn a_script_that_is_piped_in_works_a_case_to_its_end() {
    let mut run = demo(&["--lang", "en"]);
    let mut keys = run.child.stdin.take().unwrap();
    keys.write_all("claim 1\n\ndraft 1 We are on it, {code}.\nreply 1\nlist mine\n".as_bytes()).unwrap();
    drop(keys);
    let ran = run.end();
    assert!(ran.output.status.success(), "{}", ran.all());
    // In this order: the case is there before it is claimed, and the answer is out before the end.
    let mut rest = ran.text.as_str();
    for words in [
        "┌─ #1",
        "› claim 1",
        "✓ #1 is yours.",
        "✓ Draft of #1 noted",
        "`undo 1`",
        "You have 1 open case",
        "The public answer is published",
        "The ferries stop",
    ] {
        let (_, behind) = rest.split_once(words).unwrap_or_else(|| panic!("{words} is missing behind what came before: {}", ran.all()));
        rest = behind;
    }
    assert!(ran.text.lines().all(|l| l.chars().count() <= 100), "{}", ran.all());
    assert!(ran.left.is_empty(), "{:?}", ran.left);
}

#[test]
fn a_kept_store_stays_and_one_that_holds_something_is_not_touched() {
    let mut run = demo(&["--lang", "es", "--keep", "kept"]);
    run.child.stdin.take().unwrap().write_all(b"salir\n").unwrap();
    let work = run.work.path().to_owned();
    let status = run.child.wait().unwrap();
    assert!(status.success());
    let kept = files(&work.join("kept"));
    assert!(kept.iter().any(|f| f.ends_with("store")) && kept.iter().any(|f| f.ends_with("keyring")), "{kept:?}");
    let again = Command::new(env!("CARGO_BIN_EXE_sereno")).args(["demo", "--keep", "kept"]).current_dir(&work).output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("kept"), "{again:?}");
    assert_eq!(files(&work.join("kept")).len(), kept.len());
    assert!(files(run.temp.path()).is_empty());
}

#[test]
fn ending_it_by_a_signal_leaves_nothing_behind_either() {
    let mut run = demo(&["--lang", "en"]);
    // The welcome stands on the screen: it has begun.
    let mut out = std::io::BufReader::new(run.child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("claim 1") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut out, &mut line).unwrap() > 0, "it ended by itself");
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(run.child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    std::io::copy(&mut out, &mut std::io::sink()).unwrap();
    let ran = run.end();
    assert!(ran.output.status.success(), "{}", ran.all());
    assert!(ran.left.is_empty(), "{:?}", ran.left);
}

/// The sockets of the internet that a process holds, by the kernel's own lists.
fn sockets(process: u32) -> Vec<String> {
    let lists = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"]
        .map(|list| std::fs::read_to_string(format!("/proc/{process}/net/{list}")).unwrap_or_default());
    let of_internet: BTreeSet<&str> = lists.iter().flat_map(|l| l.lines().skip(1)).filter_map(|l| l.split_whitespace().nth(9)).collect();
    let Ok(held) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
    let named = held.filter_map(|fd| Some(std::fs::read_link(fd.ok()?.path()).ok()?.display().to_string()));
    named.filter(|name| name.strip_prefix("socket:[").and_then(|n| n.strip_suffix(']')).is_some_and(|n| of_internet.contains(n))).collect()
}

#[test]
fn it_speaks_to_nobody() {
    let one = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(!sockets(std::process::id()).is_empty(), "what is looked at shows a socket: {one:?}");
    let mut run = demo(&["--auto", "--lang", "en"]);
    let process = run.child.id();
    let lines = BufReader::new(run.child.stdout.take().unwrap()).lines();
    let mut seen = 0;
    for line in lines {
        line.unwrap();
        seen += 1;
        assert!(sockets(process).is_empty(), "the demo needs no server and no internet: {:?}", sockets(process));
    }
    assert!(seen > 100, "it told no story");
    assert!(run.end().output.status.success());
}

#[test]
fn it_speaks_the_language_of_whoever_starts_it() {
    for (locale, words) in [("es_ES.UTF-8", "Bienvenida"), ("en_GB.UTF-8", "Welcome")] {
        let (work, temp) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sereno"));
        command.arg("demo").current_dir(work.path()).env_clear().env("TMPDIR", temp.path()).env("LANG", locale);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(words), "{locale}: {text}");
    }
}
