# Everything starts from python3 (with venv), make and git; the rest is fetched here.
# The system's Python goes first: it is built for speed, by a fifth faster than others.
PYTHON ?= $(shell /usr/bin/python3 -c "import ensurepip, sys; \
  sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo /usr/bin/python3 || echo python3)
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
BIN := .venv/bin
PORT ?= 8000
DATA ?= .demo
# What a change of Django can break: every route for every role, so its URLs, views, templates
# and models; migrations, forms, sign-in and mail.
NEXT_DJANGO_TESTS := tests/access/test_matrix.py tests/conventions/test_migrations.py \
  tests/mail tests/signin $(addprefix tests/pages/,test_creation.py test_index_edits.py)
export UV_PYTHON_DOWNLOADS = never
# Every process of the demo and of the tests would compile all it imports by itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-postgres check wheel tabler bench idle faults production upgrades fuzz \
  matrix next-django lock shots clean

demo: .venv/.ok ## the whole stack on this machine, with data
	$(BIN)/python manage.py demo --port $(PORT) --data-dir $(DATA)

test: .venv/.ok ## every test, over embedded servers, in four processes, of which one waits for pages
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder \
	  $(if $(RERUNS),--reruns $(RERUNS) --rerun-show-tracebacks)

test-postgres: .venv/.ok ## odd values and own statements over PostgreSQL; ALL=1: every test
	$(BIN)/python -m tests.postgres $(if $(ALL),--all) -n 3 --dist loadfile --no-loadscope-reorder \
	  $(if $(RERUNS),--reruns $(RERUNS) --rerun-show-tracebacks)

check: .venv/.ok node_modules/.ok ## style, types, contracts, templates, styles, settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files 'templates/*.html' | xargs $(BIN)/djade --check --target-version 5.2
	git ls-files 'templates/*.html' | xargs $(BIN)/djhtml --check --tabwidth 2
	npm run --silent check
	$(BIN)/python manage.py makemigrations --check --dry-run --skip-checks
	$(BIN)/python -m tests.migrations_check
	$(BIN)/python -m tests.production_check

wheel: .venv/.ok ## dist/nsadmin-….whl, with the pages and their files
	rm -rf build dist
	$(UV) build -q --wheel --no-build-isolation --python $(BIN)/python

tabler: node_modules/.ok ## the rules of Tabler that the pages use
	npm run --silent tabler

bench: .venv/.ok ## ratios against a peer or a limit, as a table for each database
	NSADMIN_LOG_LEVEL=WARNING $(BIN)/python -m pytest -m bench -q -s tests/bench
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	  NSADMIN_LOG_LEVEL=WARNING $(BIN)/python -m tests.postgres -m scale -q -s tests/bench; \
	else echo "There is no PostgreSQL on this machine: its table is left out."; fi

idle: .venv/.ok ## CPU of the whole unused stack at 100,000 namespaces; POSTGRES=1: over it
	$(BIN)/python -m tests.bench.idle $(if $(POSTGRES),--postgresql)

faults: .venv/.ok ## the long proofs that `make test` samples
	$(BIN)/python -m pytest -m faults --timeout=3600 tests

production: .venv/.ok $(filter .tools/bin/uv,$(UV)) ## README's production section, by its commands
	$(BIN)/python -m pytest -m faults tests/deployment/production/test_run.py \
	  $(if $(RERUNS),--reruns $(RERUNS) --rerun-show-tracebacks)

upgrades: .venv/.ok $(filter .tools/bin/uv,$(UV)) ## from the release before, and from the last change
	$(BIN)/python -m pytest -m faults tests/deployment/production/test_upgrade.py

fuzz: .venv/.ok ## 20,000 requests made up from the OpenAPI document
	$(BIN)/python -m pytest -m fuzz --timeout=3600 tests

matrix: $(filter .tools/bin/uv,$(UV)) ## every test on each Python that is here, and the next Django
	UV=$(UV) tools/matrix.sh $(TESTS)

next-django: $(filter .tools/bin/uv,$(UV)) ## what Django changes most, on the next one alone
	UV=$(UV) PYTHONS=none tools/matrix.sh $(or $(TESTS),$(NEXT_DJANGO_TESTS)) \
	  $(if $(RERUNS),--reruns $(RERUNS) --rerun-show-tracebacks)

lock: $(filter .tools/bin/uv,$(UV)) ## compile the requirements with hashes, for 3.11 and later
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --extra postgres --extra saml --extra sentry --extra opentelemetry \
	  -o requirements/production.txt pyproject.toml
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --extra postgres --extra saml --extra sentry --extra opentelemetry --extra demo --extra dev \
	  -o requirements/dev.txt pyproject.toml

shots: .venv/.ok ## screenshots of every page into docs/screenshots
	$(BIN)/python -m tests.browser.shots

clean:
	rm -rf build dist nsadmin.egg-info .venv .matrix .tools .demo staticfiles node_modules

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install -q --disable-pip-version-check "uv==0.13.8"

.venv/.ok: requirements/dev.txt $(filter .tools/bin/uv,$(UV))
	$(UV) venv -q --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync -q --system-certs --compile-bytecode --require-hashes \
	  --python $(BIN)/python $<
	touch $@

# Exact versions stand in package.json; a lock file would record where they came from.
node_modules/.ok: package.json
	@command -v npm >/dev/null || { \
	  echo "make check needs npm (Node 20.19 or later) for the linters of static." >&2; exit 1; }
	npm install --no-package-lock --no-audit --no-fund --ignore-scripts
	touch $@
