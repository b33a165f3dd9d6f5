//! A file server: types, ranges, conditional requests, listings, and no way out of its folder.

use bareline_net::core::head::FieldsNamed;
use bareline_net::{
    Error, Exchange, FieldName, FieldValue, Method, RequestHead, Responder, Server, Status,
};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata};
use clap::Parser;
use httpdate::HttpDate;
use log::LevelFilter;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rustix::io::Errno;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Serves the files of a folder over HTTP, until Ctrl-C, and logs each request in a line.
///
/// Names that begin with a dot are not served, nor are links that lead out of the folder.
#[derive(Parser)]
struct Arguments {
    /// The folder.
    folder: PathBuf,
    /// The address to listen on, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
}

const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");
const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
/// The limit of names in a listing.
const LISTED: usize = 10_000;

fn main() -> ExitCode {
    let Arguments { folder, address } = Arguments::parse();
    env_logger::Builder::new().filter_level(LevelFilter::Info).init();
    let Err(error) = serve(&folder, &address) else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "files: {error}");
    ExitCode::FAILURE
}

fn serve(folder: &Path, address: &str) -> Result<(), Error> {
    // Opens no path that leads out of the folder, by a link or otherwise.
    let root = Dir::open_ambient_dir(folder, ambient_authority()).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot open {}: {error}", folder.display()))
    })?;
    let server = Server::bind(address)?;
    let handle = server.handle();
    ctrlc::set_handler(move || handle.shutdown()).map_err(io::Error::other)?;
    let _ = writeln!(io::stderr(), "files: listening on {}", server.local_addr()?);
    server.serve(move |exchange| respond(&root, exchange))
}

fn respond(root: &Dir, Exchange { head, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let (method, target) = (head.method(), head.target().path());
    let query = head.target().query().map_or(String::new(), |query| format!("?{query}"));
    let folder = format!("{target}/{query}");
    let (status, field) = match find(root, target) {
        _ if !matches!(method, Method::GET | Method::HEAD) => {
            let allowed = FieldValue::from_static("GET, HEAD");
            (Status::METHOD_NOT_ALLOWED, (FieldName::ALLOW, allowed))
        }
        Ok(Found::File(file, path)) => return send(head, responder, file, &path),
        Ok(Found::Listing(page)) => {
            return responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, HTML)], page.as_bytes());
        }
        Ok(Found::Folder) => {
            (Status::MOVED_PERMANENTLY, (FieldName::LOCATION, FieldValue::new(&folder)?))
        }
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
                (Status::NOT_FOUND, (FieldName::CONTENT_TYPE, TEXT))
            }
            // A loop of links leads nowhere, as a dangling link does. The kind has no stable name.
            _ if Errno::from_io_error(&error) == Some(Errno::LOOP) => {
                (Status::NOT_FOUND, (FieldName::CONTENT_TYPE, TEXT))
            }
            ErrorKind::PermissionDenied => (Status::FORBIDDEN, (FieldName::CONTENT_TYPE, TEXT)),
            // The client gets a 500, and the log the reason.
            _ => return Err(error.into()),
        },
    };
    responder.send(status, &[field], status.reason().as_bytes())
}

enum Found {
    File(File, PathBuf),
    Listing(String),
    /// A folder whose target lacks the slash that relative links need.
    Folder,
}

/// Finds the file or folder with this path of a request target.
fn find(root: &Dir, target: &str) -> io::Result<Found> {
    let mut path = decoded(target).ok_or(ErrorKind::NotFound)?;
    match (root.metadata(&path)?.is_dir(), target.ends_with('/')) {
        (true, false) => return Ok(Found::Folder),
        (true, true) if root.is_file(path.join("index.html")) => path.push("index.html"),
        (true, true) => return Ok(Found::Listing(listing(root, &path, target)?)),
        // To open a named pipe would wait for its writer.
        (false, false) if root.is_file(&path) => {}
        (false, _) => return Err(ErrorKind::NotFound.into()),
    }
    Ok(Found::File(root.open(&path)?, path))
}

