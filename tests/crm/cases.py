"""The writers that the common tests are run with: one line each."""

from collections.abc import Mapping

from tests.harness.crm_demo import demo_case
from tests.harness.crm_trial import Case

CASES: Mapping[str, Case] = {
    "demo": demo_case(),
}
