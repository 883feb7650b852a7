//! The JSON schema of `type: notaryv1`, for editors and `connaisseur schema`.

use serde_json::{Value, json};

use crate::config;
use crate::validators::{TypeSchema, trust_roots};

pub(super) fn schema() -> TypeSchema {
    TypeSchema { validator: validator(), with: with() }
}

fn validator() -> Value {
    json!({
        "type": "object",
        "required": ["host", "trustRoots"],
        "properties": {
            "host": {
                "type": "string",
                "minLength": 1,
                "description": "the address of the notary; `https://` is meant where no scheme is written",
            },
            "trustRoots": trust_roots::schema(),
            "auth": config::auth_schema("the login for the notary"),
            "cert": config::ca_schema("CA certificates as PEM that replace the system's for the notary"),
        },
    })
}

fn with() -> Value {
    json!({
        "type": "object",
        "properties": {
            "trustRoot": {
                "type": "string",
                "default": "default",
                "description": "the name of a trust root, or `*`: the keys of all of them must vouch for the root",
            },
            "delegations": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": {"type": "string", "minLength": 1},
                "description": "the delegations that must have signed, all of them, for the same digest",
            },
        },
    })
}
