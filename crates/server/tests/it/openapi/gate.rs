//! Who is let in, in which order the reasons against it are found, and that each call counts once.

use contract::codes::{OpenApiClient as Code, OpenApiServer};
use contract::ledger::How;
use contract::{AppId, moment};
use serde_json::json;
use store::cloud::CloudState;
use store::sql;

use super::{Reply, Signer, device, encode, register, send, with_key};
use crate::harness::{APP, Im, START};
use crate::raw::Raw;

both! {
    async fn the_first_reason_in_the_documented_order_is_told(im: Im) {
        let signer = with_key(&im).await;
        let app = APP.to_string();
        // Everything is wrong at first; one thing after the other is put right.
        let mut params = signer.params(START, "queryTags", &[
            ("Version", "2016-01-01"), ("SignatureNonce", ""), ("Timestamp", "now"), ("AccessKeyId", "nobody"),
            ("ClientKey", "x"), ("KeyType", "DEVICE"), ("AppKey", "7"),
        ]);
        let set = |params: &mut Vec<(String, String)>, name: &str, value: &str| {
            params.iter_mut().find(|(own, _)| own == name).expect("a parameter").1 = value.into();
        };
        let ask = async |params: &[(String, String)], secret: &str| {
            send(&im, &Signer::new("any", secret).query(params)).await
        };
        ask(&params, "x").await.fails(Code::ProductUnknown, "InvalidProduct.NotFound");
        set(&mut params, "Version", "2016-08-01");
        ask(&params, "x").await.fails(Code::ApiUnknown, "InvalidApi.NotFound");
        set(&mut params, "Action", "QueryTags");
        ask(&params, "x").await.fails(Code::ParameterMissing, "MissingSignatureNonce");
        set(&mut params, "SignatureNonce", "the-same");
        ask(&params, "x").await.fails(Code::TimestampMalformed, "InvalidTimeStamp.Format");
        set(&mut params, "Timestamp", &moment::write(START.plus(-901_000)));
        ask(&params, "x").await.fails(Code::TimestampExpired, "InvalidTimeStamp.Expired");
        set(&mut params, "Timestamp", &moment::write(START));
        ask(&params, "x").await.fails(Code::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
        set(&mut params, "AccessKeyId", &signer.id);
        let told = ask(&params, "x").await.fails(Code::SignatureMismatch, "SignatureDoesNotMatch");
        assert!(told["Message"].as_str().expect("a text").contains("server string to sign is:POST&%2F&"), "{told}");
        ask(&params, &signer.secret).await.fails(Code::AppForbidden, "PermissionDenied");
        // The call was signed well and used its nonce up, although it was refused.
        ask(&params, &signer.secret).await.fails(Code::NonceUsed, "SignatureNonceUsed");
        set(&mut params, "SignatureNonce", "another");
        set(&mut params, "AppKey", &app);
        ask(&params, &signer.secret).await.ok();
        ask(&params, &signer.secret).await.fails(Code::NonceUsed, "SignatureNonceUsed");
    }

    async fn a_repeated_write_is_refused_and_changes_nothing(im: Im) {
        let signer = with_key(&im).await;
        register(&im, &device(1)).await;
        let id = device(1);
        let params: Vec<(&str, &str)> = vec![("AppKey", "1400000001"), ("DeviceId", &id), ("AliasName", "one")];
        let query = signer.query(&signer.params(im.clock.now(), "BindAlias", &params));
        send(&im, &query).await.ok();
        signer.call(&im, "UnbindAlias", &[("DeviceId", &id), ("UnbindAll", "True")]).await.ok();
        send(&im, &query).await.fails(Code::NonceUsed, "SignatureNonceUsed");
        let aliases = signer.call(&im, "QueryAliases", &[("DeviceId", &id)]).await.ok();
        assert_eq!(aliases["AliasInfos"], json!({ "AliasInfo": [] }));
        // A refused write counts as well, before whatever it is refused for.
        let query = signer.query(&signer.params(im.clock.now(), "BindAlias", &[("AppKey", "1400000001"),
            ("DeviceId", &device(2)), ("AliasName", "one")]));
        send(&im, &query).await.fails(Code::ParameterNotFound, "InvalidDeviceId.NotFound");
        register(&im, &device(2)).await;
        send(&im, &query).await.fails(Code::NonceUsed, "SignatureNonceUsed");
    }

    async fn a_nonce_is_known_to_every_node_and_after_a_restart_until_its_call_is_too_old(im: Im) {
        let signer = with_key(&im).await;
        let query = signer.query(&signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001")]));
        send(&im, &query).await.ok();
        let other = im.restart().await;
        send(&other, &query).await.fails(Code::NonceUsed, "SignatureNonceUsed");
        other.clock.advance(901_000);
        send(&other, &query).await.fails(Code::TimestampExpired, "InvalidTimeStamp.Expired");
        // The same text in a new call is a new nonce then.
        let nonce = query.split("SignatureNonce=").nth(1).and_then(|rest| rest.split('&').next()).expect("a nonce");
        let nonce = nonce.replace("%2D", "-");
        let query = signer.query(&signer.params(other.clock.now(), "ListTags", &[("AppKey", "1400000001"),
            ("SignatureNonce", &nonce)]));
        send(&other, &query).await.ok();
        send(&other, &query).await.fails(Code::NonceUsed, "SignatureNonceUsed");
    }

    async fn of_many_equal_calls_at_once_one_counts(im: Im) {
        let signer = with_key(&im).await;
        let query = signer.query(&signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001")]));
        let replies = futures_util::future::join_all((0..20).map(|_| send(&im, &query))).await;
        let good = replies.iter().filter(|reply| reply.0.head().status == 200).count();
        assert_eq!(good, 1);
    }

    async fn a_call_may_come_by_form_by_query_by_get_and_in_xml(im: Im) {
        let signer = with_key(&im).await;
        let form = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let body = signer.query(&signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001")]));
        Reply(im.send_with("POST", "/", &form, body).await).ok();
        let params = signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001"), ("Format", "XML")]);
        let query = encode(&params);
        let request = contract::openapi::Request { method: "GET", path: "/", query: &query, headers: &[], body: b"" };
        let all = contract::openapi::Params::of(&request).expect("parameters");
        let signature = contract::openapi::sign_rpc("GET", &all, &signer.secret);
        let target = format!("/?{query}&{}", encode(&[("Signature".into(), signature)]));
        let answer = im.send("GET", &target, "").await;
        let text = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.head().headers["content-type"], "application/xml;charset=utf-8");
        assert!(text.starts_with("<?xml") && text.contains("<ListTagsResponse><RequestId>"), "{text}");
        // The same again is a refusal, in XML as well.
        let text = im.send("GET", &target, "").await;
        let text = String::from_utf8_lossy(text.body()).into_owned();
        assert!(text.contains("<Error><RequestId>") && text.contains("<Code>SignatureNonceUsed</Code>"), "{text}");
    }

    async fn what_has_lost_its_way_is_told_so_in_the_envelope(im: Im) {
        let signer = with_key(&im).await;
        let query = signer.query(&signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001")]));
        for (method, path) in [("PUT", "/"), ("DELETE", "/"), ("POST", "/elsewhere")] {
            let answer = Reply(im.send(method, &format!("{path}?{query}"), "").await);
            answer.fails(Code::ApiUnknown, "InvalidApi.NotFound");
        }
        Reply(im.send("GET", "/", "").await).fails(Code::ParameterMissing, "MissingAction");
        Reply(im.send("GET", "/?Action=Push", "").await).fails(Code::ParameterMissing, "MissingVersion");
        Reply(im.send("GET", "/?Action=%FF", "").await).fails(Code::ApiUnknown, "InvalidApi.NotFound");
        // A page that is not there is none of this surface's business.
        assert_eq!(im.send("GET", "/favicon.ico", "").await.head().status, 404);
    }

    async fn a_store_that_is_away_is_the_servers_trouble(im: Im) {
        let signer = with_key(&im).await;
        im.node().store.close().await;
        let reply = signer.call(&im, "ListTags", &[]).await;
        reply.fails_by(OpenApiServer::ServiceUnavailable, "ServiceUnavailable", How::Request);
    }

    async fn a_table_that_is_gone_is_an_internal_error(im: Im) {
        let signer = with_key(&im).await;
        im.sql(sql!("ALTER TABLE push_tags RENAME TO push_tags_gone")).await;
        signer.call(&im, "ListTags", &[]).await.fails(OpenApiServer::InternalError, "InternalError");
    }
}

both! {
    async fn the_state_of_the_cloud_account_comes_before_its_rights_and_the_parameters(im: Im) {
        let signer = with_key(&im).await;
        for (state, row, code) in [
            (CloudState::Unsupported, Code::AccountUnsupported, "AccountNotSupport"),
            (CloudState::Prohibited, Code::AccountProhibited, "AccountProhibited"),
            (CloudState::InDebt, Code::AccountInDebt, "AccountInDebt"),
            (CloudState::Disabled, Code::AccountDisabled, "AccountDisabled"),
        ] {
            set_account(&im, move |own| own.state = state).await;
            signer.call_plain(&im, "QueryTags", &[]).await.fails(row, code);
        }
        set_account(&im, |own| own.state = CloudState::Active).await;
        signer.call_plain(&im, "QueryTags", &[]).await.fails(Code::ParameterMissing, "MissingAppKey");
    }

    async fn quotas_hold_where_the_operator_says_so(im: Im) {
        let signer = with_key(&im).await;
        for _ in 0..12 {
            signer.call_plain(&im, "ListSummaryApps", &[]).await.ok();
        }
        set_account(&im, |own| own.has_quotas = true).await;
        let mut refused = 0;
        for _ in 0..40 {
            let reply = signer.call_plain(&im, "ListSummaryApps", &[]).await;
            if reply.0.head().status == 400 {
                reply.fails(Code::ApiThrottled, "Throttling.Api");
                assert_eq!(reply.0.head().headers["x-acs-retry-after"], "1");
                refused += 1;
            }
        }
        assert!(refused > 0, "forty calls within a moment and a quota of ten a second");
        set_account(&im, |own| own.rate_total = Some(1)).await;
        signer.call_plain(&im, "ListTags", &[("AppKey", "1400000001")]).await.ok();
        let reply = signer.call_plain(&im, "ListTags", &[("AppKey", "1400000001")]).await;
        reply.fails(Code::AccountThrottled, "Throttling.User");
    }
}

/// Changes the account that owns the app.
async fn set_account(im: &Im, change: impl Fn(&mut store::cloud::CloudSettings)) {
    let clouds = &im.node().clouds;
    let mut own = clouds.accounts().into_iter().find(|(id, _)| id == "default").map(|(_, own)| (*own).clone());
    let mut own = own.take().unwrap_or_default();
    change(&mut own);
    let record = serde_json::to_string(&own).expect("a record");
    let now = im.clock.now();
    let write = move |tx: &mut store::Tx<'_>| store::cloud::set_account(tx, now, "default", &record);
    im.node().store.write(AppId::PLATFORM, write).await.expect("the account is written");
    clouds.refresh().await.expect("the accounts are read again");
}

#[tokio::test]
async fn plain_http_is_refused_where_tls_is_required() {
    let started = Im::start_with(store::testing::TestEngine::Sqlite, |config| config.openapi.require_tls = true).await;
    let im = started.expect("SQLite is always tested");
    let signer = with_key(&im).await;
    signer.call(&im, "ListTags", &[]).await.fails(Code::TlsRequired, "InvalidProtocol.NeedSsl");
}

#[tokio::test]
async fn a_call_that_sends_its_form_too_slowly_is_told_that_time_ran_out() {
    let started = Im::start_with(store::testing::TestEngine::Sqlite, |config| config.bounds.body_ms = 50).await;
    let im = started.expect("SQLite is always tested");
    let head = "POST / HTTP/1.1\r\nhost: noroshi.test\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                content-length: 100\r\n\r\nAction=ListTags";
    let text = Raw::open(&im).await.write(head.as_bytes()).await.read_answer().await;
    assert!(text.starts_with("HTTP/1.1 500 ") && text.contains(r#""Code":"Timeout""#), "{text}");
    contract::ledger::note(OpenApiServer::Timeout.row(), How::Request);
}
