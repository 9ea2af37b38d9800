//! UserSigs, good and bad: each refusal by its own code, and what makes one void.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::codes::{Account, Common};
use contract::{AppId, user_sig};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use store::apps::SigningKey;

use crate::harness::{ADMIN, APP, Answer, Im, KEY, query, sig_at, with};

const CHECK: &str = "im_open_login_svc/account_check";

/// 20,000 blanks.
const BOMB: &str = "eNrtwTEBAAAAwqAq65-SGh5AAQAAAAAAAAAAAAAAAAAAAAAAAPBgy73EiA__";

/// Packs a document as a signing library does that does not compress.
fn pack(json: &str) -> String {
    let (len, mut sums) = (json.len() as u16, (1_u32, 0_u32));
    for byte in json.bytes() {
        sums.0 = (sums.0 + u32::from(byte)) % 65_521;
        sums.1 = (sums.1 + sums.0) % 65_521;
    }
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(len.to_le_bytes());
    zlib.extend((!len).to_le_bytes());
    zlib.extend(json.bytes());
    zlib.extend((sums.1 << 16 | sums.0).to_be_bytes());
    STANDARD.encode(zlib).replace('+', "*").replace('/', "-").replace('=', "_")
}

/// A document of the administrator that is signed with the app's key.
fn document(time: i64, expire: i64, user_buf: Option<&str>) -> Value {
    let mut text = format!("TLS.identifier:{ADMIN}\nTLS.sdkappid:{APP}\nTLS.time:{time}\nTLS.expire:{expire}\n");
    let mut document = json!({ "TLS.ver": "2.0", "TLS.identifier": ADMIN, "TLS.sdkappid": APP.0, "TLS.time": time,
        "TLS.expire": expire });
    if let Some(user_buf) = user_buf {
        text.push_str(&format!("TLS.userbuf:{user_buf}\n"));
        document["TLS.userbuf"] = user_buf.into();
    }
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).expect("any key fits");
    mac.update(text.as_bytes());
    document["TLS.sig"] = STANDARD.encode(mac.finalize().into_bytes()).into();
    document
}

async fn call(im: &Im, sig: &str) -> Answer {
    im.call_as(ADMIN, sig, CHECK, json!({ "CheckItem": [{ "UserID": "a" }] })).await
}

