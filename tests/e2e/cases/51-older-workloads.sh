# shellcheck shell=bash
# Workloads older than the webhook can be scaled and labelled; for templates the feature automaticUnchangedApproval
# decides, so the same steps run against a server with it and against one without.
source "$(dirname "$0")/../lib.sh"

push_image p256/unsigned
bad=$IMAGE
server unchanged automaticUnchangedApproval=true

new_namespace with
workload Deployment older "$bad" | k create -f - >/dev/null
watch_namespace unchanged
k scale deployment older --replicas=2
k patch deployment older --type=merge -p '{"spec":{"replicas":3}}'
k label deployment older stage=test
k rollout restart deployment older
expect_field deployment/older '{.spec.replicas} {.spec.template.spec.containers[0].image}' "3 $bad"
push_image p256/unsigned v2
if said=$(k set image deployment/older "c0=$IMAGE" 2>&1); then fail "was admitted: $said"; fi
expect_words "$said" 'denied the request' "$(literally "$IMAGE")" 'no signature'
# The same image under another container name is not the one that stood there.
if said=$(k patch deployment older --type=json -p "$(jq -nc --arg image "$bad" \
    '[{op: "add", path: "/spec/template/spec/containers/-", value: {name: "extra", image: $image}}]')" 2>&1); then
    fail "was admitted: $said"
fi
expect_words "$said" 'denied the request' "$(literally "$bad")"

# Without the feature only the scale subresource passes, which carries no template.
new_namespace without
workload Deployment older "$bad" | k create -f - >/dev/null
watch_namespace default
k scale deployment older --replicas=2
if said=$(k label deployment older stage=test 2>&1); then fail "was admitted: $said"; fi
expect_words "$said" 'denied the request' "$(literally "$bad")" 'no signature'
