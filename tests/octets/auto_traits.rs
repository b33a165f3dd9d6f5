//! The auto traits of the public types of core and net, and their sizes.
#![allow(clippy::panic, reason = "a test fails by panicking")]

use bareline_core::body::{
    BodyDecoder, BodyPart, ChunkExtension, ChunkExtensions, ChunkExtensionsIter, Decoded, Framing,
};
use bareline_core::connection::{
    ClientSendHalf, ClientState, Received, RecvBuf, RecvHalf, RecvView, ServerSendHalf, ServerState,
};
use bareline_core::error::{InvalidValue, ParseError, ParseErrorKind, WriteError};
use bareline_core::head::{
    Fields, FieldsIter, FieldsNamed, LentSpans, Limits, OwnedRequestHead, OwnedResponseHead,
    Parsed, RepeatedField,
};
use bareline_core::hint::{Hint, OtherProtocol};
use bareline_core::value::{Dump, FormPairs, FormText, TargetForm};
use bareline_core::write::{HeadWriter, MessageWriter, RequestContext, WireView};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, Version, WireBuf,
};
use bareline_net::{
    Client, ClientRequest, ClientResponse, ClientStream, Datagram, Date, Error, Exchange,
    FirstOctets, Origin, PeerError, RedirectError, Rejection, RequestBody, RequestWriter,
    Responder, Response, ResponseBody, ResponseWriter, Server, ServerCounts, ServerHandle,
    ServerStream, Settings, Trailers, TrailersIter, UdpPeer, Untimed, Upgraded, UrlError, Wait,
};
use std::marker::PhantomData;
use std::net::TcpStream;
use std::panic::{RefUnwindSafe, UnwindSafe};

#[path = "../panic_free/src/sizes.rs"]
mod sizes;

/// Returns whether a type has a trait: an associated constant of the type goes before one of a
/// trait, where its bound holds.
macro_rules! has {
    ($type:ty: $trait:ident) => {{
        struct Asked<T>(PhantomData<T>);
        #[allow(dead_code, reason = "a type with the trait does not use it")]
        trait Otherwise {
            const HAS: bool = false;
        }
        impl<T> Otherwise for Asked<T> {}
        #[allow(dead_code, reason = "a type without the trait does not use it")]
        impl<T: $trait> Asked<T> {
            const HAS: bool = true;
        }
        Asked::<$type>::HAS
    }};
}

/// Returns the name of each type, and the names of the auto traits that the type lacks.
macro_rules! lacking {
    ($($type:ty),* $(,)?) => {
        vec![$((
            stringify!($type),
            [
                ("Send", has!($type: Send)),
                ("Sync", has!($type: Sync)),
                ("Unpin", has!($type: Unpin)),
                ("UnwindSafe", has!($type: UnwindSafe)),
                ("RefUnwindSafe", has!($type: RefUnwindSafe)),
            ]
            .into_iter()
            .filter_map(|(name, has)| (!has).then_some(name))
            .collect::<Vec<_>>()
            .join(" "),
        )),*]
    };
}

/// Checks that the types are those of a list of public names, and that they have every auto trait,
/// but for these exceptions.
fn check(types: &[(&str, String)], public: &str, exceptions: &[(&str, &str)]) {
    let public = public.split("\n# With ").next().unwrap_or_default();
    let name = |text: &str| text.rsplit("::").next().unwrap_or_default().to_owned();
    let mut named: Vec<_> = public
        .lines()
        .filter_map(|line| line.split_once("pub struct ").or(line.split_once("pub enum ")))
        .map(|(_, path)| name(path.split(['<', '(', ' ']).next().unwrap_or_default()))
        // The destinations of heads, which only the types of writers name.
        .filter(|name| name != "Detached" && name != "Whole")
        .collect();
    let mut listed: Vec<_> =
        types.iter().map(|(path, _)| name(path.split('<').next().unwrap_or_default())).collect();
    named.sort();
    named.dedup();
    listed.sort();
    assert_eq!(listed, named);
    let lacking: Vec<_> = types
        .iter()
        .filter(|(_, lacks)| !lacks.is_empty())
        .map(|(name, lacks)| (*name, lacks.as_str()))
        .collect();
    assert_eq!(lacking, exceptions);
}

