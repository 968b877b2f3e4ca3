{{- /* Values that do not go together are refused, with what to change. */}}

{{- define "spanloom.checkValues" -}}
{{- $scaled := ne .Values.autoscaling.kind "none" -}}
{{- $instances := ternary .Values.correlator.maxReplicas .Values.correlator.replicas $scaled | int -}}
{{- if and .Values.correlator.enabled (gt $instances 1) (not .Values.redis.url) }}
{{- fail "Several correlators share what links their spans through Redis: set redis.url, or correlator.replicas and maxReplicas to 1." }}
{{- end }}
{{- range $stage := list "enricher" "correlator" "sink" }}
{{- $values := get $.Values $stage }}
{{- $most := ternary $values.maxReplicas $values.replicas $scaled | int }}
{{- if gt $most (int $.Values.topics.partitions) }}
{{- fail (printf "More than topics.partitions (%d) instances of the %s have nothing to do: %d is too many." (int $.Values.topics.partitions) $stage $most) }}
{{- end }}
{{- if and $scaled (gt (int $values.minReplicas) (int $values.maxReplicas)) }}
{{- fail (printf "%s.minReplicas is above maxReplicas." $stage) }}
{{- end }}
{{- end }}
{{- if and (eq .Values.autoscaling.kind "keda") (not .Values.autoscaling.keda.prometheus) }}
{{- fail "autoscaling.keda.prometheus is the address of the Prometheus that KEDA asks." }}
{{- end }}
{{- end -}}
