//! The command line: what may be said, and which exit code each outcome has.
//!
//! | code | means |
//! |---|---|
//! | 0 | good; every image admitted |
//! | 1 | an image was rejected, or the demo decided otherwise than expected |
//! | 2 | bad input: usage, configuration, certificate, port |
//! | 3 | nothing was rejected, but something was inconclusive |

mod answer;
mod check;
pub mod demo;
mod manifest;
mod render;
mod serve;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Verifies the signatures of container images before a Kubernetes cluster runs them.
#[derive(Debug, Parser)]
#[command(name = "connaisseur", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the admission webhooks of a cluster
    Serve(serve::Args),
    /// Verifies images, or what manifests would run, as the webhook would
    Verify(verify::Args),
    /// Shows every problem of a configuration at once
    Check(check::Args),
    /// Shows the main job with nothing but this program
    Demo(demo::Args),
    /// Prints the JSON schema of the configuration file
    Schema,
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The file that is read when `--config` is not given.
const DEFAULT_CONFIG: &str = "/app/config/config.yaml";
/// The folder of secrets when `--secrets-dir` is not given.
const DEFAULT_SECRETS: &str = "/app/secrets";

/// Where the configuration is: shared by the commands that read one.
#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// The folder that holds one folder for each secret
    #[arg(long, value_name = "DIR", default_value = DEFAULT_SECRETS)]
    secrets_dir: PathBuf,
}

/// How a command ended when it ended well enough to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything is good.
    Good,
    /// Something was rejected.
    Rejected,
    /// Something was inconclusive, and nothing rejected.
    Inconclusive,
}

/// Bad input: usage, configuration, certificate, port.
const BAD_INPUT: u8 = 2;

/// Runs the command line and gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail(&anyhow::anyhow!("a TLS provider was already installed"));
    }
    match run(cli.command) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Rejected) => ExitCode::from(1),
        Ok(Outcome::Inconclusive) => ExitCode::from(3),
        Err(error) => fail(&error),
    }
}

fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Schema => {
            anstream::println!("{:#}", crate::config::json_schema());
            Ok(Outcome::Good)
        }
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "connaisseur", &mut out);
            anstream::print!("{}", String::from_utf8_lossy(&out));
            Ok(Outcome::Good)
        }
    }
}

/// One clear message, and the exit code for bad input.
fn fail(error: &anyhow::Error) -> ExitCode {
    anstream::eprintln!("{}error:{} {error:#}", render::RED, render::RESET);
    ExitCode::from(BAD_INPUT)
}
