use super::exchange::{Received, Response};

/// Who may pull and push.
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
    /// Whoever has a token, for which this user gets an identity token by this password: what OAuth2 calls a
    /// refresh token, and `docker login` keeps.
    IdentityToken {
        /// The user.
        user: String,
        /// The password.
        password: String,
        /// The identity token.
        identity: String,
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
            Self::Token { realm, .. } => match bearer(request, host, realm.as_deref()) {
                None => return None,
                Some(challenge) => (String::new(), challenge),
            },
            Self::IdentityToken { .. } => match bearer(request, host, None) {
                None => return None,
                Some(challenge) => (String::new(), challenge),
            },
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
        let (wanted, identity) = match self {
            Self::Token { user, .. } => {
                (user.as_ref().map(|(user, password)| (user, password)), None)
            }
            Self::IdentityToken {
                user,
                password,
                identity,
            } => (Some((user, password)), Some(identity)),
            _ => return Response::new(404, b""),
        };
        let refreshes = identity.is_some_and(|identity| {
            request.method == "POST"
                && fields(request, "grant_type") == ["refresh_token"]
                && fields(request, "refresh_token") == [identity.as_str()]
        });
        let wanted = wanted.map(|(user, password)| basic(user, password));
        if wanted.is_some() && !refreshes && request.header("authorization") != wanted.as_deref() {
            return Response::new(401, b"{}");
        }
        let scopes = fields(request, "scope").join(";").replace(' ', ";");
        let mut body = format!(r#"{{"token":"{TOKEN}/{scopes}","expires_in":300"#);
        if let Some(identity) = identity.filter(|_| fields(request, "offline_token") == ["true"]) {
            body += &format!(r#","refresh_token":"{identity}""#);
        }
        Response::new(200, format!("{body}}}").as_bytes())
            .header("Content-Type", "application/json")
    }
}

/// The challenge for a request without a token that allows it.
fn bearer(request: &Received, host: &str, realm: Option<&str>) -> Option<String> {
    let own = format!("http://{host}/token");
    let realm = realm.unwrap_or(&own);
    let needed = needed_scopes(request);
    let shown = request.header("authorization").unwrap_or_default();
    if let Some(scopes) = shown.strip_prefix(&format!("Bearer {TOKEN}/")) {
        let allowed: Vec<&str> = scopes.split(';').collect();
        if needed.iter().all(|scope| allows(&allowed, scope)) {
            return None;
        }
    }
    let scope = needed.first().map(|scope| format!(",scope=\"{scope}\""));
    let scope = scope.unwrap_or_default();
    Some(format!("Bearer realm=\"{realm}\",service=\"test\"{scope}"))
}

/// What a request needs, the repository's own scope first; nothing if it is for no repository.
fn needed_scopes(request: &Received) -> Vec<String> {
    let path = request.path.split('?').next().unwrap_or_default();
    let name = path.trim_start_matches("/v2/");
    let end = name.find("/manifests/").or_else(|| name.find("/blobs/"));
    let Some(end) = end else { return Vec::new() };
    let actions = match request.method.as_str() {
        "GET" | "HEAD" if !path.contains("/uploads/") => "pull",
        _ => "pull,push",
    };
    let mut needed = vec![format!("repository:{}:{actions}", &name[..end])];
    // As real registries have it, the source of a mount is not in the challenge.
    let sources = request.query("from").into_iter();
    needed.extend(sources.map(|from| format!("repository:{from}:pull")));
    needed
}

fn allows(allowed: &[&str], needed: &str) -> bool {
    let (repository, actions) = needed.rsplit_once(':').unwrap_or_default();
    let covers = |scope: &&str| {
        let (own, given) = scope.rsplit_once(':').unwrap_or_default();
        own == repository
            && actions
                .split(',')
                .all(|action| given.split(',').any(|it| it == action))
    };
    allowed.iter().any(covers)
}

/// The values of a field, in the query or in a form.
fn fields(request: &Received, name: &str) -> Vec<String> {
    let form = String::from_utf8_lossy(&request.body).replace("%20", " ");
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').chain(form.split('&'));
    let values = pairs.filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    values.map(str::to_owned).collect()
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
