//! Bodies made from a command's own schema: such as it likes, and such with something wrong in them.

use serde_json::{Map, Value, json};
use store::testing::Dice;

use crate::harness::elements;

/// Makes bodies by chance.
pub(crate) struct Maker {
    pub(crate) dice: Dice,
}

/// How deep a generated value goes.
const DEPTH: usize = 6;

impl Maker {
    /// A value as a schema describes it. A field's name tells what is likely to be there.
    pub(crate) fn fit(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        for forms in ["anyOf", "oneOf"] {
            if let Some(forms) = schema[forms].as_array() {
                let form = self.pick(forms).clone();
                return self.fit(&form, name, depth);
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.pick(values).clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.pick(kinds).as_str().map(str::to_owned),
            kind => kind.as_str().map(str::to_owned),
        };
        match kind.as_deref() {
            Some("string") => self.text(name).into(),
            Some("integer" | "number") => self.number(schema),
            Some("boolean") => self.dice.percent(50).into(),
            Some("null") => Value::Null,
            Some("array") => self.list(schema, name, depth),
            Some("object") => self.object(schema, depth),
            _ => self.anything(depth),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
        let mut fields = Map::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            if name == "MsgBody" && self.dice.percent(70) {
                fields.insert(name.clone(), elements("x"));
            } else if required(name) || self.dice.percent(60) {
                fields.insert(name.clone(), self.fit(field, name, depth + 1));
            }
        }
        if fields.is_empty() && depth > 0 {
            fields.insert("Text".into(), "x".into());
        }
        Value::Object(fields)
    }

    fn list(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let most = schema["maxItems"].as_u64().unwrap_or(4).clamp(least, least + 4);
        let count = if depth > DEPTH { least } else { self.dice.between(least, most + 1) };
        (0..count).map(|_| self.fit(&schema["items"], name, depth + 1)).collect()
    }

    fn number(&mut self, schema: &Value) -> Value {
        let least = schema["minimum"].as_i64().unwrap_or(0);
        let most = schema["maximum"].as_i64().unwrap_or(10);
        match self.dice.between(0, 6) {
            0 => least.into(),
            1 => most.into(),
            2 => 1.into(),
            _ => (least + self.dice.between(0, 6) as i64).min(most).into(),
        }
    }

    fn text(&mut self, name: &str) -> String {
        let users = ["alice", "bob", "carol", "administrator", "nobody"];
        let words =
            ["x", "1", "0", "a name", "1_2_3", "Tag_Profile_IM_Nick", "2023111422", "絵", "https://example.test/a"];
        let is_user = name.contains("Account") || name.contains("UserID") || name.contains("Identifier");
        let from: &[&str] = if is_user && self.dice.percent(90) { &users } else { &words };
        from[self.dice.between(0, from.len() as u64) as usize].to_owned()
    }

    /// Anything that is JSON.
    pub(crate) fn anything(&mut self, depth: usize) -> Value {
        let forms = if depth > DEPTH { 10 } else { 13 };
        match self.dice.between(0, forms) {
            0 => Value::Null,
            1 => self.dice.percent(50).into(),
            2 => (self.dice.next() as i64).into(),
            3 => self.dice.next().into(),
            4 => json!(f64::from_bits(self.dice.next() & !(1 << 62))),
            5 => "".into(),
            6 => "\0 \u{7f}\u{85}\u{200b}".into(),
            7 => "絵".repeat(self.dice.between(1, 300) as usize).into(),
            8 => self.text("To_Account").into(),
            9 => self.text("").into(),
            10 => (0..self.dice.between(0, 5)).map(|_| self.anything(depth + 1)).collect(),
            11 => json!({ "UserID": self.text("UserID"), "x": self.anything(depth + 1) }),
            _ => elements("x"),
        }
    }

    /// A body with one thing wrong in it, or what could pass for it.
    pub(crate) fn bend(&mut self, body: &mut Value) {
        let places = places(body);
        let place = places[self.dice.between(0, places.len() as u64) as usize].clone();
        let parent = place.rsplit_once('/').map(|(parent, _)| parent.to_owned()).unwrap_or_default();
        let Some(value) = body.pointer_mut(&place) else { return };
        match self.dice.between(0, 16) {
            0 => *value = Value::Null,
            1 => *value = json!({}),
            2 => *value = json!([]),
            3 => *value = "".into(),
            4 => *value = (-1).into(),
            5 => *value = (u64::from(u32::MAX) + 1).into(),
            6 => *value = json!(1.5),
            7 => *value = self.anything(0),
            8 => *value = "a".repeat(self.dice.between(33, 14_000) as usize).into(),
            9 => *value = deep(self.dice.between(50, 118) as usize),
            10 => *value = json!([value.take()]),
            11 => *value = i64::MAX.into(),
            12 => {
                let name = place.rsplit('/').next().unwrap_or_default().to_owned();
                if let Some(fields) = body.pointer_mut(&parent).and_then(Value::as_object_mut) {
                    fields.remove(&name);
                }
            }
            // Items that stand twice, and far too many of them.
            13 | 14 => {
                let count = if self.dice.percent(50) { 2 } else { self.dice.between(11, 1_200) as usize };
                if let Some(list) = first_list(body) {
                    let item = list.first().cloned().unwrap_or_else(|| "alice".into());
                    list.resize(count, item);
                }
            }
            _ => {
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("Unheard_Of".into(), json!([{}]));
                }
            }
        }
    }

    /// The bytes of a body, perhaps not those of JSON any more.
    pub(crate) fn spoil(&mut self, body: &Value) -> Vec<u8> {
        let mut bytes = body.to_string().into_bytes();
        let place = self.dice.between(0, bytes.len() as u64) as usize;
        match self.dice.between(0, 8) {
            0 => bytes.truncate(place),
            1 => bytes[place] = 0xff,
            2 => bytes.insert(place, b'"'),
            3 => bytes.splice(..0, *b"\xef\xbb\xbf").for_each(drop),
            // A key that stands twice: the last one holds.
            4 => bytes.splice(1..1, *b"\"To_Account\":7,\"MsgRandom\":1,\"UserID\":{},").for_each(drop),
            5 => bytes = [vec![b'['; 100_000], bytes].concat(),
            6 => bytes = format!("{{\"MsgBody\":\"\\ud800\",\"x\":{body}}}").into_bytes(),
            _ => bytes = (0..place).map(|_| self.dice.next() as u8).collect(),
        }
        bytes
    }

    fn pick<'a>(&mut self, from: &'a [Value]) -> &'a Value {
        &from[self.dice.between(0, from.len() as u64) as usize]
    }
}

/// A value that lies so deep.
pub(crate) fn deep(depth: usize) -> Value {
    (0..depth).fold(json!("x"), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "x": inner }) })
}

fn first_list(value: &mut Value) -> Option<&mut Vec<Value>> {
    match value {
        Value::Array(list) => Some(list),
        Value::Object(fields) => fields.values_mut().find_map(first_list),
        _ => None,
    }
}

/// Where in a value something stands, as pointers; the whole is the first.
fn places(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.replace('~', "~0").replace('/', "~1"), field)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, field) in inside {
        found.extend(places(field).into_iter().map(|rest| format!("/{name}{rest}")));
    }
    found
}
