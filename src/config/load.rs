//! (owner: config)

use std::path::PathBuf;

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The secrets directory.
    pub secrets_dir: PathBuf,
    /// The environment variables that may override scalars of our sections, read once at the start.
    pub environment: Vec<(String, String)>,
}

/// Values given by flags, which beat file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<std::net::SocketAddr>,
    /// `--metrics-listen`.
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// `--tls-cert`.
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`.
    pub tls_key: Option<PathBuf>,
}
