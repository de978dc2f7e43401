"""What is wanted: the organisation, its sites and their people, read from YAML and CSV."""

from plans.language import language_of
from plans.loading import load
from plans.model import Master, Organisation, Person, Site, System
from plans.problems import PlanError, Problem
from plans.secrets import SecretError, SecretRef

__all__ = [
    "DISTRIBUTION",
    "Master",
    "Organisation",
    "Person",
    "PlanError",
    "Problem",
    "SecretError",
    "SecretRef",
    "Site",
    "System",
    "language_of",
    "load",
]

#: Tells our package from others of the same name.
DISTRIBUTION = "bascule"
