//! Who is walked, held against a naive model: sets of devices and what is bound to each.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contract::{DeviceId, Millis};
use push::audience::{Expression, Scope};
use store::Tx;
use store::bindings::{self, Registration};
use store::bound_tags::{self, Holder};
use store::testing::{Dice, TestStore};

use crate::bench::{APP, device};

/// What is bound, as anybody would write it down.
#[derive(Debug, Clone, Default)]
struct Model {
    devices: BTreeSet<String>,
    account_of: BTreeMap<String, String>,
    aliases_of: BTreeMap<String, BTreeSet<String>>,
    tags: BTreeMap<(u8, String), BTreeSet<String>>,
}

impl Model {
    fn roll(dice: &mut Dice) -> Self {
        let mut model = Self::default();
        for n in 0..dice.between(1, 60) {
            let name = format!("d{n:02}");
            if dice.between(0, 3) > 0 {
                model.account_of.insert(name.clone(), format!("a{}", dice.between(0, 8)));
            }
            let aliases = (0..dice.between(0, 3)).map(|_| format!("x{}", dice.between(0, 8))).collect();
            model.aliases_of.insert(name.clone(), aliases);
            model.devices.insert(name);
        }
        let mut holders: Vec<(u8, String)> = model.devices.iter().map(|name| (1, name.clone())).collect();
        holders.extend((0..8).map(|n| (2, format!("a{n}"))));
        holders.extend((0..8).map(|n| (3, format!("x{n}"))));
        for holder in holders {
            let tags = (0..dice.between(0, 4)).map(|_| format!("t{}", dice.between(0, 6))).collect();
            model.tags.insert(holder, tags);
        }
        model
    }

    fn save(&self, tx: &mut Tx<'_>) -> contract::Result<()> {
        let now = Millis(1_000);
        for name in &self.devices {
            let id = device(name);
            bindings::register(tx, now, &id, 2, &Registration::default())?;
            if let Some(account) = self.account_of.get(name) {
                bindings::bind_account(tx, &id, account)?;
            }
            let aliases: Vec<String> = self.aliases_of[name].iter().cloned().collect();
            bindings::add_aliases(tx, now, &id, &aliases)?;
        }
        for ((kind, holder), tags) in &self.tags {
            let kind = match kind {
                1 => Holder::Device,
                2 => Holder::Account,
                _ => Holder::Alias,
            };
            let tags: Vec<String> = tags.iter().cloned().collect();
            bound_tags::bind(tx, now, kind, std::slice::from_ref(holder), &tags)?;
        }
        Ok(())
    }

    fn has(&self, kind: u8, holder: &str, expression: &Expression) -> bool {
        let none = BTreeSet::new();
        let tags = self.tags.get(&(kind, holder.to_owned())).unwrap_or(&none);
        expression.matches(&tags.iter().map(String::as_str).collect::<HashSet<_>>())
    }

    fn meant(&self, scope: &Scope) -> BTreeSet<String> {
        let is_meant = |name: &&String| match scope {
            Scope::All => true,
            Scope::Crowd(crowd) if self.account_of.contains_key(*name) => crowd.bound.is_some(),
            Scope::Crowd(crowd) => crowd.unbound.is_some(),
            Scope::Aliases(named) => self.aliases_of[*name].iter().any(|alias| named.contains(alias)),
            Scope::Tags(expression) => {
                self.has(1, name, expression)
                    || self.account_of.get(*name).is_some_and(|account| self.has(2, account, expression))
                    || self.aliases_of[*name].iter().any(|alias| self.has(3, alias, expression))
            }
        };
        self.devices.iter().filter(is_meant).cloned().collect()
    }
}

fn expression(dice: &mut Dice, depth: u64) -> Expression {
    let tag = |dice: &mut Dice| format!("t{}", dice.between(0, 7));
    match dice.between(0, if depth == 0 { 2 } else { 4 }) {
        0 | 1 => Expression::Tag(tag(dice)),
        2 => {
            let mut parts: Vec<Expression> = (0..dice.between(1, 4)).map(|_| expression(dice, depth - 1)).collect();
            if dice.between(0, 2) == 0 {
                parts.push(Expression::Not(tag(dice)));
                parts.push(Expression::Tag(tag(dice)));
            }
            Expression::All(parts)
        }
        _ => Expression::Any((0..dice.between(1, 4)).map(|_| expression(dice, depth - 1)).collect()),
    }
}

/// Walks a scope as chunks do: pages of candidates, then the members between two places.
async fn walked(store: &TestStore, scope: &Scope) -> Vec<DeviceId> {
    let scope = scope.clone();
    let walk = move |snapshot: &mut store::Snapshot<'_>| {
        let (mut found, mut low) = (Vec::new(), String::new());
        while let Some(high) = scope.next(snapshot, &low)? {
            let mut after = low.clone();
            while let Some(page) = scope.page(snapshot, &after, &high)? {
                found.extend(page.members.into_iter().flat_map(|member| member.devices));
                after = page.last;
            }
            low = high;
        }
        Ok(found)
    };
    store.read(APP, walk).await.unwrap()
}

store::both! {
    async fn everybody_who_is_meant_is_walked_once_and_nobody_else(store: TestStore) {
        let mut dice = Dice::new("audiences");
        for app in 0..4 {
            // Each round is an app of its own.
            let model = Model::roll(&mut dice);
            let saved = model.clone();
            let clear = move |tx: &mut Tx<'_>| {
                store::testing::forget_devices(tx)?;
                saved.save(tx)
            };
            store.write(APP, clear).await.unwrap();
            let mut scopes = vec![Scope::All, Scope::Aliases(vec!["x1".into(), "x3".into(), "x5".into()])];
            scopes.extend((0..40).map(|_| expression(&mut dice, 2)).map(Scope::Tags));
            for scope in scopes {
                if matches!(&scope, Scope::Tags(expression) if expression.leads().is_none()) {
                    continue;
                }
                let found = walked(&store, &scope).await;
                let names: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
                assert_eq!(names, model.meant(&scope), "round {app}: {scope:?} in {model:?}");
                assert_eq!(names.len(), found.len(), "round {app}: somebody comes twice by {scope:?}");
                let asked = scope.clone();
                let held = store.read(APP, move |snapshot| {
                    let mut held = BTreeSet::new();
                    for name in (0..60).map(|n| format!("d{n:02}")) {
                        let is_there = bindings::get(snapshot, Millis(0), &name)?.is_some();
                        if is_there && asked.holds(snapshot, &device(&name))? {
                            held.insert(name);
                        }
                    }
                    Ok(held)
                }).await.unwrap();
                assert_eq!(held, names, "asked one by one: {scope:?}");
            }
        }
    }
}
