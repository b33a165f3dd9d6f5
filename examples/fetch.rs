//! A small curl: sends any method, fields and body, and streams the response's body to standard
//! output or a file.

use bareline_net::core::body::Framing;
use bareline_net::core::value::dump;
use bareline_net::{
    Client, ClientRequest, ClientResponse, Error, FieldName, FieldValue, Method, ResponseHead,
    Settings, Status,
};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Requests a URL, and prints the body of the response.
#[derive(Parser)]
#[command(after_help = "Exit status: 0 when the response's status is 2xx or 304, 3 when it is a \
                        redirection that was not followed, 4 when it is 4xx, 5 when it is 5xx; 1 \
                        when no complete response was received (a line on standard error says \
                        why); 2 when the arguments are invalid.")]
struct Arguments {
    /// The method: GET by default, and POST with --data
    #[arg(short = 'X', long, value_parser = method)]
    method: Option<String>,
    /// A field (header) of the request; may be given more than once
    #[arg(short = 'H', long = "field", visible_alias = "header", value_parser = field)]
    #[arg(value_name = "NAME: VALUE")]
    fields: Vec<(String, String)>,
    /// The body of the request: DATA itself, @FILE to read a file, @- to read standard input
    #[arg(short, long)]
    data: Option<String>,
    /// Follow redirections, ten at most; a body from a file or standard input is sent only once
    #[arg(short = 'L', long)]
    location: bool,
    /// Send HEAD, and print the head of the response instead of a body
    #[arg(short = 'I', long, conflicts_with_all = ["data", "method"])]
    head: bool,
    /// Authenticate as this user, by HTTP basic authentication
    #[arg(short, long, value_name = "NAME:PASSWORD", value_parser = user)]
    user: Option<(String, String)>,
    /// Give up after this many seconds in all
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    max_time: Option<Duration>,
    /// Write the body of the response to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the heads of the request and of the response to standard error
    #[arg(short, long)]
    verbose: bool,
    /// The URL, http://HOST[:PORT][/PATH][?QUERY] or https; it is percent-encoded where necessary
    url: String,
}

const AGENT: FieldValue = FieldValue::from_static(concat!("bareline/", env!("CARGO_PKG_VERSION")));
const FORM: FieldValue = FieldValue::from_static("application/x-www-form-urlencoded");
/// The time after which a download gets a progress bar.
const LONG: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match fetch(&arguments) {
        Ok(status) => ExitCode::from(match status.code() {
            304 => 0,
            300..400 => 3,
            ..300 => 0,
            400..500 => 4,
            // An unknown class is treated as 500 [RFC 9110 section 15].
            500.. => 5,
        }),
        Err(failure) => {
            complain(&arguments, &failure);
            ExitCode::FAILURE
        }
    }
}

fn complain(arguments: &Arguments, failure: &str) {
    let (method, url) = (arguments.method(), &arguments.url);
    let _ = writeln!(io::stderr(), "fetch: {method} {url}: {failure}");
}

fn method(text: &str) -> Result<String, String> {
    Method::new(text).map(|method| method.to_string()).map_err(|error| error.to_string())
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("no colon after the name")?;
    let (name, value) = (name.to_owned(), value.trim().to_owned());
    let is_valid = FieldName::new(&name).and_then(|_| FieldValue::new(&value).map(|_| ()));
    is_valid.map(|()| (name, value)).map_err(|error| error.to_string())
}

fn user(text: &str) -> Result<(String, String), String> {
    let (name, password) = text.split_once(':').ok_or("no colon after the name")?;
    Ok((name.to_owned(), password.to_owned()))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("not a positive number of seconds".to_owned()),
    }
}

impl Arguments {
    fn method(&self) -> &str {
        match &self.method {
            Some(method) => method,
            None if self.head => "HEAD",
            None if self.data.is_some() => "POST",
            None => "GET",
        }
    }

    fn has(&self, name: FieldName<'_>) -> bool {
        self.fields.iter().any(|(given, _)| FieldName::new(given) == Ok(name))
    }
}

/// Adds to an error the operation that failed, and its path.
fn told<T>(tried: &str, path: &Path, result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("cannot {tried} {}: {error}", path.display()))
}

fn fetch(arguments: &Arguments) -> Result<Status, String> {
    // Bodies are streamed, never held in memory, so they need no limit.
    let settings = Settings::new().body_limit(u64::MAX);
    let settings = settings.exchange_timeout(arguments.max_time.unwrap_or(Duration::MAX));
    let redirects = if arguments.location { 10 } else { 0 };
    let client = Client::new().settings(settings).max_redirects(redirects);
    let mut show = |head: &[u8]| show_head(">", head);
    let request = ask(&client, arguments).map_err(|error| error.to_string())?;
    let request = if arguments.verbose { request.on_head(&mut show) } else { request };
    let response = send(request, arguments.data.as_deref())?;
    if arguments.verbose {
        show_head("<", response.head().as_bytes());
    }
    if arguments.location
        && let Some(reason) = unfollowed(response.head())
    {
        complain(arguments, &format!("the redirection {reason}"));
    }
    if arguments.head {
        told("write", Path::new("to standard output"), print_head(response.head()))?;
        return Ok(response.status());
    }
    save(response, arguments)
}

