//! Every parameter missing, empty, blank, too long, malformed: each gets its code, and nothing changes.

use contract::codes::{OpenApiClient as Code, Row};

use super::{Signer, device, register, with_key};
use crate::harness::Im;

/// Actions with parameters that are good, in the declared order, without the AppKey.
fn good() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let id = || device(1);
    vec![
        ("QueryDeviceInfo", vec![("DeviceId", id())]),
        ("CheckDevice", vec![("DeviceId", id())]),
        ("CheckDevices", vec![("DeviceIds", id())]),
        ("QueryDevicesByAccount", vec![("Account", "a".into())]),
        ("QueryDevicesByAlias", vec![("Alias", "a".into())]),
        ("BindAlias", vec![("DeviceId", id()), ("AliasName", "a".into())]),
        ("UnbindAlias", vec![("DeviceId", id()), ("AliasName", "a".into())]),
        ("QueryAliases", vec![("DeviceId", id())]),
        ("BindTag", vec![("ClientKey", id()), ("KeyType", "DEVICE".into()), ("TagName", "t".into())]),
        ("UnbindTag", vec![("ClientKey", id()), ("KeyType", "DEVICE".into()), ("TagName", "t".into())]),
        ("QueryTags", vec![("ClientKey", id()), ("KeyType", "DEVICE".into())]),
        ("RemoveTag", vec![("TagName", "t".into())]),
        ("BindPhone", vec![("DeviceId", id()), ("PhoneNumber", "13800000000".into())]),
        ("UnbindPhone", vec![("DeviceId", id())]),
        ("ListTags", vec![]),
        ("CheckCertificate", vec![]),
    ]
}

/// The same of pushes and of questions about them.
fn good_pushes() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let to = || vec![("Target", "DEVICE".into()), ("TargetValue", device(1))];
    let with = |more: &[(&'static str, &str)]| {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        to().into_iter().chain(more).collect::<Vec<_>>()
    };
    let span = |more: &[(&'static str, &str)]| {
        let all = [("StartTime", "2023-11-14T00:00:00Z"), ("EndTime", "2023-11-15T00:00:00Z")];
        all.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()
    };
    let number = || vec![("MessageId", "7".to_owned())];
    vec![
        ("Push", with(&[("DeviceType", "ANDROID"), ("PushType", "NOTICE"), ("Body", "b")])),
        ("PushMessageToAndroid", with(&[("Title", "t"), ("Body", "b")])),
        ("PushMessageToiOS", with(&[("Title", "t"), ("Body", "b")])),
        ("PushNoticeToAndroid", with(&[("Title", "t"), ("Body", "b")])),
        ("PushNoticeToiOS", with(&[("ApnsEnv", "DEV"), ("Body", "b")])),
        ("ContinuouslyPush", number().into_iter().chain(to()).collect()),
        ("CompleteContinuouslyPush", number()),
        ("CancelPush", number()),
        ("QueryPushStatByMsg", number()),
        ("QueryPushRecords", span(&[])),
        ("ListPushRecords", span(&[])),
        ("QueryPushList", span(&[])),
        ("QueryPushStatByApp", span(&[("Granularity", "DAY")])),
        ("QueryUniqueDeviceStat", span(&[("Granularity", "DAY")])),
        ("QueryDeviceStat", span(&[("QueryType", "NEW")])),
        ("PushV2", vec![("PushTask", "{}".into())]),
        ("MassPushV2", vec![("PushTasks", "[]".into())]),
    ]
}

async fn check(im: &Im, signer: &Signer, action: &str, params: &[(&str, String)], row: Code, spelt: &str) {
    let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let row: &'static Row = row.into();
    signer.call(im, action, &params).await.fails(row, spelt);
}

/// An action, what it is called with, and what it is refused with.
type Case<'a> = (&'a str, Vec<(&'a str, String)>, Option<(Code, &'a str)>);

