//! Words for people: the locales (Fluent), compiled in, and how moments, spans and numbers read.
//!
//! The core speaks in codes ([`Say`]); here they become sentences in the reader's language. Every
//! word that a person sees stands in `locales/{en,es}/*.ftl`; tests hold the two languages equal
//! and every code that the code uses present. Partner: [`crate::view::build`], which needs
//! sentences with foreign text in them and takes them apart by [`Words::parts`].

#[cfg(test)]
mod tests;

use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use crate::digest::schedule::zone;
use crate::policy::{AgentId, Lang, Policy};
use crate::say::{Arg, Say};
use crate::view::hygiene;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The locales as compiled in: language, file, text.
pub(crate) const SOURCES: [(Lang, &str, &str); 10] = [
    (Lang::En, "core", include_str!("../locales/en/core.ftl")),
    (Lang::En, "commands", include_str!("../locales/en/commands.ftl")),
    (Lang::En, "views", include_str!("../locales/en/views.ftl")),
    (Lang::En, "cli", include_str!("../locales/en/cli.ftl")),
    (Lang::En, "demo", include_str!("../locales/en/demo.ftl")),
    (Lang::Es, "core", include_str!("../locales/es/core.ftl")),
    (Lang::Es, "commands", include_str!("../locales/es/commands.ftl")),
    (Lang::Es, "views", include_str!("../locales/es/views.ftl")),
    (Lang::Es, "cli", include_str!("../locales/es/cli.ftl")),
    (Lang::Es, "demo", include_str!("../locales/es/demo.ftl")),
];

/// The argument that holds a command's name, shown as it is typed in the reader's language.
const VERB: &str = "verb";
/// Names of arguments that hold a member of staff's id and are shown by name. Customers never stand in them.
const PEOPLE: [&str; 4] = ["agent", "owner", "lead", "colleague"];

/// Names of arguments that are numbers to be typed again, so never grouped by thousands.
const LABELS: [&str; 6] = ["case", "entry", "send", "draft", "n", "id"];
/// The argument that names a case, `#3`, and the one that is made of it: its bare number, `3`.
const CASE: &str = "case";
const NUMBER: &str = "n";

/// The name of arguments that are moments as adverbs; all others read as behind “until”.
const AT: &str = "at";

/// Stands in a formatted sentence for a slot; `hygiene` strips it from every text that goes in.
const SLOT: char = '\u{F8F0}';

/// What a sentence needs besides its own arguments.
#[derive(Clone, Copy)]
pub struct ShowCtx<'a> {
    /// Names of staff, and the time zone.
    pub policy: &'a Policy,
    /// The moment at which it is read: moments of today are shown without their date.
    pub now: Time,
}

/// A part of a sentence taken apart: our words, or the slot of that index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Our words.
    Words(String),
    /// Index into the slots asked for.
    Slot(usize),
}

/// All words in all languages.
pub struct Words {
    en: FluentBundle<FluentResource>,
    es: FluentBundle<FluentResource>,
}

impl Default for Words {
    fn default() -> Words {
        Words::new()
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words")
    }
}

impl Words {
    /// The compiled-in locales.
    #[must_use]
    pub fn new() -> Words {
        Words { en: bundle(Lang::En), es: bundle(Lang::Es) }
    }

    /// The sentence in `lang`. A missing code comes out as itself.
    #[must_use]
    pub fn say(&self, say: &Say, lang: Lang, ctx: &ShowCtx<'_>) -> String {
        self.format(&say.code, &self.args(say, lang, ctx, &[]), lang)
    }

    /// A sentence without staff or moments in it, for where no policy is known yet.
    #[must_use]
    pub fn tell(&self, say: &Say, lang: Lang) -> String {
        self.say(say, lang, &ShowCtx { policy: &Policy::default(), now: Time(0) })
    }

    /// The words of a code that takes no arguments.
    #[must_use]
    pub fn get(&self, code: &str, lang: Lang) -> String {
        self.format(code, &FluentArgs::new(), lang)
    }

    /// Whether the code is known.
    #[must_use]
    pub fn has(&self, code: &str, lang: Lang) -> bool {
        self.bundle(lang).has_message(code)
    }

