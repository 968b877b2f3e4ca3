{{- /* Settings of the stages, as environment variables. All take (dict "root" $ "stage" "sink"). */}}

{{- define "spanloom.plainSettings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  {{- /* A large whole number arrives as 1e+06. */}}
  value: {{ ternary (int64 $value) $value (and (kindIs "float64" $value) (eq (toString (floor $value)) (toString $value))) | toString | quote }}
{{- end }}
{{- end -}}

{{- define "spanloom.secretSetting" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}

{{- define "spanloom.kafkaSettings" -}}
{{- $kafka := .root.Values.kafka -}}
- name: SPANLOOM_BUS_KAFKA_BROKERS
  value: {{ join "," $kafka.brokers | quote }}
- name: SPANLOOM_BUS_KAFKA_PREFIX
  value: {{ $kafka.prefix | quote }}
{{- if $kafka.tls.enabled }}
- name: SPANLOOM_BUS_KAFKA_TLS
  value: 'true'
{{- if $kafka.tls.secret }}
- name: SPANLOOM_BUS_KAFKA_TLS_CA
  value: /etc/spanloom/kafka/ca.crt
{{- if $kafka.tls.clientCertificate }}
- name: SPANLOOM_BUS_KAFKA_TLS_CERT
  value: /etc/spanloom/kafka/tls.crt
- name: SPANLOOM_BUS_KAFKA_TLS_KEY
  value: /etc/spanloom/kafka/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- with $kafka.sasl.mechanism }}
{{- $secret := get ($kafka.sasl.secrets | default dict) $.stage | default $kafka.sasl.secret | required "kafka.sasl.secret names the Secret with user and password." }}
- name: SPANLOOM_BUS_KAFKA_SASL
  value: {{ . }}
{{ include "spanloom.secretSetting" (dict "name" "SPANLOOM_BUS_KAFKA_USER" "secret" $secret "key" $kafka.sasl.usernameKey) }}
{{ include "spanloom.secretSetting" (dict "name" "SPANLOOM_BUS_KAFKA_PASSWORD" "secret" $secret "key" $kafka.sasl.passwordKey) }}
{{- end }}
{{- end -}}

{{- define "spanloom.registrySettings" -}}
{{- with .root.Values.schemaRegistry -}}
{{- if .url }}
- name: SPANLOOM_SCHEMA_REGISTRY_URL
  value: {{ .url | quote }}
{{- if .secret }}
- name: SPANLOOM_SCHEMA_REGISTRY_USER
  value: {{ .user | quote }}
{{ include "spanloom.secretSetting" (dict "name" "SPANLOOM_SCHEMA_REGISTRY_PASSWORD" "secret" .secret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "spanloom.redisSettings" -}}
{{- with .root.Values.redis -}}
{{- if .url }}
- name: SPANLOOM_CORRELATOR_REDIS_URL
  value: {{ .url | quote }}
{{- if .cluster }}
- name: SPANLOOM_CORRELATOR_REDIS_CLUSTER
  value: 'true'
{{- end }}
{{- if .secret }}
- name: SPANLOOM_CORRELATOR_REDIS_USER
  value: {{ .user | quote }}
{{ include "spanloom.secretSetting" (dict "name" "SPANLOOM_CORRELATOR_REDIS_PASSWORD" "secret" .secret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "spanloom.clickhouseSettings" -}}
{{- with .root.Values.clickhouse -}}
- name: SPANLOOM_CLICKHOUSE_URL
  value: {{ required "clickhouse.url is the address of ClickHouse, such as http://clickhouse:8123." .url | quote }}
- name: SPANLOOM_CLICKHOUSE_DATABASE
  value: {{ .database | quote }}
- name: SPANLOOM_CLICKHOUSE_USER
  value: {{ .user | quote }}
{{- if .secret }}
{{ include "spanloom.secretSetting" (dict "name" "SPANLOOM_CLICKHOUSE_PASSWORD" "secret" .secret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "spanloom.kubernetesSettings" -}}
{{- with .root.Values.resources -}}
{{- if .kubernetes }}
- name: SPANLOOM_RESOURCES_KUBERNETES_ENABLED
  value: 'true'
- name: SPANLOOM_RESOURCES_KUBERNETES_CLUSTER_NAME
  value: {{ .clusterName | quote }}
- name: SPANLOOM_RESOURCES_KUBERNETES_LEASE_NAME
  value: {{ include "spanloom.name" $.root }}-resources
{{- end }}
{{- end }}
{{- end -}}

{{- define "spanloom.cloudSettings" -}}
{{- with .root.Values.resources -}}
{{- with .aws }}
{{- if .regions }}
- name: SPANLOOM_RESOURCES_CLOUD_PROVIDERS
  value: aws
- name: SPANLOOM_RESOURCES_AWS_REGIONS
  value: {{ join "," .regions | quote }}
{{- with .roles }}
- name: SPANLOOM_RESOURCES_AWS_ROLES
  value: {{ join "," . | quote }}
{{- end }}
{{- with .externalId }}
- name: SPANLOOM_RESOURCES_AWS_EXTERNAL_ID
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .files }}
{{- $paths := list }}
{{- range keys . | sortAlpha }}{{ $paths = append $paths (printf "/etc/spanloom/resources/%s" .) }}{{ end }}
- name: SPANLOOM_RESOURCES_CLOUD_FILES
  value: {{ join "," $paths | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What every stage that serves metrics and probes has. */}}
{{- define "spanloom.serviceSettings" -}}
- name: SPANLOOM_METRICS_HOST
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: SPANLOOM_METRICS_PORT
  value: {{ .port | quote }}
- name: SPANLOOM_SHUTDOWN_TIMEOUT
  value: {{ sub (int .root.Values.terminationGracePeriodSeconds) 10 }}s
{{- end -}}

{{- /* Everything of one stage; "port" is that of its metrics. */}}
{{- define "spanloom.environment" -}}
{{- $reads := dict "collector" (list "kafka" "registry") "resources" (list "kafka" "registry" "kubernetes" "cloud") "enricher" (list "kafka" "registry") "correlator" (list "kafka" "registry" "redis") "sink" (list "kafka" "registry" "clickhouse") "query" (list "clickhouse") -}}
{{ include "spanloom.serviceSettings" . }}
{{- range get $reads .stage }}
{{- with include (printf "spanloom.%sSettings" .) $ | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- if eq .stage "query" }}
- name: SPANLOOM_QUERY_HOST
  value: 0.0.0.0
- name: SPANLOOM_QUERY_PORT
  value: {{ .root.Values.query.port | quote }}
{{- $service := printf "%s-query" (include "spanloom.name" .root) }}
{{- $space := .root.Release.Namespace }}
- name: SPANLOOM_QUERY_HOSTS
  value: {{ join "," (concat (list $service (printf "%s.%s" $service $space) (printf "%s.%s.svc" $service $space) (printf "%s.%s.svc.cluster.local" $service $space)) .root.Values.query.hosts) | quote }}
{{- end }}
{{- if .root.Values.trust.secret }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/spanloom/trust/{{ .root.Values.trust.key }}
{{- end }}
{{- include "spanloom.plainSettings" (merge (dict) (get .root.Values .stage).settings .root.Values.settings) }}
{{- end -}}
