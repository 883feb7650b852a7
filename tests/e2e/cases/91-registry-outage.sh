# shellcheck shell=bash
# The registry dies in the middle of a thousand requests for distinct images. Every request gets a decision; those that
# could not be judged are denied as inconclusive, and the registry's return is noticed without a restart.
source "$(dirname "$0")/../lib.sh"

count=1000
review=$E2E/../data/reviews/pod-create.json
port=$(free_ports 1)
mortal=127.0.0.1:$port
start_registry mortal "$port"

# A thousand signed images, made without a thousand runs of cosign.
openssl ecparam -name prime256v1 -genkey -noout -out "$KEYS/storm.pem" 2>/dev/null
openssl ec -in "$KEYS/storm.pem" -pubout -out "$KEYS/storm.pub" 2>/dev/null
EXTRA_REGISTRIES=$mortal EXTRA_KEYS=storm configuration outage >"$E2E_WORK/outage.yaml"
start_connaisseur outage "$E2E_WORK/outage.yaml"
begin=$SECONDS
images many "$mortal/storm/app" "$count" "$KEYS/storm.pem" "$E2E_WORK/mortal"
say "$count images made in $((SECONDS - begin)) s"

seq 0 $((count - 1)) | sed "s|^|$mortal/storm/app:t|" |
    python3 "$E2E/storm.py" --concurrency 16 --at $((count / 3)) --kill "${PEER_PIDS[mortal]}" \
        "$SERVER_URL/mutate" "$CA" "$review" >"$E2E_WORK/outage.jsonl"
rows=$E2E_WORK/outage.jsonl
jq -se --argjson count $count 'length == $count and all(.http == 200 and .same_uid and (.allowed | type) == "boolean")' \
    "$rows" >/dev/null || fail "requests without a decision: $(jq -c 'select(.http != 200)' "$rows" | head -3)"
jq -se 'all(.allowed == (.patch != null))' "$rows" >/dev/null || fail "admitted without a pin"
say "$(jq -s -c 'group_by([.allowed, .code]) | map({allowed: .[0].allowed, code: .[0].code, count: length, slowest_ms: (map(.ms) | max)})' "$rows")"
say "$(jq -s -r '[.[] | select(.allowed | not) | .message | gsub("t[0-9]+"; "tN")] | group_by(.) | map("\(length) × \(.[0])")[]' "$rows" | head -5)"
jq -se --argjson third $((count / 3)) '[.[] | select(.number < $third)] | all(.allowed)' "$rows" >/dev/null ||
    fail "denied while the registry was there: $(jq -c 'select(.allowed | not)' "$rows" | head -1)"
jq -se '[.[] | select(.allowed | not)] | length > 100' "$rows" >/dev/null || fail "the registry died too late to matter"
jq -se '[.[] | select(.allowed | not)] | all((.code == 503) and (.message | test("inconclusive"; "i"))
        and (.message | test("connect|broke off|repeatedly|no answer"; "i")))' "$rows" >/dev/null ||
    fail "a denial does not say inconclusive and why: $(jq -c 'select(.allowed | not)' "$rows" | head -1)"

# What was verified before is admitted from what is known while the registry is away.
stop mortal
known=$(jq -s -r '[.[] | select(.allowed)][0].patch[0].value' "$rows")
one() { python3 "$E2E/storm.py" "$SERVER_URL/mutate" "$CA" "$review" <<<"$1" | jq -se 'all(.allowed)'; }
one "$known" >/dev/null || fail "$known was verified before and is denied now"

# The registry returns: a request that was denied is admitted after at most a probe interval of the breaker (1 s).
unknown=$(jq -s -r '[.[] | select(.allowed | not)][-1].image' "$rows")
start_registry mortal "$port"
wait_until 3 "an admitted request after the registry's return" one "$unknown"
