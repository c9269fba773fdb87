"""Files and streams to desired objects, every one with its place."""
