# shellcheck shell=bash
# The words of the cases about Notary v1, beside those of lib.sh: servers, signers, configurations, verdicts.
#
# notary-server and the client `notary` are those of Debian. Everybody who signs has a folder of keys of their own; NOTARY_URL
# names the server that is meant. A repository's name (GUN) is the image's without its tag.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TRUST=$E2E_WORK/trust/${CASE:-recording}
mkdir -p "$TRUST" "$KEYS" "$E2E_WORK/secrets"
NOTARY_ROOT_PASSPHRASE=$(openssl rand -hex 16)
NOTARY_TARGETS_PASSPHRASE=$NOTARY_ROOT_PASSPHRASE
NOTARY_SNAPSHOT_PASSPHRASE=$NOTARY_ROOT_PASSPHRASE
NOTARY_DELEGATION_PASSPHRASE=$NOTARY_ROOT_PASSPHRASE
export NOTARY_ROOT_PASSPHRASE NOTARY_TARGETS_PASSPHRASE NOTARY_SNAPSHOT_PASSPHRASE NOTARY_DELEGATION_PASSPHRASE

metadata() { python3 "$E2E/notary.py" "$@"; }

# --- servers -------------------------------------------------------------------------------------------------

# Starts notary-server with its data in memory and sets NOTARY_URL. The filter changes its configuration; TLS is
# `.server += $tls`. With the local trust service all keys of the server are Ed25519, whatever the configuration says.
start_notary() { # name, port, [jq filter]
    local name=$1 port=$2 scheme=http
    jq -n --arg port "$port" --arg cert "$TLS_CERT" --arg key "$TLS_KEY" --arg ca "$CA" --arg dir "$TRUST" '
        {tls_cert_file: $cert, tls_key_file: $key} as $tls
        | {server: {http_addr: "127.0.0.1:\($port)"}, trust_service: {type: "local", key_algorithm: "ed25519"},
           logging: {level: "error"}, storage: {backend: "memory"}}
        | '"${3:-.}" >"$TRUST/$name.json"
    if jq -e .server.tls_cert_file "$TRUST/$name.json" >/dev/null; then scheme=https; fi
    start "$name" notary-server -config "$TRUST/$name.json"
    NOTARY_URL=$scheme://127.0.0.1:$port
    ready "$name" 20 "$NOTARY_URL/_notary_server/health"
}

# Starts notary-signer, which keeps the keys of a server, and that server: the two know each other by certificates.
start_notary_with_signer() { # name, port, port of the signer
    local name=$1 port=$2 signer=$3
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=127.0.0.1' \
        -keyout "$TRUST/$name-peer.key" -out "$TRUST/$name-peer.csr" 2>/dev/null
    openssl x509 -req -in "$TRUST/$name-peer.csr" -CA "$CA" -CAkey "${CA%.crt}.key" -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n') \
        -out "$TRUST/$name-peer.crt" 2>/dev/null
    jq -n --arg port "$signer" --arg peer "$TRUST/$name-peer" --arg ca "$CA" '{
        server: {grpc_addr: "127.0.0.1:\($port)", tls_cert_file: "\($peer).crt", tls_key_file: "\($peer).key",
            client_ca_file: $ca},
        logging: {level: "error"}, storage: {backend: "memory"}
    }' >"$TRUST/$name-signer.json"
    start "$name-signer" notary-signer -config "$TRUST/$name-signer.json"
    signer_listens() { ! running "$name-signer" || : <"/dev/tcp/127.0.0.1/$signer"; }
    wait_until 20 "$name-signer" signer_listens
    # shellcheck disable=SC2016  # jq's variables
    start_notary "$name" "$port" '(.trust_service = {type: "remote", hostname: "127.0.0.1", port: "'"$signer"'",
        key_algorithm: "ecdsa", tls_ca_file: $ca, tls_client_cert: "\($dir)/'"$name"'-peer.crt",
        tls_client_key: "\($dir)/'"$name"'-peer.key"})'
}

# Serves folders that `capture` filled, and sets NOTARY_URL.
start_files() { # name, port, folder
    start "$1" python3 "$E2E/notary_servers.py" files "$2" "$3"
    NOTARY_URL=http://127.0.0.1:$2
    ready "$1" 10 "$NOTARY_URL/v2/"
}

# Keeps what the server at NOTARY_URL says of a repository below a folder, where start_files serves it.
capture() { # GUN, folder
    metadata capture "$NOTARY_URL" "$1" "$2/$1" "$CA" || fail "could not capture $1"
}

# --- signing -------------------------------------------------------------------------------------------------

# The notary client of one person; it must succeed. What it says is shown if it does not.
notary_as() { # person, arguments of notary…
    local said
    said=$(notary -d "$TRUST/$1" -s "$NOTARY_URL" --tlscacert "$CA" "${@:2}" 2>&1 <<<yes) ||
        fail "notary, as $1, ${*:2}: $said"
}

# Makes a repository with the root key of this person. The server keeps its snapshot key, as docker has it.
new_repository() { # person, GUN
    notary_as "$1" init "$2" -p
    notary_as "$1" key rotate "$2" snapshot -r
}

