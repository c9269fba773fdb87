"""The version, where everything that tells it can import it from."""

__version__ = "0.1.0"
