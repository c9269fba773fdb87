"""What SOPS encrypted is read as the program itself reads it, and as safely."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from reconciler.cli import main
from reconciler.inputs import Reading, read
from reconciler.inputs.sops import SopsProgram
from reconciler.manifests import Loaded, objects_of, plain_document
from reconciler.model.values import SealedValue
from reconciler.workflow import load
from tests.integration.sops.conftest import Vault

Encrypt = Callable[..., str]
REGEX = ("--encrypted-regex", "^(data|stringData)$")
CANARY = "canary-not-a-real-password"
PLAIN = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: shop
stringData:
  password: {CANARY}
  number: "5432"
"""


def loaded(text: str, tmp_path: Path, name: str = "f.yaml") -> Loaded:
    file = tmp_path / name
    file.write_text(text)
    return load(file)


def values(loaded: Loaded) -> dict[str, dict[str, str]]:
    assert loaded.errors == ()
    return {
        str(item.key): {key: value.reveal().decode() for key, value in item.data.items()}
        for item in loaded.objects
    }


def sealed(loaded: Loaded) -> str:
    """What is said of a file whose values are sealed."""
    assert loaded.errors == ()
    assert [type(value) for item in loaded.objects for value in item.data.values()] == (
        [SealedValue] * 2
    )
    (notice,) = loaded.notices
    return notice.message


def codes(loaded: Loaded) -> list[str]:
    assert loaded.objects == ()
    return [item.code for item in loaded.errors]


WANTED = {"Secret/default/shop": {"password": CANARY, "number": "5432"}}


@pytest.mark.parametrize("options", [(), REGEX, (*REGEX, "--mac-only-encrypted")])
def test_an_encrypted_file_means_what_the_plain_one_does(
    age: Encrypt, tmp_path: Path, options: tuple[str, ...]
) -> None:
    text = age(PLAIN, *options)
    assert CANARY not in text
    assert values(loaded(text, tmp_path)) == WANTED


def test_json(age: Encrypt, tmp_path: Path) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop"}}
    plain = json.dumps({**manifest, "stringData": WANTED["Secret/default/shop"]})
    assert values(loaded(age(plain, *REGEX, kind="json"), tmp_path, "f.json")) == WANTED


