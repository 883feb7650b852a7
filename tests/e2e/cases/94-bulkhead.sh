# shellcheck shell=bash
# Whoever may create Pods may name a registry that never answers, hundreds of times at once. That must not keep images
# of other registries, wanted in other namespaces, from being judged.
source "$(dirname "$0")/../lib.sh"

review=$E2E/../data/reviews/pod-create.json
count=400
port=$(free_ports 1)
hanging=127.0.0.1:$port
start_hanging_registry hanging "$port"
EXTRA_REGISTRIES=$hanging configuration bulkhead >"$E2E_WORK/bulkhead.yaml"
start_connaisseur bulkhead "$E2E_WORK/bulkhead.yaml"
signed_image p256 first
first=$IMAGE
signed_image p256 second
second=$IMAGE

for number in $(seq $count); do echo "$hanging/p256/app:t$number"; done |
    python3 "$E2E/storm.py" --concurrency $count "$SERVER_URL/mutate?timeout=10s" "$CA" "$review" \
        >"$E2E_WORK/bulkhead.jsonl" &
storm=$!
# The storm is on when some of it has reached the registry that hangs.
stormy() { [ "$(wc -l <"$LOGS/hanging.log")" -ge 8 ]; }
wait_until 10 "connections to the hanging registry" stormy

ask() { python3 "$E2E/storm.py" --namespace calm "$SERVER_URL/mutate?timeout=10s" "$CA" "$review" <<<"$1"; }
kill -0 $storm || fail "the storm was over before it mattered"
rows=$(ask "$first" && ask "$second")
say "$rows"
kill -0 $storm || fail "the storm was over before it mattered"
wait $storm
say "the storm: $(jq -s -c 'group_by([.allowed, .code]) | map({allowed: .[0].allowed, code: .[0].code, count: length, slowest_ms: (map(.ms) | max)})' "$E2E_WORK/bulkhead.jsonl")"
say "$(jq -s -r '.[-1].message' "$E2E_WORK/bulkhead.jsonl")"
jq -se 'all(.http == 200 and .allowed == false)' "$E2E_WORK/bulkhead.jsonl" >/dev/null || fail "not every request was denied"
jq -se 'all(.allowed and .ms < 5000)' <<<"$rows" >/dev/null || fail "held up: $rows"
