//! `sereno listen --dry-run`: what the listening rules catch among recorded posts.

use crate::clock::{DAY_MS, MINUTE_MS, Time};
use crate::config::Config;
use crate::error::Failure;
use crate::i18n::Words;
use crate::intake::listen::recorded::{Odd, Recorded};
use crate::intake::listen::{Caught, Hit, How, Matcher};
use crate::policy::{Lang, ListenRule};
use crate::say::{Arg, Say};
use crate::telemetry;
use crate::view::hygiene;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// The longest line that is read, in bytes; Jetstream's are a few thousand.
const MOST_LINE: u64 = 1 << 20;
/// Posts that are shown of each kind.
const SAMPLES: usize = 5;
/// Words that are named of a rule, the most frequent first.
const WORDS: usize = 8;
/// How much of a post is shown, in graphemes.
const SHOWN: usize = 100;
/// A shorter record says nothing of a day.
const LEAST_SPAN_MS: i64 = 10 * MINUTE_MS;

/// Reads posts and says what the rules of `config`, and those of `beside`, make of them. Lines that cannot be read are told
/// on standard error, and passed over; then it ends with 1.
pub(super) fn run(config: &Path, beside: Option<&Path>, posts: &Path, json: bool, words: &Words, lang: Lang) -> Result<ExitCode, Failure> {
    let ours = Rules::of(config)?;
    let other = beside.map(Rules::of).transpose()?;
    let unreadable = |e: std::io::Error| Failure::Said(Say::new("cli-listen-input").text("detail", e.to_string()));
    let input: Box<dyn Read> =
        if posts.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(posts).map_err(unreadable)?) };
    let mut lines = Lines { input: BufReader::new(input), line: 0, buffer: Vec::new() };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut tally = Tally::default();
    let mut odd = 0_u64;
    let mut shown = Ok(());
    while let Some((line, read)) = lines.next().map_err(unreadable)? {
        let post = match read.and_then(|line| Recorded::read(line).map_err(Into::into)) {
            Ok(Some(post)) => post,
            Ok(None) => continue,
            Err(why) => {
                odd += 1;
                let said = why.say(line);
                if json {
                    shown = write_line(&mut out, &OddLine { line, error: words.tell(&said, Lang::En) });
                } else {
                    telemetry::tell(&words.tell(&said, lang));
                }
                if shown.is_err() {
                    break;
                }
                continue;
            }
        };
        let mut links = Vec::new();
        let seen = post.seen(&mut links);
        let caught = ours.matcher.catch(&seen);
        let too = other.as_ref().map(|other| other.matcher.catch(&seen));
        if json {
            shown = write_line(&mut out, &Answer::new(line, &post, caught.as_ref(), too.as_ref()));
        } else {
            tally.count(line, &post, caught.as_ref(), too.as_ref().map(Option::as_ref));
        }
        if shown.is_err() {
            break;
        }
    }
    if !json {
        shown = tally.print(&mut out, &ours, other.as_ref(), words, lang);
    }
    match shown.and_then(|()| out.flush()) {
        // Whoever reads may have had enough (`| head`).
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(Failure::Other(e.into())),
        _ => {}
    }
    if odd > 0 {
        return Err(Failure::Said(Say::new("cli-listen-odd").number("count", odd)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules of a file.
struct Rules {
    file: String,
    rules: Vec<ListenRule>,
    matcher: Matcher,
}

impl Rules {
    fn of(file: &Path) -> Result<Rules, Failure> {
        let rules = Config::listening(file).map_err(|problems| Failure::Config { file: file.to_owned(), problems })?;
        let name = file.display().to_string();
        if rules.is_empty() {
            return Err(Failure::Usage(Say::new("cli-listen-no-rules").text("file", name)));
        }
        Ok(Rules { file: name, matcher: Matcher::new(&rules), rules })
    }
}

/// Why a line is passed over.
enum Passed {
    Odd(Odd),
    TooLong,
}

impl From<Odd> for Passed {
    fn from(odd: Odd) -> Passed {
        Passed::Odd(odd)
    }
}

impl Passed {
    fn say(self, line: u64) -> Say {
        let said = |code: &str| Say::new(code).number("line", line);
        match self {
            Passed::Odd(Odd::NoJson(why)) => said("cli-listen-no-json").text("detail", why),
            Passed::Odd(Odd::NoText) => said("cli-listen-no-text"),
            Passed::TooLong => said("cli-listen-too-long").number("most", MOST_LINE),
        }
    }
}

/// A line, or why it is passed over.
type Line<'a> = Result<&'a [u8], Passed>;

/// Lines of bounded length.
struct Lines<R> {
    input: BufReader<R>,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// The next one, with its number.
    fn next(&mut self) -> std::io::Result<Option<(u64, Line<'_>)>> {
        self.buffer.clear();
        if (&mut self.input).take(MOST_LINE).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let is_whole = self.buffer.ends_with(b"\n") || (self.buffer.len() as u64) < MOST_LINE;
        if !is_whole {
            self.input.skip_until(b'\n')?;
            return Ok(Some((self.line, Err(Passed::TooLong))));
        }
        // Some programs begin a file with a mark of its encoding.
        let line = self.buffer.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.buffer);
        Ok(Some((self.line, Ok(line))))
    }
}

#[derive(Serialize)]
struct OddLine {
    line: u64,
    error: String,
}

/// What is said of a post.
#[derive(Serialize)]
struct Answer<'a> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(flatten)]
    verdict: Verdict<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<Verdict<'a>>,
}

/// What a set of rules makes of it.
#[derive(Serialize)]
struct Verdict<'a> {
    matched: bool,
    rule: Option<&'a str>,
    words: Vec<Word<'a>>,
}

