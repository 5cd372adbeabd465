"""Feature schema "published-63": what the published GaitDynamics networks read and write, both ways."""
