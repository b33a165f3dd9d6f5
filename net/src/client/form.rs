//! Names and values, encoded for a query or a form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The octets that are percent-encoded. A space becomes a `+` [WHATWG URL section 5.2].
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Adds a name and its value to `form`.
pub(crate) fn push(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    push_text(form, name);
    form.push('=');
    push_text(form, value);
}

fn push_text(form: &mut String, text: &str) {
    for piece in utf8_percent_encode(text, ENCODED) {
        form.push_str(&piece.replace(' ', "+"));
    }
}

#[cfg(test)]
mod tests {
    use super::push;

    #[test]
    fn names_and_values_are_encoded_as_in_forms_of_browsers() {
        let mut form = String::new();
        for (name, value) in
            [("a", "b c"), ("\u{e4}+", "&=%"), ("", ""), ("*-._", "~!'()"), ("line", "1\r\n2")]
        {
            push(&mut form, name, value);
        }
        assert_eq!(form, "a=b+c&%C3%A4%2B=%26%3D%25&=&*-._=%7E%21%27%28%29&line=1%0D%0A2");
    }
}
