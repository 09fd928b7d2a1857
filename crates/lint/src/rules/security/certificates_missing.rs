//! A program that speaks HTTPS has certificates to trust.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "CertificatesMissing",
    summary: "An image on scratch whose program speaks HTTPS has the certificates of authorities in it",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without them every connection fails: \"x509: certificate signed by unknown authority\". Looked at is the last stage, if it stands on scratch: when a value of ENV, or a word of CMD or ENTRYPOINT, is an https URL, and no COPY or ADD looks as if it brought certificates (a path with cert, ssl or etc in it, or a folder that is copied to the root). distroless has certificates. Whether a program speaks HTTPS without a URL in the Dockerfile cannot be told, so nothing is said then.",
        bad: "FROM scratch\nCOPY server /server\nENV API_URL=https://api.example.com\nENTRYPOINT [\"/server\"]\n",
        good: "FROM scratch\nCOPY --from=alpine:3.20 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\nCOPY server /server\nENV API_URL=https://api.example.com\nENTRYPOINT [\"/server\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong(file).into_iter().collect()
}

fn wrong(file: &File<'_>) -> Option<Found> {
    let shipped = file.shipped();
    let image = file.image_below(*shipped.last()?)?;
    if image.name != "scratch" || !image.folder.is_empty() || has_certificates(file, &shipped) {
        return None;
    }
    let asks = file
        .instructions_of(&shipped)
        .find(|instruction| match &instruction.kind {
            Kind::Env(pairs) => pairs.iter().any(|pair| is_url(&pair.value.text)),
            Kind::Cmd(_) | Kind::Entrypoint(_) => instruction
                .original
                .split(['"', ' ', '=', '\''])
                .any(is_url),
            _ => false,
        })?;
    let message =
        "The program speaks HTTPS, and there are no certificates of authorities on scratch";
    let help = "COPY --from=STAGE /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ (about 200 kB; on Alpine and Debian it comes with the package ca-certificates)";
    Some(Found::new(asks.span, asks.span, message).help(help))
}

fn is_url(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let host = text.strip_prefix("https://").unwrap_or_default();
    let is_local =
        host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("0.0.0.0");
    !host.is_empty() && !is_local
}

/// Whether certificates may have come from elsewhere.
fn has_certificates(file: &File<'_>, lineage: &[usize]) -> bool {
    let speaks_of = |path: &str| {
        ["cert", "ssl", "etc", "crt", ".pem"]
            .iter()
            .any(|word| path.contains(word))
    };
    file.instructions_of(lineage)
        .any(|instruction| matches!(instruction.kind, Kind::Add(_) | Kind::Run(_)))
        || file.copies_of(lineage).iter().any(|copied| {
            let destination = copied.destination.as_deref();
            let is_folder = |path: &str| path.ends_with('/') || matches!(path, "." | "*");
            let is_root = matches!(destination, None | Some("/" | "/usr"));
            destination.is_none_or(speaks_of)
                || copied
                    .paths()
                    .any(|(_, path)| speaks_of(path) || is_root && is_folder(path))
        })
}
