{{/* The transformer of an InferenceService. Arguments: root, toolchain (of harmony-speech.toolchains). */}}
{{- define "harmony-speech.transformer" -}}
{{- $values := .root.Values -}}
{{ include "harmony-speech.scaling" (dict "mode" $values.mode "scaling" .toolchain.scaling "device" "cpu") }}
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
      {{- include "harmony-speech.settings" (mergeOverwrite (dict "timeout_s" $timeout "grace_s" (sub $timeout 5)) .toolchain.settings) | nindent 6 }}
    resources: {{- toYaml .toolchain.resources | nindent 6 }}
    securityContext: {{- include "harmony-speech.containerSecurity" .root | nindent 6 }}
    {{- include "harmony-speech.probes" (dict "name" .toolchain.id "mode" $values.mode "seconds" (int .toolchain.scaling.progressDeadlineSeconds)) | nindent 4 }}
    {{- with include "harmony-speech.lifecycle" $values.mode }}
    {{- . | nindent 4 }}
    {{- end }}
    volumeMounts:
      - {name: home, mountPath: /home/speech}
      - {name: config, mountPath: /etc/harmony-speech, readOnly: true}
volumes:
  - name: home
    emptyDir: {}
  - name: config
    configMap: {name: {{ include "harmony-speech.fullname" .root }}-config}
{{- end }}
