{{/* The predictor of an InferenceService. Arguments: root, model (of harmony-speech.models). */}}
{{- define "harmony-speech.predictor" -}}
{{- $values := .root.Values -}}
{{- $model := .model -}}
{{- $claim := include "harmony-speech.usesClaim" . -}}
{{- $query := include "harmony-speech.demand" (dict "root" .root "model" $model.name) -}}
{{ include "harmony-speech.scaling" (dict "root" .root "scaling" $model.scaling "pod" $model.pod "query" $query) }}
{{ include "harmony-speech.account" .root }}
{{- include "harmony-speech.placement" (include "harmony-speech.besideTheVolume" . | fromJson) }}
{{- if and $claim (eq $values.mode "Knative") }}
{{- include "harmony-speech.podSecurity" $model.pod }}
{{- end }}
containers:
  - name: kserve-container
    image: {{ $model.image }}
    imagePullPolicy: {{ $values.images.pullPolicy }}
    command: [python, -m, predictors]
    args:
      # Without `fallback`, which is for callers: a predictor knows no other entry.
      - --model_config
      - {{ omit $model.config "fallback" | toJson | replace "'" "''" | squote }}
      - --http_port
      - "8080"
    ports:
      {{- include "harmony-speech.predictorPorts" $model.entry.protocol | nindent 6 }}
    env:
      {{- $own := include "harmony-speech.predictorEnv" . | fromYamlArray }}
      {{- include "harmony-speech.mergedEnv" (list $own $values.predictors.env $model.entry.env) | nindent 6 }}
    {{- with $model.pod.envFrom }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    resources: {{- toYaml $model.profile.resources | nindent 6 }}
    {{- with include "harmony-speech.containerSecurity" $model.pod | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- include "harmony-speech.probes" (dict "name" $model.name "mode" $values.mode "seconds" (int $model.scaling.progressDeadlineSeconds)) | nindent 4 }}
    {{- with include "harmony-speech.lifecycle" $values.mode }}
    {{- . | nindent 4 }}
    {{- end }}
    volumeMounts:
      {{- include "harmony-speech.weightsMounts" $model.pod | nindent 6 }}
volumes:
  {{- include "harmony-speech.weightsVolumes" . | nindent 2 }}
{{- end }}

{{/* Anything if the model's weights are on the shared volume. Arguments: root, model. */}}
{{- define "harmony-speech.usesClaim" -}}
{{- if and (not .model.entry.weights.storageUri) (eq .root.Values.hub.cache.type "pvc") }}true{{ end -}}
{{- end }}

{{/* Knative takes one port per revision, named h2c for gRPC (knative/serving v0.48.1
pkg/apis/serving/k8s_validation.go:75-79); KServe's Service has the second by its own number (kserve
v0.20.0 pkg/controller/v1beta1/inferenceservice/reconcilers/service/service_reconciler.go:131-147).
Argument: protocol. */}}
{{- define "harmony-speech.predictorPorts" -}}
{{- if eq . "grpc" -}}
- {name: h2c, containerPort: 8081, protocol: TCP}
{{- else if eq . "both" -}}
- {name: http1, containerPort: 8080, protocol: TCP}
- {name: h2c, containerPort: 8081, protocol: TCP}
{{- else -}}
- containerPort: 8080
  protocol: TCP
{{- end -}}
{{- end }}

{{- define "harmony-speech.predictorEnv" -}}
{{- $values := .root.Values -}}
{{- $entry := .model.entry -}}
{{- $timeout := int .model.scaling.timeoutSeconds -}}
{{- include "harmony-speech.weightsEnv" . }}
- name: OMP_NUM_THREADS
  value: {{ include "harmony-speech.threads" .model.profile.resources | quote }}
{{- with $entry.weights.storageUri }}
- name: STORAGE_URI
  value: {{ . }}
{{- end }}
{{- include "harmony-speech.tracing" (dict "root" .root "service" .model.name) }}
{{- $held := include "harmony-speech.held" (dict "resources" .model.profile.resources "share" 4) | fromJson -}}
{{- with $held.max_held_mb }}{{ $_ := set $held "max_queue_mb" . }}{{ end -}}
{{- include "harmony-speech.settings" (mergeOverwrite (dict "timeout_s" $timeout "grace_s" (sub $timeout 5)) $held (deepCopy $values.predictors.settings) $entry.settings) }}
{{- end }}

{{/* Where libraries put weights, and how they get at the Hub. */}}
{{- define "harmony-speech.weightsEnv" -}}
{{- $hub := .root.Values.hub -}}
{{- include "harmony-speech.homeEnv" .root }}
- name: XDG_CACHE_HOME
  value: /weights
- name: HF_HOME
  value: /weights/huggingface
- name: NUMBA_CACHE_DIR
  value: /home/speech
{{- if and $hub.tokenSecret (not .model.entry.weights.storageUri) }}
- name: HF_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ $hub.tokenSecret | quote }}, key: {{ $hub.tokenKey | quote }}}
{{- end }}
{{- end }}

{{/* Argument: pod. */}}
{{- define "harmony-speech.weightsMounts" -}}
- {name: home, mountPath: /home/speech}
- {name: weights, mountPath: /weights}
{{- with .volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "harmony-speech.weightsVolumes" -}}
- name: home
  emptyDir: {}
- name: weights
  {{- if include "harmony-speech.usesClaim" . }}
  persistentVolumeClaim: {claimName: {{ include "harmony-speech.cacheClaim" .root | quote }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ .root.Values.hub.cache.size }}}
  {{- end }}
{{- with .model.pod.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The pod of the values; with hub.cache.oneNode it goes to the node of the pods that mount the volume. The
first finds none and goes where it likes, because it has the label itself. Arguments: root, model.
*/}}
{{- define "harmony-speech.besideTheVolume" -}}
{{- $pod := deepCopy .model.pod -}}
{{- if and (include "harmony-speech.usesClaim" .) .root.Values.hub.cache.oneNode -}}
  {{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (dict "harmony-speech/volume" (include "harmony-speech.cacheClaim" .root))) -}}
  {{- $affinity := dict "podAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term)) -}}
  {{- $_ := set $pod "affinity" (mergeOverwrite $affinity $pod.affinity) -}}
{{- end -}}
{{- toJson $pod -}}
{{- end }}
