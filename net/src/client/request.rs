//! A request of a client: its fields, its body, and the calls that send it.

use crate::client::connector::Connector;
use crate::client::form;
use crate::client::pool::Connection;
use crate::client::redirect::{Followed, remove_content_fields, remove_credentials};
use crate::client::response::{Asked, ClientResponse};
use crate::client::stream::Sent;
use crate::client::upload::Upload;
use crate::client::url::HttpUrl;
use crate::error::{Error, PeerError, RedirectError, Wait};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use bareline_core::connection::RequestHeadWriter;
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::Instant;

/// A request of a [`Client`](crate::Client), sent by [`send`](Self::send) and the other calls that
/// begin with `send`.
///
/// Each of these calls reads the head of the response and returns it.
///
/// ```no_run
/// use bareline_net::{Client, Error, Method};
/// use std::fs::File;
///
/// let client = Client::new();
/// let request = client.request(Method::PUT, "http://localhost:8080/notes")?;
/// println!("{}", request.send_reader(File::open("notes.txt")?)?.status());
/// # Ok::<(), Error>(())
/// ```
///
/// The head is at most 65,535 octets. A reader as the body is read as fast as the server takes the
/// octets (backpressure). A read of your reader has no timeout.
///
/// A server may stream its response while it reads the request. Then the call returns once 128 KB
/// of the response have arrived, and each read of the response sends more of the request. After the
/// end of the response, a last read sends the rest. A response that is no success ends the request
/// early, and so does a server that closes after any response.
///
/// For a response that arrives before the end of the request, see [Limits](crate#limits).
#[must_use = "a request is sent by a call of `send`, `send_body` or `send_reader`"]
pub struct ClientRequest<'r> {
    connector: &'r Connector,
    method: Method<'r>,
    url: HttpUrl,
    host: Option<FieldValue<'r>>,
    fields: Vec<(FieldName<'r>, FieldValue<'r>)>,
    /// The value of `Authorization`.
    authorization: Option<String>,
    settings: Settings,
    watch: Option<Watch<'r>>,
}

/// A callback for the octets of the head.
type Watch<'r> = &'r mut (dyn FnMut(&[u8]) + Send);

