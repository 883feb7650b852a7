//! The JSON schema of the file, made from the tables that read it.
//!
//! Draft 7, which every version of Helm understands: the chart's own schema contains this one.

use serde_json::{Map, Value, json};

use super::settings::{Kind, SETTINGS, Scalar, Setting, show_bytes, show_time};
use crate::validators::{TYPES, ValidatorType};

/// The JSON schema of the configuration file, validators included.
pub fn json_schema() -> Value {
    schema_of(TYPES)
}

fn schema_of(types: &[ValidatorType]) -> Value {
    let mut properties = sections();
    properties.insert("validators".to_owned(), validators(types));
    properties.insert("policy".to_owned(), policy(types));
    properties.insert("registries".to_owned(), registries());
    properties.insert(
        "alerting".to_owned(),
        json!({
            "description": "accepted where it is empty; alerts have a file of their own",
            "type": ["object", "null"],
            "maxProperties": 0,
        }),
    );
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Connaisseur configuration",
        "type": "object",
        "required": ["validators", "policy"],
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Our own sections, row by row of the table of settings.
fn sections() -> Map<String, Value> {
    let mut properties = Map::new();
    for setting in SETTINGS {
        let (section, key) = setting.section_and_key();
        let keys = match section {
            None => Some(&mut properties),
            Some(section) => properties
                .entry(section)
                .or_insert_with(|| object(&Map::new()))
                .get_mut("properties")
                .and_then(Value::as_object_mut),
        };
        if let Some(keys) = keys {
            keys.insert(key.to_owned(), property(setting));
        }
    }
    properties
}

fn property(setting: &Setting) -> Value {
    let mut doc = format!("{} (variable {}", setting.doc, setting.variable());
    if let Some(legacy) = setting.legacy {
        doc.push_str(" or ");
        doc.push_str(legacy);
    }
    doc.push(')');
    if let Kind::Time(bounds, _) = &setting.kind {
        doc = format!("{doc}, {} to {}", show_time(*bounds.start()), show_time(*bounds.end()));
    }
    let mut schema = shape(&setting.kind);
    schema.insert("description".to_owned(), doc.into());
    if let Some(default) = setting.default() {
        schema.insert("default".to_owned(), written(&setting.kind, default));
    }
    schema.into()
}

fn shape(kind: &Kind) -> Map<String, Value> {
    let shape = match kind {
        Kind::Address(_) | Kind::File(_) | Kind::OptionalFile(_) => {
            json!({"type": "string", "minLength": 1})
        }
        Kind::Flag(_) => json!({"type": "boolean"}),
        Kind::Word(words, ..) => json!({"type": "string", "enum": words}),
        Kind::Count(bounds, _) => {
            json!({"type": "integer", "minimum": bounds.start(), "maximum": bounds.end()})
        }
        Kind::Time(..) => json!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
        ]}),
        Kind::Bytes(bounds, _) | Kind::CacheBytes(bounds, _) => json!({"anyOf": [
            {"type": "integer", "minimum": bounds.start(), "maximum": bounds.end()},
            {"type": "string", "pattern": "^[0-9]+(Ki|Mi|Gi)$"},
        ]}),
    };
    into_object(shape)
}

/// A default as people write it in the file.
fn written(kind: &Kind, default: Scalar) -> Value {
    match default {
        Scalar::Flag(yes) => yes.into(),
        Scalar::Text(text) => text.into(),
        Scalar::Number(number) if matches!(kind, Kind::Time(..)) => show_time(number).into(),
        Scalar::Number(number) if matches!(kind, Kind::Count(..)) => number.into(),
        Scalar::Number(number) => show_bytes(number).into(),
    }
}

fn validators(types: &[ValidatorType]) -> Value {
    let names: Vec<&str> = types.iter().map(|row| row.name).collect();
    let by_type: Vec<Value> = types
        .iter()
        .map(|row| {
            let condition = json!({"properties": {"type": {"const": row.name}}});
            json!({"if": condition, "then": validator(row)})
        })
        .collect();
    json!({
        "description": "configured ways to trust",
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["name", "type"],
            "properties": {"type": {"enum": names}},
            "allOf": by_type,
        },
    })
}

