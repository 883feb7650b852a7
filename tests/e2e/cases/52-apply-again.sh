# shellcheck shell=bash
# People apply the same manifest, with a tag in it, again and again. The stored object has a digest, so kubectl asks to
# write the tag back; it must be pinned as before, or every run of a pipeline would roll the workload out anew.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 app

# Applies a manifest twice; the stored image must be the pinned one and the object's generation stay what it was.
twice() { # kind, path of the pod template, kubectl apply's flags…
    local kind=$1 path=$2 before
    shift 2
    workload "$kind" app "$IMAGE" >"$E2E_WORK/$CASE.json"
    k apply "$@" -f "$E2E_WORK/$CASE.json"
    expect_field "$kind/app" "{$path.spec.containers[0].image}" "$PINNED"
    before=$(k get "$kind/app" -o 'jsonpath={.metadata.generation}')
    k apply "$@" -f "$E2E_WORK/$CASE.json"
    expect_field "$kind/app" "{$path.spec.containers[0].image}" "$PINNED"
    expect_field "$kind/app" '{.metadata.generation}' "$before"
    k delete "$kind/app" --wait=false >/dev/null
}

for flags in --server-side=false --server-side; do
    twice Deployment .spec.template "$flags"
    twice StatefulSet .spec.template "$flags"
    twice CronJob .spec.jobTemplate.spec.template "$flags"
done

pod app "$IMAGE" >"$E2E_WORK/$CASE.json"
k apply -f "$E2E_WORK/$CASE.json"
k apply -f "$E2E_WORK/$CASE.json"
expect_field pod/app '{.spec.containers[0].image}' "$PINNED"

# A Job's template is immutable: the tag must come back as the digest that is stored, or apply fails.
twice Job .spec.template --server-side=false
