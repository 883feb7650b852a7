//! Options: what rules may say, and what is refused with its reason.

use super::*;
use crate::cli::demo::signer::{KeyChoice, Signer};
use crate::trust::PublicKey;
use crate::validators::testing;

fn roots() -> Vec<TrustRoot> {
    ["default", "second"]
        .map(|name| {
            let signer = Signer::generate(KeyChoice::EcdsaP256).unwrap();
            let key = PublicKey::from_pem(signer.public_key_pem()).unwrap();
            TrustRoot { name: name.into(), key }
        })
        .to_vec()
}

fn read(with: &str) -> (Option<Wants>, Vec<String>) {
    let (wants, problems) = testing::read(with, |with, _| wants(with, &roots()));
    assert_eq!(wants.is_none(), !problems.is_empty(), "{problems:?}");
    (wants, problems)
}

#[test]
fn a_rule_means_what_check_says_of_it() {
    for (with, meaning) in [
        ("{}", "signed under root key default"),
        ("{trustRoot: second}", "signed under root key second"),
        ("{trustRoot: \"*\"}", "signed under all root keys of default, second"),
        ("{delegations: [alice]}", "signed under root key default, by targets/alice"),
        (
            "{delegations: [alice, targets/bob/laptop]}",
            "signed under root key default, by all of targets/alice, targets/bob/laptop",
        ),
    ] {
        assert_eq!(read(with).0.unwrap().to_string(), meaning, "{with}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (with, problem) in [
        ("{trustRoot: third}", "unable to find trust root third"),
        ("{trustRoot: 1}", "`trustRoot` must be text, not a number"),
        ("{delegations: []}", "`delegations` is an empty list"),
        ("{delegations: [\"\"]}", "an element of `delegations` is empty"),
        ("{delegations: [a, targets/a]}", "`delegations` names `targets/a` twice"),
        (
            "{delegations: [../root]}",
            "`../root` is no name of a delegation: it has other characters than lower-case \
             letters, digits, `-`, `_` and `/`",
        ),
    ] {
        assert_eq!(read(with).1, [problem], "{with}");
    }
}
