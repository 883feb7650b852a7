# shellcheck shell=bash
# A Job's template is immutable, so the tag that `kubectl apply` writes back must become the stored digest again: without
# that patch the API server refuses to apply a manifest a second time that it took the first time.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 app
applies_again Job .spec.template --server-side=false
applies_again Job .spec.template --server-side

# A Job from before the webhook, whose image stands there without a digest, is left as it is: to pin it now would change
# what cannot be changed.
new_namespace older
workload Job older "$IMAGE" >"$E2E_WORK/$CASE.json"
k apply -f "$E2E_WORK/$CASE.json"
watch_namespace default
k label job older stage=test
k apply -f "$E2E_WORK/$CASE.json"
expect_field job/older '{.spec.template.spec.containers[0].image}' "$IMAGE"