# Writes the public key of the repository's root, which a configuration pins.
root_key() { # GUN, file
    curl -fsS --cacert "$CA" "$NOTARY_URL/v2/$1/_trust/tuf/root.json" >"$TRUST/root.json"
    metadata root-key "$TRUST/root.json" >"$2"
}

# Signs a tag for a digest. The size is not that of the image: nothing here looks at it.
vouch() { # person, image with tag, digest, [role]
    notary_as "$1" addhash "${2%:*}" "${2##*:}" 1234 --sha256 "${3#sha256:}" ${4:+-r "$4"} -p
}

revoke() { # person, image with tag, [role]
    notary_as "$1" remove "${2%:*}" "${2##*:}" ${3:+-r "$3"} -p
}

# Gives a person a key for delegations, in the files PERSON.key and PERSON.crt of $TRUST.
delegate_key() { # person, [kind and options of the key for openssl]…
    local person=$1
    shift
    [ $# != 0 ] || set -- ec -pkeyopt ec_paramgen_curve:P-256
    openssl req -x509 -newkey "$@" -nodes -subj "/CN=$person" -days 3650 \
        -keyout "$TRUST/$person.key" -out "$TRUST/$person.crt" 2>/dev/null
    notary_as "$person" key import "$TRUST/$person.key" --role user
}

# Lets a person sign in the name of a role.
delegate() { # owner, GUN, role, person, [path that names must begin with]
    if [ $# -gt 4 ]; then
        notary_as "$1" delegation add "$2" "$3" "$TRUST/$4.crt" --paths "$5" -p
    else
        notary_as "$1" delegation add "$2" "$3" "$TRUST/$4.crt" --all-paths -p
    fi
}

# --- configurations ------------------------------------------------------------------------------------------

# A text or file as one line of YAML.
yaml_text() { jq -Rs . "$@"; }

# Writes a configuration and sets CONFIG to it: images of $REGISTRY/notary and $DEAD_REGISTRY/notary must be signed under this
# root key, at the server of NOTARY_URL. WITH are further options of the rule, the lines further fields of the validator.
# Nothing is remembered of names or refusals, so that each answer shows what the server says now. Further:
# OTHER_ROOTS=FILE… are trust roots that are named like the files, NAMED_HOST is an entry of `registries`.
trust() { # name, root key, [with], [line]…
    local host line
    CONFIG=$E2E_WORK/$CASE-$1.yaml
    {
        printf 'validators:\n  - name: trust\n    type: notaryv1\n    host: %s\n' "$NOTARY_URL"
        for line in "${@:4}"; do printf '    %s\n' "$line"; done
        printf '    trustRoots:\n      - {name: default, key: %s}\n' "$(yaml_text "$2")"
        for line in ${OTHER_ROOTS:-}; do
            printf '      - {name: %s, key: %s}\n' "$(basename "$line" .pub)" "$(yaml_text "$line")"
        done
        echo "policy:"
        for host in "$REGISTRY" "$DEAD_REGISTRY"; do
            printf '  - {pattern: "%s/notary/*", validator: trust, with: {%s}}\n' "$host" "${3:-trustRoot: default}"
        done
        if [ -n "${NAMED_HOST:-}" ]; then printf 'registries:\n  - {%s}\n' "$NAMED_HOST"; fi
        echo "server: {drainDelay: 0s}"
        echo "cache: {nameMaxAge: 0s}"
    } >"$CONFIG"
}

# Starts a server with CONFIG and routes the namespaces of its name to it.
serve() { # name
    start_connaisseur "$1" "$CONFIG"
    install_webhooks "$1" "$SERVER_URL"
}

# --- verdicts ------------------------------------------------------------------------------------------------

# Judges an image by CONFIG in a process of its own, which remembers nothing. Leaves the JSON in OUT.
judge() { # exit code, image
    local code=0
    OUT=$("$CONNAISSEUR_BIN" verify --config "$CONFIG" --secrets-dir "$E2E_WORK/secrets" -o json "$2" \
        2>"$E2E_WORK/verify.err") || code=$?
    say "verify $2 by $(basename "$CONFIG"): exit $code: $OUT $(cat "$E2E_WORK/verify.err")"
    [ "$code" = "$1" ] || fail "verify $2 by $(basename "$CONFIG") ended with $code, not $1"
}

verified() { # image, digest
    judge 0 "$1"
    jq -e --arg digest "$2" '.[0] | .verdict == "verified" and .digest == $digest' <<<"$OUT" >/dev/null ||
        fail "$1 was not verified as $2"
}

# The reason is a word or several with | between them, where either is right.
refused() { # verdict, reason, image
    jq -e --arg verdict "$1" --arg reason "^($2)$" '.[0] | .verdict == $verdict and (.reason | test($reason))' \
        <<<"$OUT" >/dev/null || fail "$3 was not $1 as $2"
}

rejected() { # reason, image
    judge 1 "$2"
    refused rejected "$1" "$2"
}

inconclusive() { # reason, image
    judge 3 "$2"
    refused inconclusive "$1" "$2"
}

# Several requests of one judgement may open the breaker before the last of them is made.
unreachable() { inconclusive 'registry-unreachable|registry-breaker-open' "$1"; } # image
