//! The fields of `type=s3`, and what the environment says instead of them: those of BuildKit's backend.

use super::fields::Fields;
use crate::config::Config;
use builder::{BucketPlace, CachePlace};
use registry::{AccessKey, BucketAddress, BucketStyle};

/// The fields that say where a cache is, and who asks.
pub(super) const FIELDS: &[&str] = &[
    "bucket",
    "region",
    "endpoint_url",
    "use_path_style",
    "prefix",
    "blobs_prefix",
    "manifests_prefix",
    "name",
    "access_key_id",
    "secret_access_key",
    "session_token",
];

/// Fields that are not to be shown.
const SECRETS: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];

/// Reads where a cache is.
pub(super) fn place(fields: &Fields, config: &Config) -> Result<CachePlace, String> {
    let or_variable = |field: &str, variable: &str| {
        let given = fields.value(field).map(str::to_owned);
        let value = given.or_else(|| config.variable(variable)?.into_string().ok());
        value.filter(|value| !value.is_empty())
    };
    let or = |field: &str, default: &str| fields.value(field).unwrap_or(default).to_owned();
    let bucket = or_variable("bucket", "AWS_BUCKET").ok_or("bucket=NAME is missing")?;
    let region = or_variable("region", "AWS_REGION").ok_or("region=NAME is missing")?;
    let key = match (
        or_variable("access_key_id", "AWS_ACCESS_KEY_ID"),
        or_variable("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    ) {
        (Some(id), Some(secret)) => Some(AccessKey {
            id,
            secret,
            session_token: or_variable("session_token", "AWS_SESSION_TOKEN"),
        }),
        (None, None) => None,
        _ => return Err("access_key_id and secret_access_key go together".to_owned()),
    };
    let style = match fields.boolean("use_path_style", false)? {
        true => BucketStyle::Path,
        false => BucketStyle::Host,
    };
    let names = or("name", "carafe");
    let names = names.split(';').filter(|name| !name.is_empty());
    Ok(CachePlace::Bucket(BucketPlace {
        address: BucketAddress {
            endpoint: fields.value("endpoint_url").map(str::to_owned),
            bucket,
            region,
            style,
            key,
        },
        prefix: or("prefix", ""),
        blobs: or("blobs_prefix", "blobs/"),
        manifests: or("manifests_prefix", "manifests/"),
        names: names.map(str::to_owned).collect(),
    }))
}

/// The fields as they may be shown.
pub(super) fn without_secrets(text: &str) -> String {
    let shown = text.split(',').map(|field| match field.split_once('=') {
        Some((key, _))
            if SECRETS.contains(&key.trim().trim_matches('"').to_ascii_lowercase().as_str()) =>
        {
            format!("{key}=…")
        }
        _ => field.to_owned(),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(
            without_secrets("type=s3,Secret_Access_Key=abc,bucket=b,\"session_token=x\""),
            "type=s3,Secret_Access_Key=…,bucket=b,\"session_token=…"
        );
    }
}
