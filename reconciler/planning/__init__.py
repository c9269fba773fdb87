"""Pure functions from desired and live objects to a plan."""
