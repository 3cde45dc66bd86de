{{/* What the containers of all rooms have in common. */}}

{{/* A map as SPEECH_* variables; strings as they are, the rest as JSON. */}}
{{- define "harmony-speech.settings" -}}
{{- range $key, $value := . }}
- name: SPEECH_{{ upper $key }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
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
{{- if .Values.discovery.enabled }}
- name: SPEECH_DISCOVERY
  value: kubernetes
- name: SPEECH_NAMESPACE
  value: {{ .Release.Namespace }}
{{- end }}
{{- end }}

{{/* The root file system is read-only; Knative reserves /tmp, so scratch files go home. */}}
{{- define "harmony-speech.homeEnv" -}}
- name: HOME
  value: /home/speech
- name: TMPDIR
  value: /home/speech
{{- end }}

{{- define "harmony-speech.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
seccompProfile:
  type: RuntimeDefault
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
Whose account a pod runs under. Knative refuses automount `true`, so a pod that watches the cluster gets
its token by the account's own setting. Arguments: root, watches.
*/}}
{{- define "harmony-speech.pod" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ include "harmony-speech.serviceAccount" .root }}
{{- if not (and .watches $values.discovery.enabled) }}
automountServiceAccountToken: false
{{- end }}
{{- with $values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
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

{{/* Arguments: name (V2 model name), mode, seconds (until it must be ready). */}}
{{- define "harmony-speech.probes" -}}
readinessProbe:
  httpGet: {path: /v2/models/{{ .name }}/ready, port: 8080}
  successThreshold: 1
  {{- if eq .mode "Standard" }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
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
