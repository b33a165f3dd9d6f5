//! Start, logging and shutdown of the example servers.

use bareline_net::{Error, Exchange, Server, Settings};
use clap::Args;
use log::LevelFilter;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Args)]
pub(crate) struct Service {
    /// The address to listen on, HOST:PORT.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
    /// Log each request in a line; errors are always logged.
    #[arg(long)]
    log: bool,
}

impl Service {
    /// Listens, and calls `respond` for each request, until Ctrl-C or SIGTERM.
    ///
    /// The shutdown is graceful: requests that have begun get their responses. A second Ctrl-C ends
    /// the program at once. Logs go to standard error, a line each, after the program's name.
    pub(crate) fn run(
        &self,
        program: &'static str,
        settings: Settings,
        respond: impl Fn(Exchange<'_>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> ExitCode {
        env_logger::Builder::new()
            .filter_level(if self.log { LevelFilter::Info } else { LevelFilter::Warn })
            .format(move |line, record| writeln!(line, "{program}: {}", record.args()))
            .init();
        match self.serve(program, settings, respond) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ =
                    writeln!(io::stderr(), "{program}: cannot listen on {}: {error}", self.address);
                ExitCode::FAILURE
            }
        }
    }

    fn serve(
        &self,
        program: &str,
        settings: Settings,
        respond: impl Fn(Exchange<'_>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let server = Server::bind(&*self.address)?.settings(settings);
        let (handle, is_asked) = (server.handle(), AtomicBool::new(false));
        ctrlc::set_handler(move || {
            if is_asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            handle.shutdown();
        })
        .map_err(io::Error::other)?;
        let _ = writeln!(io::stderr(), "{program}: listening on {}", server.local_addr()?);
        server.serve(respond)
    }
}
