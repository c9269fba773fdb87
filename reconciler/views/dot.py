"""Dependency graphs for Graphviz.

Source: "The DOT Language" and "escString" of the Graphviz documentation.
"""

from __future__ import annotations

from itertools import groupby

from reconciler.escapes import escaped
from reconciler.model.listing import DependencyGraph
from reconciler.model.objects import ObjectKey
from reconciler.views.formats import Style
from reconciler.views.words import object_text

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "&": "&amp;", "#": "&#35;"})


def graph(graph: DependencyGraph) -> str:
    """A directed graph with a cluster for each wave; arrows lead from dependents to dependencies.

    The first wave is at the left.
    """
    lines = ["digraph dependencies {", "  rankdir=RL;", "  node [shape=box];"]
    for wave, nodes in groupby(graph.nodes, key=lambda node: node.wave):
        lines += [f"  subgraph cluster_{wave} {{", f'    label="wave {wave}";']
        lines += [f"    {_node(node.key)};" for node in nodes]
        lines.append("  }")
    lines += [
        f"  {_node(edge.dependent)} -> {_node(edge.needed)} [label={_quoted(escaped(edge.what))}];"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}"])


def styled_graph(shown: DependencyGraph, style: Style) -> str:
    """The graph; it has only one style."""
    del style
    return graph(shown)


def _node(key: ObjectKey) -> str:
    """An object's name is its identifier; Graphviz labels a node with it."""
    return _quoted(object_text(key))


def _quoted(text: str) -> str:
    r"""A quoted string that is read as `text` in a label.

    There ``\N`` would stand for a name, ``&lt;`` for a character, and ``##`` for the beginning of a
    workflow command.
    """
    return f'"{text.translate(_ESCAPES)}"'
