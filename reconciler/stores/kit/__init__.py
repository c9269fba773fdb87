"""What several stores need: see the modules."""
