//! (owner: config)

/// The JSON schema of the configuration file, validators included.
pub fn json_schema() -> serde_json::Value {
    todo!()
}
