# shellcheck shell=bash
# The soft modes change the answer and not the judgement: the object passes, and the person is warned.
source "$(dirname "$0")/../lib.sh"

push_image p256/unsigned
bad=$IMAGE
signed_image p256 signed

# Starts a server and watches a namespace with it. The server may deny nothing, so what proves the route is a pin.
soft_server() { # name, feature=value…
    configuration "$@" >"$E2E_WORK/$1.yaml"
    start_connaisseur "$1" "$E2E_WORK/$1.yaml"
    webhook_configuration Validating "$1" "$1" "$SERVER_URL/validate" "$WORKLOAD_RULES" | kubectl apply -f - >/dev/null
    webhook_configuration Mutating "$1" "$1" "$SERVER_URL/mutate" "$WORKLOAD_RULES" | kubectl apply -f - >/dev/null
    new_namespace "$1"
    kubectl label namespace "$NS" "connaisseur.test/server=$1" >/dev/null
    pins() {
        [ "$(k run probe --image="$IMAGE" --dry-run=server -o 'jsonpath={.spec.containers[0].image}')" = "$PINNED" ]
    }
    wait_until 20 "a pin by the server $1" pins
}

# Creates the object on standard input; it must be admitted, with a warning that matches every expression.
expect_warned() { # extended regular expression…
    local said
    said=$(k create -f - 2>&1) || fail "was denied: $said"
    expect_words "$said" 'warning:' "$@"
}

soft_server detection detectionMode=true
pod bad "$bad" | expect_warned "$(literally "$bad")" 'no signature' 'detection mode'
expect_field pod/bad '{.spec.containers[0].image}' "$bad"
pod good "$IMAGE" | expect_admitted
expect_field pod/good '{.spec.containers[0].image}' "$PINNED"

# With podsOnly a template passes with a warning and unpinned; the Pod itself is judged.
soft_server pods-only resourceValidationMode=podsOnly
workload Deployment bad "$bad" | expect_warned "$(literally "$bad")" 'pod-only validation'
workload Deployment good "$IMAGE" | expect_admitted
expect_field deployment/good '{.spec.template.spec.containers[0].image}' "$IMAGE"
pod bad "$bad" | expect_denied "$(literally "$bad")" 'no signature'
pod good "$IMAGE" | expect_admitted
expect_field pod/good '{.spec.containers[0].image}' "$PINNED"
