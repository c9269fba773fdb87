#!/usr/bin/env bash
# Installs the version of this action's own checkout, with locked dependencies, into an environment
# of its own, and puts it on the PATH of the steps that follow.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
environment=$RUNNER_TEMP/reconciler-venv
python=${INPUT_PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reconciler needs Python 3.11 or newer")'
"$python" -m venv "$environment"
pip=("$environment/bin/python" -m pip --quiet --disable-pip-version-check install)
"${pip[@]}" --require-hashes -r "$root/requirements/runtime.txt" -r "$root/requirements/build.txt"
"${pip[@]}" --no-deps --no-build-isolation "$root"
mkdir "$environment/path" # the program alone, and not this environment's Python
ln -s ../bin/reconciler "$environment/path/reconciler"
echo "$environment/path" >>"$GITHUB_PATH"
