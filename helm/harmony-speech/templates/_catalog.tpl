{{/* The values' catalog with every default filled in, as JSON for fromJson. */}}

{{/* Profiles by name: files/accelerators.yaml under the values', whose nodes replace those there. */}}
{{- define "harmony-speech.profiles" -}}
{{- $profiles := mergeOverwrite (.Files.Get "files/accelerators.yaml" | fromYaml) (deepCopy .Values.profiles) -}}
{{- range $name, $given := .Values.profiles -}}
  {{- range $field := list "nodeSelector" "affinity" -}}
    {{- with dig "pod" $field dict $given }}{{ $_ := set (get $profiles $name).pod $field . }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- toJson $profiles -}}
{{- end }}

{{/* Toolchains: the last model type of each and, in lists of alternatives, what it needs: types, or the tasks of any type. */}}
{{- define "harmony-speech.toolchainTypes" -}}
harmonyspeech:
  last: HarmonySpeechVocoder
  needs: [[HarmonySpeechEncoder], [HarmonySpeechSynthesizer], [HarmonySpeechVocoder]]
openvoice_v1:
  last: OpenVoiceV1ToneConverter
  needs: [[FasterWhisper, SileroVAD], [OpenVoiceV1ToneConverterEncoder], [OpenVoiceV1Synthesizer], [OpenVoiceV1ToneConverter]]
openvoice_v2:
  last: OpenVoiceV2ToneConverter
  needs: [[FasterWhisper, SileroVAD], [OpenVoiceV2ToneConverterEncoder], [MeloTTSSynthesizer], [OpenVoiceV2ToneConverter]]
voicefixer:
  last: VoiceFixerVocoder
  needs: [[VoiceFixerRestorer], [VoiceFixerVocoder]]
diarize:
  last: FasterWhisper
  needs: [[FasterWhisper], [detect_speech], [embed_speaker]]
long_transcription:
  last: SileroVAD
  needs: [[FasterWhisper], [SileroVAD]]
{{- end }}

{{/* Enabled models by name: {type, task, language, profile, device, scaling, config, image, url, owner, …}. */}}
{{- define "harmony-speech.models" -}}
{{- $root := . -}}
{{- $profiles := include "harmony-speech.profiles" . | fromJson -}}
{{- $models := dict -}}
{{- range $name, $given := .Values.models -}}
  {{- $entry := mergeOverwrite (deepCopy $root.Values.modelDefaults) (deepCopy $given) -}}
  {{- if $entry.enabled -}}
    {{- $profile := get $profiles $entry.profile -}}
    {{- if not (hasKey $profiles $entry.profile) -}}
    {{- fail (printf "models.%s.profile is %q; profiles has %s" $name $entry.profile (keys $profiles | sortAlpha | join ", ")) -}}
    {{- end -}}
    {{- range $part := list "device" "resources" -}}
      {{- if not (get $profile $part) -}}
      {{- fail (printf "profiles.%s has no %s, which models.%s needs; a profile says device and resources" $entry.profile $part $name) -}}
      {{- end -}}
    {{- end -}}
    {{- $config := omit (deepCopy $given) "enabled" "profile" "weights" "scaling" "settings" "env" "image" "labels" "annotations" "pod" "protocol" -}}
    {{- $_ := set $config "name" $name -}}
    {{- $_ := set $config "device_config" (dict "device" $profile.device) -}}
    {{- if $entry.weights.storageUri -}}
    {{- $_ := set $config "model" (list "/mnt/models" $entry.weights.path | compact | join "/") -}}
    {{- end -}}
    {{- $type := get $root.Values.modelTypes $entry.model_type | default dict -}}
    {{- $task := $entry.task | default $type.task -}}
    {{- if not $task -}}
    {{- fail (printf "models.%s.model_type is %q; modelTypes has %s. A plugin's type needs a line there, or task and image here" $name $entry.model_type (keys $root.Values.modelTypes | sortAlpha | join ", ")) -}}
    {{- end -}}
    {{- /* Ingress and transformers do not have a plugin's package to ask. */ -}}
    {{- $_ := set $config "task" $task -}}
    {{- if and (eq $profile.device "cuda") (not (dig "cuda" true $type)) (not $entry.image) -}}
    {{- fail (printf "models.%s: the GPU image has no CUDA for %s (modelTypes.%s.cuda is false); choose a profile with device: cpu, or name an image of your own in models.%s.image" $name $entry.model_type $entry.model_type $name) -}}
    {{- end -}}
    {{- $repository := $profile.repository | default (ternary "gpu" ($type.image | default "torch") (eq $profile.device "cuda")) -}}
    {{- $image := $entry.image | default (include "harmony-speech.image" (dict "root" $root "repository" $repository)) -}}
    {{- $scaling := mergeOverwrite (deepCopy $root.Values.scaling) ($profile.scaling | default dict | deepCopy) $entry.scaling -}}
    {{- $pod := mergeOverwrite (deepCopy $root.Values.pods) ($profile.pod | default dict | deepCopy) $entry.pod -}}
    {{- $_ := set $models $name (dict "name" $name "entry" $entry "pod" $pod "config" $config "profile" $profile "task" $task "image" $image "scaling" $scaling "service" $name) -}}
  {{- end -}}
{{- end -}}
{{- range $id, $toolchain := include "harmony-speech.toolchains" . | fromJson -}}
  {{- range $name, $model := $models -}}
    {{- if and (eq $model.entry.model_type $toolchain.last) (ne $model.entry.protocol "grpc") (has $toolchain.mode (list "transformer" "both")) (not $toolchain.model) -}}
      {{- $_ := set $toolchain "model" $name -}}
      {{- $_ := set $model "owner" $id -}}
      {{- $_ := set $model "service" $toolchain.service -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $name, $model := $models -}}
  {{- $host := include "harmony-speech.host" (dict "root" $root "service" (printf "%s-predictor" $model.service)) -}}
  {{- $_ := set $model "url" (printf "http://%s" $host) -}}
{{- end -}}
{{- toJson $models -}}
{{- end }}

