//! A database of its own on the test server, for trouble that meets a whole database.

use contract::Result;

use super::on_server;
use crate::append::window::random;

/// The database; dropping it removes it, whoever is connected.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
    /// How to connect to it.
    pub url: String,
}

impl TestDatabase {
    /// Makes an empty database on the server of a url.
    pub fn make(server: &str) -> Self {
        let name = format!("test_{:016x}", random());
        let url = with_database(server, &name);
        let database = Self { server: server.to_owned(), name, url };
        database.run(|name| format!("CREATE DATABASE {name}")).expect("a database is made");
        database
    }

    /// Makes it read-only or not, for connections that are made from now on.
    pub fn set_read_only(&self, is_read_only: bool) {
        let alter = |name: &str| format!("ALTER DATABASE {name} SET default_transaction_read_only = {is_read_only}");
        self.run(alter).expect("the database is altered");
    }

    /// Lets nobody connect, or everybody again.
    pub fn set_open(&self, is_open: bool) {
        self.run(|name| format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {is_open}")).expect("the database is altered");
    }

    /// Ends all connections to it, a moment later.
    pub fn cut(&self) {
        let cut =
            |name: &str| format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        self.run(cut).expect("the connections are cut");
    }

    fn run(&self, statement: impl FnOnce(&str) -> String) -> Result<()> {
        on_server(self.server.clone(), statement(&self.name))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = self.run(|name| format!("DROP DATABASE {name} WITH (FORCE)"));
        if !std::thread::panicking() {
            dropped.expect("the database is removed");
        }
    }
}

/// The url of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = place.split_once("://").expect("a url has a scheme");
    let host = rest.split('/').next().unwrap_or_default();
    // What was set for one schema does not hold in another database.
    let options: Vec<&str> = options.split('&').filter(|option| !option.starts_with("options=")).collect();
    format!("{scheme}://{host}/{name}?{}", options.join("&"))
}
