{{/* What a schema cannot say. Each stops the install with what to do. */}}

{{- define "harmony-speech.checks" -}}
{{- include "harmony-speech.checkApis" . -}}
{{- include "harmony-speech.checkModels" . -}}
{{- include "harmony-speech.checkToolchains" . -}}
{{- include "harmony-speech.checkFeatures" . -}}
{{- $timeout := int .Values.scaling.timeoutSeconds -}}
{{- if ge (int .Values.ingress.requestTimeoutSeconds) $timeout -}}
{{- fail (printf "ingress.requestTimeoutSeconds must be below scaling.timeoutSeconds (%d), so that callers get the ingress's answer and not a cut connection" $timeout) -}}
{{- end -}}
{{- if and .Values.ingress.httpRoute.enabled (not .Values.ingress.httpRoute.parentRefs) -}}
{{- fail "ingress.httpRoute.parentRefs names no Gateway; add one, for example [{name: public, namespace: gateways}]" -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkApis" -}}
{{- if not (.Capabilities.APIVersions.Has "serving.kserve.io/v1beta1/InferenceService") -}}
{{- fail (join "\n" (list
  "" "KServe is not installed: this cluster has no serving.kserve.io/v1beta1 InferenceService. Install it first:"
  "  git clone --depth 1 --branch v0.20.0 https://github.com/kserve/kserve"
  "  helm install kserve-crd kserve/charts/kserve-crd -n kserve --create-namespace"
  "  helm install kserve kserve/charts/kserve-resources -n kserve"
  "  kubectl wait -n kserve --for=condition=Available deploy/kserve-controller-manager --timeout=300s"
  "docs/install.md has every step, cert-manager and Knative included."
  "To render without a cluster: helm template --api-versions serving.kserve.io/v1beta1/InferenceService --api-versions serving.knative.dev/v1/Service")) -}}
{{- end -}}
{{- if and (eq .Values.mode "Knative") (not (.Capabilities.APIVersions.Has "serving.knative.dev/v1/Service")) -}}
{{- fail (join "\n" (list
  "" "mode is Knative, and this cluster has no serving.knative.dev/v1 Service. Install Knative Serving first:"
  "  kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.21.1/serving-crds.yaml"
  "  kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.21.1/serving-core.yaml"
  "  kubectl apply -f https://github.com/knative-extensions/net-kourier/releases/download/knative-v1.21.0/kourier.yaml"
  "docs/install.md has every step. Or set mode: Standard, which needs no Knative and does not scale to zero.")) -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkModels" -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- if not $models -}}{{- fail "models: every entry is disabled; enable at least one" -}}{{- end -}}
{{- range $name, $model := $models -}}
  {{- $batch := $model.config.max_batch_size | default 8 | int -}}
  {{- if and (eq $.Values.mode "Knative") (lt (int $model.scaling.containerConcurrency) $batch) -}}
  {{- fail (printf "models.%s: max_batch_size is %d and only %d requests reach a pod at once, so a batch never fills; raise scaling.containerConcurrency or lower max_batch_size" $name $batch (int $model.scaling.containerConcurrency)) -}}
  {{- end -}}
  {{- with $model.config.fallback -}}
    {{- if eq (dig . "task" "" $models) "" -}}
    {{- fail (printf "models.%s.fallback is %q, which is no enabled model" $name .) -}}
    {{- else if ne (get $models .).task $model.task -}}
    {{- fail (printf "models.%s.fallback is %s, which performs %s and not %s" $name . (get $models .).task $model.task) -}}
    {{- end -}}
  {{- end -}}
  {{- if and $model.entry.weights.localModelCache.nodeGroups (not $model.entry.weights.storageUri) -}}
  {{- fail (printf "models.%s.weights.localModelCache keeps weights.storageUri on nodes; set that too, for example hf://%s" $name $model.entry.model) -}}
  {{- end -}}
  {{- if has $name (list "harmonyspeech" "openvoice-v1" "openvoice-v2" "voicefixer") -}}
  {{- fail (printf "models.%s: a toolchain's InferenceService has this name; choose another" $name) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkToolchains" -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson -}}
  {{- range $types := $toolchain.needs -}}
    {{- if not (include "harmony-speech.ofTypes" (dict "models" $models "types" $types) | fromJsonArray) -}}
    {{- fail (printf "toolchains.%s needs a model of type %s; enable one under models" $id (join " or " $types)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
