//! An OCI registry in memory, on loopback. (owner: oci)
