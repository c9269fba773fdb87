"""The annotations that steer the store docker alone."""

from __future__ import annotations

PREFIX = "reconciler/docker-"
LAYOUT = f"{PREFIX}layout"
NAME = f"{PREFIX}name"
DRIVER = f"{PREFIX}driver"
DRIVER_OPTIONS = f"{PREFIX}driver-options"
TEMPLATING = f"{PREFIX}templating"
TEMPLATING_OPTIONS = f"{PREFIX}templating-options"
ANNOTATIONS = frozenset({LAYOUT, NAME, DRIVER, DRIVER_OPTIONS, TEMPLATING, TEMPLATING_OPTIONS})
"""All of them. They count only when a Docker secret is made."""
