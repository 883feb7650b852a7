# shellcheck shell=bash
# Metadata that has expired, is damaged, or is older than what was seen. It is that of the real tools, served from files;
# where the real server would not make it, it is signed anew with the repository's own keys. The real client is asked first.
source "$(dirname "$0")/../notary.sh"

start_notary "$CASE" "$(free_ports 1)"
push_image notary/app
gun=${IMAGE%:*}
delegate_key alice
notary_as owner key import "$TRUST/alice.key" --role user
delegate_key limited
notary_as owner key import "$TRUST/limited.key" --role user
# The snapshot's key stays with the client, so that snapshots can be signed anew.
notary_as owner init "$gun" -p
vouch owner "$IMAGE" "$DIGEST"
root_key "$gun" "$TRUST/root.pub"
capture "$gun" "$TRUST/first"
vouch owner "$gun:v2" "$DIGEST"
capture "$gun" "$TRUST/plain"
delegate owner "$gun" targets/alice alice
delegate owner "$gun" targets/limited limited rel-
vouch owner "$gun:alice" "$DIGEST" targets/alice
vouch owner "$gun:rel-1" "$DIGEST" targets/limited
capture "$gun" "$TRUST/delegations"
stop "$CASE"

port=$(free_ports 1)
tuf=$TRUST/served/$gun
mkdir -p "$TRUST/served"
start_files "$CASE-files" "$port" "$TRUST/served"
trust plain "$TRUST/root.pub"
plain=$CONFIG
wants() { trust "wants-$1" "$TRUST/root.pub" "trustRoot: default, delegations: [$1]"; }

# Serves what was captured, with changes that are signed anew.
serves() { # folder, [change]…
    rm -rf "$TRUST/served/${gun%%/*}"
    cp -r "$TRUST/$1/." "$TRUST/served/"
    if [ $# -gt 1 ]; then metadata resign "$tuf" "$TRUST/owner/private" "${@:2}" || fail "could not sign anew: $*"; fi
}
# A client that has never seen the repository; it must agree.
fresh_client() { rm -rf "$TRUST/fresh" && notary -d "$TRUST/fresh" -s "$NOTARY_URL" "$@" 2>&1; }
client_accepts() { fresh_client lookup "$gun" "$1" || fail "the real client refuses $1"; }
client_refuses() { # tag, what it says
    local said
    if said=$(fresh_client lookup "$gun" "$1"); then fail "the real client accepts $1"; fi
    expect_words "$said" "$2"
}

serves plain
client_accepts v1
verified "$IMAGE" "$DIGEST"
# Signed anew and otherwise the same: it is the changes that matter below.
serves plain timestamp=1
client_accepts v1
verified "$IMAGE" "$DIGEST"

# --- expired -------------------------------------------------------------------------------------------------

for role in timestamp snapshot targets root; do
    serves plain "$role=-1"
    client_refuses v1 'expired'
    rejected "$role-expired" "$IMAGE"
    rejected "$role-expired" "$gun@$DIGEST"
done
serves delegations targets/alice=-1
wants alice
client_refuses alice 'expired|No trust data|not found|does not exist'
rejected delegation-expired "$gun:alice"
wants limited
verified "$gun:rel-1" "$DIGEST"
CONFIG=$plain
verified "$IMAGE" "$DIGEST"

serve expired
new_namespace ns expired
serves plain timestamp=-0.001
pod expired "$IMAGE" | expect_denied "$(literally "$IMAGE")" 'rejected' 'expired'

# --- damaged -------------------------------------------------------------------------------------------------

# The file of a role that was captured, by the checksum in its name.
file_of() { # role
    echo "$tuf/$1".????????????????????????????????????????????????????????????????.json
}
# Other bytes than those that were vouched for are none that the signer made: shorter, longer, or just different.
changes='s/"version"/"versio"/ s/"version"/"versions"/ s/"expires":"2/"expires":"3/'
for change in $changes; do
    for role in snapshot targets; do
        serves plain
        sed -i "$change" "$(file_of $role)"
        inconclusive 'digest-mismatch|too-large' "$IMAGE"
    done
    # The root has other names beside that with its checksum.
    serves plain
    sed -i "$change" "$tuf"/*root*.json
    client_refuses v1 'root'
    rejected 'malformed-trust-data|insufficient-signatures|hash-mismatch|wrong-length' "$IMAGE"
done
serves plain
# Changed without a hash to betray it: only the signature does.
sed -i 's/"expires":"2/"expires":"3/' "$tuf/timestamp.json"
client_refuses v1 'signature|threshold'
rejected insufficient-signatures "$IMAGE"
for text in '' 'not json' '{}' '[]' '{"signed":{},"signatures":[]}'; do
    serves plain
    printf '%s' "$text" >"$tuf/timestamp.json"
    rejected 'malformed-trust-data|insufficient-signatures' "$IMAGE"
done
for role in timestamp snapshot targets root; do
    serves plain "$role#2"
    client_refuses v1 'signature|threshold|integrity of roots'
    rejected 'insufficient-signatures|malformed-trust-data' "$IMAGE"
done

# A role that signs names beside its path; the real client passes over what it may not sign.
serves delegations "targets/limited+v9:${DIGEST#sha256:}"
client_refuses v9 'No trust data|not found|does not exist|No valid'
wants limited
rejected delegation-path "$gun:v9"
verified "$gun:rel-1" "$DIGEST"
CONFIG=$plain
rejected not-in-targets "$gun:v9"

# --- older ---------------------------------------------------------------------------------------------------

# A process that has seen the second timestamp takes the first no more; one that has seen nothing cannot know.
trust rollback "$TRUST/root.pub"
serve rollback
new_namespace rollback rollback
serves first
pod first "$IMAGE" | expect_admitted
pod too-early "$gun:v2" | expect_denied "$(literally "$gun:v2")" 'rejected'
serves plain
pod second "$gun:v2" | expect_admitted
serves first
pod older "$gun:v1" | expect_denied "$(literally "$IMAGE")" 'rejected' 'older|rollback|back'
verified "$IMAGE" "$DIGEST"
serves plain
pod again "$IMAGE" | expect_admitted

# Files of both times together: the hashes do not fit.
serves plain
cp "$TRUST/first/$gun"/targets.*.json "$(file_of targets)"
inconclusive digest-mismatch "$IMAGE"
serves plain
cp "$TRUST/first/$gun/snapshot.json" "$(file_of snapshot)"
inconclusive digest-mismatch "$IMAGE"
