"""Stand-ins of the CRMs: servers on real sockets that answer as the vendors' documents say, and can misbehave."""
