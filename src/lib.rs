//! Connaisseur.