{{/* Enabled toolchains by id: {id, service, last, needs, mode, resources, scaling, settings}. */}}
{{- define "harmony-speech.toolchains" -}}
{{- $root := . -}}
{{- $types := include "harmony-speech.toolchainTypes" . | fromYaml -}}
{{- $toolchains := dict -}}
{{- range $id, $given := .Values.toolchains -}}
  {{- $entry := mergeOverwrite (deepCopy $root.Values.toolchainDefaults) (deepCopy $given) -}}
  {{- if $entry.enabled -}}
    {{- $scaling := mergeOverwrite (deepCopy $root.Values.scaling) (deepCopy $root.Values.toolchainDefaults.scaling) $entry.scaling -}}
    {{- $pod := mergeOverwrite (deepCopy $root.Values.pods) (deepCopy $root.Values.toolchainDefaults.pod) $entry.pod -}}
    {{- $_ := set $toolchains $id (mergeOverwrite (deepCopy $entry) (deepCopy (get $types $id)) (dict "id" $id "pod" $pod "service" ($id | replace "_" "-") "scaling" $scaling)) -}}
  {{- end -}}
{{- end -}}
{{- toJson $toolchains -}}
{{- end }}

{{/* Names of the enabled models of one of these types or tasks, in order. Arguments: models, types. */}}
{{- define "harmony-speech.ofTypes" -}}
{{- $found := list -}}
{{- range $name, $model := .models -}}
  {{- if and (or (has $model.entry.model_type $.types) (has $model.task $.types)) (ne $model.entry.protocol "grpc") -}}{{- $found = append $found $name -}}{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* config.yml: what contract/config.py reads. */}}
{{- define "harmony-speech.config" -}}
{{- $models := include "harmony-speech.models" . | fromJson -}}
{{- $toolchains := include "harmony-speech.toolchains" . | fromJson -}}
{{- $configs := list -}}
{{- range $name, $model := $models -}}
  {{- if ne $model.entry.protocol "grpc" }}{{ $configs = append $configs $model.config }}{{ end -}}
{{- end -}}
{{- $aliases := dict -}}
{{- range $alias, $name := .Values.aliases.models -}}
  {{- if or (hasKey $models $name) (hasKey $toolchains $name) }}{{ $_ := set $aliases $alias $name }}{{ end -}}
{{- end -}}
{{- $served := list -}}
{{- range $id, $toolchain := $toolchains -}}
  {{- if ne $toolchain.mode "graph" }}{{ $served = append $served $id }}{{ end -}}
{{- end -}}
{{- dict "model_configs" $configs "toolchains" $served "aliases" (dict "models" $aliases "voices" .Values.aliases.voices) | toYaml -}}
{{- end }}

{{/* Addresses of predictors that run inside a toolchain's InferenceService, as JSON. */}}
{{- define "harmony-speech.predictorUrls" -}}
{{- $urls := dict -}}
{{- range $name, $model := include "harmony-speech.models" . | fromJson -}}
  {{- if $model.owner }}{{ $_ := set $urls $name $model.url }}{{ end -}}
{{- end -}}
{{- toJson $urls -}}
{{- end }}
