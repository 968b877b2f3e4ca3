{{- /* Names and labels. */}}

{{- define "spanloom.name" -}}
{{- if contains "spanloom" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-spanloom" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What selects the pods of the release; with (dict "root" $ "stage" "sink") those of a stage. Never changes. */}}
{{- define "spanloom.selector" -}}
app.kubernetes.io/name: spanloom
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .stage }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "spanloom.labels" -}}
{{ include "spanloom.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- /* The image of a stage; of the command when the stage is "topics". */}}
{{- define "spanloom.image" -}}
{{- $image := .root.Values.image -}}
{{- $suffix := ternary "" (printf "-%s" .stage) (eq .stage "topics") -}}
{{- $own := ternary "" ((get .root.Values .stage).tag) (eq .stage "topics") -}}
{{- printf "%s%s:%s" $image.repository $suffix ($own | default $image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}

{{- /* The port of an http or https address; nothing of nothing. */}}
{{- define "spanloom.urlPort" -}}
{{- with . -}}
{{- $host := regexReplaceAll "^(https?://[^/]*).*$" . "${1}" -}}
{{- regexFind ":[0-9]+$" $host | trimPrefix ":" | default (ternary "443" "80" (hasPrefix "https:" $host)) -}}
{{- end -}}
{{- end -}}
