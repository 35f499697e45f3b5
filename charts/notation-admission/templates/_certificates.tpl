{{/*
tls.mode helmGenerated: an authority for ten years and a certificate, as {ca, caKey, certificate, key, expires}. What the
cluster has already is kept. In the last third of its time, the certificate is renewed by the same authority, so that the
API server trusts the old one and the new one. Other templates need the same result: it is kept in .Values.
*/}}
{{- define "admission.generated" -}}
{{- if not (hasKey .Values "generated") }}
{{- $name := include "admission.fullname" . }}
{{- $host := include "admission.host" . }}
{{- $days := int .Values.tls.helmGenerated.days }}
{{- $ca := dict }}
{{- $old := (lookup "v1" "Secret" .Release.Namespace (printf "%s-ca" $name)).data | default dict }}
{{- if and (index $old "tls.crt") (index $old "tls.key") }}
{{- $ca = buildCustomCert (index $old "tls.crt") (index $old "tls.key") }}
{{- else }}
{{- $ca = genCA (printf "%s CA" $name) 3650 }}
{{- end }}
{{- $issued := dict }}
{{- $now := now | unixEpoch | int64 }}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (printf "%s-tls" $name) }}
{{- if and $secret (index ($secret.data | default dict) "tls.crt") }}
{{- $expires := dig "metadata" "annotations" "notation-admission/expires" "0" $secret | int64 }}
{{- $isOfThisCA := eq (index $secret.data "ca.crt" | default "") (b64enc $ca.Cert) }}
{{- if and $isOfThisCA (gt (sub $expires $now) (div (mul $days 86400) 3)) }}
{{- $issued = dict "crt" (index $secret.data "tls.crt") "key" (index $secret.data "tls.key") "expires" $expires }}
{{- end }}
{{- end }}
{{- if not $issued }}
{{- $new := genSignedCert $host nil (list $host) $days $ca }}
{{- $expires := add $now (mul $days 86400) }}
{{- $issued = dict "crt" (b64enc $new.Cert) "key" (b64enc $new.Key) "expires" $expires }}
{{- end }}
{{- $ca = dict "ca" (b64enc $ca.Cert) "caKey" (b64enc $ca.Key) }}
{{- $_ := set .Values "generated" (merge $ca $issued) }}
{{- end }}
{{- end }}

{{/* The Secret with the service's certificate. */}}
{{- define "admission.tlsSecret" -}}
{{- if eq .Values.tls.mode "files" }}{{ .Values.tls.files.secretName }}
{{- else if eq .Values.tls.mode "selfManaged" }}{{ include "admission.fullname" . }}-certificate
{{- else }}{{ include "admission.fullname" . }}-tls
{{- end }}
{{- end }}

{{/* The authority of the service's certificate, PEM in base64; empty where cert-manager or the service fills it in. */}}
{{- define "admission.caBundle" -}}
{{- if eq .Values.tls.mode "files" }}{{ .Values.tls.files.caBundle | b64enc }}
{{- else if eq .Values.tls.mode "helmGenerated" }}{{ include "admission.generated" . }}{{ .Values.generated.ca }}
{{- end }}
{{- end }}
