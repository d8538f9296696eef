.PHONY: build dev test quick check bench soak openapi errors fuzz

FUZZTIME ?= 20s

build: ## the program, in bin/souk
	scripts/build.sh

dev: ## the shop at http://127.0.0.1:5173 with pages that follow every change (Vite), the program on 8000; Ctrl-C stops both
	@scripts/dev.sh

test: ## everything, on SQLite and PostgreSQL
	./test.sh

quick: ## the short tests, on SQLite
	./test.sh --quick

soak: ## the simulated years of webhooks from 20 seeds, the random lives of orders from 300; SOUK_SEED=7 or SOUK_SEED=1-100 for others
	SOUK_SEED=$${SOUK_SEED:-1-20} scripts/with-postgres.sh go test ./internal/app -run 'Year|Lost|Disagree' -count=1 -timeout 60m -v
	SOUK_SEED=$${SOUK_SEED:-1-300} scripts/with-postgres.sh go test ./internal/app -run MoneyAgainstAModel -count=1 -timeout 120m

check: ## starts the program, sells a file over HTTP, and refunds it
	./start.sh --check

bench: ## the table of ratios and limits
	bench/run.sh

openapi: ## writes the API document anew after a change of the API
	go test ./internal/api -run OpenAPI -update

errors: ## writes the codes in docs/errors.md anew
	go test ./internal/arch -run Codes -update

fuzz: ## every fuzz target for FUZZTIME each
	@grep -rl --include=*_test.go '^func Fuzz' internal | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$$file"); do \
			echo "$$target ($$file)"; go test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; \
		done; done
