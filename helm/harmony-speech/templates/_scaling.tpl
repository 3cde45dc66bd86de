{{/*
Replicas, autoscaling, time limits. Arguments: root, scaling, pod, and `query`: what KEDA asks Prometheus
for the requests under way, nothing for CPU use.
*/}}
{{- define "harmony-speech.scaling" -}}
{{- $s := .scaling -}}
{{- $scaler := include "harmony-speech.autoscaler" .root -}}
{{- if eq $scaler "knative" -}}
{{ include "harmony-speech.knativeScaling" . }}
{{- else -}}
{{- $fewest := ternary (int $s.minReplicas) (max 1 (int $s.minReplicas)) (and (eq $scaler "keda") (ne .query "")) -}}
minReplicas: {{ $fewest }}
maxReplicas: {{ max 1 $fewest (int $s.maxReplicas) }}
{{- if eq $scaler "hpa" }}
scaleMetric: cpu
scaleTarget: {{ int $s.cpuUtilization }}
{{- else if .query }}
# KServe makes KEDA's ScaledObject of this, and refuses scaleMetric beside it.
autoScaling:
  metrics:
    - type: External
      external:
        metric:
          backend: prometheus
          serverAddress: {{ .root.Values.keda.serverAddress }}
          query: {{ .query | quote }}
        target: {type: Value, value: {{ int $s.target | quote }}}
{{- else }}
autoScaling:
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ int $s.cpuUtilization }}}}
{{- end }}
timeout: {{ int $s.timeoutSeconds }}
{{- with .pod.labels }}
labels: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pod.annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ add (int $s.timeoutSeconds) 10 }}
{{- include "harmony-speech.podSecurity" .pod }}
{{- if eq $s.deploymentStrategy "Recreate" }}
deploymentStrategy: {type: Recreate}
{{- else }}
# The old pod serves until the new one has answered its warm-up.
deploymentStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
{{- end }}
{{- end }}
{{- end }}

{{- define "harmony-speech.knativeScaling" -}}
{{- $s := .scaling -}}
minReplicas: {{ int $s.minReplicas }}
maxReplicas: {{ int $s.maxReplicas }}
containerConcurrency: {{ int $s.containerConcurrency }}
scaleMetric: concurrency
scaleTarget: {{ int $s.target }}
timeout: {{ int $s.timeoutSeconds }}
{{- if lt (int $s.canaryTrafficPercent) 100 }}
canaryTrafficPercent: {{ int $s.canaryTrafficPercent }}
{{- end }}
{{- with .pod.labels }}
labels: {{- toYaml . | nindent 2 }}
{{- end }}
annotations:
  {{- $annotations := dict
    "autoscaling.knative.dev/target-utilization-percentage" (int $s.targetUtilization | toString)
    "autoscaling.knative.dev/target-burst-capacity" (int $s.targetBurstCapacity | toString)
    "autoscaling.knative.dev/window" (printf "%ds" (int $s.windowSeconds))
    "autoscaling.knative.dev/scale-down-delay" (printf "%ds" (int $s.scaleDownDelaySeconds))
    "autoscaling.knative.dev/scale-to-zero-pod-retention-period" (printf "%ds" (int $s.retentionSeconds))
    "autoscaling.knative.dev/initial-scale" (int $s.initialScale | toString)
    "serving.knative.dev/progress-deadline" (printf "%ds" (int $s.progressDeadlineSeconds)) }}
  {{- if ge (int $s.activationScale) 2 }}
  {{- $_ := set $annotations "autoscaling.knative.dev/activation-scale" (int $s.activationScale | toString) }}
  {{- end }}
  {{- if int $s.rolloutSeconds }}
  {{- $_ := set $annotations "serving.knative.dev/rollout-duration" (printf "%ds" (int $s.rolloutSeconds)) }}
  {{- end }}
  {{- toYaml (mergeOverwrite $annotations .pod.annotations) | nindent 2 }}
{{- end }}

{{/*
Requests under way at a model: those its pods answer, and those that callers could not bring to any pod,
which is how a model without pods is missed. Arguments: root, model (its name).
*/}}
{{- define "harmony-speech.demand" -}}
{{- $of := printf "{namespace=%q,model=%q}" .root.Release.Namespace .model -}}
{{- $sums := list -}}
{{- range $metric := list "speech_request_seconds_sum" "speech_client_retries_total" "speech_client_circuit_open_total" -}}
  {{- $sums = append $sums (printf "(sum(rate(%s%s[2m])) or vector(0))" $metric $of) -}}
{{- end -}}
{{- join " + " $sums -}}
{{- end }}
