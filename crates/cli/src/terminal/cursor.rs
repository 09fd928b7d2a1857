//! Hiding the cursor, and showing it again on every way out.

use crate::output;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static HIDDEN: AtomicBool = AtomicBool::new(false);

/// Hides the cursor. A panic shows it again; so does whoever ends the process by hand.
pub(crate) fn hide() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            show();
            before(info);
        }));
    });
    HIDDEN.store(true, Ordering::Relaxed);
    output::note("\x1b[?25l");
}

/// Shows it, if it was hidden.
pub(crate) fn show() {
    if HIDDEN.swap(false, Ordering::Relaxed) {
        output::note("\x1b[?25h");
    }
}
