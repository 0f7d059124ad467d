//! The report, in lines. Figures only: nothing that a customer wrote.

use super::pen::Pen;
use crate::clock::Time;
use crate::cost::Costs;
use crate::digest::figures::Figures;
use crate::digest::schedule::{day_of, zone};
use crate::i18n::ShowCtx;
use crate::policy::AgentId;
use crate::post::Account;
use crate::say::{Arg, Say};
use crate::view::picture::Picture;
use crate::view::{Line, Piece, hygiene};

/// Every figure of a day or a week.
pub fn lines(pen: &Pen<'_>, f: &Figures) -> Vec<Line> {
    let count = |code: &str, n: u64| pen.say(&Say::new(code).number("count", n));
    let mut lines = vec![title(pen, f)];
    let mut push = |words: String| lines.push(vec![Piece::Words(words)]);
    push(count("digest-new", f.new));
    if !f.by_network.is_empty() {
        push(pen.say(
            &Say::new("digest-by-network").text("list", list(f.by_network.iter().map(|(name, n)| (hygiene::one_line(name, 40), *n)))),
        ));
    }
    push(count("digest-answered", f.answered));
    push(times(pen, f));
    push(count("digest-replies", f.replies));
    push(count("digest-handoffs", f.handoffs));
    push(format!("{}, {}", count("digest-resolved", f.resolved), count("digest-confirmed", f.confirmed)));
    push(count("digest-reopened", f.reopened));
    push(count("digest-hidden", f.hidden));
    let over = f.to <= pen.now;
    let until = f.to.min(pen.now);
    push(match f.open {
        Some(o) => {
            let open = count(if over { "digest-was-open" } else { "digest-open" }, o.open);
            match o.oldest {
                Some(oldest) => format!("{open}, {}", pen.say(&Say::new("digest-oldest").with("span", Arg::Span(until.since(oldest))))),
                None => open,
            }
        }
        None => pen.get("digest-open-unknown"),
    });
    if !f.by_agent.is_empty() {
        let named = f.by_agent.iter().map(|(id, n)| (pen.name(Some(&AgentId::from(id.as_str()))), *n));
        push(pen.say(&Say::new("digest-by-agent").text("list", list(named))));
    }
    f.costs.iter().for_each(|(account, costs)| push(cost(pen, account, costs)));
    lines
}

/// What an account's month has cost so far, and for what.
fn cost(pen: &Pen<'_>, account: &Account, costs: &Costs) -> String {
    let acts = costs.acts.iter().map(|(name, n)| (pen.get(&format!("digest-act-{}", name.replace('_', "-"))), *n));
    let say = Say::new(if costs.budget.is_some() { "digest-cost-budget" } else { "digest-cost" });
    let say = say.text("account", pen.account(account)).text("month", costs.month()).text("spent", costs.spent.dollars());
    let say = say.text("list", list(acts));
    pen.say(&costs.budget.into_iter().fold(say, |say, budget| say.text("budget", budget.dollars())))
}

/// The same at a glance: what is counted, as bars.
pub fn picture(pen: &Pen<'_>, f: &Figures) -> Picture {
    let open = f.open.map(|o| ("digest-bar-open", o.open));
    let counts = [
        ("digest-bar-new", f.new),
        ("digest-bar-answered", f.answered),
        ("digest-bar-replies", f.replies),
        ("digest-bar-handoffs", f.handoffs),
        ("digest-bar-resolved", f.resolved),
        ("digest-bar-reopened", f.reopened),
        ("digest-bar-hidden", f.hidden),
    ];
    let bars = counts.into_iter().chain(open).map(|(code, n)| (pen.get(code), n)).collect();
    Picture { title: heading(pen, f), bars }
}

fn title(pen: &Pen<'_>, f: &Figures) -> Line {
    vec![Piece::Strong(heading(pen, f))]
}

fn heading(pen: &Pen<'_>, f: &Figures) -> String {
    let ctx = ShowCtx { policy: pen.policy, now: pen.now };
    let tz = zone(&pen.policy.time_zone);
    let last = Time(f.to.0.saturating_sub(1).max(f.from.0));
    let first_day = pen.words.day(f.from, pen.lang, &ctx);
    let say = if day_of(f.from, &tz) == day_of(last, &tz) {
        Say::new("digest-title-day").text("day", first_day)
    } else {
        Say::new("digest-title-days").text("day", first_day).text("last", pen.words.day(last, pen.lang, &ctx))
    };
    pen.say(&say)
}

fn times(pen: &Pen<'_>, f: &Figures) -> String {
    match (f.median_ms, f.p90_ms, f.in_target_percent) {
        (Some(median), Some(p90), Some(percent)) => {
            pen.say(&Say::new("digest-times").with("median", Arg::Span(median)).with("p90", Arg::Span(p90)).number("percent", percent))
        }
        _ => pen.get("digest-no-times"),
    }
}

fn list(of: impl Iterator<Item = (String, u64)>) -> String {
    of.map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
}
