"""What several stores need: refusals, patches, the end of a session."""
