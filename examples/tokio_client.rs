//! A client on tokio: core's `ClientConnection` on a `TcpStream`, kept alive, with timeouts for the
//! connection and for each response. Arguments: HOST:PORT, the milliseconds for a response, and
//! requests, such as `'GET /' 'POST /echo some text'`.

use bareline_core::connection::{ClientState, Received, RecvBuf};
use bareline_core::head::Limits;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, Status, Target, WireBuf,
};
use std::{env, error::Error, process::ExitCode, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const MAX_BODY: u64 = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);

struct Client {
    host: String,
    stream: TcpStream,
    connection: ClientConnection,
    spans: FieldSpans<64>,
    input: RecvBuf<8192>,
    out: WireBuf<8192>,
}

impl Client {
    async fn connect(host: String) -> Result<Self> {
        let stream = timeout(CONNECT, TcpStream::connect(&host)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            host,
            stream,
            connection: ClientConnection::with_limits(Limits::new().body(MAX_BODY)),
            spans: FieldSpans::new(),
            input: RecvBuf::new(),
            out: WireBuf::new(),
        })
    }

    /// Sends a request, and returns the status and the content of its response. Connects anew after
    /// an error or a close. The caller may drop the call, as a timeout does.
    async fn request(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        body: &[u8],
    ) -> Result<(Status, Vec<u8>)> {
        // Octets that are left over are no response to this request [RFC 9112 section 9.2].
        if self.connection.state() != ClientState::Idle || !self.input.filled().is_empty() {
            *self = Self::connect(self.host.clone()).await?;
        }
        let Self { stream, connection, input, spans, out, .. } = self;
        let head = connection.request(method, target, out)?;
        let head = head.field(FieldName::HOST, FieldValue::new(&self.host)?)?;
        if body.is_empty() {
            head.without_body()?;
            stream.write_all(out.as_bytes()).await?;
        } else {
            head.length(body.len() as u64)?;
            let data = connection.frame_data(body, out)?;
            stream.write_all(&[out.as_bytes(), data].concat()).await?;
            out.clear();
            connection.end_body(&[], out)?;
        }
        out.clear();
        let (mut status, mut content) = (None, Vec::new());
        loop {
            let Received { used, event } = connection.receive(input.filled_mut(), spans.lend())?;
            let (is_starved, is_end) =
                (matches!(event, Event::NeedMore), matches!(event, Event::End));
            match event {
                Event::Head(head) => status = Some(head.status()), // the last head is the final one
                Event::Data(data) => content.extend_from_slice(data),
                Event::Upgraded | Event::Closed => return Err("no response".into()),
                _ => {}
            }
            input.consume(used);
            if let (true, Some(status)) = (is_end, status) {
                return Ok((status, content));
            }
            if is_starved && input.is_full() {
                return Err(connection.on_overflow().into());
            } else if is_starved {
                match stream.read(input.spare_mut()).await? {
                    0 => connection.on_eof()?,
                    count => input.commit(count),
                }
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    eprintln!("tokio_client: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(host), Some(limit)) = (arguments.next(), arguments.next()) else {
        return Err("write HOST:PORT MILLISECONDS 'METHOD TARGET [BODY]'...".into());
    };
    let limit = Duration::from_millis(limit.parse()?);
    let mut client = Client::connect(host).await?;
    for argument in arguments {
        let mut parts = argument.splitn(3, ' ').chain(["", "", ""]);
        let mut next = || parts.next().unwrap_or_default();
        let (method, target, body) = (Method::new(next())?, Target::new(next())?, next());
        let request = client.request(method, target, body.as_bytes());
        let response = timeout(limit, request).await;
        let (status, content) = response.map_err(|_| format!("no response in {limit:?}"))??;
        println!("{status}\n{}", String::from_utf8_lossy(&content));
    }
    Ok(())
}
