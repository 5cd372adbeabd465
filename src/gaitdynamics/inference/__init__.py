"""Trained networks at work: checkpoints, windows and their stitching, contact."""
