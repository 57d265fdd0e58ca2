"""Logs go to what standard error is when they are written, so that nobody fails who logs (OPS-5)."""

import io
import sys

import pytest

from shared import telemetry


def test_whoever_logs_does_not_fail_where_standard_error_was_another_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Programs that run others swap it, and close theirs: a request that logged was then a 500."""
    log, closed, current = telemetry.logger("x"), io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    telemetry.configure()
    log.warning("first")
    assert "first" in closed.getvalue()
    closed.close()
    monkeypatch.setattr(sys, "stderr", current)
    log.warning("second")
    assert "second" in current.getvalue()
