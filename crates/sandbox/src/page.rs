//! The page that shows the phones: server-rendered, no script, refreshed by the browser.

use std::fmt::Write;

use crate::api::House;
use crate::inbox::Notification;

/// Phones and notifications on one page.
const PHONES: usize = 60;
const SHOWN: usize = 8;

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3"><title>noroshi sandbox</title>
<style>
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; background: #f3f1ec; color: #2a2724 }
  h1 { font-size: 1.2rem; font-weight: 600 } h1 small { font-weight: 400; color: #7a736b }
  main { display: flex; flex-wrap: wrap; gap: 1.2rem; align-items: flex-start }
  section { width: 19rem; min-height: 22rem; padding: 1rem .8rem; border-radius: 1.8rem; background: #23262d; color: #d9dce3;
            box-shadow: 0 6px 22px #0003 }
  section header { text-align: center; font-size: .78rem; color: #9aa2b1; overflow-wrap: anywhere; margin-bottom: .8rem }
  article { background: #363b45; border-radius: .9rem; padding: .6rem .8rem; margin: .5rem 0; overflow-wrap: anywhere }
  article b { display: block } article small { color: #9aa2b1 } article em { color: #f0b469; font-style: normal; font-size: .8rem }
  section header b { color: #d9dce3; text-transform: uppercase; letter-spacing: .06em }
  .gone { opacity: .5 } .revoked { text-decoration: line-through; opacity: .6 }
</style></head><body>
"#;

/// Renders the page.
pub(crate) fn render(house: &House) -> String {
    let mut page = HEAD.to_owned();
    let phones: Vec<_> =
        house.rooms.iter().flat_map(|room| room.phones().into_iter().map(|phone| (room.name(), phone))).collect();
    let requests = house.hall.inbox.request_count();
    let offset_s = house.hall.clock.offset_ms() / 1_000;
    write_to(&mut page, format_args!("<h1>noroshi sandbox <small>{} phones · {requests} requests", phones.len()));
    if offset_s != 0 {
        write_to(&mut page, format_args!(" · clock {offset_s:+} s"));
    }
    page.push_str("</small></h1>\n<main>\n");
    if phones.is_empty() {
        page.push_str(
            "<p>No phone yet. Register one: <code>POST /apns/devices {\"bundle\":\"com.example.app\"}</code></p>\n",
        );
    }
    for (room, phone) in phones.iter().take(PHONES) {
        write_to(
            &mut page,
            format_args!(
                "<section class=\"{}\"><header><b>{room}</b> · {} · {}<br>{}</header>\n",
                if phone.is_there { "" } else { "gone" },
                escape(&phone.app),
                escape(&phone.state),
                escape(&phone.token),
            ),
        );
        for notification in house.hall.inbox.of(room, &phone.token).iter().rev().take(SHOWN) {
            show(&mut page, notification);
        }
        page.push_str("</section>\n");
    }
    if phones.len() > PHONES {
        write_to(&mut page, format_args!("<p>and {} more</p>\n", phones.len() - PHONES));
    }
    page.push_str("</main></body></html>\n");
    page
}

fn show(page: &mut String, notification: &Notification) {
    let content = &notification.content;
    let class = if notification.is_revoked { " class=\"revoked\"" } else { "" };
    let (title, body) = (escape(&content.title), escape(&content.body));
    write_to(page, format_args!("<article{class}><b>{title}</b><div>{body}</div>"));
    let seconds = notification.at_ms.div_euclid(1_000).rem_euclid(86_400);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    write_to(page, format_args!("<small>{hours:02}:{minutes:02}:{seconds:02} UTC {}", escape(&content.kind)));
    if let Some(badge) = content.badge {
        write_to(page, format_args!(" · badge {badge}"));
    }
    page.push_str("</small>");
    for warning in &content.warnings {
        write_to(page, format_args!("<br><em>{}</em>", escape(warning)));
    }
    page.push_str("</article>\n");
}

fn write_to(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a string takes all text");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
