# shellcheck shell=bash
# Every kind that runs containers: a signed image is pinned in its pod template, an unsigned one denied.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 good
good=$IMAGE pinned=$PINNED
push_image p256/bad
bad=$IMAGE

declare -A template=([PodTemplate]=.template [CronJob]=.spec.jobTemplate.spec.template)
for kind in Deployment ReplicaSet DaemonSet StatefulSet ReplicationController Job CronJob PodTemplate; do
    path=${template[$kind]:-.spec.template}
    workload "$kind" good "$good" | expect_admitted
    expect_field "$kind/good" "{$path.spec.containers[0].image}" "$pinned"
    workload "$kind" bad "$bad" | expect_denied "$(literally "$bad")" 'no signature'
    workload "$kind" bad "$good" | jq --arg image "$bad" \
        "$path.spec.initContainers = [{name: \"i0\", image: \$image}]" |
        expect_denied "$(literally "$bad")" 'no signature'
done

# A new image in an existing workload is judged as in a new one.
signed_image p256 next
k set image deployment/good "c0=$IMAGE"
expect_field deployment/good '{.spec.template.spec.containers[0].image}' "$PINNED"
if said=$(k set image deployment/good "c0=$bad" 2>&1); then fail "was admitted: $said"; fi
expect_words "$said" 'denied the request' "$(literally "$bad")" 'no signature'
expect_field deployment/good '{.spec.template.spec.containers[0].image}' "$PINNED"