fn ask<'r>(client: &'r Client, arguments: &'r Arguments) -> Result<ClientRequest<'r>, Error> {
    let mut request = client.request(Method::new(arguments.method())?, &arguments.url)?;
    for (name, value) in &arguments.fields {
        request = request.field(FieldName::new(name)?, FieldValue::new(value)?);
    }
    if let Some((name, password)) = &arguments.user {
        request = request.basic_auth(name, password)?;
    }
    if !arguments.has(FieldName::USER_AGENT) {
        request = request.field(FieldName::USER_AGENT, AGENT);
    }
    if arguments.data.is_some() && !arguments.has(FieldName::CONTENT_TYPE) {
        request = request.field(FieldName::CONTENT_TYPE, FORM);
    }
    Ok(request)
}

/// Sends the request with its body: octets, or a stream, with its length if known.
fn send(request: ClientRequest<'_>, data: Option<&str>) -> Result<ClientResponse, String> {
    let sent = match (data, data.and_then(|data| data.strip_prefix('@'))) {
        (None, _) => request.send(),
        (_, Some("-")) => request.send_reader(io::stdin()),
        (_, Some(path)) => {
            let path = Path::new(path);
            let file = told("read", path, File::open(path))?;
            let metadata = told("read", path, file.metadata())?;
            if metadata.is_dir() {
                told("read", path, Err(io::ErrorKind::IsADirectory.into()))?;
            }
            // A file of /proc seems to be empty.
            if metadata.is_file() && metadata.len() > 0 {
                request.send_reader_sized(file, metadata.len())
            } else {
                request.send_reader(file)
            }
        }
        (Some(data), None) => request.send_body(data.as_bytes()),
    };
    sent.map_err(|error| error.to_string())
}

/// Returns why a redirection was not followed, if this is the head of one.
fn unfollowed(head: ResponseHead<'_>) -> Option<String> {
    let status = head.status();
    if !status.is_redirection() || status == Status::NOT_MODIFIED {
        return None;
    }
    Some(match (head.fields().only(FieldName::LOCATION), status) {
        (Ok(Some(to)), Status::TEMPORARY_REDIRECT | Status::PERMANENT_REDIRECT) => format!(
            "to {to} is not followed: a body from a file or a pipe is sent once only: request the \
             new URL with it"
        ),
        (Ok(Some(to)), _) => format!("to {to} is not followed: its status leaves that to you"),
        _ => "is not followed: the response does not name one URL in a Location field".to_owned(),
    })
}

fn show_head(prefix: &str, head: &[u8]) {
    for line in dump(head).to_string().lines() {
        let _ = writeln!(io::stderr(), "{prefix} {line}");
    }
}

/// Prints the octets of a head as they are.
fn print_head(head: ResponseHead<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(head.as_bytes())?;
    out.flush()
}

/// Streams the body to the file, or to standard output.
fn save(mut response: ClientResponse, arguments: &Arguments) -> Result<Status, String> {
    let status = response.status();
    let method = Method::new(arguments.method()).map_err(|error| error.to_string())?;
    let length = match response.head().framing(method) {
        Ok(Framing::Length(length)) => Some(length),
        _ => None,
    };
    let (path, mut out): (&Path, Box<dyn Write>) = match &arguments.output {
        Some(path) => (path, Box::new(told("write", path, File::create(path))?)),
        None => (Path::new("to standard output"), Box::new(io::stdout().lock())),
    };
    let is_shown =
        io::stderr().is_terminal() && (arguments.output.is_some() || !io::stdout().is_terminal());
    let mut progress = Progress::new(length, is_shown);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count =
            response.read(&mut piece).map_err(|error| failed_after(progress.octets, &error))?;
        let written = match piece.get(..count) {
            Some(octets @ [_, ..]) => out.write_all(octets),
            _ => out.flush(),
        };
        match written {
            // The reader of the pipe has stopped reading: success.
            Err(error)
                if error.kind() == io::ErrorKind::BrokenPipe && arguments.output.is_none() =>
            {
                return Ok(status);
            }
            written => told("write", path, written)?,
        }
        match count {
            0 => return Ok(status),
            count => progress.add(count),
        }
    }
}

fn failed_after(octets: u64, error: &dyn Display) -> String {
    format!("after {octets} octets of the body: {error}")
}

/// The progress of a download, shown after [`LONG`].
struct Progress {
    octets: u64,
    start: Instant,
    is_shown: bool,
    bar: ProgressBar,
}

impl Progress {
    fn new(length: Option<u64>, is_shown: bool) -> Self {
        let template = match length {
            Some(_) => "{bytes} of {total_bytes} {wide_bar} {bytes_per_sec}, {eta} left",
            None => "{bytes} {spinner} {bytes_per_sec}",
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(template);
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { octets: 0, start: Instant::now(), is_shown, bar }
    }

    fn add(&mut self, count: usize) {
        self.octets += count as u64;
        if self.is_shown && self.bar.is_hidden() && self.start.elapsed() > LONG {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(self.octets);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
