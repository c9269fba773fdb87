"""The store ``kubernetes:CONTEXT``: an API server, and what its users need to be allowed."""
