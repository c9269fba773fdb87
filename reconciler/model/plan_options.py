"""What the user asks of a plan: one table of options for the command line, settings and JSON."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.objects import ObjectKey
from reconciler.model.options import Effect, OptionKind, option_field, options_of


@dataclass(frozen=True, slots=True)
class DeleteLimit:
    """How many deletes a plan may hold: a number, or a percentage of the set's live objects."""

    amount: int
    percent: bool

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else str(self.amount)


@dataclass(frozen=True, slots=True)
class KeyTarget:
    """A key of an object's ``data``; all of its keys where ``key`` is empty."""

    object: ObjectKey
    key: str = ""

    def __str__(self) -> str:
        """``KIND/NAMESPACE/NAME:KEY``, as ``--rotate`` takes it."""
        return f"{self.object}:{self.key}" if self.key else str(self.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the user asked of a plan; saved with it, so that apply can form it again.

    ``destroy`` asks for the delete of all that the set owns, but for namespaces that no server
    deletes. ``release`` asks to let go of all that the set owns, or of the targets. There are no
    manifests then, and no option sets them.
    """

    set_name: str = option_field(
        "set",
        OptionKind.SET_NAME,
        "default",
        help="Name of the set that owns the objects.",
        effect=Effect.IDENTITY,
    )
    namespace: str = option_field(
        "namespace",
        OptionKind.NAMESPACE,
        "default",
        short="-n",
        metavar="NAME",
        help="Namespace of objects whose manifests name none.",
        effect=Effect.IDENTITY,
    )
    targets: tuple[ObjectKey, ...] = option_field(
        "target",
        OptionKind.OBJECT,
        (),
        repeatable=True,
        help="Plan only this object and its dependencies. Repeatable.",
        effect=Effect.SCOPE,
    )
    prune: bool = option_field(
        "prune",
        OptionKind.FLAG,
        default=False,
        help="Delete objects of the set that are no longer in the manifests.",
        effect=Effect.SCOPE,
    )
    destroy: bool = False
    release: bool = False
    adopt: bool = option_field(
        "adopt",
        OptionKind.FLAG,
        default=False,
        help="Take over existing objects that no set owns.",
        effect=Effect.LOOSENS,
    )
    adopt_from: str | None = option_field(
        "adopt-from",
        OptionKind.SET_NAME,
        None,
        metavar="SET",
        default_text="from no set",
        has_setting=False,
        help="Take over objects of this other set.",
        effect=Effect.LOOSENS,
    )
    allow_replace: bool = option_field(
        "allow-replace",
        OptionKind.FLAG,
        default=False,
        help="Allow changes that delete and create an object, as for immutable Secrets.",
        effect=Effect.LOOSENS,
    )
    allow_empty: bool = option_field(
        "allow-empty",
        OptionKind.FLAG,
        default=False,
        help="Allow a prune when an input is empty, or no Secret or object remains.",
        effect=Effect.LOOSENS,
    )
    create_namespaces: bool = option_field(
        "create-namespaces",
        OptionKind.FLAG,
        default=False,
        help="Create namespaces that objects need and that do not exist yet.",
        effect=Effect.SCOPE,
    )
    scrub: bool = option_field(
        "scrub",
        OptionKind.FLAG,
        default=False,
        help="Remove annotations in which kubectl and kapp keep Secret values.",
        effect=Effect.SCOPE,
    )
    consumers: bool = option_field(
        "consumers",
        OptionKind.FLAG,
        default=False,
        help="Also search the store, not only the manifests, for users of Secrets.",
        effect=Effect.SCOPE,
    )
    force_consumers: bool = option_field(
        "force-consumers",
        OptionKind.FLAG,
        default=False,
        has_setting=False,
        help="Delete Secrets and keys even if something uses or may use them.",
        effect=Effect.LOOSENS,
    )
    force_foreign: bool = option_field(
        "force-foreign",
        OptionKind.FLAG,
        default=False,
        has_setting=False,
        help="Delete Secrets along with keys that somebody else has added to them.",
        effect=Effect.LOOSENS,
    )
    strict_changed: bool = option_field(
        "strict-changed",
        OptionKind.FLAG,
        default=False,
        help="Refuse to change objects whose manifests have warnings.",
        effect=Effect.TIGHTENS,
    )
    rotate: tuple[KeyTarget, ...] = option_field(
        "rotate",
        OptionKind.OBJECT_KEY,
        (),
        repeatable=True,
        help="Generate new values of this Secret, or of one of its keys. Repeatable.",
        effect=Effect.SCOPE,
    )
    rotate_services: bool = option_field(
        "rotate-services",
        OptionKind.FLAG,
        default=False,
        help="docker: update services to the new version of a Secret.",
        effect=Effect.SCOPE,
    )
    restart_workloads: bool = option_field(
        "restart-workloads",
        OptionKind.FLAG,
        default=False,
        help="kubernetes: restart workloads whose Pods would keep old values.",
        effect=Effect.SCOPE,
    )
    sops_ignore_mac: bool = option_field(
        "sops-ignore-mac",
        OptionKind.FLAG,
        default=False,
        has_setting=False,
        help="Use SOPS files that were changed after they were encrypted, despite their MAC.",
        effect=Effect.LOOSENS,
    )
    max_deletes: DeleteLimit = option_field(
        "max-deletes",
        OptionKind.DELETE_LIMIT,
        DeleteLimit(30, percent=True),
        help="Refuse to delete more than N objects, or P percent of the set.",
        effect=Effect.LOOSENS,
    )


PLAN_OPTIONS = options_of(PlanOptions)
"""The options that decide how a plan comes out, by the fields that they set."""
