use super::exchange::{Received, Response};

/// What can go wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another status, and when to come again.
    Status {
        /// The status.
        code: u16,
        /// The value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// The connection breaks after so many bytes of the content.
    Cut(usize),
    /// Nothing comes after so many bytes of the content, and the connection stays.
    Stall(usize),
    /// No answer comes, and the connection stays.
    Silence,
    /// The first byte of the content is another one.
    Corrupt,
    /// The content has so many bytes more than it should.
    Longer(usize),
    /// `Range` is not understood: all of it comes.
    NoRange,
    /// No length is given: the end is where the connection ends.
    NoLength,
    /// Somebody else has it: the path is put behind this.
    Redirect(String),
    /// A header is another one; `None` takes it away.
    Header(&'static str, Option<String>),
    /// The connection breaks after so many bytes of what the request carries.
    Break(u64),
    /// The registry takes not more than so many bytes of a part of an upload, and says so.
    Short(usize),
    /// The source of a mount is not taken: an upload is opened.
    NoMount,
    /// The registry has forgotten the upload.
    Forget,
    /// Other content under the same headers.
    Content(Vec<u8>),
}

/// A fault that waits for requests.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) path: String,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl Fault {
    /// Whether it comes instead of what was asked for, which is not done then.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Redirect(_))
    }

    /// How much is read of what the request carries.
    pub(super) fn limit(&self) -> Option<u64> {
        match self {
            Self::Break(limit) => Some(*limit),
            _ => None,
        }
    }

    /// Makes it wrong.
    pub(super) fn apply(&self, request: &Received, response: &mut Response) {
        match self {
            Self::Status { code, retry_after } => {
                *response = Response::new(*code, b"");
                if let Some(wait) = retry_after {
                    response.set("Retry-After", Some(wait));
                }
            }
            Self::Cut(length) => response.cut = Some(*length),
            Self::Stall(length) => {
                response.cut = Some(*length);
                response.stalls = true;
            }
            Self::Silence => response.silent = true,
            Self::Corrupt => {
                if let Some(first) = response.body.first_mut() {
                    *first ^= 1;
                }
            }
            Self::Longer(count) => response.body.extend(std::iter::repeat_n(0, *count)),
            // Ranges are served later, unless the header that says so is gone.
            Self::NoRange => response.ranges = false,
            Self::NoLength => response.length = false,
            Self::Redirect(place) => {
                *response = Response::new(307, b"");
                response.set("Location", Some(&format!("{place}{}", request.path)));
            }
            Self::Header(name, value) => response.set(name, value.as_deref()),
            Self::Content(bytes) => response.body.clone_from(bytes),
            // They change what is done, not what is said of it.
            Self::Break(_) | Self::Short(_) | Self::NoMount | Self::Forget => {}
        }
    }
}
