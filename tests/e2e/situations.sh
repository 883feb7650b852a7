# shellcheck shell=bash
# The situations that `record` makes, in the order of their file names' kinds. Sourced by record.

digest=sha256:2d5c8f4b0d7f0c1e6a9b3a4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80
newer=sha256:7f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0

# --- Pod: creation -------------------------------------------------------------------------------------------

manifest pod <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: plain, labels: {app: plain}}
spec:
  containers: [{name: app, image: "registry.example.test/team/app:v1", resources: {requests: {cpu: 5m}}}]
Y
take pod-create CREATE create pod

manifest hub <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: hub}
spec: {containers: [{name: web, image: nginx}, {name: cache, image: "redis:7"}, {name: tool, image: "org/tool"}]}
Y
take pod-create-docker-hub-short-names CREATE create hub

manifest digest <<Y
apiVersion: v1
kind: Pod
metadata: {name: digest}
spec:
  containers:
    - {name: by-digest, image: "registry.example.test/team/app@$digest"}
    - {name: tag-and-digest, image: "registry.example.test:5000/team/app:v1@$digest"}
Y
take pod-create-digest CREATE create digest

manifest init <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: init}
spec:
  initContainers:
    - {name: migrate, image: "registry.example.test/team/migrate:v1", command: [migrate]}
    - {name: sidecar, image: "registry.example.test/team/sidecar:v1", restartPolicy: Always}
  containers: [{name: app, image: "registry.example.test/team/app:v1"}]
Y
take pod-create-init-containers CREATE create init

manifest volume <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: volume}
spec:
  containers:
    - name: app
      image: registry.example.test/team/app:v1
      volumeMounts: [{name: model, mountPath: /model}, {name: scratch, mountPath: /scratch}]
  volumes:
    - {name: scratch, emptyDir: {}}
    - {name: model, image: {reference: "registry.example.test/team/model:v1", pullPolicy: IfNotPresent}}
Y
take pod-create-image-volume CREATE create volume

manifest many <<Y
apiVersion: v1
kind: Pod
metadata: {name: many}
spec:
  initContainers:
$(for i in $(seq 1 10); do echo "    - {name: init-$i, image: \"registry.example.test/team/init:v$((i % 3))\"}"; done)
  containers:
$(for i in $(seq 1 40); do echo "    - {name: app-$i, image: \"registry.example.test/team/app-$((i % 20)):v1\"}"; done)
Y
take pod-create-many-containers CREATE create many

manifest generated <<'Y'
apiVersion: v1
kind: Pod
metadata: {generateName: generated-}
spec: {containers: [{name: app, image: "registry.example.test/team/app:v1"}]}
Y
take pod-create-generate-name CREATE create generated

take pod-create-dry-run CREATE k run dry --image=registry.example.test/team/app:v1 --dry-run=server
take pod-create-run CREATE k run run --image=registry.example.test/team/app:v1
take pod-create-validating CREATE:validate k run seen --image=registry.example.test/team/app:v1

# Go writes < > & in strings as \u003c \u003e \u0026 and U+2028 as \u2028; an image in an annotation must not be
# taken for one of the Pod.
manifest escapes <<'Y'
apiVersion: v1
kind: Pod
metadata:
  name: escapes
  annotations:
    example.test/quotes: "a \"quoted\" word, a back\\slash, a\ttab, a\nline"
    example.test/markup: "<b>&amp;</b> 'single'"
    example.test/unicode: "Grüße 世界 😀 \u2028 \u0007 \u007f"
    example.test/json: '{"spec":{"containers":[{"name":"app","image":"annotation.example.test/decoy:v1"}]}}'
spec:
  containers:
    - name: app
      image: "registry.example.test/team/app:v1"
      command: ["sh", "-c", "[ \"$A\" < 1 ] && echo \"<é>\\n\" > /dev/null"]
      env: [{name: IMAGE, value: "env.example.test/decoy:v1"}, {name: EMPTY, value: ""}]
Y
take pod-create-escapes CREATE create escapes

