"""A small flow for tests of everything around the engine: short enough to know by heart."""

SMALL = """
version: 1
brand: {name: Acme}
languages: [en]
flows:
  nps:
    timers: {remind_after: 20h, remind_max: 1, abandon_after: 3d}
    start: score
    steps:
      score:
        kind: nps
        say: "How likely are you to recommend {{ brand.name }}?"
        then: {detractor: reason, passive: reason, promoter: review}
      reason: {kind: text, say: "What is the reason?", save_as: reason, optional: true, then: bye}
      review:
        kind: link
        say: "Would you tell others?"
        links: {shop: {label: "Review us", url: "https://reviews.example/acme"}}
        then: bye
      bye: {kind: message, say: "Thank you.", end: completed}
"""
ATTENDED = SMALL.replace("optional: true, then: bye}", "optional: true, then: person}").replace(
    "      review:\n",
    """      person:
        kind: handoff
        say: "Somebody will be with you."
        topic: help
        sla: 15m
        then: {resolved: bye, unavailable: bye}
      review:
""",
    1,
)
"""The same survey with a person for those who are not happy."""
OTHER = SMALL.replace("How likely are you", "On a scale, how likely are you")
"""The same survey in other words: another version."""
BROKEN = SMALL.replace("passive: reason", "passive: raeson")
"""One outcome leads nowhere."""
