//! Devices as servers report, bind and look for them.

use contract::codes::MpaasPush as Code;
use serde_json::{Value, json};

use super::{Caller, caller};

async fn state(caller: &Caller<'_>, kind: &str, target: &str) -> Value {
    caller.call("PushQueryDeviceState", &[("TargetType", kind), ("Target", target)]).await.kept()["Data"].clone()
}

both! {
    async fn a_device_is_reported_bound_looked_for_and_unbound(im: Im) {
        let caller = caller(&im).await;
        assert_eq!(state(&caller, "1", "d1").await, Value::Null);
        caller.call("PushReport", &[
            ("DeliveryToken", "d1"), ("OsType", "1"), ("ThirdChannel", "5"), ("ThirdChannelDeviceToken", "hw-token"),
            ("Model", "One"), ("AppVersion", "1.0"), ("Imei", "490154203237518"),
        ]).await.pushed();
        let expected = json!({ "UserId": "", "DeviceId": "d1", "DeliveryToken": "d1", "ThirdToken": "hw-token",
            "Platform": "android", "Manufacturer": "hms", "Statue": "OFFLINE" });
        assert_eq!(state(&caller, "1", "d1").await, expected);
        let bind = [("DeliveryToken", "d1"), ("UserId", "u1"), ("OsType", "1"), ("PhoneNumber", "13800000000")];
        caller.call("PushBind", &bind).await.pushed();
        assert_eq!(state(&caller, "2", "u1").await["DeviceId"], "d1");
        // Another user takes the device over.
        caller.call("PushBind", &[("DeliveryToken", "d1"), ("UserId", "u2"), ("OsType", "1")]).await.pushed();
        assert_eq!(state(&caller, "2", "u1").await, Value::Null);
        assert_eq!(state(&caller, "1", "d1").await["UserId"], "u2");
        caller.call("PushUnBind", &[("DeliveryToken", "d1"), ("UserId", "u1")]).await.pushed();
        assert_eq!(state(&caller, "1", "d1").await["UserId"], "u2", "it is not u1's");
        caller.call("PushUnBind", &[("DeliveryToken", "d1"), ("UserId", "u2")]).await.pushed();
        assert_eq!(state(&caller, "1", "d1").await["UserId"], "");
        caller.call("PushUnBind", &[("DeliveryToken", "none"), ("UserId", "u2")]).await.pushed();
    }

    async fn phones_of_apple_and_harmony_are_named_by_their_vendors_tokens(im: Im) {
        let caller = caller(&im).await;
        let (apple, harmony) = ("ab".repeat(32), "H".repeat(200));
        for (token, os, user) in [(&apple, "2", "u1"), (&harmony, "7", "u2")] {
            caller.call("PushBind", &[("DeliveryToken", token), ("UserId", user), ("OsType", os)]).await.pushed();
        }
        let found = state(&caller, "1", &apple).await;
        assert_eq!((&found["Platform"], &found["Manufacturer"], &found["Statue"]),
            (&json!("ios"), &json!("ios"), &json!("UNKNOW")));
        assert_eq!((&found["DeliveryToken"], &found["UserId"]), (&json!(apple), &json!("u1")));
        let found = state(&caller, "2", "u2").await;
        assert_eq!((&found["Platform"], &found["Manufacturer"], &found["DeliveryToken"]),
            (&json!("harmonyos"), &json!("harmonyos"), &json!(harmony)));
        assert_eq!(found["DeviceId"].as_str().map(str::len), Some(64), "a token that is too long for a name is digested");
        // The same token again is the same device.
        caller.call("PushReport", &[("DeliveryToken", &harmony), ("OsType", "7"), ("Model", "Two")]).await.pushed();
        assert_eq!(state(&caller, "2", "u2").await["DeviceId"], found["DeviceId"]);
    }

    async fn a_report_or_a_binding_is_refused_for_each_of_its_parts(im: Im) {
        let caller = caller(&im).await;
        let long = "x".repeat(513);
        let bind: &[(&[(&str, &str)], Code)] = &[
            (&[("UserId", "u"), ("OsType", "1")], Code::DeliveryTokenMissing),
            (&[("DeliveryToken", ""), ("OsType", "1")], Code::DeliveryTokenMissing),
            (&[("DeliveryToken", "d"), ("OsType", "1")], Code::UserMissing),
            (&[("DeliveryToken", "d"), ("UserId", " "), ("OsType", "1")], Code::UserMissing),
            (&[("DeliveryToken", "d"), ("UserId", "u")], Code::OsTypeInvalid),
            (&[("DeliveryToken", "d"), ("UserId", "u"), ("OsType", "3")], Code::OsTypeInvalid),
            (&[("DeliveryToken", "d"), ("UserId", "u"), ("OsType", "x")], Code::OsTypeInvalid),
            (&[("DeliveryToken", &long), ("UserId", "u"), ("OsType", "1")], Code::ParameterInvalid),
            (&[("DeliveryToken", "d"), ("UserId", &long[..65]), ("OsType", "1")], Code::ParameterInvalid),
        ];
        for (params, code) in bind {
            caller.call("PushBind", params).await.fails(*code);
        }
        let report: &[&[(&str, &str)]] = &[
            &[("ThirdChannelDeviceToken", "t")],
            &[("ThirdChannelDeviceToken", "t"), ("ThirdChannel", "99")],
            &[("ThirdChannelDeviceToken", &long), ("ThirdChannel", "5")],
        ];
        for params in report {
            let mut all = vec![("DeliveryToken", "d"), ("OsType", "1")];
            all.extend(*params);
            caller.call("PushReport", &all).await.fails(Code::ParameterInvalid);
        }
        caller.call("PushUnBind", &[("DeliveryToken", "d")]).await.fails(Code::UserMissing);
        caller.call("PushQueryDeviceState", &[("TargetType", "3"), ("Target", "d")]).await.fails(Code::ParameterInvalid);
        caller.call("PushQueryDeviceState", &[("TargetType", "1")]).await.fails(Code::TargetEmpty);
        assert_eq!(state(&caller, "1", "d").await, Value::Null, "nothing was bound");
    }
}
