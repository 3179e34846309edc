"""Proofs over stores that break."""

import pytest

pytest.register_assert_rewrite("tests.faults.scenarios")
