.PHONY: check layout lint types imports tests format docs

check: layout lint types imports tests

layout:
	ruff format --check .
lint:
	ruff check .
types:
	mypy
imports:
	lint-imports --no-logo --no-cache
tests:
	pytest

format:
	ruff format .
	ruff check --fix .

docs:
	sphinx-build --fresh-env --quiet --fail-on-warning docs docs/_build
