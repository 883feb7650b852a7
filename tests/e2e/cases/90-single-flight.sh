# shellcheck shell=bash
# Many first requests for one image cost the registry as much as one.
source "$(dirname "$0")/../lib.sh"

review=$E2E/../data/reviews/pod-create.json
# The lines of the registry's access log that name the repository.
requests() { grep -c "/v2/$1/" "$LOGS/registry.log" || true; }

signed_image p256 flight
before=$(requests "$REPOSITORY")
for _ in $(seq 200); do echo "$IMAGE"; done |
    python3 "$E2E/storm.py" --concurrency 200 "$DEFAULT_URL/mutate" "$CA" "$review" >"$E2E_WORK/flight.jsonl"
used=$(($(requests "$REPOSITORY") - before))
jq -se 'length == 200 and all(.http == 200 and .same_uid and .allowed)' "$E2E_WORK/flight.jsonl" >/dev/null ||
    fail "not all were admitted: $(jq -c 'select(.allowed != true)' "$E2E_WORK/flight.jsonl" | head -3)"
jq -se --arg pinned "$PINNED" 'all(.patch[0].value == $pinned)' "$E2E_WORK/flight.jsonl" >/dev/null ||
    fail "not all were pinned: $(head -1 "$E2E_WORK/flight.jsonl")"
say "200 concurrent first requests: $used registry requests"
[ "$used" -ge 1 ] || fail "the access log was not counted"
[ "$used" -le 5 ] || fail "$used registry requests for one image"

# What was verified is not asked for again.
before=$(requests "$REPOSITORY")
echo "$IMAGE" | python3 "$E2E/storm.py" "$DEFAULT_URL/mutate" "$CA" "$review" | jq -se 'all(.allowed)' >/dev/null
used=$(($(requests "$REPOSITORY") - before))
[ "$used" = 0 ] || fail "$used registry requests for an image that was just verified"
