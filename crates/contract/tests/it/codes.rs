//! The catalogue against the published tables, against the faults, and against its own page.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use contract::codes::{self, Code, Family, Raised, Row, Surface};
use contract::{Failure, Fault};

use crate::faults::{failures, faults};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/codes.md");

/// One line of a published table.
struct Published {
    key: (String, String, String),
    name: String,
    note: String,
}

fn published(file: &str) -> Vec<Published> {
    let text = fs::read_to_string(format!("{FIXTURES}/{file}")).expect("the fixture is committed");
    text.lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut cell = || cells.next().unwrap_or_default();
            Published { key: (cell(), cell(), cell()), name: cell(), note: cell() }
        })
        .collect()
}

fn key(row: &Row) -> (String, String, String) {
    let (surface, family, code) = row.key();
    (surface.to_owned(), family.to_owned(), code)
}

fn counted<'a>(keys: impl Iterator<Item = (String, String, String)> + 'a) -> BTreeMap<(String, String, String), usize> {
    keys.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

#[test]
fn every_published_line_is_a_row_and_every_other_row_is_listed_as_extra() {
    let lines = published("codes.tsv");
    assert_eq!(lines.len(), 601);
    assert_eq!(
        counted(lines.into_iter().map(|line| line.key)),
        counted(codes::rows().filter(|row| row.is_published).map(key))
    );
    assert_eq!(
        counted(published("codes-extra.tsv").into_iter().map(|line| line.key)),
        counted(codes::rows().filter(|row| !row.is_published).map(key))
    );
}

#[test]
fn the_rows_of_a_family_are_in_the_published_order() {
    let lines = published("codes.tsv");
    for family in Family::ALL {
        let (surface, name) = (family.surface().as_str(), family.as_str());
        let expected: Vec<&str> =
            lines.iter().filter(|line| line.key.0 == surface && line.key.1 == name).map(|line| &*line.key.2).collect();
        let rows: Vec<String> =
            family.rows().iter().filter(|row| row.is_published).map(|row| row.code.to_string()).collect();
        assert_eq!(rows, expected, "{family:?}");
    }
}

#[test]
fn a_code_stands_once_in_its_family() {
    let mut counts = counted(codes::rows().map(key));
    counts.retain(|_, count| *count > 1);
    assert!(counts.is_empty(), "{counts:?}");
}

#[test]
fn a_number_of_a_surface_other_than_push_stands_in_one_family() {
    let mut families: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for row in codes::rows().filter(|row| row.surface != Surface::Push) {
        families.entry((row.surface.as_str(), row.code.to_string())).or_default().insert(row.family.as_str());
    }
    let shared: Vec<_> = families.into_iter().filter(|(_, families)| families.len() > 1).collect();
    assert_eq!(shared, []);
}

#[test]
fn a_range_holds_no_number_of_its_surface() {
    for row in codes::rows() {
        let Code::Range(first, last) = row.code else { continue };
        assert!(first < last);
        for other in codes::rows().filter(|other| other.surface == row.surface) {
            assert!(!matches!(other.code, Code::Number(number) if (first..=last).contains(&number)), "{other:?}");
        }
    }
}

#[test]
fn a_published_name_is_the_name_of_the_row() {
    let mut named = 0;
    for line in published("codes.tsv").into_iter().filter(|line| !line.name.is_empty()) {
        let row = codes::rows().find(|row| key(row) == line.key).expect("complete");
        match line.name.split_once(' ') {
            None => assert_eq!(row.name, line.name, "{:?}", line.key),
            // A sentence cannot be a variant: its words are joined and begin with a capital.
            Some(_) => assert!(row.name.eq_ignore_ascii_case(&line.name.replace(' ', "")), "{:?}", line.key),
        }
        named += 1;
    }
    assert_eq!(named, 40);
}

#[test]
fn the_openapi_has_the_published_http_status_and_no_other_surface_has_any() {
    for line in published("codes.tsv") {
        let row = codes::rows().find(|row| key(row) == line.key).expect("complete");
        if let Some(http) = line.note.strip_prefix("HTTP ") {
            assert_eq!(row.http.map(|http| http.to_string()).as_deref(), Some(http), "{:?}", line.key);
        }
        assert_eq!(row.http.is_some(), row.surface == Surface::OpenApi, "{:?}", line.key);
    }
}

#[test]
fn wire_texts_are_lower_case_without_full_stop() {
    for row in codes::rows() {
        assert!(!row.text.is_empty() && row.text.len() <= 60, "{row:?}");
        assert_eq!(row.text, row.text.to_lowercase());
        assert_eq!(row.text, row.text.trim());
        assert!(!row.text.ends_with('.'), "{row:?}");
    }
}

#[test]
fn explanations_are_sentences_and_each_is_its_own() {
    for family in Family::ALL {
        let (mut explained, mut texts) = (BTreeSet::new(), BTreeMap::<_, Vec<_>>::new());
        for row in family.rows() {
            assert!(row.explain.chars().count() >= 30 && row.explain.ends_with('.'), "{row:?}");
            assert!(!row.explain.contains("  ") && !row.explain.contains('\t'), "{row:?}");
            assert!(explained.insert(row.explain), "explained twice: {row:?}");
            texts.entry(row.text).or_default().push(row.name);
        }
        texts.retain(|_, names| names.len() > 1);
        assert!(texts.is_empty(), "one wire text for several codes of {family:?}: {texts:?}");
    }
}

#[test]
fn rows_know_their_place() {
    for family in Family::ALL {
        assert!(family.rows().iter().all(|row| row.family == *family && row.surface == family.surface()));
    }
    assert_eq!(codes::Account::AccountUnknown.row().key(), ("im-server", "account", "70107".into()));
    assert_eq!(codes::Message::WebhookCustom.row().number(), Some(120_001));
}

#[test]
fn every_fault_has_a_spelling() {
    // The frame that carries it is not an answer: the client library turns it into its own 6208.
    let unspelled = [Fault::Replaced];
    let callers = || codes::rows().filter(|row| matches!(row.surface, Surface::Im | Surface::OpenApi | Surface::Mpaas));
    let families: BTreeSet<Family> = callers().map(|row| row.family).collect();
    for fault in faults() {
        let name = format!("Fault::{}", variant(&fault));
        // A row that nobody got yet claims nothing, but it is spelt already.
        let waits = codes::spelling(Family::OpenApiClient, &fault).is_some_and(|row| row.raised == Raised::Pending);
        let built = waits || callers().any(|row| claims(row, &name));
        assert_eq!(built, !unspelled.contains(&fault), "{name}");
        let spelled = families.iter().any(|family| codes::spelling(*family, &fault).is_some());
        assert_eq!(spelled, !unspelled.contains(&fault), "{name}");
    }
}

#[test]
fn what_a_row_claims_is_what_its_family_renders() {
    let mut claimed = 0;
    for row in codes::rows() {
        for fault in faults().iter().filter(|fault| claims(row, &format!("Fault::{}", variant(fault)))) {
            assert_eq!(codes::render(row.family, fault), row);
            claimed += 1;
        }
        for failure in failures().iter().filter(|failure| claims(row, &format!("Failure::{}", variant(failure)))) {
            assert_eq!(codes::failure(row.family, failure), row);
            claimed += 1;
        }
    }
    let expected: usize =
        codes::rows().map(|row| if let Raised::Cause(names) = row.raised { names.len() } else { 0 }).sum();
    assert_eq!(claimed, expected, "a row claims what does not exist");
}

#[test]
fn faults_that_a_surface_shares_are_found_from_every_family() {
    let cases = [
        (Family::Account, Fault::NotAdmin, "60010"),
        (Family::Message, Fault::NotAdmin, "60010"),
        (Family::Profile, Fault::NotAdmin, "60010"),
        (Family::Access, Fault::UserSigExpired, "70001"),
        (Family::Message, Fault::UserSigRevoked, "70001"),
        (Family::Access, Fault::AccountQuota { max: 100 }, "70398"),
        (Family::Access, Fault::AppDisabled, "-10110"),
        (Family::Common, Fault::AppDisabled, "60016"),
        (Family::Message, Fault::CommandDisabled, "60017"),
        (Family::Group, Fault::CommandDisabled, "10026"),
        (Family::Account, Fault::AccountUnknown, "70107"),
        (Family::Message, Fault::AccountUnknown, "70107"),
        (Family::Profile, Fault::AccountUnknown, "40003"),
        (Family::Relation, Fault::AccountUnknown, "30003"),
        (Family::Conversation, Fault::AccountUnknown, "50001"),
        (Family::Common, Fault::BodyMalformed, "60003"),
        (Family::Account, Fault::BodyMalformed, "70402"),
        (Family::Message, Fault::BodyMalformed, "90001"),
        (Family::Account, Fault::BodyTooLarge { max: 1 }, "60003"),
        (Family::Message, Fault::BodyTooLarge { max: 1 }, "93000"),
        (Family::Account, Fault::ProfileTooLong { max: 500 }, "40601"),
        (Family::Message, Fault::MessageTooLong { max: 1 }, "80002"),
        (Family::Message, Fault::AccountThrottled, "-10113"),
        (Family::Access, Fault::RegistrationTooLong { max: 1 }, "22005"),
        (Family::Access, Fault::NodeBusy, "-10114"),
        (Family::Message, Fault::NodeBusy, "60018"),
        (Family::OpenApiClient, Fault::CallThrottled, "Throttling.Api"),
        (Family::MpaasPush, Fault::CallThrottled, "Throttling.Api"),
        (Family::MpaasPush, Fault::AppUnknown, "3007"),
        (Family::MpaasTemplate, Fault::AppUnknown, "8012"),
        (Family::MpaasTemplate, Fault::TemplateUnknown, "3022"),
    ];
    for (family, fault, code) in cases {
        assert_eq!(codes::render(family, &fault).code.to_string(), code, "{family:?} {fault:?}");
    }
}

#[test]
fn failures_tell_callers_of_each_family_whether_waiting_helps() {
    let text = || "disk gone".to_owned();
    let cases = [
        (Family::Account, Failure::Internal(text()), "70500"),
        (Family::Account, Failure::Timeout(text()), "70169"),
        (Family::Account, Failure::Overloaded(text()), "60018"),
        (Family::Message, Failure::Internal(text()), "91000"),
        (Family::Message, Failure::Timeout(text()), "90992"),
        (Family::Message, Failure::Overloaded(text()), "90994"),
        (Family::Message, Failure::Full(text()), "90995"),
        (Family::Common, Failure::Timeout(text()), "60008"),
        (Family::Common, Failure::Internal(text()), "70500"),
        (Family::Access, Failure::Overloaded(text()), "-10114"),
        (Family::Group, Failure::Timeout(text()), "10002"),
        (Family::OpenApiClient, Failure::Internal(text()), "InternalError"),
        (Family::OpenApiClient, Failure::Unavailable(text()), "ServiceUnavailable"),
        (Family::MpaasTemplate, Failure::Unavailable(text()), "ServiceUnavailable"),
        (Family::MpaasTemplate, Failure::Conflict(text()), "9000"),
        (Family::SdkNetwork, Failure::Internal(text()), "7012"),
        (Family::Apns, Failure::Internal(text()), "99999999"),
    ];
    for (family, failure, code) in cases {
        assert_eq!(codes::failure(family, &failure).code.to_string(), code, "{family:?} {failure:?}");
    }
}

#[test]
fn a_fault_without_spelling_is_the_internal_error_of_the_family() {
    assert_eq!(codes::spelling(Family::Account, &Fault::Replaced), None);
    assert_eq!(codes::render(Family::Account, &Fault::Replaced), codes::Account::InternalError.row());
    assert_eq!(codes::render(Family::Message, &Fault::Replaced), codes::Message::InternalError.row());
    assert_eq!(codes::render(Family::OpenApiClient, &Fault::Replaced), codes::OpenApiServer::InternalError.row());
}

#[test]
fn a_person_finds_codes_by_number_text_or_name() {
    let cases: [(&str, &[&str]); 9] = [
        ("70107", &["AccountUnknown"]),
        (" -10001 ", &["TicketKeyExpired"]),
        ("125000", &["WebhookCustom"]),
        ("MissingTitle", &["ParameterMissing"]),
        ("MissingAppKey", &["MissingAppKey", "ParameterMissing"]),
        ("Missing", &[]),
        ("InvalidAccessKeyId.NotFound", &["AccessKeyUnknown", "ParameterNotFound"]),
        ("badtopic", &["BadTopic"]),
        ("no such code", &[]),
    ];
    for (text, names) in cases {
        let found: Vec<&str> = codes::find(text).iter().map(|row| row.name).collect();
        assert_eq!(found, names, "{text:?}");
    }
    assert_eq!(codes::find("-1").len(), 2, "a common status and a vendor's");
    assert_eq!(codes::find("10000").len(), 2, "two vendors");
}

#[test]
fn statuses_are_only_raised_by_channels_that_are_built() {
    for row in codes::rows() {
        let is_class = row.family == Family::OfflinePush && row.raised != Raised::Pending;
        assert_eq!(row.raised == Raised::Status, row.surface == Surface::Push || is_class, "{row:?}");
        let is_client = matches!(row.surface, Surface::Sdk | Surface::SdkV3);
        assert_eq!(row.raised == Raised::Sdk, is_client, "{row:?}");
    }
}

#[test]
fn the_number_of_pending_rows_only_falls() {
    let count = |wanted: fn(&Row) -> bool| codes::rows().filter(|row| wanted(row)).count();
    let pending = count(|row| row.raised == Raised::Pending);
    println!("pending rows: {pending}");
    assert_eq!(pending, PENDING, "write the smaller number here; never a larger one");
    let nobody: Vec<&str> = codes::rows().filter(|row| row.raised == Raised::Nobody).map(|row| row.name).collect();
    assert_eq!(nobody, NOBODY, "a row that nothing raises needs its argument in its explanation, and a place here");
}

/// Rows that no situation of this system can cause.
const NOBODY: [&str; 1] = ["AnswerMalformed"];

/// Rows whose part of the system is not built yet.
const PENDING: usize = 0;

#[test]
fn printed_tables_hold_every_row() {
    let total = codes::rows().count();
    let tsv = codes::tsv();
    assert_eq!(tsv.lines().count(), total + 1);
    assert!(tsv.lines().all(|line| line.split('\t').count() == 9));
    let json: Vec<serde_json::Value> = serde_json::from_str(&codes::json()).expect("valid");
    assert_eq!(json.len(), total);
    assert!(json.iter().any(|row| row["code"] == "70107" && row["name"] == "AccountUnknown"));
}

#[test]
fn the_reference_page_is_current() {
    let page = codes::markdown();
    if env::var_os("UPDATE").is_some() {
        fs::write(PAGE, &page).expect("the page can be written");
    }
    let committed = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(committed == page, "docs/reference/codes.md is out of date: UPDATE=1 cargo test -p contract");
}

/// Whether the row says that it spells what has this name.
fn claims(row: &Row, name: &str) -> bool {
    matches!(row.raised, Raised::Cause(names) if names.contains(&name))
}

/// The variant's name: what `Debug` prints before the data.
fn variant(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}
