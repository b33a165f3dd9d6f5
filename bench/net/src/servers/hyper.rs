//! hyper on tokio, with a thread for each core.

use crate::bulk::{PIECE, PIECES};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Serves with `pipeline_flush`, for pipelined requests.
pub fn serve(port: u16) {
    run(port, http1::Builder::new().pipeline_flush(true).clone());
}

/// Serves without `pipeline_flush`, which copies a large body into one buffer before it is sent.
pub fn serve_bulk(port: u16) {
    run(port, http1::Builder::new());
}

fn run(port: u16, builder: http1::Builder) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(crate::cores())
        .enable_io()
        .build()
        .expect("there are threads");
    // Accepts on a worker, since the thread that blocks here is not one.
    let accepting = runtime.spawn(accept(port, builder));
    runtime.block_on(accepting).expect("it goes on accepting").expect("the port is free");
}

async fn accept(port: u16, builder: http1::Builder) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true)?;
        tokio::spawn(builder.serve_connection(TokioIo::new(stream), service_fn(respond)));
    }
}

type Content = Either<Full<Bytes>, Pieces>;

async fn respond(request: Request<Incoming>) -> hyper::Result<Response<Content>> {
    if request.uri().path() == "/bulk" {
        // Boxed, so that small requests need no memory for it.
        return Box::pin(bulk(request)).await;
    }
    let mut response = text(crate::BODY.into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

fn text(octets: Bytes) -> Response<Content> {
    Response::new(Either::Left(Full::new(octets)))
}

async fn bulk(request: Request<Incoming>) -> hyper::Result<Response<Content>> {
    if request.method() == Method::GET {
        return Ok(Response::new(Either::Right(Pieces(PIECES))));
    }
    let (mut body, mut length) = (request.into_body(), 0);
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(text(length.to_string().into()))
}

/// A large body, and the number of pieces that are left of it.
struct Pieces(usize);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.0 * PIECE.len()) as u64)
    }
}
