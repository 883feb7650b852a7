# shellcheck shell=bash
# Every place of a Pod that names an image is judged and pinned: containers, init containers, image volumes and
# ephemeral containers. The past omissions of admission controllers were exactly these.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 good
good=$IMAGE good_pinned=$PINNED
signed_image p256 second
second=$IMAGE second_pinned=$PINNED
push_image p256/bad
bad=$IMAGE

# Prints a Pod that names an image in each place.
everywhere() { # name, container, init container, volume
    pod "$1" "$2" | jq --arg init "$3" --arg volume "$4" '
        .spec.initContainers = [{name: "i0", image: $init}]
        | .spec.volumes = [{name: "scratch", emptyDir: {}}, {name: "v0", image: {reference: $volume}}]'
}

everywhere all-good "$good" "$second" "$good" | expect_admitted
expect_field pod/all-good '{.spec.containers[0].image}' "$good_pinned"
expect_field pod/all-good '{.spec.initContainers[0].image}' "$second_pinned"
expect_field pod/all-good '{.spec.volumes[1].image.reference}' "$good_pinned"

everywhere bad-container "$bad" "$good" "$good" | expect_denied "$(literally "$bad")" 'no signature'
everywhere bad-init "$good" "$bad" "$good" | expect_denied "$(literally "$bad")" 'no signature'
everywhere bad-volume "$good" "$good" "$bad" | expect_denied "$(literally "$bad")" 'no signature'

# A sidecar is an init container that stays.
pod sidecar "$good" | jq --arg image "$bad" \
    '.spec.initContainers = [{name: "s0", image: $image, restartPolicy: "Always"}]' |
    expect_denied "$(literally "$bad")" 'no signature'

# Ephemeral containers come through a subresource of a Pod that runs already.
if said=$(k debug all-good --image="$bad" --container=bad --attach=false --profile=general 2>&1); then
    fail "an unsigned ephemeral container was admitted: $said"
fi
expect_words "$said" 'denied the request' "$(literally "$bad")" 'no signature'
k debug all-good --image="$second" --container=debugger --attach=false --profile=general
expect_field pod/all-good '{.spec.ephemeralContainers[*].image}' "$second_pinned"
expect_field pod/all-good '{.spec.containers[0].image}' "$good_pinned"

# The image volume of a template is judged too.
workload Deployment volume "$good" |
    jq --arg image "$bad" '.spec.template.spec.volumes = [{name: "v0", image: {reference: $image}}]' |
    expect_denied "$(literally "$bad")" 'no signature'
