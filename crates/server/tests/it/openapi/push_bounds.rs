//! Bounds of pushes: what vendors' switches may say, how large a push may be, and a call that is made again.

use contract::codes::OpenApiClient as Code;
use contract::moment;
use serde_json::json;

use super::pushes::{World, notice, with};

both! {
    async fn switches_of_vendors_say_what_they_can_and_nothing_else(im: Im) {
        let world = World::new(im).await;
        let plain = with(&notice("DEVICE", "phone"), &[("DeviceType", "ANDROID"), ("StoreOffline", "true")]);
        let cases = [
            ("AndroidNotificationBarType", ["1", "100"], ["0", "101"]),
            ("AndroidTargetUserType", ["0", "1"], ["2", "-1"]),
            ("AndroidHuaweiTargetUserType", ["0", "1"], ["2", "-1"]),
            ("AndroidHuaweiBusinessType", ["0", "1"], ["2", "-1"]),
            ("AndroidHonorTargetUserType", ["0", "1"], ["2", "9"]),
            ("AndroidVivoPushMode", ["0", "1"], ["2", "x"]),
            ("AndroidNotificationVivoChannel", ["0", "1"], ["2", "x"]),
            ("AndroidOppoIntentEnv", ["0", "1"], ["2", "-1"]),
            ("AndroidMeizuNoticeMsgType", ["0", "1"], ["2", "-1"]),
            ("AndroidNotificationHuaweiChannel", ["LOW", "NORMAL"], ["HIGH", "x"]),
            ("AndroidMessageHuaweiUrgency", ["HIGH", "NORMAL"], ["LOW", "x"]),
            ("AndroidNotificationHonorChannel", ["LOW", "NORMAL"], ["HIGH", "x"]),
        ];
        for (name, good, bad) in cases {
            for value in good {
                world.call("Push", &with(&plain, &[(name, value)])).await.ok();
            }
            for value in bad {
                let reply = world.call("Push", &with(&plain, &[(name, value)])).await;
                reply.fails(Code::ParameterMalformed, &format!("Invalid{name}.Format"));
            }
        }
    }

    async fn a_call_that_is_made_again_is_answered_as_the_first_though_its_time_has_come(im: Im) {
        let world = World::new(im).await;
        let token = "c8016d13-6e76-4b6c-9bda-769383d11787";
        let at = |ms: i64| moment::write(world.im.clock.now().plus(ms));
        let (expires, begins) = (at(5_000), at(7 * 86_400_000));
        let brief = with(&notice("DEVICE", "phone"), &[("ExpireTime", &expires), ("IdempotentToken", token)]);
        let first = world.sent("Push", &brief).await;
        let task = json!({ "Action": "SCHEDULED_PUSH", "Options": { "PushTime": begins },
            "Target": { "Platform": "ANDROID", "Type": "DEVICE", "Value": "phone" }, "Message": { "Title": "t", "Body": "b" } });
        let (one, many) = (task.to_string(), json!([task]).to_string());
        let other = "0e0d4f51-4bf6-4d3a-8c0e-3ad6c1a1a0f2";
        let planned = [("PushTask", one.as_str()), ("IdempotentToken", "0e0d4f51-4bf6-4d3a-8c0e-3ad6c1a1a0f1")];
        let massed = [("PushTasks", many.as_str()), ("IdempotentToken", other)];
        let (single, several) = (world.sent("PushV2", &planned).await, world.call("MassPushV2", &massed).await.ok());
        world.advance(4_000);
        assert_eq!(world.sent("Push", &brief).await, first);
        world.call("Push", &with(&notice("DEVICE", "phone"), &[("ExpireTime", &expires)])).await
            .fails(Code::ExpireTimeTooEarly, "LimitExceed");
        assert_eq!(world.sent("PushV2", &planned).await, single);
        assert_eq!(world.call("MassPushV2", &massed).await.ok()["MessageIds"], several["MessageIds"]);
        // What was refused counts as no call.
        let late = [("ExpireTime", expires.as_str()), ("IdempotentToken", "11111111-1111-4111-8111-111111111111")];
        world.call("Push", &with(&notice("DEVICE", "phone"), &late)).await.fails(Code::ExpireTimeTooEarly, "LimitExceed");
        world.sent("Push", &with(&notice("DEVICE", "phone"), &[("IdempotentToken", late[1].1)])).await;
    }

    async fn what_is_bounded_together_holds_at_its_last_byte_and_not_beyond(im: Im) {
        let world = World::new(im).await;
        let base = notice("DEVICE", "phone");
        let (title, ext) = ("t".repeat(200), r#"{"k":"v"}"#);
        let body = |bytes: usize| "b".repeat(bytes);
        let android = [("DeviceType", "ANDROID"), ("Title", title.as_str())];
        let tapped = [("AndroidOpenType", "URL"), ("AndroidOpenUrl", "https://a"), ("AndroidMusic", "mus"), ("AndroidExtParameters", ext)];
        // Each with the bytes that are left for the text.
        let cases: Vec<(Vec<(&str, &str)>, usize)> = vec![
            // Apple's title has a bound of its own, and the sound that nobody named is no part of the call.
            (vec![("Title", &title)], 1_800),
            (vec![("iOSMusic", "mus"), ("iOSBadge", "12"), ("iOSExtParameters", ext)], 1_800 - 3 - 2 - ext.len()),
            (android.to_vec(), 1_600),
            (with(&android, &tapped), 1_600 - 3 - 9 - 3 - ext.len()),
            (with(&android, &[("PushType", "MESSAGE"), ("AndroidExtParameters", ext)]), 1_600),
            (vec![("PushType", "MESSAGE"), ("Title", &title), ("iOSExtParameters", ext)], 1_600),
            (vec![("DeviceType", "HARMONY"), ("Title", &title), ("HarmonyNotifyId", "77"), ("HarmonyExtParameters", ext)],
                1_600 - 2 - ext.len()),
        ];
        for (change, bytes) in cases {
            let whole = with(&base, &change);
            world.call("Push", &with(&whole, &[("Body", &body(bytes))])).await.ok();
            world.call("Push", &with(&whole, &[("Body", &body(bytes + 1))])).await
                .fails(Code::ParameterBytesExceeded, "InvalidBody.BytesExceed");
        }
        // The newer form bounds a message as one JSON text.
        let message = |bytes: usize| {
            let message = json!({ "Title": "t", "Body": body(bytes - r#"{"Title":"t","Body":""}"#.len()) });
            json!({ "Target": { "Platform": "ANDROID", "Type": "DEVICE", "Value": "phone" }, "Message": message }).to_string()
        };
        world.call("PushV2", &[("PushTask", &message(4_000))]).await.ok();
        world.call("PushV2", &[("PushTask", &message(4_001))]).await
            .fails(Code::ParameterBytesExceeded, "InvalidMessage.BytesExceed");
    }
}
