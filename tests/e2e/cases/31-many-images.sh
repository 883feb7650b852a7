# shellcheck shell=bash
# One bad image among good ones denies the whole object; the person who ran kubectl reads which one, and every bad one.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 good
good=$IMAGE good_pinned=$PINNED
push_image p256/bad-one
one=$IMAGE
push_image p256/bad-two
two=$IMAGE
push_image free/app
free=$IMAGE

pod mixed "$good" "$free" "$good" | expect_admitted
expect_field pod/mixed '{.spec.containers[*].image}' "$good_pinned $free $good_pinned"

pod one-bad "$good" "$free" "$one" "$good" | expect_denied "$(literally "$one")" 'no signature'
said=$(pod one-bad "$good" "$one" | k create -f - 2>&1) && fail "was admitted"
grep -qF "$good" <<<"$said" && fail "the message blames the good image: $said"

# All failures are named, in the order of the object, whatever they are.
missing=$REGISTRY/p256/never-pushed:v1
pod three-bad "$two" "$good" "$missing" "$one" |
    expect_denied "$(literally "$two")" "$(literally "$missing")" "$(literally "$one")"
said=$(pod three-bad "$two" "$good" "$missing" "$one" | k create -f - 2>&1) && fail "was admitted"
order=$(grep -oE "bad-one|bad-two|never-pushed" <<<"$said" | awk '!seen[$0]++' | tr '\n' ' ')
[ "$order" = "bad-two never-pushed bad-one " ] || fail "named in the order $order"

# An undecided image beside a rejected one changes nothing.
pod both "$DEAD_REGISTRY/p256/app:v1" "$one" | expect_denied 'inconclusive' "$(literally "$one")"