/// Decodes the path of a request target, segment by segment, so that an encoded slash does not
/// divide one.
fn decoded(target: &str) -> Option<PathBuf> {
    if target == "/" {
        return Some(PathBuf::from("."));
    }
    let path = target.strip_prefix('/')?;
    let segments = path.strip_suffix('/').unwrap_or(path).split('/');
    let names = segments.map(|segment| percent_decode_str(segment).decode_utf8().ok());
    names.map(|name| name.filter(|name| is_served(name)).map(|name| name.into_owned())).collect()
}

/// Returns whether a file of this name is served. `.` and `..` are not, nor is `.git`.
fn is_served(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Returns a page with links to what is served of a folder.
fn listing(root: &Dir, path: &Path, target: &str) -> io::Result<String> {
    let entries = root.read_dir(path)?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    // To `root` a link that leads out is neither a file nor a folder.
    let (is_file, is_dir) =
        (|name: &str| root.is_file(path.join(name)), |name: &str| root.is_dir(path.join(name)));
    let is_listed = |name: &String| is_served(name) && (is_file(name) || is_dir(name));
    let mut names: Vec<_> = names.filter(is_listed).take(LISTED).collect();
    names.sort();
    let title = escaped(&percent_decode_str(target).decode_utf8_lossy());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<ul>\n"
    );
    if target != "/" {
        page += "<li><a href=\"../\">../</a>\n";
    }
    for name in names {
        let slash = if is_dir(&name) { "/" } else { "" };
        let (link, name) = (utf8_percent_encode(&name, NON_ALPHANUMERIC), escaped(&name));
        page += &format!("<li><a href=\"{link}{slash}\">{name}{slash}</a>\n");
    }
    Ok(page + "</ul>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Sends a file, or what the conditions and the range of the request leave of it.
fn send(
    head: RequestHead<'_>,
    responder: Responder<'_>,
    mut file: File,
    path: &Path,
) -> Result<(), Error> {
    let metadata = file.metadata()?;
    let (length, version) = (metadata.len(), FileVersion::new(&metadata)?);
    let weak = if version.is_weak { "W/" } else { "" };
    let (tag, date) = (format!("{weak}{}", version.tag), version.modified.to_string());
    let mut kind = mime_guess::from_path(path).first_or_octet_stream().to_string();
    if kind.starts_with("text/") {
        kind += "; charset=utf-8";
    }
    let mut fields = vec![
        (FieldName::ETAG, FieldValue::new(&tag)?),
        (FieldName::LAST_MODIFIED, FieldValue::new(&date)?),
    ];
    if let Some(status) = version.unmet(head) {
        return responder.send(status, &fields, b"");
    }
    let (status, part, range) = match version.part(head, length) {
        None => (Status::OK, 0..length, String::new()),
        Some(part) if part.is_empty() => {
            let range = format!("bytes */{length}");
            let range = [(FieldName::CONTENT_RANGE, FieldValue::new(&range)?)];
            return responder.send(Status::RANGE_NOT_SATISFIABLE, &range, b"");
        }
        Some(part) => {
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            (Status::PARTIAL_CONTENT, part, range)
        }
    };
    fields.extend([
        (FieldName::CONTENT_TYPE, FieldValue::new(&kind)?),
        (FieldName::X_CONTENT_TYPE_OPTIONS, FieldValue::from_static("nosniff")),
        match status {
            Status::OK => (FieldName::ACCEPT_RANGES, FieldValue::from_static("bytes")),
            _ => (FieldName::CONTENT_RANGE, FieldValue::new(&range)?),
        },
    ]);
    let length = part.end - part.start;
    let mut body = responder.stream_sized(status, &fields, length)?;
    if head.method() == Method::GET {
        file.seek(SeekFrom::Start(part.start))?;
        // A file that grows meanwhile is sent up to the length in the head.
        let sent = io::copy(&mut BufReader::with_capacity(1 << 16, file.take(length)), &mut body)?;
        if sent < length {
            // The client sees that the response is cut short.
            return Err(io::Error::other("the file became shorter while it was sent").into());
        }
    }
    body.finish()
}

/// The validators of a file [RFC 9110 section 8.8].
struct FileVersion {
    /// The entity tag without `W/`.
    tag: String,
    modified: HttpDate,
    /// Another change may still get the same time, so neither validator is strong.
    is_weak: bool,
}

impl FileVersion {
    fn new(metadata: &Metadata) -> io::Result<Self> {
        let (since, now) = (metadata.modified()?.into_std(), SystemTime::now());
        // A date in the future must not be sent (section 8.8.2.1); HTTP has none before 1970.
        let modified = since.min(now).max(UNIX_EPOCH);
        let is_weak = now.duration_since(modified).unwrap_or_default() < Duration::from_secs(1);
        let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let tag = format!("\"{since:x}-{:x}\"", metadata.len());
        Ok(Self { tag, modified: modified.into(), is_weak })
    }

    /// Returns the status for the first precondition that is not met [RFC 9110 section 13.2.2].
    fn unmet(&self, head: RequestHead<'_>) -> Option<Status> {
        let (fields, tag) = (head.fields(), self.tag.as_bytes());
        let is_since = |name| Some(self.modified <= date(fields.only(name).ok()??)?);
        let is_same = has_tag(fields.all(FieldName::IF_MATCH), |one| self.is(one));
        if is_same.or_else(|| is_since(FieldName::IF_UNMODIFIED_SINCE)) == Some(false) {
            return Some(Status::PRECONDITION_FAILED);
        }
        let is_it = |one: &[u8]| one.strip_prefix(b"W/").unwrap_or(one) == tag;
        let is_known = has_tag(fields.all(FieldName::IF_NONE_MATCH), is_it)
            .or_else(|| is_since(FieldName::IF_MODIFIED_SINCE));
        (is_known == Some(true)).then_some(Status::NOT_MODIFIED)
    }

    /// Returns whether this is the entity tag of this version, and a strong one.
    fn is(&self, tag: &[u8]) -> bool {
        !self.is_weak && tag == self.tag.as_bytes()
    }

    /// Returns the range of octets that the request selects, an empty one if it cannot be satisfied
    /// [RFC 9110 section 14.1.2].
    ///
    /// A range is ignored if it is invalid, in another unit or one of several, which section 14.2
    /// allows, and if `If-Range` names another version (section 13.1.5).
    fn part(&self, head: RequestHead<'_>, length: u64) -> Option<Range<u64>> {
        let is_this = head.fields().only(FieldName::IF_RANGE).ok()?.is_none_or(|value| {
            self.is(value.as_bytes()) || !self.is_weak && date(value) == Some(self.modified)
        });
        let range = head.fields().only(FieldName::RANGE).ok()??.as_str().ok()?;
        let (unit, range) = range.split_once('=')?;
        if head.method() != Method::GET || !is_this || !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit());
            is_number.then(|| digits.parse().unwrap_or(u64::MAX))
        };
        match range.split_once('-')? {
            // No `Content-Range` can say that a part has no octets.
            ("", suffix) if length == 0 && number(suffix)? > 0 => None,
            ("", suffix) => Some(length.saturating_sub(number(suffix)?)..length),
            (first, "") => Some(number(first)?..length),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then(|| first..last.saturating_add(1).min(length))
            }
        }
    }
}

/// Returns whether a list of entity tags is `*` or has such a tag, or `None` without a list.
fn has_tag(lists: FieldsNamed<'_, '_>, is_it: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut lists = lists.peekable();
    lists.peek()?;
    let mut tags = lists.flat_map(|list| list.as_bytes().split(|&octet| octet == b','));
    Some(tags.any(|tag| tag.trim_ascii() == b"*" || is_it(tag.trim_ascii())))
}

fn date(value: FieldValue<'_>) -> Option<HttpDate> {
    value.as_str().ok()?.parse().ok()
}
