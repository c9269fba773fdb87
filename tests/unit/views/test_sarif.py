import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from reconciler.model.objects import Diagnostic, Source
from reconciler.views import sarif
from tests.unit.views import samples

_TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
}
_ONE = {"type": "integer", "minimum": 1}


def _closed(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_LOCATION = _closed(
    physicalLocation=_closed(
        artifactLocation=_closed(uri={"type": "string", "pattern": r"^[!-~]+$"}),
        region=_closed(startLine=_ONE, startColumn=_ONE),
    )
)
_LOCATION["properties"]["logicalLocations"] = {  # type: ignore[index]
    "type": "array",
    "items": _closed(fullyQualifiedName={"type": "string"}, kind={"type": "string"}),
}
_LOCATION["properties"]["physicalLocation"]["required"] = ["artifactLocation"]  # type: ignore[index]
_LEVEL = {"enum": ["none", "note", "warning", "error"]}

# Of SARIF 2.1.0 and of what GitHub requires beyond it, what concerns the properties in use.
SCHEMA = Draft202012Validator(
    _closed(
        **{
            "$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"},
            "version": {"const": "2.1.0"},
            "runs": {
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    tool=_closed(
                        driver=_closed(
                            name={"type": "string", "minLength": 1},
                            version={"type": "string", "minLength": 1},
                            rules={
                                "type": "array",
                                "uniqueItems": True,
                                "items": _closed(
                                    id={"type": "string", "minLength": 1},
                                    shortDescription=_TEXT,
                                    fullDescription=_TEXT,
                                    help=_TEXT,
                                    defaultConfiguration=_closed(level=_LEVEL),
                                ),
                            },
                        )
                    ),
                    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    results={
                        "type": "array",
                        "items": _closed(
                            ruleId={"type": "string"},
                            ruleIndex={"type": "integer", "minimum": 0},
                            level=_LEVEL,
                            message=_TEXT,
                            locations={"type": "array", "minItems": 1, "items": _LOCATION},
                            partialFingerprints={
                                "type": "object",
                                "additionalProperties": {"type": "string"},
                            },
                        ),
                    },
                ),
            },
        }
    )
)


def run_of(*diagnostics: Diagnostic) -> Any:
    document = json.loads(sarif.diagnostics(diagnostics, tool_version="1.2.3"))
    SCHEMA.validate(document)
    return document["runs"][0]


def uri_of(file: str) -> str:
    item = replace(samples.PROBLEMS[0], source=Source(file, 1, 1))
    location = run_of(item)["results"][0]["locations"][0]["physicalLocation"]
    uri: str = location["artifactLocation"]["uri"]
    return uri


def fingerprints(*diagnostics: Diagnostic) -> list[str]:
    return [
        result["partialFingerprints"][sarif.FINGERPRINT]
        for result in run_of(*diagnostics)["results"]
    ]


def test_nothing_found_is_a_run_without_results() -> None:
    assert run_of()["results"] == []


def test_each_code_is_a_rule_once_and_each_result_points_at_its_own() -> None:
    run = run_of(*samples.PROBLEMS, *samples.PROBLEMS)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({problem.code for problem in samples.PROBLEMS})
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [
        problem.code for problem in (*samples.PROBLEMS, *samples.PROBLEMS)
    ]
    assert [result["level"] for result in run["results"][:3]] == ["error", "warning", "error"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("manifests/db.yaml", "manifests/db.yaml"),
        ("./manifests//db.yaml", "manifests/db.yaml"),
        ("a b/ü#?.yaml", "a%20b/%C3%BC%23%3F.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("/srv/db.yaml", "file:///srv/db.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
        ("a\udcff.yaml", "a%FF.yaml"),
    ],
)
def test_files_are_uri_references(file: str, uri: str) -> None:
    assert uri_of(file) == uri
    assert unquote(uri, errors="surrogateescape").endswith(file.removeprefix("./manifests//"))


def test_where_no_line_is_known_there_is_no_region() -> None:
    location = run_of(samples.BY_STORE)["results"][0]["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": "%28store%29"}}
    location = run_of(samples.PROBLEMS[0])["results"][0]["locations"][0]["physicalLocation"]
    assert location["region"] == {"startLine": 9, "startColumn": 3}


def test_a_fingerprint_survives_lines_inserted_above() -> None:
    first = samples.PROBLEMS[0]
    lower = replace(first, source=replace(first.source, line=99, column=7))
    assert fingerprints(first) == fingerprints(lower)
    assert fingerprints(first) != fingerprints(replace(first, field="data[other]"))


def test_equal_results_have_fingerprints_of_their_own() -> None:
    assert len(set(fingerprints(samples.PROBLEMS[0], samples.PROBLEMS[0]))) == 2


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("see [here](http://evil.example)", r"see \[here\](http://evil.example)"),
        ("see [a[0]\\](1)", r"see \[a\[0\]\\\](1)"),
        ("metadata.labels[app]: is {x} (or not)", "metadata.labels[app]: is {x} (or not)"),
        ("set {0} to {x}", "set {{0}} to {{x}}"),
    ],
)
def test_a_message_has_neither_links_nor_placeholders(message: str, written: str) -> None:
    item = replace(samples.PROBLEMS[0], object="", field="", message=message, hint="")
    (run,) = json.loads(sarif.diagnostics((item,), tool_version="1"))["runs"]
    assert run["results"][0]["message"]["text"] == written
