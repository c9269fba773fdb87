"""What the runners of pipelines would carry out of a log."""

from __future__ import annotations

import re

COMMANDS = (
    "##[set-output name=x]y",
    "##[stop-commands]z",
    "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStatus text='x']",
    "::stop-commands::x",
    "::set-env name=x::y",
    " \t::add-mask::x",
    "\n::error::x",
    "\r::error::x",
    "\r\n  ::error::x",
    "x\u0085##[group]",
    "###[group]",
    "#\u0640#[group]",
    "\u3000::debug::x",
    "\u0640:\u0640:debug::x",
    "section_start:1:x[collapsed=true]\r\x1b[0K",
)
"""Texts in which there is one."""


def commands_in(log: str) -> list[str]:
    """The lines of `log` that a runner would act upon.

    GitHub's, Azure's and TeamCity's look for a prefix, the second one of GitHub's at the start of a
    line, and do not see every character. GitLab's looks for what it writes itself.
    """
    lines = re.split(r"\r\n|\r|\n", log)
    found = re.findall(r"section_(?:start|end):\d+:[^\r]*\r\x1b\[0K", log)
    for line in lines:
        seen = "".join(character for character in line if " " <= character <= "~")
        if re.search(r"##\w*\[", seen) or seen.lstrip().startswith("::"):
            found.append(line)
    return found
