//! Signed URLs: who has one may do one thing with one object until it runs out.

use contract::{AppId, Fault, Millis};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Media;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sending the bytes of a file, or giving that up.
    Put,
    /// Reading a file that is not forbidden.
    Get,
    /// Reading a file whether it is forbidden or not, for those who decide that.
    Look,
    /// Reading a file of history.
    History,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Put, Self::Get, Self::Look, Self::History];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Look => "look",
            Self::History => "history",
        }
    }
}

impl Media {
    /// The URL that names a file in messages. It opens nothing.
    pub fn url(&self, app: AppId, id: &str) -> String {
        format!("{}/media/{app}/{id}", self.base())
    }

    /// A link that holds until a second.
    pub fn link(&self, purpose: Purpose, app: AppId, id: &str, until_s: i64) -> String {
        let (url, sign) = (self.url(app, id), hex::encode(self.sign(purpose, app, id, until_s)));
        format!("{url}?p={}&e={until_s}&s={sign}", purpose.as_str())
    }

    fn sign(&self, purpose: Purpose, app: AppId, id: &str, until_s: i64) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key of any length fits");
        // None of the parts holds a line end.
        mac.update(format!("{}\n{app}\n{id}\n{until_s}", purpose.as_str()).as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// What the query of a link allows with an object at a moment.
    pub fn open_link(&self, now: Millis, app: AppId, id: &str, query: &str) -> Result<Purpose, Fault> {
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value)
        };
        let purpose = Purpose::ALL.into_iter().find(|purpose| value("p") == Some(purpose.as_str()));
        let until_s = value("e").and_then(|text| text.parse::<i64>().ok());
        let mut sign = [0; 32];
        let is_sign = value("s").is_some_and(|text| hex::decode_to_slice(text, &mut sign).is_ok());
        let (Some(purpose), Some(until_s), true) = (purpose, until_s, is_sign) else {
            return Err(Fault::FileForbidden);
        };
        let is_ours = bool::from(self.sign(purpose, app, id, until_s).ct_eq(&sign));
        if is_ours && now.secs() < until_s { Ok(purpose) } else { Err(Fault::FileForbidden) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_thing_until_its_second() {
        let folder = tempfile::tempdir().expect("a folder");
        let media = Media::open(folder.path().join("m"), [7; 32], Some("https://x.test/"), 1).expect("opens");
        let (app, id) = (AppId(5), "abc");
        let link = media.link(Purpose::Get, app, id, 100);
        let (url, query) = link.split_once('?').expect("a query");
        assert_eq!(url, "https://x.test/media/5/abc");
        let check = |now: i64, app: i64, id: &str, query: &str, expected: Result<Purpose, Fault>| {
            assert_eq!(media.open_link(Millis(now), AppId(app), id, query), expected, "{now} {app} {id} {query}");
        };
        check(99_999, 5, id, query, Ok(Purpose::Get));
        check(100_000, 5, id, query, Err(Fault::FileForbidden));
        check(0, 6, id, query, Err(Fault::FileForbidden));
        check(0, 5, "abd", query, Err(Fault::FileForbidden));
        check(0, 5, id, &query.replace("p=get", "p=put"), Err(Fault::FileForbidden));
        check(0, 5, id, &query.replace("e=100", "e=101"), Err(Fault::FileForbidden));
        check(0, 5, id, "p=get&e=100", Err(Fault::FileForbidden));
        check(0, 5, id, "", Err(Fault::FileForbidden));
    }
}
