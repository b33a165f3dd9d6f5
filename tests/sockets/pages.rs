//! The pages for users: their commands exist, and print what the pages show. The tests of `explain`
//! and `just firmware` run the commands that are missing here. Pages have the recorded figures.

use crate::{Program, built, example, exchange, lines, next, run, skip, text};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TUTORIAL: &str = include_str!("../../examples/TUTORIAL.md");
const TUTORIAL_JA: &str = include_str!("../../examples/TUTORIAL.ja.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Returns the section of a page with this heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, after) = page.split_once(&format!("\n## {heading}\n")).expect(heading);
    after.split_once("\n## ").map_or(after, |(section, _)| section)
}

/// Returns the blocks of code in Markdown, each with its language.
fn blocks(markdown: &str) -> impl Iterator<Item = (&str, &str)> {
    let blocks = markdown.split("```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap())
}

/// Replaces what differs from run to run: ports, the time, the version of curl.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let line = match line {
            _ if line.trim_start_matches("< ").starts_with("Date: ") => "Date:",
            _ if line.starts_with("User-Agent: curl/") => "User-Agent: curl",
            _ => line.split_once(" octets in ").map_or(line, |(before, _)| before),
        };
        let parts = line.split_inclusive(|character: char| !character.is_ascii_digit());
        for part in parts {
            let digits = part.trim_end_matches(|character: char| !character.is_ascii_digit());
            let is_port = digits.len() == 5 || ["8080", "8443", "1900"].contains(&digits);
            masked.push_str(if is_port { "PORT" } else { digits });
            masked.push_str(&part[digits.len()..]);
        }
        masked.push('\n');
    }
    masked
}

/// Splits a command into words, as a shell does without variables.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for character in command.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

/// Returns the program of `cargo run` and its arguments.
fn cargo_run(words: &[String]) -> Option<(&str, &[String])> {
    let at = words.iter().position(|word| word == "--example" || word == "--bin")?;
    let (name, arguments) = words[at + 1..].split_first()?;
    Some((name, arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments)))
}

fn program(name: &str) -> Command {
    if name == "explain" { built(name) } else { example(name) }
}

/// A server that a page starts, and the lines that it shows of its output.
struct Server {
    name: String,
    program: Program,
    shown: Vec<String>,
}

