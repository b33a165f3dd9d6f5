# The commands of the project; `.ci/run` calls them.

# Lists the recipes.
default:
    @just --list

# A workspace is where a lock is.
# Is the code formatted, in each workspace?
format-check:
    for lock in $(git ls-files '*Cargo.lock'); do \
        cargo fmt --manifest-path ${lock%lock}toml --all --check || exit 1; \
    done

# Lints, on every target of every member.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    tests/scripts/width
    tests/scripts/spelling
    tests/scripts/links
    tests/scripts/jobs
    # No file is committed that a build writes.
    @! git ls-files --cached --ignored --exclude-standard | grep .

# All tests: unit, property, requirement, socket and doc tests, and the seeds of the fuzz targets.
test:
    cargo test --locked

# What passes on every system: unit and doc tests of core and net, the octet tests, and the programs
# of the article. Any shell runs these lines.
# The tests for systems that are not Unix.
test-core-net:
    cargo test --locked --package bareline-core --package bareline-net --package bareline-octets
    cargo build --locked --package bareline-net --examples
    cargo test --locked --package bareline-sockets --test sockets the_articles

# They are longer by so many tokens than those in `just test`: minutes for one, some ten times that
# for two.
# Judges longer strings by the RFCs' ABNF.
oracle longer="2":
    ORACLE_LONGER={{longer}} cargo test --locked --test oracle -- --nocapture

# Checks the ABNF compiler of the oracle against another implementation, from PyPI.
oracle-abnf:
    tests/oracle/compare_abnf

# The documentation, without a warning.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --package bareline-core --no-deps --all-features --locked

# What concerns the octets, with each way to scan them that is not this machine's own.
scans:
    tests/scripts/scans

# For a microcontroller, and for this machine.
# Links every public function of core with a panic handler that must not be reachable.
panic-free:
    tests/panic_free/run

# Options are those of `cargo fuzz run`.
# Fuzzes one target, from its seeds: `just fuzz parse_request 60`.
fuzz target seconds="60" *options:
    mkdir -p fuzz/corpus/{{target}}
    cargo fuzz run {{options}} {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- \
        -max_total_time={{seconds}} -dict=fuzz/http.dict

# Fuzzes every target for a short while, from its seeds.
fuzz-smoke seconds="20":
    tests/scripts/fuzz_smoke {{seconds}}

# Fuzzes the ways to scan, compiled with AVX2; `fuzz-smoke` leaves that out.
fuzz-avx2 seconds="60":
    RUSTFLAGS="-C target-cpu=x86-64-v3" just fuzz scan {{seconds}} --target-dir target/fuzz-avx2

# Licenses, sources and duplicates of the dependencies (`cargo install cargo-deny`).
deny:
    cargo deny --all-features check bans licenses sources

# It takes hours (`cargo install cargo-mutants`).
# Which changes to core does no test notice, and no list have?
mutants *options:
    tests/scripts/mutants {{options}}

# The traits of embedded transports, and what a firmware logs.
# The features of core that nobody has by default.
features:
    cargo clippy --package bareline-core --all-features --all-targets --locked -- -D warnings
    cargo test --quiet --package bareline-core --all-features --locked --test embedded_io
    cargo test --quiet --package bareline-core --all-features --locked --doc embedded
    cargo check --package bareline-core --no-default-features --features defmt --locked
    cargo check --package bareline-core --no-default-features --features embedded-io-07 --locked
    tests/defmt/run

# The firmwares: builds, boots and checks them in QEMU; builds the example for embassy-net.
firmware:
    examples/microcontroller/run
    examples/embassy/check

# With QEMU; `just budgets --update` records what is measured.
# What does core cost a firmware: flash, stack, instructions?
budgets *options:
    tests/budgets/run {{options}}

# Is the work linear in the octets, however they arrive? Instruction counts, with valgrind.
linear:
    tests/scripts/linear

# Are bodies copied in slices, without optimization too? Instruction counts, with valgrind.
copies:
    tests/scripts/copies

# With hyper, httparse, h11, llhttp and Go's; four minutes or more on two cores.
# `just readers --quick` takes seconds, `just readers --update` writes tests/readers/README.md.
# Compares what is accepted of 10,000,000 messages with other parsers.
readers *options:
    tests/readers/run {{options}}

# Line coverage of core, with llvm-cov.
coverage:
    tests/scripts/coverage

# Prints the first part of bench/RESULTS.md; a minute or two, most of it the compiler's.
# How fast is bareline beside other parsers?
bench:
    @bench/run

# Prints the second part of bench/RESULTS.md: a quarter of an hour and the peers' compilation.
# With wrk; Go, nginx and strace where they are installed; `just bench-net --rounds 1 --no-builds`
# is a quick look.
# And beside other servers, clients and UDP peers?
bench-net *options:
    @bench/net/run {{options}}

# With valgrind; `just count --update` records what is counted.
# Has the number of instructions grown?
count *options:
    bench/count {{options}}

# Compares it with what the dependencies of core and net ask for, and compiles both with that
# toolchain where it is installed.
# Does the declared rust-version suffice?
msrv:
    tests/scripts/msrv

# Packages core and net as they would be released, and compiles them from that.
package:
    tests/scripts/package

# It needs a release in the registry, and there is none yet (`cargo install cargo-semver-checks`).
# Do the public names of core and net keep semantic versioning since the last release?
semver:
    cargo semver-checks --package bareline-core --package bareline-net
