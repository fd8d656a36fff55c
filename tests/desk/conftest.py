"""A room with Slack in it."""

from tests.harness.slack import slack

__all__ = ["slack"]
