{{/*
Namespaces whose objects are not sent: the control plane's, the service's own, and those of the values. The conditions of
the user come on top, and cannot take these away.
*/}}
{{- define "admission.namespaceSelector" -}}
{{- $out := concat (list "kube-system" .Release.Namespace) .Values.webhook.excludedNamespaces }}
{{- if and (eq .Values.tls.mode "certManager") .Values.tls.certManager.namespace }}
{{- $out = append $out .Values.tls.certManager.namespace }}
{{- end }}
{{- $own := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (uniq $out) }}
{{- $selector := deepCopy .Values.webhook.namespaceSelector }}
{{- $_ := set $selector "matchExpressions" (prepend ($selector.matchExpressions | default list) $own) }}
{{- toYaml $selector }}
{{- end }}

{{/* What the two webhooks have in common. */}}
{{- define "admission.webhook" -}}
admissionReviewVersions: [v1]
failurePolicy: {{ .Values.webhook.failurePolicy }}
matchPolicy: Equivalent
sideEffects: None
timeoutSeconds: {{ .Values.webhook.timeoutSeconds }}
namespaceSelector: {{- include "admission.namespaceSelector" . | nindent 2 }}
# Updates without a new image do not need the service: labels, annotations, finalizers of what is being deleted.
matchConditions:
  {{- if ne (dig "kubernetes" "updates" "changed" .Values.config) "all" }}
  - name: new-or-with-another-spec
    expression: >-
      request.operation != 'UPDATE' || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec
  {{- end }}
  - name: not-being-deleted
    expression: request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp)
  {{- with .Values.webhook.matchConditions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Kubernetes' own kinds with a Pod template, and Pods. */}}
{{- define "admission.rules" -}}
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [pods, pods/ephemeralcontainers, podtemplates, replicationcontrollers]
- apiGroups: [apps]
  apiVersions: [v1]
  operations: [CREATE, UPDATE]
  resources: [deployments, statefulsets, daemonsets, replicasets]
- {apiGroups: [batch], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [jobs, cronjobs]}
{{- with .Values.webhook.extraRules }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "admission.webhookAnnotations" -}}
{{- $annotations := deepCopy .Values.webhook.annotations }}
{{- if eq .Values.tls.mode "certManager" }}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s-tls" .Release.Namespace (include "admission.fullname" .)) }}
{{- end }}
{{- if $annotations }}{{ toYaml $annotations }}{{ end }}
{{- end }}

{{- define "admission.clientConfig" -}}
service: {namespace: {{ .root.Release.Namespace }}, name: {{ include "admission.fullname" .root }}, path: {{ .path }}, port: 443}
{{- with include "admission.caBundle" .root }}
caBundle: {{ . }}
{{- end }}
{{- end }}

{{/* "true" if a hook registers the webhooks when the service is ready: until then, they would keep everything out. */}}
{{- define "admission.registersByHook" -}}
{{- and .Values.webhook.enabled (eq .Values.tls.mode "selfManaged") (eq .Values.webhook.registration "hook") }}
{{- end }}

{{/* "true" if images in Pods are replaced. */}}
{{- define "admission.isMutating" -}}
{{- and .Values.webhook.mutating (ne (dig "kubernetes" "pin" "pods" .Values.config) "none") }}
{{- end }}

{{/* The webhook configurations. */}}
{{- define "admission.webhooks" -}}
{{- $pin := dig "kubernetes" "pin" "pods" .Values.config }}
{{- $annotations := include "admission.webhookAnnotations" . }}
{{- if eq (include "admission.isMutating" .) "true" }}
# Replaces images by the digests that were verified. The API server calls it before the validating one.
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: {{ include "admission.clusterName" . }}
  labels: {{- include "admission.labels" . | nindent 4 }}
  {{- with $annotations }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
webhooks:
  - name: pin.{{ include "admission.host" . }}
    clientConfig: {{- include "admission.clientConfig" (dict "root" . "path" "/mutate") | nindent 6 }}
    {{- include "admission.webhook" . | nindent 4 }}
    # Other webhooks, such as those of service meshes, may add containers after the first call.
    reinvocationPolicy: IfNeeded
    rules:
      {{- if eq $pin "all" }}
      {{- include "admission.rules" . | nindent 6 }}
      {{- else }}
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods, pods/ephemeralcontainers]}
      {{- end }}
---
{{- end }}
# Judges what all mutating webhooks together made of an object.
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: {{ include "admission.clusterName" . }}
  labels: {{- include "admission.labels" . | nindent 4 }}
  {{- with $annotations }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
webhooks:
  - name: verify.{{ include "admission.host" . }}
    clientConfig: {{- include "admission.clientConfig" (dict "root" . "path" "/validate") | nindent 6 }}
    {{- include "admission.webhook" . | nindent 4 }}
    rules: {{- include "admission.rules" . | nindent 6 }}
{{- end }}
