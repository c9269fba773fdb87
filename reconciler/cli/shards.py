"""``--shard`` and ``--stage``: which of the chosen environments this run is to work on."""

from __future__ import annotations

from collections.abc import Mapping

import click

from reconciler.cli.options import SHARD, STAGE
from reconciler.cli.types import AUTO, ShardType
from reconciler.errors import ConfigError
from reconciler.model.shards import Shard, Share
from reconciler.planning.stages import stage_numbers, stages
from reconciler.views.words import counted

SHARDS = "RECONCILER_SHARDS"
"""How many completions an Indexed Job has: its Pods are told only which one they are."""
_GITLAB = ("CI_NODE_INDEX", "CI_NODE_TOTAL")
_KUBERNETES = ("JOB_COMPLETION_INDEX", SHARDS)


def keep(context: click.Context, parameter: click.Parameter, value: Shard | str | int) -> None:
    """Note what ``--shard`` or ``--stage`` was given, for `shard_of` and `stage_of`."""
    context.meta[str(parameter.name)] = value


def refuse_part_of_one(context: click.Context) -> None:
    """Make sure that nobody asks for a part of a single environment.

    Raises:
        ConfigError: somebody does.
    """
    for option in (SHARD, STAGE):
        if context.meta.get(option.parameter) is not None:
            raise ConfigError(
                f"{option.flag} and {option.variable} are for several environments, and the "
                "command works on a single one",
                hint=f"leave out {option.flag}, or choose several with --all or a pattern",
            )


def shard_of(context: click.Context) -> Shard | None:
    """The shard that the command line or a variable names.

    Raises:
        ConfigError: the variables of the job are to name it, and do not.
    """
    value: Shard | str | None = context.meta[SHARD.parameter]
    return shard_of_job(context.obj.environ) if isinstance(value, str) else value


def stage_of(context: click.Context) -> int | None:
    """The stage that the command line or a variable names, of a command that has stages."""
    stage: int | None = context.meta.get(STAGE.parameter)
    return stage


def shard_of_job(environ: Mapping[str, str]) -> Shard:
    """The shard that the variables of a job name.

    GitLab counts the jobs of `parallel` from 1 (CI_NODE_INDEX of CI_NODE_TOTAL), Kubernetes the
    Pods of an Indexed Job from 0 (JOB_COMPLETION_INDEX), and does not tell how many there are.

    Raises:
        ConfigError: the variables are those of no such job, of both, or contradict each other.
    """
    told = [names for names in (_GITLAB, _KUBERNETES) if environ.get(names[0])]
    if len(told) != 1:
        raise ConfigError(
            f"{SHARD.flag} {AUTO}: the job has "
            + ("both " if told else "neither ")
            + f"{_GITLAB[0]} {'and' if told else 'nor'} {_KUBERNETES[0]}",
            hint=f"use {AUTO} in a job of GitLab with `parallel` or in an Indexed Job of "
            f"Kubernetes, or write {SHARD.flag} I/N",
        )
    index, total = told[0]
    if not environ.get(total):
        raise ConfigError(
            f"{SHARD.flag} {AUTO}: {index} says which shard this is, and {total} is not set",
            hint=f"set {total} to the number of shards",
        )
    text = environ[index]
    if index == _KUBERNETES[0] and text.isascii() and text.isdigit():
        text = str(int(text) + 1)
    try:
        return _read(f"{text}/{environ[total]}")
    except click.BadParameter as error:
        raise ConfigError(
            f"{SHARD.flag} {AUTO}: {index} is {environ[index]!r} and {total} is "
            f"{environ[total]!r}: {error.message}"
        ) from None


def _read(text: str) -> Shard:
    shard = ShardType().convert(text, None, None)
    assert isinstance(shard, Shard)
    return shard


def part_text(share: Share | None, stage: int | None, own: int, chosen: int) -> str:
    """What a run works on that is not for all chosen environments, for standard error."""
    shard = [f"shard {share.shard}"] if share is not None else []
    part = ", ".join([*shard, *([f"stage {stage}"] if stage is not None else [])])
    whole = counted(chosen, "chosen environment")
    amount = f"{own} of {whole}" if own else f"none of {whole}, so there is nothing to do"
    return f"{part[0].upper()}{part[1:]}: {amount}."


def one_stage(
    after: Mapping[str, tuple[str, ...]],
    chosen: tuple[str, ...],
    stage: int | None,
    *,
    is_share: bool,
) -> tuple[str, ...]:
    """The environments of `chosen` that are in the `stage`; all of them where none is named.

    `after` has all environments of the configuration, so the number of an environment's stage does
    not depend on what was chosen. If the run is one of several shards, nobody waits for what other
    shards apply, so all of `chosen` must be in one stage.

    Raises:
        ConfigError: they are not, or there is no such stage.
    """
    ordered = stages(after)
    if stage is not None:
        if stage > len(ordered):
            raise ConfigError(
                f"{STAGE.flag}: there is no stage {stage}: the environments have "
                f"{counted(len(ordered), 'stage')}"
            )
        return tuple(name for name in chosen if name in ordered[stage - 1])
    touched = stage_numbers(after, chosen)
    if is_share and len(touched) > 1:
        raise ConfigError(
            f"shards are applied one stage at a time, and the run has {len(touched)} stages: "
            + ", ".join(map(str, touched)),
            hint=f"add {STAGE.flag} {touched[0]}; when all shards of it have ended well, go on "
            f"with {STAGE.flag} {touched[1]}",
        )
    return chosen


def is_staged(after: Mapping[str, tuple[str, ...]], chosen: tuple[str, ...]) -> bool:
    """Whether an apply of `chosen` has several stages; `after` as for `one_stage`."""
    return len(stage_numbers(after, chosen)) > 1
