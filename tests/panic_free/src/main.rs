//! Calls what a firmware would call of bareline-core. The panic handler calls a symbol that nothing defines, so this links only
//! when the compiler has found every panic path to be dead.
#![no_std]
#![no_main]

use bareline_core::{
    FieldName, FieldSpans, FieldValue, Framing, Limits, Method, ParseError, Parsed, ReplyTo, RequestHead, ResponseHead, Status, Target,
    Version, WireBuf, WriteError, dump,
};
use core::fmt::{self, Write};
use core::hint::black_box;

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: never called; where it could be, the program does not link.
    unsafe { a_panic_path_is_left() }
}

/// Where text goes: the optimizer must not know.
struct Sink;

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        black_box(text);
        Ok(())
    }
}

// SAFETY: no other symbol of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        let received = black_box(&[0u8; 1024][..]);
        if let Err(error) = request(received) {
            black_box((error.kind(), error.offset(), error.len(), error.status(), error.hint(), error.kind().section()));
            black_box(write!(Sink, "{error}").is_ok());
        }
        black_box(response(received).is_ok());
        black_box(values(received).is_ok());
        if let Err(error) = written(received) {
            black_box(write!(Sink, "{error}").is_ok());
        }
        black_box(write!(Sink, "{} {}", dump(received), dump(received).on_one_line()).is_ok());
    }
}

#[inline(never)]
fn request(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    let limits = black_box(Limits::default());
    let Parsed::Complete { message: head, len } = RequestHead::parse_within(received, spans.lend(), &limits)? else {
        return Ok(());
    };
    black_box((head.method().as_str(), head.version(), head.framing(), head.as_bytes(), len));
    let target = head.target();
    black_box((target.as_str(), target.form(), target.path(), target.query(), target.authority()));
    for (name, value) in head.fields().iter() {
        black_box((name.as_str(), value.as_bytes(), value.as_str().is_ok()));
    }
    black_box(head.fields().only(black_box(FieldName::EXPECT)).is_ok());
    black_box(head.fields().all(black_box(FieldName::CONNECTION)).count());
    black_box(write!(Sink, "{}", head.dump()).is_ok());
    let parts = head.parts();
    black_box(parts.over(black_box(received), &spans).target().path());
    Ok(())
}

#[inline(never)]
fn response(received: &[u8]) -> Result<(), ParseError> {
    let mut spans = FieldSpans::<16>::new();
    if let Parsed::Complete { message: head, .. } = ResponseHead::parse(received, spans.lend())? {
        black_box((head.status().code(), head.reason(), head.version(), head.fields().len()));
        black_box(write!(Sink, "{} {}", head.dump(), head.status()).is_ok());
        black_box(head.framing(black_box(Method::GET))? == Framing::Chunked);
        let parts = head.parts();
        black_box(parts.over(black_box(received), &spans).reason());
    }
    Ok(())
}

#[inline(never)]
fn values(received: &[u8]) -> Result<(), WriteError> {
    let text = core::str::from_utf8(received).unwrap_or_default();
    black_box((Method::new(text)?, Target::new(text)?, FieldName::new(text)?, FieldValue::new(text)?));
    black_box(Status::new(black_box(200))?.reason());
    Ok(())
}

#[inline(never)]
fn written(received: &[u8]) -> Result<(), WriteError> {
    let mut out = WireBuf::<256>::new();
    let value = FieldValue::new(received)?;
    let method = black_box(Method::PUT);
    out.request(method, black_box(Target::ROOT))?.field(FieldName::HOST, value)?.body(received)?;
    out.clear();
    out.request(method, black_box(Target::ASTERISK))?.field(FieldName::HOST, value)?.version(Version::Http10).without_body()?;
    black_box(out.as_bytes());
    let reply_to = ReplyTo::new(method, black_box(Version::Http10));
    let head = || black_box(Status::new(black_box(200)));
    let mut body = out.response(reply_to, head()?)?.field(black_box(FieldName::UPGRADE), value)?.length(black_box(7))?;
    body.data(received, &mut out)?;
    black_box(body.frame(received)?);
    body.end()?;
    let mut body = out.response(reply_to, head()?)?.until_close()?;
    body.data(received, &mut out)?;
    out.response(reply_to, head()?)?.body_until_close(received)?;
    black_box(out.as_bytes());
    Ok(())
}
