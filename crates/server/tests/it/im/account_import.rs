//! `im_open_login_svc/account_import`.

use contract::codes;
use serde_json::json;

const COMMAND: &str = "im_open_login_svc/account_import";

both! {
    async fn a_second_import_is_not_an_error(im: Im) {
        im.call(COMMAND, json!({ "UserID": "alice" })).await.ok();
        im.call(COMMAND, json!({ "UserID": "alice" })).await.ok();
    }

    async fn the_user_id_is_required(im: Im) {
        im.call(COMMAND, json!({})).await.fails(codes::Account::FieldInvalid);
    }
}
