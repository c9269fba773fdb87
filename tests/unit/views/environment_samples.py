"""Several environments, of which something is the same."""

from __future__ import annotations

from reconciler.model.plan_options import PlanOptions
from reconciler.model.plans import Action, Change, Plan, Reason, StoreIdentity
from reconciler.views.overview import Merging, compact_of
from reconciler.views.overview.json import groups
from tests.unit.views.samples import changed, data, secret, value

_UPDATE = Change(
    key=secret("db"),
    action=Action.UPDATE,
    reasons=(Reason.DATA,),
    fields=(changed(data("password"), value(2), value(1)),),
)
_PLAN = Plan(
    store=StoreIdentity("sqlite", "1f", "state.db"),
    options=PlanOptions(set_name="shop"),
    changes=(_UPDATE,),
)
_MERGING = Merging()
for _name in ("staging", "eu-1", "eu-2", "eu-3"):
    _MERGING.add(compact_of(_name, _PLAN, digests=dict.fromkeys((1, 2), 8 + (_name == "eu-2"))))
(GROUP,) = groups(_MERGING.overview())