# An image is any text to the API server: no webhook may rely on it to be a reference.
manifest odd <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: odd}
spec:
  containers:
    - {name: upper, image: "Registry.Example.test/Team/App:V1"}
    - {name: markup, image: "<script>&\"\u00e9"}
    - {name: traversal, image: "registry.example.test/../team/app:v1"}
Y
take pod-create-invalid-references CREATE create odd

manifest applied <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: applied, labels: {app: applied}, namespace: reviews}
spec: {containers: [{name: app, image: "registry.example.test/team/app:v1"}]}
Y
take pod-create-server-side-apply CREATE k apply --server-side --field-manager=ci -f "$manifests/applied.yaml"

# --- Pod: update ---------------------------------------------------------------------------------------------

take pod-update-label UPDATE k label pod plain stage=test
take pod-update-image UPDATE k set image pod/plain app=registry.example.test/team/app:v2
take pod-update-dry-run UPDATE k set image pod/plain app=registry.example.test/team/app:v3 --dry-run=server
take pod-update-annotation-init-containers UPDATE k annotate pod init note=unchanged
take pod-update-image-one-of-two UPDATE k set image pod/init sidecar=registry.example.test/team/sidecar:v2
take pod-update-replace UPDATE k replace -f - <<<"$(k get pod plain -o json | jq '.metadata.labels.replaced = "yes"')"
take pod-update-server-side-apply UPDATE k apply --server-side --field-manager=ci -f - \
    <<<"$(sed 's/app:v1/app:v2/' "$manifests/applied.yaml")"

take pod-ephemeral-container UPDATE k debug plain --image=registry.example.test/team/debug:v1 \
    --container=debugger --attach=false --profile=general
take pod-ephemeral-container-second UPDATE k debug plain --image=registry.example.test/team/debug:v2 \
    --container=debugger-2 --attach=false --profile=general
take pod-update-label-ephemeral-container UPDATE k label pod plain after=debug
take pod-resize UPDATE k patch pod plain --subresource=resize --type=strategic \
    -p '{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"10m"}}}]}}'
take pod-status UPDATE k patch pod plain --subresource=status --type=merge -p '{"status":{"phase":"Running"}}'

# --- Pod: deletion, children ---------------------------------------------------------------------------------

manifest finalizer <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: finalizer, finalizers: [example.test/hold]}
spec: {containers: [{name: app, image: "registry.example.test/team/app:v1"}]}
Y
create finalizer >/dev/null
take pod-delete DELETE k delete pod finalizer --wait=false
take pod-update-deleting-image-changed UPDATE k set image pod/finalizer app=registry.example.test/team/app:v2
take pod-update-deleting-finalizer-removed UPDATE k patch pod finalizer --type=merge -p '{"metadata":{"finalizers":null}}'

# --- the kinds with a pod template ---------------------------------------------------------------------------

template() { # restart policy
    printf '{metadata: {labels: {app: x}}, spec: {restartPolicy: %s, initContainers: [%s], containers: [%s, %s]}}' "$1" \
        '{name: init, image: "registry.example.test/team/init:v1"}' \
        '{name: app, image: "registry.example.test/team/app:v1"}' \
        '{name: log, image: "registry.example.test/team/log:v1"}'
}

manifest deployment <<Y
{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 1, selector: {matchLabels: {app: x}}, template: $(template Always)}}
Y
manifest replicaset <<Y
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: x}, spec: {replicas: 1, selector: {matchLabels: {app: x}}, template: $(template Always)}}
Y
manifest daemonset <<Y
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x}, spec: {selector: {matchLabels: {app: x}}, template: $(template Always)}}
Y
manifest statefulset <<Y
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {serviceName: x, replicas: 1, selector: {matchLabels: {app: x}}, template: $(template Always)}}
Y
manifest replicationcontroller <<Y
{apiVersion: v1, kind: ReplicationController, metadata: {name: x}, spec: {replicas: 1, selector: {app: x}, template: $(template Always)}}
Y
manifest job <<Y
{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {template: $(template Never | sed 's/labels: {app: x}/labels: {job: x}/')}}
Y
manifest cronjob <<Y
{apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {schedule: "0 4 * * *", jobTemplate: {spec: {template: $(template OnFailure)}}}}
Y
manifest podtemplate <<Y
{apiVersion: v1, kind: PodTemplate, metadata: {name: x}, template: $(template Always)}
Y

