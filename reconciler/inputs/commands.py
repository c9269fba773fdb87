"""Commands that ``reconciler.yaml`` names, and that print manifests.

They are code of whoever may change that file, so they run only where that was allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.inputs.programs import Job, inherited
from reconciler.inputs.rendering import Rendering, Running
from reconciler.model.inputs import Command
from reconciler.model.objects import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRendering(Rendering):
    """The output of a command."""

    command: Command

    @classmethod
    def of(cls, command: Command) -> CommandRendering:
        """What `command` prints."""
        return cls(
            path=command.name,
            name=command.name,
            identity=f"source {command.name}",
            place=command.place,
            command=command,
        )

    @property
    def program(self) -> str:
        """A name with a slash is a path, from the directory of the configuration file."""
        program = self.command.arguments[0]
        if "/" not in program:
            return program
        path = str(Path(self.command.directory, program))
        return path if "/" in path else f"./{path}"  # else it would be looked for on PATH

    @property
    def install(self) -> str:
        """Nobody knows what it is."""
        way = "make it executable with 'chmod +x'" if "/" in self.program else "install it"
        return f"{way}, or correct what {self.place.file} has under 'run'"

    def problems(self, running: Running) -> Iterator[Diagnostic]:
        """Nothing but the word of whoever runs this program allows a command."""
        if not running.everything_allowed:
            yield self.error(
                "source-not-allowed",
                "a command of the configuration file runs only where that is allowed",
                "if you trust this checkout, use --allow-run or RECONCILER_ALLOW_RUN=1",
            )

    def job(self, program: str, private: Path, running: Running) -> Job:
        """The command as it stands in the file."""
        del private
        environ = dict(inherited(running.environ))
        directory = self.command.directory
        return Job([str(Path(program).absolute()), *self.command.arguments[1:]], environ, directory)
