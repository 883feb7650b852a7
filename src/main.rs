//! The program: installs the crypto provider, reads the command line, runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    connaisseur::cli::main()
}
