"""The read side in SQL: responses and where they were delivered."""
