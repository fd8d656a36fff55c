"""Stand-ins for the messaging platforms, a clock that can be moved, and a page that shows both sides of a chat."""
