//! The connections of a client: idle ones of the pool, and new ones.

use crate::client::open::{Open, open_by_default};
use crate::client::origin::{Origin, Scheme};
use crate::client::pool::{Connection, Pool, PoolBounds};
use crate::client::redirect::Redirects;
use crate::error::{Error, UrlError};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The settings of a client's connections, and the pool of the idle ones. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Connector {
    settings: Settings,
    pool: Arc<Pool>,
    pub(crate) redirects: Redirects,
    /// The caller's function that opens connections, which no panic leaves half changed.
    open: Option<Arc<AssertUnwindSafe<Box<Open>>>>,
}

impl Connector {
    pub(crate) fn new(settings: Settings, bounds: PoolBounds) -> Self {
        let pool = Arc::new(Pool::new(bounds));
        Self { settings, pool, redirects: Redirects::DEFAULT, open: None }
    }

    /// Returns a connector with these settings and an empty pool.
    pub(crate) fn with_pool(self, settings: Settings, bounds: PoolBounds) -> Self {
        Self { settings, pool: Arc::new(Pool::new(bounds)), ..self }
    }

    /// Returns a connector that opens connections by this function, with an empty pool.
    pub(crate) fn with_open(self, open: Box<Open>) -> Self {
        let (settings, bounds) = (self.settings, self.pool.bounds());
        let open = Some(Arc::new(AssertUnwindSafe(open)));
        Self { open, ..self.with_pool(settings, bounds) }
    }

    pub(crate) const fn settings(&self) -> Settings {
        self.settings
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Fails if the connector cannot open a connection for this scheme.
    pub(crate) fn check(&self, scheme: Scheme) -> Result<(), UrlError> {
        match scheme {
            Scheme::Https if self.open.is_none() && !cfg!(feature = "rustls") => {
                Err(UrlError::NeedsTls)
            }
            Scheme::Https | Scheme::Http => Ok(()),
        }
    }

    /// Opens a connection.
    pub(crate) fn connect(
        &self,
        origin: Origin<'_>,
        settings: Settings,
        until: Deadline,
    ) -> Result<Box<Connection>, Error> {
        let timeout = settings.connect_timeout;
        let transport = match &self.open {
            Some(open) => open(origin, timeout, until)?,
            None => open_by_default(origin, timeout, until)?,
        };
        Ok(Box::new(Connection::new(origin, transport, settings)))
    }
}
