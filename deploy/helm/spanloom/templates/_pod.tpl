{{- /* Parts of pods. All take (dict "root" $ "stage" "sink"). */}}

{{- define "spanloom.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "spanloom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* Links to Services would set variables such as SPANLOOM_QUERY_PORT=tcp://..., which are settings of ours. */}}
{{- define "spanloom.podCommon" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "spanloom.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "spanloom.probes" -}}
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  initialDelaySeconds: 10
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 6
  failureThreshold: 3
{{- end -}}

{{- /* Does this stage speak to Kafka by TLS with files of its own? */}}
{{- define "spanloom.hasKafkaFiles" -}}
{{- if and .root.Values.kafka.tls.enabled .root.Values.kafka.tls.secret (ne .stage "query") }}true{{ end -}}
{{- end -}}

{{- /* Does this stage speak to the API of Kubernetes? */}}
{{- define "spanloom.hasApiToken" -}}
{{- if and (eq .stage "resources") .root.Values.resources.kubernetes }}true{{ end -}}
{{- end -}}

{{- /* Does this stage read files that state resources? */}}
{{- define "spanloom.hasResourceFiles" -}}
{{- if and (eq .stage "resources") .root.Values.resources.files }}true{{ end -}}
{{- end -}}

{{- define "spanloom.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "spanloom.hasApiToken" . }}
- name: api-token
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- if include "spanloom.hasKafkaFiles" . }}
- name: kafka
  mountPath: /etc/spanloom/kafka
  readOnly: true
{{- end }}
{{- if include "spanloom.hasResourceFiles" . }}
- name: resource-files
  mountPath: /etc/spanloom/resources
  readOnly: true
{{- end }}
{{- if .root.Values.trust.secret }}
- name: trust
  mountPath: /etc/spanloom/trust
  readOnly: true
{{- end }}
{{- end -}}

{{- define "spanloom.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- if include "spanloom.hasApiToken" . }}
# As the kubelet would mount it by itself, where that is not switched off.
- name: api-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } }] }
{{- end }}
{{- if include "spanloom.hasKafkaFiles" . }}
- name: kafka
  secret:
    secretName: {{ .root.Values.kafka.tls.secret }}
    defaultMode: 0440
{{- end }}
{{- if include "spanloom.hasResourceFiles" . }}
- name: resource-files
  configMap:
    name: {{ include "spanloom.name" .root }}-resource-files
{{- end }}
{{- if .root.Values.trust.secret }}
- name: trust
  secret:
    secretName: {{ .root.Values.trust.secret }}
    defaultMode: 0440
{{- end }}
{{- end -}}
