{{/* The predictor of an InferenceService. Arguments: root, model (of harmony-speech.models). */}}
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
      {{- include "harmony-speech.settings" (mergeOverwrite (dict "timeout_s" $timeout "grace_s" (sub $timeout 5)) (deepCopy $values.predictors.settings) $entry.settings) | nindent 6 }}
      {{- with concat $values.predictors.env $entry.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    resources: {{- toYaml .model.profile.resources | nindent 6 }}
    securityContext: {{- include "harmony-speech.containerSecurity" .root | nindent 6 }}
    {{- include "harmony-speech.probes" (dict "name" .model.name "mode" $values.mode "seconds" (int .model.scaling.progressDeadlineSeconds)) | nindent 4 }}
    {{- with include "harmony-speech.lifecycle" $values.mode }}
    {{- . | nindent 4 }}
    {{- end }}
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
