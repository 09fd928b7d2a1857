//! What went wrong below, in words for people.

use std::error::Error;
use std::io;

use ureq::Timeout;

/// The words of an error of the network's or of the HTTP client's.
pub(super) fn of(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<ureq::Error>() {
        return of_client(error);
    }
    match error.downcast_ref::<io::Error>() {
        Some(error) => of_system(error),
        None => error.to_string(),
    }
}

fn of_client(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it hung up too early".to_owned()
        }
        ureq::Error::Io(error) => of_system(error),
        ureq::Error::Rustls(error) => error.to_string(),
        ureq::Error::Timeout(Timeout::Resolve) => "looking up its name took too long".to_owned(),
        ureq::Error::Timeout(Timeout::Connect) => "connecting took too long".to_owned(),
        ureq::Error::Timeout(_) => "silent for too long".to_owned(),
        other => other.to_string(),
    }
}

/// Without Rust's `(os error 111)`, and without saying that it is about input or output.
fn of_system(error: &io::Error) -> String {
    if let Some(inner) = error.get_ref() {
        return of(inner);
    }
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words() {
        let refused = || io::Error::from_raw_os_error(111);
        assert_eq!(of(&refused()), "Connection refused");
        assert_eq!(of(&ureq::Error::Io(refused())), "Connection refused");
        let nested = io::Error::other(ureq::Error::Timeout(Timeout::PerRead));
        assert_eq!(of(&nested), "silent for too long");
        let end = io::Error::new(io::ErrorKind::UnexpectedEof, "Peer disconnected");
        assert_eq!(of(&ureq::Error::Io(end)), "it hung up too early");
        assert_eq!(of(&io::Error::other("the end")), "the end");
    }
}
