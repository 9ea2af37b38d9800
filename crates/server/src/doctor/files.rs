//! Files: who may read them, whether they can be used, how long they last.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use contract::Millis;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{Finding, why};
use crate::admin::TOKEN_BYTES_MIN;
use crate::config::Config;
use crate::tls;
use crate::vault::{Vault, random};

/// Less free room than this is soon none.
const FREE_WARNING: u64 = 2 * 1024 * 1024 * 1024;
/// Less than this does not survive a checkpoint of a busy log.
const FREE_PROBLEM: u64 = 256 * 1024 * 1024;
/// Certificates are mostly renewed a month before they end.
const EXPIRY_WARNING_DAYS: i64 = 21;

/// A configuration file with a secret in it is a secret.
pub(super) fn configuration(file: &Path, config: &Config) -> Option<Finding> {
    let text = std::fs::read_to_string(file).ok()?;
    let holds = [&config.secrets.master_key, &config.secrets.admin_token]
        .into_iter()
        .flatten()
        .any(|secret| text.contains(secret.as_str()));
    let has_password = config.store.url.contains('@') && text.contains(&config.store.url);
    (holds || has_password).then(|| mode("configuration", file)).flatten()
}

/// The master key and the admin token.
pub(super) fn secrets(config: &Config) -> Vec<Finding> {
    let own = &config.secrets;
    let mut findings = Vec::new();
    match own.master_key().and_then(|key| Vault::new(&key).map(drop)) {
        Ok(()) => findings.push(Finding::ok("secrets", "the master key is there")),
        Err(error) => findings.push(Finding::problem("secrets", why(&error), "bring back the key of this store")),
    }
    if config.listen.admin.is_some() {
        findings.push(match own.admin_token() {
            Ok(token) if token.len() >= TOKEN_BYTES_MIN => Finding::ok("secrets", "the admin token is there"),
            Ok(_) => Finding::problem(
                "secrets",
                format!("the admin token has fewer than {TOKEN_BYTES_MIN} characters"),
                "take a longer, random one",
            ),
            Err(error) => Finding::problem("secrets", why(&error), "bring it back, or set listen.admin = \"off\""),
        });
    }
    let files = [own.master_key_file.as_deref(), own.admin_token_file.as_deref(), config.tls.key.as_deref()];
    findings.extend(files.into_iter().flatten().filter_map(|file| mode("secrets", file)));
    findings
}

/// Whether others may read a file; nothing to say of one that is not there.
fn mode(subject: &'static str, file: &Path) -> Option<Finding> {
    let mode = file.metadata().ok()?.permissions().mode() & 0o777;
    let (name, advice) = (file.display(), format!("chmod 600 {}", file.display()));
    Some(if mode & 0o007 != 0 {
        Finding::problem(subject, format!("{name} is open to everybody on this machine (mode {mode:o})"), advice)
    } else if mode & 0o070 != 0 {
        Finding::warning(subject, format!("{name} is open to its group (mode {mode:o})"), advice)
    } else {
        Finding::ok(subject, format!("{name} has mode {mode:o}"))
    })
}

/// The data folder.
pub(super) fn data(folder: &Path) -> Vec<Finding> {
    if !folder.exists() {
        let found = format!("{} is not there yet: the first start makes it", folder.display());
        let parent = std::path::absolute(folder).ok().and_then(|whole| nearest(&whole));
        return std::iter::once(Finding::ok("data", found)).chain(parent.map(|parent| free(&parent))).collect();
    }
    let probe = folder.join(format!(".doctor-{}", hex::encode(random::<8>())));
    let written = std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe));
    let can = match written {
        Ok(()) => Finding::ok("data", format!("{} can be written to", folder.display())),
        Err(error) => {
            let found = format!("{} cannot be written to: {error}", folder.display());
            Finding::problem("data", found, "let the user of the node own it, with mode 700")
        }
    };
    let mut findings = vec![can, free(folder)];
    let mode = folder.metadata().map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        let found =
            format!("{} is open to others (mode {mode:o}); the store in it holds every message", folder.display());
        findings.push(Finding::warning("data", found, format!("chmod 700 {}", folder.display())));
    }
    findings
}

fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.exists()).map(Path::to_path_buf)
}

fn free(folder: &Path) -> Finding {
    let room = match rustix::fs::statvfs(folder) {
        Ok(room) => room.f_bavail.saturating_mul(room.f_frsize),
        Err(error) => {
            let found = format!("free room under {} cannot be told: {error}", folder.display());
            return Finding::warning("disk", found, "look yourself");
        }
    };
    let found = format!("{} MB are free under {}", room / (1024 * 1024), folder.display());
    let advice = "make room: without any, nothing more is accepted";
    match room {
        room if room < FREE_PROBLEM => Finding::problem("disk", found, advice),
        room if room < FREE_WARNING => Finding::warning("disk", found, advice),
        _ => Finding::ok("disk", found),
    }
}

/// The certificate of HTTPS, if there is one.
pub(super) fn certificate(config: &Config, now: Millis) -> Vec<Finding> {
    let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) else { return Vec::new() };
    let advice = "put the certificate with its chain and its key in these files, in PEM";
    let pem = match tls::read(certificate, key) {
        Ok(pem) => pem,
        Err(error) => return vec![Finding::problem("certificate", why(&error), advice)],
    };
    if let Err(error) = tls::server(&pem) {
        let found = format!("{} with {}: {}", certificate.display(), key.display(), why(&error));
        return vec![Finding::problem("certificate", found, advice)];
    }
    let chain = CertificateDer::pem_slice_iter(pem.certificate.as_bytes());
    // The first certificate is the node's own; those of the chain may not end before it either.
    let ends: Result<Vec<_>, String> = chain.map(|one| life(&one.map_err(|error| error.to_string())?)).collect();
    let lives = match ends {
        Ok(lives) if !lives.is_empty() => lives,
        Ok(_) => return vec![Finding::problem("certificate", "the file holds none", advice)],
        Err(error) => return vec![Finding::problem("certificate", error, advice)],
    };
    vec![judge(&lives, now)]
}

/// From when until when a certificate holds, in seconds.
fn life(der: &CertificateDer<'_>) -> Result<(i64, i64), String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|error| error.to_string())?;
    let validity = certificate.validity();
    Ok((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn judge(lives: &[(i64, i64)], now: Millis) -> Finding {
    let begins = lives.iter().map(|(begins, _)| *begins).max().unwrap_or_default();
    let ends = lives.iter().map(|(_, ends)| *ends).min().unwrap_or_default();
    let days = (ends - now.secs()).div_euclid(86_400);
    if now.secs() < begins {
        return Finding::problem("certificate", "it is not valid yet", "set the clock, or take one that holds now");
    }
    if now.secs() > ends {
        return Finding::problem(
            "certificate",
            format!("it ended {} days ago", -days),
            "renew it and restart the node",
        );
    }
    let found = format!("it fits its key and holds for {days} more days");
    if days < EXPIRY_WARNING_DAYS {
        return Finding::warning("certificate", found, "renew it and restart the node");
    }
    Finding::ok("certificate", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_certificate_is_judged_by_the_shortest_life_of_its_chain() {
        const DAY: i64 = 86_400;
        let check = |lives: &[(i64, i64)], day: i64, expected: Level| {
            assert_eq!(judge(lives, Millis::from_secs(day * DAY)).level, expected, "day {day} of {lives:?}");
        };
        let own = (10 * DAY, 100 * DAY);
        check(&[own], 9, Level::Problem);
        check(&[own], 10, Level::Ok);
        check(&[own], 79, Level::Ok);
        check(&[own], 80, Level::Warning);
        check(&[own], 101, Level::Problem);
        check(&[own, (0, 50 * DAY)], 51, Level::Problem);
    }
}
