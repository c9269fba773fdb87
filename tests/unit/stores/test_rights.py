"""Which rights an apply takes, and how few questions find those that are missing."""

from __future__ import annotations

from reconciler.model.objects import NAMESPACE, SECRET, SERVICE_ACCOUNT, ObjectKey
from reconciler.model.plans import Action
from reconciler.stores.kubernetes.rights import Right, missing, needed
from reconciler.stores.kubernetes.roles import Purpose, Rule, roles

DB = ObjectKey(SECRET, "shop", "db")
SHOP = ObjectKey(NAMESPACE, "", "shop")
OWN = {
    Right("create", "", "secrets", "home"),
    Right("patch", "", "secrets", "home", "reconciler-blue"),
    Right("create", "coordination.k8s.io", "leases", "home"),
    Right("get", "coordination.k8s.io", "leases", "home", "reconciler-blue"),
    Right("update", "coordination.k8s.io", "leases", "home", "reconciler-blue"),
    Right("delete", "coordination.k8s.io", "leases", "home", "reconciler-blue"),
}


def asked(*work: tuple[Action, ObjectKey]) -> set[Right]:
    found = needed("blue", "home", work)
    assert list(found) == sorted(set(found))
    assert set(found) >= OWN
    return set(found) - OWN


def test_each_action_takes_its_own_rights() -> None:
    assert asked() == set()
    assert asked((Action.NO_OP, DB)) == set()
    assert asked((Action.CREATE, DB)) == {Right("create", "", "secrets", "shop")}
    assert asked((Action.UPDATE, DB)) == {Right("patch", "", "secrets", "shop", "db")}
    assert asked((Action.DELETE, DB)) == {Right("delete", "", "secrets", "shop", "db")}
    robot = ObjectKey(SERVICE_ACCOUNT, "shop", "robot")
    assert asked((Action.CREATE, robot)) == {Right("create", "", "serviceaccounts", "shop")}


def test_a_release_changes_the_object_and_makes_none() -> None:
    found = {*needed("blue", "home", [(Action.RELEASE, DB)])}
    assert found == {
        Right("patch", "", "secrets", "shop", "db"),
        *(OWN - {Right("create", "", "secrets", "home")}),
    }


def test_a_restart_reads_and_patches_the_workload_and_makes_no_member() -> None:
    web = ObjectKey("Deployment", "shop", "web")
    agent = ObjectKey("DaemonSet", "shop", "agent")
    assert asked((Action.RESTART, web), (Action.RESTART, agent)) == {
        *(Right(verb, "apps", "deployments", "shop", "web") for verb in ("get", "patch")),
        *(Right(verb, "apps", "daemonsets", "shop", "agent") for verb in ("get", "patch")),
    }


def test_the_roles_for_restarts_have_their_rights_and_those_of_the_search() -> None:
    restarting = Rule("apps", ("daemonsets", "deployments", "statefulsets"), ("get", "patch"))
    for namespaces in ((), ("shop",)):
        plain, searching, restarts = (
            roles(Purpose.APPLY, "blue", "shop", namespaces, **how)[0].rules
            for how in ({}, {"consumers": True}, {"restarts": True})
        )
        assert {*searching} - {*plain}
        assert {*restarts} == {*searching, restarting}
        (first, *_) = roles(Purpose.PLAN, "blue", "shop", namespaces, restarts=True)
        assert first == roles(Purpose.PLAN, "blue", "shop", namespaces, consumers=True)[0]


def test_a_replace_keeps_a_copy_beside_the_object() -> None:
    assert asked((Action.REPLACE, DB)) == {
        Right("create", "", "secrets", "shop"),
        Right("delete", "", "secrets", "shop", "db"),
        Right("delete", "", "secrets", "shop"),
        Right("patch", "", "secrets", "shop"),
    }


def test_a_namespace_is_made_in_none_and_changed_within_itself() -> None:
    assert asked((Action.CREATE, SHOP)) == {Right("create", "", "namespaces")}
    assert asked((Action.DELETE, SHOP)) == {Right("delete", "", "namespaces", "shop", "shop")}


def test_an_administrator_is_asked_little() -> None:
    work = [(Action.UPDATE, ObjectKey(SECRET, f"ns{n % 20}", f"s{n}")) for n in range(1000)]
    questions: list[Right] = []

    def anything(right: Right) -> bool:
        questions.append(right)
        return True

    assert missing(needed("blue", "home", work), anything) == ()
    assert len(questions) == 6
    assert not any(right.namespace or right.name for right in questions)


def test_rights_in_one_namespace_or_on_one_name_are_found() -> None:
    rights = [
        Right("patch", "", "secrets", "shop", "db"),
        Right("patch", "", "secrets", "bank", "db"),
        Right("patch", "", "secrets", "bank", "other"),
    ]
    granted = {Right("patch", "", "secrets", "shop"), Right("patch", "", "secrets", "bank", "db")}
    questions: list[Right] = []

    def is_allowed(right: Right) -> bool:
        questions.append(right)
        return right in granted

    assert missing(rights, is_allowed) == (rights[2],)
    assert len(questions) == len(set(questions)) == 5


def test_a_right_says_what_it_is() -> None:
    assert str(Right("patch", "", "secrets", "shop", "db")) == (
        'patch secrets "db" in the namespace "shop"'
    )
    assert str(Right("create", "coordination.k8s.io", "leases")) == (
        "create leases.coordination.k8s.io"
    )


def test_who_may_only_plan_may_write_nothing() -> None:
    for purpose in (Purpose.PLAN, Purpose.DRIFT):
        for namespaces in ((), ("shop", "home")):
            found = roles(purpose, "blue", "home", namespaces, consumers=True)
            verbs = {verb for role in found for rule in role.rules for verb in rule.verbs}
            assert verbs == {"get", "list"}