    /// The sentence with the arguments named in `slots` left open, so that the caller can put
    /// foreign text or links there without their ever becoming our words.
    #[must_use]
    pub fn parts(&self, say: &Say, slots: &[&str], lang: Lang, ctx: &ShowCtx<'_>) -> Vec<Part> {
        let whole = self.format(&say.code, &self.args(say, lang, ctx, slots), lang);
        let mut parts = Vec::new();
        for (i, piece) in whole.split(SLOT).enumerate() {
            // Every odd piece is the index of a slot: a slot is written as mark, index, mark.
            match (i % 2, piece.parse::<usize>()) {
                (1, Ok(slot)) => parts.push(Part::Slot(slot)),
                _ if piece.is_empty() => {}
                _ => parts.push(Part::Words(piece.to_owned())),
            }
        }
        parts
    }

    /// A moment in the policy's time zone: `14:05` today, else `21 Nov 14:05`, with the year if it is another one.
    #[must_use]
    pub fn moment(&self, moment: Time, lang: Lang, ctx: &ShowCtx<'_>) -> String {
        let (then, day) = dated(moment, ctx);
        let time = then.strftime("%H:%M").to_string();
        let mut args = self.date_args(&then, lang);
        args.set("time", time.clone());
        match day {
            Day::Today => time,
            Day::ThisYear => self.format("moment-day", &args, lang),
            Day::Other => self.format("moment-year", &args, lang),
        }
    }

    /// The same as it reads in a sentence behind “until”, “by” or “since” (`las 14:05`, `el 21 nov a las 14:05`).
    #[must_use]
    pub fn until(&self, moment: Time, lang: Lang, ctx: &ShowCtx<'_>) -> String {
        let (then, day) = dated(moment, ctx);
        self.in_sentence(&then, day, "%H:%M", lang)
    }

    /// The same as an adverb: `at 14:05`, `on 21 Nov 14:05`; to the second where that matters.
    #[must_use]
    pub fn at(&self, moment: Time, seconds: bool, lang: Lang, ctx: &ShowCtx<'_>) -> String {
        let (then, day) = dated(moment, ctx);
        let said = self.in_sentence(&then, day, if seconds { "%H:%M:%S" } else { "%H:%M" }, lang);
        let (code, name) = if day == Day::Today { ("moment-at-clock", "clock") } else { ("moment-at-day", "date") };
        let mut args = FluentArgs::new();
        args.set(name, said);
        self.format(code, &args, lang)
    }

    fn in_sentence(&self, then: &jiff::Zoned, day: Day, form: &str, lang: Lang) -> String {
        let mut clock = FluentArgs::new();
        clock.set("time", then.strftime(form).to_string());
        let clock = self.format(if then.hour() == 1 { "moment-clock-one" } else { "moment-clock" }, &clock, lang);
        let mut args = self.date_args(then, lang);
        args.set("clock", clock.clone());
        match day {
            Day::Today => clock,
            Day::ThisYear => self.format("moment-on-day", &args, lang),
            Day::Other => self.format("moment-on-year", &args, lang),
        }
    }

