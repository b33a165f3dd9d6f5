//! khttp, with a pool of threads, and with its event loop and default number of threads.

use khttp::{ConnectionSetupAction, Headers, Method, ResponseHandle, Server, Status};
use std::io;
use std::thread;

/// A thread for each connection of the largest load, since a connection keeps its thread.
const POOL: usize = 256;

pub fn serve_pool(port: u16) {
    server(port, Some(POOL)).serve().expect("it serves until it is killed");
}

pub fn serve_epoll(port: u16) {
    server(port, None).serve_epoll().expect("it serves until it is killed");
}

fn server(port: u16, threads: Option<usize>) -> Server {
    let mut builder = Server::builder(("127.0.0.1", port)).expect("a valid address");
    if let Some(threads) = threads {
        builder.thread_count(threads);
    }
    builder.connection_setup_hook(|accepted| match accepted {
        Ok((stream, _)) if stream.set_nodelay(true).is_ok() => {
            ConnectionSetupAction::Proceed(stream)
        }
        _ => ConnectionSetupAction::Drop,
    });
    builder.route(Method::Get, "/", |_, response| text(response));
    builder.route(Method::Get, "/sleep/*", |context, response| {
        match super::pause(context.uri.path()) {
            Some(pause) => thread::sleep(pause),
            None => return response.send0(&Status::NOT_FOUND, Headers::empty()),
        }
        text(response)
    });
    builder.build()
}

fn text(response: &mut ResponseHandle<'_>) -> io::Result<()> {
    let mut fields = Headers::new();
    fields.add(Headers::CONTENT_TYPE, b"text/plain; charset=utf-8");
    response.ok(&fields, crate::BODY)
}
