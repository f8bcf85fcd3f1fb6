# Two commands do everything on a machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
ADDRESS ?= localhost

.PHONY: run dev test check bench schema screenshots clean

run: .venv  ## serve the app on this machine
	$(BIN)/streamlit run asgi.py --server.port $(PORT) --server.address $(ADDRESS)

dev: .venv  ## the same, reloading when a file is saved
	$(BIN)/streamlit run app.py --server.port $(PORT) --server.address $(ADDRESS) --server.fileWatcherType auto --server.runOnSave true \
		--server.folderWatchList content/topics --server.folderWatchList content/exams --server.folderWatchList quizzes/banks

test: check  ## everything that must hold
	$(BIN)/python -m pytest --numprocesses auto

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m content

bench: .venv/dev  ## ours against peers or a bare baseline, as ratios in one run
	for file in tests/bench/bench_*.py; do $(BIN)/python $$file || exit 1; done

schema: .venv  ## the JSON Schemas that editors check the YAML against
	$(BIN)/python -m content schema

screenshots: .venv/dev  ## the pictures of the README
	$(BIN)/python tests/screenshots.py

.venv: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	touch .venv

.venv/dev: .venv requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	touch .venv/dev

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
