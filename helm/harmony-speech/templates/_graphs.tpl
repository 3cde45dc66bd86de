{{/*
Toolchains as InferenceGraphs over V1 envelopes. Every step is Hard: a Soft one would feed its error
body to the next. `data: $response` passes the enriched envelope on; an Ensemble's answers are merged
by the step that follows it (contract/envelopes.py).
*/}}

{{/* One step that calls a predictor. Arguments: name, model (of harmony-speech.models), first. */}}
{{- define "harmony-speech.step" -}}
- name: {{ .name }}
  serviceUrl: {{ .model.url }}/v1/models/{{ .model.name }}:predict
  {{- if not .first }}
  data: $response
  {{- end }}
  dependency: Hard
{{- end }}

{{/* The first enabled model of these types. Arguments: models, types. */}}
{{- define "harmony-speech.first" -}}
{{- get .models (include "harmony-speech.ofTypes" . | fromJsonArray | first) | toJson -}}
{{- end }}

{{/* Steps one after the other. Arguments: models, steps (list of {name, types}). */}}
{{- define "harmony-speech.sequence" -}}
routerType: Sequence
steps:
{{- range $index, $step := .steps }}
  {{- $model := include "harmony-speech.first" (dict "models" $.models "types" $step.types) | fromJson }}
  {{- include "harmony-speech.step" (dict "name" $step.name "model" $model "first" (eq $index 0)) | nindent 2 }}
{{- end }}
{{- end }}

{{/* The synthesizer of the envelope's language; without one, the first, as the transformer does. */}}
{{- define "harmony-speech.byLanguage" -}}
routerType: Switch
steps:
{{- $models := .models }}
{{- $names := include "harmony-speech.ofTypes" . | fromJsonArray }}
{{- range $name := $names }}
  {{- $model := get $models $name }}
  {{- with $model.config.language }}
  {{- include "harmony-speech.step" (dict "name" $name "model" $model "first" true) | nindent 2 }}
    condition: 'instances.#(language=="{{ . }}")'
  {{- end }}
{{- end }}
  {{- include "harmony-speech.step" (dict "name" "default" "model" (get $models (first $names)) "first" true) | nindent 2 }}
    condition: instances.#(language==~null)
{{- end }}

{{- define "harmony-speech.graph.harmonyspeech" -}}
root:
  {{- include "harmony-speech.sequence" (dict "models" . "steps" (list
    (dict "name" "embed" "types" (list "HarmonySpeechEncoder"))
    (dict "name" "synthesize-mel" "types" (list "HarmonySpeechSynthesizer"))
    (dict "name" "vocode" "types" (list "HarmonySpeechVocoder")))) | nindent 2 }}
{{- end }}

{{- define "harmony-speech.graph.voicefixer" -}}
root:
  {{- include "harmony-speech.sequence" (dict "models" . "steps" (list
    (dict "name" "restore" "types" (list "VoiceFixerRestorer"))
    (dict "name" "vocode" "types" (list "VoiceFixerVocoder")))) | nindent 2 }}
{{- end }}

{{- define "harmony-speech.graph.openvoice_v1" -}}
{{- include "harmony-speech.openvoice" (dict "models" . "version" "1" "synthesizer" "OpenVoiceV1Synthesizer") }}
{{- end }}

{{- define "harmony-speech.graph.openvoice_v2" -}}
{{- include "harmony-speech.openvoice" (dict "models" . "version" "2" "synthesizer" "MeloTTSSynthesizer") }}
{{- end }}

{{/* Voice cloning: reference → segments → embedding beside text → base speech; then conversion. */}}
{{- define "harmony-speech.openvoice" -}}
{{- $converter := printf "OpenVoiceV%sToneConverter" .version }}
{{- $convert := include "harmony-speech.first" (dict "models" .models "types" (list $converter)) | fromJson }}
root:
  routerType: Sequence
  steps:
    - name: branches
      nodeName: branches
      dependency: Hard
    {{- include "harmony-speech.step" (dict "name" "convert" "model" $convert) | nindent 4 }}
branches:
  routerType: Ensemble
  steps:
    - name: voice
      nodeName: voice
      dependency: Hard
    - name: speech
      nodeName: speech
      dependency: Hard
voice:
  {{- include "harmony-speech.sequence" (dict "models" .models "steps" (list
    (dict "name" "detect-speech" "types" (list "FasterWhisper" "SileroVAD"))
    (dict "name" "embed" "types" (list (printf "%sEncoder" $converter))))) | nindent 2 }}
speech:
  {{- include "harmony-speech.byLanguage" (dict "models" .models "types" (list .synthesizer)) | nindent 2 }}
{{- end }}
