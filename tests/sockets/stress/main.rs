//! A stress test of the server's loops: many connections, and handlers that block, panic and wait.
//!
//! It is the only test of its program, so that it can count threads, descriptors and memory.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod peer;
mod service;
mod system;

use peer::{Peer, Scene, Tally};
use service::{Form, Kind, Service};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use system::{Random, until};

/// The longest wait for anything. A request waits for a handler no longer than 10 s, so a shorter
/// limit finds one that is forgotten until then.
const LIMIT: Duration = Duration::from_secs(8);
/// The stack size of a server's threads whose number is bounded by the addresses.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const STACK: usize = system::Addresses::STACK;
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
const STACK: usize = 1 << 20;
/// The octets of bodies.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| (0..=250).cycle().take(1 << 20).collect());
const CLIENTS: usize = 500;
/// The threads that drive the clients.
const DRIVERS: usize = 4;
/// The growth of memory that is allowed, in KB: 4 KB for each connection of a short run. What the
/// allocator keeps differs by 12 MB.
const GROWTH: u64 = 20_480;

const FORMS: [Form; 10] = {
    use Kind::{Block, Body, Forget, Much, Now, Panic};
    let usual = Form::USUAL;
    [
        usual,
        Form { name: "two handlers, one loop", handlers: 2, loops: Some(1), ..usual },
        Form { name: "eight handlers, four loops", handlers: 8, loops: Some(4), ..usual },
        Form { name: "one request a connection", requests: 1, ..usual },
        Form { name: "seven requests a connection", requests: 7, ..usual },
        Form {
            name: "a short idle timeout",
            idle_timeout: Duration::from_millis(50),
            mix: &[Now, Now, Block, Body, Much, Panic, Forget],
            ..usual
        },
        Form { name: "few connections", places: 20, ..usual },
        Form { name: "an accept that fails", failing: 3, requests: 5, ..usual },
        Form { name: "few threads", is_short: true, mix: &[Now, Now, Block, Body, Much], ..usual },
        Form { name: "handlers that block", mix: &[Block, Body, Much], ..usual },
    ]
};

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

/// `BARELINE_STRESS_SEED` repeats the requests of a run. `BARELINE_STRESS_SECONDS` is the time of
/// all forms, and `BARELINE_STRESS_FORM` a part of the name of those that run.
#[test]
fn each_request_has_one_response_whatever_handlers_do() {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let seed = setting("BARELINE_STRESS_SEED").unwrap_or(u64::from(now.subsec_nanos()));
    let time = Duration::from_secs_f64(setting("BARELINE_STRESS_SECONDS").unwrap_or(1.5)) / 10;
    println!("BARELINE_STRESS_SEED={seed}");
    let clients = CLIENTS.min(system::most_descriptors().saturating_sub(100) / 4);
    let mut random = Random(seed);
    let before = system::resources();
    let is_given_back = || until(4 * LIMIT, || system::resources() == before);
    // The allocator keeps what the last form needs, which is most.
    let resident = (0..3).map(|_| {
        run(&FORMS[FORMS.len() - 1], clients, time / 2, &mut random);
        system::resident()
    });
    let resident = resident.max().flatten();
    let only = setting::<String>("BARELINE_STRESS_FORM").unwrap_or_default();
    for form in FORMS.iter().filter(|form| form.name.contains(&only)) {
        run(form, clients, time, &mut random);
    }
    assert!(is_given_back(), "{:?} instead of {before:?}", system::resources());
    let most = resident.map(|resident| resident + GROWTH);
    let is_small = until(4 * LIMIT, || system::resident() <= most);
    assert!(is_small, "{:?} KB resident, and {resident:?} before", system::resident());
    println!("{:?} KB resident, and {resident:?} before", system::resident());
}

