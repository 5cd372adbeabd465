"""Engines: one function over many items, in processes of this machine or on a cluster. They know nothing of gait."""
