"""What a real API server makes of writes: it takes its time, it alters them, it warns."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.integration.admission import webhook
from tests.integration.conftest import Place

IMMUTABLE = "immutable: true\n"
HOLD = "example.com/hold"


@pytest.mark.usefixtures("controllers")
def test_a_token_is_there_when_the_apply_ends(place: Place) -> None:
    place.write(
        "manifests/token.yaml",
        """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: v1
kind: Secret
metadata:
  name: token
  annotations: {kubernetes.io/service-account.name: robot}
type: kubernetes.io/service-account-token
""",
    )
    result = place.apply("-o", "json")
    assert result.code == 0, result
    events = [json.loads(line) for line in result.out.splitlines()]
    waits = [event["what"] for event in events if event["event"] == "step-waiting"]
    assert waits == ["the controller has not filled in the token yet"]
    assert [event["warnings"] for event in events if event["event"] == "step-ended"] == [[], []]
    assert "token" in place.live("token")["data"]
    assert "No changes." in place.plan().out


def hold(place: Place, name: str, *finalizers: str) -> None:
    patch = json.dumps({"metadata": {"finalizers": list(finalizers)}})
    place.kubectl("patch", "secret", name, "--type", "merge", "--patch", patch)


def test_a_finalizer_that_lets_go_in_time_is_waited_for(place: Place) -> None:
    place.secret("db", head=IMMUTABLE, password="one")
    assert place.apply().code == 0
    hold(place, "db", HOLD)
    place.secret("db", head=IMMUTABLE, password="two")
    uid = place.live("db")["metadata"]["uid"]

    def let_go() -> None:
        while "deletionTimestamp" not in place.live("db")["metadata"]:
            pass
        hold(place, "db")

    helper = threading.Thread(target=let_go)
    helper.start()
    result = place.apply("--allow-replace")
    helper.join()
    assert result.code == 0, result
    assert f"the finalizers {HOLD}" in result.out
    assert place.live("db")["metadata"]["uid"] != uid
    assert "No changes." in place.plan().out


def test_a_finalizer_that_does_not_let_go_loses_nothing(place: Place) -> None:
    place.secret("db", head=IMMUTABLE, password="one")
    assert place.apply().code == 0
    place.kubectl("label", "secret", "db", "theirs=kept")
    hold(place, "db", HOLD)
    place.secret("db", head=IMMUTABLE, password="two")
    result = place.apply("--allow-replace", "--wait-timeout", "0.5")
    assert result.code == 5
    assert "the old object may still be there" in result.out
    assert HOLD in result.out
    assert "keeps a copy" in result.out
    again = place.apply("--allow-replace", "--wait-timeout", "0")
    assert again.code == 5
    hold(place, "db")
    assert "interrupted" in place.plan().out
    assert place.apply().code == 0
    found = place.live("db")
    assert found["data"] == {"password": "dHdv"}
    assert found["metadata"]["labels"]["theirs"] == "kept"
    assert "No changes." in place.plan().out


@pytest.mark.usefixtures("controllers")
def test_a_namespace_is_gone_when_its_delete_ends(place: Place) -> None:
    name = f"{place.home}-more"
    place.write(
        "manifests/more.yaml",
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n",
    )
    place.secret("inside", head=f"  namespace: {name}\n", x="1")
    assert place.apply().code == 0
    result = place.run("destroy", *place.store, "--auto-approve", "-o", "json")
    assert result.code == 0, result
    events = [json.loads(line) for line in result.out.splitlines()]
    waits = [event for event in events if event["event"] == "step-waiting"]
    assert waits
    assert {event["key"]["kind"] for event in waits} == {"Namespace"}
    assert place.kubectl("get", "namespace", name, "--ignore-not-found") == ""


ADMITTED = "  labels: {admitted: 'yes'}\n"


def test_what_admission_makes_of_a_secret_is_told_before_and_after(
    place: Place, tmp_path: Path
) -> None:
    patch = [
        {"op": "add", "path": "/metadata/labels/injected", "value": "yes"},
        {"op": "add", "path": "/data/password", "value": "b3RoZXI="},
    ]
    with webhook(place.cluster, place.home, tmp_path, patch):
        place.secret("plain", password="a-value-of-mine")
        plain = place.apply()
        assert "warning" not in plain.out
        place.secret("db", head=ADMITTED, password="a-value-of-mine")
        tried = place.plan("--server-dry-run")
        assert "would change data[password] to another value" in tried.out
        assert "would add metadata.labels[injected]" in tried.out
        assert "would" not in place.plan().out
        done = place.apply()
        assert done.code == 0
        assert "warning: the store changed data[password] to another value" in done.out
        assert "warning: the store added metadata.labels[injected]" in done.out
        assert "With warnings: 1." in done.out
        again = place.plan("--detailed-exitcode")
        assert again.code == 2
        assert "~ data[password]" in again.out
    for text in (tried.out, done.out, again.out):
        assert "a-value-of-mine" not in text
        assert "b3RoZXI" not in text


POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: NAME}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAME}}
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}
  validations:
  - expression: "!has(object.metadata.labels) || !('odd' in object.metadata.labels)"
    message: so odd
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: NAME}
spec:
  policyName: NAME
  validationActions: [Warn]
"""


def test_the_servers_warnings_are_told(place: Place) -> None:
    policy = POLICY.replace("NAME", place.home)
    place.kubectl("apply", "-f", "-", stdin=policy)
    place.secret("plain", password="x")
    assert "warning" not in place.apply().out
    place.secret("db", head="  labels: {odd: 'yes'}\n", password="x")
    for _ in range(50):
        if "so odd" in place.plan("--server-dry-run").out:
            break
    assert "the store warns:" in place.plan("--server-dry-run").out
    done = place.apply()
    place.kubectl("delete", "-f", "-", stdin=policy)
    assert done.code == 0
    assert "  warning: " in done.out
    assert "so odd" in done.out


def test_who_wrote_a_field_last_is_named(place: Place) -> None:
    place.secret("db", password="one", user="me")
    assert place.apply().code == 0
    patch = json.dumps({"data": {"password": "dGhlaXJz", "more": "eA=="}})
    place.kubectl(
        *("patch", "secret", "db", "--type", "merge", "--patch", patch),
        *("--field-manager", "their-tool"),
    )
    plan = place.plan("-o", "json")
    (field,) = json.loads(plan.out)["changes"][0]["fields"]
    assert (field["field"], field["manager"]) == ("data[password]", "their-tool")
    assert "last written by their-tool" in place.plan().out
    drift = place.run("drift", *place.store, "--namespace", place.home, "manifests")
    assert drift.code == 2
    assert drift.out.count("by their-tool") == 2


def test_what_kubectl_apply_has_left_is_scrubbed(place: Place) -> None:
    file = place.secret("db", password="a-value-of-mine")
    place.kubectl("apply", "-f", str(file))
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    assert "a-value-of-mine" in place.live("db")["metadata"]["annotations"][annotation]
    shown = place.plan("--adopt").out
    assert "1 Secret has plain-text values" in shown
    done = place.apply("--adopt", "--scrub")
    assert done.code == 0, done
    assert annotation not in place.live("db")["metadata"]["annotations"]
    after = place.plan()
    assert "No changes." in after.out
    assert "plain-text values" not in after.out
    assert "a-value-of-mine" not in shown + done.out + after.out
