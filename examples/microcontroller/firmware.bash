# Builds the firmwares and boots them in QEMU, for `run` and `serve`, which source it here.

built=../../tests/firmware/target
minimal=$built/thumbv7m-none-eabi/small/minimal
thermometer=$built/thumbv7m-none-eabi/small/thermometer
board=$built/thumbv7m-none-eabi/small/board
update=$built/thumbv7m-none-eabi/small/update
uart_arm=$built/thumbv6m-none-eabi/small/uart
uart_riscv=$built/riscv32imc-unknown-none-elf/small/uart
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

# build FILE...: builds these firmwares.
build() {
    local flags file bin target
    for file in "$@"; do
        bin=${file##*/} target=${file#"$built/"}
        target=${target%%/*}
        flags=$(../../.ci/target-core "$target") ||
            missing "core for microcontrollers is not installed (rustup target add $target)"
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

# boot QEMU LOG OPTION...: starts a machine with its console in LOG, and waits until it is ready.
boot() {
    local qemu=$1 log=$2 pid tries
    shift 2
    command -v "$qemu" >/dev/null ||
        missing "$qemu is not installed (Debian: apt-get install qemu-system-arm qemu-system-misc)"
    "$qemu" -display none -monitor none "$@" </dev/null 2>"$log.errors" &
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

# boot_lm3s6965 FIRMWARE LOG TCP: boots a firmware for this board; TCP of this machine is its
# port 80. Its 10.0.2.2 is this machine.
boot_lm3s6965() {
    boot qemu-system-arm "$2" -machine lm3s6965evb -kernel "$1" -serial "file:$2" \
        -nic "user,model=stellaris,hostfwd=tcp:127.0.0.1:$3-10.0.2.15:80"
}

# boot_uart QEMU NAME OPTION...: boots the serial firmware on a machine. Its line is the Unix socket
# NAME in $scratch.
boot_uart() {
    local qemu=$1 name=$2
    shift 2
    boot "$qemu" "$scratch/$name.log" "$@" -serial chardev:line -chardev \
        "socket,id=line,path=$scratch/$name,server=on,wait=off,logfile=$scratch/$name.log"
}

# boot_board LOG NETWORK...: boots the board with this network.
boot_board() {
    local log=$1
    shift
    boot qemu-system-arm "$log" -machine mps2-an385 -kernel "$board" -serial "file:$log" \
        -net nic,model=lan9118 -net "$@"
}

# The machine of the firmware `update`.
update_machine=(-machine lm3s6965evb -nic user,model=stellaris -kernel "$update")

# boot_update LOG TCP: boots the firmware `update`; TCP of this machine is its server.
boot_update() {
    boot qemu-system-arm "$1" "${update_machine[@]}" -serial "file:$1" \
        -device "loader,addr=0x20008000,data=$2,data-len=4"
}

# user_network TCP UDP SSDP: prints a network that forwards these ports of this machine to the
# board's ports 80, 8080 and 1900.
user_network() {
    local here=127.0.0.1 there=10.0.2.15
    local tcp=hostfwd=tcp:$here:$1-$there:80
    echo "user,$tcp,hostfwd=udp:$here:$2-$there:8080,hostfwd=udp:$here:$3-$there:1900"
}
