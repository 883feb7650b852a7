# shellcheck shell=bash
# Notary v1 with the real server and client: what is signed is admitted and pinned, and a refusal says why.
source "$(dirname "$0")/../notary.sh"

start_notary "$CASE" "$(free_ports 1)"
push_image notary/app
v1=$IMAGE v1_digest=$DIGEST v1_pinned=$PINNED v1_by_digest=$BY_DIGEST gun=${IMAGE%:*}
push_image notary/app v2
v2=$IMAGE v2_digest=$DIGEST
push_image notary/app unsigned
unsigned=$IMAGE unsigned_by_digest=$BY_DIGEST
new_repository owner "$gun"
vouch owner "$v1" "$v1_digest"
vouch owner "$v2" "$v2_digest"
root_key "$gun" "$TRUST/root.pub"

trust notary "$TRUST/root.pub"
serve notary
new_namespace ns notary

pod tagged "$v1" | expect_admitted
expect_field pod/tagged '{.spec.containers[0].image}' "$v1_pinned"
# A digest is already pinned, and stays as its author wrote it.
pod by-digest "$v1_by_digest" | expect_admitted
expect_field pod/by-digest '{.spec.containers[0].image}' "$v1_by_digest"
pod tag-and-digest "$v1_pinned" | expect_admitted
expect_field pod/tag-and-digest '{.spec.containers[0].image}' "$v1_pinned"
workload Deployment two "$v1" "$v2" | expect_admitted
expect_field deployment/two '{.spec.template.spec.containers[*].image}' "$v1_pinned $v2@$v2_digest"

pod other-digest "$v1@$v2_digest" | expect_denied "$(literally "$v1@$v2_digest")" 'rejected'
pod unsigned "$unsigned" | expect_denied "$(literally "$unsigned")" 'rejected'
pod unsigned "$unsigned_by_digest" | expect_denied "$(literally "$unsigned_by_digest")" 'rejected'
untrusted=$REGISTRY/notary/$CASE-untrusted:v1
pod untrusted "$untrusted" | expect_denied "$(literally "$untrusted")" 'rejected'
pod beside "$v1" "$unsigned" | expect_denied "$(literally "$unsigned")" 'rejected'

# The reasons, from processes that remember nothing.
verified "$v1" "$v1_digest"
verified "$v1_by_digest" "$v1_digest"
verified "$v1_pinned" "$v1_digest"
# The tag beside a digest that is signed under another tag: what would run is signed, but not as what it claims to be.
rejected digest-differs "$v1@$v2_digest"
rejected not-in-targets "$unsigned"
rejected not-in-targets "$unsigned_by_digest"
rejected no-trust-data "$untrusted"

# The registry is not asked: what the signer said is enough.
nowhere=$DEAD_REGISTRY/notary/$CASE-app:v1
notary_as owner init "${nowhere%:*}" -p
vouch owner "$nowhere" "$v1_digest"
verified "$nowhere" "$v1_digest"

# Another repository of the same owner has the same root key, and other targets.
rejected not-in-targets "${nowhere%:*}:v2"

# A root key that is not the repository's.
openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl ec -pubout >"$TRUST/other.pub" 2>/dev/null
trust wrong-key "$TRUST/other.pub"
rejected wrong-root-key "$v1"
rejected wrong-root-key "$v1_by_digest"
rejected no-trust-data "$untrusted"
# Of several trust roots, a rule names one, or means all.
OTHER_ROOTS=$TRUST/other.pub
trust two-roots "$TRUST/root.pub"
verified "$v1" "$v1_digest"
trust other-root "$TRUST/root.pub" 'trustRoot: other'
rejected wrong-root-key "$v1"
trust all-roots "$TRUST/root.pub" 'trustRoot: "*"'
rejected wrong-root-key "$v1"
OTHER_ROOTS=''

# A tag that is signed again for another digest means that one, and its first digest is signed no more.
trust notary "$TRUST/root.pub"
vouch owner "$v1" "$v2_digest"
verified "$v1" "$v2_digest"
rejected digest-differs "$v1_pinned"
rejected not-in-targets "$v1_by_digest"
pod moved "$v1" | expect_admitted
expect_field pod/moved '{.spec.containers[0].image}' "$v1@$v2_digest"

# A signature that was taken back counts no more; the digest is still signed under the other tag.
revoke owner "$v1"
rejected not-in-targets "$v1"
verified "$v2" "$v2_digest"
pod revoked "$v1" | expect_denied "$(literally "$v1")" 'rejected'
pod still "$v2" | expect_admitted

# All trust data of the repository is deleted.
notary_as owner delete "$gun" --remote
rejected no-trust-data "$v2"
