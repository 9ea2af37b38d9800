//! Trouble of our own, as a command on relations tells it.

use contract::codes::Relation;
use contract::ledger::How;
use serde_json::json;
use store::sql;
use store::testing::{TestEngine, on_server};

use super::{item, page};
use crate::harness::Im;

both! {
    async fn trouble_of_the_store_is_told_and_leaves_nothing_half_done(im: Im) {
        im.import(&["alice", "bob"]).await;
        let body = json!({ "From_Account": "alice", "AddFriendItem": [item("bob")] });
        im.sql(sql!("ALTER TABLE friends RENAME TO elsewhere")).await;
        im.call("sns/friend_add", body.clone()).await.fails_by(Relation::InternalError, How::FailPoint);
        im.sql(sql!("ALTER TABLE elsewhere RENAME TO friends")).await;
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], 0);
        im.call("sns/friend_add", body.clone()).await.ok();
        assert_eq!(page(&im, "alice", 0).await["FriendNum"], 1);
        im.node().store.close().await;
        im.call("sns/friend_add", body).await.fails_by(Relation::StoreTimeout, How::FailPoint);
    }
}

#[tokio::test]
async fn a_change_that_always_loses_against_others_is_a_write_conflict() {
    let Some(im) = Im::start(TestEngine::Postgres).await else { return };
    im.import(&["alice", "bob"]).await;
    let statement = "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql
                     AS $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '40P01'; END $$;
                     CREATE TRIGGER lose BEFORE INSERT ON relations FOR EACH ROW EXECUTE FUNCTION lose()";
    on_server(im.store_url(), statement.into()).expect("the trigger is made");
    let body = json!({ "From_Account": "alice", "AddFriendItem": [item("bob")] });
    im.call("sns/friend_add", body.clone()).await.fails_by(Relation::WriteConflict, How::FailPoint);
    on_server(im.store_url(), "DROP TRIGGER lose ON relations; DROP FUNCTION lose()".into()).expect("it is removed");
    assert_eq!(im.call("sns/friend_add", body).await.ok()["ResultItem"][0]["ResultCode"], 0);
}
