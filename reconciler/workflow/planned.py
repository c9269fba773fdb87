"""Reading a store, comparing it with manifests, and forming a saved plan again."""

from __future__ import annotations

import secrets
import threading
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError, PlanBlocked, StalePlan
from reconciler.model.consumers import Consumer
from reconciler.model.drift import DriftReport, ObjectState
from reconciler.model.fingerprints import Fingerprinter, derive_fingerprint_key
from reconciler.model.inputs import Exclusion, InputSource, SourceMark
from reconciler.model.objects import Desired, Diagnostic, InputYield, Live, ObjectKey
from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import SEALED_GUARD, Action, Plan, PlanValues
from reconciler.model.store import Capability, Snapshot, Store
from reconciler.model.values import AbsentValue
from reconciler.planning import planner
from reconciler.planning.certificates import certificate_ends
from reconciler.planning.drift import drift as compare_with_record
from reconciler.planning.generating import certificate_notices
from reconciler.planning.namespaces import with_namespaces
from reconciler.planning.staleness import stale_reasons
from reconciler.planning.warned import warnings_beside
from reconciler.rules.strength import is_guessable
from reconciler.stores import store_annotations

if TYPE_CHECKING:
    from reconciler.planfile import PlanFile, SavedPlan, Standing

_SALT_BYTES = 16
_DERIVING = threading.Lock()
"""Deriving a key takes 32 MiB on purpose: of environments side by side, one at a time does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, the values beside it, and what both were made from.

    ``salt``, in hexadecimal, is set where the store had no fingerprint key yet. ``expires``, in RFC
    3339, is when the plan may no longer be applied; empty where it always may.
    """

    plan: Plan
    values: PlanValues
    desired: tuple[Desired, ...]
    consumers: tuple[Consumer, ...]
    inputs: tuple[InputYield, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    snapshot: Snapshot
    fingerprinter: Fingerprinter
    salt: str
    expires: str = ""

    @property
    def blocked(self) -> bool:
        """Whether the plan may not be applied."""
        return bool(self.plan.problems or self.plan.refusals)

    @property
    def has_work(self) -> bool:
        """Whether an apply of the plan would do anything."""
        return bool(self.plan.steps) and not self.blocked

    def without_content(self) -> Planned:
        """Its steps, problems and refusals alone: enough where there is nothing to do."""
        snapshot = replace(self.snapshot, objects={}, bystanders={}, copies={})
        return replace(
            self,
            plan=replace(self.plan, changes=()),
            values=PlanValues({}, {}),
            desired=(),
            snapshot=snapshot,
        )

    @property
    def guessable(self) -> bool:
        """Whether a file of the plan would give its values away to whoever tries guesses.

        So it is where its fingerprints have a key that comes from the values, and those are weak.
        """
        return bool(self.salt) and is_guessable(
            value for resource in self.desired for value in resource.data.values()
        )

    def warnings_beside(self, *, verbose: bool) -> tuple[Diagnostic, ...]:
        """The warnings of objects that the plan does not show; see the function of that name."""
        return warnings_beside(self.plan, self.desired, self.diagnostics, verbose=verbose)

    def saved(
        self,
        manifests: Sequence[str],
        *,
        sources: Sequence[InputSource] = (),
        exclude: Sequence[Exclusion] = (),
        store: str = "",
        created: str = "",
    ) -> SavedPlan:
        """What a plan file holds of it; `manifests` are the paths that it was made from.

        `sources` are those with a name of their own; `exclude` says what was left out of
        directories.

        `store` is the store's URL, of which credentials are left out; `created` is in RFC 3339.
        """
        from reconciler import planfile

        return planfile.saved_plan(
            self.plan,
            tuple(manifests),
            self.salt,
            self.fingerprinter,
            store=store,
            created=created,
            expires=self.expires,
            sources=tuple(SourceMark(source.name, source.digest) for source in sources),
            exclude=tuple(exclude),
        )


def read(
    desired: Sequence[Desired], store: Store, options: PlanOptions, *, unmanaged: bool = False
) -> Snapshot:
    """Read what a plan or a drift check of `desired` needs to see. Writes nothing.

    `unmanaged` is for a drift check that lists what no set owns.

    Raises:
        ConfigError: the options ask for what the store cannot do, or for nothing.
        StoreError: the store cannot be read.
    """
    _refuse_pointless_options(options, store.capabilities)
    scope = planner.scope(desired, options)
    return store.read(replace(scope, surroundings=True) if unmanaged else scope)


def _refuse_pointless_options(options: PlanOptions, capabilities: Collection[Capability]) -> None:
    """What is asked for is done, or it is an error: nobody waits for a restart that never comes."""
    if options.consumers and Capability.CONSUMERS not in capabilities:
        raise ConfigError(
            "--consumers: this store does not know what uses its Secrets",
            hint="leave it out; what the manifests hold counts all the same",
        )
    is_live = Capability.WRITES in capabilities
    if options.restart_workloads and is_live and Capability.RESTARTS not in capabilities:
        raise ConfigError(
            "--restart-workloads: this store cannot restart what uses its Secrets",
            hint="leave it out",
        )
    if options.rotate_services and is_live and Capability.ROTATION not in capabilities:
        raise ConfigError(
            "--rotate-services: this store has no services that keep an old version of a Secret",
            hint="leave it out",
        )
    if options.adopt_from == options.set_name:
        raise ConfigError(
            f"--adopt-from names the set itself, {options.set_name!r}, which owns its objects",
            hint="name the set that gives its objects, or the one that takes them with --set",
        )


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    *,
    consumers: Sequence[Consumer] = (),
    inputs: Sequence[InputYield] = (),
    diagnostics: Sequence[Diagnostic] = (),
    salt: str = "",
    key: bytes = b"",
) -> Planned:
    """Compare `desired` with `snapshot`. Writes nothing.

    `consumers` are those that the manifests hold: ``Loaded.consumers``. `inputs` are where they
    come from: ``Loaded.inputs``; a refusal names those that are empty. `diagnostics` are
    ``Loaded.diagnostics``, whose warnings stand in the plan. `salt` is that of a plan
    that is to be formed again, where it has one, and `key` what was derived with it.

    Raises:
        ConfigError: a target is neither in the manifests nor in the set.
    """
    return _planned(
        desired,
        snapshot,
        options,
        _fingerprinter(desired, snapshot, salt, key),
        consumers=consumers,
        inputs=inputs,
        diagnostics=diagnostics,
    )