def key_of_ssh(vault: Vault, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    file = vault.directory / "id"
    subprocess.run(
        [str(shutil.which("ssh-keygen")), *("-q", "-t", "ed25519", "-N", ""), *("-f", file)],
        check=True,
    )
    patch.setenv("SOPS_AGE_SSH_PRIVATE_KEY_FILE", str(vault.directory / "id"))
    return ("--age", (vault.directory / "id.pub").read_text().strip())


def key_of_quantum(vault: Vault, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    patch.setenv("SOPS_AGE_KEY_FILE", str(vault.directory / "pq.txt"))
    return ("--age", vault.age_key("pq.txt", "-pq"))


def key_of_pgp(vault: Vault, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    home = vault.directory / "gnupg"
    home.mkdir(mode=0o700)
    patch.setenv("GNUPGHOME", str(home))
    batch = ("gpg", "--batch", "--quiet", "--passphrase", "")
    subprocess.run([*batch, "--quick-generate-key", "test@example.org"], check=True)
    listed = subprocess.run(
        [*batch, "--list-keys", "--with-colons"], capture_output=True, text=True, check=True
    )
    fingerprint = re.search(r"^fpr:+(\w+):", listed.stdout, re.MULTILINE)
    assert fingerprint
    return ("--pgp", fingerprint[1])


@pytest.mark.parametrize("key", [key_of_ssh, key_of_quantum, key_of_pgp])
def test_kinds_of_keys(
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: Callable[[Vault, pytest.MonkeyPatch], tuple[str, ...]],
) -> None:
    text = vault.encrypted(PLAIN, *key(vault, monkeypatch), *REGEX)
    assert values(loaded(text, tmp_path)) == WANTED


def test_groups_of_keys_of_which_two_suffice(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipients = [vault.age_key(name) for name in "abc"]
    rules = [{"age": [recipient]} for recipient in recipients]
    config = {"creation_rules": [{"key_groups": rules, "shamir_threshold": 2}]}
    (vault.directory / ".sops.yaml").write_text(json.dumps(config))
    text = vault.encrypted(PLAIN, "--filename-override", "f.yaml", *REGEX)
    keys = [(vault.directory / name).read_text() for name in "abc"]
    monkeypatch.setenv("SOPS_AGE_KEY", keys[0] + keys[2])
    assert values(loaded(text, tmp_path)) == WANTED
    monkeypatch.setenv("SOPS_AGE_KEY", keys[1])
    assert "no key that opens" in sealed(loaded(text, tmp_path))


def test_without_the_key_a_notice_names_what_would_open_it(
    age: Encrypt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = age(PLAIN, *REGEX)
    monkeypatch.delenv("SOPS_AGE_KEY_FILE")
    assert sealed(loaded(text, tmp_path)) == (
        "2 values in 1 file could not be seen, so they were not checked: no key that opens this "
        "document is at hand (age)"
    )


def test_of_a_file_that_is_encrypted_whole_nothing_can_be_checked(
    age: Encrypt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = age(PLAIN)
    monkeypatch.delenv("SOPS_AGE_KEY_FILE")
    (error,) = loaded(text, tmp_path).errors
    assert error.code == "sops-no-key"
    assert "not only its values are encrypted" in error.message
    assert "apiVersion, kind, metadata.name" in error.message
    assert "age.txt" not in repr(error)


def test_without_the_program(age: Encrypt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = age(PLAIN, *REGEX)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "the program sops is not on PATH" in sealed(loaded(text, tmp_path))


def test_a_program_without_a_key_service(
    age: Encrypt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = age(PLAIN, *REGEX)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sops").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert "has no key service" in sealed(loaded(text, tmp_path))


def altered(text: str) -> Iterator[str]:
    """The text with one thing changed, in every part of it."""
    for number, match in enumerate(re.finditer(r"[A-Za-z0-9+/]", text)):
        if number % 7 == 0:
            at = match.start()
            other = "A" if text[at] != "A" else "B"
            yield text[:at] + other + text[at + 1 :]


def test_no_altered_file_is_read_otherwise_than_by_the_program(
    age: Encrypt, vault: Vault, tmp_path: Path
) -> None:
    """Of all alterations, a sample; what the program takes, we take, and with the same values."""
    text = age(PLAIN, *REGEX)
    sample = random.Random("altered").sample([*altered(text)], 60)  # noqa: S311 - the same again
    verdicts = []
    for changed in sample:
        code, plain = vault.decrypted(changed)
        ours = loaded(changed, tmp_path)
        if code == 0:
            (tmp_path / "plain.yaml").write_text(plain)
            theirs = load(tmp_path / "plain.yaml")
            assert [item.data for item in ours.objects] == [item.data for item in theirs.objects]
            assert [item.code for item in ours.errors] == [item.code for item in theirs.errors]
        else:
            assert ours.errors or sealed(ours), changed  # no key opens an altered recipient
        assert CANARY not in repr(ours)
        verdicts.append(code)
    assert {0, 25, 51} <= {*verdicts}


def test_a_value_put_in_by_hand_is_not_shown(age: Encrypt, tmp_path: Path) -> None:
    text = age(PLAIN, *REGEX).replace("stringData:", f"stringData:\n    extra: {CANARY}", 1)
    (error,) = loaded(text, tmp_path).errors
    assert error.code == "sops-tampered"
    assert CANARY not in repr(error)


def test_the_key_service_ends_with_a_killed_run(
    age: Encrypt, tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_STORE_KEY", CANARY)
    (tmp_path / "f.yaml").write_text(age(PLAIN, *REGEX))
    code = (
        "import os, sys, time\n"
        "from datetime import UTC, datetime\n"
        "from reconciler import inputs\n"
        "from reconciler.inputs.sops import SopsProgram\n"
        "from reconciler.manifests import objects_of, plain_document\n"
        "with SopsProgram(os.environ) as sops:\n"
        "    reads = inputs.read(sys.argv[1:], inputs.Reading(parse=plain_document))\n"
        "    now = datetime.now(UTC)\n"
        "    assert objects_of(reads, namespace='default', moment=now, sops=sops).objects\n"
        "    print('loaded', flush=True)\n"
        "    time.sleep(600)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "f.yaml"], stdout=subprocess.PIPE
    )
    assert run.stdout
    assert run.stdout.readline() == b"loaded\n"
    children = services(vault)
    assert len(children) == 1
    for child in children:
        shown = b"".join(
            Path(f"/proc/{child}/{name}").read_bytes() for name in ("cmdline", "environ")
        )
        assert CANARY.encode() not in shown
        assert b"RECONCILER" not in shown
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    until = time.monotonic() + 10
    while services(vault) and time.monotonic() < until:
        time.sleep(0.02)
    assert services(vault) == []


def services(vault: Vault) -> list[str]:
    """The ids of the key services of this test."""
    program = str(shutil.which("sops")).encode()
    home = f"HOME={vault.directory}".encode()
    ids = []
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if arguments[0] == program and home in environment:
            ids.append(entry.name)
    return ids


def test_nothing_is_left_behind(
    age: Encrypt, tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert values(loaded(age(PLAIN, *REGEX), tmp_path)) == WANTED
    assert [*temporary.iterdir()] == []
    assert services(vault) == []


@pytest.fixture
def server() -> Iterator[tuple[str, list[int]]]:
    """The address of a server that ends every connection, and a list that gets an entry for each.

    It answers at once, so that a program which asks it fails rather than hangs.
    """
    asked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as beside:

        def end_all() -> None:
            while True:
                try:
                    connection, (_, port) = listening.accept()
                except OSError:
                    return
                asked.append(port)
                connection.close()

        beside.submit(end_all)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        listening.shutdown(socket.SHUT_RDWR)


def test_a_server_that_a_file_names_is_not_asked(
    age: Encrypt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: tuple[str, list[int]],
) -> None:
    """A stranger's file must not draw the token of whoever plans it."""
    address, asked = server
    key = (
        f"    hc_vault:\n        - vault_address: {address}\n          engine_path: transit\n"
        '          key_name: k\n          created_at: "2026-11-28T02:41:00Z"\n'
        "          enc: vault:v1:AAAA\n    age:\n"
    )
    text = age(PLAIN, *REGEX).replace("    age:\n", key, 1)
    assert address in text
    monkeypatch.setenv("VAULT_TOKEN", "canary-token")
    monkeypatch.delenv("SOPS_AGE_KEY_FILE")
    assert "which is not asked for keys" in sealed(loaded(text, tmp_path))
    # What only the program could judge is not given to it either.
    commented = text.replace("encrypted_regex", "encrypted_comment_regex")
    assert "which is not asked for keys" in sealed(loaded(commented, tmp_path))
    # Where the kind of an object is encrypted too, nothing is left to be planned.
    (error,) = loaded(age(PLAIN).replace("    age:\n", key, 1), tmp_path).errors
    assert error.code == "sops-address"
    assert asked == []
    monkeypatch.setenv("VAULT_ADDR", address)
    assert "no key that opens" in sealed(loaded(text, tmp_path))
    assert asked


def test_a_key_service_that_ends_is_no_missing_key(
    age: Encrypt, tmp_path: Path, vault: Vault
) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(age(PLAIN, *REGEX))
    second.write_text(age(PLAIN.replace("name: shop", "name: other"), *REGEX))

    def loaded(file: Path, sops: SopsProgram) -> Loaded:
        reads = read([file], Reading(parse=plain_document))
        return objects_of(reads, namespace="default", moment=datetime.now(UTC), sops=sops)

    with SopsProgram(os.environ) as sops:
        before = loaded(first, sops)
        (service,) = services(vault)
        os.kill(int(service), signal.SIGKILL)
        after = loaded(second, sops)
    assert [item.name for item in before.objects] == ["shop"]
    assert [item.code for item in after.errors] == ["sops-service-lost"]


def test_a_file_whose_mac_does_not_fit_is_used_on_demand(age: Encrypt, tmp_path: Path) -> None:
    """As kustomize leaves it: with sorted keys, and another name."""
    (document,) = yaml.safe_load_all(age(PLAIN, *REGEX))
    document["metadata"]["name"] = "prod-shop"
    file = tmp_path / "f.yaml"
    file.write_text(yaml.safe_dump(document, width=10_000))
    assert [item.code for item in load(file).errors] == ["sops-tampered"]
    loaded = load(file, sops_ignore_mac=True)
    assert values(loaded) == {"Secret/default/prod-shop": WANTED["Secret/default/shop"]}
    (notice,) = loaded.notices
    assert notice.code == "sops-mac-ignored"
    assert str(file) in notice.message
    renamed = {**document, "stringData": {"passwore": document["stringData"]["password"]}}
    file.write_text(yaml.safe_dump(renamed, width=10_000))
    assert [item.code for item in load(file, sops_ignore_mac=True).errors] == ["sops-tampered"]


def test_a_file_whose_mac_fits_needs_no_leave(age: Encrypt, tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(age(PLAIN, *REGEX))
    assert load(file, sops_ignore_mac=True).notices == ()


def test_a_plan_that_ignores_a_mac_says_so(
    age: Encrypt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(age(PLAIN, *REGEX).replace("name: shop", "name: other"))
    run = CliRunner().invoke
    assert run(main, ["plan", "f.yaml"]).exit_code == 1
    for output, option in (("text", "--sops-ignore-mac"), ("markdown", "`--sops-ignore-mac`")):
        plan = run(main, ["plan", "f.yaml", "-o", output, "--sops-ignore-mac", "--out", "p.plan"])
        assert plan.exit_code == 0
        assert f"with {option}" in plan.output
        assert "was changed after SOPS encrypted it" in plan.output
    machine = run(main, ["plan", "f.yaml", "-o", "json", "--sops-ignore-mac"])
    document = json.loads(machine.stdout)
    assert document["options"]["sopsIgnoreMac"] is True
    assert [note["code"] for note in document["notices"]] == ["sops-mac-ignored"]
    assert run(main, ["apply", "p.plan"]).exit_code == 0
    assert CANARY not in plan.output
