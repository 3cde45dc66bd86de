{{/* What every InferenceService says of itself; discovery reads it. Arguments: root, model. */}}

{{- define "harmony-speech.serviceLabels" -}}
{{ include "harmony-speech.podLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{ include "harmony-speech.clusterLocal" .root }}
harmony-speech/model: {{ .model.name | quote }}
{{- /* Discovery finds services by this label; callers of our own speak V2 over HTTP only. */}}
{{- if ne .model.entry.protocol "grpc" }}
harmony-speech/model-type: {{ .model.entry.model_type | quote }}
{{- end }}
harmony-speech/task: {{ .model.task | quote }}
{{- with .model.config.language }}
harmony-speech/language: {{ . | quote }}
{{- end }}
{{- if include "harmony-speech.usesClaim" . }}
harmony-speech/volume: {{ include "harmony-speech.cacheClaim" .root | quote }}
{{- end }}
{{- with .model.entry.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "harmony-speech.serviceAnnotations" -}}
{{- $annotations := dict "serving.kserve.io/deploymentMode" .root.Values.mode "harmony-speech/model-config" (toJson .model.config) -}}
{{- if eq .root.Values.mode "Standard" }}{{ $_ := set $annotations "serving.kserve.io/autoscalerClass" (include "harmony-speech.autoscaler" .root) }}{{ end -}}
{{- with .model.config.voices }}{{ $_ := set $annotations "harmony-speech/voices" (join "," .) }}{{ end -}}
{{- mergeOverwrite $annotations (deepCopy .model.entry.annotations) | toYaml -}}
{{- end }}
