# The README's two commands are `make demo` and `make test`; each sets itself up.
# They change nothing on this machine but .venv, .cache and, for tests, Debian packages that are named first.

export PYTHON ?= python3
export MAKECMDGOALS
VENV := .venv/bin

.PHONY: demo test check coverage nightly docs bench

demo:
	@scripts/setup-venv.sh sandbox
	@$(VENV)/python -m migrate.sandbox.demo

test: check
	@scripts/test-packages.sh
	@scripts/run-tests.sh "$(VENV)/python"

# What needs no server: style, types, the direction of imports.
check:
	@scripts/setup-venv.sh test
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy
	$(VENV)/lint-imports

# The same tests with their branches counted, which takes about twice the CPU.
coverage:
	@scripts/setup-venv.sh test
	@scripts/test-packages.sh
	$(VENV)/coverage erase
	@scripts/run-tests.sh "$(VENV)/coverage run"
	$(VENV)/coverage combine --quiet
	$(VENV)/coverage report

# The slow suites: many random interruptions, and the machines of random steps with other and many more of them.
nightly:
	@scripts/setup-venv.sh test
	@scripts/test-packages.sh
	$(VENV)/python -m pytest -m nightly --timeout 3600 --numprocesses 3 --dist loadfile
	BASCULE_EXAMPLES=500 $(VENV)/python -m pytest tests/unit/passes -m "not nightly" --timeout 3600 --numprocesses 3

# The documentation as pages, in .cache/site.
docs:
	@scripts/setup-venv.sh test
	NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict --quiet

bench:
	@scripts/setup-venv.sh test
	@scripts/test-packages.sh
	$(VENV)/python benchmarks/run.py
