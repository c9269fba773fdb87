"""How loudly warnings are told: the setting `lints`, and --strict."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

CANARY = "canary-of-lints"


@pytest.fixture
def suspicious(workplace: Any) -> Any:
    workplace.secret("a", any="changeme", token=f"{CANARY}\n")
    return workplace


def told(workplace: Any, *args: str, **options: Any) -> tuple[int, list[tuple[str, str]]]:
    result = workplace.run("validate", "-o", "json", *args, **options)
    found = json.loads(result.out)["diagnostics"]
    return result.code, [(item["code"], item["severity"]) for item in found]


WARNINGS = [("value-placeholder", "warning"), ("value-whitespace", "warning")]
ERRORS = [(code, "error") for code, _ in WARNINGS]


def test_warnings_keep_nothing_from_going_on(suspicious: Any) -> None:
    assert told(suspicious) == (0, WARNINGS)
    result = suspicious.ok("plan")
    assert "1 to create" in result.out
    assert "warning[value-placeholder]" in result.out
    suspicious.ok("apply", "--auto-approve")


@pytest.mark.parametrize(
    ("args", "env", "file"),
    [
        (["--strict"], {}, ""),
        ([], {"RECONCILER_STRICT": "1"}, ""),
        ([], {}, "strict: true\n"),
        (["--strict"], {"RECONCILER_STRICT": "0"}, "strict: false\n"),
        ([], {"RECONCILER_STRICT": "yes"}, "strict: false\n"),
    ],
)
def test_strict(suspicious: Any, args: list[str], env: dict[str, str], file: str) -> None:
    suspicious.write("reconciler.yaml", file)
    assert told(suspicious, *args, env=env) == (1, ERRORS)
    for command in (["plan"], ["apply", "--auto-approve"]):
        result = suspicious.run(*command, *args, env=env)
        assert result.code == 1
        assert "error[value-placeholder]" in result.err
        assert CANARY not in result.out + result.err
    assert not (suspicious.path / ".reconciler").exists()


def test_no_strict_wins_over_the_file(suspicious: Any) -> None:
    suspicious.write("reconciler.yaml", "strict: true\n")
    assert told(suspicious, "--no-strict") == (0, WARNINGS)


def test_strict_counts_for_a_saved_plan_too(suspicious: Any) -> None:
    suspicious.ok("plan", "--out", "release.plan")
    assert suspicious.run("apply", "release.plan", "--strict").code == 1
    suspicious.ok("apply", "release.plan")


def test_strict_has_nothing_to_say_of_good_manifests(shop: Any) -> None:
    shop.ok("validate", "--strict")
    shop.ok("apply", "--strict", "--auto-approve")


@pytest.mark.parametrize("off", ["off", "'off'", "false"])
def test_levels(suspicious: Any, off: str) -> None:
    text = f"lints:\n  value-placeholder: {off}\n  value-whitespace: error\n"
    suspicious.write("reconciler.yaml", text)
    assert told(suspicious) == (1, [("value-whitespace", "error")])
    assert suspicious.run("plan").code == 1


def test_what_is_off_is_off_with_strict_too(suspicious: Any) -> None:
    text = "lints: {value-placeholder: off, value-whitespace: warning}\n"
    suspicious.write("reconciler.yaml", text)
    assert told(suspicious) == (0, WARNINGS[1:])
    assert told(suspicious, "--strict") == (1, ERRORS[1:])


def test_warnings_of_rules_and_of_loading_have_levels_too(workplace: Any) -> None:
    head = "metadata: {name: a}\ntype: kubernetes.io/tls\n"
    data = "stringData:\n  tls.crt: a\n  <<: {tls.crt: b, tls.key: c}\n"
    workplace.write("manifests/a.yaml", f"apiVersion: v1\nkind: Secret\n{head}{data}")
    codes = ["merge-override", "tls-pair-unusable"]
    assert told(workplace) == (0, [(code, "warning") for code in codes])
    workplace.write("reconciler.yaml", f"lints: {{{codes[0]}: off, {codes[1]}: error}}\n")
    assert told(workplace) == (1, [(codes[1], "error")])


def test_a_level_does_not_make_less_of_an_error(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "lints: {name-invalid: off}\n")
    result = workplace.run("validate")
    assert result.code == 1
    assert "there is no warning 'name-invalid'" in result.err


@pytest.mark.parametrize(
    ("lints", "place", "says"),
    [
        ("{value-placeholders: off}", "1:9", "did you mean value-placeholder?"),
        ("{nothing-known: off}", "1:9", "known are annotation-deprecated, "),
        ("{value-placeholder: loud}", "1:28", "off, warning or error"),
        ("{value-placeholder: on}", "1:28", "off, warning or error"),
        ("{value-placeholder: {days: 1}}", "1:28", "off, warning or error"),
        ("{expiry-days: soon}", "1:22", "a whole number from 0 to 36500"),
        ("{expiry-days: -1}", "1:22", "a whole number"),
        ("{expiry-days: true}", "1:22", "a whole number"),
        ("{expiry-days: 1.5}", "1:22", "a whole number"),
        ("off", "1:8", "must be a map"),
        ("{paths: off}", "1:16", "paths must be a map of patterns"),
        ("{paths: {a: off}}", "1:20", "the lints of 'a' must be a map"),
        ("{paths: {a: {nonsense: off}}}", "1:21", "there is no warning 'nonsense'"),
        ("{paths: {a: {value-empty: loud}}}", "1:34", "must be off, warning or error"),
    ],
)
def test_bad_settings(suspicious: Any, lints: str, place: str, says: str) -> None:
    suspicious.write("reconciler.yaml", f"lints: {lints}\n")
    for command in ("validate", "plan", "apply"):
        result = suspicious.run(command)
        assert result.code == 1
        assert f"reconciler.yaml:{place}: " in result.err
        assert says in result.err


def test_all_known_codes_are_named(workplace: Any) -> None:
    workplace.write("reconciler.yaml", "lints: {nothing-known: off}\n")
    error = workplace.run("validate").err
    for code in ("certificate-expired", "expiry-days", "tls-pair-unusable", "value-whitespace"):
        assert code in error


def test_days_before_the_end_of_a_certificate(workplace: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=20))
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(Encoding.PEM).decode()
    workplace.secret("a", ca=text)
    assert told(workplace) == (0, [("certificate-expiring", "warning")])
    workplace.write("reconciler.yaml", "lints: {expiry-days: 19}\n")
    assert told(workplace) == (0, [])
    workplace.write("reconciler.yaml", "lints: {expiry-days: 21, certificate-expiring: error}\n")
    assert told(workplace) == (1, [("certificate-expiring", "error")])


def test_levels_for_paths(suspicious: Any) -> None:
    suspicious.secret("b", file="manifests/fixtures/b.yaml", any="changeme")
    text = "lints:\n  paths:\n    fixtures/: {value-placeholder: off}\n"
    suspicious.write("reconciler.yaml", text)
    assert told(suspicious) == (0, WARNINGS)
    suspicious.write("reconciler.yaml", text.replace("fixtures/", "manifests/a.yaml"))
    assert told(suspicious) == (0, [WARNINGS[1], WARNINGS[0]])
    suspicious.write("reconciler.yaml", text.replace("off", "error"))
    assert told(suspicious) == (1, [*WARNINGS, ERRORS[0]])


def test_an_object_that_ignores_a_lint(suspicious: Any) -> None:
    head = "  annotations: {reconciler/lint-ignore: 'value-placeholder,value-whitespace'}\n"
    suspicious.secret("a", head=head, any="changeme", token=f"{CANARY}\n")
    assert told(suspicious, "--strict") == (0, [])
    suspicious.ok("apply", "--strict", "--auto-approve")
    assert "No changes" in suspicious.ok("plan").out
    suspicious.secret("a", head="  annotations: {reconciler/lint-ignore: ' , '}\n", any="x")
    assert told(suspicious) == (1, [("lifecycle-invalid", "error")])


def test_warnings_stand_in_the_plan_in_every_format(suspicious: Any) -> None:
    for command in (["plan", "--out", "saved.plan"], ["show", "saved.plan"]):
        for style in ("text", "markdown"):
            shown = suspicious.ok(*command, "-o", style).out
            assert "value-placeholder" in shown
            assert "value-whitespace" in shown
        (change,) = json.loads(suspicious.ok(*command, "-o", "json").out)["changes"]
        assert [item["code"] for item in change["warnings"]] == [code for code, _ in WARNINGS]


WHERE_NOT_READ = [("-q",), ("-o", "json"), ("-o", "markdown"), ("-o", "github")]


@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_a_warning_is_told_once_where_a_plan_is_read(suspicious: Any, command: list[str]) -> None:
    shown = suspicious.ok(*command)
    assert shown.out.count("warning[value-placeholder]") == 1
    assert "warning[" not in shown.err


@pytest.mark.parametrize("options", WHERE_NOT_READ)
def test_a_log_has_the_warnings_where_a_program_reads_the_plan(
    suspicious: Any, options: list[str]
) -> None:
    told_of = suspicious.ok("plan", *options).err
    assert "a.yaml:6:8: warning[value-placeholder] Secret/default/a" in told_of
    assert "2 warnings in 1 object of 1 file." in told_of


def test_warnings_that_a_plan_does_not_show_are_told_beside_it(suspicious: Any) -> None:
    suspicious.ok("apply", "--auto-approve")
    suspicious.secret("b", any="changeme")
    shown = suspicious.ok("plan")
    assert shown.out.count("warning[") == 1
    assert "warning[value-placeholder] Secret/default/a " in shown.err
    assert "Secret/default/b" not in shown.err
    aimed = suspicious.ok("plan", "--target", "Secret/default/b")
    assert aimed.out.count("warning[") == 1
    assert aimed.err.count("warning[") == len(WARNINGS)
    whole = suspicious.ok("plan", "--verbose")
    assert whole.out.count("warning[") == 1 + len(WARNINGS)
    assert "warning[" not in whole.err


def test_without_a_plan_all_warnings_are_told(suspicious: Any) -> None:
    failed = suspicious.run("plan", "--target", "Secret/default/other")
    assert failed.code == 1
    assert failed.err.count("warning[") == len(WARNINGS)


def test_an_apply_of_a_saved_plan_tells_warnings_once(suspicious: Any) -> None:
    suspicious.ok("plan", "--out", "saved.plan")
    applied = suspicious.ok("apply", "saved.plan")
    assert applied.out.count("warning[value-placeholder]") == 1
    assert "warning[" not in applied.err


def test_several_environments_tell_warnings_once(suspicious: Any) -> None:
    stores = "".join(f"  {name}: {{store: 'sqlite:{name}.db'}}\n" for name in ("blue", "green"))
    suspicious.write("reconciler.yaml", f"environments:\n{stores}")
    for command in (["plan", "--all"], ["plan", "--all", "--out", "plans"], ["apply", "plans"]):
        shown = suspicious.ok(*command)
        assert shown.out.count("warning[value-placeholder]") == 2
        assert "warning[" not in shown.err
    suspicious.secret("a", any="changeme", other="x", token=f"{CANARY}\n")
    shown = suspicious.ok("apply", "--all", "--auto-approve")
    assert shown.out.count("warning[value-placeholder]") == 2
    assert "warning[" not in shown.err
    suspicious.secret("b", any="y")
    shown = suspicious.ok("plan", "--all")
    assert "warning[" not in shown.out
    assert shown.err.count("warning[value-placeholder]") == 2


def test_warnings_of_changed_objects_can_be_refused(suspicious: Any) -> None:
    suspicious.ok("plan", "--no-strict-changed")
    refused = suspicious.run("apply", "--auto-approve", "--strict-changed")
    assert refused.code == 3
    assert "Secret/default/a changes, and its manifest has warnings" in refused.out
    suspicious.ok("plan", "--out", "saved.plan")
    suspicious.ok("apply", "--auto-approve")
    suspicious.ok("apply", "--auto-approve", "--strict-changed")
