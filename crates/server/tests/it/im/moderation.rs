//! `im_cos_msg/…`: their bodies, and what they say of files that are not there. What they do is tested with the files.

use contract::codes::{Common, Resource};
use serde_json::json;

use crate::harness::{elements, item_fails, with};
use crate::media::upload;

const FORBID: &str = "im_cos_msg/forbid_illegal_object";
const ALLOW: &str = "im_cos_msg/allow_banned_object";
const SIGN: &str = "im_cos_msg/get_cos_sig";

both! {
    async fn bodies_that_do_not_fit_are_refused(im: Im) {
        for command in [FORBID, ALLOW] {
            for url in [json!(null), json!(1), json!([]), json!(""), json!("no url"), json!("https://a\u{0}b/"), json!(format!("https://x/{}", "x".repeat(2_048)))] {
                im.call(command, with(json!({}), json!({ "RawURL": url }))).await.fails(Resource::TransferInvalid);
            }
            im.raw(command, "[]").await.fails(Common::BodyMalformed);
        }
        let item = json!({ "ResourceID": 1, "RawURL": "https://x.test/a" });
        for urls in [json!(null), json!([]), json!("x"), json!([1]), json!([{ "ResourceID": 1 }]), json!(vec![item; 101])] {
            im.call(SIGN, with(json!({}), json!({ "RawURLs": urls }))).await.fails(Resource::TransferInvalid);
        }
    }

    async fn a_file_of_this_installation_must_be_there_and_another_need_not(im: Im) {
        im.import(&["alice", "bob"]).await;
        let own = format!("https://any.test/media/{}/{}", crate::harness::APP, "0".repeat(32));
        im.call(FORBID, json!({ "RawURL": own })).await.fails(Resource::FileUnknown);
        im.call(ALLOW, json!({ "RawURL": own })).await.fails(Resource::FileUnknown);
        let signed = im.call(SIGN, json!({ "RawURLs": [{ "ResourceID": 7, "RawURL": own }] })).await.ok();
        assert_eq!(signed["PreSigURLs"][0]["ResourceID"], 7);
        assert_eq!(signed["PreSigURLs"][0]["PreSigURL"], "");
        item_fails(&signed["PreSigURLs"][0]["Code"], Resource::FileUnknown);

        let other = "https://elsewhere.test/cat.png";
        im.call(FORBID, json!({ "RawURL": format!("{other}?size=1") })).await.ok();
        im.call(FORBID, json!({ "RawURL": other })).await.ok();
        let file = json!([{ "MsgType": "TIMFileElem", "MsgContent": { "Url": other, "UUID": "u", "FileSize": 1,
            "FileName": "cat.png", "Download_Flag": 2 } }]);
        let call = |random: u32| json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": random, "MsgBody": file });
        im.call("openim/sendmsg", call(1)).await.fails(Common::ImageForbidden);
        im.call("openim/batchsendmsg", with(call(2), json!({ "To_Account": ["bob"] }))).await.fails(Common::ImageForbidden);
        im.call(ALLOW, json!({ "RawURL": other })).await.ok();
        im.call("openim/sendmsg", call(3)).await.ok();
        im.call("openim/sendmsg", json!({ "To_Account": "bob", "MsgRandom": 4, "MsgBody": elements("x") })).await.ok();
    }

    async fn what_is_forbidden_stays_so_after_a_restart(im: Im) {
        im.import(&["alice", "bob"]).await;
        let stored = upload(&im, "alice", "a.png", b"bad").await;
        let url = stored["Url"].as_str().expect("a URL").to_owned();
        im.call(FORBID, json!({ "RawURL": url })).await.ok();
        let im = im.restart().await;
        let file = json!([{ "MsgType": "TIMFileElem", "MsgContent": { "Url": url, "UUID": "u", "FileSize": 1,
            "FileName": "a.png", "Download_Flag": 2 } }]);
        let call = json!({ "From_Account": "alice", "To_Account": "bob", "MsgRandom": 1, "MsgBody": file });
        im.call("openim/sendmsg", call).await.fails(Common::ImageForbidden);
    }
}
