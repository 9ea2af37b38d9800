//! What vendors tell afterwards, at the address that an app gives them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{DeviceId, UserId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use store::apps::{AppSecrets, AppSettings, Credential};
use store::devices::{self, Login, Token};

use crate::harness::{APP, Im};

const PATH: &str = "/push/receipts/huawei/1400000001/7/hush";

fn credential(settings: &mut AppSettings, secrets: &mut AppSecrets, more: &[(&str, &str)]) {
    let own =
        Credential { channel: "huawei".into(), settings: [("callback_user".to_owned(), "user".to_owned())].into() };
    settings.credentials.insert(7, own);
    let all = [("callback_secret", "hush")].iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into()));
    secrets.credentials.insert(7, all.collect());
}

async fn bind(im: &Im) {
    im.import(&["bob"]).await;
    let now = im.clock.now();
    let write = move |tx: &mut store::Tx<'_>| {
        let (account, device) = (UserId::trusted("bob"), DeviceId::trusted("phone"));
        let login = Login { device: device.clone(), account: account.clone(), platform: 1, node: 0, session: 1 };
        devices::log_in(tx, now, &login)?;
        let token = Token { device, channel: "huawei".into(), token: "t1".into(), credential: 7, bound_at: now };
        devices::set_token(tx, &account, &token)
    };
    im.node().store.write(APP, write).await.expect("written");
}

async fn tokens(im: &Im) -> usize {
    let read = |snapshot: &mut store::Snapshot<'_>| devices::tokens_of(snapshot, &UserId::trusted("bob"));
    im.node().store.read(APP, read).await.expect("read").len()
}

fn told(status: i64) -> String {
    json!({"statuses": [{"token": "t1", "status": status, "requestId": "r1"}]}).to_string()
}

both! {
    async fn a_vendor_that_tells_of_a_removed_app_is_heard(im: Im) {
        im.app(|settings, secrets| credential(settings, secrets, &[])).await;
        bind(&im).await;
        let answer = im.send("POST", PATH, told(0)).await;
        assert_eq!((answer.head().status.as_u16(), tokens(&im).await), (200, 1));
        let answer = im.send("POST", PATH, told(2)).await;
        assert_eq!((answer.head().status.as_u16(), tokens(&im).await), (200, 0));
    }

    async fn nobody_else_is_heard(im: Im) {
        let status = async |path: &str, body: String| im.send("POST", path, body).await.head().status.as_u16();
        bind(&im).await;
        assert_eq!(status(PATH, told(2)).await, 404, "no such credential");
        im.app(|settings, secrets| credential(settings, secrets, &[])).await;
        for path in [
            "/push/receipts/huawei/1400000001/7/wrong",
            "/push/receipts/huawei/1400000001/8/hush",
            "/push/receipts/huawei/1400000002/7/hush",
            "/push/receipts/honor/1400000001/7/hush",
        ] {
            assert_eq!(status(path, told(2)).await, 404, "{path}");
        }
        assert_eq!(status("/push/receipts/huawei/x/7/hush", told(2)).await, 400);
        assert_eq!(status(PATH, "nonsense".into()).await, 400);
        assert_eq!(status(PATH, "x".repeat((1 << 20) + 1)).await, 413);
        im.app(|_, secrets| {
            secrets.credentials.insert(7, BTreeMap::default());
        })
        .await;
        assert_eq!(status("/push/receipts/huawei/1400000001/7/", told(2)).await, 404, "no secret, no address");
        assert_eq!(tokens(&im).await, 1);
    }

    async fn a_signature_is_demanded_where_a_key_was_agreed(im: Im) {
        im.app(|settings, secrets| credential(settings, secrets, &[("callback_key", "key")])).await;
        bind(&im).await;
        let time = im.clock.now().0.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"key").expect("any key fits");
        mac.update(format!("{time}nonceuser").as_bytes());
        let value = STANDARD.encode(mac.finalize().into_bytes());
        let proof = |value: &str| {
            [("x-huawei-callback-id".to_owned(), format!("timestamp={time}; nonce=nonce; value={value}"))]
        };
        assert_eq!(im.send("POST", PATH, told(2)).await.head().status, 403);
        assert_eq!(im.send_with("POST", PATH, &proof("eHg="), told(2)).await.head().status, 403);
        assert_eq!(tokens(&im).await, 1);
        assert_eq!(im.send_with("POST", PATH, &proof(&value), told(2)).await.head().status, 200);
        assert_eq!(tokens(&im).await, 0);
    }
}
