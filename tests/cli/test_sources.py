"""Commands of ``reconciler.yaml`` whose output is the manifests."""

from __future__ import annotations

import json

import pytest

from reconciler.inputs.programs import Job
from reconciler.inputs.rendering import Running
from tests.cli.conftest import Workplace

CANARY = "canary-4f1d20"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {password: %s}\n"


def defined(workplace: Workplace, *sources: object) -> None:
    workplace.write("reconciler.yaml", json.dumps({"manifests": list(sources)}))


def shell(script: str, name: str = "made") -> dict[str, object]:
    return {"run": ["sh", "-c", script], "name": name}


@pytest.fixture
def made(workplace: Workplace) -> Workplace:
    """A source `made` that prints the Secret `database`, and says so."""
    workplace.write("made.txt", SECRET % ("database", "not-a-real-password"))
    defined(workplace, shell("touch ran; cat made.txt"))
    return workplace


@pytest.mark.parametrize("command", ["plan", "validate", "drift", "apply", "graph"])
def test_a_command_runs_only_where_that_is_allowed(made: Workplace, command: str) -> None:
    result = made.run(command)
    assert result.code == 1
    said = result.out + result.err
    assert "reconciler.yaml:1:" in said
    assert "error[source-not-allowed]" in said
    assert "--allow-run" in said
    assert not (made.path / "ran").exists()


def test_the_flag_and_the_variable_allow_it_and_no_file_does(made: Workplace) -> None:
    assert "+ Secret/default/database" in made.ok("plan", "--allow-run").out
    assert made.run("plan", env={"RECONCILER_ALLOW_RUN": "1"}).code == 0
    (made.path / "ran").unlink()
    assert made.run("plan", "--no-allow-run", env={"RECONCILER_ALLOW_RUN": "1"}).code == 1
    named = made.run("plan", "--config", "reconciler.yaml", env={"RECONCILER_ALLOW_RUN": "0"})
    assert named.code == 1
    made.write("reconciler.yaml", '{"manifests": [{"run": ["true"]}], "allow-run": true}')
    refused = made.run("plan")
    assert "unknown setting 'allow-run'" in refused.err
    assert not (made.path / "ran").exists()


def test_a_saved_plan_is_applied_by_running_it_again(made: Workplace) -> None:
    planned = made.ok("plan", "--allow-run", "--out", "saved.plan")
    assert "reconciler apply saved.plan --allow-run\n" in planned.err
    assert "from made" in made.ok("show", "saved.plan").err
    saved = (made.path / "saved.plan").read_text()
    assert '"name": "made"' in saved
    assert "touch" not in saved
    assert made.run("apply", "saved.plan").code == 1
    made.ok("apply", "saved.plan", "--allow-run")
    assert "1 object in sync" in made.ok("plan", "--allow-run").out


def test_another_output_or_definition_makes_the_plan_stale(made: Workplace) -> None:
    made.ok("apply", "--allow-run", "--auto-approve")
    made.write("made.txt", SECRET % ("database", "not-a-real-other"))
    made.ok("plan", "--allow-run", "--out", "saved.plan")
    made.write("made.txt", SECRET % ("database", "not-a-real-third"))
    moved = made.run("apply", "saved.plan", "--allow-run")
    assert (moved.code, "its manifest changed" in moved.err) == (4, True)
    (made.path / "ran").unlink()
    for source, reason in [
        (shell("touch ran; cat  made.txt"), "the source made is defined differently now"),
        (shell("touch ran; cat made.txt", "other"), "the source made is not defined any more"),
    ]:
        defined(made, source)
        stale = made.run("apply", "saved.plan", "--allow-run")
        assert stale.code == 4
        assert reason in stale.err
    assert not (made.path / "ran").exists()


def test_named_paths_replace_sources_and_setting_joins_them(made: Workplace) -> None:
    made.secret("loose", file="loose.yaml", TOKEN="not-a-real-token")
    typed = made.ok("plan", "loose.yaml")
    assert "Plan: 1 to create" in typed.out
    defined(made, "loose.yaml", shell("cat made.txt"))
    both = made.ok("plan", "--allow-run")
    assert "Plan: 2 to create" in both.out
    assert "Plan: 1 to create" in made.ok("plan", "-f", "loose.yaml").out


FAILURES = {
    "echo out; exit 9": ("source-failed", "made: sh ended with exit code 9"),
    "true": ("source-failed", "made: it printed nothing"),
    "printf 'kind: Secret\\napiVers'": ("source-failed", "its output ends in the middle of a line"),
    "kill -s KILL $$": ("source-failed", "made: sh was ended by SIGKILL"),
    "printf 'a: [\\n'": ("yaml-invalid", "<made, document 1>:"),
}


@pytest.mark.parametrize("script", FAILURES)
def test_what_fails_is_an_error_with_the_name_of_the_source(
    workplace: Workplace, script: str
) -> None:
    defined(workplace, shell(f"echo {CANARY} >&2; {script}"))
    code, message = FAILURES[script]
    result = workplace.run("plan", "--allow-run", "--prune")
    assert result.code == 1
    assert f"error[{code}]" in result.err
    assert message in result.err
    assert CANARY not in result.out + result.err
    for output in ("json", "sarif"):
        shown = workplace.run("validate", "--allow-run", "-o", output)
        assert shown.code == 1
        assert CANARY not in shown.out + shown.err


def test_a_missing_program_is_told_from_a_failure(workplace: Workplace) -> None:
    defined(workplace, {"run": ["no-such-program-here"]}, {"run": ["./no-such-script"]})
    result = workplace.run("plan", "--allow-run")
    assert result.err.count("error[source-missing]") == 2
    assert "the program no-such-program-here is not on PATH" in result.err
    assert "there is no program ./no-such-script, or it cannot be executed" in result.err


