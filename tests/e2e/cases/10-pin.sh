# shellcheck shell=bash
# What is signed is admitted, and its tag is pinned to the digest that was signed.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 pin

pod tagged "$IMAGE" | expect_admitted
expect_field pod/tagged '{.spec.containers[0].image}' "$PINNED"

# A digest is already pinned: the reference stays as its author wrote it, with a tag or without.
pod by-digest "$BY_DIGEST" | expect_admitted
expect_field pod/by-digest '{.spec.containers[0].image}' "$BY_DIGEST"
pod tag-and-digest "$PINNED" | expect_admitted
expect_field pod/tag-and-digest '{.spec.containers[0].image}' "$PINNED"

# Static approval vouches for no digest, so nothing is pinned.
push_image free/app
pod free "$IMAGE" | expect_admitted
expect_field pod/free '{.spec.containers[0].image}' "$IMAGE"

# Dry run: the same answer, nothing stored.
signed_image p256 dry
got=$(pod dry "$IMAGE" | k create -f - --dry-run=server -o 'jsonpath={.spec.containers[0].image}')
[ "$got" = "$PINNED" ] || fail "dry run says $got"
