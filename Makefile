# The commands of this project; each does the set-up it needs (Debian, Rust by rustup, root).
#
#   make demo     build an example naively and in two stages, run it, show what stayed behind
#   make test     every test
#   make test-users        the conformance cases as ordinary users, with subordinate IDs and without (root)
#   make test-registries   push to a real registry, pull with skopeo, buildah and Docker, pull back (root)
#   make test-archives     read and write archives with Docker, podman, buildah and skopeo (root)
#   make test-caches       caches that cross machines: a registry, a folder, a bucket; with times (root)
#   make test-nested       build in a container that allows neither namespaces nor mounts (part of test; root)
#   make test-lsp          the language server, by an editor's side of the protocol (part of test)
#   make test-isolation    what containers see, line by line beside Docker's (root; $$DOCKER_CMD names the docker client)
#   make compare-hadolint  lint the Dockerfiles of $$FOLDER with hadolint and with carafe; differences and times
#   make build    the static binary, target/release/carafe
#   make lint     formatting, clippy, documentation, dependencies
#   make fuzz     fuzz what reads Dockerfiles: two minutes for each target, or $$SECONDS_EACH seconds
#   make bench    carafe's times, with Docker's and buildah's beside them where they are (bench/README.md; $$BENCH: its flags)
#   make clean    what the build made (not the base images: see examples/README.md)

MACHINE := $(shell uname -m)
TRIPLE  := $(MACHINE)-unknown-linux-musl
BUILT   := $(or $(CARGO_TARGET_DIR),target)/$(TRIPLE)/release/carafe
CARAFE  := target/release/carafe
CARGO   ?= cargo
JOBS    ?= $(shell nproc)

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build demo test test-rust test-binary test-conformance test-users test-examples test-registries test-archives test-caches test-isolation test-nested test-lsp compare-hadolint lint bench fuzz clean

build:
	scripts/setup build
	$(CARGO) build --release --locked --package carafe --target $(TRIPLE)
	@mkdir -p $(dir $(CARAFE))
	install -p $(BUILT) $(CARAFE)

demo: build
	scripts/setup demo
	CARAFE=$(CARAFE) scripts/demo

test: test-rust test-binary test-lsp test-conformance test-users test-examples test-nested

# What the kernel refuses is a failure here, not a test left out.
test-rust:
	scripts/setup test
	CARAFE_REQUIRE_SANDBOX=1 $(CARGO) test --workspace --locked

test-binary: build
	scripts/check-binary $(CARAFE)

test-conformance: build
	scripts/setup test
	BUSYBOX=target/tools/busybox tests/conformance/conformance.py --carafe $(CARAFE) -j $(JOBS)

test-users: build
	scripts/setup test
	scripts/test-users $(CARAFE) -j $(JOBS)

test-examples: build
	scripts/setup demo
	CARAFE=$(CARAFE) scripts/test-examples

# Real servers and clients, which are installed for it: not part of `test`.
test-registries: build
	scripts/setup registries
	scripts/test-registries --carafe $(CARAFE)

# Clients that are not there are left out, and said so.
test-archives: build
	scripts/setup registries
	scripts/test-archives --carafe $(CARAFE)

test-caches: build
	scripts/setup caches
	PATH="$(CURDIR)/target/tools/moto/bin:$$PATH" scripts/test-caches --carafe $(CARAFE)

# With a client from PyPI, which is installed for it.
test-lsp: build
	scripts/setup lsp
	PATH="$(CURDIR)/target/tools/lsp/bin:$$PATH" scripts/test-lsp --carafe $(CARAFE)

# A docker client with a running engine is needed, and a C compiler.
test-isolation: build
	scripts/test-isolation --carafe $(CARAFE)

# In a container that allows neither namespaces nor mounts, and all cases as they are built there.
test-nested: build
	scripts/setup demo
	CARAFE=$(CARAFE) scripts/test-nested
	CARAFE_ISOLATION=chroot BUSYBOX=target/tools/busybox tests/conformance/conformance.py --carafe $(CARAFE) -j $(JOBS) \
		--expected-failures tests/conformance/chroot.txt

# Every difference has its reason in tests/lint/hadolint-differences.txt, or is a mistake.
compare-hadolint: build
	scripts/setup hadolint
	scripts/compare-hadolint $(FOLDER) --hadolint target/tools/hadolint/bin/hadolint --carafe $(CARAFE)

lint:
	scripts/setup lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --locked
	scripts/check-dependencies

# See fuzz/README.md.
fuzz:
	scripts/fuzz

bench: build
	bench/bench.py --carafe $(CARAFE) --json target/bench.json --svg target/bench.svg $(BENCH)

clean:
	$(CARGO) clean
