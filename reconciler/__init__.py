"""A declarative reconciler for Secrets: plan, review, apply exactly that plan."""

__version__ = "0.1.0"
