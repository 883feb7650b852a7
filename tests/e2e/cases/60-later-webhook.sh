# shellcheck shell=bash
# Another mutating webhook, called after ours, spoils the Pod. With reinvocation our mutating webhook sees it again;
# without, the validating one denies the final object. Neither lets an image in that was not verified and pinned.
source "$(dirname "$0")/../lib.sh"

signed_image p256 good
good=$IMAGE good_pinned=$PINNED
signed_image p256 other-good
other_good=$IMAGE other_pinned=$PINNED
push_image p256/bad
bad=$IMAGE

pods='[{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]'

# A server and an injector after it, for the namespaces of that server. Mutating webhooks run in the order of the names
# of their configurations.
injected_server() { # name, reinvocation policy, image to inject
    local port
    configuration "$1" >"$E2E_WORK/$1.yaml"
    start_connaisseur "$1" "$E2E_WORK/$1.yaml"
    install_webhooks "$1" "$SERVER_URL" "$2"
    port=$(free_ports 1)
    start "zz-$1" python3 "$E2E/injector.py" "$port" "$TLS_CERT" "$TLS_KEY" "$3"
    ready "zz-$1" 10 "https://127.0.0.1:$port/"
    webhook_configuration Mutating "zz-$1" "$1" "https://127.0.0.1:$port/mutate" "$pods" Never | kubectl apply -f - >/dev/null
    new_namespace "$1" "$1"
}

# Prints a Pod that asks the injector for something.
ask() { # name, what, image
    pod "$1" "$3" | jq --arg what "$2" '.metadata.annotations = {"connaisseur.test/inject": $what}'
}

# Polled until the API server calls the injector: then the answer to this Pod is another one than without it.
injected() {
    grep -qE 'injected|denied the request' <<<"$(ask probe add "$good" |
        k create -f - --dry-run=server -o 'jsonpath={.spec.containers[*].name}' 2>&1)"
}

# --- our webhook is not called again: the validating one alone stands between the injector and the store
injected_server never Never "$bad"
wait_until 10 "the injector of never" injected
ask add-bad add "$good" | expect_denied 'never\.validating\.test' "$(literally "$bad")"
ask replace-bad replace "$good" | expect_denied 'never\.validating\.test' "$(literally "$bad")"
ask unpin unpin "$good" | expect_denied 'never\.validating\.test' "$(literally "$good")"
pod untouched "$good" | expect_admitted
expect_field pod/untouched '{.spec.containers[0].image}' "$good_pinned"

# A good image that nobody pinned is denied as well: its tag could move before the kubelet pulls it.
injected_server unpinned Never "$other_good"
wait_until 10 "the injector of unpinned" injected
ask add-unpinned add "$good" | expect_denied 'unpinned\.validating\.test' "$(literally "$other_good")"
injected_server pinned Never "$other_pinned"
wait_until 10 "the injector of pinned" injected
ask add-pinned add "$good" | expect_admitted
expect_field pod/add-pinned '{.spec.containers[*].image}' "$good_pinned $other_pinned"

# --- our webhook is called again: it denies the bad image and pins the good one
injected_server again IfNeeded "$bad"
wait_until 10 "the injector of again" injected
ask add-bad add "$good" | expect_denied 'again\.mutating\.test' "$(literally "$bad")"
injected_server repins IfNeeded "$other_good"
wait_until 10 "the injector of repins" injected
ask add-good add "$good" | expect_admitted
expect_field pod/add-good '{.spec.containers[*].image}' "$good_pinned $other_pinned"
ask unpin unpin "$good" | expect_admitted
expect_field pod/unpin '{.spec.containers[0].image}' "$good_pinned"

for name in never unpinned pinned again repins; do
    kubectl delete mutatingwebhookconfiguration "$name" "zz-$name" >/dev/null
    kubectl delete validatingwebhookconfiguration "$name" >/dev/null
done
