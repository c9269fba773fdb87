"""What the fuzzing begins with: real-looking manifests, and ones with all that is hard to read."""

from __future__ import annotations

import base64
from pathlib import Path

from reconciler.workflow import load

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary+9/"
"""What planted values begin with: it fits no name, so it is shown only where something leaks."""


def _planted(number: int) -> str:
    return f"{CANARY}{number} x"


def _encoded(number: int) -> str:
    return base64.b64encode(_planted(number).encode()).decode()


HANDMADE = (
    f"""\
# every way to write a value
apiVersion: v1
kind: Secret
metadata:
  name: app
  labels: {{app.kubernetes.io/name: app, tier: "1"}}
type: Opaque
data:
  plain: {_encoded(1)}
  folded: >-
    {_encoded(2)}
  literal: |
    {_encoded(3)}
  binary: !!binary {_encoded(4)}
stringData:
  double: "{_planted(5)}\\n\\u00e4\\x41"
  single: '{_planted(6)} it''s'
  literal: |2+
      {_planted(7)}
    password: {_planted(8)}

  folded: >
    {_planted(9)}

    more
  spread: {_planted(10)}
    over lines
  number: "12345678"
  config.json: '{{"password": "{_planted(11)}"}}'
""",
    f"""\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: &meta
    name: one
    namespace: shop
    annotations: &notes
      note: "{{{{ templated }}}}"
      reconciler/replace: allowed
  stringData: &values
    user: {_planted(20)}
    password: &password {_planted(21)}
- apiVersion: v1
  kind: Secret
  metadata:
    <<: *meta
    name: two
  stringData:
    <<: [*values, {{other: {_planted(22)}}}]
    again: *password
- apiVersion: v1
  kind: ConfigMap
  metadata: {{name: three}}
  data: *values
""",
    f"""\
%YAML 1.1
---
apiVersion: v1
kind: Secret
metadata:
  name: login
  namespace: shop
  finalizers: [example.com/hold]
  ownerReferences:
  - apiVersion: v1
    kind: ServiceAccount
    name: robot
    controller: true
  - {{apiVersion: apps/v1, kind: Deployment, name: web, uid: 0f-1}}
type: kubernetes.io/basic-auth
immutable: yes
data: ~
stringData:
  username: {_planted(30)}
  password: {_planted(31)}
...
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: robot, namespace: shop}}
automountServiceAccountToken: off
secrets: [{{name: login}}]
imagePullSecrets:
- name: registry
--- # nothing
--- !!map
? apiVersion
: v1
? kind
: Namespace
? metadata
: name: shop
""",
    f"""\
apiVersion: v1
kind: SecretList
items:
- metadata: {{generateName: token-, namespace: kube-system}}
  type: bootstrap.kubernetes.io/token
  stringData:
    token-id: abcdef
    token-secret: {_planted(40)}
    expiration: 2030-01-01T00:00:00Z
    usage-bootstrap-signing: "true"
- metadata:
    name: registry
  type: kubernetes.io/dockerconfigjson
  stringData:
    .dockerconfigjson: '{{"auths": {{"registry.example": {{"auth": "{_planted(41)}"}}}}}}'
- metadata:
    name: key
  type: kubernetes.io/ssh-auth
  data: {{ssh-privatekey: {_encoded(42)}}}
- metadata:
    name: robot-token
    annotations: {{kubernetes.io/service-account.name: robot}}
  type: kubernetes.io/service-account-token
""",
    f"""\
apiVersion: v1\r
kind: Secret\r
metadata:\r
  name: windows\r
  uid: ""\r
  creationTimestamp: null\r
stringData:\r
  password: "{_planted(50)}"\r
  1: {_planted(51)}\r
  yes: {_planted(52)}\r
  0x10: {_planted(53)}\r
""",
    """\
apiVersion: v1
kind: Secret
metadata: {name: encrypted}
data:
  password: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]
sops:
  mac: ENC[AES256_GCM,data:x]
  version: 3.9.0
""",
    f"""\
{{{{- if .Values.on }}}}
apiVersion: v1
kind: Secret
metadata:
  name: {{{{ .Release.Name }}}}-app
stringData:
  password: {_planted(60)}
{{{{- end }}}}
""",
    f"""\
{{"apiVersion": "v1", "kind": "List", "items": [
  {{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "a", "labels": {{"a": "b"}}}},
    "immutable": true, "data": {{"k": "{_encoded(70)}", "l": ""}},
    "stringData": {{"m": "{_planted(71)}\\n\\ud83d\\ude00", "n": null}}}},
  {{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "b", "generation": 1e0}}}}
]}}
{{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {{"name": "c"}}, "secrets": []}}
""",
)


def seeds() -> list[tuple[str, str]]:
    """File names and texts."""
    texts = [(f"handmade{number}.yaml", text) for number, text in enumerate(HANDMADE)]
    texts[-1] = ("handmade.json", HANDMADE[-1])
    files = [
        file
        for folder in ("manifests", "examples")
        for ending in ("yaml", "yml", "json")
        for file in sorted((ROOT / folder).rglob(f"*.{ending}"))
    ]
    assert len(files) > 10
    return texts + [(file.name, file.read_text(encoding="utf-8")) for file in files]


def planted_values() -> frozenset[str]:
    """What no diagnostic about a value may hold: canaries, and the values of the manifests."""
    encoded = [base64.b64encode(b" " * shift + CANARY.encode()).decode() for shift in range(3)]
    found = {CANARY, *(text[4 * (shift > 0) : -4] for shift, text in enumerate(encoded))}
    for desired in load([ROOT / "manifests", ROOT / "examples"]).objects:
        for value in desired.data.values():
            text = value.reveal().decode("utf-8", "replace")
            found.update(line.strip() for line in text.splitlines() if len(line.strip()) >= 12)
            found.add(base64.b64encode(value.reveal()).decode()[:60])
    return frozenset(text for text in found if len(text) >= 8)
