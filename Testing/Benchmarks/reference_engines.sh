#!/bin/sh
# Install the engines that the benchmark compares with, each in an environment of its own beneath build/engines:
#   pyradiomics   PyRadiomics 3.0.1, built from source: needs Python 3.11 and a C compiler
#   pictologics   needs Python 3.12 or 3.13
#   nyxus, mirp   Python 3.12 or 3.11
# An engine that does not install is said and left out; the benchmark's table says so too.
# Usage: Testing/Benchmarks/reference_engines.sh [ENGINE ...]
set -u
cd "$(dirname "$0")/../.."
mkdir -p build/engines

python_of() { # the first of the named interpreters that runs
	for name in "$@"; do
		if "$name" -c '' 2>/dev/null; then echo "$name"; return 0; fi
	done
	return 1
}

environment() { # NAME INTERPRETER...
	name=$1; shift
	test -x "build/engines/$name/bin/python" && return 0
	interpreter=$(python_of "$@") || { echo "$name: needs one of $*; left out" >&2; return 1; }
	"$interpreter" -m venv "build/engines/$name"
}

install() { # NAME REQUIREMENT...
	name=$1; shift
	"build/engines/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

pyradiomics() {
	environment pyradiomics "${PYTHON311:-python3.11}" &&
		install pyradiomics --requirement Testing/Python/radiomics/pyradiomics-reference.txt &&
		install pyradiomics --no-build-isolation pyradiomics==3.0.1
}

pictologics() {
	environment pictologics "${PYTHON312:-python3.12}" python3.13 && install pictologics pictologics SimpleITK
}

nyxus() {
	environment nyxus "${PYTHON312:-python3.12}" python3.11 && install nyxus nyxus SimpleITK
}

mirp() {
	environment mirp "${PYTHON312:-python3.12}" python3.11 && install mirp mirp SimpleITK
}

test $# -gt 0 || set -- pyradiomics pictologics nyxus mirp
failed=0
for engine in "$@"; do
	if "$engine"; then echo "$engine: ready"; else echo "$engine: not installed" >&2; failed=1; fi
done
exit $failed
