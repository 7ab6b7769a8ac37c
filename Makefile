# seatrial: `make` prints this help.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

# Every worker of the tests would compile, and rewrite the assertions of, every module anew: a third of their time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
comma := ,
.PHONY: help trial test rollout-demo check golden bench docs dist clean

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One stamp per set of packages: an install happens once, and again only when its inputs change.
# The smaller set never follows the larger: `make trial` after `make test` installs nothing.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "seatrial needs Python >= 3.11; say: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
ifdef UV
	@uv venv -q --python "$$(command -v $(PYTHON))" $(VENV)
else
	@$(PYTHON) -m venv $(VENV)
endif

define install
	@echo "installing $(1) into $(VENV) (pinned in constraints.txt)"
	@if [ -n "$(UV)" ]; then uv pip install -q --python $(BIN)/python -c constraints.txt -e '.[$(1)]'; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[$(1)]'; fi
	@$(BIN)/python -m compileall -q src graphs evaluators >/dev/null 2>&1 || true
	@touch $@
endef

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,dev)
	@touch $(VENV)/.fleet

$(VENV)/.fleet: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,fleet$(comma)mlflow)

trial: $(VENV)/.fleet ## Put the reference fleet through its trials and check every verdict
	@$(BIN)/seatrial trial --check-expect

test: $(VENV)/.dev ## Run every test that needs no model, no network and no account
	@$(BIN)/python -m pytest -n auto --dist worksteal -m 'not llm'

rollout-demo: $(VENV)/.fleet ## Play a whole rollout on made-up traffic, one cell of which breaks, and replay it
	@$(BIN)/python -m seatrial.testing.rollout_demo experiments/email_classify_v2.toml

check: $(VENV)/.dev ## ruff, mypy --strict, import layers, generated docs, counts of the pages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python -m pytest -q tests/engine/test_words.py tests/docs/test_counts.py tests/docs/test_reference.py

golden: $(VENV)/.dev ## Write the stored reports of the gate again, where a rule is meant to change
	@$(BIN)/python tests/engine/gate/golden/cases.py

docs: $(VENV)/.dev ## Write again the parts of docs/ that are generated
	@$(BIN)/python docs/generate.py

bench: $(VENV)/.dev ## Measure us beside the floor and the peers, as ratios of one run
	@$(BIN)/python -m benchmarks

dist: ## Build a wheel and try it in an empty environment
	@rm -rf dist && $(PYTHON) -m venv dist/.venv
	@dist/.venv/bin/pip wheel -q --disable-pip-version-check --no-deps -w dist .
	@dist/.venv/bin/pip install -q --disable-pip-version-check -c constraints.txt dist/seatrial-*.whl
	@dist/.venv/bin/python tests/smoke/wheel.py
	@du -sm dist/.venv/lib/python*/site-packages | awk '{print "site-packages with pip and setuptools: " $$1 " MB"}'
	@rm -rf dist/.venv && ls dist

clean: ## Remove the environment, caches and runs
	@rm -rf $(VENV) dist .seatrial .mypy_cache .ruff_cache .pytest_cache .hypothesis
