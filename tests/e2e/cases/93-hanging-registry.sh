# shellcheck shell=bash
# A registry that takes the request and never answers: the denial comes before the API server gives up on us, so that a
# person reads which image it was and not that a webhook timed out.
source "$(dirname "$0")/../lib.sh"

port=$(free_ports 1)
hanging=127.0.0.1:$port
start_hanging_registry hanging "$port"
EXTRA_REGISTRIES=$hanging server hang
new_namespace ns hang

image=$hanging/p256/app:v1
begin=$SECONDS
pod slow "$image" | expect_denied "$(literally "$image")" 'inconclusive'
say "denied after $((SECONDS - begin)) s; the API server waits 10 s"

# The good image of another registry beside it is not to blame, and requests for it alone are not held up.
signed_image p256 good
pod beside "$IMAGE" "$image" | expect_denied "$(literally "$image")" 'inconclusive'
pod alone "$IMAGE" | expect_admitted
expect_field pod/alone '{.spec.containers[0].image}' "$PINNED"
