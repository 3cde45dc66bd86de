{{/* The predictor and the transformer of an InferenceService. */}}

{{/* Replicas, autoscaling, time limits, annotations. Arguments: mode, scaling, device, annotations. */}}
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
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- else -}}
minReplicas: {{ max 1 (int $s.minReplicas) }}
maxReplicas: {{ max 1 (int $s.minReplicas) (int $s.maxReplicas) }}
scaleMetric: cpu
scaleTarget: {{ int $s.cpuUtilization }}
timeout: {{ int $s.timeoutSeconds }}
terminationGracePeriodSeconds: {{ int $s.timeoutSeconds }}
securityContext: {runAsNonRoot: true, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
{{- if eq .device "cuda" }}
deploymentStrategy: {type: Recreate}  # a new pod would wait forever for the old one's GPU
{{- end }}
{{- with .annotations }}
annotations: {{- toYaml . | nindent 2 }}
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

{{/* Arguments: root, model (of harmony-speech.models). */}}
{{- define "harmony-speech.predictor" -}}
{{- $values := .root.Values -}}
{{- $entry := .model.entry -}}
{{- $fromHub := not $entry.weights.storageUri -}}
{{- $claim := and $fromHub (eq $values.hub.cache.type "pvc") -}}
{{- $timeout := int .model.scaling.timeoutSeconds -}}
{{ include "harmony-speech.scaling" (dict "mode" $values.mode "scaling" .model.scaling "device" .model.profile.device) }}
{{ include "harmony-speech.pod" (dict "root" .root "watches" false) }}
{{- include "harmony-speech.placement" .model.profile }}
{{- if and $claim (eq $values.mode "Knative") }}
securityContext: {fsGroup: 65532}
{{- end }}
containers:
  - name: kserve-container
    image: {{ .model.image }}
    imagePullPolicy: {{ $values.images.pullPolicy }}
    command: [python, -m, predictors]
    args:
      # Without `fallback`, which is for callers: a predictor knows no other entry.
      - --model_config
      - {{ omit .model.config "fallback" | toJson | replace "'" "''" | squote }}
      - --http_port
      - "8080"
    ports:
      - containerPort: 8080
        protocol: TCP
    env:
      {{- include "harmony-speech.homeEnv" .root | nindent 6 }}
      - name: XDG_CACHE_HOME
        value: /weights
      - name: HF_HOME
        value: /weights/huggingface
      - name: HF_HUB_DISABLE_TELEMETRY
        value: "1"
      - name: NUMBA_CACHE_DIR
        value: /home/speech
      - name: OMP_NUM_THREADS
        value: {{ include "harmony-speech.threads" .model.profile.resources | quote }}
      {{- if not $fromHub }}
      - name: STORAGE_URI
        value: {{ $entry.weights.storageUri }}
      {{- else if $values.hub.tokenSecret }}
      - name: HF_TOKEN
        valueFrom:
          secretKeyRef: {name: {{ $values.hub.tokenSecret }}, key: {{ $values.hub.tokenKey }}}
      {{- end }}
      {{- include "harmony-speech.settings" (mergeOverwrite (dict "max_timeout_s" $timeout "grace_s" (sub $timeout 5)) (deepCopy $values.predictors.settings) $entry.settings) | nindent 6 }}
      {{- with concat $values.predictors.env $entry.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    resources: {{- toYaml .model.profile.resources | nindent 6 }}
    securityContext: {{- include "harmony-speech.containerSecurity" .root | nindent 6 }}
    {{- include "harmony-speech.probes" (dict "name" .model.name "mode" $values.mode "seconds" (int .model.scaling.progressDeadlineSeconds)) | nindent 4 }}
    volumeMounts:
      - {name: home, mountPath: /home/speech}
      - {name: weights, mountPath: /weights}
volumes:
  - name: home
    emptyDir: {}
  - name: weights
    {{- if $claim }}
    persistentVolumeClaim: {claimName: {{ include "harmony-speech.cacheClaim" .root }}}
    {{- else }}
    emptyDir: {sizeLimit: {{ $values.hub.cache.size }}}
    {{- end }}
{{- end }}

{{/* Arguments: root, toolchain (of harmony-speech.toolchains). */}}
{{- define "harmony-speech.transformer" -}}
{{- $values := .root.Values -}}
{{- /* A changed catalog starts new pods, since without discovery it is read only once. */ -}}
{{- $annotations := ternary dict (dict "harmony-speech/config" (include "harmony-speech.config" .root | sha256sum | trunc 16)) $values.discovery.enabled -}}
{{ include "harmony-speech.scaling" (dict "mode" $values.mode "scaling" .toolchain.scaling "device" "cpu" "annotations" $annotations) }}
{{ include "harmony-speech.pod" (dict "root" .root "watches" true) }}
containers:
  - name: kserve-container
    image: {{ include "harmony-speech.image" (dict "root" .root "repository" "transformer") }}
    imagePullPolicy: {{ $values.images.pullPolicy }}
    command: [python, -m, transformer]
    args:
      - --toolchain
      - {{ .toolchain.id }}
      - --config
      - /etc/harmony-speech/config.yml
      - --http_port
      - "8080"
      # KServe would start one process per unit of containerConcurrency.
      - --workers
      - "1"
    ports:
      - containerPort: 8080
        protocol: TCP
    env:
      {{- include "harmony-speech.homeEnv" .root | nindent 6 }}
      {{- include "harmony-speech.connections" .root | nindent 6 }}
      {{- $timeout := int .toolchain.scaling.timeoutSeconds }}
      {{- include "harmony-speech.settings" (mergeOverwrite (dict "max_timeout_s" $timeout "grace_s" (sub $timeout 5)) .toolchain.settings) | nindent 6 }}
    resources: {{- toYaml .toolchain.resources | nindent 6 }}
    securityContext: {{- include "harmony-speech.containerSecurity" .root | nindent 6 }}
    {{- include "harmony-speech.probes" (dict "name" .toolchain.id "mode" $values.mode "seconds" (int .toolchain.scaling.progressDeadlineSeconds)) | nindent 4 }}
    volumeMounts:
      - {name: home, mountPath: /home/speech}
      - {name: config, mountPath: /etc/harmony-speech, readOnly: true}
volumes:
  - name: home
    emptyDir: {}
  - name: config
    configMap: {name: {{ include "harmony-speech.fullname" .root }}-config}
{{- end }}
