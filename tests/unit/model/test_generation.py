"""The syntax of the annotations that ask for generated values."""

from __future__ import annotations

import pytest

from reconciler.model.generation import Recipe, RecipeKind, recipe_faults, recipes

SSH = "ssh-ed25519; public=id.pub"
TLS = "tls; certificate=tls.crt; cn=db"


def parsed(text: str, key: str = "k") -> Recipe:
    (recipe,) = recipes({f"reconciler/generate.{key}": text, "note": "alnum"})
    return recipe


@pytest.mark.parametrize(
    ("text", "kind", "length"),
    [
        ("alnum", RecipeKind.ALNUM, 32),
        (" alnum ;  length = 16 ", RecipeKind.ALNUM, 16),
        ("alnum; length=1024", RecipeKind.ALNUM, 1024),
        ("hex", RecipeKind.HEX, 32),
        ("hex; bytes=64", RecipeKind.HEX, 64),
        ("base64; bytes=16", RecipeKind.BASE64, 16),
        ("bytes; bytes=24", RecipeKind.BYTES, 24),
        ("uuid", RecipeKind.UUID, 0),
    ],
)
def test_simple_kinds(text: str, kind: RecipeKind, length: int) -> None:
    assert parsed(text) == Recipe(key="k", kind=kind, length=length)


def test_pairs_name_both_keys() -> None:
    recipe = parsed(f"{SSH}; comment=deploy @ shop", "id")
    assert recipe.keys == ("id", "id.pub")
    assert recipe.comment == "deploy @ shop"
    recipe = parsed(f"{TLS}; sans=db, *.db.svc, 10.0.0.1, ::1; days=7", "tls.key")
    assert recipe.keys == ("tls.key", "tls.crt")
    assert (recipe.name, recipe.days) == ("db", 7)
    assert recipe.alternatives == ("db", "*.db.svc", "10.0.0.1", "::1")


def test_the_common_name_is_the_alternative_where_there_is_none() -> None:
    recipe = parsed(TLS)
    assert (recipe.alternatives, recipe.days) == (("db",), 365)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["there is no such kind of value"]),
        ("alnum:32", ["there is no such kind of value"]),
        ("ALNUM", ["there is no such kind of value"]),
        ("alnum; length=15", ["it has an invalid length"]),
        ("alnum; length=1025", ["it has an invalid length"]),
        ("alnum; length=-1", ["it has an invalid length"]),
        ("alnum; length=٣٢", ["it has an invalid length"]),
        ("alnum; length=", ["it has an invalid length"]),
        ("alnum; length=20; length=20", ["it has the option length twice"]),
        ("alnum; bytes=20", ["it has an option that alnum does not take: number 1"]),
        ("alnum; 20", ["it has an option that alnum does not take: number 1"]),
        ("alnum;", ["it has an option that alnum does not take: number 1"]),
        ("hex; bytes=15", ["it has an invalid bytes"]),
        ("uuid; length=36", ["it has an option that uuid does not take: number 1"]),
        ("ssh-ed25519", ["the option public is missing"]),
        ("ssh-ed25519; public=a b", ["it has an invalid public"]),
        ("ssh-ed25519; public=..", ["it has an invalid public"]),
        ("ssh-ed25519; public=k", ["it names its own key for the public half"]),
        (f"{SSH}; comment=a\nb", ["it has an invalid comment"]),
        ("tls", ["the option certificate is missing", "the option cn is missing"]),
        (f"{TLS}; days=0", ["it has an invalid days"]),
        (f"{TLS}; days=3651", ["it has an invalid days"]),
        (f"{TLS}; sans=a_b", ["it has an invalid sans"]),
        (f"{TLS}; sans=fe80::1%eth0", ["it has an invalid sans"]),
        (f"{TLS}; sans=db,,x", ["it has an invalid sans"]),
        (f"{TLS}{'x' * 64}", ["it has an invalid cn"]),
        (
            "tls; certificate=tls.crt; cn=The Shop",
            ["it has a common name that is no DNS name or address, and no sans"],
        ),
    ],
)
def test_faults_are_named_all_at_once(text: str, messages: list[str]) -> None:
    faults = [*recipe_faults("k", text)]
    assert [message for message, _ in faults] == messages
    assert all(hint for _, hint in faults)
    assert recipes({"reconciler/generate.k": text}) == ()


def test_no_fault_repeats_what_was_written() -> None:
    canary = "canary-5d9e1f"
    texts = [canary, f"alnum; {canary}", f"alnum; length={canary}", f"alnum; {canary}={canary}"]
    faults = [fault for text in texts for fault in recipe_faults("k", text)]
    assert len(faults) == len(texts)
    assert canary not in repr(faults)


def test_a_valid_annotation_has_no_fault() -> None:
    assert [*recipe_faults("k", TLS)] == []
