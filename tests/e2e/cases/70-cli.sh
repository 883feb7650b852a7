# shellcheck shell=bash
# `connaisseur verify` judges with the same engine: its exit code agrees with what the webhook answers.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 signed
signed=$IMAGE signed_digest=$DIGEST signed_pinned=$PINNED
push_image p256/unsigned
unsigned=$IMAGE
push_image p256/wrong-key
sign other "$BY_DIGEST"
wrong_key=$IMAGE
down=$DEAD_REGISTRY/p256/app:v1

# Runs verify; its exit code must be this one. Its output is left in OUT.
verify() { # exit code, arguments…
    local code=0
    OUT=$("$CONNAISSEUR_BIN" verify "${@:2}" 2>"$E2E_WORK/verify.err") || code=$?
    say "verify ${*:2}: exit $code: $OUT $(cat "$E2E_WORK/verify.err")"
    [ "$code" = "$1" ] || fail "verify ${*:2} ended with $code, not $1"
}

# The exit code of verify and the webhook's decision about one image.
agree() { # exit code, image
    verify "$1" --config "$DEFAULT_CONFIG" -o json "$2"
    jq -e . <<<"$OUT" >/dev/null || fail "no JSON: $OUT"
    grep -qF "$2" <<<"$OUT" || fail "the JSON does not name $2"
    case $1 in
    0) pod "cli-$RANDOM" "$2" | expect_admitted ;;
    1) pod cli "$2" | expect_denied "$(literally "$2")" 'no signature|rejected|does not exist' ;;
    3) pod cli "$2" | expect_denied "$(literally "$2")" 'inconclusive' ;;
    esac
}

agree 0 "$signed"
grep -qF "$signed_digest" <<<"$OUT" || fail "the JSON does not show the digest $signed_digest"
agree 0 "$signed_pinned"
agree 1 "$unsigned"
agree 1 "$wrong_key"
agree 1 "$REGISTRY/p256/never-pushed:v1"
agree 3 "$down"

# With a key instead of a configuration.
verify 0 --key "$KEYS/p256.pub" "$signed"
grep -qF "$signed_digest" <<<"$OUT" || fail "the text does not show the digest $signed_digest"
verify 1 --key "$KEYS/other.pub" "$signed"
verify 1 --key "$KEYS/p256.pub" "$unsigned"
verify 1 --key "$KEYS/p256.pub" "$wrong_key"
verify 0 --key "$KEYS/other.pub" "$wrong_key"
verify 3 --key "$KEYS/p256.pub" "$down"

# Several images: rejected weighs more than inconclusive, inconclusive more than verified.
verify 0 --config "$DEFAULT_CONFIG" "$signed" "$signed_pinned"
verify 3 --config "$DEFAULT_CONFIG" "$signed" "$down"
verify 1 --config "$DEFAULT_CONFIG" "$signed" "$down" "$unsigned"

# Manifests, from a file and from standard input.
pod from-file "$unsigned" >"$E2E_WORK/pod.json"
verify 1 --config "$DEFAULT_CONFIG" -f "$E2E_WORK/pod.json"
workload Deployment from-file "$signed" >"$E2E_WORK/deployment.json"
verify 0 --config "$DEFAULT_CONFIG" -f - <"$E2E_WORK/deployment.json"

# Mistakes of use and of configuration are neither a rejection nor a pass.
verify 2 --no-such-option
"$CONNAISSEUR_BIN" check --config "$DEFAULT_CONFIG" || fail "check finds fault with the configuration of these tests"
sed 's/validator: cosign/validator: nobody/' "$DEFAULT_CONFIG" >"$E2E_WORK/broken.yaml"
code=0
"$CONNAISSEUR_BIN" check --config "$E2E_WORK/broken.yaml" || code=$?
[ $code = 2 ] || fail "check of a broken configuration ended with $code"
