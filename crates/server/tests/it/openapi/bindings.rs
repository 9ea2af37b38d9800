//! Devices and what is bound to them, by every action of EMAS that looks at or changes it.

use contract::codes::OpenApiClient as Code;
use serde_json::{Value, json};

use super::{Signer, device, register, with_key};
use crate::harness::{APP, Im};

/// Ten names of a kind.
fn names(kind: &str, count: usize) -> String {
    (0..count).map(|number| format!("{kind}{number}")).collect::<Vec<_>>().join(",")
}

async fn aliases(im: &Im, signer: &Signer, id: &str) -> Value {
    signer.call(im, "QueryAliases", &[("DeviceId", id)]).await.ok()["AliasInfos"]["AliasInfo"].clone()
}

both! {
    async fn a_device_shows_what_is_bound_to_it(im: Im) {
        let signer = with_key(&im).await;
        let id = device(1);
        register(&im, &id).await;
        let account = id.clone();
        let now = im.clock.now();
        im.node().store.write(APP, move |tx| {
            push::binding::bind_account(tx, now, &contract::DeviceId::parse(&account)?, "alice")
        }).await.expect("the account is bound");
        signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", "b,a")]).await.ok();
        signer.call(&im, "BindPhone", &[("DeviceId", &id), ("PhoneNumber", "+8613800000000")]).await.ok();
        signer.call(&im, "BindTag", &[("ClientKey", &id), ("KeyType", "device"), ("TagName", "男性,90后")]).await.ok();
        let shown = signer.call(&im, "QueryDeviceInfo", &[("DeviceId", &id)]).await.ok();
        assert_eq!(shown["DeviceInfo"], json!({
            "DeviceId": id, "DeviceType": "ANDROID", "DeviceToken": "", "Account": "alice", "Alias": "a,b",
            "Tags": "90后,男性", "PhoneNumber": "+8613800000000", "Brand": "Example", "Model": "One",
            "LastOnlineTime": "2023-11-14T22:13:20Z", "Online": false, "PushEnabled": true,
        }));
        let found = signer.call(&im, "QueryDevicesByAccount", &[("Account", "alice")]).await.ok();
        assert_eq!(found["DeviceIds"], json!({ "DeviceId": [id] }));
        let found = signer.call(&im, "QueryDevicesByAlias", &[("Alias", "a")]).await.ok();
        assert_eq!(found["DeviceIds"], json!({ "DeviceId": [id] }));
        let none = signer.call(&im, "QueryDevicesByAlias", &[("Alias", "c")]).await.ok();
        assert_eq!(none["DeviceIds"], json!({ "DeviceId": [] }));
        signer.call(&im, "UnbindPhone", &[("DeviceId", &id)]).await.ok();
        let shown = signer.call(&im, "QueryDeviceInfo", &[("DeviceId", &id)]).await.ok();
        assert_eq!(shown["DeviceInfo"]["PhoneNumber"], "");
    }

    async fn devices_are_checked_one_by_one_and_a_hundred_at_a_time(im: Im) {
        let signer = with_key(&im).await;
        register(&im, &device(1)).await;
        let (one, two) = (device(1), device(2));
        assert_eq!(signer.call(&im, "CheckDevice", &[("DeviceId", &one)]).await.ok()["Available"], true);
        assert_eq!(signer.call(&im, "CheckDevice", &[("DeviceId", &two)]).await.ok()["Available"], false);
        let both = format!("{two},{one}");
        let found = signer.call(&im, "CheckDevices", &[("DeviceIds", &both)]).await.ok();
        assert_eq!(found["DeviceCheckInfos"]["DeviceCheckInfo"], json!([
            { "DeviceId": two, "Available": false }, { "DeviceId": one, "Available": true },
        ]));
        signer.call(&im, "CheckDevices", &[("DeviceIds", &names("d", 100))]).await.ok();
        let reply = signer.call(&im, "CheckDevices", &[("DeviceIds", &names("d", 101))]).await;
        reply.fails(Code::ParameterSizeExceeded, "InvalidDeviceIds.SizeExceed");
    }

    async fn aliases_are_bound_once_and_within_their_limits(im: Im) {
        let signer = with_key(&im).await;
        let id = device(1);
        register(&im, &id).await;
        for _ in 0..2 {
            signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", "x")]).await.ok();
        }
        assert_eq!(aliases(&im, &signer, &id).await, json!([{ "AliasName": "x" }]));
        signer.call(&im, "UnbindAlias", &[("DeviceId", &id), ("AliasName", "x,y")]).await
            .fails(Code::ParameterNotFound, "InvalidAliasName.NotFound");
        assert_eq!(aliases(&im, &signer, &id).await, json!([{ "AliasName": "x" }]), "all or nothing");
        signer.call(&im, "UnbindAlias", &[("DeviceId", &id), ("AliasName", "x")]).await.ok();
        // 128 aliases of one device, and not one more.
        for ten in 0..12 {
            signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", &names(&format!("a{ten}-"), 10))]).await.ok();
        }
        signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", &names("b", 8))]).await.ok();
        signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", "b0,b1")]).await.ok();
        signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", "b0,c")]).await
            .fails(Code::ParameterSizeExceeded, "InvalidAliasName.SizeExceed");
        signer.call(&im, "UnbindAlias", &[("DeviceId", &id), ("UnbindAll", "true")]).await.ok();
        assert_eq!(aliases(&im, &signer, &id).await, json!([]));
        // 128 devices of one alias, and not one more.
        for number in 10..138 {
            register(&im, &device(number)).await;
            signer.call(&im, "BindAlias", &[("DeviceId", &device(number)), ("AliasName", "team")]).await.ok();
        }
        signer.call(&im, "BindAlias", &[("DeviceId", &id), ("AliasName", "team")]).await
            .fails(Code::ParameterSizeExceeded, "InvalidAliasName.SizeExceed");
    }

    async fn tags_hang_on_devices_accounts_and_aliases_apart(im: Im) {
        let signer = with_key(&im).await;
        let id = device(1);
        register(&im, &id).await;
        for (kind, key, tag) in [("DEVICE", id.as_str(), "d"), ("Account", "alice", "a"), ("ALIAS", "alice", "l")] {
            signer.call(&im, "BindTag", &[("ClientKey", key), ("KeyType", kind), ("TagName", tag)]).await.ok();
            let found = signer.call(&im, "QueryTags", &[("ClientKey", key), ("KeyType", kind)]).await.ok();
            assert_eq!(found["TagInfos"], json!({ "TagInfo": [{ "TagName": tag }] }));
        }
        let all = signer.call(&im, "ListTags", &[]).await.ok();
        assert_eq!(all["TagInfos"], json!({ "TagInfo": [{ "TagName": "a" }, { "TagName": "d" }, { "TagName": "l" }] }));
        signer.call(&im, "UnbindTag", &[("ClientKey", &id), ("KeyType", "DEVICE"), ("TagName", "d,never")]).await
            .fails(Code::ParameterNotFound, "InvalidTagName.NotFound");
        signer.call(&im, "UnbindTag", &[("ClientKey", &id), ("KeyType", "DEVICE"), ("TagName", "a,d")]).await.ok();
        let found = signer.call(&im, "QueryTags", &[("ClientKey", &id), ("KeyType", "DEVICE")]).await.ok();
        assert_eq!(found["TagInfos"], json!({ "TagInfo": [] }));
        signer.call(&im, "RemoveTag", &[("TagName", "a")]).await.ok();
        signer.call(&im, "RemoveTag", &[("TagName", "a")]).await
            .fails(Code::ParameterNotFound, "InvalidTagName.NotFound");
        let found = signer.call(&im, "QueryTags", &[("ClientKey", "alice"), ("KeyType", "ACCOUNT")]).await.ok();
        assert_eq!(found["TagInfos"], json!({ "TagInfo": [] }));
        let strangers = format!("{id},{}", device(9));
        signer.call(&im, "BindTag", &[("ClientKey", &strangers), ("KeyType", "DEVICE"), ("TagName", "new")]).await
            .fails(Code::ParameterNotFound, "InvalidClientKey.NotFound");
        assert!(!signer.call(&im, "ListTags", &[]).await.ok().to_string().contains("new"), "all or nothing");
    }

    async fn an_app_has_ten_thousand_tags_and_not_one_more(im: Im) {
        let signer = with_key(&im).await;
        let now = im.clock.now();
        let tags: Vec<String> = (0..9_999).map(|number| format!("t{number:05}")).collect();
        im.node().store.write(APP, move |tx| store::bound_tags::add(tx, now, &tags)).await.expect("tags are added");
        let bind = async |tag: &str| {
            signer.call(&im, "BindTag", &[("ClientKey", "alice"), ("KeyType", "ACCOUNT"), ("TagName", tag)]).await
        };
        bind("x,y").await.fails(Code::ParameterSizeExceeded, "InvalidTagName.SizeExceed");
        bind("x,t00001").await.ok();
        bind("y").await.fails(Code::ParameterSizeExceeded, "InvalidTagName.SizeExceed");
        let all = signer.call(&im, "ListTags", &[]).await.ok();
        assert_eq!(all["TagInfos"]["TagInfo"].as_array().map(Vec::len), Some(10_000));
    }

    async fn a_device_that_logged_in_to_chat_is_a_device_of_push(im: Im) {
        let signer = with_key(&im).await;
        im.import(&["bob"]).await;
        let now = im.clock.now();
        im.node().store.write(APP, move |tx| {
            let login = store::devices::Login {
                device: contract::DeviceId::parse("phone-1")?, account: contract::UserId::parse("bob")?, platform: 1,
                node: 0, session: 1,
            };
            store::devices::log_in(tx, now, &login).map(drop)
        }).await.expect("the device logs in");
        let shown = signer.call(&im, "QueryDeviceInfo", &[("DeviceId", "phone-1")]).await.ok();
        assert_eq!((&shown["DeviceInfo"]["Account"], &shown["DeviceInfo"]["DeviceType"]), (&json!("bob"), &json!("iOS")));
        signer.call(&im, "BindAlias", &[("DeviceId", "phone-1"), ("AliasName", "x")]).await.ok();
        assert_eq!(signer.call(&im, "CheckDevice", &[("DeviceId", "phone-1")]).await.ok()["Available"], true);
        let found = signer.call(&im, "QueryDevicesByAccount", &[("Account", "bob")]).await.ok();
        assert_eq!(found["DeviceIds"], json!({ "DeviceId": ["phone-1"] }));
        // What neither is a device nor could be one is malformed; what could be is not there.
        signer.call(&im, "QueryDeviceInfo", &[("DeviceId", "phone-2")]).await
            .fails(Code::ParameterMalformed, "InvalidDeviceId.Format");
        signer.call(&im, "QueryDeviceInfo", &[("DeviceId", &device(7))]).await
            .fails(Code::ParameterNotFound, "InvalidDeviceId.NotFound");
    }
}
