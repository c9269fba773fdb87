"""The command line: options in, exit code out."""


def main() -> None:
    """Run the command line."""