def plan_again(
    file: PlanFile,
    desired: Sequence[Desired],
    snapshot: Snapshot,
    *,
    consumers: Sequence[Consumer],
    inputs: Sequence[InputYield],
    diagnostics: Sequence[Diagnostic],
) -> tuple[Planned, Standing]:
    """Form the plan of `file` once more, and tell what its seal is worth.

    Raises:
        PlanBlocked: values that it would write are sealed.
        PlanAltered: the file is not what was sealed.
        StalePlan: manifests or store are no longer what the plan saw.
        ConfigError: a target is neither in the manifests nor in the set.
    """
    from reconciler import planfile

    saved = file.saved
    keyed = _fingerprinter(desired, snapshot, saved.salt)
    planned = _planned(
        desired,
        snapshot,
        saved.plan.options,
        keyed,
        consumers=consumers,
        inputs=inputs,
        diagnostics=diagnostics,
    )
    _refuse_sealed(planned.plan)
    standing = planfile.standing_of(file, keyed[0].key)
    planfile.refuse_altered(standing)
    refuse_stale(
        saved.plan,
        planned,
        same_key=saved.key_check == planfile.key_check(planned.fingerprinter.key),
        derived_key=bool(saved.salt),
    )
    return replace(planned, expires=saved.expires), standing


