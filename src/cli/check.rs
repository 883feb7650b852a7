//! `connaisseur check`: every problem of a configuration at once, and what a good one means.

use super::render::{self, Cell};
use super::{ConfigArgs, Outcome};
use crate::app;
use crate::policy::{JudgedBy, Mode, Rule};
use crate::validators::Approval;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Loads the configuration exactly as `serve` does, and shows what it means.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let config = app::check(&args.config.config, &args.config.secrets_dir)?;
    let rows: Vec<Vec<Cell>> = config.policy.rules().map(|(_, rule)| row(rule)).collect();
    let head = ["pattern", "validator", "type", "admits what is", "then"];
    anstream::println!("{}", render::table(&head, &rows));
    for warning in &config.warnings {
        let warning = warning.in_file(&args.config.config);
        anstream::println!("{}warning:{} {warning}", render::YELLOW, render::RESET);
    }
    anstream::println!(
        "{}good:{} validators: {}, rules: {}; the most specific rule wins, what none matches is denied",
        render::GREEN,
        render::RESET,
        config.validators.len(),
        rows.len(),
    );
    Ok(Outcome::Good)
}

fn row(rule: &Rule) -> Vec<Cell> {
    let (meaning, then) = match &rule.judged_by {
        JudgedBy::Static(Approval::Approve) => ("anything".to_owned(), "leaves it as it is"),
        JudgedBy::Static(Approval::Deny) => ("nothing".to_owned(), ""),
        JudgedBy::Verifying(verifier) => match rule.mode {
            Mode::Mutate => (verifier.meaning(), "pins it"),
            Mode::ValidateOnly => (verifier.meaning(), "leaves it as it is (insecureValidateOnly)"),
        },
    };
    let then = if rule.detection { format!("{then}; only warns") } else { then.to_owned() };
    vec![
        Cell::plain(&*rule.pattern),
        Cell::plain(&*rule.validator),
        Cell::plain(rule.validator_type),
        Cell::plain(meaning),
        Cell::plain(then),
    ]
}
