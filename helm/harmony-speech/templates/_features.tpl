{{/* Feature flags that Knative must have on for these values; they are all off after its install. */}}

{{- define "harmony-speech.features" -}}
{{- $features := dict -}}
{{- if eq .Values.mode "Knative" -}}
  {{- $fields := dict "nodeSelector" "nodeselector" "tolerations" "tolerations" "affinity" "affinity" "runtimeClassName" "runtimeclassname" "priorityClassName" "priorityclassname" -}}
  {{- range $model := include "harmony-speech.models" . | fromJson -}}
    {{- range $field, $feature := $fields -}}
      {{- if get $model.profile $field }}{{ $_ := set $features (printf "kubernetes.podspec-%s" $feature) "enabled" }}{{ end -}}
    {{- end -}}
    {{- if and (eq $.Values.hub.cache.type "pvc") (not $model.entry.weights.storageUri) -}}
      {{- range $feature := list "persistent-volume-claim" "persistent-volume-write" "securitycontext" -}}
        {{- $_ := set $features (printf "kubernetes.podspec-%s" $feature) "enabled" -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $features -}}
{{- end }}

{{/* Arguments: the features as a map. */}}
{{- define "harmony-speech.featureCommand" -}}
kubectl patch configmap/config-features -n knative-serving --type merge -p '{{ dict "data" . | toJson }}'
{{- end }}

{{/* `lookup` finds nothing when there is no cluster, and then nothing is checked. */}}
{{- define "harmony-speech.checkFeatures" -}}
{{- $features := include "harmony-speech.features" . | fromJson -}}
{{- if and .Values.preflight.features $features -}}
  {{- $config := lookup "v1" "ConfigMap" "knative-serving" "config-features" -}}
  {{- if $config -}}
    {{- $missing := dict -}}
    {{- range $feature, $_ := $features -}}
      {{- if ne (dig "data" $feature "disabled" $config | lower) "enabled" }}{{ $_ := set $missing $feature "enabled" }}{{ end -}}
    {{- end -}}
    {{- if $missing -}}
    {{- fail (printf "\nKnative would refuse these pods, because features are off. Turn them on:\n  %s" (include "harmony-speech.featureCommand" $missing)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
