# make serve   create what is needed, start the service on PORT (8080)
# make test    create what is needed (browser included), check and test everything
# make soak    the long runs: many kills, seeds, walks;  SOAK_SECONDS bounds them
# make bench   measure, and write bench/results.md
# make lock    resolve the dependencies again into requirements*.lock

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
KILLS ?= 200
STORIES ?= 30
OUTAGE_CHATS ?= 2000
export SOAK_SECONDS ?= 0

.PHONY: help serve test lint soak bench lock clean

help:
	@sed -n 's/^# //p' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/.serve
	@exec $(BIN)/chatsurvey serve

test: $(VENV)/.test lint
	@$(BIN)/python -m pytest -n 3 --dist loadgroup --cov --cov-report=term:skip-covered --cov-fail-under=95

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/chatsurvey check flows.yaml >/dev/null || $(BIN)/chatsurvey check flows.yaml

## Two runs side by side: what is bounded by SOAK_SECONDS, and what takes as long as it takes.
soak: export SOAK := 1
soak: $(VENV)/.test
	@export KILLS=$(KILLS) STORIES=$(STORIES) OUTAGE_CHATS=$(OUTAGE_CHATS); beside=$$(mktemp); \
	long="-q -o faulthandler_timeout=0"; \
	$(BIN)/python -m pytest $$long tests/flows/test_walks.py tests/e2e tests/story tests/crm/test_kills.py \
		>$$beside 2>&1 & \
	$(BIN)/python -m pytest $$long tests/soak tests/store/test_redis_replicas.py tests/crm/test_outage.py; first=$$?; \
	wait $$!; second=$$?; cat $$beside; rm -f $$beside; exit $$((first + second))

bench: $(VENV)/.test
	@$(BIN)/python -m bench

$(VENV)/.serve: requirements.lock pyproject.toml
	@scripts/setup requirements.lock
	@touch $@

$(VENV)/.test: requirements-dev.lock pyproject.toml
	@scripts/setup requirements-dev.lock
	@scripts/browser $(BIN)/python
	@touch $(VENV)/.serve $@

lock:
	@uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade \
	  --group build pyproject.toml -o requirements.lock
	@uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade \
	  --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .hypothesis dist
