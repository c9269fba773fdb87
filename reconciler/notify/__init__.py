"""Receivers of messages about drift checks, and the memory of what each has been told."""
