# shellcheck shell=bash
# The way a notary is run for real: the server's keys are ECDSA and live in notary-signer, behind mutual TLS.
source "$(dirname "$0")/../notary.sh"

read -r port signer < <(free_ports 2)
start_notary_with_signer "$CASE" "$port" "$signer"
push_image notary/app
gun=${IMAGE%:*}
new_repository owner "$gun"
vouch owner "$IMAGE" "$DIGEST"
root_key "$gun" "$TRUST/root.pub"
jq -e '[.signed.keys[].keytype] | index("ed25519") == null' "$TRUST/root.json" >/dev/null ||
    fail "the signer has a key of another kind than this case is about"

trust signer "$TRUST/root.pub"
serve signer
new_namespace ns signer
pod tagged "$IMAGE" | expect_admitted
expect_field pod/tagged '{.spec.containers[0].image}' "$PINNED"
verified "$IMAGE" "$DIGEST"
rejected not-in-targets "$gun:unsigned"
pod unsigned "$gun:unsigned" | expect_denied "$(literally "$gun:unsigned")" 'rejected'

# The signer is away: nothing can be signed, but what is signed can still be read.
stop "$CASE-signer"
verified "$IMAGE" "$DIGEST"

# A root key on RSA, and delegations with keys of every kind that the client takes.
start_notary "$CASE-kinds" "$(free_ports 1)"
gun=$REGISTRY/notary/$CASE-kinds
openssl genrsa -out "$TRUST/rsa-root.pem" 3072 2>/dev/null
notary_as rsa-owner key import "$TRUST/rsa-root.pem" --role root
new_repository rsa-owner "$gun"
root_key "$gun" "$TRUST/rsa.pub"
curl -fsS "$NOTARY_URL/v2/$gun/_trust/tuf/root.json" | jq -e '[.signed.keys[].keytype] | index("rsa-x509")' >/dev/null ||
    fail "the root key is not RSA"
kinds='rsa2048 rsa4096 p256 p384 p521'
for kind in $kinds; do
    case $kind in
    rsa*) delegate_key "$kind" "rsa:${kind#rsa}" ;;
    *) delegate_key "$kind" ec -pkeyopt "ec_paramgen_curve:P-${kind#p}" ;;
    esac
    delegate rsa-owner "$gun" "targets/$kind" "$kind"
    vouch "$kind" "$gun:v1" "$DIGEST" "targets/$kind"
done
vouch rsa-owner "$gun:v1" "$DIGEST"
trust rsa-root "$TRUST/rsa.pub"
verified "$gun:v1" "$DIGEST"
for kind in $kinds; do
    trust "$kind" "$TRUST/rsa.pub" "trustRoot: default, delegations: [$kind]"
    verified "$gun:v1" "$DIGEST"
done
trust all-kinds "$TRUST/rsa.pub" "trustRoot: default, delegations: [${kinds// /, }]"
verified "$gun:v1" "$DIGEST"
