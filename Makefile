.PHONY: check layout lint types imports tests oldest format docs

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
# where versions differ: tables, files, plots, the command line; in an environment of constraints-oldest.txt
oldest:
	pytest tests/data tests/datasets tests/expressions tests/kernels tests/prediction tests/diagnostics tests/persistence \
		tests/plotting tests/screening tests/cli tests/optimization/test_laws.py tests/optimization/test_complaints.py \
		tests/architectures/test_laws.py tests/architectures/test_scikit_learn.py tests/test_model.py tests/test_materials.py

format:
	ruff format .
	ruff check --fix .

docs:
	sphinx-build --fresh-env --quiet --fail-on-warning docs docs/_build
