"""What tests share. Where one of these fails for the test that uses it, it says as much as a test would."""

import pytest

pytest.register_assert_rewrite(*(f"tests.harness.{name}" for name in ("crm", "crm_checks", "crm_trial")))
