# Builds the firmwares and boots them in QEMU, for `run` and `serve`, which source it here.

built=../../tests/firmware/target
minimal=$built/thumbv7m-none-eabi/small/minimal
board=$built/thumbv7m-none-eabi/small/board
uart=$built/thumbv6m-none-eabi/small/uart
scratch=$(mktemp -d)
machines=()

stop_machines() {
    local pid
    for pid in "${machines[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    machines=()
}
finish() {
    stop_machines
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

# missing WHAT: prints what cannot be run here, and exits; with success, unless BARELINE_PEERS=all.
missing() {
    ../../.ci/missing "$@"
    exit
}

# build BIN...: builds these firmwares.
build() {
    local flags bin target targets=(thumbv7m-none-eabi thumbv6m-none-eabi)
    flags=$(../../.ci/thumb-core "${targets[@]}") ||
        missing "core for microcontrollers is not installed (rustup target add ${targets[*]})"
    for bin in "$@"; do
        target=thumbv7m-none-eabi
        [ "$bin" != uart ] || target=thumbv6m-none-eabi
        RUSTFLAGS=$flags cargo build --quiet --locked --profile small \
            --bin "$bin" --target "$target"
    done
}

# free_ports KIND COUNT: prints COUNT free ports; KIND is STREAM or DGRAM.
free_ports() {
    python3 - "$@" <<'PROGRAM'
import socket, sys
kind = getattr(socket, "SOCK_" + sys.argv[1])
sockets = [socket.socket(socket.AF_INET, kind) for _ in range(int(sys.argv[2]))]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))
PROGRAM
}

# boot LOG OPTION...: starts a machine with its console in LOG, and waits until it is ready.
boot() {
    local log=$1 pid tries
    shift
    command -v qemu-system-arm >/dev/null ||
        missing "qemu-system-arm is not installed (Debian: apt-get install qemu-system-arm)"
    qemu-system-arm -display none -monitor none "$@" </dev/null 2>"$log.errors" &
    pid=$!
    machines+=("$pid")
    for ((tries = 0; tries < 200; tries++)); do
        grep -qs READY "$log" && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    echo "FAILED: the firmware did not print READY; its console and QEMU's errors:" >&2
    cat "$log" "$log.errors" >&2 || true
    exit 1
}

# boot_minimal LOG TCP: boots the minimal firmware; TCP of this machine is its port 80.
boot_minimal() {
    boot "$1" -machine lm3s6965evb -kernel "$minimal" -serial "file:$1" \
        -nic "user,model=stellaris,hostfwd=tcp:127.0.0.1:$2-10.0.2.15:80"
}

# boot_board LOG NETWORK...: boots the board with this network.
boot_board() {
    local log=$1
    shift
    boot "$log" -machine mps2-an385 -kernel "$board" -serial "file:$log" \
        -net nic,model=lan9118 -net "$@"
}

# user_network TCP UDP SSDP: prints a network that forwards these ports of this machine to the
# board's ports 80, 8080 and 1900.
user_network() {
    local here=127.0.0.1 there=10.0.2.15
    local tcp=hostfwd=tcp:$here:$1-$there:80
    echo "user,$tcp,hostfwd=udp:$here:$2-$there:8080,hostfwd=udp:$here:$3-$there:1900"
}
