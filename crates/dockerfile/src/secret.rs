//! Names of variables that give away what their values are.

/// Words of a name that say that its value is secret.
const SECRET: [&str; 10] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
];

/// Words that say that it is not.
const PLAIN: [&str; 3] = ["public", "file", "version"];

/// Whether a variable's name says that its value is nobody's business: BuildKit's check `SecretsUsedInArgOrEnv`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let has = |words: &[&str]| {
        name.split('_')
            .any(|part| words.iter().any(|word| word.eq_ignore_ascii_case(part)))
    };
    has(&SECRET) && !has(&PLAIN)
}
