"""The app as Slack is told of it: its manifest, and what it may do and hears. Pure.

Source: https://docs.slack.dev/reference/app-manifest
"""

from collections.abc import Mapping

SURVEY_SCOPES = ("chat:write", "commands", "im:history", "im:write", "users:read", "users:read.email")
"""To ask people in direct messages."""
DESK_SCOPES = (
    *("channels:history", "channels:read", "chat:write.customize", "files:read"),
    *("groups:history", "groups:read", "reactions:write"),
)
"""To put up cards, and to carry their threads to customers and back."""
SCOPES = tuple(sorted((*SURVEY_SCOPES, *DESK_SCOPES)))
EVENTS = (
    *("app_home_opened", "app_uninstalled", "message.channels", "message.groups", "message.im", "tokens_revoked"),
)


def manifest(
    name: str, *, command: str, shortcut: str, public_url: str = "", socket: bool = True, install: bool = False
) -> Mapping[str, object]:
    """To be pasted at api.slack.com/apps. `socket`: events come through Socket Mode, else over HTTP at `public_url`;
    `install`: workspaces install the app by themselves."""
    at = {} if socket else {"url": f"{public_url}/slack/events"}
    request = {} if socket else {"request_url": f"{public_url}/slack/events"}
    scopes: dict[str, object] = {"scopes": {"bot": list(SCOPES)}}
    if install:
        scopes["redirect_urls"] = [f"{public_url}/slack/oauth_redirect"]
    return {
        "display_information": {
            "name": name[:35],
            "description": "Asks 0-10 as a chat, and brings unhappy customers to the people who act.",
            "background_color": "#3d32b8",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name[:80], "always_online": True},
            "shortcuts": [
                {
                    "name": "Start the survey",
                    "type": "global",
                    "callback_id": shortcut,
                    "description": "A few questions in our direct messages",
                }
            ],
            "slash_commands": [
                {
                    "command": command,
                    **at,
                    "description": "Start the survey in our direct messages",
                    "usage_hint": "[survey] [language]",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": scopes,
        "settings": {
            "event_subscriptions": {**request, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }
