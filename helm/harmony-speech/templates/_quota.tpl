{{/*
Under a quota of memory or of limits every container must state what is counted, and Knative's queue-proxy
states a CPU request only, unless config-deployment says more (knative/serving v0.48.1
pkg/deployment/config.go:64-70) or a LimitRange fills the gap.
*/}}
{{- define "harmony-speech.quotaFindings" -}}
{{- $findings := list -}}
{{- if eq .Values.mode "Knative" -}}
  {{- $counted := dict -}}
  {{- range dig "items" list (lookup "v1" "ResourceQuota" .Release.Namespace "") -}}
    {{- $counted = merge $counted (dig "spec" "hard" dict .) -}}
  {{- end -}}
  {{- range dig "items" list (lookup "v1" "LimitRange" .Release.Namespace "") -}}
    {{- range dig "spec" "limits" list . -}}
      {{- if eq .type "Container" }}{{ $counted = dict }}{{ end -}}
    {{- end -}}
  {{- end -}}
  {{- $config := include "harmony-speech.knativeConfig" "config-deployment" | fromJson -}}
  {{- $missing := dict -}}
  {{- range $one := list (list "limits.cpu" "cpu-limit" "1") (list "limits.memory" "memory-limit" "256Mi") (list "requests.memory" "memory-request" "64Mi") (list "memory" "memory-request" "64Mi") -}}
    {{- $key := printf "queue-sidecar-%s" (index $one 1) -}}
    {{- if and (hasKey $counted (index $one 0)) (not (get $config.data $key)) }}{{ $_ := set $missing $key (index $one 2) }}{{ end -}}
  {{- end -}}
  {{- if and $config.found $missing -}}
  {{- $findings = append $findings (dict "what" (printf "A ResourceQuota of namespace %s counts what Knative's queue-proxy does not state, so no pod of a model would be admitted:" .Release.Namespace) "fix" (include "harmony-speech.patchKnative" (dict "name" "config-deployment" "data" $missing))) -}}
  {{- end -}}
{{- end -}}
{{- toJson $findings -}}
{{- end }}
