{{/* Each takes {purpose: drift|apply|metrics, root: the chart's context}. */}}

{{- define "reconciler.name" -}}
{{ printf "%s-%s" .root.Release.Name .purpose | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "reconciler.labels" -}}
app.kubernetes.io/name: reconciler
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .purpose }}
{{- end }}

{{- define "reconciler.metadata" -}}
name: {{ include "reconciler.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "reconciler.labels" . | nindent 2 }}
{{- end }}

{{/* The roles of `reconciler rbac --for PURPOSE`, and their bindings. */}}
{{- define "reconciler.roles" -}}
{{- $events := and (eq .purpose "drift") .root.Values.drift.events }}
{{- $verbs := ternary (list "get" "list") (list "get" "list" "create" "patch" "delete") (eq .purpose "drift") }}
{{- $role := printf "reconciler-%s-%s" .root.Values.set .purpose }}
{{- $home := .root.Values.setNamespace }}
{{- $spaces := .root.Values.namespaces }}
{{- $own := and $spaces (not (has $home $spaces)) }}
{{- $roles := list }}
{{- range $spaces }}
{{- $roles = append $roles . }}
{{- end }}
{{- if or $own (not $spaces) }}
{{- $roles = append $roles $home }}
{{- end }}
{{- $subject := dict "kind" "ServiceAccount" "name" (include "reconciler.name" .) "namespace" .root.Release.Namespace }}
{{- if not $spaces }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $role }}
rules:
- apiGroups: [""]
  resources: [secrets, serviceaccounts, namespaces]
  verbs: {{ toJson $verbs }}
{{- if $events }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, list, patch]
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $role }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ $role }}}
subjects: {{ list $subject | toJson }}
{{- end }}
{{- range $space := $roles }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $role }}
  namespace: {{ $space }}
rules:
{{- if has $space $spaces }}
- apiGroups: [""]
  resources: [secrets, serviceaccounts]
  verbs: {{ toJson $verbs }}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [{{ $space }}]
  verbs: [get]
{{- else if $spaces }}
- apiGroups: [""]
  resources: [secrets, serviceaccounts]
  verbs: [get, list]
{{- if eq $.purpose "apply" }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [reconciler-{{ $.root.Values.set }}]
  verbs: [patch]
{{- end }}
{{- end }}
{{- if eq $space $home }}
{{- if eq $.purpose "apply" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- end }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [reconciler-{{ $.root.Values.set }}]
  verbs: {{ ternary (list "get") (list "get" "update" "delete") (eq $.purpose "drift") | toJson }}
{{- end }}
{{- if and $events $spaces }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, list, patch]
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $role }}
  namespace: {{ $space }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ $role }}}
subjects: {{ list $subject | toJson }}
{{- end }}
{{- end }}

{{- define "reconciler.user" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "reconciler.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* A Job's template of a Pod. */}}
{{- define "reconciler.pod" -}}
{{- $values := .root.Values }}
{{- $git := $values.source.git }}
{{- if eq (empty $values.source.volume) (empty $git.repository) }}
{{- fail "set either source.volume or source.git.repository" }}
{{- end }}
{{- $notify := dict }}
{{- $metrics := "" }}
{{- if eq .purpose "drift" }}
{{- $metrics = $values.metrics.claimName }}
{{- $notify = $values.drift.notify }}
{{- if ne (empty $notify.secretName) (empty $notify.claimName) }}
{{- fail "drift.notify needs both secretName and claimName" }}
{{- end }}
{{- end }}
{{- if and $git.repository (not $git.image) }}
{{- fail "source.git needs source.git.image, an image whose entry point is git" }}
{{- end }}
metadata:
  labels:
    {{- include "reconciler.labels" . | nindent 4 }}
  {{- with $values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "reconciler.name" . }}
  restartPolicy: Never
  securityContext:
    {{- include "reconciler.user" .root | nindent 4 }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $git.repository }}
  initContainers:
  - name: clone
    image: {{ $git.image }}
    args: [clone, --quiet, --depth=1, --single-branch, {{ printf "--branch=%s" $git.ref | quote }}, --, {{ quote $git.repository }}, /source/checkout]
    {{- include "reconciler.container" .root | nindent 4 }}
    env:
    - {name: HOME, value: /credentials}
    - name: GIT_SSH_COMMAND
      value: ssh -i /credentials/ssh-privatekey -o UserKnownHostsFile=/credentials/known_hosts -o IdentitiesOnly=yes
    volumeMounts:
    - {name: source, mountPath: /source}
    {{- if $git.secretName }}
    - {name: git-credentials, mountPath: /credentials, readOnly: true}
    {{- end }}
  {{- end }}
  containers:
  - name: reconciler
    image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default .root.Chart.AppVersion) | quote }}
    args:
    - {{ .purpose }}
    {{- range $values.source.paths }}
    - {{ . | quote }}
    {{- end }}
    - "--store=kubernetes:"
    - {{ printf "--set=%s" $values.set | quote }}
    - {{ printf "--set-namespace=%s" $values.setNamespace | quote }}
    {{- if eq .purpose "apply" }}
    - --auto-approve
    {{- end }}
    {{- if and (eq .purpose "drift") $values.drift.events }}
    - --events
    {{- end }}
    {{- if $metrics }}
    - --report=prometheus=/metrics/reconciler.prom
    {{- end }}
    {{- range (index $values .purpose).extraArgs }}
    - {{ . | quote }}
    {{- end }}
    workingDir: {{ ternary "/source/checkout" "/source" (not (empty $git.repository)) }}
    {{- include "reconciler.container" .root | nindent 4 }}
    {{- if or $values.env $values.sops.secretName $notify.secretName }}
    env:
    {{- with $values.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if $values.sops.secretName }}
    - {name: SOPS_AGE_KEY_FILE, value: /sops/age.agekey}
    {{- end }}
    {{- if $notify.secretName }}
    - {name: RECONCILER_NOTIFY_FILE, value: /notify/urls}
    - {name: RECONCILER_NOTIFY_STATE, value: /told/told.json}
    {{- end }}
    {{- end }}
    {{- with $values.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
    - {name: source, mountPath: /source, readOnly: true}
    - {name: temporary, mountPath: /tmp}
    {{- if $values.sops.secretName }}
    - {name: sops, mountPath: /sops, readOnly: true}
    {{- end }}
    {{- if $notify.secretName }}
    - {name: notify, mountPath: /notify, readOnly: true}
    - {name: told, mountPath: /told}
    {{- end }}
    {{- if $metrics }}
    - {name: metrics, mountPath: /metrics}
    {{- end }}
  volumes:
  - name: source
    {{- if $git.repository }}
    emptyDir: {medium: Memory, sizeLimit: 256Mi}
    {{- else }}
    {{- toYaml $values.source.volume | nindent 4 }}
    {{- end }}
  - name: temporary
    emptyDir: {medium: Memory, sizeLimit: 64Mi}
  {{- if $values.sops.secretName }}
  - name: sops
    secret: {secretName: {{ $values.sops.secretName }}, defaultMode: 0440}
  {{- end }}
  {{- if $notify.secretName }}
  - name: notify
    secret: {secretName: {{ $notify.secretName }}, defaultMode: 0440}
  - name: told
    persistentVolumeClaim: {claimName: {{ $notify.claimName }}}
  {{- end }}
  {{- if $metrics }}
  - name: metrics
    persistentVolumeClaim: {claimName: {{ $metrics }}}
  {{- end }}
  {{- if $git.secretName }}
  - name: git-credentials
    secret: {secretName: {{ $git.secretName }}, defaultMode: 0440}
  {{- end }}
{{- end }}
