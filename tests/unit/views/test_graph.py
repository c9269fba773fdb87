import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.escapes import escaped
from reconciler.model.listing import DependencyGraph, GraphEdge, GraphNode
from reconciler.model.objects import ObjectKey
from reconciler.views import dot, mermaid, words
from tests.unit.views.listing_samples import GRAPH, GRAPHS

Edges = list[tuple[str, str, str]]
Drawn = tuple[dict[str, int], Edges]

_STRING = r'"((?:[^"\\]|\\.)*)"'
_ENTITIES = {"amp": "&", "#35": "#"}


def drawn_by_dot(source: str) -> Drawn:
    """Nodes with their waves, and edges, as Graphviz would label them."""
    waves: dict[str, int] = {}
    edges: Edges = []
    wave = -1
    for line in source.split("\n")[3:-1]:
        if match := re.fullmatch(r"  subgraph cluster_(\d+) \{", line):
            wave = int(match[1])
        elif match := re.fullmatch(rf"    {_STRING};", line):
            waves[_dot_label(match[1])] = wave
        elif match := re.fullmatch(rf"  {_STRING} -> {_STRING} \[label={_STRING}\];", line):
            edges.append((_dot_label(match[1]), _dot_label(match[2]), _dot_label(match[3])))
        else:
            assert line in {f'    label="wave {wave}";', "  }"}
    return waves, edges


def _dot_label(written: str) -> str:
    """Quotes are read first, then the escapes of a label, then entities."""
    read = re.sub(r'\\([\\"])', lambda match: match[1] if match[1] == '"' else r"\\", written)
    assert not re.search(r"(?<!\\)(\\\\)*\\[A-Za-z]", read)
    label = read.replace(r"\\", "\\")
    return re.sub(r"&(#?\w+);", lambda match: _ENTITIES[match[1]], label)


def drawn_by_mermaid(source: str) -> Drawn:
    waves: dict[str, int] = {}
    edges: Edges = []
    labels: dict[str, str] = {}
    wave = -1
    first, *lines = source.split("\n")
    assert first == "flowchart RL"
    for line in lines:
        if match := re.fullmatch(r'  subgraph wave(\d+)\["wave (\d+)"\]', line):
            assert match[1] == match[2]
            wave = int(match[1])
        elif match := re.fullmatch(r' {2,4}(n\d+)\["([^"]*)"\]', line):
            labels[match[1]] = _mermaid_label(match[2])
            if line.startswith("    "):
                waves[labels[match[1]]] = wave
        elif match := re.fullmatch(r'  (n\d+) -->\|"([^"]*)"\| (n\d+)', line):
            edges.append((labels[match[1]], labels[match[3]], _mermaid_label(match[2])))
        else:
            assert line == "  end"
    return waves, edges


def _mermaid_label(written: str) -> str:
    assert not re.search(r"[^A-Za-z0-9 ./()#;-]", written)
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), written)


def meant(graph: DependencyGraph) -> Drawn:
    waves = {words.object_text(node.key): node.wave for node in graph.nodes}
    edges = [
        (
            words.object_text(edge.dependent),
            words.object_text(edge.needed),
            escaped(edge.what),
        )
        for edge in graph.edges
    ]
    return waves, edges


_texts = st.text(st.sampled_from('ab"\\[]{}|<>&;#%`*_:-.1 \n')) | st.text()
_keys = st.builds(ObjectKey, _texts, _texts, _texts)
graphs = st.builds(
    lambda nodes, edges: DependencyGraph(tuple(nodes), tuple(edges)),
    st.lists(
        st.builds(GraphNode, _keys, st.integers(0, 3)), max_size=4, unique_by=lambda node: node.key
    ).map(lambda nodes: sorted(nodes, key=lambda node: (node.wave, node.key))),
    st.lists(st.builds(GraphEdge, _keys, _keys, _texts), max_size=4),
)


@given(graphs)
def test_any_graph_can_be_read_back(graph: DependencyGraph) -> None:
    assert drawn_by_dot(dot.graph(graph)) == meant(graph)
    assert drawn_by_mermaid(mermaid.graph(graph)) == meant(graph)


def test_waves_and_edges_are_those_of_the_graph() -> None:
    waves, edges = drawn_by_dot(dot.graph(GRAPH))
    assert waves["Secret/shop/job-(known after apply)"] == 3
    assert ("Secret/shop/robot-token", "ServiceAccount/shop/robot", "ServiceAccount") in edges
    assert drawn_by_mermaid(mermaid.graph(GRAPH)) == (waves, edges)


def test_what_would_end_or_change_a_label_is_escaped() -> None:
    shown = dot.graph(GRAPHS["odd"])
    assert r'"K[\"i\"]{n|d}/&#35;35;\\N&amp;lt;"' in shown
    assert r'[label="owner \"it\""]' in shown
    shown = mermaid.graph(GRAPHS["odd"])
    assert "K#91;#34;i#34;#93;#123;n#124;d#125;/#35;35#59;#92;N#38;lt#59;" in shown
    assert '-->|"owner #34;it#34;"| n0' in shown


def test_no_label_of_mermaid_begins_as_a_list_of_markdown() -> None:
    node = GraphNode(ObjectKey("1. a", "", "b"), 0)
    assert '["#49;. a/b"]' in mermaid.graph(replace(GRAPH, nodes=(node,), edges=()))


def test_an_object_without_a_wave_is_drawn_beside_them() -> None:
    assert '\n  n2["Elsewhere/shop/x"]\n' in mermaid.graph(GRAPHS["odd"])
    assert '-> "Elsewhere/shop/x" [' in dot.graph(GRAPHS["odd"])
