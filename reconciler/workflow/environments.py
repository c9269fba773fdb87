"""An environment: a store with its inputs and options. One or many are the same code."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError, InvalidManifests, StalePlan, StoreReadOnly
from reconciler.inputs import STDIN, Running
from reconciler.inputs.rendering import Told
from reconciler.manifests import LintSettings, Loaded
from reconciler.model.drift import DriftReport
from reconciler.model.inputs import Exclusion, InputSource, SourceMark
from reconciler.model.objects import Desired, Diagnostic
from reconciler.model.opening import StoreChoice
from reconciler.model.plan_options import PlanOptions
from reconciler.model.store import Capability, Store
from reconciler.planning.digests import plan_digest
from reconciler.stores import check, open_store
from reconciler.workflow.defaults import DEFAULT_PARALLELISM, utc_now
from reconciler.workflow.histories import last_run
from reconciler.workflow.loading import load
from reconciler.workflow.parallel import SharedLoads
from reconciler.workflow.planned import Planned, drift, plan, plan_again, read
from reconciler.workflow.revisions import Inputs

if TYPE_CHECKING:
    from reconciler.planfile import PlanFile, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A store, the manifests that it is to hold, and the options of plans for it.

    ``inputs`` are paths of manifests, ``-`` for standard input, and ``sources`` what has a name of
    its own; ``exclude`` says what is left out of directories. ``allow_run`` lets programs execute
    and fetch whatever manifests and configuration ask for. ``parallelism`` is how many changes are
    made, or tried, at a time; with ``server_dry_run``, the store tries each change of a plan.
    """

    name: str = ""
    store: StoreChoice
    inputs: tuple[str, ...] = ()
    sources: tuple[InputSource, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    allow_run: bool = False
    options: PlanOptions = field(default_factory=PlanOptions)
    lints: LintSettings = field(default_factory=LintSettings)
    server_dry_run: bool = False
    parallelism: int = DEFAULT_PARALLELISM


Check = Callable[[Sequence[Desired]], Iterable[Diagnostic]]


def load_environment(
    environment: Environment,
    *checks: Check,
    environ: Mapping[str, str] = os.environ,
    twice: bool = False,
    told: Told | None = None,
    shared: SharedLoads | None = None,
) -> Loaded:
    """Load the manifests of `environment`; `checks` say what else is wrong with them.

    What SOPS encrypted is decrypted by the program sops, which gets `environ` without the
    variables of this program. With `twice`, programs whose output may differ from time to time are
    run once more, and what differs is a warning. `told` gets what those that fail write on standard
    error. `shared` has what was loaded for other environments.

    Errors are among the diagnostics; what plans or compares refuses to go on with them.
    """

    def loading() -> Loaded:
        return load(
            environment.inputs,
            exclude=environment.exclude,
            namespace=environment.options.namespace,
            lints=environment.lints,
            environ=environ,
            sources=environment.sources,
            running=Running(
                environ=environ,
                everything_allowed=environment.allow_run,
                twice=twice,
                told=told,
                waiting=nullcontext if shared is None else shared.waiting,
            ),
            sops_ignore_mac=environment.options.sops_ignore_mac,
        )

    loaded = loading() if shared is None else shared.loaded(_inputs_of(environment), loading)
    more = [item for look in checks for item in look(loaded.objects)]
    return replace(loaded, diagnostics=(*loaded.diagnostics, *more))


def _inputs_of(environment: Environment) -> Hashable:
    """What decides on what is loaded: environments for which it is equal can share it."""
    return (
        environment.inputs,
        tuple((each.name, each.digest, each.directory) for each in environment.sources),
        environment.exclude,
        environment.options.namespace,
        environment.options.sops_ignore_mac,
        environment.allow_run,
        repr(environment.lints),
    )


def store_rules(environment: Environment) -> Check:
    """What the store of `environment` refuses by rules of its own."""

    def rules(desired: Sequence[Desired]) -> Iterator[Diagnostic]:
        return check(environment.store, desired)

    return rules


@contextmanager
def opened(
    environment: Environment, environ: Mapping[str, str], *, to_write: bool = False
) -> Iterator[Store]:
    """The store of `environment`, closed in the end. `environ` holds keys and credentials.

    Raises:
        ConfigError: it cannot be opened so.
        StoreReadOnly: it is opened `to_write`, and can only be read.
    """
    store = open_store(
        environment.store.url,
        environ,
        workers=environment.parallelism,
        options=environment.store.options,
        made=_made_of(environment, environ),
    )
    with closing(store):
        if to_write and Capability.WRITES not in store.capabilities:
            raise StoreReadOnly
        yield store


def _made_of(environment: Environment, environ: Mapping[str, str]) -> Inputs | None:
    """What the manifests of `environment` would have made elsewhere; ``None`` without any."""
    if not environment.inputs and not environment.sources:
        return None

    def load(
        paths: Sequence[str], sources: Sequence[InputSource], exclude: Sequence[Exclusion]
    ) -> Loaded:
        there = replace(
            environment, inputs=tuple(paths), sources=tuple(sources), exclude=tuple(exclude)
        )
        return load_environment(there, environ=environ)

    return Inputs(
        paths_given=environment.inputs,
        sources=environment.sources,
        exclude=environment.exclude,
        options=environment.options,
        load=load,
    )


def plan_of(
    environment: Environment, loaded: Loaded, store: Store, *, salt: str = "", key: bytes = b""
) -> Planned:
    """Read the store, and plan what makes it as `loaded` says; `salt` and `key` as for `plan`.

    Raises:
        InvalidManifests: the manifests have errors.
        ReconcilerError: nothing could be planned.
    """
    refuse_errors(loaded)
    snapshot = read(loaded.objects, store, environment.options)
    planned = plan(
        loaded.objects,
        snapshot,
        environment.options,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
        diagnostics=loaded.diagnostics,
        salt=salt,
        key=key,
    )
    return _tried(environment, _with_notices(planned, loaded), store)


def plan_file_again(
    environment: Environment,
    file: PlanFile,
    loaded: Loaded,
    store: Store,
    *,
    require_sealed: bool = False,
) -> tuple[Planned, Standing]:
    """Form a saved plan again, and make sure that it is the same; what its seal is worth.

    `environment` has the options of the plan, and its manifests; see `environment_of_plan`. With
    `require_sealed`, only a verified seal will do.

    Raises:
        InvalidManifests: the manifests have errors.
        PlanAltered: the file was changed.
        PlanNotTrusted: its seal was not verified.
        StalePlan: manifests or store are no longer what the plan saw.
        ReconcilerError: the plan could not be formed.
    """
    refuse_errors(loaded)
    snapshot = read(loaded.objects, store, environment.options)
    planned, standing = plan_again(
        file,
        loaded.objects,
        snapshot,
        consumers=loaded.consumers,
        inputs=loaded.inputs,
        diagnostics=loaded.diagnostics,
    )
    if require_sealed:
        from reconciler import planfile

        planfile.refuse_unverified(standing)
    return _tried(environment, _with_notices(planned, loaded), store), standing


def is_applied(environment: Environment, file: PlanFile, loaded: Loaded, store: Store) -> bool:
    """Whether the saved plan was applied, and everything still is as it left it.

    So it is where the last run of the set was that of this plan, and nothing is left to do.

    Raises:
        ReconcilerError: the store cannot be read, or nothing could be planned.
    """
    last = last_run(store, environment.options.set_name)
    if last is None:
        return False
    fresh = plan_of(environment, loaded, store).plan
    saved = file.saved.plan
    # A first apply notes the store as the plan has it, or as it was made meanwhile.
    stores = (saved.store, fresh.store) if not saved.store.id else (saved.store,)
    digests = {plan_digest(replace(saved, store=store)) for store in stores}
    return last.plan in digests and not fresh.pending and not fresh.problems


def environment_of_plan(environment: Environment, file: PlanFile) -> Environment:
    """`environment` with what the saved plan was made with and from.

    Raises:
        StalePlan: the plan has expired, or a source is not what it was.
        ConfigError: its manifests are not where it has them.
    """
    from reconciler import planfile

    saved = file.saved
    planfile.refuse_expired(saved.expires, utc_now())
    sources = _sources_again(saved.sources, environment.sources)
    missing = [path for path in saved.manifests if path != STDIN and not Path(path).exists()]
    if missing:
        raise ConfigError(
            f"the plan was made from manifests that are not here: {', '.join(missing)}",
            hint="its paths are relative to the directory in which it was made: apply it there",
        )
    return replace(
        environment,
        inputs=saved.manifests,
        sources=sources,
        exclude=saved.exclude,
        options=saved.plan.options,
    )


def _sources_again(
    marks: Sequence[SourceMark], sources: Sequence[InputSource]
) -> tuple[InputSource, ...]:
    """The sources that a plan was made from, as they are defined now.

    Raises:
        StalePlan: they are not what they were.
    """
    defined = {source.name: source for source in sources}
    different = [
        f"the source {mark.name} is "
        + ("defined differently now" if mark.name in defined else "not defined any more")
        for mark in marks
        if mark.name not in defined or defined[mark.name].digest != mark.digest
    ]
    if different:
        raise StalePlan(
            "the plan was made from other sources, so nothing was applied",
            details=different,
            hint="plan again, with the same configuration file as for the apply",
        )
    return tuple(defined[mark.name] for mark in marks)


def refuse_unstable(loaded: Loaded) -> None:
    """Make sure that a saved plan of `loaded` will not be stale as soon as it is made.

    Raises:
        InvalidManifests: a program prints something else each time.
    """
    if is_unstable(loaded.diagnostics):
        raise InvalidManifests(
            "a plan cannot be saved of a program that prints something else each time",
            hint="apply would find other values than were planned, and refuse them",
        )


def is_unstable(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether a program printed something else the second time, as `diagnostics` say."""
    return any(item.code == "source-unstable" for item in diagnostics)


def refuse_errors(loaded: Loaded) -> None:
    """Make sure that the manifests can be used.

    Raises:
        InvalidManifests: they have errors.
    """
    if loaded.errors:
        raise InvalidManifests("the manifests have errors, so nothing was done")


def _with_notices(planned: Planned, loaded: Loaded) -> Planned:
    """`planned` with what was left out of the manifests, which a reviewer must see."""
    plan = planned.plan
    return replace(planned, plan=replace(plan, notices=(*loaded.notices, *plan.notices)))


def _tried(environment: Environment, planned: Planned, store: Store) -> Planned:
    if not environment.server_dry_run:
        return planned
    from reconciler.workflow.trying import tried

    return tried(planned, store, environment.parallelism)


def drift_after(environment: Environment, desired: Sequence[Desired], store: Store) -> DriftReport:
    """What has drifted right after an apply of `desired`.

    Raises:
        StoreError: the store cannot be read.
    """
    snapshot = read(desired, store, environment.options)
    return drift(desired, snapshot, environment.options)
