"""Training: data in memory, losses, loops and experiment records."""
