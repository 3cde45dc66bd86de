{{/* What the containers of all rooms have in common. */}}

{{/* A map as SPEECH_* variables; strings as they are, the rest as JSON. */}}
{{- define "harmony-speech.settings" -}}
{{- range $key, $value := . }}
- name: SPEECH_{{ upper $key }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}

{{/*
Lists of variables as one, in which every name stands once and the last wins: the API server refuses a
name that is there twice, and what the user says goes before what the chart says. Argument: lists.
*/}}
{{- define "harmony-speech.mergedEnv" -}}
{{- $names := list -}}
{{- $found := dict -}}
{{- range $list := . -}}
  {{- range $one := $list -}}
    {{- if not (hasKey $found $one.name) }}{{ $names = append $names $one.name }}{{ end -}}
    {{- $_ := set $found $one.name $one -}}
  {{- end -}}
{{- end -}}
{{- $merged := list -}}
{{- range $names }}{{ $merged = append $merged (get $found .) }}{{ end -}}
{{- toYaml $merged -}}
{{- end }}

{{/* Where other rooms are. */}}
{{- define "harmony-speech.connections" -}}
- name: SPEECH_PREDICTOR_URL_TEMPLATE
  value: http://{{ include "harmony-speech.host" (dict "root" . "service" "{name}-predictor") }}
- name: SPEECH_TOOLCHAIN_URL_TEMPLATE
  value: http://{{ include "harmony-speech.host" (dict "root" . "service" "{name}-transformer") }}
{{- with include "harmony-speech.predictorUrls" . | fromJson }}
- name: SPEECH_PREDICTOR_URLS
  value: {{ toJson . | quote }}
{{- end }}
{{- /* Nothing holds a request while a model's only pod is replaced; ten tries last about six seconds. */}}
{{- if eq .Values.mode "Standard" }}
- name: SPEECH_ATTEMPTS
  value: "10"
{{- end }}
{{- if .Values.discovery.enabled }}
- name: SPEECH_DISCOVERY
  value: kubernetes
- name: SPEECH_NAMESPACE
  value: {{ .Release.Namespace | quote }}
{{- end }}
{{- end }}

{{/* The root file system is read-only; Knative reserves /tmp, so scratch files go home. A uid that the
image does not know (OpenShift) has no name to look up, hence USER. */}}
{{- define "harmony-speech.homeEnv" -}}
- name: HOME
  value: /home/speech
- name: TMPDIR
  value: /home/speech
- name: USER
  value: speech
{{- end }}

{{/* OpenTelemetry's own variables (transport/tracing.py). Arguments: root, service. */}}
{{- define "harmony-speech.tracing" -}}
{{- with .root.Values.tracing }}
{{- if .endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint }}
- name: OTEL_SERVICE_NAME
  value: {{ $.service | quote }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .ratio | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Megabytes of requests that a process may hold, or the kernel would end it where it should refuse: a
share of the container's memory. The rest is the process, its decoders and its model or its cache.
Arguments: resources, share (a third, a quarter …). */}}
{{- define "harmony-speech.held" -}}
{{- $limit := dig "limits" "memory" "" .resources | toString -}}
{{- $factors := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexFind "[kMGT]?i?$" $limit -}}
{{- $held := dict -}}
{{- if and $limit (hasKey $factors $unit) -}}
  {{- $bytes := mulf (trimSuffix $unit $limit | float64) (get $factors $unit) -}}
  {{- $_ := set $held "max_held_mb" (max 64 (div (divf $bytes 1048576 | int) $.share)) -}}
{{- end -}}
{{- toJson $held -}}
{{- end }}

{{/* Threads of numeric libraries: the CPUs of the limit, for they would count the node's. */}}
{{- define "harmony-speech.threads" -}}
{{- $cpu := dig "limits" "cpu" "1" . | toString -}}
{{- if hasSuffix "m" $cpu -}}
{{- max 1 (div (trimSuffix "m" $cpu | int) 1000) -}}
{{- else -}}
{{- max 1 (floor (float64 $cpu)) | int -}}
{{- end -}}
{{- end }}

{{/*
Whose account a pod runs under. The token of a pod that watches the cluster is a volume of its own, so it
is there whatever KServe's and the account's automount say. Arguments: root.
*/}}
{{- define "harmony-speech.account" -}}
{{- $names := concat .Values.images.pullSecrets (dig "imagePullSecrets" list .Values.global) | uniq -}}
serviceAccountName: {{ include "harmony-speech.serviceAccount" . | quote }}
automountServiceAccountToken: false
{{- with $names }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where a pod runs and what runs before it. Argument: pod (of the values, merged). */}}
{{- define "harmony-speech.placement" -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "initContainers" }}
{{- with get $ $field }}
{{ $field }}: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- range $field := list "runtimeClassName" "priorityClassName" }}
{{- with get $ $field }}
{{ $field }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Argument: pod. Nothing where the values empty it. */}}
{{- define "harmony-speech.podSecurity" -}}
{{- with .securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "harmony-speech.containerSecurity" -}}
{{- with .containerSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels or annotations of a pod beside the chart's. Arguments: a map. */}}
{{- define "harmony-speech.more" -}}
{{- with . }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* The token by which ingress and transformers watch the namespace, where clients look for it. */}}
{{- define "harmony-speech.tokenMount" -}}
- {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}

{{- define "harmony-speech.tokenVolume" -}}
- name: token
  projected:
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}

{{/*
A pod that ends stops listening at once, and Services forget it a moment later. Knative's queue-proxy
knows, and Knative allows no hook; in Standard mode the pod waits. Argument: mode.
*/}}
{{- define "harmony-speech.lifecycle" -}}
{{- if eq . "Standard" -}}
lifecycle:
  preStop:
    sleep: {seconds: 10}
{{- end }}
{{- end }}

{{/*
Arguments: name (V2 model name), mode, seconds (until it must be ready). With a period the queue-proxy
probes as written; without one it asks every 50 ms with 100 ms of patience, which a busy process fails
(knative/serving v0.48.1 pkg/queue/readiness/probe.go:35-39, 122-125).
*/}}
{{- define "harmony-speech.probes" -}}
readinessProbe:
  httpGet: {path: /v2/models/{{ .name }}/ready, port: 8080}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
  successThreshold: 1
{{- if eq .mode "Standard" }}
startupProbe:
  httpGet: {path: /v2/models/{{ .name }}/ready, port: 8080}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ div .seconds 2 }}
{{- end }}
livenessProbe:
  httpGet: {path: /v2/health/live, port: 8080}
  initialDelaySeconds: 60
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 6
  successThreshold: 1
{{- end }}
