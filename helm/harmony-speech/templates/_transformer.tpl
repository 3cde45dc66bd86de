{{/* The transformer of an InferenceService. Arguments: root, toolchain (of harmony-speech.toolchains). */}}
{{- define "harmony-speech.transformer" -}}
{{- $values := .root.Values -}}
{{- $pod := .toolchain.pod -}}
{{- $watches := $values.discovery.enabled -}}
{{ include "harmony-speech.scaling" (dict "root" .root "scaling" .toolchain.scaling "pod" $pod "query" "") }}
{{ include "harmony-speech.account" .root }}
{{- include "harmony-speech.placement" $pod }}
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
      {{- $own := include "harmony-speech.transformerEnv" . | fromYamlArray }}
      {{- include "harmony-speech.mergedEnv" (list $own .toolchain.env) | nindent 6 }}
    {{- with $pod.envFrom }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    resources: {{- toYaml .toolchain.resources | nindent 6 }}
    {{- with include "harmony-speech.containerSecurity" $pod | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- include "harmony-speech.probes" (dict "name" .toolchain.id "mode" $values.mode "seconds" (int .toolchain.scaling.progressDeadlineSeconds)) | nindent 4 }}
    {{- with include "harmony-speech.lifecycle" $values.mode }}
    {{- . | nindent 4 }}
    {{- end }}
    volumeMounts:
      - {name: home, mountPath: /home/speech}
      - {name: config, mountPath: /etc/harmony-speech, readOnly: true}
      {{- if $watches }}
      {{- include "harmony-speech.tokenMount" .root | nindent 6 }}
      {{- end }}
      {{- with $pod.volumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: home
    emptyDir: {}
  - name: config
    configMap: {name: {{ include "harmony-speech.fullname" .root }}-config}
  {{- if $watches }}
  {{- include "harmony-speech.tokenVolume" .root | nindent 2 }}
  {{- end }}
  {{- with $pod.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "harmony-speech.transformerEnv" -}}
{{- $timeout := int .toolchain.scaling.timeoutSeconds -}}
{{- include "harmony-speech.homeEnv" .root }}
{{ include "harmony-speech.connections" .root }}
{{- include "harmony-speech.tracing" (dict "root" .root "service" .toolchain.id) }}
{{- include "harmony-speech.settings" (mergeOverwrite (dict "timeout_s" $timeout "grace_s" (sub $timeout 5)) (include "harmony-speech.held" (dict "resources" .toolchain.resources "share" 3) | fromJson) .toolchain.settings) }}
{{- end }}
