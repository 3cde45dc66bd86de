{{/* What the installer should know next. */}}

{{- define "harmony-speech.notes" -}}
{{- $name := include "harmony-speech.fullname" . -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- $toolchains := include "harmony-speech.toolchains" . | fromJson -}}
Harmony Speech {{ .Chart.AppVersion }} in namespace {{ .Release.Namespace }}, mode {{ .Values.mode }}.

  models      {{ keys $models | sortAlpha | join ", " }}
  toolchains  {{ keys $toolchains | sortAlpha | join ", " | default "none" }}

See them come up:
  kubectl get inferenceservices,inferencegraphs -n {{ .Release.Namespace }}

{{ with include "harmony-speech.speaker" . }}Speak{{ else }}Ask{{ end }} (the first request waits until a pod has started and fetched its weights):
  kubectl port-forward -n {{ .Release.Namespace }} service/{{ $name }}-ingress 8080:{{ int .Values.ingress.service.port }} &
  curl http://127.0.0.1:8080/v1/{{ with include "harmony-speech.speaker" . }}audio/speech -H 'content-type: application/json' \
    {{ if $.Values.ingress.apiKeys.existingSecret }}-H "authorization: Bearer $KEY" {{ end }}-d '{"model": "{{ . }}", "input": "Hello.", "voice": "alloy"}' -o hello.mp3
{{- else }}models{{ if $.Values.ingress.apiKeys.existingSecret }} -H "authorization: Bearer $KEY"{{ end }}{{ end }}

Speak and listen in one:
  helm test {{ .Release.Name }} -n {{ .Release.Namespace }} --timeout {{ mul 2 (int .Values.test.timeoutSeconds) }}s
{{- if .Values.checkApis }}

What these values need of the cluster was looked at, as far as it could be seen; the same without installing:
  helm install {{ .Release.Name }} CHART -n {{ .Release.Namespace }} -f VALUES --dry-run=server
{{- end }}
{{- with include "harmony-speech.features" . | fromJson }}

Knative needs these features. If pods do not appear and events say "must not set the field":
  {{ include "harmony-speech.featureCommand" . }}
{{- end }}
{{- if and (eq .Values.hub.cache.type "emptyDir") (eq .Values.mode "Knative") }}

NOTE: hub.cache.type is emptyDir, so every cold start downloads its weights. `pvc` or weights.storageUri
saves that (docs/operations.md, "Cold starts").
{{- end }}
{{- if not .Values.ingress.apiKeys.existingSecret }}

NOTE: no ingress.apiKeys.existingSecret: everybody who reaches the ingress may use it.
{{- end }}
{{- $scaler := include "harmony-speech.autoscaler" . }}
{{- if eq $scaler "hpa" }}

NOTE: autoscaler hpa keeps at least one pod of every model and toolchain.
{{- else if eq $scaler "keda" }}

NOTE: autoscaler keda: callers of a model without pods get 503 until one has started, because nothing holds
their requests (docs/operations.md, "What it costs").
{{- end }}
{{- $untried := list }}
{{- range $name, $scaling := include "harmony-speech.allScaling" . | fromJson }}
{{- if and (eq $.Values.mode "Knative") (eq (int $scaling.initialScale) 0) }}{{ $untried = append $untried $name }}{{ end }}
{{- end }}
{{- with $untried }}

NOTE: initialScale is 0 for {{ join ", " . }}: a new revision takes over without having been tried.
{{- end }}
{{- with include "harmony-speech.warnings" . | fromJsonArray }}

Worth a look in this cluster:
{{- include "harmony-speech.findings" . }}
{{- end }}
{{- range $id, $toolchain := $toolchains }}
{{- if eq $toolchain.mode "graph" }}

NOTE: toolchain {{ $id }} is a graph only: call http://{{ $toolchain.service }}-graph.{{ $.Release.Namespace }}.svc.{{ $.Values.clusterDomain }}
with V1 instances. The ingress does not reach it.
{{- end }}
{{- end }}
{{ end }}

{{/* The first enabled model that turns text into sound; nothing if there is none. */}}
{{- define "harmony-speech.speaker" -}}
{{- include "harmony-speech.forTask" (dict "root" . "task" "synthesize") -}}
{{- end }}

{{/* The first enabled model of a task that the ingress uses. Arguments: root, task. */}}
{{- define "harmony-speech.forTask" -}}
{{- $found := list -}}
{{- range $name, $model := include "harmony-speech.models" .root | fromJson -}}
  {{- if and (eq $model.task $.task) (ne $model.entry.protocol "grpc") }}{{ $found = append $found $name }}{{ end -}}
{{- end -}}
{{- with $found }}{{ first . }}{{ end -}}
{{- end }}
