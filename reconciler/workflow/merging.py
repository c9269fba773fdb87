"""Reports of several environments, made one: those of separate runs, or the shards of a single run.

The reports may come from anybody, so what they say of their shard is checked against their content.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from reconciler.errors import ExitCode, PlanFileError
from reconciler.model.shards import Shard, Share, shard_number
from reconciler.views.formats import EnvironmentResult, Environments
from reconciler.views.words import counted


class Named(NamedTuple):
    """What a file holds."""

    file: str
    environments: Environments


def merged(reports: Sequence[Named], *, alone: bool) -> Environments:
    """The environments of all `reports`, of which there is one at least.

    Shards of a run are in the order of the whole run, in which the environments of a missing shard
    have failed. A shard that was asked for `alone` is shown by itself. Separate runs are in the
    order in which they were given.

    Raises:
        PlanFileError: the reports are those of different runs, or have something twice, or a report
            is not what its shard should be. All problems are reported at once.
    """
    problems = [problem for report in reports for problem in _contradictions(report)]
    if problems:
        raise PlanFileError(
            "some reports do not hold what their shards are to hold",
            details=problems,
            hint="use what `reconciler plan` or `reconciler drift` wrote with --shard",
        )
    if alone:
        return reports[0].environments
    if any(report.environments.shares for report in reports):
        return _whole(reports)
    results = tuple(result for report in reports for result in report.environments.results)
    counts = Counter(result.environment for result in results)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise PlanFileError(
            "some environments occur more than once",
            details=twice,
            hint="give only the latest file of each",
        )
    return replace(reports[0].environments, results=results)


def _contradictions(report: Named) -> Iterator[str]:
    """Where the environments of a report are not those of its shard."""
    names = [result.environment for result in report.environments.results]
    for share in report.environments.shares:
        own = share.own
        told, due = {*names}, {*own}
        missing = [name for name in own if name not in told]
        strange = [name for name in names if name not in due]
        if missing:
            yield f"{report.file}: shard {share.shard} without {', '.join(missing)}"
        if strange:
            yield f"{report.file}: shard {share.shard} with {', '.join(strange)}"
        if not missing and not strange and tuple(names) != own:
            yield f"{report.file}: shard {share.shard} in another order"


def _whole(reports: Sequence[Named]) -> Environments:
    """The run that `reports` are the shards of.

    Raises:
        PlanFileError: they are not those of one run, or one comes twice.
    """
    shares = [share for report in reports for share in report.environments.shares]
    first = shares[0]
    if len(shares) < len(reports) or {(share.shard.of, share.chosen) for share in shares} != {
        (first.shard.of, first.chosen)
    }:
        raise PlanFileError(
            "these are reports of different runs",
            details=[*_runs(reports)],
            hint="give the shards of one run, all with the same number of shards and environments",
        )
    files = defaultdict(list)
    for report, share in zip(reports, shares, strict=True):
        files[share.shard.index].append(report.file)
    twice = {index: names for index, names in files.items() if len(names) > 1}
    if twice:
        raise PlanFileError(
            "some shards occur more than once",
            details=[
                f"shard {index}/{first.shard.of}: {', '.join(names)}"
                for index, names in twice.items()
            ],
            hint="give only the latest report of each, and each run a directory of its own",
        )
    return _joined([report.environments for report in reports], first, files.keys())


def _runs(reports: Iterable[Named]) -> Iterator[str]:
    """Each run that some of `reports` belong to, and which they are."""
    runs: dict[tuple[int, str], list[str]] = defaultdict(list)
    sizes: dict[tuple[int, str], int] = {}
    for file, environments in reports:
        share = next(iter(environments.shares), None)
        key = (share.shard.of, share.digest) if share is not None else (0, "")
        runs[key].append(f"{file} (shard {share.shard})" if share is not None else file)
        sizes[key] = len(share.chosen) if share is not None else 0
    for (of, digest), files in runs.items():
        over = f"{counted(sizes[of, digest], 'environment')}, digest {digest[:12]}"
        yield f"{over if of else 'not divided'}: {', '.join(files)}"


def _joined(reports: Sequence[Environments], share: Share, here: Iterable[int]) -> Environments:
    """The whole run of `share`, of which the shards with the numbers in `here` have `reports`."""
    of = share.shard.of
    present = {*here}
    missing = tuple(Shard(number, of) for number in range(1, of + 1) if number not in present)
    results = {result.environment: result for report in reports for result in report.results}
    return replace(
        reports[0],
        results=tuple(
            results[name] if name in results else _missing(name, Shard(shard_number(name, of), of))
            for name in share.chosen
        ),
        shares=(),
        missing=missing,
    )


def _missing(environment: str, shard: Shard) -> EnvironmentResult:
    error = PlanFileError(
        f"shard {shard} is missing, so nothing is known of this environment",
        hint="see what became of the job of that shard, and run it again",
    )
    return EnvironmentResult(environment, ExitCode.ERROR, error=error)