both! {
    async fn signing_libraries_differ_in_what_does_not_matter(im: Im) {
        let now = im.clock.now().secs();
        let plain = document(now, 60, None);
        call(&im, &pack(&plain.to_string())).await.ok();
        call(&im, &pack(&format!("{plain}\n"))).await.ok();
        call(&im, &pack(&format!(" {plain:#} "))).await.ok();
        call(&im, &pack(&document(now, 60, Some("AAANYWRtaW4=")).to_string())).await.ok();
        let as_text = json!({ "TLS.sdkappid": APP.0.to_string(), "TLS.time": now.to_string(), "TLS.expire": "60", "more": {} });
        call(&im, &pack(&with(plain, as_text).to_string())).await.ok();
    }

    async fn a_sig_that_does_not_unpack_is_told_from_one_that_holds_nonsense(im: Im) {
        let now = im.clock.now().secs();
        let good = document(now, 60, None);
        let packed = pack(&good.to_string());
        let unpacked = STANDARD.encode(good.to_string()).replace('+', "*").replace('/', "-").replace('=', "_");
        for sig in ["x", "_", "%20", "*-_", &packed[..packed.len() / 2], &packed[4..], &unpacked, &"A".repeat(5_000)] {
            call(&im, sig).await.fails(Account::UserSigUndecodable);
        }
        call(&im, BOMB).await.fails(Account::UserSigUndecodable);
        for changes in [
            json!({ "TLS.ver": "1.0" }), json!({ "TLS.ver": 2.0 }), json!({ "TLS.ver": null }),
            json!({ "TLS.identifier": null }), json!({ "TLS.identifier": 1 }), json!({ "TLS.sdkappid": null }),
            json!({ "TLS.sdkappid": "app" }), json!({ "TLS.time": null }), json!({ "TLS.time": 1.5 }),
            json!({ "TLS.expire": null }), json!({ "TLS.expire": {} }), json!({ "TLS.sig": null }),
            json!({ "TLS.sig": "!" }), json!({ "TLS.userbuf": 1 }),
        ] {
            call(&im, &pack(&with(good.clone(), changes).to_string())).await.fails(Account::UserSigMalformed);
        }
        for json in ["", "[]", "null", "{", "text", "\0"] {
            call(&im, &pack(json)).await.fails(Account::UserSigMalformed);
        }
    }

    async fn a_sig_belongs_to_one_account_of_one_app(im: Im) {
        let now = im.clock.now();
        call(&im, &user_sig::sign(AppId(7), KEY, ADMIN, now, 60)).await.fails(Account::UserSigOtherApp);
        call(&im, &user_sig::sign(AppId(7), KEY, "bob", now, 60)).await.fails(Account::UserSigOtherApp);
        call(&im, &im.sig("bob")).await.fails(Account::UserSigOtherAccount);
        call(&im, &im.sig("Administrator")).await.fails(Account::UserSigOtherAccount);
    }

    async fn of_several_faults_the_earlier_check_answers(im: Im) {
        let late = im.clock.now().plus(-100_000_000);
        im.app(|settings, secrets| {
            settings.accounts_off = vec!["bob".into()];
            secrets.signing_keys.clear();
        }).await;
        let as_bob = async |sig: &str| im.ask(CHECK, &query("bob", sig), "").await;
        let sign = |app: AppId, key: &str, user: &str| user_sig::sign(app, key, user, late, 60);
        as_bob("").await.fails(Account::UserSigEmpty);
        as_bob("x").await.fails(Account::UserSigUndecodable);
        let old = with(document(late.secs(), 60, None), json!({ "TLS.ver": "1.0", "TLS.sdkappid": 7 }));
        as_bob(&pack(&old.to_string())).await.fails(Account::UserSigMalformed);
        as_bob(&sign(AppId(7), "another", "carol")).await.fails(Account::UserSigOtherApp);
        as_bob(&sign(APP, "another", "carol")).await.fails(Account::UserSigOtherAccount);
        as_bob(&sign(APP, "another", "bob")).await.fails(Account::KeyMissing);
        im.app(|_, secrets| secrets.signing_keys.push(SigningKey { secret: KEY.into(), added_at: 0 })).await;
        as_bob(&sign(APP, "another", "bob")).await.fails(Account::UserSigForged);
        as_bob(&sign(APP, KEY, "bob")).await.fails(Account::UserSigExpired);
        as_bob(&im.sig("bob")).await.fails(Account::AccountBlocked);
        im.app(|settings, _| settings.accounts_off.clear()).await;
        as_bob(&im.sig("bob")).await.fails(Common::NotAdmin);
    }

    async fn a_sig_is_forged_if_anything_in_it_was_changed(im: Im) {
        let now = im.clock.now();
        call(&im, &user_sig::sign(APP, "another", ADMIN, now, 60)).await.fails(Account::UserSigForged);
        let good = document(now.secs(), 60, Some("AAAA"));
        for changes in [
            json!({ "TLS.time": now.secs() + 1 }), json!({ "TLS.expire": 61 }), json!({ "TLS.userbuf": "AAAB" }),
            json!({ "TLS.userbuf": null }), json!({ "TLS.sig": "" }), json!({ "TLS.sig": "AAAA" }),
        ] {
            call(&im, &pack(&with(good.clone(), changes).to_string())).await.fails(Account::UserSigForged);
        }
    }

    async fn a_sig_expires_at_its_moment_also_when_it_was_verified_before(im: Im) {
        let now = im.clock.now();
        let sig = user_sig::sign(APP, KEY, ADMIN, now, 60);
        call(&im, &sig).await.ok();
        im.clock.advance(59_499);
        call(&im, &sig).await.ok();
        im.clock.advance(1);
        call(&im, &sig).await.fails(Account::UserSigExpired);
        let late = user_sig::sign(APP, KEY, ADMIN, now, 59);
        call(&im, &late).await.fails(Account::UserSigExpired);
        call(&im, &user_sig::sign(APP, "another", ADMIN, now, 59)).await.fails(Account::UserSigForged);
        for (time, expire) in [(0, i64::MAX), (i64::MAX, i64::MAX), (i64::MAX, 60)] {
            call(&im, &pack(&document(time, expire, None).to_string())).await.ok();
        }
        for (time, expire) in [(0, 0), (i64::MIN, i64::MIN), (now.secs(), -1)] {
            call(&im, &pack(&document(time, expire, None).to_string())).await.fails(Account::UserSigExpired);
        }
    }

    async fn a_key_that_is_taken_away_stops_at_once_and_several_may_hold(im: Im) {
        let sig = im.sig(ADMIN);
        call(&im, &sig).await.ok();
        im.app(|_, secrets| secrets.signing_keys.insert(0, SigningKey { secret: "fresh".into(), added_at: 1 })).await;
        call(&im, &sig).await.ok();
        call(&im, &user_sig::sign(APP, "fresh", ADMIN, im.clock.now(), 60)).await.ok();
        im.app(|_, secrets| secrets.signing_keys.truncate(1)).await;
        call(&im, &sig).await.fails(Account::UserSigForged);
        im.app(|_, secrets| secrets.signing_keys.clear()).await;
        call(&im, &sig).await.fails(Account::KeyMissing);
    }

    async fn ten_forged_sigs_within_a_minute_make_the_account_wait(im: Im) {
        let known = sig_at(ADMIN, im.clock.now().plus(-120_000));
        call(&im, &known).await.ok();
        let mut forged = 0;
        let refused = loop {
            let answer = call(&im, &user_sig::sign(APP, "another", ADMIN, im.clock.now(), 60 + forged)).await;
            if !answer.is(Account::UserSigForged) {
                break answer;
            }
            answer.fails(Account::UserSigForged);
            forged += 1;
            assert!(forged <= 12, "nothing makes it wait");
        };
        refused.fails(Account::VerifyThrottled);
        // The limiter fills again in real time, one try in six seconds.
        assert!((10..=11).contains(&forged), "{forged}");
        call(&im, &sig_at(ADMIN, im.clock.now().plus(-1_000))).await.fails(Account::VerifyThrottled);
        // What was verified before, and other accounts, go on.
        call(&im, &known).await.ok();
        im.ask(CHECK, &query("bob", &im.sig("bob")), "{}").await.fails(Common::NotAdmin);
    }

    async fn an_account_on_the_blocklist_may_not_call(im: Im) {
        call(&im, &im.sig(ADMIN)).await.ok();
        im.app(|settings, _| settings.accounts_off.push(ADMIN.into())).await;
        call(&im, &im.sig(ADMIN)).await.fails(Account::AccountBlocked);
        call(&im, &user_sig::sign(APP, "another", ADMIN, im.clock.now(), 60)).await.fails(Account::UserSigForged);
        im.app(|settings, _| settings.accounts_off.clear()).await;
        call(&im, &im.sig(ADMIN)).await.ok();
    }
}
