#!/bin/sh
# Installs the other official clients that tests/clients/ drives: three lines of the Python SDK, each in its own
# environment, and the TypeScript SDK. Needs python3 with venv, and npm. Goes where the tests look, below .venv, which
# no commit has; a client that is there already is left alone.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
folder=.venv/clients
mkdir -p "$folder"
for line in 0.100 0.121 1; do
  test -e "$folder/python-$line/ready" && continue
  "$python" -m venv "$folder/python-$line"
  "$folder/python-$line/bin/pip" install --quiet --disable-pip-version-check "anthropic==$line.*"
  touch "$folder/python-$line/ready"
done
if ! test -e "$folder/typescript/ready"; then
  mkdir -p "$folder/typescript"
  npm install --silent --no-audit --no-fund --prefix "$folder/typescript" "@anthropic-ai/sdk@^1"
  touch "$folder/typescript/ready"
fi
