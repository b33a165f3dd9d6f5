//! Tests of `files`: types, ranges, conditions, listings, and no way out of the folder.

use crate::browser::Browser;
use crate::peers::has;
use crate::{Program, TIMEOUT, connect, example, exchange_all, lines, next, run, text, until};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The date of RFC 9110 section 5.6.7.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
/// The tag of ten octets of that date.
const TAG: &str = "\"ae1b981bc490a00-a\"";

/// A folder that a server serves, beside a file that it must not serve.
struct Served {
    above: PathBuf,
    program: Program,
}

impl Served {
    /// Serves these files; a name that ends in a slash is that of a folder.
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let above = crate::peers::folder(&format!("files-{test}"));
        fs::write(above.join("secret"), "secret").unwrap();
        let root = above.join("root");
        fs::create_dir_all(&root).unwrap();
        for (name, content) in files {
            write(&root.join(name), content);
        }
        let program = Program::of(example("files").arg(&root).arg("127.0.0.1:0"));
        Self { above, program }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.above.join("root").join(name)
    }

    /// Sends a request with these field lines, and returns the response.
    fn ask(&self, method: &str, target: &str, fields: &[&str]) -> Response {
        let lines: String = fields.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let response = exchange_all(self.program.tcp(), request.as_bytes());
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        Response { head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, target: &str) -> Response {
        self.ask("GET", target, &[])
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.above);
    }
}

/// Writes a file of the known date, and its folder.
fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(784_111_777)).unwrap();
}

struct Response {
    head: String,
    body: String,
}

impl Response {
    fn status(&self) -> &str {
        &self.head["HTTP/1.1 ".len()..][..3]
    }

    /// Returns the value of a field, or nothing without the field.
    fn field(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(one, _)| *one == name).map(|(_, value)| value);
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} is repeated");
        value
    }
}

#[test]
fn a_start_that_fails_names_the_folder_or_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (folder, address, told) in [
        ("no/folder", "127.0.0.1:0", "files: cannot open no/folder: "),
        (".", &*taken, &*format!("files: cannot listen on {taken}: ")),
    ] {
        let output = run(example("files").args([folder, address]));
        let printed = text(&output.stderr);
        assert!(output.status.code() == Some(1) && printed.starts_with(told), "{printed}");
    }
}

#[test]
fn the_type_of_a_file_is_that_of_its_name() {
    let names = ["a.html", "a.txt", "a.PNG", "a.js", "a.tar.gz", "a.unknown", "none"];
    let types = [
        "text/html; charset=utf-8",
        "text/plain; charset=utf-8",
        "image/png",
        "text/javascript; charset=utf-8",
        "application/gzip",
        "application/octet-stream",
        "application/octet-stream",
    ];
    let served = Served::new("types", &names.map(|name| (name, "0123456789")));
    for (name, kind) in names.iter().zip(types) {
        for method in ["GET", "HEAD"] {
            let response = served.ask(method, &format!("/{name}"), &[]);
            assert_eq!((response.status(), response.field("Content-Type")), ("200", kind));
            assert_eq!(response.field("Content-Length"), "10");
            assert_eq!(response.body, if method == "GET" { "0123456789" } else { "" });
            assert_eq!((response.field("Last-Modified"), response.field("ETag")), (DATE, TAG));
            assert_eq!(response.field("Accept-Ranges"), "bytes");
        }
    }
    let response = served.ask("POST", "/a.txt", &["Content-Length: 0"]);
    assert_eq!((response.status(), response.field("Allow")), ("405", "GET, HEAD"));
}

