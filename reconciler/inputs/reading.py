"""What the inputs of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

from reconciler.inputs.builds import Parse
from reconciler.inputs.rendering import Rendering, Running
from reconciler.model.inputs import Exclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One pass over all inputs.

    ``parse`` reads the YAML of kustomizations. ``stdin`` is read for ``-``; ``None`` stands for the
    process's own. ``exclude`` says what is left out of directories: later patterns override earlier
    ones, and all of them those of ignore files. ``seen`` has the names of all files so far, so that
    each is read once: see `reconciler.inputs.identity`. ``renderings`` gathers the programs to be
    run, and ``running`` says how they are run.
    """

    parse: Parse
    stdin: IO[bytes] | None = None
    exclude: tuple[Exclusion, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)
    renderings: list[Rendering] = field(default_factory=list)
    running: Running = field(default_factory=Running)
