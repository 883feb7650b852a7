# shellcheck shell=bash
# Another mutating webhook, called after ours, spoils the Pod. With reinvocation our mutating webhook sees it again;
# without, the validating one denies the final object. Neither lets an image in that was not verified and pinned.
source "$(dirname "$0")/../lib.sh"

signed_image p256 good
good=$IMAGE good_pinned=$PINNED
signed_image p256 other-good
other=$IMAGE other_pinned=$PINNED
push_image p256/bad
bad=$IMAGE

port=$(free_ports 1)
start injector python3 "$E2E/injector.py" "$port" "$TLS_CERT" "$TLS_KEY"
ready injector 10 "https://127.0.0.1:$port/"

# Prints a Pod with a good image that asks the injector for something.
ask() { # name, what, [image]
    pod "$1" "$good" | jq --arg what "$2" --arg image "${3:-}" \
        '.metadata.annotations = {"connaisseur.test/inject": $what, "connaisseur.test/image": $image}'
}

# Starts a server with this reinvocation policy and lets the injector come after it: mutating webhooks are called in the
# order of the names of their configurations.
injected_server() { # name, reinvocation policy
    local pods='[{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]'
    configuration "$1" >"$E2E_WORK/$1.yaml"
    start_connaisseur "$1" "$E2E_WORK/$1.yaml"
    install_webhooks "$1" "$SERVER_URL" "$2"
    webhook_configuration Mutating "zz-$1" "$1" "https://127.0.0.1:$port/mutate" "$pods" Never |
        kubectl apply -f - >/dev/null
    new_namespace "$1" "$1"
    # Until the API server calls the injector, this Pod passes with one container.
    injects() {
        grep -q injected <<<"$(ask probe add "$other_pinned" |
            k create -f - --dry-run=server -o 'jsonpath={.spec.containers[*].name}' 2>&1)"
    }
    wait_until 10 "the injector after $1" injects
}

# --- our mutating webhook is not called again: the validating one alone stands between the injector and the store
injected_server never Never
ask add-bad add "$bad" | expect_denied 'never\.validating\.test' "$(literally "$bad")"
ask replace-bad replace "$bad" | expect_denied 'never\.validating\.test' "$(literally "$bad")"
# A good image that is not pinned is denied as well: its tag could move before the kubelet pulls it.
ask unpin unpin | expect_denied 'never\.validating\.test' "$(literally "$good")"
ask add-unpinned add "$other" | expect_denied 'never\.validating\.test' "$(literally "$other")"
ask add-pinned add "$other_pinned" | expect_admitted
expect_field pod/add-pinned '{.spec.containers[*].image}' "$good_pinned $other_pinned"
pod untouched "$good" | expect_admitted
expect_field pod/untouched '{.spec.containers[0].image}' "$good_pinned"

# --- our mutating webhook is called again: it denies the bad image and pins the good one
injected_server again IfNeeded
ask add-bad add "$bad" | expect_denied 'again\.mutating\.test' "$(literally "$bad")"
ask replace-bad replace "$bad" | expect_denied 'again\.mutating\.test' "$(literally "$bad")"
ask add-unpinned add "$other" | expect_admitted
expect_field pod/add-unpinned '{.spec.containers[*].image}' "$good_pinned $other_pinned"
ask unpin unpin | expect_admitted
expect_field pod/unpin '{.spec.containers[0].image}' "$good_pinned"
