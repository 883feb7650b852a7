//! The one table of our own settings: path in the file, variable, bounds, meaning.
//!
//! What reads the file, what reads the environment and what writes the JSON schema all walk this
//! table, so that a setting is one row and cannot be known to one of them only.

mod table;
mod value;

pub(super) use table::{SETTINGS, Setting};
pub(super) use value::{Kind, Scalar, milliseconds, show_bytes, show_time};
