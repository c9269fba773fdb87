"""What several stores need; for stores without labels, the record of a set."""
