# Two commands are enough: make run, make test. The rest serves them.

TAGS   := migrated_fynedo,nolibopusfile
TOOL   := go tool -modfile=.ci/tools/go.mod
ALL    := ./app/... ./ui/... ./call/... ./keys/... ./assets/...
FUZZ   ?= 60s
OUT    ?= out/demo

export GOFLAGS := -buildvcs=false

.PHONY: run demo test check build fuzz bench package try clean

# run opens the app. Where there is no display it holds the demo meeting.
run:
	@.ci/libs run
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(MAKE) --no-print-directory build && ./bin/conclave; \
	else \
		echo "No display here: holding the demo meeting under a virtual one. Its pictures will be in $(OUT)/."; \
		$(MAKE) --no-print-directory demo; \
	fi

# build makes the two programs. Cold, this compiles Fyne and LiveKit: minutes.
build:
	@echo "Building bin/conclave-serve and bin/conclave (the first time takes minutes)."
	@CGO_ENABLED=0 go build -o bin/conclave-serve ./app/serve
	@go build -tags $(TAGS) -o bin/conclave ./app

# demo holds a meeting of three desktop apps and checks it from their windows.
demo:
	@if [ -d ../shared/media ]; then .ci/libs demo; else .ci/libs footage; fi
	@$(MAKE) --no-print-directory build
	./bin/conclave demo --out $(OUT) $(DEMO)

# test runs every test, with the race detector.
test:
	@.ci/libs test
	go test -race -timeout 20m -tags $(TAGS) $(ALL)

# check reads the code: form, vet, staticcheck. The import rules are a test.
check:
	@.ci/libs run
	@bad=$$($(TOOL) gofumpt -l app ui call keys assets); \
		if [ -n "$$bad" ]; then echo "not in gofumpt's form:"; echo "$$bad"; exit 1; fi
	go vet -tags $(TAGS) $(ALL)
	$(TOOL) staticcheck -tags $(TAGS) $(ALL)
	CGO_ENABLED=0 go build -o /dev/null ./app/serve

# fuzz runs each fuzz target for FUZZ.
fuzz:
	@.ci/libs run
	@for p in $$(go list -tags $(TAGS) $(ALL)); do \
		for f in $$(go test -tags $(TAGS) -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; \
			go test -tags $(TAGS) -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ) -parallel 2 $$p || exit 1; \
		done; \
	done

# bench measures what app/BENCHMARKS.md tells.
bench: build
	@.ci/libs demo
	go test -tags $(TAGS) -run '^$$' -bench . -benchmem ./call/frame ./keys/group
	./bin/conclave bench

# package makes packages in dist/; SYSTEMS is linux, windows, darwin or several.
SYSTEMS ?= linux windows
package:
	@.ci/libs package
	go run ./app/pack $(SYSTEMS)

# try installs the packages in a clean Debian root and under wine, uses and
# removes them. As root: it makes the root with debootstrap.
try:
	@.ci/libs try
	go run ./app/pack try-deb
	go run ./app/pack try-exe

clean:
	rm -rf bin out dist
