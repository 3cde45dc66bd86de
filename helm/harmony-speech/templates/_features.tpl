{{/*
Feature flags that Knative must have on for these values; they are all off after its install
(knative/serving v0.48.1 pkg/apis/config/features.go:82-117, pkg/apis/serving/fieldmask.go:218-301).
*/}}

{{- define "harmony-speech.features" -}}
{{- $features := dict -}}
{{- if eq .Values.mode "Knative" -}}
  {{- range $model := include "harmony-speech.models" . | fromJson -}}
    {{- $with := dict "root" $ "model" $model -}}
    {{- $pod := include "harmony-speech.besideTheVolume" $with | fromJson -}}
    {{- $_ := mergeOverwrite $features (include "harmony-speech.podFeatures" (dict "pod" $pod "env" (concat $.Values.predictors.env $model.entry.env)) | fromJson) -}}
    {{- if include "harmony-speech.usesClaim" $with -}}
      {{- $_ := mergeOverwrite $features (include "harmony-speech.flags" (list "persistent-volume-claim" "persistent-volume-write") | fromJson) -}}
      {{- if $pod.securityContext }}{{ $_ := set $features "kubernetes.podspec-securitycontext" "enabled" }}{{ end -}}
    {{- end -}}
  {{- end -}}
  {{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson -}}
    {{- if ne $toolchain.mode "graph" -}}
    {{- $_ := mergeOverwrite $features (include "harmony-speech.podFeatures" (dict "pod" $toolchain.pod "env" $toolchain.env) | fromJson) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $features -}}
{{- end }}

{{/* Argument: names of pod spec features. */}}
{{- define "harmony-speech.flags" -}}
{{- $flags := dict -}}
{{- range . }}{{ $_ := set $flags (printf "kubernetes.podspec-%s" .) "enabled" }}{{ end -}}
{{- toJson $flags -}}
{{- end }}

{{/* What one pod needs. Arguments: pod (of the values), env. */}}
{{- define "harmony-speech.podFeatures" -}}
{{- $flags := list -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "runtimeClassName" "priorityClassName" "topologySpreadConstraints" -}}
  {{- if get $.pod $field }}{{ $flags = append $flags (lower $field) }}{{ end -}}
{{- end -}}
{{- if .pod.initContainers }}{{ $flags = append $flags "init-containers" }}{{ end -}}
{{- range $volume := .pod.volumes -}}
  {{- if hasKey $volume "persistentVolumeClaim" -}}
    {{- $flags = append $flags "persistent-volume-claim" -}}
    {{- if not (dig "readOnly" false $volume.persistentVolumeClaim) }}{{ $flags = append $flags "persistent-volume-write" }}{{ end -}}
  {{- end -}}
  {{- range $kind := list "hostPath" "csi" "image" -}}
    {{- if hasKey $volume $kind }}{{ $flags = append $flags (printf "volumes-%s" (lower $kind)) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- range .env -}}
  {{- if or (dig "valueFrom" "fieldRef" "" .) (dig "valueFrom" "resourceFieldRef" "" .) }}{{ $flags = append $flags "fieldref" }}{{ end -}}
{{- end -}}
{{- include "harmony-speech.flags" $flags -}}
{{- end }}

{{/* Arguments: the features as a map. */}}
{{- define "harmony-speech.featureCommand" -}}
kubectl patch configmap/config-features -n knative-serving --type merge -p '{{ dict "data" . | toJson }}'
{{- end }}