@pytest.mark.parametrize("config", ["reconciler.yaml", "below/reconciler.yaml"])
def test_a_program_beside_the_file_is_named_with_a_dot(made: Workplace, config: str) -> None:
    directory = (made.path / config).parent
    directory.mkdir(exist_ok=True)
    script = directory / "print.sh"
    script.write_text("#!/bin/sh\ncat made.txt\n")
    (made.path / "made.txt").rename(directory / "made.txt")
    settings = {"manifests": [{"run": ["./print.sh"], "name": "made"}]}
    (directory / "reconciler.yaml").write_text(json.dumps(settings))
    arguments = ("plan", "--config", config, "--allow-run")
    refused = made.run(*arguments)
    assert "print.sh, or it cannot be executed" in refused.err
    assert "chmod +x" in refused.err
    script.chmod(0o755)
    assert "1 to create" in made.ok(*arguments).out


def test_standard_error_is_for_a_terminal_alone(workplace: Workplace) -> None:
    defined(workplace, shell("echo oops >&2; exit 1"))
    result = workplace.run("plan", "--allow-run", "--show-source-errors")
    assert result.code == 1
    assert "standard error is no terminal" in result.err
    assert "oops" not in result.err


def test_it_starts_where_the_file_is_and_without_our_variables(made: Workplace) -> None:
    made.write("bin/print.sh", "#!/bin/sh\nenv > env.txt\ncat made.txt\n").chmod(0o755)
    defined(made, {"run": ["bin/print.sh"]})
    made.write("below/x", "")
    variables = {
        "RECONCILER_FINGERPRINT_KEY": "A" * 43 + "=",
        "RECONCILER_ALLOW_RUN": "1",
        "OTHER": "kept",
    }
    result = made.run("-C", "below", "plan", env=variables)
    assert result.code == 0, result
    names = {line.partition("=")[0] for line in (made.path / "env.txt").read_text().splitlines()}
    assert "OTHER" in names
    assert not {name for name in names if name.startswith("RECONCILER")}


def test_two_runs_that_differ(workplace: Workplace) -> None:
    printing = SECRET % ("drawn", "not-a-real-$$")
    steady = SECRET % ("steady", "not-a-real-password")
    defined(workplace, shell(f'printf "%s---\\n%s" "{printing}" "{steady}"'))
    for command in ("plan --quiet", "validate"):
        result = workplace.ok(*command.split(), "--allow-run")
        said = result.out + result.err
        assert "warning[source-unstable] Secret/default/drawn" in said
        assert "print this differently: data.password" in said
        assert "Secret/default/steady: two" not in said
    refused = workplace.run("plan", "--allow-run", "--out", "saved.plan")
    assert refused.code == 1
    assert "cannot be saved of a program that prints something else each time" in refused.err
    assert "warning[source-unstable] Secret/default/drawn" in refused.err
    assert not (workplace.path / "saved.plan").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"run": "jsonnet -y a"}, "'run' must be a list of texts"),
        ({"run": []}, "'run' must be a list of texts"),
        ({"run": ["head", 3]}, "'run' must be a list of texts"),
        ({"runs": ["a"]}, "a source has no field 'runs'"),
        ({"name": "a"}, "a source has one of the fields"),
        ({"run": ["a"], "name": ""}, "the name of a source must be a short printable text"),
        ({"run": ["a"], "name": "a\nb"}, "the name of a source must be a short printable text"),
        (7, "'manifests' must be a path, a source, or a list of them"),
    ],
)
def test_what_is_no_source(workplace: Workplace, source: object, message: str) -> None:
    defined(workplace, source)
    result = workplace.run("plan", "--allow-run")
    assert result.code == 1
    assert message in result.err


def test_two_sources_have_two_names(workplace: Workplace) -> None:
    defined(workplace, {"run": ["cat", "a"]}, {"run": ["cat", "b"]})
    assert "there are two sources 'cat'" in workplace.run("plan").err


def test_the_environment_and_the_arguments_are_in_no_repr() -> None:
    job = Job(["cat", CANARY], {"TOKEN": CANARY}, ".")
    assert CANARY not in f"{job!r}{Running(environ={'TOKEN': CANARY})!r}"


@pytest.mark.parametrize("option", ["--kustomize", "-k"])
def test_kustomize_is_named_where_it_is_missing(workplace: Workplace, option: str) -> None:
    workplace.write("overlay/kustomization.yaml", "resources: []\n")
    result = workplace.run("plan", option, "overlay", env={"PATH": str(workplace.path)})
    assert result.code == 1
    assert "error[source-missing]" in result.err
    assert "kustomize" in result.err


def test_programs_of_several_environments_run_at_the_same_time(workplace: Workplace) -> None:
    for name in ("first", "second"):
        workplace.write(f"{name}.txt", SECRET % (name, "not-a-real-password"))
    meeting = "touch {0}; for _ in $(seq 200); do test -e {1} && exec cat {0}.txt; sleep 0.05; done"
    environments = {
        name: {
            "store": f"sqlite:{name}.db",
            "manifests": [shell(meeting.format(name, other))],
        }
        for name, other in (("first", "second"), ("second", "first"))
    }
    workplace.write("reconciler.yaml", json.dumps({"environments": environments}))
    result = workplace.ok("plan", "--all", "--allow-run", "--env-parallelism", "2")
    assert result.out.count("Plan: 1 to create") == 2
