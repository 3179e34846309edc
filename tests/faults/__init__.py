"""Tests with stores that break, hang or lose answers, and workers that are killed."""

import pytest

pytest.register_assert_rewrite("tests.faults.clones", "tests.faults.scenarios")
