//! Layers of settings, and the heaviest value of each: the work of the `config` crate.

use crate::config::settings::{SETTINGS, Scalar, Setting};

/// What a layer sets.
pub(super) type Values = Vec<(&'static Setting, Scalar)>;

/// One layer, as the `config` crate takes it.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) origin: &'static str,
    pub(super) values: Values,
}

impl ::config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn ::config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<::config::Map<String, ::config::Value>, ::config::ConfigError> {
        let origin = self.origin.to_owned();
        Ok(self
            .values
            .iter()
            .map(|(setting, scalar)| {
                let kind = match scalar {
                    Scalar::Flag(yes) => ::config::ValueKind::Boolean(*yes),
                    Scalar::Number(number) => ::config::ValueKind::I64(*number),
                    Scalar::Text(text) => ::config::ValueKind::String(text.clone()),
                };
                (setting.path.to_owned(), ::config::Value::new(Some(&origin), kind))
            })
            .collect())
    }
}

/// The heaviest value of every setting, and the layer that it comes from.
pub(super) fn merge<const N: usize>(
    layers: [Layer; N],
) -> Result<Vec<(&'static Setting, Scalar, String)>, ::config::ConfigError> {
    let mut builder = ::config::Config::builder();
    for layer in layers {
        builder = builder.add_source(layer);
    }
    let root = builder.build()?.cache;
    Ok(SETTINGS
        .iter()
        .filter_map(|setting| {
            let value = setting.path.split('.').try_fold(&root, below)?;
            let origin = value.origin().unwrap_or_default().to_owned();
            Some((setting, scalar(&value.kind)?, origin))
        })
        .collect())
}

fn below<'v>(value: &'v ::config::Value, key: &str) -> Option<&'v ::config::Value> {
    if let ::config::ValueKind::Table(table) = &value.kind { table.get(key) } else { None }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "layers hold only these kinds")]
fn scalar(kind: &::config::ValueKind) -> Option<Scalar> {
    match kind {
        ::config::ValueKind::Boolean(yes) => Some(Scalar::Flag(*yes)),
        ::config::ValueKind::I64(number) => Some(Scalar::Number(*number)),
        ::config::ValueKind::String(text) => Some(Scalar::Text(text.clone())),
        _ => None,
    }
}
