//! One sequence without holes, whoever writes and whatever happens beside.

use serde_json::json;
use store::sql;

use super::{ask, info, letter, make, say};
use crate::harness::Im;

/// Rows that a conversation's messages are.
async fn rows(im: &Im) -> i64 {
    let read = im.node().store.read(crate::harness::APP, |snapshot| {
        snapshot.one(sql!("SELECT COUNT(*) FROM messages WHERE grouped = 1"), ())
    });
    let (count,): (i64,) = read.await.expect("a count");
    count
}

both! {
    async fn concurrent_senders_and_changes_leave_no_hole(im: Im) {
        im.app(|settings, _| settings.groups.sends_per_second = 10_000).await;
        let names: Vec<String> = (0..8).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        im.import(&names).await;
        make(&im, "g", "Public", names[0], &names[1..]).await;
        // A file has one process; a server has several.
        let second = if im.engine() == store::testing::TestEngine::Postgres { Some(im.second().await) } else { None };
        let mut seqs = Vec::new();
        for round in 0..6_u32 {
            let senders = names.iter().enumerate().map(|(n, name)| {
                let node = second.as_ref().filter(|_| n % 2 == 1).unwrap_or(&im);
                async move {
                    let mut own = Vec::new();
                    for k in 0..4 {
                        own.push(say(node, "g", name, round * 100 + k, &format!("{name} {round} {k}")).await);
                    }
                    assert!(own.is_sorted_by(|one, other| one < other), "{own:?}");
                    own
                }
            });
            let body = json!({ "GroupId": "g", "Name": format!("round {round}") });
            let (sent, _) = tokio::join!(futures_util::future::join_all(senders), ask(&im, "modify_group_base_info", body));
            seqs.extend(sent.into_iter().flatten());
        }
        let newest = info(&im, "g").await["NextMsgSeq"].as_i64().expect("a sequence") - 1;
        assert_eq!(newest, 6 * (8 * 4 + 1), "each send and each tip took one number");
        assert_eq!(rows(&im).await, newest, "and each is one row");
        seqs.sort_unstable();
        seqs.dedup();
        assert_eq!(seqs.len(), 6 * 8 * 4);
    }

    async fn a_send_is_one_row_whatever_the_size(im: Im) {
        im.import(&["ann"]).await;
        make(&im, "g", "Public", "ann", &[]).await;
        let fill = |tx: &mut store::Tx<'_>| -> contract::Result<()> {
            let mut group = chat::group::find(tx, &contract::group::GroupId::trusted("g"))?;
            let member = |n| {
                let account = contract::UserId::trusted(&format!("m{n}"));
                store::groups::members::Member::new(account, contract::group::Role::Member, &group, contract::Millis(1))
            };
            let members: Vec<_> = (0..2_000).map(member).collect();
            store::groups::members::put(tx, group.conversation, &members)?;
            group.members += 2_000;
            store::groups::save(tx, &group)
        };
        im.node().store.write(crate::harness::APP, fill).await.expect("members");
        let mut witness = im.witness();
        ask(&im, "send_group_msg", letter("g", "ann", 1, "x")).await.ok();
        assert_eq!(rows(&im).await, 1);
        if let Some(witness) = &mut witness {
            assert_eq!(witness.changed(), ["conversations", "messages"], "the head and the message, and no member");
        }
    }
}
