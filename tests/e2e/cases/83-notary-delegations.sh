# shellcheck shell=bash
# Delegations: who must have signed, and what counts where a rule names nobody. All metadata is made by the real client, in
# the folder of keys of the person who signs.
source "$(dirname "$0")/../notary.sh"

start_notary "$CASE" "$(free_ports 1)"
push_image notary/app
gun=${IMAGE%:*} one=$DIGEST
push_image notary/app second
two=$DIGEST
new_repository owner "$gun"
root_key "$gun" "$TRUST/root.pub"

# Writes the configuration under which these delegations must have signed.
wants() { trust "wants-$(tr -c 'a-z\n' '-' <<<"$1")" "$TRUST/root.pub" "trustRoot: default, delegations: [$1]"; }
nobody() { trust wants-nobody "$TRUST/root.pub"; }

# A repository without delegations, where some are wanted.
vouch owner "$gun:owner" "$one"
nobody
verified "$gun:owner" "$one"
wants alice
rejected no-delegations "$gun:owner"

for person in alice bob carol limited nested releases; do delegate_key $person; done
for person in alice bob carol; do delegate owner "$gun" targets/$person $person; done
delegate owner "$gun" targets/limited limited rel-
vouch alice "$gun:alice" "$one" targets/alice
vouch alice "$gun:both" "$one" targets/alice
vouch bob "$gun:both" "$one" targets/bob
vouch alice "$gun:conflict" "$one" targets/alice
vouch bob "$gun:conflict" "$two" targets/bob
vouch limited "$gun:rel-1" "$one" targets/limited

# Nobody is named and there is no targets/releases: the owner's own role counts.
nobody
verified "$gun:owner" "$one"
rejected not-in-targets "$gun:alice"

wants alice
verified "$gun:alice" "$one"
verified "$gun:conflict" "$one"
rejected not-in-targets "$gun:owner"
rejected not-in-targets "$gun@$two"
wants targets/alice
verified "$gun:alice" "$one"
# All who are named must have signed, and for one digest.
wants 'alice, bob'
verified "$gun:both" "$one"
verified "$gun@$one" "$one"
verified "$gun:both@$one" "$one"
rejected digest-differs "$gun:both@$two"
rejected not-in-targets "$gun:alice"
rejected digest-conflict "$gun:conflict"
serve delegations
new_namespace ns delegations
pod both "$gun:both" | expect_admitted
expect_field pod/both '{.spec.containers[0].image}' "$gun:both@$one"
pod alice "$gun:alice" | expect_denied "$(literally "$gun:alice")" 'rejected' 'bob'
pod conflict "$gun:conflict" | expect_denied "$(literally "$gun:conflict")" 'rejected'

# Carol has a role and has never signed, nobody has heard of dave.
wants carol
rejected delegation-unsigned "$gun:both"
wants 'alice, carol'
rejected delegation-unsigned "$gun:both"
wants 'alice, dave'
rejected delegation-not-found "$gun:both"

# A role whose names must begin with rel-.
wants limited
verified "$gun:rel-1" "$one"
rejected not-in-targets "$gun:both"

# What alice lets others sign in her name.
delegate alice "$gun" targets/alice/nested nested
vouch nested "$gun:nested" "$one" targets/alice/nested
wants alice/nested
verified "$gun:nested" "$one"
rejected not-in-targets "$gun:alice"

# With targets/releases, nothing else counts where a rule names nobody, once it has signed.
delegate owner "$gun" targets/releases releases
nobody
verified "$gun:owner" "$one"
vouch releases "$gun:released" "$one" targets/releases
verified "$gun:released" "$one"
rejected not-in-targets "$gun:owner"
wants alice
verified "$gun:alice" "$one"

# Bob takes his signature back.
revoke bob "$gun:both" targets/bob
wants 'alice, bob'
rejected not-in-targets "$gun:both"
pod revoked "$gun:both" | expect_denied "$(literally "$gun:both")" 'rejected'
vouch bob "$gun:both" "$one" targets/bob
verified "$gun:both" "$one"

# Bob gets another key: what he signed with the old one counts no more, until the new one stands for it.
old=$(notary -d "$TRUST/bob" key list | awk '/private/ {print $(NF - 1)}')
delegate_key bob-again
delegate owner "$gun" targets/bob bob-again
notary_as owner delegation remove "$gun" targets/bob "$old" -p
rejected insufficient-signatures "$gun:both"
wants alice
verified "$gun:both" "$one"
notary_as bob-again witness "$gun" targets/bob -p
wants 'alice, bob'
verified "$gun:both" "$one"

# The owner takes alice's role away: the server still has her file, and its snapshot still vouches for it.
notary_as owner delegation remove "$gun" targets/alice
notary_as owner publish "$gun"
curl -fsS "$NOTARY_URL/v2/$gun/_trust/tuf/snapshot.json" | jq -e '.signed.meta["targets/alice"]' >/dev/null ||
    fail "the snapshot does not list targets/alice any more: this case proves less than it says"
wants alice
rejected delegation-not-found "$gun:alice"
wants 'alice, bob'
rejected delegation-not-found "$gun:both"
wants alice/nested
rejected delegation-not-found "$gun:nested"
pod removed "$gun:both" | expect_denied "$(literally "$gun:both")" 'rejected' 'alice'
wants bob
verified "$gun:both" "$one"