    fn date_args(&self, then: &jiff::Zoned, lang: Lang) -> FluentArgs<'static> {
        let mut args = FluentArgs::new();
        args.set("day", then.day().to_string());
        args.set("month", self.get(&format!("month-{}", then.month()), lang));
        args.set("year", then.year().to_string());
        args
    }

    /// The local day of a moment: `21 Nov 2026`.
    #[must_use]
    pub fn day(&self, moment: Time, lang: Lang, ctx: &ShowCtx<'_>) -> String {
        let (then, _) = dated(moment, ctx);
        self.format("moment-date", &self.date_args(&then, lang), lang)
    }

    /// A length of time by its two largest units: `2 d 3 h`, `1 h 5 min`, `45 s`.
    #[must_use]
    pub fn span(&self, ms: i64, lang: Lang) -> String {
        const UNITS: [(&str, i64); 4] =
            [("unit-day", DAY_MS), ("unit-hour", HOUR_MS), ("unit-minute", MINUTE_MS), ("unit-second", SECOND_MS)];
        // What remains of a second counts as one: a window of 0.4 s is not over yet.
        let mut rest = ms.max(0).saturating_add(SECOND_MS - 1) / SECOND_MS * SECOND_MS;
        let Some(first) = UNITS.iter().position(|(_, size)| rest >= *size) else {
            return format!("0 {}", self.get("unit-second", lang));
        };
        let mut shown = Vec::new();
        for (code, size) in UNITS.iter().skip(first).take(2) {
            let n = rest / size;
            rest %= size;
            if n > 0 {
                shown.push(format!("{n} {}", self.get(code, lang)));
            }
        }
        shown.join(" ")
    }

    fn args(&self, say: &Say, lang: Lang, ctx: &ShowCtx<'_>, slots: &[&str]) -> FluentArgs<'static> {
        let mut args = FluentArgs::new();
        for (name, arg) in &say.args {
            args.set(name.clone(), self.value(name, arg, lang, ctx));
            // The case's number as it is typed behind a command: `undo 3`.
            if let (CASE, Arg::Text(case)) = (name.as_str(), arg)
                && let Some(n) = case.strip_prefix('#')
                && !say.args.iter().any(|(name, _)| name == NUMBER)
            {
                args.set(NUMBER, n.to_owned());
            }
        }
        for (i, name) in slots.iter().enumerate() {
            args.set((*name).to_owned(), FluentValue::from(format!("{SLOT}{i}{SLOT}")));
        }
        args
    }

    /// What to type for a verb: the name that its usage begins with.
    #[must_use]
    pub fn typed(&self, verb: &str, lang: Lang) -> String {
        let usage = self.get(&format!("usage-{verb}"), lang);
        usage.split([' ', '`']).find(|word| !word.is_empty()).unwrap_or(verb).to_owned()
    }

    fn value(&self, name: &str, arg: &Arg, lang: Lang, ctx: &ShowCtx<'_>) -> FluentValue<'static> {
        match arg {
            Arg::Text(text) if PEOPLE.contains(&name) => {
                hygiene::one_line(ctx.policy.name_of(&AgentId::from(text.as_str())), hygiene::NAME_MAX).into()
            }
            // A command by the name that it has in this language.
            Arg::Text(text) if name == VERB && crate::command::table::find(text).is_some_and(|row| row.name == text) => {
                self.typed(text, lang).into()
            }
            // No case has the number 0: the sentence is about none.
            Arg::Text(text) if name == CASE && text == "#0" => "–".into(),
            Arg::Text(text) => hygiene::one_line(text, hygiene::TEXT_MAX).into(),
            Arg::Number(n) if LABELS.contains(&name) => n.to_string().into(),
            Arg::Number(n) => FluentValue::from(*n),
            Arg::Moment(moment) if name == AT => self.at(*moment, false, lang, ctx).into(),
            Arg::Moment(moment) => self.until(*moment, lang, ctx).into(),
            Arg::Span(ms) => self.span(*ms, lang).into(),
            Arg::Code(code) => self.get(code, lang).into(),
            Arg::Said(say) => self.say(say, lang, ctx).into(),
        }
    }

    fn format(&self, code: &str, args: &FluentArgs<'_>, lang: Lang) -> String {
        let bundle = self.bundle(lang);
        let Some(pattern) = bundle.get_message(code).and_then(|m| m.value()) else {
            debug_assert!(false, "no words for {code} in {}", lang.code());
            return code.to_owned();
        };
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{code} in {}: {errors:?}", lang.code());
        said
    }

    fn bundle(&self, lang: Lang) -> &FluentBundle<FluentResource> {
        match lang {
            Lang::En => &self.en,
            Lang::Es => &self.es,
        }
    }
}

/// Whether an argument of that name holds a member of staff's id, shown by name.
#[must_use]
pub fn is_person(name: &str) -> bool {
    PEOPLE.contains(&name)
}

/// How far a moment is from now, in local days.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Day {
    Today,
    ThisYear,
    Other,
}

fn dated(moment: Time, ctx: &ShowCtx<'_>) -> (jiff::Zoned, Day) {
    let tz = zone(&ctx.policy.time_zone);
    let (then, now) = (moment.to_jiff().to_zoned(tz.clone()), ctx.now.to_jiff().to_zoned(tz));
    let day = match (then.date() == now.date(), then.year() == now.year()) {
        (true, _) => Day::Today,
        (false, true) => Day::ThisYear,
        (false, false) => Day::Other,
    };
    (then, day)
}

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.code().parse::<LanguageIdentifier>().unwrap_or_default()]);
    // Isolation marks are invisible characters that terminals show as boxes and that break copying.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match lang {
        Lang::En => |value, _| grouped(value, ','),
        Lang::Es => |value, _| grouped(value, '.'),
    }));
    for (_, _, source) in SOURCES.iter().filter(|(l, _, _)| *l == lang) {
        // A broken line costs that line alone here; a test refuses it.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A whole number grouped by thousands: `7,300`.
fn grouped(value: &FluentValue<'_>, mark: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    if number.value.fract() != 0.0 || number.value.abs() < 1_000.0 {
        return None;
    }
    let digits = format!("{:.0}", number.value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    Some(if number.value < 0.0 { format!("-{out}") } else { out })
}
