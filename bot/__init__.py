"""chatsurvey: customers answer the NPS question as a chat; every answer reaches the people who must act."""

__version__ = "0.1.0"
