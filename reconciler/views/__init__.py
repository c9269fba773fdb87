"""What is shown, one module for each output format."""