/// Runs a server in this form for this time, or for a round.
fn run(form: &'static Form, clients: usize, time: Duration, random: &mut Random) {
    println!("form: {}", form.name);
    let begun = Instant::now();
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    let _addresses = form.is_short.then(|| {
        let loops = thread::available_parallelism().unwrap().get();
        system::Addresses::for_threads(4 * loops + 6)
    });
    let service = Service::new(form, clients, random.next());
    let scene = Scene { form, address: service.address, tally: Tally::default() };
    let mut peers: Vec<_> = (0..clients).map(Peer::new).collect();
    let mut rounds = 0;
    while rounds == 0 || begun.elapsed() < time {
        rounds += 1;
        crowd(&mut peers, &scene, random);
        // After the crowd no event comes that wakes a loop by chance.
        for few in [1, 1, 1, 3, 3, 3, 3, 6] {
            let number = random.below(peers.len().saturating_sub(few).max(1));
            let few = peers.iter_mut().skip(number).take(few);
            drive(few.collect(), 2, &scene, &mut Random(random.next()));
        }
        hold(&service, &scene);
    }
    println!("    {rounds} rounds in {:.1} s, {:?}", begun.elapsed().as_secs_f64(), scene.tally);
    let counts = || {
        let counts = service.handle.counts();
        (counts.connections, counts.in_handlers, counts.queued)
    };
    service.forget_client();
    if form.idle_timeout < LIMIT {
        let are_closed = until(LIMIT, || peers.iter_mut().all(|peer| peer.is_closed()));
        assert!(are_closed, "idle connections are open: {:?}", service.handle.counts());
    }
    // Some clients stay until the server shuts down.
    let stay = if random.one_in(2) { 0 } else { clients / 2 };
    peers.truncate(stay);
    let is_over = |(connections, handlers, queued)| connections <= stay && handlers + queued == 0;
    assert!(until(LIMIT, || is_over(counts())), "{:?}, not {stay}", service.handle.counts());
    service.end();
}

/// Drives all clients for a round, until each has its responses.
fn crowd(peers: &mut [Peer], scene: &Scene, random: &mut Random) {
    let sends = random.one_of(&[1, 2, 4]);
    let each = peers.len().div_ceil(DRIVERS);
    thread::scope(|scope| {
        for peers in peers.chunks_mut(each) {
            let mut random = Random(random.next());
            scope.spawn(move || drive(peers.iter_mut().collect(), sends, scene, &mut random));
        }
    });
}

/// Drives these clients, which send some requests this many times at most.
fn drive(mut peers: Vec<&mut Peer>, sends: usize, scene: &Scene, random: &mut Random) {
    let mut buffer = vec![0; 32 * 1024];
    peers.iter_mut().for_each(|peer| peer.sends = random.below(sends + 1));
    loop {
        let (mut has_moved, mut is_done) = (false, true);
        for peer in &mut peers {
            if !peer.is_done() {
                is_done = false;
                has_moved |= peer.go_on(random, scene, &mut buffer);
            }
        }
        if is_done {
            return;
        }
        if !has_moved {
            thread::park_timeout(Duration::from_micros(500));
        }
    }
}

/// Blocks handlers until further requests have their responses.
fn hold(service: &Service, scene: &Scene) {
    let form = &scene.form;
    let is_sure = !form.rejects();
    let connect = || {
        let stream = TcpStream::connect_timeout(&scene.address, LIMIT).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    };
    let ask = |mut stream: &TcpStream, kind: Kind| {
        let request = format!("GET /{kind:?}/0/0/0 HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
    };
    let expect = |mut stream: &TcpStream, statuses: &[&str], what: &str| {
        let mut octets = [0; 12];
        let read = stream.read_exact(&mut octets);
        let status = octets[9..].escape_ascii().to_string();
        let is_expected = statuses.contains(&&*status);
        assert!(is_expected, "{what}: {status} {read:?}, {:?}", service.handle.counts());
        // The rest of the response arrives at once, since it is short.
        while !octets.ends_with(b"\n0 0\n") && status == "200" {
            octets.rotate_left(1);
            stream.read_exact(&mut octets[11..]).unwrap();
        }
    };
    service.shared.set_open(false);
    let mut held = Vec::new();
    let quick: Vec<_> = (0..4).map(|_| connect()).collect();
    for _ in 0..if is_sure { 3 } else { 24 } {
        if is_sure && form.requests > 20 && form.idle_timeout > LIMIT && form.failing == 0 {
            // Quick handlers let the loop lend itself to the next one, which is not quick.
            for stream in quick.iter().cycle().take(24) {
                ask(stream, Kind::Now);
                expect(stream, &["200"], "a quick handler beside those that block");
            }
        }
        held.push(connect());
        held.iter().next_back().into_iter().for_each(|stream| ask(stream, Kind::Hold));
    }
    let mut bad = connect();
    bad.write_all(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n").unwrap();
    let statuses = if is_sure { &["400"][..] } else { &["400", "503"] };
    expect(&bad, statuses, "a bad request beside handlers that block");
    service.shared.set_open(true);
    let statuses = if is_sure { &["200"][..] } else { &["200", "503"] };
    held.iter().for_each(|stream| expect(stream, statuses, "a handler that blocked"));
}
