"""The stores, one module each, imported when their scheme is asked for."""
