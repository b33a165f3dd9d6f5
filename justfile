# The commands of the project, which `.ci/run` and the jobs of CI call.

# "$@" passes a recipe's options on as they are, also with spaces and parentheses.
set positional-arguments

features := "--quiet --locked --config profile.test.package.bareline-core.opt-level=0"

# Lists the recipes.
default:
    @just --list

# Each folder with a lock file is a workspace.
# Checks the format of the code in each workspace.
format-check:
    for lock in $(git ls-files '*Cargo.lock'); do \
        cargo fmt --manifest-path ${lock%lock}toml --all --check || exit 1; \
    done

# Lints every target of every member, and checks line widths, links and CI jobs.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    tests/scripts/width
    tests/scripts/spelling
    tests/scripts/wording
    tests/scripts/links
    tests/scripts/jobs
    # Fails if a file that a build writes is committed.
    @! git ls-files --cached --ignored --exclude-standard | grep .

# Runs all tests: unit, property, requirement, socket and doc tests, and the fuzz targets' seeds.
test:
    cargo test --locked

# The unit and doc tests of core and net, the octet tests, and the programs of the article pass on
# every system. Any shell runs these lines.
# Runs the tests for systems that are not Unix.
test-core-net:
    cargo test --locked --package bareline-core --package bareline-net --package bareline-octets
    cargo build --locked --package bareline-net --examples
    cargo test --locked --package bareline-sockets --test sockets the_articles

# One token more than in `just test` takes minutes, and two some ten times as long.
# Judges strings that are `longer` by this number of tokens, by the RFCs' ABNF.
oracle longer="2":
    ORACLE_LONGER={{longer}} cargo test --locked --test oracle -- --nocapture

# Checks the ABNF compiler of the oracle against another implementation, from PyPI.
oracle-abnf:
    tests/oracle/compare_abnf

# Builds the documentation, and fails on a warning or a type without an example.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --package bareline-core --package bareline-net --no-deps \
        --all-features --locked
    tests/scripts/examples

# Runs the octet tests with each way to scan that the default build does not use.
scans:
    tests/scripts/scans

# Takes three minutes, and needs Debian's gcc-s390x-linux-gnu, libc6-dev-s390x-cross and qemu-user.
# Runs the octet tests on an emulated big-endian machine.
big-endian:
    tests/scripts/big_endian

# The targets are microcontrollers, the host, and AArch64.
# Links every public function of core with a panic handler that must not be reachable.
panic-free:
    tests/panic_free/run

# The options are those of `cargo fuzz run`.
# Fuzzes one target from its seeds: `just fuzz parse_request 60`.
fuzz target seconds="60" *options:
    mkdir -p fuzz/corpus/{{target}}
    cargo fuzz run {{options}} {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- \
        -max_total_time={{seconds}} -dict=fuzz/http.dict

# Fuzzes every target from its seeds for some seconds.
fuzz-smoke seconds="20":
    tests/scripts/fuzz_smoke {{seconds}}

# Fuzzes the ways to scan with AVX2, which `fuzz-smoke` does not use.
fuzz-avx2 seconds="60":
    RUSTFLAGS="-C target-cpu=x86-64-v3" just fuzz scan {{seconds}} --target-dir target/fuzz-avx2

# Checks licenses, sources and duplicates of the dependencies (`cargo install cargo-deny`).
deny:
    cargo deny --all-features check bans licenses sources

# Takes hours (`cargo install cargo-mutants`).
# Lists the changes to core that no test notices and that tests/mutants.txt does not list.
mutants *options:
    tests/scripts/mutants "$@"

# These are the traits of embedded transports, defmt logs, the types of the crate `http`, and TLS.
# So few messages are read that optimizing core does not pay.
# Tests the optional features of core and net.
features:
    cargo clippy --package bareline-core --package bareline-net --all-features --all-targets \
        --locked -- -D warnings
    cargo test {{features}} --package bareline-core --package bareline-net --all-features \
        --lib --test embedded_io --test http --test reason_phrases
    cargo test {{features}} --package bareline-core --no-default-features --test reason_phrases
    cargo test {{features}} --package bareline-core --package bareline-net --all-features --doc
    cargo test {{features}} --package bareline-net --lib client::
    cargo check --package bareline-net --no-default-features --features http --locked
    cargo check --package bareline-net --no-default-features --features rustls --locked
    cargo check --package bareline-core --no-default-features --features defmt --locked
    cargo check --package bareline-core --no-default-features --features embedded-io-07 --locked
    tests/defmt/run

# Builds, boots and checks the firmware in QEMU, and builds the example for embassy-net.
firmware:
    examples/microcontroller/run
    examples/embassy/check

# Needs QEMU; `just budgets --update` records the figures.
# Measures the flash, stack and instructions of core in a firmware.
budgets *options:
    tests/budgets/run "$@"

# Checks with valgrind that the instruction count is linear in the octets, at any cut.
linear:
    tests/scripts/linear

# Checks with valgrind that bodies are copied in slices, even without optimization.
copies:
    tests/scripts/copies

# The parsers are hyper, httparse, h11, llhttp and Go's. Takes four minutes or more on two cores.
# `just readers --quick` takes seconds, `just readers --update` writes tests/readers/README.md.
# Compares the readings of 10,000,000 messages with those of other parsers.
readers *options:
    tests/readers/run "$@"

# `just public-api --update` records a change (`cargo install cargo-public-api`).
# Compares the public names of core and net with the recorded ones.
public-api *options:
    tests/scripts/public_api "$@"

# Measures the line coverage of core, with llvm-cov.
coverage:
    tests/scripts/coverage

# Prints the first part of bench/RESULTS.md. Takes a minute or two, most of it to compile.
# Compares the speed of bareline with that of other parsers.
bench:
    @bench/run

# Prints the second part of bench/RESULTS.md. Takes a quarter of an hour, and the compilation of
# the peers. Needs wrk; uses Go, nginx and perf where they are installed.
# `just bench-net --rounds 1 --no-builds` is a quick run.
# Compares the speed of bareline with that of other servers, clients and UDP peers.
bench-net *options:
    @bench/net/run "$@"

# Prints bench/compare/RESULTS.md, in some minutes. `just compare --quick` checks the programs on
# bareline alone.
# Compares an API server and a client's job with those on other libraries.
compare *options:
    @bench/compare/run "$@"

# Needs valgrind; `just count --update` records the counts.
# Compares the instruction counts with the recorded ones.
count *options:
    bench/count "$@"

# Compares the version with those of the dependencies, and compiles core and net with that toolchain
# where it is installed.
# Checks that the declared rust-version suffices.
msrv:
    tests/scripts/msrv

# Packages core and net as for a release, and compiles the packages.
package:
    tests/scripts/package

# Needs a release in the registry, and there is no release yet
# (`cargo install cargo-semver-checks`).
# Checks the public names of core and net for semantic versioning since the last release.
semver:
    cargo semver-checks --package bareline-core --package bareline-net

# `BARELINE_STRESS_SEED=1 just stress` repeats the requests of the run that printed this seed.
# Stresses a server's event loops in ten forms, for some seconds in all.
stress seconds="60":
    BARELINE_STRESS_SECONDS={{seconds}} cargo test --locked --package bareline-sockets \
        --test stress -- --nocapture

# Tests the lending of loops with a model checker, in many orders in which threads may run.
model:
    RUSTFLAGS="--cfg bareline_shuttle" cargo test --quiet --package bareline-net --lib \
        --locked --target-dir target/model model
