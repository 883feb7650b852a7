//! The matching of Connaisseur 3, bit by bit (`policyMatching: legacy`).
