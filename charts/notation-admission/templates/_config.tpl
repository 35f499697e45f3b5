{{/* The configuration of the service: that of the user, and what the chart knows. */}}
{{- define "admission.config" -}}
{{- if has .Release.Namespace (list "default" "kube-system" "kube-public" "kube-node-lease") }}
{{- fail (printf "the namespace %s is in every cluster, and Pods in the release's own namespace are never judged: pass --namespace with one of its own, such as notation-system" .Release.Namespace) }}
{{- end }}
{{- $config := deepCopy .Values.config }}
{{- if dig "server" "plain" false $config }}
{{- fail "config.server.plain: the API server calls webhooks with TLS only; remove it" }}
{{- end }}
{{- $tls := dig "server" "tls" dict $config }}
{{- if hasKey $tls "selfManaged" }}
{{- fail "config.server.tls.selfManaged: the chart sets it; remove it and set tls.mode to selfManaged" }}
{{- end }}
{{- if eq .Values.tls.mode "selfManaged" }}
{{- if or .Values.tls.clientCASecret $tls }}
{{- fail "tls.mode selfManaged has no client certificates: remove tls.clientCASecret and config.server.tls, or set tls.mode to certManager or files" }}
{{- end }}
{{- $webhooks := list (include "admission.clusterName" .) }}
{{- $managed := dict "secret" (include "admission.tlsSecret" .) "service" (include "admission.host" .) "webhooks" $webhooks }}
{{- $tls = dict "selfManaged" $managed }}
{{- else }}
{{- $tls = mergeOverwrite (deepCopy $tls) (dict "certificate" "/tls/tls.crt" "key" "/tls/tls.key") }}
{{- end }}
{{- if .Values.tls.clientCASecret }}
{{- $_ := set $tls "clientCA" "/client-ca/ca.crt" }}
{{- end }}
{{- $_ := set $config "server" (mergeOverwrite (dig "server" dict $config) (dict "tls" $tls)) }}
{{- $kubernetes := dig "kubernetes" dict $config }}
{{- if not (hasKey $kubernetes "pullSecrets") }}
{{- $_ := set $kubernetes "pullSecrets" (eq .Values.rbac.pullSecrets "none" | ternary "none" "pod-and-service-account") }}
{{- else if and .Values.rbac.create (eq .Values.rbac.pullSecrets "none") (ne $kubernetes.pullSecrets "none") }}
{{- fail "config.kubernetes.pullSecrets needs permissions: set rbac.pullSecrets to cluster or namespaces" }}
{{- end }}
{{- $_ := set $config "kubernetes" $kubernetes }}
{{- $replicas := .Values.hpa.enabled | ternary .Values.hpa.maxReplicas .Values.replicas }}
{{- $revocation := merge (dig "aws" "revocation" dict $config) (dict "replicas" (int $replicas)) }}
{{- $_ := set $config "aws" (mergeOverwrite (dig "aws" dict $config) (dict "revocation" $revocation)) }}
{{- if .Values.redis.url }}
{{- $redis := .Values.redis }}
{{- $files := list }}
{{- range $redis.keys }}{{- $files = append $files (printf "/redis/%s" .) }}{{- end }}
{{- $cache := dict "url" $redis.url "keyFiles" $files "timeout" $redis.timeout }}
{{- range $member, $key := dict "usernameFile" $redis.usernameKey "passwordFile" $redis.passwordKey "ca" $redis.caKey }}
{{- if $key }}{{- $_ := set $cache $member (printf "/redis/%s" $key) }}{{- end }}
{{- end }}
{{- $_ := set $config "cache" (mergeOverwrite (dig "cache" dict $config) (dict "redis" $cache)) }}
{{- end }}
{{- toYaml $config }}
{{- end }}
