# shellcheck shell=bash
# A notary with a certificate of its own authority, and one that wants a login: what cannot be read is inconclusive.
source "$(dirname "$0")/../notary.sh"

LOGIN=reader:$(openssl rand -hex 12)
export LOGIN
secret() { # name, user, password
    mkdir -p "$E2E_WORK/secrets/$CASE-$1"
    printf 'username: %s\npassword: %s\n' "$2" "$3" >"$E2E_WORK/secrets/$CASE-$1/secret.yaml"
}
secret right "${LOGIN%%:*}" "${LOGIN#*:}"
secret wrong "${LOGIN%%:*}" guessed
authority="cert: $(yaml_text "$CA")"
right="auth: {secretName: $CASE-right}"
wrong="auth: {secretName: $CASE-wrong}"

# --- TLS -----------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016  # jq's variables
start_notary "$CASE-tls" "$(free_ports 1)" '.server += $tls'
push_image notary/app
gun=${IMAGE%:*}
new_repository owner "$gun"
vouch owner "$IMAGE" "$DIGEST"
root_key "$gun" "$TRUST/root.pub"

trust tls "$TRUST/root.pub" '' "$authority"
verified "$IMAGE" "$DIGEST"
serve tls
new_namespace ns tls
pod tls "$IMAGE" | expect_admitted
expect_field pod/tls '{.spec.containers[0].image}' "$PINNED"

# An authority that nobody named, or another than was named.
trust unknown-authority "$TRUST/root.pub"
unreachable "$IMAGE"
delegate_key stranger
trust other-authority "$TRUST/root.pub" '' "cert: $(yaml_text "$TRUST/stranger.crt")"
unreachable "$IMAGE"
# The scheme is https where none is written.
trust no-scheme "$TRUST/root.pub" '' "$authority"
sed -i 's|host: https://|host: |' "$CONFIG"
grep -q '^    host: 127' "$CONFIG" || fail "the host still has a scheme"
verified "$IMAGE" "$DIGEST"
# Plain HTTP to a server that speaks TLS.
trust plain "$TRUST/root.pub"
sed -i 's|host: https://|host: http://|' "$CONFIG"
inconclusive 'registry-.*' "$IMAGE"

# --- basic authentication ------------------------------------------------------------------------------------

# A door in front of a server that asks for nothing itself.
start_notary "$CASE-open" "$(free_ports 1)"
new_repository owner-basic "$gun"
vouch owner-basic "$IMAGE" "$DIGEST"
root_key "$gun" "$TRUST/basic.pub"
door=$(free_ports 1)
start "$CASE-door" python3 "$E2E/notary_servers.py" proxy "$door" "$NOTARY_URL"
NOTARY_URL=http://127.0.0.1:$door
door_listens() { : <"/dev/tcp/127.0.0.1/$door"; }
wait_until 10 "the door" door_listens

trust basic "$TRUST/basic.pub" '' "$right"
verified "$IMAGE" "$DIGEST"
serve basic
new_namespace basic basic
pod basic "$IMAGE" | expect_admitted
trust basic-wrong "$TRUST/basic.pub" '' "$wrong"
inconclusive registry-denied "$IMAGE"
trust basic-none "$TRUST/basic.pub"
inconclusive registry-denied "$IMAGE"
# Who may not read does not learn what is there, either.
inconclusive registry-denied "$REGISTRY/notary/$CASE-untrusted:v1"
# A secret in docker's form, and one that belongs to another host.
mkdir -p "$E2E_WORK/secrets/$CASE-docker" "$E2E_WORK/secrets/$CASE-elsewhere"
docker_secret() { jq -n --arg host "$1" --arg auth "$(printf '%s' "$LOGIN" | base64 -w0)" '{auths: {($host): {auth: $auth}}}'; }
docker_secret "127.0.0.1:$door" >"$E2E_WORK/secrets/$CASE-docker/.dockerconfigjson"
docker_secret 127.0.0.1:1 >"$E2E_WORK/secrets/$CASE-elsewhere/.dockerconfigjson"
trust basic-docker "$TRUST/basic.pub" '' "auth: {secretName: $CASE-docker}"
verified "$IMAGE" "$DIGEST"
trust basic-elsewhere "$TRUST/basic.pub" '' "auth: {secretName: $CASE-elsewhere}"
inconclusive registry-denied "$IMAGE"

