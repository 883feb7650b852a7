//! (owner: oci)
