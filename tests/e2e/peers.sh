# shellcheck shell=bash
# Starts and stops the real peers of the end-to-end tests. Sourced by run, record and lib.sh; needs $E2E_WORK.
#
# Nothing here sleeps for a guessed time: a peer is ready when its endpoint answers, and the wait is bounded.

LOGS=$E2E_WORK/logs
CA=$E2E_WORK/tls/ca.crt
TLS_CERT=$E2E_WORK/tls/tls.crt
TLS_KEY=$E2E_WORK/tls/tls.key
export KUBECONFIG=$E2E_WORK/kubeconfig

say() { printf '%s\n' "$*" >&2; }

# Polls a command until it succeeds; after the given number of seconds it says what never came.
wait_until() { # seconds, what, command…
    local limit=$1 what=$2 end
    shift 2
    end=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            say "waited $limit s in vain: $what"
            return 1
        fi
        sleep 0.1
    done
}

# Prints ports that are free now. They lie below the range from which the kernel takes the local ports of
# outgoing connections, so nothing grabs one between this look and the peer's own bind.
free_ports() { # count
    python3 - "$1" <<'PY'
import random, socket, sys
held = []
for port in random.sample(range(15000, 32000), 2000):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        continue
    held.append(s)
    if len(held) == int(sys.argv[1]):
        break
print(*(s.getsockname()[1] for s in held))
PY
}

# --- processes -----------------------------------------------------------------------------------------------

declare -A PEER_PIDS=()

# Starts a peer in the background with a log of its own, remembered so that stop_all ends it.
start() { # name, command…
    local name=$1
    shift
    "$@" >>"$LOGS/$name.log" 2>&1 &
    PEER_PIDS[$name]=$!
}

running() { kill -0 "${PEER_PIDS[$1]:-0}" 2>/dev/null && [ "${PEER_PIDS[$1]:-0}" != 0 ]; }

# Ends a peer that start started, and waits for its end.
stop() { # name
    local name=$1 pid=${PEER_PIDS[$1]:-}
    [ -n "$pid" ] || return 0
    kill "$pid" 2>/dev/null || true
    gone() { ! kill -0 "$pid" 2>/dev/null; }
    wait_until 10 "the end of $name" gone || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    unset "PEER_PIDS[$name]"
}

# All are told to end before the first is waited for; etcd comes last, since the API server cannot end without it.
stop_all() {
    local name
    for name in "${!PEER_PIDS[@]}"; do
        if [ "$name" != etcd ]; then kill "${PEER_PIDS[$name]}" 2>/dev/null || true; fi
    done
    for name in "${!PEER_PIDS[@]}"; do
        if [ "$name" != etcd ]; then stop "$name"; fi
    done
    stop etcd
}

# Waits for an HTTP(S) endpoint and gives up at once if its process has ended.
ready() { # name, seconds, url
    local name=$1 limit=$2 url=$3
    answers_or_dead() { ! running "$name" || curl -fsS --max-time 2 --cacert "$CA" "$url"; }
    wait_until "$limit" "$name at $url" answers_or_dead && running "$name" && return
    say "$name did not become ready; the end of its log:"
    tail -n 30 "$LOGS/$name.log" >&2 || true
    return 1
}

# --- certificates --------------------------------------------------------------------------------------------

# One authority and one certificate for 127.0.0.1, used by the API server and every webhook.
make_certificates() {
    local dir=$E2E_WORK/tls
    mkdir -p "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=e2e authority' \
        -keyout "$dir/ca.key" -out "$dir/ca.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=127.0.0.1' \
        -keyout "$dir/tls.key" -out "$dir/tls.csr" 2>/dev/null
    openssl x509 -req -in "$dir/tls.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n') \
        -out "$dir/tls.crt" 2>/dev/null
}

# --- etcd and the API server ---------------------------------------------------------------------------------

start_etcd() {
    local client peer
    read -r client peer < <(free_ports 2)
    ETCD_URL=http://127.0.0.1:$client
    start etcd etcd --data-dir "$E2E_WORK/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "default=http://127.0.0.1:$peer"
    ready etcd 30 "$ETCD_URL/health"
}

# Without a controller manager nobody makes service accounts, so the plugin that asks for them is off.
start_apiserver() {
    local dir=$E2E_WORK/apiserver token
    mkdir -p "$dir"
    API_PORT=$(free_ports 1)
    token=$(openssl rand -hex 16)
    printf '%s,admin,admin,"system:masters"\n' "$token" >"$dir/tokens.csv"
    openssl genrsa -out "$dir/sa.key" 2048 2>/dev/null
    openssl rsa -in "$dir/sa.key" -pubout -out "$dir/sa.pub" 2>/dev/null
    start kube-apiserver kube-apiserver --etcd-servers="$ETCD_URL" --cert-dir="$dir" \
        --tls-cert-file="$TLS_CERT" --tls-private-key-file="$TLS_KEY" \
        --bind-address=127.0.0.1 --secure-port="$API_PORT" --token-auth-file="$dir/tokens.csv" \
        --service-account-key-file="$dir/sa.pub" --service-account-signing-key-file="$dir/sa.key" \
        --service-account-issuer=https://k8s.local --service-cluster-ip-range=10.96.0.0/16 \
        --authorization-mode=RBAC --disable-admission-plugins=ServiceAccount
    cat >"$KUBECONFIG" <<Y
apiVersion: v1
kind: Config
clusters: [{name: e2e, cluster: {server: "https://127.0.0.1:$API_PORT", certificate-authority: "$CA"}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: e2e, context: {cluster: e2e, user: admin}}]
current-context: e2e
Y
    chmod 0600 "$KUBECONFIG"
    ready kube-apiserver 90 "https://127.0.0.1:$API_PORT/readyz"
    default_namespace() { kubectl get namespace default; }
    wait_until 30 "the namespace default" default_namespace
}