# --- tokens --------------------------------------------------------------------------------------------------

# The server's own authentication: a token service on another port, which signs what it grants.
openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=token service' -days 2 \
    -keyout "$TRUST/tokens.key" -out "$TRUST/tokens.crt" 2>/dev/null
export ISSUER=e2e SERVICE=notary
read -r port tokens plain_port plain_tokens < <(free_ports 4)
start "$CASE-tokens" python3 "$E2E/notary_servers.py" tokens "$tokens" "$TRUST/tokens.key" "$TRUST/tokens.crt" \
    "$TLS_CERT" "$TLS_KEY"
ready "$CASE-tokens" 10 "https://127.0.0.1:$tokens/"
# shellcheck disable=SC2016  # jq's variables
auth() { # url of the token service
    printf '.auth = {type: "token", options: {realm: "%s/token", service: "notary", issuer: "e2e",
        rootcertbundle: "\($dir)/tokens.crt"}}' "$1"
}
start_notary "$CASE-token" "$port" "$(auth "https://127.0.0.1:$tokens") | .server += \$tls"
NOTARY_AUTH=$(printf '%s' "$LOGIN" | base64 -w0)
export NOTARY_AUTH
new_repository owner-token "$gun"
vouch owner-token "$IMAGE" "$DIGEST"
# The root is behind the login as well; its owner has it at hand.
metadata root-key "$TRUST/owner-token/tuf/$gun/metadata/root.json" >"$TRUST/token.pub"
: >"$LOGS/$CASE-tokens.log"

# That it may be on loopback must be said, as of any host.
trust token "$TRUST/token.pub" '' "$authority" "$right"
inconclusive address-refused "$IMAGE"
NAMED_HOST="host: '127.0.0.1:$tokens', insecure: false"
trust token "$TRUST/token.pub" '' "$authority" "$right"
verified "$IMAGE" "$DIGEST"
grep -F "login right" "$LOGS/$CASE-tokens.log" | grep -qF "['repository:$gun:pull']" ||
    fail "no token for $gun was asked for: $(cat "$LOGS/$CASE-tokens.log")"
if grep -qF push "$LOGS/$CASE-tokens.log"; then fail "more than pulling was asked for"; fi
rejected no-trust-data "$REGISTRY/notary/$CASE-untrusted:v1"
serve token
new_namespace token token
pod token "$IMAGE" | expect_admitted
expect_field pod/token '{.spec.containers[0].image}' "$PINNED"
trust token-wrong "$TRUST/token.pub" '' "$authority" "$wrong"
inconclusive registry-denied "$IMAGE"
serve token-wrong
new_namespace token-wrong token-wrong
pod token-wrong "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'inconclusive'
# The service gives everybody a token; without a login it grants nothing.
trust token-none "$TRUST/token.pub" '' "$authority"
inconclusive registry-denied "$IMAGE"
grep -qF "login none" "$LOGS/$CASE-tokens.log" || fail "nobody asked for a token without a login"
# The token service is away.
stop "$CASE-tokens"
trust token-away "$TRUST/token.pub" '' "$authority" "$right"
unreachable "$IMAGE"

# A notary that sends its clients to a service without TLS on another port never gets the login sent there.
start "$CASE-plain-tokens" python3 "$E2E/notary_servers.py" tokens "$plain_tokens" "$TRUST/tokens.key" \
    "$TRUST/tokens.crt"
ready "$CASE-plain-tokens" 10 "http://127.0.0.1:$plain_tokens/"
start_notary "$CASE-plain-token" "$plain_port" "$(auth "http://127.0.0.1:$plain_tokens")"
NAMED_HOST="host: '127.0.0.1:$plain_tokens', insecure: true"
trust token-plain "$TRUST/token.pub" '' "$right"
inconclusive registry-denied "$IMAGE"
grep -qF 'login none' "$LOGS/$CASE-plain-tokens.log" || fail "the service was not asked at all"
if grep -E 'login (right|wrong)' "$LOGS/$CASE-plain-tokens.log"; then fail "the login was sent without TLS"; fi
