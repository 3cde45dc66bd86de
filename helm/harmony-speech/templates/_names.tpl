{{/* Names, labels, addresses and images. */}}

{{/* Helm allows dots in the name of a release, and Kubernetes none in that of a Service. */}}
{{- define "harmony-speech.fullname" -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if not (contains "harmony-speech" $release) }}{{ $release = printf "%s-harmony-speech" $release }}{{ end -}}
{{- $release | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "harmony-speech.labels" -}}
{{ include "harmony-speech.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Labels of pods, and of whatever hands its labels on to pods: without versions, or a new chart
would restart every model whether anything changed for it or not. */}}
{{- define "harmony-speech.podLabels" -}}
app.kubernetes.io/name: harmony-speech
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/part-of: harmony-speech
{{- end }}

{{- define "harmony-speech.ingressSelector" -}}
app.kubernetes.io/name: harmony-speech
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: ingress
{{- end }}

{{- define "harmony-speech.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "harmony-speech.fullname" .) -}}
{{- end }}

{{- define "harmony-speech.cacheClaim" -}}
{{- .Values.hub.cache.existingClaim | default (printf "%s-weights" (include "harmony-speech.fullname" .)) -}}
{{- end }}

{{/* Where images are; Knative skips dev.local (knative/serving v0.48.1 config/core/configmaps/deployment.yaml:47). */}}
{{- define "harmony-speech.registry" -}}
{{- $registry := .Values.images.registry | default (dig "imageRegistry" "" .Values.global) -}}
{{- if and (not $registry) .Values.images.local }}{{ $registry = "dev.local" }}{{ end -}}
{{- if not $registry -}}
{{- fail "images.registry is empty, so no node could pull. Name the registry that holds the images: --set images.registry=REGISTRY/PATH (make image REGISTRY=… builds them). Or, if they are on the nodes already (kind load, k3s ctr images import): --set images.local=true" -}}
{{- end -}}
{{- $registry -}}
{{- end }}

{{/* What decides on the number of pods: knative, hpa or keda. */}}
{{- define "harmony-speech.autoscaler" -}}
{{- if ne .Values.autoscaler "auto" }}{{ .Values.autoscaler }}{{ else if eq .Values.mode "Knative" }}knative{{ else }}hpa{{ end -}}
{{- end }}

{{/* Arguments: root, repository (a key of images.repositories). */}}
{{- define "harmony-speech.image" -}}
{{- $images := .root.Values.images -}}
{{- $repository := get $images.repositories .repository -}}
{{- if not $repository -}}
{{- fail (printf "images.repositories has no %q, which a model type or a profile names; add it, or correct modelTypes or the profile" .repository) -}}
{{- end -}}
{{- printf "%s/%s:%s" (include "harmony-speech.registry" .root) $repository ($images.tag | default .root.Chart.AppVersion) -}}
{{- end }}

{{/*
Host of a service of KServe. The full name is what Knative's local gateway routes by, and in Standard
mode it is the Service's own name. Arguments: root, service.
*/}}
{{- define "harmony-speech.host" -}}
{{- printf "%s.%s.svc.%s" .service .root.Release.Namespace .root.Values.clusterDomain -}}
{{- end }}

{{/* KServe keeps a service off the public gateway by a label that depends on the mode. */}}
{{- define "harmony-speech.clusterLocal" -}}
{{- if eq .Values.mode "Knative" }}networking.knative.dev/visibility{{ else }}networking.kserve.io/visibility{{ end }}: cluster-local
{{- end }}
