//! The property of the conversions to and from the types of the crate `http`.

use crate::shown::{Octets, Shown, pairs};
use ::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use ::http::{HeaderMap, Request, Response};
use bareline_core::body::Framing;
use bareline_core::error::WriteError;
use bareline_core::head::{Fields, Parsed};
use bareline_core::http::{ConvertError, Part};
use bareline_core::value::TargetForm;
use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, StreamSink};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
    WireBuf,
};

/// Checks that a head that was converted to `http` and back is written as the head itself is, and
/// that the written head converts to the same message of `http`.
///
/// `http` loses the case of the names, the order of fields with different names, the case of the
/// scheme, and the absence of a path in the absolute form.
pub fn a_head_is_the_same_through_http(octets: &[u8]) {
    let mut spans = FieldSpans::<16>::new();
    if let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(octets, spans.lend()) {
        request_is_the_same(head);
    }
    if let Ok(Parsed::Complete { message: head, .. }) = ResponseHead::parse(octets, spans.lend()) {
        response_is_the_same(head);
    }
}

fn request_is_the_same(head: RequestHead<'_>) {
    let request = match Request::try_from(head) {
        Ok(request) => request,
        Err(error) => {
            assert_eq!(error, ConvertError::Rejected(Part::Target));
            // `http` accepts each path and query of the grammar.
            let target = head.target();
            let is_path = target.form() == TargetForm::Origin;
            return assert!(!is_path || Target::new(target.as_str()).is_err(), "{target}");
        }
    };
    let mut out = WireBuf::<16_384>::new();
    let start = (head.method(), head.target(), head.version());
    let itself = write_request(start, &listed(&head.fields()), head.framing(), &mut out);
    let mut through_out = WireBuf::<16_384>::new();
    let through = write_http_request(&request, head.framing(), &mut through_out);
    let (Ok(()), Ok(())) = (itself, &through) else {
        return assert_eq!(itself.is_err(), through.is_err(), "{itself:?}, {through:?}");
    };
    let (mut spans, mut through_spans) = (FieldSpans::<17>::new(), FieldSpans::<17>::new());
    let [itself, through] =
        [(&out, &mut spans), (&through_out, &mut through_spans)].map(|(out, spans)| {
            match RequestHead::parse(out.as_bytes(), spans.lend()) {
                Ok(Parsed::Complete { message, .. }) => message,
                parsed => panic!("{:?}: {parsed:?}", Shown(out.as_bytes())),
            }
        });
    let parts = |head: RequestHead<'_>| (Octets(head.method().as_bytes().to_vec()), head.version());
    assert_eq!(parts(through), parts(itself));
    assert_eq!(through.framing(), itself.framing());
    assert_eq!(target_parts(through.target()), target_parts(itself.target()));
    assert_eq!(sorted(&through.fields()), sorted(&itself.fields()));
    let again = Request::try_from(through).expect("`http` has accepted the target");
    assert_eq!((again.method(), again.uri()), (request.method(), request.uri()));
    assert_eq!(again.version(), request.version());
    assert_eq!(kept(again.headers()), kept(request.headers()));
}

fn response_is_the_same(head: ResponseHead<'_>) {
    let response = Response::try_from(head).expect("`http` accepts each status and each field");
    let Ok(framing) = head.framing(Method::GET) else { return };
    let mut out = WireBuf::<16_384>::new();
    let start = (head.status(), head.version());
    let itself = write_response(start, &listed(&head.fields()), framing, &mut out);
    let mut through_out = WireBuf::<16_384>::new();
    let through = write_http_response(&response, framing, &mut through_out);
    let (Ok(()), Ok(())) = (itself, &through) else {
        return assert_eq!(itself.is_err(), through.is_err(), "{itself:?}, {through:?}");
    };
    let (mut spans, mut through_spans) = (FieldSpans::<17>::new(), FieldSpans::<17>::new());
    let [itself, through] =
        [(&out, &mut spans), (&through_out, &mut through_spans)].map(|(out, spans)| {
            match ResponseHead::parse(out.as_bytes(), spans.lend()) {
                Ok(Parsed::Complete { message, .. }) => message,
                parsed => panic!("{:?}: {parsed:?}", Shown(out.as_bytes())),
            }
        });
    let parts = |head: ResponseHead<'_>| (head.status(), head.version(), head.framing(Method::GET));
    assert_eq!(parts(through), parts(itself));
    assert_eq!(sorted(&through.fields()), sorted(&itself.fields()));
    let again = Response::try_from(through).expect("as before");
    assert_eq!((again.status(), again.version()), (response.status(), response.version()));
    assert_eq!(kept(again.headers()), kept(response.headers()));
}

