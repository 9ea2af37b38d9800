//! Access keys of each kind: owners, sub-users, temporary ones, bearer tokens, and whose apps they may call.

use contract::AppId;
use contract::codes::OpenApiClient as Code;
use serde_json::{Value, json};
use server::openapi::cloud::Key;
use store::cloud::{Grant, KeyKind, KeySecrets, KeySettings};

use super::{Reply, Signer, send, with_key};
use crate::harness::{APP, Im};

/// Adds a key of the default account.
pub(super) async fn add(im: &Im, id: &str, account: &str, settings: KeySettings, token: &str) -> Signer {
    let clouds = &im.node().clouds;
    let secrets = KeySecrets { secret: format!("secret-of-{id}"), token: token.into() };
    let key = Key { id: id.into(), account: account.into(), settings, secrets, apps: None };
    let row = clouds.close(&key).expect("the key is sealed");
    let now = im.clock.now();
    let added = im.node().store.write(AppId::PLATFORM, move |tx| store::cloud::add_key(tx, now, &row)).await;
    assert!(added.expect("the key is written"));
    clouds.refresh().await.expect("the keys are read again");
    let token = (!token.is_empty()).then(|| token.to_owned());
    Signer { token, ..Signer::new(id, &format!("secret-of-{id}")) }
}

fn granted(kind: KeyKind, actions: &[&str], apps: &[i64]) -> KeySettings {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    KeySettings { kind, grants: vec![Grant { actions, apps: apps.to_vec() }], ..KeySettings::default() }
}

/// The apps that a key sees.
async fn apps(im: &Im, signer: &Signer) -> Value {
    let answer = signer.call_plain(im, "ListSummaryApps", &[]).await.ok();
    answer["SummaryAppInfos"]["SummaryAppInfo"].clone()
}

both! {
    async fn an_owner_calls_the_apps_of_its_account_and_no_others(im: Im) {
        let own = with_key(&im).await;
        let owner = add(&im, "owner", "default", KeySettings::default(), "").await;
        let stranger = add(&im, "stranger", "elsewhere", KeySettings::default(), "").await;
        im.app(|settings, _| settings.name = "first".into()).await;
        let mine = json!([{ "AppKey": APP.0, "AppName": "first" }]);
        for signer in [&own, &owner] {
            signer.call(&im, "ListTags", &[]).await.ok();
            assert_eq!(apps(&im, signer).await, mine);
        }
        stranger.call(&im, "ListTags", &[]).await.fails(Code::AppForbidden, "PermissionDenied");
        assert_eq!(apps(&im, &stranger).await, json!([]));
        // The app goes to another account, and its callers with it; its own key stays.
        im.app(|settings, _| settings.cloud_account = "elsewhere".into()).await;
        stranger.call(&im, "ListTags", &[]).await.ok();
        owner.call(&im, "ListTags", &[]).await.fails(Code::AppForbidden, "PermissionDenied");
        own.call(&im, "ListTags", &[]).await.ok();
    }

    async fn a_sub_user_does_what_it_was_granted(im: Im) {
        let reader = add(&im, "reader", "default", granted(KeyKind::User, &["mpush:Query*", "mpush:ListTags"], &[]), "").await;
        reader.call(&im, "ListTags", &[]).await.ok();
        reader.call(&im, "QueryTags", &[("ClientKey", "a"), ("KeyType", "ALIAS")]).await.ok();
        // The right comes before the parameters.
        reader.call_plain(&im, "BindTag", &[]).await.fails(Code::ActionForbidden, "NoPermission");
        let other = add(&im, "other", "default", granted(KeyKind::User, &["*"], &[7]), "").await;
        other.call(&im, "ListTags", &[]).await.fails(Code::ActionForbidden, "NoPermission");
        assert_eq!(apps(&im, &other).await, json!([]));
    }

    async fn a_temporary_key_needs_its_token_and_ends(im: Im) {
        let mut settings = granted(KeyKind::Temporary, &["mpush:*"], &[]);
        settings.expires_at = Some(im.clock.now().plus(60_000).0);
        let signer = add(&im, "STS.1", "default", settings, "the/token==").await;
        signer.call(&im, "ListTags", &[]).await.ok();
        let without = Signer { token: None, ..signer.clone() };
        without.call(&im, "ListTags", &[]).await.fails(Code::ParameterMissing, "MissingSecurityToken");
        let wrong = Signer { token: Some("another".into()), ..signer.clone() };
        wrong.call(&im, "ListTags", &[]).await.fails(Code::ParameterMalformed, "InvalidSecurityToken.Format");
        im.clock.advance(60_000);
        signer.call(&im, "ListTags", &[]).await.fails(Code::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
    }

    async fn a_bearer_token_is_proof_by_itself(im: Im) {
        let bearer = add(&im, "robot", "default", granted(KeyKind::Bearer, &["mpush:ListTags"], &[]), "").await;
        let query = |token: &str, action: &str| {
            format!("Action={action}&Version=2016-08-01&AppKey={APP}&SignatureType=BEARERTOKEN&BearerToken={token}")
        };
        for _ in 0..2 {
            send(&im, &query(&bearer.secret, "ListTags")).await.ok();
        }
        let headers = [("x-acs-bearer-token", bearer.secret.as_str()), ("x-acs-action", "ListTags"),
            ("x-acs-version", "2016-08-01")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let target = format!("/?AppKey={APP}&SignatureType=BEARERTOKEN");
        Reply(im.send_with("POST", &target, &headers, "").await).ok();
        send(&im, &query(&bearer.secret, "RemoveTag")).await.fails(Code::ActionForbidden, "NoPermission");
        send(&im, &query("wrong", "ListTags")).await.fails(Code::AccessKeyUnknown, "InvalidAccessKeyId.NotFound");
    }

    async fn what_the_app_itself_forbids_is_told(im: Im) {
        let signer = with_key(&im).await;
        im.app(|settings, _| settings.commands_off = vec!["ListTags".into()]).await;
        signer.call(&im, "ListTags", &[]).await.fails(Code::ActionForbidden, "NoPermission");
        im.app(|settings, _| { settings.commands_off.clear(); settings.addresses = vec!["10.0.0.0/8".into()]; }).await;
        signer.call(&im, "ListTags", &[]).await.fails(Code::ActionForbidden, "NoPermission");
        im.app(|settings, _| { settings.addresses.clear(); settings.plan_until = Some(1); }).await;
        signer.call(&im, "ListTags", &[]).await.fails(Code::AccountInDebt, "AccountInDebt");
        im.app(|settings, _| settings.status = store::apps::Status::Disabled).await;
        signer.call(&im, "ListTags", &[]).await.fails(Code::AccountDisabled, "AccountDisabled");
    }
}