for kind in deployment replicaset daemonset statefulset replicationcontroller cronjob; do
    take "$kind-create" CREATE create "$kind"
    take "$kind-update-label" UPDATE k label "$kind" x stage=test
    take "$kind-update-image" UPDATE k set image "$kind/x" app=registry.example.test/team/app:v2
done

take job-create CREATE create job
take job-update-label UPDATE k label job x stage=test
take job-update-suspend UPDATE k patch job x --type=merge -p '{"spec":{"suspend":true}}'

take podtemplate-create CREATE create podtemplate
take podtemplate-update-label UPDATE k label podtemplate x stage=test
take podtemplate-update-image UPDATE k patch podtemplate x --type=strategic \
    -p '{"template":{"spec":{"containers":[{"name":"app","image":"registry.example.test/team/app:v2"}]}}}'

# --- Deployment: the ways in which people change one ---------------------------------------------------------

manifest web <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {note: "<one> & \"two\""}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example.test/team/web:v1", ports: [{containerPort: 8080}]}]
      volumes: [{name: model, image: {reference: "registry.example.test/team/model:v1"}}]
Y
take deployment-create-apply CREATE apply web
sed -i 's/replicas: 1/replicas: 3/' "$manifests/web.yaml"
take deployment-update-replicas-apply UPDATE apply web
sed -i 's/web:v1/web:v2/' "$manifests/web.yaml"
take deployment-update-image-apply UPDATE apply web
take deployment-scale-subresource UPDATE k scale deployment web --replicas=5
take deployment-update-rollout-restart UPDATE k rollout restart deployment web
take deployment-update-container-renamed UPDATE k patch deployment web --type=json \
    -p '[{"op":"replace","path":"/spec/template/spec/containers/0/name","value":"renamed"}]'
take deployment-update-container-added UPDATE k patch deployment web --type=json \
    -p '[{"op":"add","path":"/spec/template/spec/containers/0","value":{"name":"first","image":"registry.example.test/team/first:v1"}}]'
take deployment-update-pinned UPDATE k set image deployment/web "renamed=registry.example.test/team/web:v2@$newer"
k patch deployment web --type=merge -p '{"metadata":{"finalizers":["example.test/hold"]}}' >/dev/null
k delete deployment web --wait=false >/dev/null
take deployment-update-deleting-finalizer-removed UPDATE k patch deployment web --type=merge -p '{"metadata":{"finalizers":null}}'

# What the ReplicaSet controller creates: the Pod of an owner, by the controller's own user.
uid=$(k get replicaset x -o 'jsonpath={.metadata.uid}')
kubectl create clusterrolebinding replicaset-controller --clusterrole=cluster-admin \
    --serviceaccount=kube-system:replicaset-controller >/dev/null
manifest child <<Y
apiVersion: v1
kind: Pod
metadata:
  generateName: x-
  labels: {app: x}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: x, uid: $uid, controller: true, blockOwnerDeletion: true}]
spec:
  containers:
    - {name: app, image: "registry.example.test/team/app:v2@$digest"}
    - {name: log, image: "registry.example.test/team/log:v1"}
Y
take pod-create-child-of-replicaset CREATE \
    k --as=system:serviceaccount:kube-system:replicaset-controller create -f "$manifests/child.yaml"

# --- what is no workload -------------------------------------------------------------------------------------

take configmap-create CREATE k create configmap data --from-literal=image=registry.example.test/team/app:v1
manifest foreign <<'Y'
apiVersion: apps.example.test/v1
kind: Deployment
metadata: {name: foreign}
spec: {template: {spec: {containers: [{name: app, image: "registry.example.test/team/app:v1"}]}}}
Y
take deployment-create-foreign-group CREATE create foreign