fn write_http_request<const M: usize>(
    request: &Request<()>,
    framing: Framing,
    out: &mut WireBuf<M>,
) -> Result<(), WriteError> {
    let absolute = request.uri().scheme().map(|_| request.uri().to_string());
    let target = match &absolute {
        Some(absolute) => {
            assert_eq!(Target::try_from(request.uri()), Err(ConvertError::AbsoluteUri));
            Target::new(absolute)?
        }
        None => back(request.uri().try_into())?,
    };
    let (method, version) =
        (back(request.method().try_into())?, back(request.version().try_into())?);
    let headers = without_framing(request.headers());
    write_request((method, target, version), &listed_of_http(&headers)?, framing, out)
}

fn write_http_response<const M: usize>(
    response: &Response<()>,
    framing: Framing,
    out: &mut WireBuf<M>,
) -> Result<(), WriteError> {
    let start = (back(response.status().try_into())?, back(response.version().try_into())?);
    let headers = without_framing(response.headers());
    write_response(start, &listed_of_http(&headers)?, framing, out)
}

/// Returns the error as a writer's. What was received has no other.
fn back<T>(converted: Result<T, ConvertError>) -> Result<T, WriteError> {
    converted.map_err(|error| match error {
        ConvertError::Invalid(error) => error.into(),
        error => panic!("{error}"),
    })
}

/// Names and values, as a writer takes them.
type Listed<'f> = Vec<(FieldName<'f>, FieldValue<'f>)>;

fn write_request<const M: usize>(
    (method, target, version): (Method<'_>, Target<'_>, Version),
    fields: &Listed<'_>,
    framing: Framing,
    out: &mut WireBuf<M>,
) -> Result<(), WriteError> {
    let mut writer = MessageWriter::new();
    end(writer.request(method, target, out)?.version(version).fields(fields)?, framing)
}

fn write_response<const M: usize>(
    (status, version): (Status, Version),
    fields: &Listed<'_>,
    framing: Framing,
    out: &mut WireBuf<M>,
) -> Result<(), WriteError> {
    let context = RequestContext::new(Method::GET, Version::Http11);
    let mut writer = MessageWriter::new();
    let head = writer.response(context, status, out)?.version(version).fields(fields)?;
    match framing {
        Framing::UntilClose => head.until_close(),
        framing => end(head, framing),
    }
}

/// Ends a head whose message ends before the close.
fn end<S: StreamSink>(head: HeadWriter<'_, S>, framing: Framing) -> Result<(), WriteError> {
    match framing {
        Framing::None | Framing::Tunnel => head.without_body(),
        Framing::Length(length) => head.length(length),
        Framing::Chunked => head.chunked(),
        Framing::UntilClose => panic!("no request ends with the close"),
    }
}

/// Returns the fields without those that the writer writes.
fn listed<'b>(fields: &Fields<'b>) -> Listed<'b> {
    let framing = [FieldName::CONTENT_LENGTH, FieldName::TRANSFER_ENCODING];
    fields.iter().filter(|(name, _)| !framing.contains(name)).collect()
}

fn listed_of_http(headers: &HeaderMap) -> Result<Listed<'_>, WriteError> {
    headers
        .iter()
        .map(|(name, value)| Ok((back(name.try_into())?, back(value.try_into())?)))
        .collect()
}

/// Returns the fields without those that the writer writes.
fn without_framing(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    headers
}

/// Returns the fields without those that the writer writes, or may add a line to.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut headers = without_framing(headers);
    headers.remove(CONNECTION);
    headers
}

/// Returns the fields in the order of their names.
fn sorted(fields: &Fields<'_>) -> Vec<String> {
    let mut lines: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str().to_ascii_lowercase(), value.as_bytes().to_vec()))
        .collect();
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs(&lines)
}

/// Returns the parts of a target, as far as `http` keeps them.
fn target_parts(target: Target<'_>) -> (TargetForm, [Option<String>; 4]) {
    let scheme = target.as_str().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let scheme = scheme.filter(|_| target.form() == TargetForm::Absolute);
    let parts = [target.authority(), Some(target.path()), target.query()];
    let [authority, path, query] = parts.map(|part| part.map(str::to_owned));
    (target.form(), [scheme, authority, path, query])
}
