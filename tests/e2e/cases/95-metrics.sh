# shellcheck shell=bash
# The counters that dashboards read, by the names they have had since Connaisseur 3.
source "$(dirname "$0")/../lib.sh"

review=$E2E/../data/reviews/pod-create.json
signed_image p256 signed
signed=$IMAGE
push_image p256/unsigned

# The sum of a counter over all its labels.
metric() { curl -fsS "$DEFAULT_METRICS" | awk -v name="$1" '$1 ~ "^" name "([{]|$)" {sum += $NF} END {print sum + 0}'; }

total=$(metric connaisseur_requests_total)
admitted=$(metric connaisseur_requests_admitted_total)
denied=$(metric connaisseur_requests_denied_total)
printf '%s\n' "$signed" "$signed" "$signed" "$IMAGE" "$IMAGE" |
    python3 "$E2E/storm.py" --concurrency 1 "$DEFAULT_URL/mutate" "$CA" "$review"
got="$(($(metric connaisseur_requests_total) - total)) $(($(metric connaisseur_requests_admitted_total) - admitted))"
got+=" $(($(metric connaisseur_requests_denied_total) - denied))"
[ "$got" = "5 3 2" ] || fail "requests, admitted, denied rose by $got, not by 5 3 2"
