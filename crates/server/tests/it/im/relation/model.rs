//! Random changes of relations, against a model that keeps sets of pairs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{item, page};
use crate::harness::Im;

const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
const ROUNDS: usize = 6;
const STEPS: usize = 50;

#[derive(Debug, Clone, Copy)]
enum Step {
    Add { from: usize, to: usize, is_both: bool },
    Delete { from: usize, to: usize, is_both: bool },
    DeleteAll { from: usize, is_both: bool },
    Block { from: usize, to: usize },
    Unblock { from: usize, to: usize },
    Leave { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS.len();
    let pair = || (user(), user(), any::<bool>());
    prop_oneof![
        10 => pair().prop_map(|(from, to, is_both)| Step::Add { from, to, is_both }),
        5 => pair().prop_map(|(from, to, is_both)| Step::Delete { from, to, is_both }),
        1 => (user(), any::<bool>()).prop_map(|(from, is_both)| Step::DeleteAll { from, is_both }),
        2 => (user(), user()).prop_map(|(from, to)| Step::Block { from, to }),
        2 => (user(), user()).prop_map(|(from, to)| Step::Unblock { from, to }),
        1 => user().prop_map(|who| Step::Leave { who }),
    ]
}

/// Who has whom, and who blocks whom.
#[derive(Default)]
struct Model {
    friends: BTreeSet<(usize, usize)>,
    blocks: BTreeSet<(usize, usize)>,
}

impl Model {
    /// Takes a step. Answers whether it succeeds.
    fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Add { from, to, is_both } => {
                let is_there = self.friends.contains(&(from, to)) && (!is_both || self.friends.contains(&(to, from)));
                let is_blocked = self.blocks.contains(&(from, to)) || self.blocks.contains(&(to, from));
                if from == to || is_there || is_blocked {
                    return false;
                }
                self.friends.insert((from, to));
                if is_both {
                    self.friends.insert((to, from));
                }
                true
            }
            Step::Delete { from, to, is_both } => {
                let mine = self.friends.remove(&(from, to));
                let theirs = is_both && self.friends.remove(&(to, from));
                mine || theirs
            }
            Step::DeleteAll { from, is_both } => {
                let own: Vec<usize> = self.friends.iter().filter(|pair| pair.0 == from).map(|pair| pair.1).collect();
                for to in own {
                    self.friends.remove(&(from, to));
                    if is_both {
                        self.friends.remove(&(to, from));
                    }
                }
                true
            }
            Step::Block { from, to } => {
                if from == to || !self.blocks.insert((from, to)) {
                    return false;
                }
                self.friends.remove(&(from, to));
                self.friends.remove(&(to, from));
                true
            }
            Step::Unblock { from, to } => self.blocks.remove(&(from, to)),
            Step::Leave { who } => {
                self.friends.retain(|pair| pair.0 != who && pair.1 != who);
                self.blocks.retain(|pair| pair.0 != who && pair.1 != who);
                true
            }
        }
    }
}

async fn play(im: &Im, step: Step) -> bool {
    let is_good = |answer: Value| answer["ResultItem"][0]["ResultCode"] == 0;
    let kind = |is_both: bool, word: &str| format!("{word}_Type_{}", if is_both { "Both" } else { "Single" });
    let to_one = |from: usize, to: usize| json!({ "From_Account": USERS[from], "To_Account": [USERS[to]] });
    match step {
        Step::Add { from, to, is_both } => {
            let body = json!({ "From_Account": USERS[from], "AddFriendItem": [item(USERS[to])],
                "AddType": kind(is_both, "Add") });
            is_good(im.call("sns/friend_add", body).await.ok())
        }
        Step::Delete { from, to, is_both } => {
            let mut body = to_one(from, to);
            body["DeleteType"] = kind(is_both, "Delete").into();
            is_good(im.call("sns/friend_delete", body).await.ok())
        }
        Step::DeleteAll { from, is_both } => {
            let body = json!({ "From_Account": USERS[from], "DeleteType": kind(is_both, "Delete") });
            im.call("sns/friend_delete_all", body).await.ok();
            true
        }
        Step::Block { from, to } => is_good(im.call("sns/black_list_add", to_one(from, to)).await.ok()),
        Step::Unblock { from, to } => is_good(im.call("sns/black_list_delete", to_one(from, to)).await.ok()),
        Step::Leave { who } => {
            let body = json!({ "DeleteItem": [{ "UserID": USERS[who] }] });
            im.call("im_open_login_svc/account_delete", body).await.ok();
            im.import(&[USERS[who]]).await;
            true
        }
    }
}

/// Compares what the server shows with the model, from every side.
async fn compare(im: &Im, model: &Model, story: &[Step]) {
    for (number, from) in USERS.iter().enumerate() {
        let friends: BTreeSet<&str> = model.friends.iter().filter(|it| it.0 == number).map(|it| USERS[it.1]).collect();
        let answer = page(im, from, 0).await;
        let shown = answer["UserDataItem"].as_array().expect("a list").iter();
        let shown: Vec<&str> = shown.map(|friend| friend["To_Account"].as_str().expect("a name")).collect();
        assert_eq!(shown.len(), friends.len(), "{from} after {story:?}");
        assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), friends, "{from} after {story:?}");
        assert_eq!(answer["FriendNum"], friends.len(), "{from} after {story:?}");
        let blocks: BTreeSet<&str> = model.blocks.iter().filter(|it| it.0 == number).map(|it| USERS[it.1]).collect();
        let body = json!({ "From_Account": from, "StartIndex": 0, "MaxLimited": 10 });
        let answer = im.call("sns/black_list_get", body).await.ok();
        let shown = answer["BlackListItem"].as_array().expect("a list").iter();
        let shown: BTreeSet<&str> = shown.map(|it| it["To_Account"].as_str().expect("a name")).collect();
        assert_eq!(shown, blocks, "{from} after {story:?}");
    }
    let flags = im.node().store.read(crate::harness::APP, |snapshot| {
        let sql = store::sql!("SELECT id, blocks FROM accounts WHERE app = $1 AND id <> 'administrator' ORDER BY id");
        snapshot.all::<(String, i64)>(sql, (snapshot.app(),))
    });
    for (account, count) in flags.await.expect("the accounts can be read") {
        let own = model.blocks.iter().filter(|it| USERS[it.0] == account).count();
        assert_eq!(count, own as i64, "{account} after {story:?}");
    }
}

both! {
    async fn any_sequence_of_changes_ends_as_a_naive_model_says(im: Im) {
        let mut runner = TestRunner::deterministic();
        for _ in 0..ROUNDS {
            for user in USERS {
                im.call("im_open_login_svc/account_delete", json!({ "DeleteItem": [{ "UserID": user }] })).await.ok();
            }
            im.import(&USERS).await;
            let (mut model, mut story) = (Model::default(), Vec::new());
            for number in 0..STEPS {
                let step = step().new_tree(&mut runner).expect("a step").current();
                story.push(step);
                assert_eq!(play(&im, step).await, model.take(step), "{story:?}");
                if number % 10 == 9 {
                    compare(&im, &model, &story).await;
                }
            }
        }
    }
}
