"""The ways through the shipped survey, as a visitor goes them."""

from tests.e2e.person import Did

DETRACTOR: tuple[Did, ...] = (
    ("How likely are you to recommend Fern & Field", "score", 3),
    ("Sorry it wasn't better.", "write", "Two stems were broken."),
    ("What should we do better", "write", "A stronger box."),
    ("How should we put it right?", "tap", "Call me back"),
    ("What number should we call?", "write", "020 7946 0018"),
    ("When suits you?", "book", 1),
)
PASSIVE: tuple[Did, ...] = (
    ("How likely are you to recommend Fern & Field", "score", 8),
    ("Thank you. What would make it a 10?", "write", "Faster delivery"),
    ("May we write to you with an offer", "tap", "Yes, please"),
    ("Where should we send it?", "write", "eva@fern-and-field.com"),
)
PROMOTER: tuple[Did, ...] = (
    ("How likely are you to recommend Fern & Field", "score", 10),
    ("Lovely to hear. What do you like most?", "write", "Healthy plants"),
    ("Some customers try new things first", "tap", "No, thanks"),
)
