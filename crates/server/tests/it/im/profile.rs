//! `profile/portrait_set`, `profile/portrait_get`, and nick and face of imports.

use contract::codes::{Common, Profile};
use contract::ledger::How;
use serde_json::{Value, json};
use store::apps::{ProfileField, ProfileKind};
use store::sql;

use crate::harness::{Im, item_fails, with};

const SET: &str = "profile/portrait_set";
const GET: &str = "profile/portrait_get";
const NICK: &str = "Tag_Profile_IM_Nick";
const IMAGE: &str = "Tag_Profile_IM_Image";
const GENDER: &str = "Tag_Profile_IM_Gender";
const HOBBY: &str = "Tag_Profile_Custom_Hobby";
const SECRET: &str = "Tag_Profile_Custom_Secret";

/// A body that sets fields of alice.
fn fields(items: &[(&str, Value)]) -> Value {
    let items: Vec<Value> = items.iter().map(|(tag, value)| json!({ "Tag": tag, "Value": value })).collect();
    json!({ "From_Account": "alice", "ProfileItem": items })
}

async fn set(im: &Im, items: &[(&str, Value)]) {
    let answer = im.call(SET, fields(items)).await.ok();
    assert_eq!(answer["ErrorDisplay"], "");
}

/// What of these fields alice's profile holds, and both sequences.
async fn held(im: &Im, tags: &[&str]) -> (Vec<(String, Value)>, i64, i64) {
    let answer = im.call(GET, json!({ "To_Account": ["alice"], "TagList": tags })).await.ok();
    let item = &answer["UserProfileItem"][0];
    let fields = item["ProfileItem"].as_array().expect("a list").iter();
    let fields = fields.map(|field| (field["Tag"].as_str().expect("a tag").to_owned(), field["Value"].clone()));
    let sequence = |name: &str| item[name].as_i64().expect("a sequence");
    (fields.collect(), sequence("StandardSequence"), sequence("CustomSequence"))
}

fn pairs(items: &[(&str, Value)]) -> Vec<(String, Value)> {
    items.iter().map(|(tag, value)| ((*tag).to_owned(), value.clone())).collect()
}

/// Every standard field with a value that fits.
fn all_standard() -> Vec<(&'static str, Value)> {
    vec![
        (NICK, json!("Ann")),
        (GENDER, json!("Gender_Type_Female")),
        ("Tag_Profile_IM_BirthDay", json!(20_190_419)),
        ("Tag_Profile_IM_Location", json!("0123456789abcdef")),
        ("Tag_Profile_IM_SelfSignature", json!("\"日本\"")),
        ("Tag_Profile_IM_AllowType", json!("AllowType_Type_DenyAny")),
        ("Tag_Profile_IM_Language", json!(4_294_967_295_u32)),
        (IMAGE, json!("https://x/y.png")),
        ("Tag_Profile_IM_MsgSettings", json!(1)),
        ("Tag_Profile_IM_AdminForbidType", json!("AdminForbid_Type_SendOut")),
        ("Tag_Profile_IM_Level", json!(0)),
        ("Tag_Profile_IM_Role", json!(7)),
    ]
}

async fn declare(im: &Im) {
    im.app(|settings, _| {
        let open = ProfileField { kind: ProfileKind::Bytes, ..ProfileField::default() };
        settings.profile_fields.insert("Hobby".into(), open);
        let closed = ProfileField { admin_reads: false, admin_writes: false, ..ProfileField::default() };
        settings.profile_fields.insert("Secret".into(), closed);
    })
    .await;
}

