//! A test of the page of `explain serve` in a browser; its other tests are in `examples/explain`.

use crate::browser::Browser;
use crate::{Program, built};

#[test]
fn chromium_shows_octets_in_colour() {
    let server = Program::of(built("explain").args(["serve", "127.0.0.1:0"]));
    let url = format!("http://{}/", server.address);
    let Some(mut browser) = Browser::open("chromium-explain", &url) else { return };
    browser.until("document.querySelector('.reject') != null");
    assert_eq!(browser.value("document.scripts.length"), 0);
    // The invalid octet is red, and not only in a class of that name.
    let invalid = "document.querySelector('pre .s91')";
    assert_eq!(browser.value(&format!("{invalid}.textContent")), "7");
    let colours = [invalid, "document.querySelector('pre .s32')", "document.querySelector('pre')"];
    let colours =
        colours.map(|one| browser.value(&format!("getComputedStyle({one}).color")).to_string());
    assert!(colours[0] != colours[1] && colours[1] != colours[2], "{colours:?}");
    let is_shown = |verdict: &str| {
        format!("document.querySelector('form + p')?.textContent?.startsWith({verdict:?})")
    };
    for (written, octets, verdict) in [
        // The browser sends each line end of a text area as CR LF.
        ("lines", r"GET / HTTP/1.1\nHost: a\n\n", "Accepted."),
        ("escapes", r"GET / HTTP/1.1\\n", "Rejected: line ended by LF alone at octet 14"),
        ("lines", r"\n</textarea><b>", "Rejected: invalid method at octet 2"),
        ("hex", "0", "The form is invalid: an odd number of hexadecimal digits"),
    ] {
        browser.value(&format!(
            "document.querySelector('[value={written}]').checked = true; \
             document.querySelector('textarea').value = '{octets}'; \
             document.querySelector('button').click()"
        ));
        browser.until(&is_shown(verdict));
        let is_kept = format!("document.querySelector('textarea').value == '{octets}'");
        assert_eq!(browser.value(&is_kept), true, "{octets}");
        assert_eq!(browser.value("document.querySelector(':checked').value"), written);
    }
}
