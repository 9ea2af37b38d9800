//! Writes the files of one hour, that of pairs and that of groups: a line per message, gzip, straight into the object store.
//!
//! The same hour comes out as the same bytes whoever writes it, so two nodes that do it at once do no harm.

use std::io::Write;

use contract::{AppId, ConversationId, Failure, Millis, Result, limit};
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use object_store::{ObjectStoreExt, WriteMultipart};
use serde_json::value::RawValue;
use store::exports::{self, Export, Head, Line};
use store::{Snapshot, Store};

use super::{CHUNK_BYTES, Media, history_key, trouble};

const HOUR_S: i64 = 3_600;

/// The hour, since the epoch in UTC, that `YYYYMMDDHH` names in a zone; none if it names no hour.
pub fn hour_of(text: &str, zone_hours: i64) -> Option<i64> {
    if text.len() != 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day, hour) = (number(0, 4)?, number(4, 6)?, number(6, 8)?, number(8, 10)?);
    if !(1..=12).contains(&month) || hour > 23 || day < 1 {
        return None;
    }
    let days = days_of(year, month, day);
    let named = days * 24 + hour - zone_hours;
    // A day that the month does not have comes back as another one.
    (hour_text(named, zone_hours) == text).then_some(named)
}

/// `YYYYMMDDHH` of an hour in a zone.
pub fn hour_text(hour: i64, zone_hours: i64) -> String {
    let local = hour + zone_hours;
    let (year, month, day) = date_of(local.div_euclid(24));
    format!("{year:04}{month:02}{day:02}{:02}", local.rem_euclid(24))
}

