"""Run the command line: as ``python -m reconciler``, and as the installed command."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress


def run() -> None:
    """Run the command line; what goes wrong while it is still imported shows no traceback."""
    try:
        from reconciler.cli import main

        main()
    except KeyboardInterrupt:
        _end("Interrupted.", 130)
    except (ImportError, MemoryError, OSError) as error:
        from reconciler.errors import environment_text

        _end(f"Error: {environment_text(error) or type(error).__name__}", 1)
    finally:
        gc.freeze()  # else the interpreter looks for cycles in all of it once more before it ends


def _end(text: str, code: int) -> None:
    with suppress(AttributeError, OSError):  # where standard error is closed
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    sys.exit(code)


if __name__ == "__main__":
    run()
