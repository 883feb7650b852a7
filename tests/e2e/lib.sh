# shellcheck shell=bash
# The words in which the cases are written. Each case is a bash file of its own that sources this one.
#
# A case works in namespaces of its own. A namespace belongs to one server by its label connaisseur.test/server, so
# that cases with another configuration disturb nobody; the server `default` runs for all cases.

set -euo pipefail
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/peers.sh
source "$E2E/peers.sh"
KEYS=$E2E_WORK/keys

# --- the world that run starts once --------------------------------------------------------------------------

start_world() {
    local registry dead
    read -r registry dead < <(free_ports 2)
    # Nothing ever listens on DEAD_REGISTRY.
    export REGISTRY=127.0.0.1:$registry DEAD_REGISTRY=127.0.0.1:$dead
    mkdir -p "$KEYS"
    make_certificates
    cosign_key p256
    cosign_key other
    start_etcd
    start_apiserver
    start_registry registry "$registry"
    configuration default >"$E2E_WORK/default.yaml"
    start_connaisseur default "$E2E_WORK/default.yaml"
    export DEFAULT_URL=$SERVER_URL DEFAULT_METRICS=$METRICS_URL DEFAULT_CONFIG=$E2E_WORK/default.yaml
    install_webhooks default "$SERVER_URL"
}

# A case that starts processes of its own ends them, however it ends.
if [ -n "${CASE:-}" ]; then trap stop_all EXIT; fi

# --- configuration -------------------------------------------------------------------------------------------

indent() { sed "s/^/$1/"; }

