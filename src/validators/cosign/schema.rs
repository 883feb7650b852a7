//! The JSON schema of `type: cosign`, for editors and `connaisseur schema`.

use serde_json::{Value, json};

use crate::config;
use crate::validators::{TypeSchema, trust_roots};

pub(super) fn schema() -> TypeSchema {
    TypeSchema { validator: validator(), with: with() }
}

fn validator() -> Value {
    json!({
        "type": "object",
        "required": ["trustRoots"],
        "properties": {
            "trustRoots": trust_roots::schema(),
            "auth": config::auth_schema("the login for the registry"),
            "cert": config::ca_schema("CA certificates as PEM that replace the system's for the registry"),
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
                "description": "the name of a trust root, or `*`",
            },
            "threshold": {
                "type": "integer",
                "minimum": 1,
                "description": "how many distinct trust roots must have signed; all, if neither this nor `required` is set",
            },
            "required": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": {"type": "string", "minLength": 1},
                "description": "trust roots that must have signed, whatever the threshold",
            },
            "verifyInTransparencyLog": {
                "type": "boolean",
                "default": true,
                "description": "want an entry of the transparency log; not supported yet, set it to false",
            },
            "verifySCT": {
                "type": "boolean",
                "default": true,
                "description": "concerns certificates, which keys do not have",
            },
            "annotations": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "what the signed payload must hold in `optional`",
            },
            "dockerReference": {
                "enum": ["ignore", "repository"],
                "default": "ignore",
                "description": "`repository`: the signature must have been made for the repository of the image",
            },
        },
    })
}