/// Where a rule found what.
#[derive(Serialize)]
struct Word<'a> {
    /// What the rule looks for.
    term: &'a str,
    /// `written`, `misspelled`, `disguised` or `linked`.
    how: &'static str,
    /// As it stands in the post.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// In characters (Unicode code points) from the beginning of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

impl<'a> Answer<'a> {
    fn new(line: u64, post: &'a Recorded, caught: Option<&Caught<'a>>, beside: Option<&Option<Caught<'a>>>) -> Answer<'a> {
        let verdict = |caught| Verdict::new(&post.text, caught);
        Answer { line, id: post.id.as_deref(), verdict: verdict(caught), beside: beside.map(|c| verdict(c.as_ref())) }
    }
}

impl<'a> Verdict<'a> {
    fn new(text: &'a str, caught: Option<&Caught<'a>>) -> Verdict<'a> {
        let words = caught.map(|c| c.by.iter().map(|hit| Word::new(text, hit)).collect()).unwrap_or_default();
        Verdict { matched: caught.is_some(), rule: caught.map(|c| c.rule), words }
    }
}

impl<'a> Word<'a> {
    fn new(text: &'a str, hit: &Hit<'a>) -> Word<'a> {
        let how = match hit.how {
            _ if hit.at.is_none() => "linked",
            How::Written => "written",
            How::Misspelled => "misspelled",
            How::Disguised => "disguised",
        };
        let characters = |bytes: usize| text.get(..bytes).map(|t| t.chars().count());
        let (start, end) = hit.at.as_ref().map_or((None, None), |at| (characters(at.start), characters(at.end)));
        Word { term: hit.term, how, text: hit.at.clone().and_then(|at| text.get(at)), start, end }
    }
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// A post that is shown as one of many.
struct Sample {
    line: u64,
    text: String,
}

/// Posts of one kind.
#[derive(Default)]
struct Kind {
    count: u64,
    samples: Vec<Sample>,
    /// How often which word, and how, in what is said of it.
    by: BTreeMap<(String, How), u64>,
}

