//! hyper on tokio, with a thread for each core and `pipeline_flush`.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

pub fn serve(port: u16) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(crate::cores())
        .enable_io()
        .build()
        .expect("there are threads");
    // Accepts on a worker, since the thread that blocks here is not one.
    let accepting = runtime.spawn(accept(port));
    runtime.block_on(accepting).expect("it goes on accepting").expect("the port is free");
}

async fn accept(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true)?;
        tokio::spawn(
            http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service_fn(respond)),
        );
    }
}

async fn respond(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(crate::BODY.as_bytes())));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}
