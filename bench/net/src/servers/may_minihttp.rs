//! may_minihttp, with a worker for each core and the settings of its own benchmark.

use may_minihttp::{HttpServer, HttpService, Request, Response};
use std::io;

#[derive(Clone)]
struct Service;

impl HttpService for Service {
    fn call(&mut self, _: Request<'_, '_, '_>, response: &mut Response<'_>) -> io::Result<()> {
        response.header("Content-Type: text/plain; charset=utf-8").body(crate::BODY);
        Ok(())
    }
}

pub fn serve(port: u16) {
    may::config().set_workers(crate::cores()).set_pool_capacity(1000).set_stack_size(0x1000);
    let server = HttpServer(Service).start(("127.0.0.1", port)).expect("the port is free");
    server.wait();
}
