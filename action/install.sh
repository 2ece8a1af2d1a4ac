#!/usr/bin/env bash
# Install this version of ir-build into an environment of its own and put it on the PATH of the job.
set -euo pipefail

environment=$RUNNER_TEMP/ir-build/environment
# pip installs into it from outside: not every Python can put a pip into a new environment.
"$PYTHON" -m venv --without-pip "$environment"
"$PYTHON" -m pip --python "$environment" install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH"
programs=$environment/bin
[ -d "$programs" ] || programs=$environment/Scripts # Windows
echo "$programs" >>"$GITHUB_PATH"
