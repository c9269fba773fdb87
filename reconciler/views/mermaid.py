"""Dependency graphs for Mermaid, which GitHub and GitLab draw in Markdown.

Source: "Flowcharts syntax" of the Mermaid documentation, entity codes included.
"""

from __future__ import annotations

import re
from itertools import groupby

from reconciler.escapes import escaped
from reconciler.model.listing import DependencyGraph
from reconciler.views.formats import Style
from reconciler.views.words import object_text

# Whatever else has a meaning to Mermaid, to Markdown or to HTML, at least at the start.
_SUSPECT = re.compile(r"^[^A-Za-z]|[^A-Za-z0-9 ./()-]")


def graph(graph: DependencyGraph) -> str:
    """A flowchart with a subgraph for each wave; arrows lead from dependents to dependencies.

    The first wave is at the left.
    """
    placed = [node.key for node in graph.nodes]
    linked = [key for edge in graph.edges for key in (edge.dependent, edge.needed)]
    names = {key: f"n{index}" for index, key in enumerate(dict.fromkeys([*placed, *linked]))}
    lines = ["flowchart RL"]
    for wave, nodes in groupby(graph.nodes, key=lambda node: node.wave):
        lines.append(f'  subgraph wave{wave}["wave {wave}"]')
        lines += [f"    {names[node.key]}[{_quoted(object_text(node.key))}]" for node in nodes]
        lines.append("  end")
    lines += [
        f"  {name}[{_quoted(object_text(key))}]"
        for key, name in names.items()
        if key not in set(placed)
    ]
    lines += [
        f"  {names[edge.dependent]} -->|{_quoted(escaped(edge.what))}| {names[edge.needed]}"
        for edge in graph.edges
    ]
    return "\n".join(lines)


def styled_graph(shown: DependencyGraph, style: Style) -> str:
    """The graph; it has only one style."""
    del style
    return graph(shown)


def _quoted(text: str) -> str:
    """A quoted string in which all but plain characters are entity codes: ``#34;``."""
    return f'"{_SUSPECT.sub(_entity, text)}"'


def _entity(match: re.Match[str]) -> str:
    return f"#{ord(match[0])};"
