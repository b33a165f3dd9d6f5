//! bareline.

use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::Server;

const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

pub fn serve(port: u16) {
    // Enough threads for the run with the most connections.
    let server = Server::bind(("127.0.0.1", port))
        .expect("the port is free")
        .threads(6_000)
        .max_connections(6_000);
    let responded = server.serve(|exchange| {
        exchange.responder.send(
            Status::OK,
            &[(FieldName::CONTENT_TYPE, TEXT)],
            crate::BODY.as_bytes(),
        )
    });
    responded.expect("it serves until it is killed");
}
