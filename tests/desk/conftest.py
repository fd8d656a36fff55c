"""A room with Slack in it."""

from tests.harness.slack import slack as slack