impl Server {
    fn start(name: &str, arguments: &[String], shown: &str, folder: &Path) -> Self {
        let mut command = example(name);
        // Examples have default addresses, all but `ssdp`.
        let is_port = |word: &String| word == "127.0.0.1:1900";
        command.args(arguments.iter().filter(|word| !is_port(word))).arg("127.0.0.1:0");
        command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (output, notes) =
            (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let first = next(&notes);
        let address = first.rsplit(' ').next().unwrap().to_owned();
        let mut shown = shown.lines().map(str::to_owned);
        assert_eq!(masked(&first), masked(&shown.next().unwrap()));
        let program = Program { child, address, output, notes };
        Self { name: name.to_owned(), program, shown: shown.collect() }
    }

    /// Compares what the page shows with the output. Threads of two connections may print their
    /// lines in either order.
    fn end(self) {
        let (mut shown, mut printed) = (Vec::new(), Vec::new());
        for line in self.shown {
            let is_note = line.starts_with(&format!("{}: ", self.name));
            let stream = if is_note { &self.program.notes } else { &self.program.output };
            shown.push(masked(&line));
            printed.push(masked(&next(stream)));
        }
        shown.sort();
        printed.sort();
        assert_eq!(printed, shown, "{}", self.name);
    }
}

/// Runs a command, and returns its output.
fn output(command: &str, server: Option<&Server>, folder: &Path) -> String {
    let address = server.map(|server| server.program.address.as_str()).unwrap_or_default();
    if let Some((octets, command)) = command.strip_prefix("printf '").and_then(|command| {
        let (octets, command) = command.split_once("' | ")?;
        Some((octets.replace("\\r", "\r").replace("\\n", "\n"), command))
    }) {
        if command == "nc localhost 8080" {
            return exchange(address.parse().unwrap(), octets.as_bytes());
        }
        let words = words(command);
        let (name, arguments) = cargo_run(&words).unwrap();
        let mut child = program(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(octets.as_bytes()).unwrap();
        return text(&child.wait_with_output().unwrap().stdout);
    }
    let (command, shows_status) =
        command.strip_suffix("; echo $?").map_or((command, false), |command| (command, true));
    let port = address.rsplit(':').next().unwrap();
    let mut words = words(command);
    for word in &mut words {
        for shown in ["localhost:8080", "localhost:8443", "127.0.0.1:1900"] {
            *word = word.replace(shown, &shown.replace(&shown[10..], port));
        }
        // A gigabyte takes too long without optimization.
        *word = word.replace("n=1000", "n=10");
    }
    let is_curl = words[0] == "curl";
    let mut command = if is_curl {
        let mut command = Command::new("curl");
        command.args(&words[1..]);
        command
    } else {
        let (name, arguments) = cargo_run(&words).unwrap_or_else(|| panic!("{command}"));
        let mut command = example(name);
        command.args(arguments);
        let has_default = name.ends_with("_client") && arguments.is_empty();
        if has_default {
            command.arg(address.replace("127.0.0.1", "localhost"));
        }
        command
    };
    let ran = run(command.current_dir(folder));
    let mut output = if is_curl { String::new() } else { text(&ran.stderr) };
    output.push_str(&text(&ran.stdout));
    if shows_status {
        output.push_str(&format!("{}\n", ran.status.code().unwrap()));
    }
    output
}

/// Runs the commands of a section one after the other.
fn check(section: &str, server: &mut Option<Server>, folder: &Path) {
    for (_, block) in blocks(section).filter(|(language, _)| *language != "rust") {
        let Some(commands) = block.strip_prefix("$ ") else {
            // What a server has printed meanwhile.
            server.as_mut().unwrap().shown.extend(block.lines().map(str::to_owned));
            continue;
        };
        for shown in commands.split("\n$ ") {
            let (command, shown) = shown.split_once('\n').unwrap_or((shown, ""));
            let words = words(command);
            match cargo_run(&words) {
                Some((name, arguments))
                    if name.ends_with("_server")
                        || name == "tls"
                        || arguments.first().is_some_and(|word| word == "serve") =>
                {
                    let started = Server::start(name, arguments, shown, folder);
                    if let Some(before) = server.replace(started) {
                        before.end();
                    }
                }
                _ => {
                    let output = output(command, server.as_ref(), folder);
                    assert_eq!(masked(&output).trim_end(), masked(shown).trim_end(), "{command}");
                }
            }
        }
    }
}

#[test]
fn the_pages_show_what_the_programs_print() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("the pages' commands, since curl is not installed");
    }
    let folder = std::env::temp_dir().join(format!("bareline-pages-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut server = None;
    check(section(&read("README.md"), "The four programs"), &mut server, &folder);
    // The other tutorial has the same blocks: see below.
    let (_, sockets) = TUTORIAL.split_once("\n## The TCP server\n").unwrap();
    check(sockets, &mut server, &folder);
    let page = read("examples/README.md");
    let tokio = "tokio_server and tokio_client";
    for name in ["http_server", "fetch", "tls", "ssdp", "sans_io", tokio] {
        check(section(&page, name), &mut server, &folder);
    }
    server.unwrap().end();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_tutorials_show_the_code_of_the_programs() {
    let mut count = 0;
    let shown = TUTORIAL.split("<!-- ").skip(1).map(|part| part.split_once(" -->\n").unwrap());
    for (name, part) in shown {
        let (language, code) = blocks(part).next().unwrap();
        let program = read(&format!("examples/{name}"));
        assert!(language == "rust" && program.contains(code), "{name} has no such part: {code}");
        count += 1;
    }
    assert_eq!(count, blocks(TUTORIAL).filter(|(language, _)| *language == "rust").count());
    assert!(blocks(TUTORIAL).eq(blocks(TUTORIAL_JA)), "the tutorials have different blocks");
}

/// Looks for the programs, packages, recipes and files that commands name, without running them.
#[test]
fn every_command_of_the_pages_exists() {
    let justfile = read("justfile");
    let members = ["differential", "octets", "oracle", "properties", "sockets"];
    let mut count = 0;
    for page in [
        "README.md",
        "examples/README.md",
        "examples/TUTORIAL.md",
        "examples/TUTORIAL.ja.md",
        "CONTRIBUTING.md",
        "tests/README.md",
    ] {
        let markdown = read(page);
        let consoles = blocks(&markdown).flat_map(|(_, block)| block.lines());
        let consoles = consoles.filter_map(|line| line.strip_prefix("$ "));
        let spans = markdown.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        for command in consoles.chain(spans) {
            let words = words(command);
            let after = |word: &str| {
                let at = words.iter().position(|one| one == word)?;
                words.get(at + 1).map(String::as_str)
            };
            match &*words[0] {
                "just" if words.len() > 1 => {
                    let is_recipe = |line: &str| {
                        let name = line.split([' ', ':']).next().unwrap();
                        name == words[1]
                    };
                    assert!(justfile.lines().any(is_recipe), "{page}: {command}");
                }
                "cargo" => {
                    if let Some((name, _)) = cargo_run(&words) {
                        program(name);
                    }
                    let package = after("-p").and_then(|name| name.strip_prefix("bareline-"));
                    assert!(
                        package.is_none_or(|name| members.contains(&name)),
                        "{page}: {command}"
                    );
                    if let (Some(package), Some(test)) = (package, after("--test")) {
                        let path = root().join(format!("tests/{package}/{test}.rs"));
                        assert!(path.exists(), "{page}: {command}");
                    }
                }
                program if program.starts_with("tests/") || program.starts_with("examples/") => {
                    assert!(root().join(program).exists(), "{page}: {command}");
                }
                _ => continue,
            }
            count += 1;
        }
    }
    assert!(count > 60, "only {count} commands were seen");
}

/// Returns the cells of the first row of a table that begins with this cell.
fn row<'t>(text: &'t str, first: &str) -> Vec<&'t str> {
    let row = text.lines().find(|line| line.starts_with(&format!("| {first}"))).expect(first);
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// Compares the sizes of the firmwares with the recorded ones.
#[test]
fn the_page_of_the_firmwares_has_the_recorded_sizes() {
    let (page, record) =
        (read("examples/microcontroller/README.md"), read("tests/budgets/budgets.txt"));
    // Of one line each: `TARGET/firmware/NAME/flash OCTETS`.
    let sizes =
        record.lines().filter_map(|line| line.split_once("/firmware/")).map(|(of, rest)| {
            let (name, size) = rest.split_once('/').unwrap();
            (of, name, size.split_once(' ').unwrap())
        });
    let mut count = 0;
    for (target, name, (what, octets)) in sizes {
        let chip = match (name, target) {
            ("uart", "thumbv6m-none-eabi") => ", Cortex-M0",
            ("uart", _) => ", RISC-V",
            _ => "",
        };
        let column = if what == "flash" { 1 } else { 2 };
        let shown = row(&page, &format!("`{name}`{chip} "))[column].replace(',', "");
        assert_eq!(shown, octets, "{name}{chip}, {what}");
        count += 1;
    }
    assert!(count >= 8, "only {count} sizes were compared");
}

/// Compares the figures of the README with the pages that record them.
#[test]
fn the_readme_has_the_recorded_figures() {
    let (readme, bench, sizes) =
        (read("README.md"), read("bench/RESULTS.md"), read("core/EMBEDDED.md"));
    let builds = bench.split("ratio to httparse, of the minima\n").skip(1);
    let builds: Vec<_> = builds.map(|table| row(table, "**bareline, whole**")).collect();
    for (input, column) in [("35 octets", 1), ("703 octets", 4), ("512 random", 8)] {
        let figures: Vec<_> = builds.iter().map(|build| build[column]).collect();
        assert_eq!(row(&readme, input)[1..], figures);
    }
    let (head, peer) = (row(&sizes, "request head"), row(&sizes, "*httparse*"));
    let shown = [format!("{} ({})", head[1], peer[1]), format!("{} ({})", head[3], peer[3])];
    assert_eq!(row(&readme, "a request head")[1..], shown);
    let connection = row(&sizes, "server connection");
    assert_eq!(row(&readme, "a server's connection")[1..], [connection[1], connection[3]]);
}

/// Returns the figure that `just budgets` recorded under this name.
fn budget(name: &str) -> u64 {
    let record = read("tests/budgets/budgets.txt");
    let figure = record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    figure.unwrap_or_else(|| panic!("{name} is not recorded")).parse().unwrap()
}

/// Returns the numbers of a cell, without those in parentheses.
fn numbers(cell: &str) -> Vec<u64> {
    let parts = cell.split(')').map(|part| part.split('(').next().unwrap());
    let digits = parts.map(|part| part.replace(',', "").trim().to_owned());
    digits.filter(|digits| !digits.is_empty()).map(|digits| digits.parse().unwrap()).collect()
}

const THUMBV7M: &str = "thumbv7m-none-eabi";
const THUMBV6M: &str = "thumbv6m-none-eabi";
const RISCV: &str = "riscv32imc-unknown-none-elf";

/// Compares the page on devices with the figures that `just budgets` recorded.
#[test]
fn the_page_on_devices_has_the_recorded_figures() {
    let page = read("core/EMBEDDED.md");
    for (first, piece) in [
        ("request head", "request_head"),
        ("*httparse*, request head", "peer_httparse"),
        ("response head", "response_head"),
        ("chunked body, decoded", "chunked"),
        ("response written", "writer"),
        ("server connection", "server"),
        ("the same, without `reason-phrases`", "server_without_phrases"),
        ("blocking `ServerStream`", "stream"),
        ("asynchronous `ServerStream`", "stream_async"),
        ("blocking `ClientStream`", "client_stream"),
        ("asynchronous `ClientStream`", "client_stream_async"),
        ("every public function", "everything"),
    ] {
        let row = row(&page, first);
        for (target, [flash, stack, counts]) in [(THUMBV7M, [1, 3, 4]), (THUMBV6M, [5, 6, 7])] {
            let recorded = |what: &str| budget(&format!("{target}/{piece}/{what}"));
            assert_eq!(numbers(row[flash]), [recorded("flash")], "{first}");
            assert_eq!(numbers(row[stack]), [recorded("stack")], "{first}");
            for (number, count) in numbers(row[counts]).into_iter().enumerate() {
                assert_eq!(count, recorded(&format!("instructions/{number}")), "{first}");
            }
        }
    }
    let text = page.replace('\n', " ");
    let more = |piece: &str| {
        let flash = |target| budget(&format!("{target}/{piece}/flash"));
        (flash(RISCV) * 100 + flash(THUMBV7M) / 2) / flash(THUMBV7M) - 100
    };
    let shown = format!(
        "On RISC-V, a server connection takes {} % more flash than on a Cortex-M3, a blocking \
         `ServerStream` {} % more.",
        more("server"),
        more("stream")
    );
    assert!(text.contains(&shown), "{shown}");
    let memory = |of: &str| budget(&format!("{THUMBV7M}/memory/{of}"));
    let buffers = [("FieldSpans<32>", 8 * 32), ("RecvBuf<1536>", 1536), ("WireBuf<512>", 512)];
    let lengths: u64 = buffers.iter().map(|(buffer, octets)| memory(buffer) - octets).sum();
    let (server, stream) = (memory("ServerConnection"), memory("ServerStream"));
    let whole = server + lengths;
    let kilobytes = (whole + 8 * 32 + 1536 + 512 + 50) / 100;
    for shown in [
        format!("> {whole} + 8 × `FIELDS` + `RECEIVED` + `SENT`"),
        format!("where {whole} is the size"),
        format!("a connection takes {}.{} KB.", kilobytes / 10, kilobytes % 10),
        format!("A `ServerStream` takes {} octets more", stream - server),
        format!("All but {stream} of its octets"),
    ] {
        assert!(text.contains(&shown), "{shown}");
    }
    for piece in ["server", "stream"] {
        let stack = |target| budget(&format!("{target}/{piece}/stack"));
        assert!(stack(RISCV) < stack(THUMBV7M), "{piece}");
    }
    for (name, before) in [("embassy", "is one static of "), ("board", "are statics of ")] {
        let (_, after) = text.split_once(before).unwrap();
        let octets = after.split(" octets").next().unwrap();
        assert_eq!(numbers(octets), [budget(&format!("{THUMBV7M}/pool/{name}"))], "{name}");
    }
}
