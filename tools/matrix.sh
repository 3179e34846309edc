#!/bin/sh
# The tests on every Python from 3.11 on that is here, and on the next Django.
#
#   tools/matrix.sh [PYTEST ARGUMENTS]       by default every test
#   PYTHONS="3.12 3.14" tools/matrix.sh tests/jobs
#
# Each lane has an environment of its own in .matrix, from the same locked requirements.
# A Python that is not on this machine is named; it is left out, or a failure where PYTHONS
# asks for it. The lane of the next Django takes the newest Python that was found.
set -u
cd "$(dirname "$0")/.."
UV=${UV:-uv}
NEXT_DJANGO=${NEXT_DJANGO:-"django>=6.0,<6.1"}
failed=""
last=""

found() { # version: the path of its interpreter, also of one that pyenv keeps aside
  for candidate in "/usr/bin/python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
    [ -x "$candidate" ] && echo "$candidate" && return
  done
  "$UV" python find -q --no-python-downloads "$1" 2>/dev/null
}

lane() { # name, python, further requirement
  environment=".matrix/$1"
  "$UV" venv -q --allow-existing --python "$2" "$environment" &&
    "$UV" pip sync -q --system-certs --require-hashes \
      --python "$environment/bin/python" requirements/dev.txt || return 1
  if [ -n "${3:-}" ]; then
    "$UV" pip install -q --system-certs --python "$environment/bin/python" "$3" || return 1
  fi
  echo "== $1: $("$environment/bin/python" -V), Django $("$environment/bin/python" -m django --version)"
  shift 3
  "$environment/bin/python" -m pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
}

for version in ${PYTHONS:-3.11 3.12 3.13 3.14}; do
  python=$(found "$version")
  if [ -z "$python" ]; then
    echo "== $version is not on this machine"
    [ -z "${PYTHONS:-}" ] || failed="$failed $version"
    continue
  fi
  last=$python
  lane "$version" "$python" "" "$@" || failed="$failed $version"
done
if [ -z "$last" ]; then
  echo "== There is no Python to test on"
  failed="$failed next-django"
else
  lane next-django "$last" "$NEXT_DJANGO" "$@" || failed="$failed next-django"
fi
[ -z "$failed" ] || { echo "Failed:$failed"; exit 1; }
