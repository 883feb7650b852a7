# shellcheck shell=bash
# What is not signed as the rule wants is denied, and the message says which image and why.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default

push_image p256/unsigned
pod unsigned "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'no signature'
pod unsigned "$BY_DIGEST" | expect_denied "$(literally "$BY_DIGEST")" 'no signature'

# Signed, but by a key that this rule does not name.
push_image p256/wrong-key
sign other "$BY_DIGEST"
pod wrong-key "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected'

# A good signature beside a wrong one is enough, in whatever order they were made.
push_image p256/wrong-then-right
sign other "$BY_DIGEST"
sign p256 "$BY_DIGEST"
pod wrong-then-right "$IMAGE" | expect_admitted
push_image p256/right-then-wrong
sign p256 "$BY_DIGEST"
sign other "$BY_DIGEST"
pod right-then-wrong "$IMAGE" | expect_admitted

# A genuine signature of another image, moved to this one: the payload names the other digest.
signed_image p256 genuine
genuine=$BY_DIGEST
push_image p256/transplanted
images transplant "$genuine" "$BY_DIGEST"
pod transplanted "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected'

# The payload changed to name this image: the signature is no longer one of these bytes.
push_image p256/rewritten
images rewrite "$genuine" "$BY_DIGEST"
pod rewritten "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected'

# A digest that differs from the signed one, under the signed tag.
push_image p256/genuine v2
pod other-digest "${IMAGE%:*}:v1@$DIGEST" | expect_denied "$(literally "$DIGEST")" 'no signature'

missing=$REGISTRY/p256/never-pushed:v1
pod missing "$missing" | expect_denied "$(literally "$missing")" 'does not exist'

# No evidence could be obtained: that is another word than rejected.
down=$DEAD_REGISTRY/p256/app:v1
pod down "$down" | expect_denied "$(literally "$down")" 'inconclusive'

# The rule for all that no other rule names.
pod unlisted "$REGISTRY/elsewhere/app:v1" | expect_denied "$(literally "$REGISTRY/elsewhere/app:v1")"
pod invalid "$REGISTRY/p256/UPPER:v1" | expect_denied "$(literally "$REGISTRY/p256/UPPER:v1")"

left=$(k get pods -o name | sort | tr '\n' ' ')
[ "$left" = "pod/right-then-wrong pod/wrong-then-right " ] || fail "denied objects were stored: $left"