def _planned(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    keyed: tuple[Fingerprinter, str],
    *,
    consumers: Sequence[Consumer],
    inputs: Sequence[InputYield],
    diagnostics: Sequence[Diagnostic],
) -> Planned:
    fingerprinter, salt = keyed
    with warnings.catch_warnings():  # of cryptography, about oddities of old root certificates
        warnings.simplefilter("ignore")
        result, values = planner.plan(
            desired,
            snapshot,
            options,
            fingerprinter,
            consumers=consumers,
            store_annotations=store_annotations(snapshot.identity.scheme),
            inputs=inputs,
            diagnostics=diagnostics,
        )
        ending = certificate_notices(_lasting(result, snapshot), options, datetime.now(UTC))
    return Planned(
        plan=replace(result, notices=(*result.notices, *ending)),
        values=values,
        desired=tuple(desired),
        consumers=tuple(consumers),
        inputs=tuple(inputs),
        diagnostics=tuple(diagnostics),
        snapshot=snapshot,
        fingerprinter=fingerprinter,
        salt=salt,
    )


def _lasting(plan: Plan, snapshot: Snapshot) -> dict[ObjectKey, Live]:
    """The live objects that the plan does not delete."""
    return {
        change.key: snapshot.objects[change.key]
        for change in plan.changes
        if change.action is not Action.DELETE and change.key in snapshot.objects
    }


def _refuse_sealed(plan: Plan) -> None:
    for refusal in plan.refusals:
        if refusal.guard == SEALED_GUARD:
            raise PlanBlocked(refusal.message, hint=refusal.hint)


def refuse_stale(approved: Plan, fresh: Planned, *, same_key: bool, derived_key: bool) -> None:
    """Make sure that `fresh`, which was formed just now, is what was approved.

    See `reconciler.planning.staleness.stale_reasons` for the rest.

    Raises:
        StalePlan: manifests or store are no longer what the approved plan saw.
    """
    lines = stale_reasons(approved, fresh.plan, same_key=same_key, derived_key=derived_key)
    if lines:
        raise StalePlan(
            "the plan no longer matches the manifests and the store, so nothing was applied",
            details=lines,
            hint="plan again, and review what is different",
        )


def drift(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    options: PlanOptions,
    *,
    unmanaged: bool = False,
) -> DriftReport:
    """Hold the live objects of the set against what was applied last. Writes nothing."""
    desired = with_namespaces(desired, snapshot, options)
    report = compare_with_record(desired, snapshot, options.set_name, unmanaged=unmanaged)
    compared = {item.key for item in report.objects if item.state is not ObjectState.UNMANAGED}
    lives = {key: live for key, live in snapshot.objects.items() if key in compared}
    with warnings.catch_warnings():  # see _planned
        warnings.simplefilter("ignore")
        ending = certificate_notices(lives, options, datetime.now(UTC))
        notices = (*report.notices, *ending)
        return replace(report, notices=notices, certificates=tuple(certificate_ends(lives)))


def _fingerprinter(
    desired: Sequence[Desired], snapshot: Snapshot, salt: str, key: bytes = b""
) -> tuple[Fingerprinter, str]:
    """What makes a plan's fingerprints, and its salt where their key is derived with one."""
    if not salt and snapshot.fingerprint_key is not None:
        return Fingerprinter(snapshot.fingerprint_key), ""
    salt = salt or secrets.token_hex(_SALT_BYTES)
    return Fingerprinter(key or _derived_key(desired, salt)), salt


def _derived_key(desired: Sequence[Desired], salt: str) -> bytes:
    """The key for a plan of a store that has none yet; the order of `desired` does not matter."""
    ordered = sorted(desired, key=attrgetter("key", "generate_name"))
    values = (resource.data[name] for resource in ordered for name in sorted(resource.data))
    present = [value for value in values if not isinstance(value, AbsentValue)]
    with _DERIVING:
        return derive_fingerprint_key(present, bytes.fromhex(salt))
