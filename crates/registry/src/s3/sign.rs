//! Signature version 4 of Amazon's services, in the `Authorization` header:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::fmt;
use std::time::SystemTime;

use oci::{Digest, timestamp};
use ring::hmac;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The key's name.
    pub id: String,
    /// The key.
    pub secret: String,
    /// What goes with a key that holds for a while only.
    pub session_token: Option<String>,
}

impl fmt::Debug for AccessKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").finish_non_exhaustive()
    }
}

/// What a signature is made with, besides the request.
pub(super) struct Signing<'s> {
    pub(super) key: &'s AccessKey,
    pub(super) region: &'s str,
    pub(super) time: SystemTime,
}

impl Signing<'_> {
    /// The time, as the header `x-amz-date` has it: `20130524T000000Z`.
    pub(super) fn date(&self) -> String {
        timestamp::format_seconds(self.time).replace(['-', ':'], "")
    }

    /// The header for a request to a path and a query, both encoded, and the latter in the order of its names. `headers` are those that are signed, in the order of their names;
    /// the digest of the content is among them.
    pub(super) fn authorization(
        &self,
        method: &str,
        (path, query): (&str, &str),
        headers: &[(&str, &str)],
    ) -> String {
        let date = self.date();
        let day = &date[..8];
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut lines = String::new();
        let mut content = "";
        for (name, value) in headers {
            lines.push_str(&format!("{name}:{}\n", value.trim()));
            if *name == "x-amz-content-sha256" {
                content = value;
            }
        }
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{content}");
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let hashed = Digest::sha256(request.as_bytes());
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hashed.hex());
        let key = format!("AWS4{}", self.key.secret).into_bytes();
        let parts = [day, self.region, "s3", "aws4_request", &text];
        let signature = parts.iter().fold(key, |key, part| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, part.as_bytes()).as_ref().to_vec()
        });
        let signature: String = signature.iter().map(|b| format!("{b:02x}")).collect();
        let id = &self.key.id;
        format!("{ALGORITHM} Credential={id}/{scope},SignedHeaders={names},Signature={signature}")
    }
}

/// The value of a parameter with everything percent-encoded but what RFC 3986 calls unreserved.
pub(super) fn encoded_value(value: &str) -> String {
    encoded(value).replace('/', "%2F")
}

/// A path with everything percent-encoded but slashes and what RFC 3986 calls unreserved.
pub(super) fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The examples of Amazon's documentation.
    fn signature(method: &str, place: (&str, &str), headers: &[(&str, &str)]) -> String {
        let key = AccessKey {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let signing = Signing {
            key: &key,
            region: "us-east-1",
            time: UNIX_EPOCH + Duration::from_secs(1_369_353_600),
        };
        assert_eq!(signing.date(), "20130524T000000Z");
        let header = signing.authorization(method, place, headers);
        let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        assert!(header.contains(scope), "{header}");
        header.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

    #[test]
    fn get_object() {
        let nothing = Digest::sha256(b"");
        let headers = [
            HOST,
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", nothing.hex()),
            DATE,
        ];
        assert_eq!(
            signature("GET", ("/test.txt", ""), &headers),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn put_object() {
        let content = Digest::sha256(b"Welcome to Amazon S3.");
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            HOST,
            ("x-amz-content-sha256", content.hex()),
            DATE,
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        assert_eq!(
            signature("PUT", (&encoded("/test$file.text"), ""), &headers),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }

    #[test]
    fn get_with_a_query() {
        let nothing = Digest::sha256(b"");
        let headers = [HOST, ("x-amz-content-sha256", nothing.hex()), DATE];
        assert_eq!(
            signature("GET", ("/", "lifecycle="), &headers),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("GET", ("/", "max-keys=2&prefix=J"), &headers),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn keys_stay_secret() {
        let key = AccessKey {
            id: "an id".to_owned(),
            secret: "a secret".to_owned(),
            session_token: Some("a token".to_owned()),
        };
        assert_eq!(format!("{key:?}"), "AccessKey { .. }");
    }

    #[test]
    fn paths() {
        assert_eq!(encoded_value("a/b+c="), "a%2Fb%2Bc%3D");
        assert_eq!(encoded("a b/sha256:ä~_.-"), "a%20b/sha256%3A%C3%A4~_.-");
    }
}
