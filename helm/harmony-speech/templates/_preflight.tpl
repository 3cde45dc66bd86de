{{/*
What a live cluster would refuse, read before anything is created. `lookup` finds nothing where there is
no cluster, and then nothing is judged. A finding is {what, fix}: one sentence and one command.
*/}}

{{/* Findings that stop an install. */}}
{{- define "harmony-speech.preflight" -}}
{{- $findings := concat
  (include "harmony-speech.versionFindings" . | fromJsonArray)
  (include "harmony-speech.knativeFindings" . | fromJsonArray)
  (include "harmony-speech.quotaFindings" . | fromJsonArray)
  (include "harmony-speech.secretFindings" . | fromJsonArray)
  (include "harmony-speech.volumeFindings" . | fromJsonArray) -}}
{{- if $findings -}}
{{- fail (printf "\nThis cluster would not run these values. checkApis: false installs all the same.%s" (include "harmony-speech.findings" $findings)) -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.findings" -}}
{{- range . }}
- {{ .what }}
    {{ .fix }}
{{- end }}
{{- end }}

{{/* A ConfigMap of Knative as a map, empty if it cannot be seen. Argument: its name. */}}
{{- define "harmony-speech.knativeConfig" -}}
{{- $config := lookup "v1" "ConfigMap" "knative-serving" . -}}
{{- dict "found" (not (empty $config)) "data" (dig "data" dict $config) | toJson -}}
{{- end }}

{{/* Arguments: name (of a ConfigMap of Knative), data. */}}
{{- define "harmony-speech.patchKnative" -}}
kubectl patch configmap/{{ .name }} -n knative-serving --type merge -p '{{ dict "data" .data | toJson }}'
{{- end }}

{{- define "harmony-speech.versionFindings" -}}
{{- $findings := list -}}
{{- range $namespace := list "kserve" "kubeflow" "opendatahub" "redhat-ods-applications" -}}
  {{- range $container := dig "spec" "template" "spec" "containers" list (lookup "apps/v1" "Deployment" $namespace "kserve-controller-manager") -}}
    {{- $version := regexFind "[0-9]+[.][0-9]+[.][0-9]+" (splitList ":" $container.image | last) -}}
    {{- if and (eq $container.name "manager") $version -}}
      {{- if not (semverCompare ">=0.16.0-0" $version) -}}
      {{- $findings = append $findings (dict "what" (printf "KServe %s does not know deploymentMode Knative and Standard; 0.16 is the first that does." $version) "fix" "helm upgrade kserve kserve/charts/kserve-resources -n kserve   # of v0.20.0, CRDs first: docs/install.md") -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if eq .Values.mode "Knative" -}}
  {{- $version := dig "metadata" "labels" "app.kubernetes.io/version" "" (lookup "apps/v1" "Deployment" "knative-serving" "controller") | trimPrefix "v" -}}
  {{- if and (regexMatch "^[0-9]+[.][0-9]+[.][0-9]+" $version) (not (semverCompare ">=1.18.0-0" $version)) -}}
  {{- $findings = append $findings (dict "what" (printf "Knative Serving %s is older than 1.18, the oldest that this chart was read against." $version) "fix" "kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.21.1/serving-core.yaml   # CRDs first: docs/install.md") -}}
  {{- end -}}
  {{- /* knative/serving v0.48.1 vendor/knative.dev/pkg/version/version.go:36, asked by every controller at its start */ -}}
  {{- $kubernetes := regexFind "[0-9]+[.][0-9]+[.][0-9]+" .Capabilities.KubeVersion.Version -}}
  {{- if and (regexMatch "^[0-9]+[.][0-9]+[.][0-9]+" $version) (semverCompare ">=1.21.0-0" $version) (semverCompare "<1.33.0" $kubernetes) -}}
  {{- $findings = append $findings (dict "what" (printf "Knative Serving %s does not start on Kubernetes %s; 1.33 is the oldest that it accepts. Upgrade the cluster, or take an older Knative:" $version $kubernetes) "fix" "kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.20.0/serving-core.yaml   # CRDs first: docs/install.md") -}}
  {{- end -}}
{{- end -}}
{{- toJson $findings -}}
{{- end }}

{{- define "harmony-speech.knativeFindings" -}}
{{- $findings := list -}}
{{- if eq .Values.mode "Knative" -}}
  {{- $features := include "harmony-speech.knativeConfig" "config-features" | fromJson -}}
  {{- $missing := dict -}}
  {{- range $feature, $_ := include "harmony-speech.features" . | fromJson -}}
    {{- if not (has (get $features.data $feature | default "disabled" | lower) (list "enabled" "allowed")) }}{{ $_ := set $missing $feature "enabled" }}{{ end -}}
  {{- end -}}
  {{- if and $features.found $missing -}}
  {{- $findings = append $findings (dict "what" "Knative would refuse these pods, because features are off:" "fix" (include "harmony-speech.featureCommand" $missing)) -}}
  {{- end -}}
  {{- $autoscaler := include "harmony-speech.knativeConfig" "config-autoscaler" | fromJson -}}
  {{- $zero := list -}}
  {{- $longest := 0 -}}
  {{- range $name, $scaling := include "harmony-speech.allScaling" . | fromJson -}}
    {{- if eq (int $scaling.initialScale) 0 }}{{ $zero = append $zero $name }}{{ end -}}
    {{- $longest = max $longest (int $scaling.timeoutSeconds) -}}
  {{- end -}}
  {{- if and $autoscaler.found $zero (ne (get $autoscaler.data "allow-zero-initial-scale" | default "false" | lower) "true") -}}
  {{- $findings = append $findings (dict "what" (printf "initialScale is 0 for %s, which Knative refuses:" (join ", " $zero)) "fix" (include "harmony-speech.patchKnative" (dict "name" "config-autoscaler" "data" (dict "allow-zero-initial-scale" "true")))) -}}
  {{- end -}}
  {{- $defaults := include "harmony-speech.knativeConfig" "config-defaults" | fromJson -}}
  {{- if and $defaults.found (lt (get $defaults.data "max-revision-timeout-seconds" | default "600" | int) $longest) -}}
  {{- $findings = append $findings (dict "what" (printf "timeoutSeconds is %d, above what Knative allows:" $longest) "fix" (include "harmony-speech.patchKnative" (dict "name" "config-defaults" "data" (dict "max-revision-timeout-seconds" ($longest | toString))))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $findings -}}
{{- end }}

{{/* The scaling of every enabled model and toolchain, by name. */}}
{{- define "harmony-speech.allScaling" -}}
{{- $found := dict -}}
{{- range $name, $model := include "harmony-speech.models" . | fromJson }}{{ $_ := set $found $name $model.scaling }}{{ end -}}
{{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson }}{{ $_ := set $found $id $toolchain.scaling }}{{ end -}}
{{- toJson $found -}}
{{- end }}

{{/* Secrets that the values name, each with {key, for, make}: what it must hold, why, and how to make it. */}}
{{- define "harmony-speech.wantedSecrets" -}}
{{- $wanted := dict -}}
{{- range concat .Values.images.pullSecrets (dig "imagePullSecrets" list .Values.global) -}}
  {{- $_ := set $wanted . (dict "key" ".dockerconfigjson" "for" "images.pullSecrets" "make" "docker-registry %s --docker-server=… --docker-username=… --docker-password=…") -}}
{{- end -}}
{{- with .Values.hub.tokenSecret }}{{ $_ := set $wanted . (dict "key" $.Values.hub.tokenKey "for" "hub.tokenSecret" "make" (printf "generic %%s --from-literal=%s=…" $.Values.hub.tokenKey)) }}{{ end -}}
{{- with .Values.ingress.apiKeys }}{{ if .existingSecret }}{{ $_ := set $wanted .existingSecret (dict "key" .key "for" "ingress.apiKeys.existingSecret" "make" (printf "generic %%s --from-literal=%s=…" .key)) }}{{ end }}{{ end -}}
{{- with .Values.ingress.voices -}}
  {{- if and (eq .store "postgresql") .database.existingSecret }}{{ $_ := set $wanted .database.existingSecret (dict "key" .database.key "for" "ingress.voices.database.existingSecret" "make" (printf "generic %%s --from-literal=%s=postgresql://…" .database.key)) }}{{ end -}}
  {{- if and (ne .store "none") .encryption.existingSecret }}{{ $_ := set $wanted .encryption.existingSecret (dict "key" .encryption.key "for" "ingress.voices.encryption.existingSecret" "make" (printf "generic %%s --from-literal=%s=\"$(openssl rand -base64 32)\"" .encryption.key)) }}{{ end -}}
{{- end -}}
{{- toJson $wanted -}}
{{- end }}

{{/* Those that pods would wait for. A namespace that is not there yet has none: the notes name them then. */}}
{{- define "harmony-speech.secretFindings" -}}
{{- $findings := list -}}
{{- $namespace := .Release.Namespace -}}
{{- if lookup "v1" "Namespace" "" $namespace -}}
  {{- range $name, $secret := include "harmony-speech.wantedSecrets" . | fromJson -}}
    {{- if not (hasKey (dig "data" dict (lookup "v1" "Secret" $namespace $name)) $secret.key) -}}
    {{- $findings = append $findings (dict "what" (printf "%s names the secret %s, which is not in namespace %s or has no key %s:" $secret.for $name $namespace $secret.key) "fix" (printf "kubectl create secret -n %s %s" $namespace (printf $secret.make $name))) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $findings -}}
{{- end }}

{{/* The storage class that a claim gets, as the cluster has it; empty if there is none. Argument: its name, or "". */}}
{{- define "harmony-speech.storageClass" -}}
{{- $chosen := dict -}}
{{- range dig "items" list (lookup "storage.k8s.io/v1" "StorageClass" "" "") -}}
  {{- $default := eq (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "false" .) "true" -}}
  {{- if ternary $default (eq .metadata.name $) (empty $) }}{{ $chosen = . }}{{ end -}}
{{- end -}}
{{- toJson $chosen -}}
{{- end }}

{{/* Claims that would stay Pending. */}}
{{- define "harmony-speech.volumeFindings" -}}
{{- $findings := list -}}
{{- /* Drivers of block devices, which one node at a time may write. */ -}}
{{- $oneWriter := list "ebs.csi.aws.com" "pd.csi.storage.gke.io" "disk.csi.azure.com" "rancher.io/local-path" "cinder.csi.openstack.org" "csi.vsphere.vmware.com" "topolvm.io" "kubernetes.io/aws-ebs" "kubernetes.io/gce-pd" "k8s.io/minikube-hostpath" -}}
{{- $cache := .Values.hub.cache -}}
{{- $voices := .Values.ingress.voices -}}
{{- $claims := dict -}}
{{- if and (eq $cache.type "pvc") (not $cache.existingClaim) }}{{ $_ := set $claims "hub.cache" $cache.storageClass }}{{ end -}}
{{- if and (eq $voices.store "sqlite") (not $voices.existingClaim) }}{{ $_ := set $claims "ingress.voices" $voices.storageClass }}{{ end -}}
{{- range $key, $name := $claims -}}
  {{- $class := include "harmony-speech.storageClass" $name | fromJson -}}
  {{- if and (not $class) (dig "items" list (lookup "storage.k8s.io/v1" "StorageClass" "" "")) -}}
  {{- $what := ternary (printf "No storage class is the default, and %s.storageClass is empty." $key) (printf "%s.storageClass is %s, which this cluster does not have." $key $name) (empty $name) -}}
  {{- $findings = append $findings (dict "what" $what "fix" (printf "kubectl get storageclass   # then --set %s.storageClass=NAME" $key)) -}}
  {{- else if and $class (eq $key "hub.cache") (eq $cache.accessMode "ReadWriteMany") (has $class.provisioner $oneWriter) -}}
  {{- $findings = append $findings (dict "what" (printf "hub.cache.accessMode is ReadWriteMany, and %s (%s) offers one writer only, so the claim would stay Pending." $class.metadata.name $class.provisioner) "fix" "helm upgrade … --set hub.cache.accessMode=ReadWriteOnce --set hub.cache.oneNode=true   # or the class of a shared file system") -}}
  {{- end -}}
{{- end -}}
{{- toJson $findings -}}
{{- end }}

{{/* What works but surprises; the notes show it. */}}
{{- define "harmony-speech.warnings" -}}
{{- $warnings := list -}}
{{- if .Values.checkApis -}}
  {{- $warnings = concat (include "harmony-speech.gpuWarnings" . | fromJsonArray) (include "harmony-speech.graphWarnings" . | fromJsonArray) (include "harmony-speech.storageWarnings" . | fromJsonArray) -}}
  {{- if lookup "v1" "Namespace" "" "kube-system" -}}
  {{- $warnings = concat $warnings (include "harmony-speech.secretWarnings" . | fromJsonArray) (include "harmony-speech.metricsWarnings" . | fromJsonArray) -}}
  {{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}

{{- define "harmony-speech.gpuWarnings" -}}
{{- $warnings := list -}}
{{- $wanted := dict -}}
{{- range $name, $model := include "harmony-speech.models" . | fromJson -}}
  {{- range $resource, $_ := $model.profile.resources.limits -}}
    {{- if contains "/" $resource }}{{ $_ := set $wanted $resource $name }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- $nodes := dig "items" list (lookup "v1" "Node" "" "") -}}
{{- range $resource, $name := $wanted -}}
  {{- $offered := false -}}
  {{- range $nodes }}{{ if hasKey (dig "status" "allocatable" dict .) $resource }}{{ $offered = true }}{{ end }}{{ end -}}
  {{- if and $nodes (not $offered) -}}
  {{- $warnings = append $warnings (dict "what" (printf "models.%s asks for %s, which no node offers now. Good if a pool grows by itself; otherwise its pods stay Pending." $name $resource) "fix" "kubectl get nodes -o custom-columns=NAME:.metadata.name,OFFERS:.status.allocatable") -}}
  {{- end -}}
{{- end -}}
{{- if and $wanted (eq .Values.mode "Knative") -}}
  {{- $deployment := include "harmony-speech.knativeConfig" "config-deployment" | fromJson -}}
  {{- if and $deployment.found (ne (get $deployment.data "pod-is-always-schedulable" | default "false" | lower) "true") -}}
  {{- $warnings = append $warnings (dict "what" "While a GPU node is being added, its pod is unschedulable, and Knative marks the revision failed. Where a cluster autoscaler runs:" "fix" (include "harmony-speech.patchKnative" (dict "name" "config-deployment" "data" (dict "pod-is-always-schedulable" "true")))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}

{{- define "harmony-speech.secretWarnings" -}}
{{- $warnings := list -}}
{{- $namespace := .Release.Namespace -}}
{{- if not (lookup "v1" "Namespace" "" $namespace) -}}
  {{- range $name, $secret := include "harmony-speech.wantedSecrets" . | fromJson -}}
  {{- $warnings = append $warnings (dict "what" (printf "Pods wait for the secret %s (%s):" $name $secret.for) "fix" (printf "kubectl create secret -n %s %s" $namespace (printf $secret.make $name))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}

{{/* An HPA without metrics stays at its smallest. */}}
{{- define "harmony-speech.metricsWarnings" -}}
{{- $warnings := list -}}
{{- $scaled := list -}}
{{- if eq (include "harmony-speech.autoscaler" .) "hpa" }}{{ $scaled = append $scaled "autoscaler: hpa" }}{{ end -}}
{{- if .Values.ingress.autoscaling.enabled }}{{ $scaled = append $scaled "ingress.autoscaling" }}{{ end -}}
{{- if and $scaled (not (.Capabilities.APIVersions.Has "metrics.k8s.io/v1beta1")) -}}
{{- $warnings = append $warnings (dict "what" (printf "Nothing measures CPU use for %s, so no pod would be added:" (join " and " $scaled)) "fix" "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml") -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}

{{/* KServe gives a graph's revision no response-start timeout (kserve v0.20.0
pkg/controller/v1alpha1/inferencegraph/knative_reconciler.go:209-211), so Knative's default cuts it
(knative/serving v0.48.1 pkg/apis/serving/v1/revision_defaults.go:68-72). */}}
{{- define "harmony-speech.graphWarnings" -}}
{{- $warnings := list -}}
{{- $defaults := include "harmony-speech.knativeConfig" "config-defaults" | fromJson -}}
{{- $first := get $defaults.data "revision-response-start-timeout-seconds" | default "300" | int -}}
{{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson -}}
  {{- $timeout := int $toolchain.scaling.timeoutSeconds -}}
  {{- if and (eq $.Values.mode "Knative") (ne $toolchain.mode "transformer") $first (lt $first $timeout) -}}
  {{- $warnings = append $warnings (dict "what" (printf "Knative ends an answer of the graph %s that has not begun after %d s, whatever timeoutSeconds (%d) says:" $id $first $timeout) "fix" (include "harmony-speech.patchKnative" (dict "name" "config-defaults" "data" (dict "revision-response-start-timeout-seconds" ($timeout | toString) "revision-timeout-seconds" ($timeout | toString))))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}

{{/* KServe's storage initializer: 1 GiB of memory and no security context (kserve v0.20.0
config/storagecontainers/default.yaml, pkg/utils/storage.go:311-334). */}}
{{- define "harmony-speech.storageWarnings" -}}
{{- $warnings := list -}}
{{- $fetched := list -}}
{{- range $name, $model := include "harmony-speech.models" . | fromJson -}}
  {{- if regexMatch "^(hf|s3|gs|https|hdfs|webhdfs)://" $model.entry.weights.storageUri }}{{ $fetched = append $fetched $name }}{{ end -}}
{{- end -}}
{{- if $fetched -}}
  {{- $container := dig "spec" "container" dict (lookup "serving.kserve.io/v1alpha1" "ClusterStorageContainer" "" "default") -}}
  {{- if and $container (or (eq (dig "resources" "limits" "memory" "" $container) "1Gi") (not $container.securityContext)) -}}
  {{- $security := dict "allowPrivilegeEscalation" false "runAsNonRoot" true "capabilities" (dict "drop" (list "ALL")) "seccompProfile" (dict "type" "RuntimeDefault") -}}
  {{- $patch := dict "spec" (dict "container" (dict "resources" (dict "limits" (dict "memory" "8Gi")) "securityContext" $security)) -}}
  {{- $warnings = append $warnings (dict "what" (printf "KServe fetches the weights of %s in a container of 1Gi without a security context: large files end it, and Pod Security `restricted` refuses it." (join ", " $fetched)) "fix" (printf "kubectl patch clusterstoragecontainer default --type merge -p '%s'" (toJson $patch))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $warnings -}}
{{- end }}