/// The body of a request.
enum Content<'b> {
    Octets(&'b [u8]),
    Chunked(Box<dyn Read + Send + 'b>),
    Sized(Box<dyn Read + Send + 'b>, u64),
}

/// An error of a request on one connection.
enum Failed {
    /// Nothing was sent, since the connection carries no more requests.
    Unsent(Error),
    /// The server closed the connection before the first octet of the response.
    IncompleteResponse(Error),
    Otherwise(Error),
}

impl<'r> ClientRequest<'r> {
    pub(crate) const fn new(connector: &'r Connector, method: Method<'r>, url: HttpUrl) -> Self {
        let settings = connector.settings();
        Self {
            connector,
            method,
            url,
            host: None,
            fields: Vec::new(),
            authorization: None,
            settings,
            watch: None,
        }
    }

    /// Adds a field after the previous ones. The framing fields are added automatically.
    ///
    /// An `Authorization` of yours replaces the one of [`basic_auth`](Self::basic_auth) and
    /// [`bearer_auth`](Self::bearer_auth), and a `Content-Type` the one of
    /// [`send_form`](Self::send_form).
    ///
    /// `Host` is that of the URL unless you add it, and comes first. The server of the URL gets the
    /// request all the same, so you can ask it as a host that leads to another server today.
    #[doc(alias = "header")]
    pub fn field(mut self, name: FieldName<'r>, value: FieldValue<'r>) -> Self {
        if name == FieldName::HOST && self.host.is_none() {
            self.host = Some(value);
        } else {
            self.fields.push((name, value));
        }
        self
    }

    /// Adds a name and its value to the query of the URL, encoded as those of a form.
    ///
    /// ```no_run
    /// use bareline_net::{Client, Method};
    ///
    /// let client = Client::new();
    /// let request = client.request(Method::GET, "http://localhost:8080/search")?;
    /// let response = request.query("q", "caf\u{e9} & bar").query("page", "2").send()?;
    /// assert_eq!(response.url(), "http://localhost:8080/search?q=caf%C3%A9+%26+bar&page=2");
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let target = &mut self.url.target;
        let mut query = target.split_off(target.find('?').unwrap_or(target.len()));
        let mut pairs = query.split_off(query.len().min(1));
        form::push(&mut pairs, name, value);
        target.push('?');
        target.push_str(&pairs);
        self
    }

    /// Adds this user name and password, readable for everyone on the way: use it with https [RFC
    /// 7617].
    ///
    /// Fails with [`Error::Other`] if the user name has a colon, which ends it.
    #[doc(alias = "Authorization")]
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::other(
                "colon in a user name (RFC 7617 section 2): the server would take what follows \
                 for the password",
            ));
        }
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        Ok(self.authorized(format!("Basic {credentials}")))
    }

    /// Adds this token, such as one of OAuth, readable for everyone on the way: use it with https
    /// [RFC 6750].
    ///
    /// Fails with [`Error::Usage`] if the token cannot be a field's value.
    pub fn bearer_auth(self, token: &str) -> Result<Self, Error> {
        let authorization = format!("Bearer {token}");
        FieldValue::new(&authorization)?;
        Ok(self.authorized(authorization))
    }

    fn has(&self, name: FieldName<'_>) -> bool {
        self.fields.iter().any(|(own, _)| *own == name)
    }

    fn authorized(mut self, authorization: String) -> Self {
        self.authorization = Some(authorization);
        self
    }

    /// Sets the timeouts and limits of this request, in place of those of the client.
    ///
    /// ```no_run
    /// use bareline_net::{Client, Method, Settings};
    /// use std::time::Duration;
    ///
    /// let (client, settings) = (Client::new(), Settings::new().body_limit(1_000_000_000));
    /// let request = client.request(Method::GET, "http://localhost:8080/large")?;
    /// let response =
    ///     request.settings(settings.connect_timeout(Duration::from_secs(1))).send()?;
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    #[doc(alias = "timeout")]
    pub const fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Calls `watch` with the head of the request each time the request is sent.
    pub fn on_head(mut self, watch: &'r mut (dyn FnMut(&[u8]) + Send)) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Sends the request without a body.
    pub fn send(self) -> Result<ClientResponse, Error> {
        self.send_body(b"")
    }

    /// Sends the request with this body and a `Content-Length`.
    #[doc(alias = "form")]
    pub fn send_body(self, octets: &[u8]) -> Result<ClientResponse, Error> {
        let pool = self.connector.pool();
        let asked = self.exchange(Content::Octets(octets))?;
        let Asked { connection, head, url, upload } = asked;
        let upload = upload.map(|upload| upload.into_owned().map(Box::new)).transpose()?;
        Ok(ClientResponse::new(Asked { connection, head, url, upload }, pool))
    }

    /// Sends the request with these names and values as the body, encoded as those of a form of a
    /// web page: `application/x-www-form-urlencoded`.
    ///
    /// ```no_run
    /// use bareline_net::{Client, Method};
    ///
    /// let client = Client::new();
    /// let request = client.request(Method::POST, "http://localhost:8080/echo")?;
    /// let response = request.send_form(&[("name", "Ada"), ("year", "1815")])?;
    /// assert_eq!(std::io::read_to_string(response)?, "name=Ada&year=1815");
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    pub fn send_form(self, pairs: &[(&str, &str)]) -> Result<ClientResponse, Error> {
        let mut octets = String::new();
        for (name, value) in pairs {
            form::push(&mut octets, name, value);
        }
        let form = FieldValue::from_static("application/x-www-form-urlencoded");
        let request = match self.has(FieldName::CONTENT_TYPE) {
            true => self,
            false => self.field(FieldName::CONTENT_TYPE, form),
        };
        request.send_body(octets.as_bytes())
    }

    /// Sends the request with the octets of `body` in chunks [RFC 9112 section 7.1].
    ///
    /// If a read of `body` fails, the request fails and its connection is closed.
    ///
    /// Use [`send_reader_sized`](Self::send_reader_sized) for an HTTP/1.0 server, which does not
    /// know chunks. On a connection where the server has sent an HTTP/1.0 response before, this
    /// fails with [`WriteError::NeedsHttp11`] [RFC 9112 section 6.1].
    #[doc(alias = "chunked transfer encoding")]
    pub fn send_reader(self, body: impl Read + Send + 'static) -> Result<ClientResponse, Error> {
        let pool = self.connector.pool();
        let asked = self.exchange(Content::Chunked(Box::new(body)))?;
        Ok(ClientResponse::new(asked, pool))
    }

    /// Sends the request with the first `length` octets of `body` and a `Content-Length`.
    ///
    /// Fails with [`WriteError::BodyLength`] if `body` has fewer octets.
    pub fn send_reader_sized(
        self,
        body: impl Read + Send + 'static,
        length: u64,
    ) -> Result<ClientResponse, Error> {
        let pool = self.connector.pool();
        let asked = self.exchange(Content::Sized(Box::new(body.take(length)), length))?;
        Ok(ClientResponse::new(asked, pool))
    }

    /// Sends the request, and follows redirections, within the time of one exchange. An error after
    /// a redirection has its URL.
    fn exchange<'b>(mut self, content: Content<'b>) -> Result<Asked<'b>, Error> {
        self.follow(content).map_err(|error| self.url.failed(error))
    }

    fn follow<'b>(&mut self, mut content: Content<'b>) -> Result<Asked<'b>, Error> {
        let Connector { redirects, .. } = *self.connector;
        let until = Deadline::new(Wait::Exchange, self.settings.exchange_timeout, Instant::now());
        let mut count = 0;
        loop {
            let asked = self.exchange_once(until, &mut content)?;
            let followed = redirects.follow(count, &self.url, self.method, asked.head.head())?;
            let Some(Followed { url, is_get }) = followed else { return Ok(asked) };
            if is_get {
                (self.method, content) = (Method::GET, Content::Octets(b""));
                remove_content_fields(&mut self.fields);
            } else if !content.is_repeatable() {
                return Ok(asked);
            }
            let checked = self.connector.check(url.scheme);
            checked.map_err(|error| url.failed(RedirectError::Location(error).into()))?;
            if url.origin() != self.url.origin() {
                remove_credentials(&mut self.fields);
                (self.host, self.authorization) = (None, None);
            }
            asked.end(self.connector.pool());
            (self.url, count) = (url, count.saturating_add(1));
        }
    }

    fn exchange_once<'b>(
        &mut self,
        until: Deadline,
        content: &mut Content<'b>,
    ) -> Result<Asked<'b>, Error> {
        let connector = self.connector;
        let may_retry = is_idempotent(self.method) && content.is_repeatable();
        while let Some(connection) = connector.pool().take(self.url.origin(), Instant::now()) {
            match self.ask(connection, until, content) {
                // The server timed out the idle connection when the request was on its way [RFC
                // 9110 section 15.5.9].
                Ok(asked) if may_retry && asked.head.head().status() == Status::REQUEST_TIMEOUT => {
                    break;
                }
                Ok(asked) => return Ok(asked),
                Err(Failed::Unsent(_)) => {}
                Err(Failed::IncompleteResponse(_)) if may_retry => break,
                Err(Failed::IncompleteResponse(error) | Failed::Otherwise(error)) => {
                    return Err(error);
                }
            }
        }
        let connection = connector.connect(self.url.origin(), self.settings, until)?;
        self.ask(connection, until, content).map_err(|failed| match failed {
            Failed::Unsent(error)
            | Failed::IncompleteResponse(error)
            | Failed::Otherwise(error) => error,
        })
    }

    /// Sends the request on this connection, and reads the head of the response.
    fn ask<'b>(
        &mut self,
        mut connection: Box<Connection>,
        until: Deadline,
        content: &mut Content<'b>,
    ) -> Result<Asked<'b>, Failed> {
        let stream = &mut connection.stream;
        stream.set_settings(self.settings);
        let at_once = match content {
            Content::Octets(octets) => {
                Some(*octets).filter(|octets| stream.is_sent_at_once(octets))
            }
            _ => None,
        };
        let begun = Target::new(&self.url.target).map_err(Error::from).and_then(|target| {
            let own = self.authorization.as_deref();
            let own = own.filter(|_| !self.has(FieldName::AUTHORIZATION));
            let (fields, authorization) = (&self.fields, own.map(FieldValue::new).transpose()?);
            stream.begin_within(until, self.host, self.method, target, |head| {
                let head = head.fields(fields)?;
                content.end_head(match authorization {
                    Some(value) => head.field(FieldName::AUTHORIZATION, value)?,
                    None => head,
                })
            })
        });
        let mut writer = begun.map_err(|error| match error {
            Error::Closed => Failed::Unsent(error),
            Error::Peer(PeerError::Response(parse))
                if parse.kind() == ParseErrorKind::Unsolicited =>
            {
                Failed::Unsent(error)
            }
            error => Failed::Otherwise(error),
        })?;
        if let Some(watch) = &mut self.watch {
            watch(writer.ready());
        }
        let sent = match at_once {
            Some(octets) => match writer.write_all(octets) {
                Ok(()) => writer.finish_into_head(&[]),
                Err(error) => Err(error.into()),
            },
            None => writer.exchange(Upload::new(content.reader())),
        };
        match sent.map(|Sent { head, upload, .. }| (head, upload)) {
            Ok((head, upload)) => Ok(Asked { connection, head, url: self.url.clone(), upload }),
            Err(error) if stream.has_no_response(&error) => Err(Failed::IncompleteResponse(error)),
            Err(error) => Err(Failed::Otherwise(error)),
        }
    }
}

