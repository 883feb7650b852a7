# shellcheck shell=bash
# A webhook configuration that routes more than we know does not let it pass: an unknown kind is denied, and so is a
# known kind of a group that is not its own.
source "$(dirname "$0")/../lib.sh"

new_namespace ns
kubectl label namespace "$NS" connaisseur.test/server=wide >/dev/null
push_image free/app

kubectl apply -f - >/dev/null <<'Y'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: deployments.apps.example.test}
spec:
  group: apps.example.test
  scope: Namespaced
  names: {kind: Deployment, plural: deployments, singular: deployment}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
Y
kubectl wait --for=condition=Established crd/deployments.apps.example.test --timeout=30s >/dev/null

wide='[{"apiGroups": ["", "apps.example.test"], "apiVersions": ["*"], "operations": ["CREATE"],
        "resources": ["configmaps", "pods", "deployments"]}]'
webhook_configuration Mutating wide wide "$DEFAULT_URL/mutate" "$wide" | kubectl apply -f - >/dev/null
watch_namespace wide

jq -n '{apiVersion: "v1", kind: "ConfigMap", metadata: {name: "data"}, data: {key: "value"}}' |
    expect_denied 'unknown workload kind' ConfigMap
workload Deployment foreign "$IMAGE" | jq '.apiVersion = "apps.example.test/v1"' |
    expect_denied 'unknown workload kind' Deployment

# The known kinds beside them still pass.
pod known "$IMAGE" | expect_admitted
kubectl delete mutatingwebhookconfiguration wide >/dev/null
