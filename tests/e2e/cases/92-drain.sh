# shellcheck shell=bash
# A server that is told to end stops being ready, but keeps answering until the API server has learned to ask another:
# no request is lost, and the process ends by itself.
source "$(dirname "$0")/../lib.sh"

review=$E2E/../data/reviews/pod-create.json
signed_image p256 app
DRAIN_DELAY=5s configuration drain >"$E2E_WORK/drain.yaml"
start_connaisseur drain "$E2E_WORK/drain.yaml"
pid=${PEER_PIDS[drain]}

for _ in $(seq 1000); do echo "$IMAGE"; done |
    python3 "$E2E/storm.py" --concurrency 8 --at 200 --kill "$pid" --signal TERM "$SERVER_URL/mutate" "$CA" "$review" \
        >"$E2E_WORK/drain.jsonl"
jq -se 'length == 1000 and all(.http == 200 and .allowed)' "$E2E_WORK/drain.jsonl" >/dev/null ||
    fail "lost: $(jq -c 'select(.http != 200 or .allowed != true)' "$E2E_WORK/drain.jsonl" | head -3)"

gone() { ! kill -0 "$pid" 2>/dev/null; }
wait_until 20 "the end of the server after SIGTERM" gone
code=0
wait "$pid" || code=$?
[ $code = 0 ] || fail "the server ended with $code"
