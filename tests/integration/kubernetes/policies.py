"""Admission that refuses: a ValidatingAdmissionPolicy of a test's own."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.kubernetes.site import Document, Site, awaited

_POLICIES = "/apis/admissionregistration.k8s.io/v1"


class Policies:
    """Admission by policies of a test's own, for its namespace alone."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._name = site.home
        self._action = "Deny"

    def warn(self, expression: str, message: str) -> None:
        """Warn of creates, updates and deletes of Secrets for which `expression` is false."""
        self._action = "Warn"
        self.forbid(expression, message)

    def forbid(
        self,
        expression: str,
        message: str = "'the policy forbids it'",
        *,
        group: str = "",
        resource: str = "secrets",
    ) -> None:
        """Refuse creates, updates and deletes for which `expression` is false; of Secrets."""
        rule = {
            "apiGroups": [group],
            "apiVersions": ["v1"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": [resource],
        }
        selector = {"matchLabels": {"kubernetes.io/metadata.name": self._site.home}}
        self._put(
            "ValidatingAdmissionPolicy",
            {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
                "validations": [{"expression": expression, "messageExpression": message}],
            },
        )
        binding = {"policyName": self._name, "validationActions": [self._action]}
        self._put("ValidatingAdmissionPolicyBinding", binding)

    def lift(self) -> None:
        for kind in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
            path = f"{_POLICIES}/{kind}/{self._name}"
            self._site.call("DELETE", path, expected={200, 404})

    def await_refusal(self, document: Document) -> None:
        """Wait until a policy that refuses `document` is in force."""
        awaited(lambda: not self._takes(document), "the policy is in force")

    def await_permission(self, document: Document) -> None:
        awaited(lambda: self._takes(document), "the policy is lifted")

    def await_warning(self, document: Document) -> None:
        """Wait until a policy warns of `document`."""
        manifest = json.dumps(document)
        create = ("create", "--dry-run=server", "--warnings-as-errors", "-f", "-")
        awaited(lambda: not self._site.works(*create, stdin=manifest), "the policy is in force")

    def _takes(self, document: Document) -> bool:
        """Whether policies let `document` through; it is there still if its delete was refused."""
        name = document["metadata"]["name"]
        answer = self._site.call("POST", "secrets", document, expected={201, 409, 422, 403})
        taken: bool = answer["kind"] == "Secret" or answer["code"] == 409
        if taken:
            self._site.call("DELETE", f"secrets/{name}", expected={200, 404, 422, 403})
        return taken

    def _put(self, kind: str, spec: dict[str, Any]) -> None:
        document = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": self._name},
            "spec": spec,
        }
        self._site.kubectl("apply", "-f", "-", stdin=json.dumps(document))
