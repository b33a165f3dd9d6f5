//! The responses, over any transport.

use bareline_core::embedded_io_07::StreamError;
use bareline_core::embedded_io_async_07::Exchange;
use bareline_core::{FieldName, FieldValue, Method, Status};
use embedded_io_async::{Read, Write};

const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

/// Responds to a POST with its own body, and to other methods with a text.
pub(crate) async fn respond<T: Read + Write>(
    mut exchange: Exchange<'_, '_, T>,
) -> Result<(), StreamError<T::Error>> {
    if exchange.head().method() != Method::POST {
        return exchange.respond(Status::OK, &TEXT, b"TCP connection").await;
    }
    let mut piece = [0; 128];
    exchange.begin_while_reading(Status::OK, &TEXT).await?;
    while let count @ 1.. = exchange.read(&mut piece).await? {
        exchange.write_all(piece.get(..count).unwrap_or(&[])).await?;
    }
    exchange.finish().await
}
