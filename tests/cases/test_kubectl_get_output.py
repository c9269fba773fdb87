"""See ``kubectl-get-output/README.md``."""

from __future__ import annotations

from tests.cli.conftest import Workplace


def test_there_is_one_error_for_the_file(case: Workplace) -> None:
    result = case.run("validate", "get.yaml")
    assert result.code == 1
    assert result.out.count("error[") == 1
    assert (
        "get.yaml:12:24: error[field-read-only]: 3 objects here come from a server, which alone "
        "sets creationTimestamp, resourceVersion, uid\n"
    ) in result.out
    assert "reconciler import KIND/NAMESPACE/NAME --out FILE" in result.out
    assert "hunter2" not in result.out


def test_each_file_has_its_own(case: Workplace) -> None:
    case.write("m/a.yaml", (case.path / "get.yaml").read_text())
    case.write("m/b.yaml", (case.path / "get.yaml").read_text().replace("name: db", "name: other"))
    assert case.run("validate", "m").out.count("field-read-only") == 2


def test_other_errors_of_the_file_stay(case: Workplace) -> None:
    text = (case.path / "get.yaml").read_text().replace("YWRtaW4=", "'*'")
    case.write("get.yaml", text)
    result = case.run("validate", "get.yaml")
    assert result.out.count("error[") == 2
    assert "base64-invalid" in result.out


def test_without_these_fields_the_output_is_a_manifest(case: Workplace) -> None:
    assert "3 objects" in case.ok("validate", "stripped.yaml").out


def test_what_kubectl_create_writes_is_accepted_in_silence(case: Workplace) -> None:
    case.write(
        "dry-run.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  creationTimestamp: null\n  name: shop\n"
        "spec: {}\nstatus: {}\n---\napiVersion: v1\ndata:\n  token: bm90LWEtcmVhbC10b2tlbg==\n"
        "kind: Secret\nmetadata:\n  creationTimestamp: null\n  name: a\n  namespace: shop\n",
    )
    assert case.ok("validate", "dry-run.yaml").out == "No problems in 2 objects of 1 file.\n"
