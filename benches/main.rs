//! `cargo bench -- [name …]`: what costs what, as ratios against a peer or a limit in the same run.

mod listen;
mod start;
mod step;
mod store;

/// A benchmark: its name, and what runs it.
type Bench = (&'static str, fn());

const BENCHES: &[Bench] =
    &[("step", step::run), ("commits", store::commits), ("listen", listen::run), ("start", start::run), ("cases", store::cases)];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for (name, run) in BENCHES {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run();
        }
    }
}
