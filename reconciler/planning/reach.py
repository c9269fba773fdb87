"""When the change of a Secret reaches what uses it.

Measured with kubelet 1.35 and containerd: ``tests/integration/node`` repeats it.
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.consumers import Consumer, Way
from reconciler.model.plans import Action, Change, Reason


class Reach(StrEnum):
    """When a change reaches a user."""

    RESTART = "restart"
    """When the user's Pods are made anew, and never before."""
    NAME = "name"
    """When no Pod of the node refers to the Secret's name any more.

    A kubelet keeps what an immutable Secret held, and gives it to new Pods too.
    """
    SYNC = "sync"
    """After the sync period of the kubelet at the latest."""
    PULL = "pull"
    """When an image is pulled the next time."""
    MOUNT = "mount"
    """When a volume is mounted the next time."""
    UNKNOWN = "unknown"


_OF_WAYS = {
    Way.VARIABLE: Reach.RESTART,
    Way.SUB_PATH: Reach.RESTART,
    Way.VOLUME: Reach.SYNC,
    Way.DRIVER: Reach.MOUNT,
    Way.PULL: Reach.PULL,
    Way.ACCOUNT: Reach.PULL,
    Way.OTHER: Reach.UNKNOWN,
}
_THROUGH_KUBELETS = {Way.VARIABLE, Way.SUB_PATH, Way.VOLUME, Way.PULL, Way.ACCOUNT}
_REPLACES_IMMUTABLE = {Reason.IMMUTABLE, Reason.UNSEAL}


def reach_of(change: Change, user: Consumer) -> Reach:
    """When `change`, of a Secret, reaches `user`.

    It is not known of a delete, nor of a create: what uses a Secret does not change then, but
    cannot be started, or has to name the new version.
    """
    if change.action is Action.UPDATE:
        return _OF_WAYS[user.way]
    if change.action is not Action.REPLACE:
        return Reach.UNKNOWN
    if user.way in _THROUGH_KUBELETS and not _REPLACES_IMMUTABLE.isdisjoint(change.reasons):
        return Reach.NAME
    return _OF_WAYS[user.way]
