# make demo    estimate forces for the example walk and show where the results are
# make app     start the app in the browser
# make test    run all tests
# make lint    style and types
# make clean   remove the virtual environment, the demo's results and caches
#
# More about the app: make app APP="--port 8001 --workers 2"
#
# The first target that needs it makes a virtual environment in .venv. To choose the interpreter:
#   make demo PYTHON=/path/to/python3.12

VENV ?= .venv
DEMO_OUT ?= results/demo
ifndef PYTHON
# The first interpreter of a version for which all optional packages have wheels.
PYTHON := $(shell for p in python3 python3.12 python3.13 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done)
endif

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
CREATED := $(VENV)/.created
CORE := $(VENV)/.core-installed
APP_READY := $(VENV)/.app-installed
DEV := $(VENV)/.dev-installed

.PHONY: demo app test lint clean

demo: $(CORE)
	$(BIN)/gaitdynamics demo --out $(DEMO_OUT)

app: $(APP_READY)
	$(BIN)/gaitdynamics app $(APP)

test: $(DEV)
	$(BIN)/python -m pytest -q

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(DEMO_OUT) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed and none was found; name one: make PYTHON=/path/to/python" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(CORE): pyproject.toml constraints.txt | $(CREATED)
	$(PIP) -c constraints.txt -e .
	touch $@

$(APP_READY): pyproject.toml constraints.txt | $(CREATED)
	$(PIP) -c constraints.txt -e '.[app]'
	touch $@ $(CORE)

$(DEV): pyproject.toml constraints.txt | $(CREATED)
	$(PIP) -c constraints.txt -e '.[dev,opensim]'
	touch $@ $(CORE) $(APP_READY)
