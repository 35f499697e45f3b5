{{- define "admission.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "admission.fullname" -}}
{{- $name := include "admission.name" . }}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Names of cluster-wide objects: two releases in two namespaces must not share them. */}}
{{- define "admission.clusterName" -}}
{{ include "admission.fullname" . }}-{{ .Release.Namespace }}
{{- end }}

{{/* Without the version: selectors of a Deployment cannot change. */}}
{{- define "admission.selector" -}}
app.kubernetes.io/name: {{ include "admission.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "admission.labels" -}}
{{ include "admission.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "admission.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "admission.fullname" .) }}
{{- else }}{{ required "serviceAccount.create is false: set serviceAccount.name" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "admission.subject" -}}
- kind: ServiceAccount
  name: {{ include "admission.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* The DNS name of the Service, as the API server calls it. */}}
{{- define "admission.host" -}}
{{ include "admission.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "admission.image" -}}
{{- $image := .Values.image }}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}
{{- with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The ports of config.server.listen and config.server.operations. */}}
{{- define "admission.listenPort" -}}
{{ regexFind "[0-9]+$" (dig "server" "listen" "0.0.0.0:8443" .Values.config) }}
{{- end }}
{{- define "admission.operationsPort" -}}
{{ regexFind "[0-9]+$" (dig "server" "operations" "0.0.0.0:8080" .Values.config) }}
{{- end }}