# Prints a configuration. The first part of a repository's path chooses what must have signed it:
# REGISTRY/p256/app wants the key p256, REGISTRY/free/app is approved statically; all else is denied.
# Further: EXTRA_KEYS="rsa ed25519", EXTRA_REGISTRIES="127.0.0.1:1234", DRAIN_DELAY=5s.
configuration() { # name, [feature=value]…
    local host key pair
    local -A features=(
        [automaticChildApproval]=false [automaticUnchangedApproval]=false
        [detectionMode]=false [resourceValidationMode]=all
    )
    for pair in "${@:2}"; do features[${pair%%=*}]=${pair#*=}; done
    echo "validators:"
    echo "  - {name: approve, type: static, approve: true}"
    echo "  - {name: deny, type: static, approve: false}"
    echo "  - name: cosign"
    echo "    type: cosign"
    echo "    trustRoots:"
    for key in p256 other ${EXTRA_KEYS:-}; do
        printf '      - name: %s\n        key: |\n' "$key"
        indent '          ' <"$KEYS/$key.pub"
    done
    echo "policy:"
    echo '  - {pattern: "*:*", validator: deny}'
    for host in "$REGISTRY" "$DEAD_REGISTRY" ${EXTRA_REGISTRIES:-}; do
        printf '  - {pattern: "%s/free/*", validator: approve}\n' "$host"
        for key in p256 other ${EXTRA_KEYS:-}; do
            printf '  - {pattern: "%s/%s/*", validator: cosign, with: {trustRoot: %s, verifyInTransparencyLog: false}}\n' \
                "$host" "$key" "$key"
        done
    done
    echo "registries:"
    for host in "$REGISTRY" "$DEAD_REGISTRY" ${EXTRA_REGISTRIES:-}; do
        printf '  - {host: "%s", insecure: true}\n' "$host"
    done
    # No API server needs the time that a drain gives it when a case ends.
    echo "server: {drainDelay: ${DRAIN_DELAY:-0s}}"
    echo "features:"
    for key in "${!features[@]}"; do printf '  %s: %s\n' "$key" "${features[$key]}"; done
}

# Starts a server of the case's own and routes the namespaces of its name to it. The name must be unused elsewhere.
server() { # name, [feature=value]…
    configuration "$@" >"$E2E_WORK/$1.yaml"
    start_connaisseur "$1" "$E2E_WORK/$1.yaml"
    install_webhooks "$1" "$SERVER_URL"
}

# --- images and signatures -----------------------------------------------------------------------------------

images() { python3 "$E2E/images.py" "$@"; }

# Pushes an image and sets IMAGE (with tag), DIGEST, PINNED (tag and digest), BY_DIGEST (digest alone) and REPOSITORY.
# The case's name is put before the application's, because what is known of an image outlives a case.
# shellcheck disable=SC2034  # the cases use them
push_image() { # key name/application, [tag], [registry]
    REPOSITORY=${1%/*}/${CASE}-${1##*/}
    IMAGE=${3:-$REGISTRY}/$REPOSITORY:${2:-v1}
    DIGEST=$(images push "$IMAGE")
    PINNED=$IMAGE@$DIGEST
    BY_DIGEST=${IMAGE%:*}@$DIGEST
}

cosign_key() { # name
    (cd "$KEYS" && COSIGN_PASSWORD='' cosign generate-key-pair --output-key-prefix "$1") 2>/dev/null
}

# Signs with cosign itself, in its classic layout, without a transparency log.
sign() { # key name, image by digest
    local said
    said=$(COSIGN_PASSWORD='' cosign sign -y --key "$KEYS/$1.key" --new-bundle-format=false \
        --use-signing-config=false --tlog-upload=false --allow-http-registry --allow-insecure-registry "$2" 2>&1) ||
        fail "cosign could not sign $2: $said"
}

# Pushes and signs: the image that should pass.
signed_image() { # key name, application, [tag], [registry]
    push_image "$1/$2" "${3:-v1}" "${4:-$REGISTRY}"
    sign "$1" "$BY_DIGEST"
}

# --- workloads -----------------------------------------------------------------------------------------------

fail() {
    say "FAIL: $*"
    exit 1
}

skip_case() {
    say "skipped: $*"
    exit 77
}

# Makes a namespace for this case and sets NS; without a server name, no webhook looks at it yet.
new_namespace() { # name, [server]
    NS=$CASE-$1
    kubectl create namespace "$NS" >/dev/null
    if [ $# -gt 1 ]; then watch_namespace "$2"; fi
}

# The API server reads the label in a cache of its own: the first request that is seen there proves it.
watch_namespace() { # server
    kubectl label --overwrite namespace "$NS" "connaisseur.test/server=$1" >/dev/null
    watched() {
        grep -q "\"$1.mutating.test\"" <<<"$(k run probe --image=unmatched.invalid/probe:1 --dry-run=server 2>&1)"
    }
    wait_until 10 "the label of the namespace $NS" watched "$1"
}

k() { kubectl -n "$NS" "$@"; }

# Prints a Pod with one container for each image.
pod() { # name, image…
    jq -n --arg name "$1" '{
        apiVersion: "v1", kind: "Pod", metadata: {name: $name},
        spec: {containers: [$ARGS.positional | to_entries[] | {name: "c\(.key)", image: .value}]}
    }' --args "${@:2}"
}

# Prints a workload of another kind around the pod spec of `pod`.
workload() { # kind, name, image…
    pod "$2" "${@:3}" | jq --arg kind "$1" '
        .spec as $spec | .metadata.name as $name
        | {metadata: {labels: {app: $name}}, spec: $spec} as $template
        | ($template | .spec.restartPolicy = "Never") as $batch
        | {metadata: {name: $name}} + {
            Deployment: {apiVersion: "apps/v1", kind: $kind,
                spec: {selector: {matchLabels: {app: $name}}, template: $template}},
            ReplicaSet: {apiVersion: "apps/v1", kind: $kind,
                spec: {selector: {matchLabels: {app: $name}}, template: $template}},
            DaemonSet: {apiVersion: "apps/v1", kind: $kind,
                spec: {selector: {matchLabels: {app: $name}}, template: $template}},
            StatefulSet: {apiVersion: "apps/v1", kind: $kind,
                spec: {serviceName: $name, selector: {matchLabels: {app: $name}}, template: $template}},
            ReplicationController: {apiVersion: "v1", kind: $kind,
                spec: {selector: {app: $name}, template: $template}},
            PodTemplate: {apiVersion: "v1", kind: $kind, template: $template},
            Job: {apiVersion: "batch/v1", kind: $kind, spec: {template: $batch}},
            CronJob: {apiVersion: "batch/v1", kind: $kind,
                spec: {schedule: "0 0 1 1 *", jobTemplate: {spec: {template: $batch}}}}
        }[$kind]'
}

# Creates the object on standard input; it must be admitted.
expect_admitted() {
    local said
    said=$(k create -f - 2>&1) || fail "was denied: $said"
}

# Creates the object on standard input; it must be denied, with a message that matches every expression.
expect_denied() { # extended regular expression…
    local said
    if said=$(k create -f - 2>&1); then fail "was admitted: $said"; fi
    expect_words "$said" 'denied the request' "$@"
}

expect_words() { # text, extended regular expression…
    local text=$1 word
    shift
    say "$text"
    for word in "$@"; do
        grep -Eqi -- "$word" <<<"$text" || fail "this does not say \"$word\": $text"
    done
}

# The field of a stored object has this value.
expect_field() { # kind/name, jsonpath, value
    local got
    got=$(k get "$1" -o "jsonpath=$2")
    [ "$got" = "$3" ] || fail "$1 $2 is $got, not $3"
}

# Applies a manifest twice; the stored image must be the pinned one and the object's generation stay what it was.
applies_again() { # kind, path of the pod template, kubectl apply's flags…
    local kind=$1 path=$2 before
    shift 2
    workload "$kind" app "$IMAGE" >"$E2E_WORK/$CASE.json"
    k apply "$@" -f "$E2E_WORK/$CASE.json"
    expect_field "$kind/app" "{$path.spec.containers[0].image}" "$PINNED"
    before=$(k get "$kind/app" -o 'jsonpath={.metadata.generation}')
    k apply "$@" -f "$E2E_WORK/$CASE.json"
    expect_field "$kind/app" "{$path.spec.containers[0].image}" "$PINNED"
    expect_field "$kind/app" '{.metadata.generation}' "$before"
    k delete "$kind/app" --wait=false >/dev/null
}

# A text as an extended regular expression that matches just it.
# shellcheck disable=SC2001  # sed says it in one expression
literally() { sed 's/[][\\.*^$+?(){}|]/\\&/g' <<<"$1"; }
