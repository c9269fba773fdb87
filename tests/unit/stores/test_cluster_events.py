"""Which announcements of a drift check become Events of a cluster."""

from reconciler.model.announcements import Announcement
from reconciler.model.objects import ObjectKey
from reconciler.stores.kubernetes.events import MOST_OBJECTS, chosen

PARENT = ObjectKey("Secret", "ops", "reconciler-shop")


def secret(name: str, text: str = "") -> Announcement:
    return Announcement(ObjectKey("Secret", "shop", name), "uid", text, text)


def test_the_set_is_its_parent() -> None:
    (whole,) = chosen([Announcement(None, "uid", "Drift: 1 object", "digest")], PARENT)
    assert whole == Announcement(PARENT, "uid", "Drift: 1 object", "digest")


def test_only_so_many_objects_with_drift_and_all_without() -> None:
    crowd = [secret(f"s{number}", "drifted") for number in range(2 * MOST_OBJECTS)]
    calm = [secret(f"c{number}") for number in range(2 * MOST_OBJECTS)]
    whole = Announcement(None, "", "Drift: many objects", "digest")
    events = chosen([whole, *crowd, *calm], PARENT)
    assert events[0].key == PARENT
    assert events[1 : MOST_OBJECTS + 1] == crowd[:MOST_OBJECTS]
    assert events[MOST_OBJECTS + 1 :] == calm


def test_a_namespace_has_none() -> None:
    whole = Announcement(None)
    namespace = Announcement(ObjectKey("Namespace", "", "shop"), "uid", "drifted", "digest")
    assert chosen([whole, namespace], PARENT) == [Announcement(PARENT)]
