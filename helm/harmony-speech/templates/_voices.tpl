{{/* The store of voices and consents. */}}

{{- define "harmony-speech.voicesClaim" -}}
{{- .Values.ingress.voices.existingClaim | default (printf "%s-voices" (include "harmony-speech.fullname" .)) -}}
{{- end }}

{{- define "harmony-speech.voicesEnv" -}}
{{- with .Values.ingress.voices -}}
- name: SPEECH_VOICES_DB
  {{- if eq .store "postgresql" }}
  valueFrom:
    secretKeyRef: {name: {{ .database.existingSecret | quote }}, key: {{ .database.key | quote }}}
  {{- else }}
  value: {{ ternary "sqlite:////var/lib/harmony-speech/voices.sqlite3" "none" (eq .store "sqlite") }}
  {{- end }}
{{- if and .encryption.existingSecret (ne .store "none") }}
- name: SPEECH_VOICES_KEYS
  valueFrom:
    secretKeyRef: {name: {{ .encryption.existingSecret | quote }}, key: {{ .encryption.key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "harmony-speech.checkVoices" -}}
{{- with .Values.ingress -}}
{{- if and (eq .voices.store "postgresql") (not .voices.database.existingSecret) -}}
{{- fail "ingress.voices.store is postgresql: name the Secret with the database's URL in ingress.voices.database.existingSecret" -}}
{{- end -}}
{{- if and (eq .voices.store "sqlite") (or .autoscaling.enabled (gt (int .replicas) 1)) -}}
{{- fail "ingress.voices.store is sqlite, a file that one pod can hold: set ingress.replicas to 1 and ingress.autoscaling.enabled to false, or use postgresql" -}}
{{- end -}}
{{- end -}}
{{- end }}
