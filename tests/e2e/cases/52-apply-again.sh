# shellcheck shell=bash
# People apply the same manifest, with a tag in it, again and again. The stored object has a digest, so kubectl asks to
# write the tag back; it must be pinned as before, or every run of a pipeline would roll the workload out anew.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 app

for flags in --server-side=false --server-side; do
    applies_again Deployment .spec.template "$flags"
    applies_again StatefulSet .spec.template "$flags"
    applies_again CronJob .spec.jobTemplate.spec.template "$flags"
done

pod app "$IMAGE" >"$E2E_WORK/$CASE.json"
k apply -f "$E2E_WORK/$CASE.json"
k apply -f "$E2E_WORK/$CASE.json"
expect_field pod/app '{.spec.containers[0].image}' "$PINNED"
