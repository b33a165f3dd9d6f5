//! The text of a view as HTML.

/// Returns the text with its styles as classes, such as `s31` for red, and with links to the
/// sections of RFCs.
pub fn html(text: &str) -> String {
    let mut runs: Vec<(Vec<&str>, String)> = Vec::new();
    let mut classes = Vec::new();
    for (number, part) in text.split("\x1b[").enumerate() {
        let is_code = |code: &str| code.bytes().all(|octet| octet.is_ascii_digit());
        let (code, rest) = match part.split_once('m') {
            Some((code, rest)) if number > 0 && is_code(code) => (code, rest),
            _ => ("", part),
        };
        match code {
            "" => {}
            "0" => classes.clear(),
            code => classes.push(code),
        }
        match runs.last_mut() {
            _ if rest.is_empty() => {}
            Some((same, run)) if *same == classes => run.push_str(rest),
            _ => runs.push((classes.clone(), rest.to_owned())),
        }
    }
    let mut html = String::new();
    for (classes, run) in runs {
        let run = linked(&escaped(&run));
        if classes.is_empty() {
            html += &run;
        } else {
            html += &format!("<span class=\"s{}\">{run}</span>", classes.join(" s"));
        }
    }
    html
}

/// Returns text for HTML, also for the value of an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Links each section, such as `RFC 9112 section 6.3` and `RFC 9112 6.3`.
fn linked(html: &str) -> String {
    let digits = |text: &str| {
        text.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(text.len())
    };
    let mut parts = html.split("RFC ");
    let mut linked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_at(digits(part));
        let word = [" sections ", " section ", " "].into_iter().find(|word| rest.starts_with(word));
        let word = word.unwrap_or_default();
        let rest = rest.strip_prefix(word).unwrap_or(rest);
        let (section, rest) = rest.split_at(digits(rest));
        let reference = format!("RFC {number}{word}{section}");
        let section = section.trim_end_matches('.');
        if number.len() == 4 && !section.is_empty() {
            linked += &format!(
                "<a href=\"https://www.rfc-editor.org/rfc/rfc{number}#section-{section}\">\
                 {reference}</a>{rest}"
            );
        } else {
            linked += &(reference + rest);
        }
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_classes_and_sections_are_links() {
        let link = |section: &str, text: &str| {
            format!(
                "<a href=\"https://www.rfc-editor.org/rfc/rfc9112#section-{section}\">\
                 {text}</a>"
            )
        };
        for (text, expected) in [
            ("a<b>&\"", "a&lt;b&gt;&amp;&quot;".to_owned()),
            ("\x1b[1m\x1b[91mab\x1b[0m c", "<span class=\"s1 s91\">ab</span> c".to_owned()),
            ("\x1b[2ma\x1b[0m\x1b[2mb\x1b[0m", "<span class=\"s2\">ab</span>".to_owned()),
            ("\x1b[\">mx", "&quot;&gt;mx".to_owned()),
            ("(RFC 9112 section 6.3)", format!("({})", link("6.3", "RFC 9112 section 6.3"))),
            ("RFC 9112 2.2 b", format!("{} b", link("2.2", "RFC 9112 2.2"))),
            (
                "in RFC 9112 sections 7.8 and",
                format!("in {} and", link("7.8", "RFC 9112 sections 7.8")),
            ),
            ("RFC 9112 section 6. End", format!("{} End", link("6", "RFC 9112 section 6."))),
            (
                "RFC 9112 and RFC x 1 RFC 12345 1 RFC ",
                "RFC 9112 and RFC x 1 RFC 12345 1 RFC ".to_owned(),
            ),
        ] {
            assert_eq!(html(text), expected);
        }
    }
}
