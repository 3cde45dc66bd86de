{{/* What a schema cannot say. Each stops the install with what to do. */}}

{{- define "harmony-speech.checks" -}}
{{- if .Values.checkApis -}}
{{- include "harmony-speech.checkApis" . -}}
{{- end -}}
{{- /* kubernetes v1.34 pkg/apis/core/validation/validation.go, ValidateServiceName: a DNS-1035 label. */ -}}
{{- if regexMatch "^[0-9]" .Release.Name -}}
{{- fail (printf "the release is called %s, and a Service called after it must begin with a letter; choose another name, for example speech-%s" .Release.Name .Release.Name) -}}
{{- end -}}
{{- include "harmony-speech.checkModes" . -}}
{{- include "harmony-speech.checkModels" . -}}
{{- include "harmony-speech.checkToolchains" . -}}
{{- include "harmony-speech.checkVoices" . -}}
{{- with .Values.ingress.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail (printf "ingress.autoscaling.minReplicas (%d) is above ingress.autoscaling.maxReplicas (%d)" (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.httpRoute.enabled (not .Values.ingress.httpRoute.parentRefs) -}}
{{- fail "ingress.httpRoute.parentRefs names no Gateway; add one, for example [{name: public, namespace: gateways}]" -}}
{{- end -}}
{{- if .Values.checkApis -}}
{{- include "harmony-speech.preflight" . -}}
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
  "To render without a cluster: --set checkApis=false, or helm template --api-versions serving.kserve.io/v1beta1/InferenceService --api-versions serving.knative.dev/v1/Service")) -}}
{{- end -}}
{{- if and (eq .Values.mode "Knative") (not (.Capabilities.APIVersions.Has "serving.knative.dev/v1/Service")) -}}
{{- fail (join "\n" (list
  "" "mode is Knative, and this cluster has no serving.knative.dev/v1 Service. Install Knative Serving first:"
  "  kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.21.1/serving-crds.yaml"
  "  kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.21.1/serving-core.yaml"
  "  kubectl apply -f https://github.com/knative-extensions/net-kourier/releases/download/knative-v1.21.0/kourier.yaml"
  "docs/install.md has every step. Or set mode: Standard, which needs no Knative.")) -}}
{{- end -}}
{{- if and (eq (include "harmony-speech.autoscaler" .) "keda") (not (.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject")) -}}
{{- fail (join "\n" (list
  "" "autoscaler is keda, and this cluster has no keda.sh/v1alpha1 ScaledObject, so KServe could not create one. Install KEDA first:"
  "  kubectl apply --server-side -f https://github.com/kedacore/keda/releases/download/v2.18.0/keda-2.18.0.yaml"
  "and restart KServe, which looks for it at its start:"
  "  kubectl rollout restart -n kserve deploy/kserve-controller-manager")) -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkModes" -}}
{{- $scaler := include "harmony-speech.autoscaler" . -}}
{{- if ne (eq .Values.mode "Knative") (eq $scaler "knative") -}}
{{- fail (printf "autoscaler is %s and mode is %s: Knative scales in Knative mode; hpa and keda in Standard mode. Leave autoscaler: auto, or change the mode" $scaler .Values.mode) -}}
{{- end -}}
{{- if eq $scaler "keda" -}}
  {{- if not .Values.keda.serverAddress -}}
  {{- fail "autoscaler is keda: set keda.serverAddress, for example http://prometheus-operated.monitoring.svc:9090" -}}
  {{- end -}}
  {{- if not .Values.monitoring.monitors -}}
  {{- fail "autoscaler is keda, which asks Prometheus for the requests of this release: set monitoring.monitors: true, or nothing would ever wake" -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkModels" -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- if not $models -}}{{- fail "models: every entry is disabled; enable at least one" -}}{{- end -}}
{{- range $name, $model := $models -}}
  {{- $where := printf "models.%s" $name -}}
  {{- include "harmony-speech.checkScaling" (dict "root" $ "where" $where "scaling" $model.scaling) -}}
  {{- include "harmony-speech.checkEnv" (dict "where" $where "env" (concat $.Values.predictors.env $model.entry.env)) -}}
  {{- $batch := $model.config.max_batch_size | default 8 | int -}}
  {{- if and (eq $.Values.mode "Knative") (lt (int $model.scaling.containerConcurrency) $batch) -}}
  {{- fail (printf "%s: max_batch_size is %d and only %d requests reach a pod at once, so a batch never fills; raise scaling.containerConcurrency or lower max_batch_size" $where $batch (int $model.scaling.containerConcurrency)) -}}
  {{- end -}}
  {{- if and (eq $.Values.mode "Knative") (eq $model.entry.protocol "both") -}}
  {{- fail (printf "%s.protocol is both: Knative takes one port per revision. Add a second entry with protocol: grpc" $where) -}}
  {{- end -}}
  {{- with $model.config.fallback -}}
    {{- if eq (dig . "task" "" $models) "" -}}
    {{- fail (printf "%s.fallback is %q, which is no enabled model" $where .) -}}
    {{- else if ne (get $models .).task $model.task -}}
    {{- fail (printf "%s.fallback is %s, which performs %s and not %s" $where . (get $models .).task $model.task) -}}
    {{- end -}}
  {{- end -}}
  {{- if and (hasPrefix "hf://" $model.entry.weights.storageUri) $.Values.hub.tokenSecret (ne $.Values.hub.tokenKey "HF_TOKEN") -}}
  {{- fail (printf "%s.weights.storageUri is fetched by KServe, which looks for the token under the key HF_TOKEN only: rename hub.tokenKey, or leave storageUri empty so that the predictor downloads" $where) -}}
  {{- end -}}
  {{- if has $name (list "harmonyspeech" "openvoice-v1" "openvoice-v2" "voicefixer" "diarize" "long-transcription") -}}
  {{- fail (printf "%s: a toolchain's InferenceService has this name; choose another" $where) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "harmony-speech.checkToolchains" -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson -}}
  {{- include "harmony-speech.checkScaling" (dict "root" $ "where" (printf "toolchains.%s" $id) "scaling" $toolchain.scaling) -}}
  {{- include "harmony-speech.checkEnv" (dict "where" (printf "toolchains.%s" $id) "env" $toolchain.env) -}}
  {{- if and (eq $id "diarize") (ne $toolchain.mode "transformer") -}}
  {{- fail (printf "toolchains.diarize.mode is %q: KServe's router can neither cut a recording into windows nor cluster voices; choose transformer" $toolchain.mode) -}}
  {{- end -}}
  {{- if and (eq $id "long_transcription") (ne $toolchain.mode "transformer") -}}
  {{- fail (printf "toolchains.long_transcription.mode is %q: KServe's router cannot cut a recording into pieces; choose transformer" $toolchain.mode) -}}
  {{- end -}}
  {{- range $types := $toolchain.needs -}}
    {{- if not (include "harmony-speech.ofTypes" (dict "models" $models "types" $types) | fromJsonArray) -}}
    {{- fail (printf "toolchains.%s needs a model of type %s; enable one under models" $id (join " or " $types)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* Numbers that contradict each other. Knative's own rules: knative/serving v0.48.1
pkg/apis/autoscaling/annotation_validation.go:178-216. Arguments: root, where, scaling. */}}
{{- define "harmony-speech.checkScaling" -}}
{{- $s := .scaling -}}
{{- $most := int $s.maxReplicas -}}
{{- $activation := int $s.activationScale -}}
{{- if and $most (gt (int $s.minReplicas) $most) -}}
{{- fail (printf "%s: scaling.minReplicas (%d) is above scaling.maxReplicas (%d)" .where (int $s.minReplicas) $most) -}}
{{- end -}}
{{- if and (eq .root.Values.mode "Knative") (ge $activation 2) -}}
  {{- if and $most (gt $activation $most) -}}
  {{- fail (printf "%s: scaling.activationScale (%d) is above scaling.maxReplicas (%d)" .where $activation $most) -}}
  {{- end -}}
  {{- if gt (int $s.minReplicas) $activation -}}
  {{- fail (printf "%s: scaling.activationScale (%d) is below scaling.minReplicas (%d); leave it at 1 or raise it" .where $activation (int $s.minReplicas)) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq .root.Values.mode "Standard") (lt (int $s.canaryTrafficPercent) 100) -}}
{{- fail (printf "%s: scaling.canaryTrafficPercent needs Knative mode. In Standard mode install a second release beside this one, or a second entry of models, and move callers" .where) -}}
{{- end -}}
{{- if ge (int .root.Values.ingress.requestTimeoutSeconds) (int $s.timeoutSeconds) -}}
{{- fail (printf "%s: scaling.timeoutSeconds (%d) must be above ingress.requestTimeoutSeconds (%d), so that callers get the ingress's answer and not a cut connection" .where (int $s.timeoutSeconds) (int .root.Values.ingress.requestTimeoutSeconds)) -}}
{{- end -}}
{{- end }}

{{/* kserve v0.20.0 pkg/validation/env.go and knative/serving v0.48.1 pkg/apis/serving/k8s_validation.go:339-349.
Arguments: where, env. */}}
{{- define "harmony-speech.checkEnv" -}}
{{- range .env -}}
  {{- if has .name (list "PYTHONPATH" "PORT" "K_SERVICE" "K_CONFIGURATION" "K_REVISION") -}}
  {{- fail (printf "%s.env: KServe and Knative refuse the variable %s; remove it" $.where .name) -}}
  {{- end -}}
{{- end -}}
{{- end }}