/// `YYYY-MM-DD hh:mm:ss` of a moment in a zone.
pub(crate) fn moment_text(at: Millis, zone_hours: i64) -> String {
    let local = at.secs() + zone_hours * HOUR_S;
    let (year, month, day) = date_of(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// Days since the epoch of a date, by the calendar in use (H. Hinnant's "days from civil").
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since the epoch (H. Hinnant's "civil from days").
const fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// Whose hour is written.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) app: AppId,
    pub(super) hour: i64,
    /// The file of its groups is meant, not that of its pairs.
    pub(super) is_group: bool,
    pub(super) zone_hours: i64,
}

impl Slot {
    fn span(self) -> (i64, i64) {
        (self.hour * HOUR_S, (self.hour + 1) * HOUR_S)
    }
}

impl Media {
    /// Writes the file of an hour, or none if nobody sent anything. Answers what is known of it.
    pub(super) async fn write_hour(&self, store: &Store, now: Millis, slot: Slot) -> Result<Export> {
        let mut writer = None;
        let mut after = ConversationId([0; 16]);
        loop {
            let read =
                move |snapshot: &mut Snapshot<'_>| exports::heads(snapshot, slot.is_group, after, limit::STORE_PAGE);
            let heads = store.read(slot.app, read).await?;
            let Some(last) = heads.last() else { break };
            after = last.id;
            let moved = heads.into_iter().filter(|head| head.last_at.secs() >= slot.span().0).collect();
            if let Err(error) = self.write_heads(store, slot, moved, &mut writer).await {
                abort(writer).await;
                return Err(error);
            }
        }
        match writer {
            None => Ok(Export {
                hour: slot.hour,
                is_group: slot.is_group,
                made_at: now,
                messages: 0,
                size: 0,
                md5: String::new(),
                gzip_size: 0,
                gzip_md5: String::new(),
            }),
            Some(writer) => writer.finish(now, slot).await,
        }
    }

    async fn write_heads(
        &self,
        store: &Store,
        slot: Slot,
        mut heads: Vec<Head>,
        writer: &mut Option<Writer>,
    ) -> Result<()> {
        let mut after: Option<Line> = None;
        while !heads.is_empty() {
            let (asked, from) = (heads.clone(), after.take());
            let read = move |snapshot: &mut Snapshot<'_>| read_page(snapshot, &asked, slot, from.as_ref());
            let (done, lines) = store.read(slot.app, read).await?;
            if !lines.is_empty() {
                if writer.is_none() {
                    *writer = Some(self.begin(slot).await?);
                }
                if let Some(writer) = writer.as_mut() {
                    let text = lines.iter().map(|(to, line)| show(line, to, slot.is_group)).collect::<Result<_>>()?;
                    writer.add(text).await?;
                }
            }
            // Of the conversation that filled the page the rest is read from its last line on.
            after = (done < heads.len()).then(|| lines.into_iter().next_back().map(|(_, line)| line)).flatten();
            heads.drain(..done);
        }
        Ok(())
    }

    async fn begin(&self, slot: Slot) -> Result<Writer> {
        let upload =
            self.objects.put_multipart(&history_key(slot.app, slot.hour, slot.is_group)).await.map_err(trouble)?;
        let out = WriteMultipart::new_with_chunk_size(upload, CHUNK_BYTES);
        let head = format!(
            "{{\"SdkAppId\":{},\"ChatType\":\"{}\",\"MsgTime\":\"{}\",\"MsgList\":[\n",
            slot.app,
            if slot.is_group { "Group" } else { "C2C" },
            hour_text(slot.hour, slot.zone_hours)
        );
        let mut writer = Writer {
            gzip: Some(GzEncoder::new(Vec::new(), Compression::default())),
            out,
            messages: 0,
            size: 0,
            md5: Md5::new(),
            gzip_size: 0,
            gzip_md5: Md5::new(),
        };
        writer.write(head.into_bytes()).await?;
        Ok(writer)
    }
}

async fn abort(writer: Option<Writer>) {
    if let Some(writer) = writer
        && let Err(error) = writer.out.abort().await
    {
        tracing::warn!(%error, "the rest of a file of history could not be removed");
    }
}

type Page = (usize, Vec<(String, Line)>);

/// Reads lines of conversations until a page is full. Answers how many conversations are done, and the lines with whom
/// they are for.
fn read_page(snapshot: &mut Snapshot<'_>, heads: &[Head], slot: Slot, after: Option<&Line>) -> Result<Page> {
    let mut page = Vec::new();
    for (number, head) in heads.iter().enumerate() {
        let room = limit::STORE_PAGE - page.len();
        let read = if slot.is_group { exports::group_lines } else { exports::lines };
        let lines = read(snapshot, head.id, slot.span(), after.filter(|_| number == 0), room)?;
        let is_cut = lines.len() == room;
        page.extend(lines.into_iter().map(|line| {
            let is_from_low = !slot.is_group && line.sender.as_str() == head.low;
            (if is_from_low { head.high.clone() } else { head.low.clone() }, line)
        }));
        if is_cut {
            return Ok((number, page));
        }
    }
    Ok((heads.len(), page))
}

/// One message as the contract shows it in a file.
fn show(line: &Line, to: &str, is_group: bool) -> Result<String> {
    #[derive(serde::Serialize)]
    struct Shown<'a> {
        #[serde(rename = "From_Account")]
        sender: &'a str,
        #[serde(rename = "To_Account", skip_serializing_if = "Option::is_none")]
        receiver: Option<&'a str>,
        #[serde(rename = "GroupId", skip_serializing_if = "Option::is_none")]
        group: Option<&'a str>,
        #[serde(rename = "MsgTimestamp")]
        time: i64,
        #[serde(rename = "MsgSeq")]
        msg_seq: i64,
        #[serde(rename = "MsgRandom", skip_serializing_if = "Option::is_none")]
        msg_random: Option<u32>,
        #[serde(rename = "MsgBody")]
        body: &'a RawValue,
    }
    let shown = Shown {
        sender: line.sender.as_str(),
        receiver: (!is_group).then_some(to),
        group: is_group.then_some(to),
        time: line.time,
        msg_seq: if is_group { line.seq } else { line.msg_seq.into() },
        msg_random: (!is_group).then_some(line.msg_random),
        body: serde_json::from_str(&line.body).map_err(Failure::internal)?,
    };
    Ok(serde_json::to_string(&shown).map_err(Failure::internal)?)
}

/// A file on its way: text in, gzip out.
struct Writer {
    /// Away only while it works.
    gzip: Option<GzEncoder<Vec<u8>>>,
    out: WriteMultipart,
    messages: i64,
    size: i64,
    md5: Md5,
    gzip_size: i64,
    gzip_md5: Md5,
}

impl Writer {
    async fn add(&mut self, lines: Vec<String>) -> Result<()> {
        let mut text = Vec::with_capacity(lines.iter().map(|line| line.len() + 2).sum());
        for line in lines {
            if self.messages > 0 {
                text.extend_from_slice(b",\n");
            }
            self.messages += 1;
            text.extend_from_slice(line.as_bytes());
        }
        self.write(text).await
    }

    async fn write(&mut self, text: Vec<u8>) -> Result<()> {
        self.size += text.len() as i64;
        self.md5.update(&text);
        let mut gzip =
            self.gzip.take().ok_or_else(|| Failure::internal("a file of history is written after its end"))?;
        // A page takes milliseconds to compress: not on a thread that serves.
        let work = tokio::task::spawn_blocking(move || gzip.write_all(&text).map(|()| gzip)).await;
        let mut gzip = work.map_err(Failure::internal)?.map_err(Failure::internal)?;
        let bytes = std::mem::take(gzip.get_mut());
        self.gzip = Some(gzip);
        self.put(bytes).await
    }

    async fn put(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.gzip_size += bytes.len() as i64;
        self.gzip_md5.update(&bytes);
        self.out.wait_for_capacity(2).await.map_err(trouble)?;
        self.out.put(bytes.into());
        Ok(())
    }

    async fn finish(mut self, now: Millis, slot: Slot) -> Result<Export> {
        self.write(b"\n]}\n".to_vec()).await?;
        let gzip = self.gzip.take().ok_or_else(|| Failure::internal("a file of history ends twice"))?;
        self.put(gzip.finish().map_err(Failure::internal)?).await?;
        self.out.finish().await.map_err(trouble)?;
        Ok(Export {
            hour: slot.hour,
            is_group: slot.is_group,
            made_at: now,
            messages: self.messages,
            size: self.size,
            md5: hex::encode(self.md5.finalize()),
            gzip_size: self.gzip_size,
            gzip_md5: hex::encode(self.gzip_md5.finalize()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_named_by_its_date_in_the_zone() {
        let check = |text: &str, zone: i64, expected: Option<i64>| assert_eq!(hour_of(text, zone), expected, "{text}");
        check("1970010100", 0, Some(0));
        check("1970010108", 8, Some(0));
        check("2015120121", 0, Some(402_501));
        check("2024022923", 0, Some(hour_of("2024030100", 0).expect("an hour") - 1));
        for bad in ["2023022900", "2023130100", "2023010124", "2023000100", "20230101", "2023010a00", "", "2023-01-01"]
        {
            check(bad, 0, None);
        }
        for hour in (0..2_000_000).step_by(997) {
            assert_eq!(hour_of(&hour_text(hour, -5), -5), Some(hour));
        }
        assert_eq!(moment_text(Millis(1_700_000_000_500), 8), "2023-11-15 06:13:20");
    }
}
