//! What a server of buckets says when it does not do what it was asked.

use std::time::Duration;

use super::BucketAddress;
use crate::error::{Action, Error};
use crate::transport::Answer;

/// How much of its words is read.
const WORDS: u64 = 16 << 10;

/// Why a server of buckets does not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {object}: {host} answers with status {status} ({message}){advice}")]
pub struct BucketRefusal {
    /// What was being done.
    pub operation: &'static str,
    /// To what.
    pub object: String,
    /// Whom was asked.
    pub host: String,
    /// The HTTP status.
    pub status: u16,
    /// S3's name of the error, if it gave one.
    pub code: String,
    /// What the server said.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// An answer that is no success; `None` where there is just no such object.
pub(super) fn of(answer: Answer, action: &Action, address: &BucketAddress) -> Option<Error> {
    let (status, host) = (answer.status(), answer.host().to_owned());
    let redirected = answer.is_redirected();
    let region = answer.header("x-amz-bucket-region").map(str::to_owned);
    let retry_after = answer.retry_after();
    let words = answer.read(action, WORDS).unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let code = tag(&words, "Code").unwrap_or_default();
    if status == 404 && !matches!(code.as_str(), "NoSuchBucket" | "NoSuchUpload") {
        return None;
    }
    let region = region.or_else(|| tag(&words, "Region"));
    let region = region.filter(|region| *region != address.region);
    let advice = match (code.as_str(), status, region) {
        (_, _, Some(region)) => format!("; the bucket is in another region: region={region}"),
        _ if redirected => {
            format!(
                "; {host} is where the server redirects to: name the bucket's own region or endpoint"
            )
        }
        (code, status, None) => advice(code, status, address).to_owned(),
    };
    let message = match tag(&words, "Message") {
        Some(message) if code.is_empty() => message,
        Some(message) => format!("{code}: {message}"),
        None => code.clone(),
    };
    Some(Error::Bucket(Box::new(BucketRefusal {
        operation: action.operation,
        object: action.object.clone(),
        host,
        status,
        code,
        message: shown(&message),
        advice,
        retry_after,
    })))
}

fn advice(code: &str, status: u16, address: &BucketAddress) -> &'static str {
    match (code, status) {
        ("NoSuchBucket", _) => "; make the bucket first, or check its name",
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch", _) => {
            "; check access_key_id and secret_access_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        ("ExpiredToken" | "InvalidToken", _) => {
            "; the session token is no longer good: get another"
        }
        ("RequestTimeTooSkewed", _) => "; set this machine's clock",
        (_, 401 | 403) if address.key.is_none() => {
            "; nobody was named who asks: access_key_id and secret_access_key, or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY"
        }
        ("", 401 | 403) => {
            "; check the key, its secret, and that it may get, put and list (without s3:ListBucket Amazon denies what is not there)"
        }
        (_, 401 | 403) => {
            "; the key must be allowed to get, put and list (without s3:ListBucket Amazon denies what is not there)"
        }
        (_, 301 | 307 | 308) => "; check region and endpoint_url",
        _ => "",
    }
}

/// The text in the first element of this name; there is no more of XML in these answers.
pub(super) fn tag(words: &str, name: &str) -> Option<String> {
    let (_, rest) = words.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let text = plain
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    Some(text)
}

fn shown(text: &str) -> String {
    let text = text.chars().filter(|char| !char.is_control()).take(300);
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let words = "<?xml?><Error><Code>A&amp;lt;</Code><Message></Message></Error>";
        assert_eq!(tag(words, "Code").unwrap(), "A&lt;");
        assert_eq!(tag(words, "Message").unwrap(), "");
        for bad in ["", "<Code>", "<Code>x", "</Code><Code>", "<code>x</code>"] {
            assert_eq!(tag(bad, "Code"), None, "{bad}");
        }
        assert_eq!(shown("a\x1b[31mb\n"), "a[31mb");
    }
}
