# shellcheck shell=bash
# An owner has one root key for all repositories. What was signed for one of them is not signed for another, though whoever
# stands between us and the notary may answer with it: the root's certificate names the repository.
source "$(dirname "$0")/../notary.sh"

start_notary "$CASE" "$(free_ports 1)"
push_image notary/app
gun=${IMAGE%:*} other=$REGISTRY/notary/$CASE-other
for name in "$gun" "$other"; do
    new_repository owner "$name"
    vouch owner "$name:v1" "$DIGEST"
    root_key "$name" "$TRUST/$(basename "$name").pub"
done
cmp "$TRUST/$(basename "$gun").pub" "$TRUST/$(basename "$other").pub" || fail "the repositories have not one root key"
# Signed for the other repository alone.
vouch owner "$other:debug" "$DIGEST"
capture "$gun" "$TRUST/files"
capture "$other" "$TRUST/files"

start_files "$CASE-files" "$(free_ports 1)" "$TRUST/files"
trust other "$TRUST/$(basename "$gun").pub"
verified "$gun:v1" "$DIGEST"
verified "$other:debug" "$DIGEST"
rejected not-in-targets "$gun:debug"

rm -rf "${TRUST:?}/files/$gun"
cp -r "$TRUST/files/$other" "$TRUST/files/$gun"
if said=$(notary -d "$TRUST/fresh" -s "$NOTARY_URL" lookup "$gun" debug 2>&1); then fail "the real client takes it"; fi
expect_words "$said" 'trusted root'
verified "$other:debug" "$DIGEST"
rejected '[a-z-]+' "$gun:debug"
rejected '[a-z-]+' "$gun:v1"