# --- registry ------------------------------------------------------------------------------------------------

# Debian's docker-registry, on a port of its own, with the storage kept over a restart. Its access log is the
# number of requests that a case counts.
start_registry() { # name, port
    local name=$1 port=$2
    mkdir -p "$E2E_WORK/$name"
    cat >"$E2E_WORK/$name.yml" <<Y
version: 0.1
log: {level: error, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: "$E2E_WORK/$name", maxthreads: 100}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$port"}
Y
    start "$name" docker-registry serve "$E2E_WORK/$name.yml"
    ready "$name" 20 "http://127.0.0.1:$port/v2/"
}

# A registry that takes every connection and never answers; it logs a line for each.
start_hanging_registry() { # name, port
    start "$1" python3 -c '
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
taken = []
while True:
    taken.append(listener.accept())
    print(len(taken), flush=True)
' "$2"
    listens() { : <"/dev/tcp/127.0.0.1/$2"; }
    wait_until 10 "the hanging registry $1" listens "$@"
}

# --- webhooks ------------------------------------------------------------------------------------------------

# Starts connaisseur with a configuration file; sets SERVER_URL and METRICS_URL.
# shellcheck disable=SC2034  # the cases use them
start_connaisseur() { # name, configuration
    local name=$1 config=$2 port metrics
    read -r port metrics < <(free_ports 2)
    mkdir -p "$E2E_WORK/secrets"
    start "$name" "$CONNAISSEUR_BIN" serve --config "$config" --listen "127.0.0.1:$port" \
        --tls-cert "$TLS_CERT" --tls-key "$TLS_KEY" --metrics-listen "127.0.0.1:$metrics" \
        --secrets-dir "$E2E_WORK/secrets"
    SERVER_URL=https://127.0.0.1:$port METRICS_URL=http://127.0.0.1:$metrics/metrics
    ready "$name" 30 "$SERVER_URL/ready"
}

# The rules under which the chart routes workloads.
WORKLOAD_RULES='[
  {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
   "resources": ["pods", "pods/ephemeralcontainers", "replicationcontrollers", "podtemplates"]},
  {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
   "resources": ["deployments", "replicasets", "daemonsets", "statefulsets"]},
  {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
   "resources": ["jobs", "cronjobs"]}
]'

# Prints a webhook configuration for the namespaces that carry the label connaisseur.test/server=NAME. Its webhook is
# called NAME.mutating.test or NAME.validating.test, which a denial shows.
webhook_configuration() { # Mutating|Validating, object name, server name, url, rules, [reinvocation policy]
    jq -n --arg kind "$1" --arg name "$2" --arg server "$3" --arg url "$4" --argjson rules "$5" \
        --arg reinvocation "${6:-IfNeeded}" --rawfile ca "$CA" '{
        apiVersion: "admissionregistration.k8s.io/v1", kind: ($kind + "WebhookConfiguration"), metadata: {name: $name},
        webhooks: [{
            name: ($name + "." + ($kind | ascii_downcase) + ".test"), clientConfig: {url: $url, caBundle: ($ca | @base64)}, rules: $rules,
            namespaceSelector: {matchLabels: {"connaisseur.test/server": $server}},
            failurePolicy: "Fail", matchPolicy: "Equivalent", sideEffects: "None", timeoutSeconds: 10,
            admissionReviewVersions: ["v1"]
        } + (if $kind == "Mutating" then {reinvocationPolicy: $reinvocation} else {} end)]
    }'
}

# Routes the namespaces of a server to it and waits until the API server does so: it learns of each configuration by
# itself. No rule matches the probe's image, so a denial that names the webhook proves the route; the mutating webhook
# comes second, because its denial would hide the other's.
install_webhooks() { # server name, url, [reinvocation policy]
    local name=$1 url=$2 probe=probe-$1
    kubectl create namespace "$probe" >/dev/null
    kubectl label namespace "$probe" "connaisseur.test/server=$name" >/dev/null
    # The output is captured first: under pipefail the refusal itself would fail a pipe.
    routed() {
        grep -q "\"$name.$1.test\"" <<<"$(kubectl -n "$probe" run probe --image=unmatched.invalid/probe:1 \
            --dry-run=server 2>&1)"
    }
    webhook_configuration Validating "$name" "$name" "$url/validate" "$WORKLOAD_RULES" | kubectl apply -f - >/dev/null
    wait_until 20 "the route of the API server to the validating webhook $name" routed validating
    webhook_configuration Mutating "$name" "$name" "$url/mutate" "$WORKLOAD_RULES" "${3:-}" |
        kubectl apply -f - >/dev/null
    wait_until 20 "the route of the API server to the mutating webhook $name" routed mutating
}
