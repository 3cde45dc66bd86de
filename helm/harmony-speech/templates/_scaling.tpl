{{/* Replicas, autoscaling, time limits. Arguments: mode, scaling, device. */}}
{{- define "harmony-speech.scaling" -}}
{{- $s := .scaling -}}
{{- if eq .mode "Knative" -}}
minReplicas: {{ int $s.minReplicas }}
maxReplicas: {{ int $s.maxReplicas }}
containerConcurrency: {{ int $s.containerConcurrency }}
scaleMetric: concurrency
scaleTarget: {{ int $s.target }}
timeout: {{ int $s.timeoutSeconds }}
annotations:
  autoscaling.knative.dev/target-utilization-percentage: {{ int $s.targetUtilization | quote }}
  autoscaling.knative.dev/target-burst-capacity: {{ int $s.targetBurstCapacity | quote }}
  autoscaling.knative.dev/window: {{ int $s.windowSeconds }}s
  autoscaling.knative.dev/scale-down-delay: {{ int $s.scaleDownDelaySeconds }}s
  autoscaling.knative.dev/scale-to-zero-pod-retention-period: {{ int $s.retentionSeconds }}s
  {{- if ge (int $s.activationScale) 2 }}
  autoscaling.knative.dev/activation-scale: {{ int $s.activationScale | quote }}
  {{- end }}
  autoscaling.knative.dev/initial-scale: {{ int $s.initialScale | quote }}
  serving.knative.dev/progress-deadline: {{ int $s.progressDeadlineSeconds }}s
{{- else -}}
minReplicas: {{ max 1 (int $s.minReplicas) }}
maxReplicas: {{ max 1 (int $s.minReplicas) (int $s.maxReplicas) }}
scaleMetric: cpu
scaleTarget: {{ int $s.cpuUtilization }}
timeout: {{ int $s.timeoutSeconds }}
terminationGracePeriodSeconds: {{ add (int $s.timeoutSeconds) 10 }}
securityContext: {runAsNonRoot: true, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
{{- if eq .device "cuda" }}
deploymentStrategy: {type: Recreate}  # a new pod would wait forever for the old one's GPU
{{- end }}
{{- end }}
{{- end }}

{{/* Nodes a profile asks for. */}}
{{- define "harmony-speech.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
