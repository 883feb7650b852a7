//! `connaisseur check`: every problem of a configuration at once.

use super::{ConfigArgs, Outcome, render};
use crate::app;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Loads the configuration exactly as `serve` does, and shows what it means.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let config = app::check(&args.config.config, &args.config.secrets_dir)?;
    for warning in &config.warnings {
        let warning = warning.in_file(&args.config.config);
        anstream::println!("{}warning:{} {warning}", render::YELLOW, render::RESET);
    }
    anstream::println!(
        "{}good:{} validators: {}, rules: {}",
        render::GREEN,
        render::RESET,
        config.validators.len(),
        config.policy.rules().count(),
    );
    Ok(Outcome::Good)
}
