//! `im_open_login_svc/kick`.

use contract::codes::{Account, Common};
use serde_json::json;

use crate::harness::{Im, sig_at};
use crate::raw::until;

const COMMAND: &str = "im_open_login_svc/kick";
const CHECK: &str = "im_open_login_svc/account_check";

both! {
    async fn every_sig_from_before_is_void_and_a_later_one_is_good(im: Im) {
        im.app(|settings, _| settings.admins.push("root".into())).await;
        im.import(&["root"]).await;
        let body = json!({ "CheckItem": [{ "UserID": "a" }] });
        let sigs: Vec<String> = (0..3).map(|n| sig_at("root", im.clock.now().plus(-n * 1_000))).collect();
        im.call_as("root", &sigs[0], CHECK, body.clone()).await.ok();
        im.call(COMMAND, json!({ "UserID": "root" })).await.ok();
        for sig in &sigs {
            im.call_as("root", sig, CHECK, body.clone()).await.fails(Account::UserSigExpired);
        }
        // UserSigs count whole seconds: one of the second of the kick counts as earlier.
        im.clock.advance(499);
        let same = sig_at("root", im.clock.now());
        im.call_as("root", &same, CHECK, body.clone()).await.fails(Account::UserSigExpired);
        im.clock.advance(1);
        let next = sig_at("root", im.clock.now());
        im.call_as("root", &next, CHECK, body.clone()).await.ok();
        im.call(COMMAND, json!({ "UserID": "root" })).await.ok();
        im.call_as("root", &next, CHECK, body).await.fails(Account::UserSigExpired);
    }

    async fn an_administrator_can_kick_itself(im: Im) {
        im.call(COMMAND, json!({ "UserID": "administrator" })).await.ok();
        im.call(COMMAND, json!({ "UserID": "administrator" })).await.fails(Account::UserSigExpired);
        im.clock.advance(61_000);
        im.call(COMMAND, json!({ "UserID": "administrator" })).await.ok();
    }

    async fn an_account_that_does_not_exist_cannot_be_kicked(im: Im) {
        im.call(COMMAND, json!({ "UserID": "nobody" })).await.fails(Account::AccountUnknown);
        im.import(&["Alice"]).await;
        im.call(COMMAND, json!({ "UserID": "alice" })).await.fails(Account::AccountUnknown);
    }

    async fn the_account_is_required_by_either_name(im: Im) {
        im.import(&["alice"]).await;
        im.call(COMMAND, json!({ "Identifier": "alice" })).await.ok();
        im.call(COMMAND, json!({})).await.fails(Account::FieldInvalid);
        im.call(COMMAND, json!({ "UserID": "" })).await.fails(Account::FieldInvalid);
        im.call(COMMAND, json!({ "UserID": ["alice"] })).await.fails(Common::UserIdNotText);
        im.call(COMMAND, json!({ "UserID": 5, "Identifier": "alice" })).await.fails(Common::UserIdNotText);
    }

    async fn a_second_process_knows_of_a_kick_soon_without_being_told(im: Im) {
        if im.engine() == store::testing::TestEngine::Sqlite {
            // One process owns the file; after a restart it must know what it kicked before.
            im.import(&["administrator"]).await;
            im.call(COMMAND, json!({ "UserID": "administrator" })).await.ok();
            let im = im.restart().await;
            im.call(CHECK, json!({})).await.fails(Account::UserSigExpired);
            return;
        }
        im.app(|settings, _| settings.admins.push("root".into())).await;
        im.import(&["root"]).await;
        let other = im.second().await;
        let body = json!({ "CheckItem": [{ "UserID": "a" }] });
        let sig = im.sig("root");
        // Both have the sig in memory.
        im.call_as("root", &sig, CHECK, body.clone()).await.ok();
        other.call_as("root", &sig, CHECK, body.clone()).await.ok();
        im.call(COMMAND, json!({ "UserID": "root" })).await.ok();
        im.call_as("root", &sig, CHECK, body.clone()).await.fails(Account::UserSigExpired);
        soon_void(&other, &sig).await;
        im.clock.advance(1_000);
        let fresh = sig_at("root", im.clock.now());
        other.call_as("root", &fresh, CHECK, body.clone()).await.ok();
        other.call(COMMAND, json!({ "UserID": "root" })).await.ok();
        other.call_as("root", &fresh, CHECK, body).await.fails(Account::UserSigExpired);
        soon_void(&im, &fresh).await;
    }
}

/// Waits until a node that was not told refuses a UserSig: it asks the store again after a tenth of a second.
async fn soon_void(im: &Im, sig: &str) {
    let body = json!({ "CheckItem": [{ "UserID": "a" }] });
    until(async || im.call_as("root", sig, CHECK, body.clone()).await.is(Account::UserSigExpired)).await;
}
