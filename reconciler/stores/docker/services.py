"""Services as users of secrets, and updating them to a new version."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ObjectMoved, StoreError, StoreUnavailable
from reconciler.model.consumers import Consumer
from reconciler.stores.docker.engine import Engine, Refused
from reconciler.stores.docker.parts import Part

CONVERGE_SECONDS = 600.0
_POLL_SECONDS = 0.5
_CONVERGED = frozenset({"completed"})
_STOPPED = frozenset({"paused", "rollback_paused", "rollback_completed"})
_DRAWS = 5


@dataclass(frozen=True, slots=True)
class Use:
    """A service's use of a Docker secret, and the file in which its tasks see it."""

    service: str
    secret_id: str
    file: str


def uses(services: Iterable[Mapping[str, Any]]) -> Iterator[Use]:
    """Every use of a secret by `services`, as the API lists them."""
    for service in services:
        for reference in _references(service["Spec"]):
            file = (reference.get("File") or {}).get("Name", "")
            yield Use(service["Spec"]["Name"], reference["SecretID"], file)


def consumers(used: Iterable[Use], parts: Mapping[str, Part]) -> Iterator[Consumer]:
    """The uses of `parts`, which are by the id of the Docker secret, as consumers."""
    for use in used:
        part = parts.get(use.secret_id)
        if part is not None:
            yield Consumer(
                kind="Service",
                namespace="",
                name=use.service,
                secret=part.secret,
                key=part.key or "",
                field=f"file {use.file}" if use.file else "",
            )


def move_services(engine: Engine, successors: Mapping[str, Part]) -> None:
    """Replace the Docker secrets in every service: `successors` has the new part by the old id.

    Services are updated one after the other, each once the update before it has ended.

    Raises:
        StoreError: a service did not come up with the new secret; the earlier ones did.
    """
    for service in engine.get("/services"):
        used = {reference["SecretID"] for reference in _references(service["Spec"])}
        if used & successors.keys():
            _move(engine, service["ID"], successors)


def _move(engine: Engine, service_id: str, successors: Mapping[str, Part]) -> None:
    for _ in range(_DRAWS):
        service = engine.get(f"/services/{service_id}")
        name = service["Spec"]["Name"]
        spec = copy.deepcopy(service["Spec"])
        for reference in _references(spec):
            successor = successors.get(reference["SecretID"])
            if successor is not None:
                reference["SecretID"], reference["SecretName"] = successor.id, successor.name
        try:
            engine.post(f"/services/{service_id}/update", spec, service["Version"]["Index"])
        except Refused as refused:
            if refused.out_of_sequence:
                continue  # somebody else has changed it: look at it again
            raise StoreError(
                f"the service {name} cannot be updated: the engine answers {refused.status}",
                hint=f"see: docker service inspect {name}",
            ) from None
        _wait(engine, service_id, name)
        return
    raise ObjectMoved("a service is being changed by somebody else all the time")


def _wait(engine: Engine, service_id: str, name: str) -> None:
    """Wait until the update has converged.

    Raises:
        StoreError: it was rolled back, or stopped half way.
        StoreUnavailable: it takes longer than anybody waits.
    """
    deadline = time.monotonic() + CONVERGE_SECONDS
    while time.monotonic() < deadline:
        service = engine.get(f"/services/{service_id}")
        state = (service.get("UpdateStatus") or {}).get("State", "")
        if state in _STOPPED:
            what = "was rolled back" if state == "rollback_completed" else "has stopped half way"
            raise StoreError(
                f"the update of the service {name} {what}: its tasks do not come up with the new "
                "value",
                hint=f"see: docker service ps --no-trunc {name}; then apply once more",
            )
        if state in _CONVERGED or (not state and _is_idle(service)):
            return
        time.sleep(_POLL_SECONDS)
    raise StoreUnavailable(
        f"the service {name} has not ended its update after {CONVERGE_SECONDS:.0f} s",
        hint=f"see: docker service ps {name}",
    )


def _is_idle(service: Mapping[str, Any]) -> bool:
    """Whether the service has no tasks, so that an update never starts."""
    replicated = service["Spec"].get("Mode", {}).get("Replicated")
    return replicated is not None and replicated.get("Replicas", 0) == 0


def _references(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
    references: list[dict[str, Any]] = container.get("Secrets") or []
    return references
