# shellcheck shell=bash
# Keys of every kind that a cosign of some version could sign with.
#
# `cosign import-key-pair` 3.1.3 takes RSA, P-256, P-384, P-521 and Ed25519. Its `sign` hashes as the key asks: SHA-256
# for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521. Older cosigns hashed with SHA-256 for every curve; those
# signatures are made with openssl here. With an Ed25519 key, cosign 3.1.3 writes Ed25519ph, which its own `verify` of
# this layout refuses, as it wants plain Ed25519: so the plain one is made with openssl and the other is not judged.
source "$(dirname "$0")/../lib.sh"

openssl genrsa -out "$KEYS/rsa2048.pem" 2048 2>/dev/null
openssl genrsa -out "$KEYS/rsa4096.pem" 4096 2>/dev/null
openssl ecparam -name secp384r1 -genkey -noout -out "$KEYS/p384.pem"
openssl ecparam -name secp521r1 -genkey -noout -out "$KEYS/p521.pem"
openssl genpkey -algorithm ed25519 -out "$KEYS/ed25519.pem"
kinds="rsa2048 rsa4096 p384 p521 ed25519"
for kind in $kinds; do
    COSIGN_PASSWORD='' cosign import-key-pair --key "$KEYS/$kind.pem" --output-key-prefix "$KEYS/$kind" 2>/dev/null
done
EXTRA_KEYS=$kinds server keys
new_namespace ns keys

bad=()
# The image IMAGE that was just signed must be admitted and pinned; says all that are not before it fails.
admits() { # description, object name
    local said
    if said=$(pod "$2" "$IMAGE" | k create -f - 2>&1) &&
        [ "$(k get "pod/$2" -o 'jsonpath={.spec.containers[0].image}')" = "$PINNED" ]; then
        say "admitted: $1"
    else
        say "NOT admitted: $1: $said"
        bad+=("$1")
    fi
}

for kind in p256 rsa2048 rsa4096 p384 p521; do
    signed_image "$kind" cosign
    admits "$kind, signed by cosign" "$kind-cosign"
    # The same image under the rule for another key.
    push_image other/"$kind"
    sign "$kind" "$BY_DIGEST"
    pod "$kind-wrong" "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected'
done

for pair in p384:sha256 p521:sha256 ed25519:ed25519; do
    kind=${pair%:*}
    push_image "$kind/older" "${pair#*:}"
    images sign "$BY_DIGEST" "$KEYS/$kind.pem" "${pair#*:}"
    admits "$kind, signed with ${pair#*:} as by an older cosign" "$kind-older"
done

# RSA-PSS, SHA-1 and the like are no signatures of cosign.
push_image rsa2048/sha1
images sign "$BY_DIGEST" "$KEYS/rsa2048.pem" sha1
pod sha1 "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected'

[ ${#bad[@]} = 0 ] || fail "not admitted: ${bad[*]}"