fn validator(row: &ValidatorType) -> Value {
    let mut own = into_object((row.schema)().validator);
    let mut properties = own.remove("properties").map(into_object).unwrap_or_default();
    properties.insert(
        "name".to_owned(),
        json!({"type": "string", "minLength": 1, "description": "by which rules mean it"}),
    );
    properties.insert("type".to_owned(), json!({"const": row.name}));
    own.insert("properties".to_owned(), properties.into());
    own.insert("description".to_owned(), row.doc.into());
    own.insert("additionalProperties".to_owned(), false.into());
    own.into()
}

fn into_object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn policy(types: &[ValidatorType]) -> Value {
    // Which options a rule may have depends on its validator, which a schema cannot follow: loading
    // the file checks it.
    let mut options = Map::new();
    for row in types {
        let own = (row.schema)().with;
        let properties = own.get("properties").and_then(Value::as_object).cloned();
        options.extend(properties.unwrap_or_default());
    }
    options.insert(
        "mode".to_owned(),
        json!({
            "description": "whether a verified reference is pinned to its digest; \
                            `insecureValidateOnly` leaves it, and other bytes may be pulled later",
            "enum": ["mutate", "insecureValidateOnly"],
            "default": "mutate",
        }),
    );
    options.insert(
        "detectionMode".to_owned(),
        json!({"description": "a refusal by this rule only warns", "type": "boolean", "default": false}),
    );
    let rule = json!({
        "type": "object",
        "required": ["pattern"],
        "properties": {
            "pattern": {
                "description": "image reference with wildcards; the most specific rule wins",
                "type": "string",
                "minLength": 1,
            },
            "validator": {
                "description": "name of a validator",
                "type": "string",
                "default": "default",
            },
            "with": object(&options),
        },
        "additionalProperties": false,
    });
    json!({"description": "the rules", "type": "array", "minItems": 1, "items": rule})
}

fn registries() -> Value {
    json!({
        "description": "registries that may be on private or loopback addresses",
        "type": "array",
        "items": {
            "type": "object",
            "required": ["host"],
            "properties": {
                "host": {"description": "host or host:port", "type": "string", "minLength": 1},
                "insecure": {
                    "description": "whether it is spoken to without TLS",
                    "type": "boolean",
                    "default": false,
                },
            },
            "additionalProperties": false,
        },
    })
}

fn object(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::resolve::fakes;

    #[test]
    fn every_setting_is_in_the_schema_with_its_meaning_and_default() {
        let schema = schema_of(fakes::TYPES);
        for setting in SETTINGS {
            let pointer = format!("/properties/{}", setting.path.replace('.', "/properties/"));
            let property = schema.pointer(&pointer).unwrap();
            assert!(property["description"].as_str().unwrap().contains(&setting.variable()));
            assert_eq!(property.get("default").is_some(), setting.default().is_some(), "{pointer}");
        }
    }

    #[test]
    fn each_default_that_the_schema_shows_is_a_value_that_the_file_may_hold() {
        for setting in SETTINGS {
            let Some(default) = property(setting).get("default").cloned() else {
                continue;
            };
            let value = match &default {
                Value::Bool(yes) => crate::config::Value::Bool(*yes),
                Value::Number(number) => crate::config::Value::Int(number.as_i64().unwrap().into()),
                Value::String(text) => crate::config::Value::Text(text.as_str().into()),
                Value::Null | Value::Array(_) | Value::Object(_) => panic!("{default}"),
            };
            let read = setting.kind.read(&value).unwrap();
            assert_eq!(Some(read), setting.default(), "{}", setting.path);
        }
    }

    #[test]
    fn fields_and_options_of_every_type_are_in_the_schema() {
        let schema = schema_of(fakes::TYPES);
        let then = &schema["properties"]["validators"]["items"]["allOf"][1]["then"];
        assert_eq!(then["properties"]["type"], json!({"const": "keyed"}));
        assert!(then["properties"].get("key").is_some());
        assert_eq!(then["additionalProperties"], json!(false));
        let with = &schema["properties"]["policy"]["items"]["properties"]["with"]["properties"];
        for option in ["mode", "detectionMode", "threshold"] {
            assert!(with.get(option).is_some(), "{option}");
        }
    }
}
