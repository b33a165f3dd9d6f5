//! The connections of a client: idle ones of the pool, and new ones.

use crate::client::pool::{Pool, PoolBounds};
use crate::client::stream::{ClientStream, connect_to_one};
use crate::client::url::HttpUrl;
use crate::error::{Error, Wait};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Instant;

/// The settings of a client's connections, and the pool of the idle ones. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Connector {
    settings: Settings,
    pool: Arc<Pool>,
}

impl Connector {
    pub(crate) fn new(settings: Settings, bounds: PoolBounds) -> Self {
        Self { settings, pool: Arc::new(Pool::new(bounds)) }
    }

    pub(crate) const fn settings(&self) -> Settings {
        self.settings
    }

    /// Returns the end of an exchange that begins now.
    pub(crate) fn exchange_until(&self) -> Deadline {
        Deadline::new(Wait::Exchange, self.settings.exchange_timeout, Instant::now())
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Opens a connection.
    pub(crate) fn connect(
        &self,
        authority: &str,
        until: Deadline,
    ) -> Result<Box<ClientStream>, Error> {
        let addresses = HttpUrl::address(authority).to_socket_addrs().map_err(Error::of_address)?;
        let stream = connect_to_one(addresses, self.settings.connect_timeout, until)?;
        Ok(Box::new(ClientStream::with_settings(stream, authority, self.settings)))
    }
}