both! {
    async fn each_parameter_is_needed_filled_and_visible(im: Im) {
        let signer = with_key(&im).await;
        register(&im, &device(1)).await;
        for (action, params) in good().into_iter().chain(good_pushes()) {
            for (place, (name, _)) in params.iter().enumerate() {
                let mut without = params.clone();
                without.remove(place);
                check(&im, &signer, action, &without, Code::ParameterMissing, &format!("Missing{name}")).await;
                for (value, row, end) in [
                    ("", Code::ParameterEmpty, "Empty"),
                    (" \t", Code::ParameterBlank, "Blank"),
                    ("a\0b", Code::ParameterMalformed, "Format"),
                ] {
                    let mut with = params.clone();
                    with[place].1 = value.into();
                    check(&im, &signer, action, &with, row, &format!("Invalid{name}.{end}")).await;
                }
            }
            signer.call_plain(&im, action, &[]).await.fails(Code::ParameterMissing, "MissingAppKey");
            for (key, row, code) in [
                ("", Code::ParameterEmpty, "InvalidAppKey.Empty"),
                ("x", Code::ParameterMalformed, "InvalidAppKey.Format"),
                ("0", Code::ParameterMalformed, "InvalidAppKey.Format"),
                ("-5", Code::ParameterMalformed, "InvalidAppKey.Format"),
                ("99999999999999999999", Code::ParameterMalformed, "InvalidAppKey.Format"),
                ("7", Code::AppForbidden, "PermissionDenied"),
            ] {
                let mut all: Vec<(&str, &str)> = vec![("AppKey", key)];
                all.extend(params.iter().map(|(name, value)| (*name, value.as_str())));
                signer.call_plain(&im, action, &all).await.fails(row, code);
            }
        }
    }

    async fn each_bound_holds_at_its_last_value_and_not_beyond(im: Im) {
        let signer = with_key(&im).await;
        let id = device(1);
        register(&im, &id).await;
        let long = |text: &str, count: usize| text.repeat(count);
        let many = |count: usize| (0..count).map(|number| format!("k{number}")).collect::<Vec<_>>().join(",");
        let table: Vec<Case<'_>> = vec![
            ("BindAlias", vec![("DeviceId", id.clone()), ("AliasName", long("别", 42))], None),
            ("BindAlias", vec![("DeviceId", id.clone()), ("AliasName", long("别", 43))],
                Some((Code::ParameterBytesExceeded, "InvalidAliasName.BytesExceed"))),
            ("BindAlias", vec![("DeviceId", id.clone()), ("AliasName", many(10))], None),
            ("BindAlias", vec![("DeviceId", id.clone()), ("AliasName", many(11))],
                Some((Code::ParameterSizeExceeded, "InvalidAliasName.SizeExceed"))),
            ("BindAlias", vec![("DeviceId", id.clone()), ("AliasName", "a,,b".into())],
                Some((Code::ParameterEmpty, "InvalidAliasName.Empty"))),
            ("QueryDevicesByAccount", vec![("Account", long("a", 64))], None),
            ("QueryDevicesByAccount", vec![("Account", long("a", 65))],
                Some((Code::ParameterBytesExceeded, "InvalidAccount.BytesExceed"))),
            ("BindTag", vec![("ClientKey", "a".into()), ("KeyType", "ACCOUNT".into()), ("TagName", long("标", 128))], None),
            ("BindTag", vec![("ClientKey", "a".into()), ("KeyType", "ACCOUNT".into()), ("TagName", long("标", 129))],
                Some((Code::ParameterLengthExceeded, "InvalidTagName.LengthExceed"))),
            ("BindTag", vec![("ClientKey", "a".into()), ("KeyType", "ACCOUNT".into()), ("TagName", many(11))],
                Some((Code::ParameterSizeExceeded, "InvalidTagName.SizeExceed"))),
            ("BindTag", vec![("ClientKey", many(1_000)), ("KeyType", "ALIAS".into()), ("TagName", "t".into())], None),
            ("BindTag", vec![("ClientKey", many(1_001)), ("KeyType", "ALIAS".into()), ("TagName", "t".into())],
                Some((Code::ParameterSizeExceeded, "InvalidClientKey.SizeExceed"))),
            ("BindTag", vec![("ClientKey", "a".into()), ("KeyType", "PHONE".into()), ("TagName", "t".into())],
                Some((Code::ParameterMalformed, "InvalidKeyType.Format"))),
            ("UnbindAlias", vec![("DeviceId", id.clone()), ("UnbindAll", "maybe".into())],
                Some((Code::ParameterMalformed, "InvalidUnbindAll.Format"))),
            ("QueryDeviceInfo", vec![("DeviceId", long("x", 65))],
                Some((Code::ParameterMalformed, "InvalidDeviceId.Format"))),
            ("QueryDeviceInfo", vec![("DeviceId", "设备".into())],
                Some((Code::ParameterMalformed, "InvalidDeviceId.Format"))),
            ("BindPhone", vec![("DeviceId", id.clone()), ("PhoneNumber", "+861380000000a".into())],
                Some((Code::ParameterMalformed, "InvalidPhoneNumber.Format"))),
            ("BindPhone", vec![("DeviceId", id.clone()), ("PhoneNumber", long("1", 21))],
                Some((Code::ParameterBytesExceeded, "InvalidPhoneNumber.BytesExceed"))),
        ];
        for (action, params, expected) in table {
            if let Some((row, code)) = expected { check(&im, &signer, action, &params, row, code).await } else {
                let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
                signer.call(&im, action, &params).await.ok();
            }
        }
    }

    async fn a_form_over_its_bound_is_refused_before_it_is_read(im: Im) {
        let signer = with_key(&im).await;
        let form = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let query = signer.query(&signer.params(im.clock.now(), "ListTags", &[("AppKey", "1400000001")]));
        let body = format!("{query}&Body={}", "x".repeat(contract::limit::OPENAPI_BODY_BYTES));
        let reply = super::Reply(im.send_with("POST", "/", &form, body).await);
        reply.fails(Code::ParameterBytesExceeded, "InvalidRequest.BytesExceed");
        // Unknown parameters are signed and passed over, whatever they hold.
        let bomb = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        signer.call(&im, "ListTags", &[("RegionId", "cn-hangzhou"), ("Tags", &bomb)]).await.ok();
    }
}