#[test]
fn every_type_of_core_has_the_auto_traits() {
    let types = lacking![
        BodyDecoder, BodyPart<'_>, ChunkExtension<'_>, ChunkExtensions<'_>, ChunkExtensionsIter<'_>,
        ClientConnection, ClientSendHalf<'_>, ClientState, Decoded<'_>, Dump<'_>,
        Event<'_, RequestHead<'_>>, FieldName<'_>, FieldSpans<8>, FieldValue<'_>, Fields<'_>,
        FieldsIter<'_>, FieldsNamed<'_, '_>, FormPairs<'_>, FormText<'_>, Framing,
        HeadWriter<'_>, Hint<'_>, InvalidValue,
        LentSpans<'_>, Limits, MessageWriter, Method<'_>, OtherProtocol,
        OwnedRequestHead<[u8; 8], 8>, OwnedResponseHead<[u8; 8], 8>, Parsed<RequestHead<'_>>,
        ParseError, ParseErrorKind, Received<'_, RequestHead<'_>>, RecvBuf<8>, RecvHalf<'_>,
        RecvView<[u8; 8]>, RepeatedField, RequestContext, RequestHead<'_>, ResponseHead<'_>,
        ServerConnection, ServerSendHalf<'_>, ServerState, Status,
        Target<'_>, TargetForm, Version, WireBuf<8>, WireView<[u8; 8]>, WriteError,
    ];
    // These borrow mutably: a panic may leave what they borrow in the middle of a change.
    check(
        &types,
        include_str!("../../core/public-api.txt"),
        &[
            ("ClientSendHalf<'_>", "UnwindSafe"),
            ("HeadWriter<'_>", "UnwindSafe"),
            ("LentSpans<'_>", "UnwindSafe"),
            ("RecvHalf<'_>", "UnwindSafe"),
            ("ServerSendHalf<'_>", "UnwindSafe"),
        ],
    );
}

#[test]
fn types_of_net_have_the_auto_traits_that_their_docs_say() {
    let types = lacking![
        Client,
        ClientRequest<'_>,
        ClientResponse,
        ClientStream,
        Datagram<'_>,
        Date,
        Error,
        Exchange<'_>,
        FirstOctets,
        Origin<'_>,
        PeerError,
        RedirectError,
        Rejection<'_>,
        RequestBody<'_>,
        RequestWriter<'_>,
        Responder<'_>,
        Response<'_>,
        ResponseBody<'_>,
        ResponseWriter<'_>,
        Server,
        ServerCounts,
        ServerHandle,
        ServerStream,
        Settings,
        Trailers,
        TrailersIter<'_>,
        UdpPeer,
        Upgraded<TcpStream>,
        Untimed<TcpStream>,
        UrlError,
        Wait,
    ];
    // The parts of an exchange share the connection in a `RefCell`, so that no lock is needed. A
    // `ServerStream` owns it.
    const SHARED: &str = "Send Sync UnwindSafe RefUnwindSafe";
    check(
        &types,
        include_str!("../../net/public-api.txt"),
        &[
            // It has a callback of the caller.
            ("ClientRequest<'_>", "Sync UnwindSafe RefUnwindSafe"),
            // A connector's transport is of any type.
            ("ClientResponse", "Sync UnwindSafe RefUnwindSafe"),
            // An `io::Error` may contain any error.
            ("Error", "UnwindSafe RefUnwindSafe"),
            ("Exchange<'_>", SHARED),
            ("Rejection<'_>", "UnwindSafe RefUnwindSafe"),
            ("RequestBody<'_>", SHARED),
            ("RequestWriter<'_>", "UnwindSafe RefUnwindSafe"),
            ("Responder<'_>", SHARED),
            ("Response<'_>", "UnwindSafe"),
            ("ResponseBody<'_>", "UnwindSafe"),
            ("ResponseWriter<'_>", SHARED),
            ("ServerStream", "Sync RefUnwindSafe"),
        ],
    );
}

/// Checks the sizes of types of net in octets. Those of core are in `sizes.rs`.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn types_of_net_do_not_grow() {
    let sizes = [
        ("ServerStream", size_of::<ServerStream>(), 848),
        ("Exchange", size_of::<Exchange<'_>>(), 168),
        ("ClientStream", size_of::<ClientStream>(), 1016),
        ("ClientResponse", size_of::<ClientResponse>(), 136),
        ("Client", size_of::<Client>(), 232),
        ("Settings", size_of::<Settings>(), 208),
        ("Error", size_of::<Error>(), 56),
    ];
    let expected = sizes.map(|(name, _, expected)| (name, expected));
    assert_eq!(sizes.map(|(name, size, _)| (name, size)), expected);
}
