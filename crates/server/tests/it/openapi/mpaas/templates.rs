//! Templates: made, read, listed, deleted, and what they are refused for.

use contract::codes::{MpaasPush, MpaasTemplate as Code};
use serde_json::json;

use super::{Caller, caller};

async fn create(caller: &Caller<'_>, changes: &[(&str, &str)]) -> super::Told {
    let mut all = vec![("TemplateName", "order_paid"), ("Title", "Paid"), ("Content", "Order #order#")];
    all.retain(|(name, _)| !changes.iter().any(|(own, _)| own == name));
    all.extend(changes);
    caller.call("CreateTemplate", &all).await
}

both! {
    async fn a_template_is_made_read_listed_and_deleted(im: Im) {
        let caller = caller(&im).await;
        let made = create(&caller, &[
            ("DescInfo", "d"), ("Uri", "app://o/#order#"), ("Variables", "order,user"), ("ShowStyle", "1"),
            ("PushStyle", "2"), ("ImageUrls", r#"{"defaultUrl":"https://e/i.png"}"#), ("JumpAction", "1"),
        ]).await.kept();
        let id = made["Data"].as_str().expect("an id").to_owned();
        let now = im.clock.now().0.to_string();
        let shown = json!({
            "Id": id, "Name": "order_paid", "Title": "Paid", "Content": "Order #order#", "DescInfo": "d",
            "Uri": "app://o/#order#", "Variables": "order,user", "ShowStyle": "1", "PushStyle": "2", "Action": "1",
            "ImageUrls": r#"{"defaultUrl":"https://e/i.png"}"#, "IconUrls": "", "GmtCreate": now, "GmtModified": now,
        });
        assert_eq!(caller.call("GetTemplate", &[("TemplateId", &id)]).await.kept()["Data"], shown);
        assert_eq!(caller.call("GetTemplate", &[("TemplateName", "order_paid")]).await.kept()["Data"], shown);
        im.clock.advance(1_000);
        create(&caller, &[("TemplateName", "群发模板")]).await.kept();
        let page = caller.call("ListTemplatePage", &[("CurrentPage", "1"), ("PageSize", "1")]).await.kept();
        assert_eq!((&page["TotalSize"], &page["CurrentPage"], &page["PageSize"]), (&json!(2), &json!(1), &json!(1)));
        assert_eq!(page["Data"][0]["Name"], "群发模板");
        let page = caller.call("ListTemplatePage", &[("CurrentPage", "2"), ("PageSize", "1")]).await.kept();
        assert_eq!(page["Data"][0], shown);
        caller.call("DeleteTemplate", &[("TemplateId", &id)]).await.kept();
        caller.call("GetTemplate", &[("TemplateId", &id)]).await.fails(MpaasPush::TemplateUnknown);
        caller.call("DeleteTemplate", &[("TemplateName", "order_paid")]).await.fails(MpaasPush::TemplateUnknown);
        create(&caller, &[]).await.kept();
    }

    async fn a_template_is_refused_for_each_of_its_parts(im: Im) {
        let caller = caller(&im).await;
        let long = |count: usize| "x".repeat(count);
        let (name, title, content, note) = (long(201), long(201), long(2_049), long(201));
        let cases: &[(&[(&str, &str)], Code)] = &[
            (&[("TemplateName", "")], Code::TemplateNameMissing),
            (&[("TemplateName", "a,b")], Code::TemplateNameInvalid),
            (&[("TemplateName", &name)], Code::TemplateNameInvalid),
            (&[("Content", "")], Code::TemplateContentInvalid),
            (&[("Content", &content), ("Title", "")], Code::TemplateContentInvalid),
            (&[("Title", "")], Code::TemplateTitleInvalid),
            (&[("Title", &title), ("DescInfo", &note)], Code::TemplateTitleInvalid),
            (&[("DescInfo", &note)], Code::TemplateDescriptionInvalid),
            (&[("Uri", &content)], Code::TemplateUriInvalid),
            (&[("AppId", "ONEX000000000000")], Code::InstanceInvalid),
            (&[("WorkspaceId", "prod")], Code::InstanceInvalid),
        ];
        for (changes, code) in cases {
            create(&caller, changes).await.fails(*code);
        }
        let others: &[&[(&str, &str)]] = &[
            &[("ShowStyle", "2")], &[("PushStyle", "-1")], &[("JumpAction", "x")], &[("Variables", "a b")],
            &[("ImageUrls", "[1]")],
        ];
        for changes in others {
            create(&caller, changes).await.fails(MpaasPush::ParameterInvalid);
        }
        caller.call("CreateTemplate", &[("Title", "t"), ("Content", "c")]).await.fails(Code::TemplateNameMissing);
        caller.call("CreateTemplate", &[("TemplateName", "a"), ("Content", "c")]).await.fails(Code::TemplateTitleInvalid);
        caller.call("GetTemplate", &[]).await.fails(Code::TemplateNameMissing);
        for page in [("CurrentPage", "0"), ("PageSize", "101"), ("PageSize", "x")] {
            caller.call("ListTemplatePage", &[page]).await.fails(MpaasPush::ParameterInvalid);
        }
        assert_eq!(caller.call("ListTemplatePage", &[]).await.kept()["TotalSize"], 0, "nothing was made");
    }

    async fn a_name_is_one_templates_and_an_app_has_a_hundred(im: Im) {
        let caller = caller(&im).await;
        for number in 0..100 {
            create(&caller, &[("TemplateName", &format!("t{number}"))]).await.kept();
        }
        create(&caller, &[("TemplateName", "t7")]).await.fails(Code::TemplateExists);
        create(&caller, &[("TemplateName", "another")]).await.fails(Code::TemplateQuota);
        let page = caller.call("ListTemplatePage", &[("PageSize", "100")]).await.kept();
        assert_eq!(page["Data"].as_array().map(Vec::len), Some(100));
    }
}
