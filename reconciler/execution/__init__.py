"""Carrying out a plan's steps: waves, workers, retries, events."""