/// Returns whether the method is idempotent [RFC 9110 section 9.2.2].
fn is_idempotent(method: Method<'_>) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::PUT, Method::DELETE]
        .contains(&method)
}

impl<'b> Content<'b> {
    const fn is_repeatable(&self) -> bool {
        matches!(self, Self::Octets(_))
    }

    fn end_head(&self, head: RequestHeadWriter<'_>) -> Result<(), WriteError> {
        match self {
            Self::Octets([]) => head.without_body(),
            Self::Octets(octets) => head.length(octets.len() as u64),
            Self::Chunked(_) => head.chunked(),
            Self::Sized(_, length) => head.length(*length),
        }
    }

    /// Takes the reader of the content.
    fn reader(&mut self) -> Box<dyn Read + Send + 'b> {
        match self {
            Self::Octets(octets) => Box::new(*octets),
            Self::Chunked(reader) | Self::Sized(reader, _) => {
                std::mem::replace(reader, Box::new(io::empty()))
            }
        }
    }
}

impl fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientRequest({:?} {} of {})", self.method, self.url.target, self.url.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::ClientRequest;

    /// Does not compile when a request cannot be sent on another thread.
    const _: fn() = || {
        fn is_send<T: Send>() {}
        is_send::<ClientRequest<'_>>();
    };
}
