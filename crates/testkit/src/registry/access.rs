use super::exchange::{Received, Response};

/// Who may pull.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    #[default]
    Open,
    /// Whoever has a token, which the registry gives at `/token`.
    Token {
        /// Who gets a token: everyone, or this user by this password.
        user: Option<(String, String)>,
        /// The token server that is named, if it is not the registry itself.
        realm: Option<String>,
    },
    /// This user by this password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
}

/// The token that `/token` gives.
const TOKEN: &str = "a-token-for-tests";

impl Access {
    /// What a request gets that may not pull.
    pub(super) fn refuse(&self, host: &str, request: &Received) -> Option<Response> {
        let (wanted, challenge) = match self {
            Self::Open => return None,
            Self::Token { realm, .. } => {
                let own = format!("http://{host}/token");
                let realm = realm.as_deref().unwrap_or(&own);
                let scope = request.path.split('/').collect::<Vec<_>>();
                let name = scope
                    .get(2..scope.len().saturating_sub(2))
                    .unwrap_or_default()
                    .join("/");
                let challenge = format!(
                    "Bearer realm=\"{realm}\",service=\"test\",scope=\"repository:{name}:pull\""
                );
                (format!("Bearer {TOKEN}"), challenge)
            }
            Self::Basic { user, password } => {
                (basic(user, password), "Basic realm=\"test\"".to_owned())
            }
        };
        if request.header("authorization") == Some(&wanted) {
            return None;
        }
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        Some(Response::new(401, body.as_bytes()).header("WWW-Authenticate", &challenge))
    }

    /// What `/token` answers.
    pub(super) fn token(&self, request: &Received) -> Response {
        let Self::Token { user, .. } = self else {
            return Response::new(404, b"");
        };
        let wanted = user.as_ref().map(|(user, password)| basic(user, password));
        if wanted.is_some() && request.header("authorization") != wanted.as_deref() {
            return Response::new(401, b"{}");
        }
        let body = format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#);
        Response::new(200, body.as_bytes()).header("Content-Type", "application/json")
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

/// RFC 4648, section 4. It is written out here, so that the client's own is checked by another.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}
