//! What happened in a run, line by line: hashed always, kept on demand.

use std::fmt::Write;

/// The trace of a run.
#[derive(Debug)]
pub struct Trace {
    line: String,
    hash: u64,
    lines: Option<Vec<String>>,
    count: usize,
}

impl Trace {
    /// A trace; `keep`: for reading, not only for its hash.
    pub fn new(keep: bool) -> Trace {
        Trace { line: String::new(), hash: 0xcbf2_9ce4_8422_2325, lines: keep.then(Vec::new), count: 0 }
    }
    /// Adds a line.
    pub fn say(&mut self, args: std::fmt::Arguments<'_>) {
        self.line.clear();
        self.line.write_fmt(args).expect("a String takes everything");
        for b in self.line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.count += 1;
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:5} {}", self.count, self.line));
        }
    }
    /// FNV-1a of all lines so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }
    /// The lines, where they were kept.
    pub fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