#[test]
fn rfc9110_14_1_2_a_range_selects_a_part() {
    let served = Served::new("ranges", &[("ten", "0123456789"), ("empty", "")]);
    let ask = |target: &str, range: &str| served.ask("GET", target, &[&format!("Range: {range}")]);
    for (range, part, body) in [
        ("bytes=0-4", "0-4", "01234"),
        ("bytes=9-9", "9-9", "9"),
        ("bytes=3-", "3-9", "3456789"),
        ("bytes=-3", "7-9", "789"),
        ("Bytes=2-4", "2-4", "234"),
        ("bytes=0-99", "0-9", "0123456789"),
        ("bytes=-99", "0-9", "0123456789"),
        ("bytes=8-99999999999999999999999", "8-9", "89"),
        ("bytes=1-18446744073709551615", "1-9", "123456789"),
    ] {
        let response = ask("/ten", range);
        assert_eq!((response.status(), &*response.body), ("206", body), "{range}");
        assert_eq!(response.field("Content-Range"), format!("bytes {part}/10"));
        assert_eq!(response.field("Content-Length"), body.len().to_string());
        assert_eq!((response.field("ETag"), response.field("Last-Modified")), (TAG, DATE));
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"] {
        let response = ask("/ten", range);
        assert_eq!((response.status(), response.field("Content-Range")), ("416", "bytes */10"));
        assert_eq!(response.body, "", "{range}");
    }
    for range in [
        "bytes=4-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1-2,4-5",
        "bytes 1-2",
        "lines=1-2",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes= 1-2",
    ] {
        let response = ask("/ten", range);
        assert_eq!((response.status(), &*response.body), ("200", "0123456789"), "{range}");
    }
    for (range, status) in [("bytes=0-", "416"), ("bytes=-5", "200"), ("bytes=-0", "416")] {
        assert_eq!(ask("/empty", range).status(), status, "{range} of nothing");
    }
    // Range has a meaning for GET alone (section 14.2), and may not occur twice.
    let response = served.ask("HEAD", "/ten", &["Range: bytes=0-4"]);
    assert_eq!((response.status(), response.field("Content-Length")), ("200", "10"));
    let twice = served.ask("GET", "/ten", &["Range: bytes=0-4", "Range: bytes=5-6"]);
    assert_eq!((twice.status(), &*twice.body), ("200", "0123456789"));
}