impl Kind {
    fn add(&mut self, line: u64, post: &Recorded, hits: &[Hit<'_>]) {
        self.count += 1;
        for hit in hits {
            *self.by.entry((hit.term.to_owned(), hit.how)).or_default() += 1;
        }
        if self.samples.len() < SAMPLES {
            self.samples.push(Sample { line, text: hygiene::quoted(&post.text, SHOWN) });
        }
    }
}

/// What was counted.
#[derive(Default)]
struct Tally {
    posts: u64,
    span: Option<(Time, Time)>,
    rules: BTreeMap<String, Kind>,
    none: u64,
    ours_alone: Kind,
    other_alone: Kind,
    both: u64,
}

impl Tally {
    fn count(&mut self, line: u64, post: &Recorded, caught: Option<&Caught<'_>>, beside: Option<Option<&Caught<'_>>>) {
        self.posts += 1;
        if let Some(at) = post.at {
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
        }
        match caught {
            Some(caught) => self.rules.entry(caught.rule.to_owned()).or_default().add(line, post, &caught.by),
            None => self.none += 1,
        }
        match (caught, beside) {
            (Some(ours), Some(None)) => self.ours_alone.add(line, post, &ours.by),
            (None, Some(Some(other))) => self.other_alone.add(line, post, &other.by),
            (Some(_), Some(Some(_))) => self.both += 1,
            (_, None) | (None, Some(None)) => {}
        }
    }

    /// How many of them that would be on a day.
    fn daily(&self, count: u64) -> Option<u64> {
        let (first, last) = self.span?;
        let span = last.since(first);
        let a_day = i128::from(count) * i128::from(DAY_MS) / i128::from(span.max(1));
        u64::try_from(a_day).ok().filter(|_| span >= LEAST_SPAN_MS)
    }

    fn print(&self, out: &mut impl Write, ours: &Rules, other: Option<&Rules>, words: &Words, lang: Lang) -> std::io::Result<()> {
        let mut say = |indent: usize, say: &Say| writeln!(out, "{:indent$}{}", "", words.tell(say, lang));
        match self.span.map(|(first, last)| last.since(first)).filter(|span| *span > 0) {
            Some(span) => say(0, &Say::new("cli-listen-posts-over").number("count", self.posts).with("span", Arg::Span(span)))?,
            None => say(0, &Say::new("cli-listen-posts").number("count", self.posts))?,
        }
        let nothing = Kind::default();
        for rule in &ours.rules {
            let kind = self.rules.get(&rule.name).unwrap_or(&nothing);
            say(
                0,
                &self.counted("cli-listen-rule", "cli-listen-rule-daily", kind.count).text("rule", hygiene::one_line(&rule.name, SHOWN)),
            )?;
            if let Some(words) = by(kind, words, lang) {
                say(2, &Say::new("cli-listen-by").text("words", words))?;
            }
            samples(kind).try_for_each(|sample| say(2, &sample))?;
        }
        say(0, &Say::new("cli-listen-none").number("count", self.none))?;
        if let Some(other) = other {
            for (rules, kind) in [(ours, &self.ours_alone), (other, &self.other_alone)] {
                say(0, &self.counted("cli-listen-only", "cli-listen-only-daily", kind.count).text("file", &rules.file))?;
                samples(kind).try_for_each(|sample| say(2, &sample))?;
            }
            say(0, &Say::new("cli-listen-both").number("count", self.both))?;
        }
        Ok(())
    }

    /// How many there were, in this sentence, or by the day in the other, where that can be said.
    fn counted(&self, code: &str, daily: &str, count: u64) -> Say {
        match self.daily(count) {
            Some(a_day) => Say::new(daily).number("count", count).number("daily", a_day),
            None => Say::new(code).number("count", count),
        }
    }
}

fn samples(kind: &Kind) -> impl Iterator<Item = Say> {
    kind.samples.iter().map(|s| Say::new("cli-listen-sample").number("line", s.line).text("text", format!("“{}”", s.text)))
}

/// At which words a rule caught what it caught.
fn by(kind: &Kind, words: &Words, lang: Lang) -> Option<String> {
    let mut by: Vec<_> = kind.by.iter().collect();
    by.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let named = by.iter().take(WORDS).map(|((term, how), n)| {
        let said = |code: &str| words.tell(&Say::new(code).text("word", term), lang);
        let word = match how {
            How::Written => term.clone(),
            How::Misspelled => said("cli-listen-misspelled"),
            How::Disguised => said("cli-listen-disguised"),
        };
        format!("{word} × {n}")
    });
    let named = named.collect::<Vec<_>>().join(" · ");
    (!named.is_empty()).then_some(named)
}
