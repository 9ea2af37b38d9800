//! One pair of RSA keys for all tests: making one takes longer than most of them.

use std::sync::OnceLock;

use sandbox::{Sandbox, SandboxSettings};
use serde_json::json;

/// The private and the public half, as the sandbox itself gives them out.
pub(crate) fn pair() -> &'static (String, String) {
    static PAIR: OnceLock<(String, String)> = OnceLock::new();
    PAIR.get_or_init(|| {
        let make = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let sandbox = runtime.block_on(Sandbox::start(SandboxSettings::default())).unwrap();
            let app = sandbox.control("POST", "/fcm/apps", &json!({})).unwrap();
            let private = app["service_account"]["private_key"].as_str().unwrap().to_owned();
            (private, app["public_key_pem"].as_str().unwrap().to_owned())
        };
        std::thread::scope(|scope| scope.spawn(make).join().unwrap())
    })
}