both! {
    async fn every_field_comes_back_as_it_was_set(im: Im) {
        im.import(&["alice"]).await;
        declare(&im).await;
        let mut all = all_standard();
        all.push((HOBBY, json!("AAECAw==")));
        let tags: Vec<&str> = all.iter().map(|(tag, _)| *tag).collect();
        assert_eq!(held(&im, &tags).await, (vec![], 0, 0));
        set(&im, &all).await;
        assert_eq!(held(&im, &tags).await, (pairs(&all), 1, 1));
        // The order asked, each once.
        assert_eq!(held(&im, &[HOBBY, NICK, HOBBY]).await.0, pairs(&[all[12].clone(), all[0].clone()]));
    }

    async fn what_is_not_named_stays_and_an_empty_text_takes_away(im: Im) {
        im.import(&["alice"]).await;
        set(&im, &[(NICK, json!("Ann")), (GENDER, json!("Gender_Type_Male"))]).await;
        set(&im, &[(NICK, json!("first")), (NICK, json!("Bea"))]).await;
        let tags = [NICK, GENDER, IMAGE];
        assert_eq!(held(&im, &tags).await.0, pairs(&[(NICK, json!("Bea")), (GENDER, json!("Gender_Type_Male"))]));
        set(&im, &[(NICK, json!(""))]).await;
        assert_eq!(held(&im, &tags).await, (pairs(&[(GENDER, json!("Gender_Type_Male"))]), 3, 0));
        // What is there already changes nothing.
        set(&im, &[(NICK, json!("")), (GENDER, json!("Gender_Type_Male"))]).await;
        assert_eq!(held(&im, &tags).await.1, 3);
    }

    async fn an_import_writes_the_same_fields(im: Im) {
        let import = json!({ "UserID": "alice", "Nick": "Ann", "FaceUrl": "https://x/a" });
        im.call("im_open_login_svc/account_import", import.clone()).await.ok();
        let tags = [NICK, IMAGE];
        let expected = pairs(&[(NICK, json!("Ann")), (IMAGE, json!("https://x/a"))]);
        assert_eq!(held(&im, &tags).await, (expected, 1, 0));
        im.call("im_open_login_svc/account_import", import).await.ok();
        set(&im, &[(NICK, json!("Bea"))]).await;
        let list = json!({ "AccountList": [{ "UserID": "alice", "FaceUrl": "https://x/b" }] });
        im.call("im_open_login_svc/multiaccount_import", list).await.ok();
        let expected = pairs(&[(NICK, json!("Bea")), (IMAGE, json!("https://x/b"))]);
        assert_eq!(held(&im, &tags).await, (expected, 3, 0));
    }

    async fn a_deleted_account_takes_its_profile_with_it_and_sequences_never_fall(im: Im) {
        im.import(&["alice", "bob"]).await;
        set(&im, &all_standard()[..2]).await;
        im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": "alice" }] })).await.ok();
        im.call(SET, fields(&[(NICK, json!("Ann"))])).await.fails(Profile::AccountUnknown);
        let both = json!({ "To_Account": ["alice", "bob"], "TagList": [NICK] });
        let answer = im.call(GET, both).await.ok();
        item_fails(&answer["UserProfileItem"][0]["ResultCode"], Profile::AccountUnknown);
        im.import(&["alice"]).await;
        assert_eq!(held(&im, &[NICK, GENDER]).await, (vec![], 2, 1));
    }

    async fn a_write_is_refused_by_the_first_thing_that_does_not_fit_and_changes_nothing(im: Im) {
        im.import(&["alice"]).await;
        declare(&im).await;
        let good = fields(&[(NICK, json!("Ann"))]);
        let body = |changes: Value| with(good.clone(), changes);
        for bad in [
            json!({}), body(json!({ "From_Account": null })), body(json!({ "From_Account": 7 })),
            body(json!({ "From_Account": "" })), body(json!({ "From_Account": "a".repeat(33) })),
            body(json!({ "ProfileItem": null })), body(json!({ "ProfileItem": [] })),
            body(json!({ "ProfileItem": {} })), body(json!({ "ProfileItem": ["Tag"] })),
            body(json!({ "ProfileItem": [{ "Tag": NICK }] })), body(json!({ "ProfileItem": [{ "Tag": 1, "Value": 1 }] })),
            fields(&vec![(NICK, json!("Ann")); 65]),
        ] {
            im.call(SET, bad).await.fails(Profile::FieldInvalid);
        }
        im.raw(SET, "[").await.fails(Profile::FieldInvalid);
        im.call(SET, body(json!({ "From_Account": "nobody" }))).await.fails(Profile::AccountUnknown);
        let long = "x".repeat(501);
        let cases = [
            (NICK, json!(long), Profile::ProfileTooLong), (IMAGE, json!(long), Profile::ProfileTooLong),
            (HOBBY, json!("日".repeat(167)), Profile::ProfileTooLong), (GENDER, json!(long), Profile::ProfileTooLong),
            (GENDER, json!("female"), Profile::ValueInvalid), (GENDER, json!(""), Profile::ValueInvalid),
            ("Tag_Profile_IM_AllowType", json!("AllowAny"), Profile::ValueInvalid),
            ("Tag_Profile_IM_AdminForbidType", json!("x"), Profile::ValueInvalid),
            ("Tag_Profile_IM_Location", json!("x".repeat(17)), Profile::ValueInvalid),
            ("Tag_Profile_IM_Level", json!(4_294_967_296_i64), Profile::ValueInvalid),
            ("Tag_Profile_IM_Role", json!(-1), Profile::ValueInvalid),
            ("Tag_Profile_IM_BirthDay", json!(1.5), Profile::ValueInvalid), (NICK, json!("a\0b"), Profile::ValueInvalid),
            ("Tag_Profile_IM_Language", json!("1"), Profile::ValueTypeInvalid),
            ("Tag_Profile_IM_MsgSettings", json!(true), Profile::ValueTypeInvalid),
            (NICK, json!(1), Profile::ValueTypeInvalid), (NICK, json!(null), Profile::ValueTypeInvalid),
            (GENDER, json!(["Gender_Type_Male"]), Profile::ValueTypeInvalid),
            (HOBBY, json!(7), Profile::ValueTypeInvalid), (SECRET, json!("x"), Profile::FieldUnwritable),
            ("Tag_Profile_IM_Else", json!("x"), Profile::TagUnknown), ("", json!("x"), Profile::TagUnknown),
            ("Tag_Profile_Custom_Else", json!("x"), Profile::TagUnknown), ("Hobby", json!("x"), Profile::TagUnknown),
        ];
        for (tag, value, code) in cases {
            let items = [(NICK, json!("changed")), (tag, value), ("Tag_Profile_IM_Else", json!(1))];
            im.call(SET, fields(&items)).await.fails(code);
        }
        assert_eq!(held(&im, &[NICK]).await, (vec![], 0, 0));
    }

    async fn a_read_is_refused_by_the_first_thing_that_does_not_fit(im: Im) {
        im.import(&["alice"]).await;
        declare(&im).await;
        let good = json!({ "To_Account": ["alice"], "TagList": [NICK] });
        let body = |changes: Value| with(good.clone(), changes);
        im.call(GET, body(json!({ "To_Account": null }))).await.fails(Profile::TargetMissing);
        im.call(GET, with(body(json!({})), json!({ "To_Account": [] }))).await.fails(Profile::TargetMissing);
        for bad in [
            body(json!({ "To_Account": "alice" })), body(json!({ "To_Account": [1] })), body(json!({ "TagList": null })),
            body(json!({ "TagList": [] })), body(json!({ "TagList": NICK })), body(json!({ "TagList": [1] })),
            body(json!({ "To_Account": vec!["alice"; 101] })), body(json!({ "TagList": vec![NICK; 65] })),
        ] {
            im.call(GET, bad).await.fails(Profile::FieldInvalid);
        }
        im.call(GET, body(json!({ "TagList": [NICK, "Tag_Profile_IM_Else"] }))).await.fails(Profile::TagUnknown);
        im.call(GET, body(json!({ "TagList": ["Tag_Profile_Custom_Else"] }))).await.fails(Profile::TagUnknown);
        im.call(GET, body(json!({ "TagList": [SECRET] }))).await.fails(Profile::FieldUnreadable);
        for nobody in [json!(["nobody"]), json!(["", "日本"])] {
            im.call(GET, body(json!({ "To_Account": nobody }))).await.fails(Profile::AccountUnknown);
        }
        im.call_as("alice", &im.sig("alice"), GET, good).await.fails(Common::NotAdmin);
    }

    async fn who_does_not_exist_or_cannot_be_read_keeps_nobody_else_out(im: Im) {
        im.import(&["alice", "bob"]).await;
        set(&im, &[(NICK, json!("Ann")), (GENDER, json!("Gender_Type_Male"))]).await;
        let names = ["nobody", "alice", "bob", "alice", "a\tb"];
        let answer = im.call(GET, json!({ "To_Account": names, "TagList": [NICK] })).await.ok();
        let items = answer["UserProfileItem"].as_array().expect("a list");
        assert_eq!(items.iter().map(|item| item["To_Account"].as_str()).collect::<Vec<_>>(), names.map(Some));
        for index in [0, 4] {
            item_fails(&items[index]["ResultCode"], Profile::AccountUnknown);
            assert!(items[index].get("ProfileItem").is_none());
        }
        assert_eq!(items[1]["ProfileItem"], json!([{ "Tag": NICK, "Value": "Ann" }]));
        assert_eq!((&items[2]["ResultCode"], &items[2]["ProfileItem"]), (&json!(0), &json!([])));
        assert_eq!(answer["Fail_Account"], json!(["nobody", "a\tb"]));
        // A row that somebody broke by hand.
        im.sql(sql!("UPDATE profiles SET standard = '[' WHERE app = 1400000001 AND account = 'alice'")).await;
        let answer = im.call(GET, json!({ "To_Account": ["alice", "bob"], "TagList": [NICK] })).await.ok();
        item_fails(&answer["UserProfileItem"][0]["ResultCode"], Profile::InternalError);
        assert_eq!(answer["Fail_Account"], json!(["alice"]));
        assert_eq!(answer["UserProfileItem"][1]["ResultCode"], 0);
    }

    async fn trouble_of_the_store_is_the_familys_internal_error(im: Im) {
        im.import(&["alice"]).await;
        im.sql(sql!("ALTER TABLE profiles RENAME TO elsewhere")).await;
        im.call(SET, fields(&[(NICK, json!("Ann"))])).await.fails_by(Profile::InternalError, How::FailPoint);
        let get = json!({ "To_Account": ["alice"], "TagList": [NICK] });
        im.call(GET, get).await.fails_by(Profile::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO profiles")).await;
        assert_eq!(held(&im, &[NICK]).await, (vec![], 0, 0));
    }
}
