# shellcheck shell=bash
# Keys are rotated: a root key that was pinned before leads to the newest one by the numbered roots, and only by them.
source "$(dirname "$0")/../notary.sh"

start_notary "$CASE" "$(free_ports 1)"
push_image notary/app
notary_as owner init "${IMAGE%:*}" -p
gun=${IMAGE%:*}
vouch owner "$IMAGE" "$DIGEST"
root_key "$gun" "$TRUST/old.pub"
trust old "$TRUST/old.pub"
serve rotation
new_namespace ns rotation
pod before "$IMAGE" | expect_admitted

notary_as owner key rotate "$gun" root
root_key "$gun" "$TRUST/middle.pub"
trust old "$TRUST/old.pub"
verified "$IMAGE" "$DIGEST"
trust middle "$TRUST/middle.pub"
verified "$IMAGE" "$DIGEST"

# The other keys: each makes a new root as well.
notary_as owner key rotate "$gun" snapshot -r
notary_as owner key rotate "$gun" targets
notary_as owner key rotate "$gun" timestamp -r
verified "$IMAGE" "$DIGEST"
notary_as owner key rotate "$gun" root
root_key "$gun" "$TRUST/new.pub"
for key in old middle new; do
    trust $key "$TRUST/$key.pub"
    verified "$IMAGE" "$DIGEST"
done
# The process that has seen the first root follows, too.
pod after "$IMAGE" | expect_admitted
expect_field pod/after '{.spec.containers[0].image}' "$PINNED"

# Somebody else makes a repository of that name: no chain leads there.
capture "$gun" "$TRUST/genuine"
stop "$CASE"
start_notary "$CASE" "$(free_ports 1)"
notary_as thief init "$gun" -p
vouch thief "$IMAGE" "$DIGEST"
for key in old middle new; do
    trust $key "$TRUST/$key.pub"
    rejected wrong-root-key "$IMAGE"
done
capture "$gun" "$TRUST/stolen"

# A server that has no numbered roots: the newest key needs none, the older ones have no way there.
files=$(free_ports 1)
start_files "$CASE-files" "$files" "$TRUST/served"
serves() { # folder
    rm -rf "$TRUST/served"
    cp -r "$TRUST/$1" "$TRUST/served"
}
tuf=$TRUST/served/$gun
serves genuine
for key in old middle new; do
    trust $key "$TRUST/$key.pub"
    verified "$IMAGE" "$DIGEST"
done
rm "$tuf"/[0-9]*.root.json
verified "$IMAGE" "$DIGEST"
for key in old middle; do
    trust $key "$TRUST/$key.pub"
    rejected wrong-root-key "$IMAGE"
done

# One link is missing, or is another's, or is an older one under a newer name.
newest=$(jq .signed.version "$TRUST/genuine/$gun/root.json")
trust old "$TRUST/old.pub"
serves genuine
rm "$tuf/2.root.json"
rejected wrong-root-key "$IMAGE"
serves genuine
cp "$TRUST/stolen/$gun/1.root.json" "$tuf/2.root.json"
rejected broken-root-chain "$IMAGE"
serves genuine
cp "$tuf/1.root.json" "$tuf/2.root.json"
rejected broken-root-chain "$IMAGE"
# Nothing of the past is needed by the newest key.
trust new "$TRUST/new.pub"
verified "$IMAGE" "$DIGEST"

# The thief's metadata behind the genuine numbered roots.
serves stolen
for version in $(seq 1 "$newest"); do cp "$TRUST/genuine/$gun/$version.root.json" "$tuf/"; done
for key in old middle new; do
    trust $key "$TRUST/$key.pub"
    rejected wrong-root-key "$IMAGE"
done
