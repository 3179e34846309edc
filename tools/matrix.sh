#!/bin/sh
# The tests on every Python from 3.11 on that is here, and on the next Django.
#
#   tools/matrix.sh [PYTEST ARGUMENTS]       by default every test
#   PYTHONS="3.12 3.14" tools/matrix.sh tests/jobs
#   PYTHONS=none tools/matrix.sh tests/mail  the lane of the next Django alone
#
# Each lane has an environment of its own in .matrix, from the same locked requirements.
# A Python that is not on this machine is named; it is left out, or a failure where PYTHONS
# asks for it. The lane of the next Django takes the newest Python that is on this machine.
set -u
cd "$(dirname "$0")/.."
UV=${UV:-uv}
NEXT_DJANGO=${NEXT_DJANGO:-"django>=6.0,<6.1"}
failed=""

found() { # version: the path of its interpreter, also of one that pyenv keeps aside
  for candidate in "/usr/bin/python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
    [ -x "$candidate" ] && echo "$candidate" && return
  done
  "$UV" python find -q --no-python-downloads "$1" 2>/dev/null
}

newest() { # the interpreter for the next Django, which needs 3.12
  for version in 3.14 3.13 3.12; do
    found "$version" && return
  done
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

versions=${PYTHONS:-3.11 3.12 3.13 3.14}
[ "$versions" != none ] || versions=""
for version in $versions; do
  python=$(found "$version")
  if [ -z "$python" ]; then
    echo "== $version is not on this machine"
    [ -z "${PYTHONS:-}" ] || failed="$failed $version"
    continue
  fi
  lane "$version" "$python" "" "$@" || failed="$failed $version"
done
python=$(newest)
if [ -z "$python" ]; then
  echo "== No Python for the next Django is on this machine: its lane is left out"
else
  lane next-django "$python" "$NEXT_DJANGO" "$@" || failed="$failed next-django"
fi
[ -z "$failed" ] || { echo "Failed:$failed"; exit 1; }
