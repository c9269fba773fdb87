"""What loading left out or could not check, for those who review the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reconciler.manifests.decoded import Decoded, Skipped
from reconciler.model.plans import Note
from reconciler.model.sops import SopsRefusal
from reconciler.model.values import SealedValue

_MOST_NAMED = 5
_MOST_KINDS = 12


def of_other_files(files: Sequence[str]) -> Note:
    """What is said of files in directories that are no manifests."""
    count = len(files)
    what = (
        "1 file that is not a manifest" if count == 1 else f"{count} files that are not manifests"
    )
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    return Note(
        "files-skipped",
        f"skipped {what}: {', '.join(files[:_MOST_NAMED])}{more}",
    )


def of_unverified(files: Iterable[str]) -> Iterator[Note]:
    """What is said of files whose MAC was ignored."""
    for file in dict.fromkeys(files):
        yield Note(
            "sops-mac-ignored",
            f"{file} was changed after SOPS encrypted it, and is used all the same, since "
            "--sops-ignore-mac is given",
        )


def of_sealed(decoded: Iterable[Decoded], refused: Iterable[SopsRefusal]) -> Iterator[Note]:
    """What is said of files that stayed encrypted: how many values, and why."""
    kept = [
        result.desired
        for result in decoded
        if not isinstance(result, Skipped) and result.desired and result.desired.sealed
    ]
    if not kept:
        return
    values = sum(isinstance(value, SealedValue) for item in kept for value in item.data.values())
    files = len({item.source.file for item in kept})
    why = "; ".join(dict.fromkeys(refusal.message for refusal in refused))
    yield Note(
        "values-sealed",
        f"{values} value{'s' * (values != 1)} in {files} file{'s' * (files > 1)} could not be "
        f"seen, so {'it was' if values == 1 else 'they were'} not checked: {why}",
    )


def of_skipped(skipped: Counter[str]) -> Note:
    """How many objects of which other kinds were skipped."""
    total = sum(skipped.values())
    most = skipped.most_common(_MOST_KINDS) if len(skipped) > _MOST_KINDS else skipped.items()
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(most))
    rest = len(skipped) - _MOST_KINDS
    more = f" and {rest} more kind{'s' * (rest > 1)}" if rest > 0 else ""
    return Note(
        "objects-skipped",
        f"skipped {total} object{'s' * (total != 1)} of other kinds: {kinds}{more}",
    )
