# shellcheck shell=bash
# The notary is away, hangs or loses its data: nothing is admitted that could not be judged, and its return is noticed.
source "$(dirname "$0")/../notary.sh"

review=$E2E/../data/reviews/pod-create.json
# Asks the server at SERVER_URL once; prints the code of a denial, or `admitted`.
ask() { # image
    python3 "$E2E/storm.py" "$SERVER_URL/mutate" "$CA" "$review" <<<"$1" |
        jq -r 'if .http != 200 then "no answer" elif .allowed then "admitted" else .code end'
}
answers() { # code or admitted, image
    local got
    got=$(ask "$2")
    [ "$got" = "$1" ] || fail "$2: $got, not $1"
}

port=$(free_ports 1)
start_notary "$CASE" "$port"
push_image notary/app
gun=${IMAGE%:*}
new_repository owner "$gun"
vouch owner "$IMAGE" "$DIGEST"
vouch owner "$gun:v2" "$DIGEST"
root_key "$gun" "$TRUST/root.pub"
trust outage "$TRUST/root.pub"
serve notary-outage
new_namespace ns notary-outage
answers admitted "$IMAGE"
answers 403 "$gun:unsigned"
# What the server has is kept, because its memory ends with it.
capture "$gun" "$TRUST/files"

stop "$CASE"
unreachable "$gun:v2"
answers 503 "$gun:v2"
# That it is unsigned cannot be known, either.
answers 503 "$gun:unsigned"
pod down "$gun:v2" | expect_denied "$(literally "$gun:v2")" 'inconclusive'
pod beside "$gun:unsigned" "$gun:v2" | expect_denied "$(literally "$gun:v2")" "$(literally "$gun:unsigned")"

# It returns with what it had: after at most a probe interval of the breaker (1 s) all is as before.
start_files "$CASE-files" "$port" "$TRUST/files"
back() { [ "$(ask "$gun:v2")" = admitted ]; }
wait_until 5 "an admitted image after the notary's return" back
answers 403 "$gun:unsigned"
pod back "$gun:v2" | expect_admitted
expect_field pod/back '{.spec.containers[0].image}' "$gun:v2@$DIGEST"

# It returns empty. That the repository is unknown now is an answer.
stop "$CASE-files"
start_notary "$CASE" "$port"
empty() { [ "$(ask "$gun:unsigned")" = 403 ]; }
wait_until 5 "a rejection by the empty notary" empty
rejected no-trust-data "$IMAGE"

# A notary that takes the request and never answers: the denial comes before the API server gives up on us.
hanging=$(free_ports 1)
start_hanging_registry "$CASE-hanging" "$hanging"
NOTARY_URL=http://127.0.0.1:$hanging
trust hanging "$TRUST/root.pub"
serve notary-hanging
new_namespace hanging notary-hanging
begin=$SECONDS
pod slow "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'inconclusive'
say "denied after $((SECONDS - begin)) s; the API server waits 10 s"
