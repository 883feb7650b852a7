//! The HTTP layer: listeners, TLS, limits and deadlines around the engine. (owner: actors+http)

mod mutate;
mod probes;
mod router;
mod server;
mod tls;