/// Each row has fields of a request, and the status of the response.
#[test]
fn rfc9110_13_2_2_conditions_have_their_order() {
    let served = Served::new("conditions", &[("ten", "0123456789")]);
    let weak = format!("W/{TAG}");
    let list = format!("\"x\", {TAG} ,\"y,z\"");
    let (date, other) = (|name: &str, date: &str| format!("{name}: {date}"), "\"other\"");
    let tag = |name: &str, tag: &str| format!("If-{name}: {tag}");
    let range = || "Range: bytes=0-4".to_owned();
    for (fields, status) in [
        (vec![tag("Match", TAG)], "200"),
        (vec![tag("Match", "*")], "200"),
        (vec![tag("Match", &list)], "200"),
        (vec![tag("Match", other)], "412"),
        (vec![tag("Match", other), tag("Match", TAG)], "200"),
        (vec![tag("Match", "")], "412"),
        // Strong comparison (section 8.8.3.2).
        (vec![tag("Match", &weak)], "412"),
        (vec![date("If-Unmodified-Since", DATE)], "200"),
        (vec![date("If-Unmodified-Since", AFTER)], "200"),
        (vec![date("If-Unmodified-Since", BEFORE)], "412"),
        (vec![date("If-Unmodified-Since", "yesterday")], "200"),
        // If-Match counts, not If-Unmodified-Since.
        (vec![tag("Match", TAG), date("If-Unmodified-Since", BEFORE)], "200"),
        (vec![tag("Match", other), date("If-Unmodified-Since", AFTER)], "412"),
        (vec![tag("None-Match", TAG)], "304"),
        (vec![tag("None-Match", "*")], "304"),
        (vec![tag("None-Match", &list)], "304"),
        (vec![tag("None-Match", other)], "200"),
        // Weak comparison.
        (vec![tag("None-Match", &weak)], "304"),
        (vec![date("If-Modified-Since", DATE)], "304"),
        (vec![date("If-Modified-Since", AFTER)], "304"),
        (vec![date("If-Modified-Since", BEFORE)], "200"),
        // The obsolete forms of section 5.6.7.
        (vec![date("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], "304"),
        (vec![date("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], "304"),
        (vec![date("If-Modified-Since", "tomorrow")], "200"),
        (vec![date("If-Modified-Since", DATE), date("If-Modified-Since", DATE)], "200"),
        // If-None-Match counts, not If-Modified-Since.
        (vec![tag("None-Match", other), date("If-Modified-Since", DATE)], "200"),
        (vec![tag("None-Match", TAG), date("If-Modified-Since", BEFORE)], "304"),
        // If-Match comes first.
        (vec![tag("Match", other), tag("None-Match", TAG)], "412"),
        (vec![tag("Match", TAG), tag("None-Match", TAG)], "304"),
        (vec![date("If-Unmodified-Since", BEFORE), tag("None-Match", TAG)], "412"),
        // If-Range comes last.
        (vec![range(), tag("Range", TAG)], "206"),
        (vec![range(), tag("Range", &weak)], "200"),
        (vec![range(), tag("Range", other)], "200"),
        (vec![range(), tag("Range", DATE)], "206"),
        (vec![range(), tag("Range", AFTER)], "200"),
        (vec![range(), tag("Range", BEFORE)], "200"),
        (vec![range(), tag("Range", TAG), tag("None-Match", TAG)], "304"),
        (vec![range(), tag("Match", other)], "412"),
        (vec!["Range: bytes=99-".to_owned(), tag("Range", other)], "200"),
        (vec!["Range: bytes=99-".to_owned(), tag("None-Match", TAG)], "304"),
        (vec![tag("Range", TAG)], "200"),
    ] {
        let lines: Vec<_> = fields.iter().map(String::as_str).collect();
        let response = served.ask("GET", "/ten", &lines);
        assert_eq!(response.status(), status, "{fields:?}");
        let body = match status {
            "200" => "0123456789",
            "206" => "01234",
            _ => "",
        };
        assert_eq!(response.body, body, "{fields:?}");
        assert_eq!((response.field("ETag"), response.field("Last-Modified")), (TAG, DATE));
        let of_head = if status == "206" { "200" } else { status };
        assert_eq!(served.ask("HEAD", "/ten", &lines).status(), of_head, "{fields:?}");
    }
}

/// A file that was changed within the last second may change again without a new time.
#[test]
fn rfc9110_8_8_1_the_tag_of_a_young_file_is_weak() {
    let served = Served::new("young", &[("ten", "0123456789")]);
    let file = OpenOptions::new().write(true).open(served.path("ten")).unwrap();
    // A date in the future must not be sent: the file counts as changed now.
    file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    // The second may change between the two fields.
    let mut young = served.get("/ten");
    let is_now = || {
        young = served.get("/ten");
        young.field("Last-Modified") == young.field("Date")
    };
    assert!(until(TIMEOUT, is_now));
    let tag = young.field("ETag").to_owned();
    let strong = tag.strip_prefix("W/").unwrap();
    let (range, tags) = ("Range: bytes=0-4", [&*tag, strong, young.field("Date")]);
    for tag in tags {
        assert_eq!(
            served.ask("GET", "/ten", &[range, &format!("If-Range: {tag}")]).status(),
            "200"
        );
    }
    for tag in [&tag, strong] {
        let status = |name: &str| {
            served.ask("GET", "/ten", &[&format!("{name}: {tag}")]).status().to_owned()
        };
        assert_eq!((&*status("If-Match"), &*status("If-None-Match")), ("412", "304"));
    }
    assert_eq!(served.ask("GET", "/ten", &["If-Match: *"]).status(), "200");
    // HTTP has no date before 1970.
    file.set_modified(UNIX_EPOCH - Duration::from_secs(3600)).unwrap();
    assert_eq!(served.get("/ten").field("Last-Modified"), "Thu, 01 Jan 1970 00:00:00 GMT");
}

#[cfg(unix)]
#[test]
fn there_is_no_way_out_of_the_folder() {
    use std::os::unix::fs::symlink;
    let files = [
        ("in/file", "file"),
        (".git/config", "config"),
        ("a\\b", "b"),
        ("dir/.env", ""),
        ("odd/index.html/file", "file"),
    ];
    let served = Served::new("outside", &files);
    for (link, to) in [
        ("out", "../secret"),
        ("above", ".."),
        ("in/out", "../../secret"),
        ("absolute", "/etc/passwd"),
        ("loop", "loop"),
        ("in/loop", "../other"),
        ("other", "in/loop"),
        ("dangling", "nothing"),
        ("inside", "in"),
        ("in/inside", "../in/file"),
    ] {
        symlink(to, served.path(link)).unwrap();
    }
    let pipe = Command::new("mkfifo").arg(served.path("pipe")).status().unwrap();
    assert!(pipe.success());
    for target in [
        "/../secret",
        "/in/../../secret",
        "/..",
        "/.",
        "/./in/file",
        "/in/./file",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/%2E%2E%2Fsecret",
        "/..%2fsecret",
        "/in%2f..%2f..%2fsecret",
        "/in%2Ffile",
        "/..%5csecret",
        "/in%5cfile",
        "/a%5cb",
        "/in/file%00",
        "/in/file%00.txt",
        "/%00",
        "//",
        "//secret",
        "//in/file",
        "/in//file",
        "/in/file/",
        "/.git/config",
        "/.git/",
        "/dir/.env",
        "/%2egit/config",
        "/%ff",
        "/%",
        "/%2",
        "/pipe",
        "/pipe/",
        "/dangling",
        "/nothing",
        "/in/nothing/",
        "/in/file/nothing",
        // A loop of links, and in a path.
        "/loop",
        "/loop/",
        "/loop/x",
        "/in/loop?q",
    ] {
        let response = served.get(target);
        assert_eq!((response.status(), &*response.body), ("404", "Not Found"), "{target}");
    }
    for long in ["x".repeat(300), "in/".repeat(300), "x/".repeat(2500), "%61/".repeat(1200)] {
        assert_eq!(served.get(&format!("/{long}")).status(), "404", "{} octets", long.len());
    }
    for target in
        ["/out", "/above/", "/above/secret", "/above/root/in/file", "/absolute", "/in/out"]
    {
        let response = served.get(target);
        assert_eq!((response.status(), &*response.body), ("403", "Forbidden"), "{target}");
    }
    for target in [
        "/in/file",
        "/inside/file",
        "/in/inside",
        "/%69n/fil%65",
        "http://b/in/file",
        "/in/file?/..",
    ] {
        let response = served.get(target);
        assert_eq!((response.status(), &*response.body), ("200", "file"), "{target}");
    }
    for (target, location) in [
        ("/in", "/in/"),
        ("/inside?q", "/inside/?q"),
        ("/in?x=1&y=%2F", "/in/?x=1&y=%2F"),
        ("/in?", "/in/?"),
        ("/%69n", "/%69n/"),
    ] {
        let response = served.get(target);
        assert_eq!((response.status(), response.field("Location")), ("301", location));
    }
    for (target, expected) in [
        ("/", "dir/ in/ inside/ odd/"),
        ("/in/", "../ file inside"),
        ("/odd/", "../ index%2Ehtml/"),
    ] {
        let page = served.get(target).body;
        let links = page.split("href=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]);
        assert_eq!(links.collect::<Vec<_>>().join(" "), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_gets_a_403() {
    use std::os::unix::fs::PermissionsExt;
    let served = Served::new("permission", &[("closed", ""), ("folder/file", "")]);
    for (name, mode) in [("closed", 0o000), ("folder", 0o400)] {
        fs::set_permissions(served.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    // root may read any file.
    let status = if File::open(served.path("closed")).is_ok() { "200" } else { "403" };
    for target in ["/closed", "/folder/file"] {
        assert_eq!(served.get(target).status(), status, "{target}");
    }
    fs::set_permissions(served.path("folder"), fs::Permissions::from_mode(0o700)).unwrap();
}

/// Serves a folder on a Unix socket, as nginx does by default but for the listing.
const NGINX: &str = "daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log;
events {}
http {
    access_log off; client_body_temp_path FOLDER; proxy_temp_path FOLDER; fastcgi_temp_path FOLDER;
    uwsgi_temp_path FOLDER; scgi_temp_path FOLDER;
    server { listen unix:FOLDER/socket; root FOLDER/root; autoindex on; }
}";

/// A process that is killed on drop.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the status of a response, or `none` without one within a second.
fn status(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut start = [0; 12];
    match stream.read_exact(&mut start) {
        Ok(()) => crate::text(&start[9..]),
        Err(_) => "none".to_owned(),
    }
}

/// The table of examples/README.md: requests, and the status that each of three servers sends.
#[cfg(unix)]
#[test]
fn the_table_of_file_servers_is_true() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;
    if !has("python3", "--version") || !has("nginx", "-v") {
        return;
    }
    let served = Served::new("table", &[("ten", "0123456789"), (".git/config", ""), ("in/a", "")]);
    symlink("../secret", served.path("link")).unwrap();
    symlink("loop", served.path("loop")).unwrap();
    let pipe = Command::new("mkfifo").arg(served.path("pipe")).status().unwrap();
    assert!(pipe.success());
    // The path of a Unix socket has at most 108 octets.
    let short = std::env::temp_dir().join(format!("bareline-files-{}", std::process::id()));
    symlink(&served.above, &short).unwrap();
    let conf = served.above.join("conf");
    fs::write(&conf, NGINX.replace("FOLDER", short.to_str().unwrap())).unwrap();
    let nginx = Command::new("nginx").arg("-p").arg(&short).arg("-c").arg(&conf).spawn().unwrap();
    let _nginx = Killed(nginx);
    let socket = short.join("socket");
    assert!(until(TIMEOUT, || UnixStream::connect(&socket).is_ok()), "nginx does not listen");
    let options = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"];
    let mut python = Command::new("python3");
    python.args(options).arg(served.path("")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut python = python.spawn().unwrap();
    // Serving HTTP on 127.0.0.1 port 40000 (http://127.0.0.1:40000/) ...
    let line = next(&lines(python.stdout.take().unwrap()));
    let _python = Killed(python);
    let port: u16 = line.split(' ').nth(5).unwrap().parse().unwrap();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/README.md"));
    let page = page.unwrap();
    let (_, section) = page.split_once("\n## files\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    for row in &rows {
        let [request, expected @ ..] = &row.trim_matches('|').split(" | ").collect::<Vec<_>>()[..]
        else {
            panic!("{row}")
        };
        let mut lines = request.split('`').skip(1).step_by(2);
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let fields: String = lines.map(|line| format!("{line}\r\n")).collect();
        let octets = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let second = Some(Duration::from_secs(1));
        let tcp = |address| {
            let stream = connect(address);
            stream.set_read_timeout(second).unwrap();
            status(stream, &octets)
        };
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(second).unwrap();
        let seen = [
            tcp(served.program.tcp()),
            tcp(([127, 0, 0, 1], port).into()),
            status(stream, &octets),
        ];
        let expected: Vec<_> = expected.iter().map(|cell| cell.trim()).collect();
        assert_eq!(seen[..], expected, "{request}");
    }
    assert!(rows.len() > 10, "{} rows", rows.len());
    fs::remove_file(short).unwrap();
}

/// The script of a page fetches each link of the listing, as a person would click on it.
#[test]
fn chromium_finds_each_file_by_its_link() {
    let names = [
        "plain",
        "a b",
        "<b>&\"'.txt",
        "#?;&=%41%2f",
        "http:x",
        "ümlaut",
        "日本",
        "`{|}^[]~",
        "javascript:alert(1)",
        "new\nline",
        "+",
        "-",
        "a:b/c d",
    ];
    let files: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
    let served = Served::new("listing", &files);
    let url = format!("http://{}/", served.program.address);
    let Some(mut browser) = Browser::open("chromium-files", &url) else { return };
    browser.until("document.readyState == 'complete' && document.links.length > 0");
    let script = "Promise.all([...document.links].map(async link => \
                  [link.textContent, await (await fetch(link.href)).text()]))";
    let found = browser.value(script);
    let mut found: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()))
        .collect();
    let folder = found.iter().position(|(name, _)| name == "a:b/").unwrap();
    let (_, page) = found.remove(folder);
    assert!(page.contains("<li><a href=\"../\">../</a>\n<li><a href=\"c%20d\">c d</a>"), "{page}");
    let mut expected: Vec<_> = names.iter().filter(|name| !name.contains('/')).collect();
    expected.sort();
    assert_eq!(found.iter().map(|(name, _)| name).collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|(name, content)| name == content), "{found:?}");
    assert_eq!(browser.value("document.title"), "/");
    // A page of the folder's own comes instead of the listing.
    write(&served.path("index.html"), "<title>own</title>");
    assert_eq!(browser.value("fetch('/').then(page => page.text())"), "<title>own</title>");
}

/// The length of a file that does not fit into the buffers of sockets.
const LARGE: u64 = 64 << 20;

#[test]
fn a_file_that_changes_its_size_misleads_nobody() {
    let served = Served::new("size", &[("large", "")]);
    let file = OpenOptions::new().write(true).open(served.path("large")).unwrap();
    let request = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    for is_longer in [true, false] {
        file.set_len(LARGE).unwrap();
        let mut stream = connect(served.program.tcp());
        stream.write_all(request).unwrap();
        // The beginning has arrived, and the server waits for the client to read on.
        let mut head = [0; 4096];
        stream.read_exact(&mut head).unwrap();
        let head_length = head.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        file.set_len(if is_longer { 2 * LARGE } else { LARGE / 2 }).unwrap();
        let rest = LARGE - (4096 - head_length) as u64;
        let read = std::io::copy(&mut (&stream).take(rest), &mut std::io::sink()).unwrap();
        if is_longer {
            assert_eq!(read, rest);
            stream.write_all(b"HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            let mut next = [0; 15];
            stream.read_exact(&mut next).unwrap();
            assert_eq!(&next, b"HTTP/1.1 200 OK");
        } else {
            assert!(read < rest, "{read} octets");
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection is closed");
            let reason = "the file became shorter while it was sent";
            assert!(until(TIMEOUT, || next(&served.program.notes).contains(reason)));
        }
    }
}
