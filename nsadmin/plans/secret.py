"""The secret that a kept plan brings, sealed for that plan alone."""

from pydantic import SecretStr

from nsadmin.errors import Unavailable
from nsadmin.namespaces.schema.document import Raw
from nsadmin.namespaces.schema.infrastructure import KEY_FIELD
from nsadmin.plans.models import SavedPlan
from nsadmin.stores import seal
from nsadmin.stores.seal import Binding, Secret


def sealed_for(saved: SavedPlan, secret: SecretStr | None) -> Raw | None:
    """Return the secret sealed for the plan; None without one."""
    if secret is None:
        return None
    return dict(seal.seal(Secret(secret.get_secret_value()), _binding(saved)))


def secret_of(saved: SavedPlan) -> SecretStr | None:
    """Return the secret of an open plan; None if it has none, or no longer."""
    if saved.sealed is None or not saved.is_open:
        return None
    try:
        return SecretStr(seal.unseal(saved.sealed, _binding(saved)).reveal())
    except Unavailable:
        return None


def _binding(saved: SavedPlan) -> Binding:
    return Binding(
        saved.internal_id, saved.namespace_id, KEY_FIELD, f"plan {saved.plan_id}"
    )
