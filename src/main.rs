//! `sereno`: the binary. Everything is in the library; see [`sereno::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sereno::cli::main()
}
