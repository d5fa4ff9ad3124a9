"""Fetching from servers: the client, its connections and its rate limiter."""
