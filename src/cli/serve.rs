//! `connaisseur serve`: answers the admission webhooks of a cluster.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{ConfigArgs, Outcome};
use crate::app;
use crate::config::{Overrides, Source};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Where the webhooks are served with TLS
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where metrics and probes are served without TLS
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// Serving certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "self_signed")]
    tls_cert: Option<PathBuf>,
    /// Key of the serving certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", conflicts_with = "self_signed")]
    tls_key: Option<PathBuf>,
    /// Serve with a certificate made at start, for trying things out
    #[arg(long)]
    self_signed: bool,
}

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let source = Source::from_process(args.config.config.clone(), args.config.secrets_dir.clone());
    let overrides = Overrides {
        listen: args.listen,
        metrics_listen: args.metrics_listen,
        tls_cert: args.tls_cert.clone(),
        tls_key: args.tls_key.clone(),
    };
    let certificate = if args.self_signed { app::Serving::SelfSigned } else { app::Serving::Files };
    app::serve(&source, &overrides, certificate)?;
    Ok(Outcome::Good)
}
