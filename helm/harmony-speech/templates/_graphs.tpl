{{/*
Toolchains as InferenceGraphs over V1 instances. Every step is Hard: a Soft one would feed its error
body to the next. `data: $response` passes the enriched instance on; an Ensemble's answers are merged
by the step that follows it (contract/wire/instances.py).
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

{{/*
A Switch takes the first step whose condition is met by any instance of the body, so the instances of
one body must ask for the same thing. gjson: `#(key!=~null)` is an instance whose key is given.
Arguments: name, node, condition.
*/}}
{{- define "harmony-speech.case" -}}
- name: {{ .name }}
  nodeName: {{ .node }}
  condition: {{ .condition }}
  dependency: Hard
{{- end }}

{{/* The synthesizer of the instance's language, else the first, which refuses another language. */}}
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
    condition: instances
{{- end }}

{{- define "harmony-speech.graph.harmonyspeech" -}}
{{- $embed := dict "name" "embed" "types" (list "HarmonySpeechEncoder") }}
{{- $speak := list
  (dict "name" "synthesize-mel" "types" (list "HarmonySpeechSynthesizer"))
  (dict "name" "vocode" "types" (list "HarmonySpeechVocoder")) }}
root:
  routerType: Switch
  steps:
    {{- include "harmony-speech.case" (dict "name" "embed" "node" "embed" "condition" "'instances.#(task==\"embed_speaker\")'") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "known-voice" "node" "speak" "condition" "instances.#(embedding!=~null)") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "clone" "node" "clone" "condition" "instances") | nindent 4 }}
embed:
  {{- include "harmony-speech.sequence" (dict "models" . "steps" (list $embed)) | nindent 2 }}
speak:
  {{- include "harmony-speech.sequence" (dict "models" . "steps" $speak) | nindent 2 }}
clone:
  {{- include "harmony-speech.sequence" (dict "models" . "steps" (prepend $speak $embed)) | nindent 2 }}
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

{{/* A node's steps, the last of which is the converter. Arguments: convert (a model), name, node. */}}
{{- define "harmony-speech.converted" -}}
routerType: Sequence
steps:
  - name: {{ .name }}
    nodeName: {{ .node }}
    dependency: Hard
  {{- include "harmony-speech.step" (dict "name" "convert" "model" .convert) | nindent 2 }}
{{- end }}

{{/*
Voice cloning: reference → segments → embedding beside text → base speech; then conversion. What the
instance holds decides what is done, whatever its `mode` says.
*/}}
{{- define "harmony-speech.openvoice" -}}
{{- $converter := printf "OpenVoiceV%sToneConverter" .version }}
{{- $convert := include "harmony-speech.first" (dict "models" .models "types" (list $converter)) | fromJson }}
{{- $detect := dict "name" "detect-speech" "types" (list "FasterWhisper" "SileroVAD") }}
{{- $embed := dict "name" "embed" "types" (list (printf "%sEncoder" $converter)) }}
root:
  routerType: Switch
  steps:
    {{- include "harmony-speech.case" (dict "name" "embed" "node" "voice" "condition" "'instances.#(task==\"embed_speaker\")'") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "convert" "node" "convert" "condition" "instances.#(target_audio!=~null)") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "known-voice" "node" "known-voice" "condition" "instances.#(embedding!=~null)") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "clone" "node" "clone" "condition" "instances.#(reference_audio!=~null)") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "voice-missing" "node" "clone" "condition" "'instances.#(mode==\"voice_cloning\")'") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "preset-voice" "node" "speech" "condition" "instances") | nindent 4 }}
convert:
  {{- include "harmony-speech.converted" (dict "convert" $convert "name" "voice" "node" "voice") | nindent 2 }}
known-voice:
  {{- include "harmony-speech.converted" (dict "convert" $convert "name" "speech" "node" "speech") | nindent 2 }}
clone:
  {{- include "harmony-speech.converted" (dict "convert" $convert "name" "branches" "node" "branches") | nindent 2 }}
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
  routerType: Switch
  steps:
    {{- include "harmony-speech.case" (dict "name" "known-segments" "node" "embed" "condition" "instances.#(segments!=~null)") | nindent 4 }}
    {{- include "harmony-speech.case" (dict "name" "find-speech" "node" "find-and-embed" "condition" "instances") | nindent 4 }}
embed:
  {{- include "harmony-speech.sequence" (dict "models" .models "steps" (list $embed)) | nindent 2 }}
find-and-embed:
  {{- include "harmony-speech.sequence" (dict "models" .models "steps" (list $detect $embed)) | nindent 2 }}
speech:
  {{- include "harmony-speech.byLanguage" (dict "models" .models "types" (list .synthesizer)) | nindent 2 }}
{{- end }}
