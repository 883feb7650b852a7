# shellcheck shell=bash
# Updates of Pods that leave the images alone are admitted, whatever became of the signatures; a changed image is judged.
source "$(dirname "$0")/../lib.sh"

new_namespace ns default
signed_image p256 app
pod app "$IMAGE" | expect_admitted
images delete "${IMAGE%:*}:${DIGEST/:/-}.sig"
k annotate pod app note=changed
k label pod app stage=test
expect_field pod/app '{.spec.containers[0].image}' "$PINNED"

# A Pod from before the webhook, with an image that nobody signed.
new_namespace older
push_image p256/unsigned
bad=$IMAGE
pod older "$bad" | k create -f - >/dev/null
pod held "$bad" | jq '.metadata.finalizers = ["connaisseur.test/hold"]' | k create -f - >/dev/null
watch_namespace default
k annotate pod older note=changed
expect_field pod/older '{.spec.containers[0].image}' "$bad"

signed_image p256 next
k set image pod/older "c0=$IMAGE"
expect_field pod/older '{.spec.containers[0].image}' "$PINNED"
if said=$(k set image pod/older "c0=$bad" 2>&1); then fail "was admitted: $said"; fi
expect_words "$said" 'denied the request' "$(literally "$bad")" 'no signature'

# Unchanged containers do not cover a new one.
if said=$(k debug older --image="$bad" --container=new --attach=false --profile=general 2>&1); then
    fail "was admitted: $said"
fi
expect_words "$said" 'denied the request' "$(literally "$bad")"

# An object that is being deleted can lose its finalizer, but cannot change its image on the way.
k delete pod held --wait=false >/dev/null
if said=$(k set image pod/held "c0=$REGISTRY/p256/never-pushed:v1" 2>&1); then fail "was admitted: $said"; fi
expect_words "$said" 'denied the request' never-pushed
k patch pod held --type=merge -p '{"metadata":{"finalizers":null}}'
gone() { ! k get pod held; }
wait_until 10 "the end of the Pod held" gone
