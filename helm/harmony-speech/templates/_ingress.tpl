{{/* Environment and volumes of the ingress. */}}

{{- define "harmony-speech.ingressPod" -}}
{{- mergeOverwrite (deepCopy .Values.pods) (deepCopy .Values.ingress.pod) | toJson -}}
{{- end }}

{{- define "harmony-speech.ingressEnv" -}}
{{- $timeout := int .Values.ingress.requestTimeoutSeconds }}
{{- $settings := mergeOverwrite (dict "timeout_s" $timeout "grace_s" $timeout "metrics_port" 9102) (include "harmony-speech.held" (dict "resources" .Values.ingress.resources "share" 3) | fromJson) }}
{{- if .Values.ingress.apiKeys.existingSecret }}
{{- $_ := set $settings "api_keys_file" (printf "/etc/harmony-speech-keys/%s" .Values.ingress.apiKeys.key) }}
{{- /* The monitors of this chart send no key. */}}
{{- $_ := set $settings "metrics" "open" }}
{{- end }}
{{- include "harmony-speech.homeEnv" . }}
{{ include "harmony-speech.connections" . }}
{{ include "harmony-speech.voicesEnv" . }}
{{- include "harmony-speech.tracing" (dict "root" . "service" "ingress") }}
{{- include "harmony-speech.settings" (mergeOverwrite $settings (deepCopy .Values.ingress.settings)) }}
{{- end }}

{{- define "harmony-speech.ingressMounts" -}}
- {name: home, mountPath: /home/speech}
- {name: config, mountPath: /etc/harmony-speech, readOnly: true}
{{- if eq .Values.ingress.voices.store "sqlite" }}
- {name: voices, mountPath: /var/lib/harmony-speech}
{{- end }}
{{- if .Values.ingress.apiKeys.existingSecret }}
- {name: keys, mountPath: /etc/harmony-speech-keys, readOnly: true}
{{- end }}
{{- if .Values.discovery.enabled }}
{{ include "harmony-speech.tokenMount" . }}
{{- end }}
{{- end }}

{{- define "harmony-speech.ingressVolumes" -}}
- name: home
  emptyDir: {}
- name: config
  configMap: {name: {{ include "harmony-speech.fullname" . }}-config}
{{- if eq .Values.ingress.voices.store "sqlite" }}
- name: voices
  persistentVolumeClaim: {claimName: {{ include "harmony-speech.voicesClaim" . | quote }}}
{{- end }}
{{- with .Values.ingress.apiKeys }}
{{- if .existingSecret }}
- name: keys
  secret:
    secretName: {{ .existingSecret | quote }}
    items: [{key: {{ .key | quote }}, path: {{ .key | quote }}}]
{{- end }}
{{- end }}
{{- if .Values.discovery.enabled }}
{{ include "harmony-speech.tokenVolume" . }}
{{- end }}
{{- end }}
