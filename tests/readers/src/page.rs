//! The page with the classes and their counts.

use crate::classes::{Class, Why};
use crate::message::{Message, Role};
use crate::reader::Peer;
use crate::tally::{Found, Tally};
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

/// The width of a line of the page.
const WIDTH: usize = 100;

/// The numbers of a run that the page names.
pub(crate) struct Run<'t> {
    pub(crate) tallies: &'t [Tally],
    pub(crate) messages: usize,
    pub(crate) seeds: usize,
}

/// Returns whether each row that a class names is in the table of CHOICES.md; prints missing rows.
pub(crate) fn rows_exist(choices: &str) -> bool {
    let is_missing = |class: &&Class| match class.why {
        Why::Row(row) => !choices.contains(&format!("\n| {row} |")),
        _ => false,
    };
    let missing: Vec<_> = Class::all().filter(is_missing).collect();
    for class in &missing {
        println!("FAILED: CHOICES.md has no row for the class {}", class.name);
    }
    missing.is_empty()
}

/// Writes the page, or compares it, in which case every class has to occur.
///
/// Without a reader, or with another version of one, only the rows of the others are compared.
pub(crate) fn check(path: &Path, is_update: bool, run: &Run<'_>) -> io::Result<bool> {
    let recorded = fs::read_to_string(path)?;
    let (known, other): (Vec<_>, Vec<_>) =
        run.tallies.iter().partition(|tally| recorded.contains(&version_row(tally)));
    if run.tallies.len() < Peer::ALL.len() || !is_update && known.len() < Peer::ALL.len() {
        for tally in other {
            println!(
                "SKIPPED: the row of {} {}, which the page does not have",
                tally.peer.name(),
                tally.version
            );
        }
        println!("SKIPPED: the classes, since the page has them with all readers");
        let is_other = |tally: &&&Tally| !recorded.contains(&row(tally));
        let differing: Vec<_> = known.iter().filter(is_other).collect();
        for tally in &differing {
            println!("FAILED: the page differs:\n    now:    {}", row(tally));
        }
        return Ok(differing.is_empty());
    }
    let gone: Vec<_> = Class::all().filter(|class| found(class, run.tallies).is_none()).collect();
    for class in &gone {
        println!("FAILED: no message is in the class {}", class.name);
    }
    let page = page(run);
    if is_update {
        fs::write(path, page)?;
        return Ok(gone.is_empty());
    }
    let differing = page.lines().zip(recorded.lines()).find(|(now, before)| now != before);
    if let Some((now, before)) = differing {
        println!("FAILED: the page differs:\n    now:    {now}\n    before: {before}");
    } else if page != recorded {
        println!("FAILED: the page has another length");
    }
    Ok(gone.is_empty() && page == recorded)
}

/// Returns the count of a class over all readers, and a sample.
fn found(class: &Class, tallies: &[Tally]) -> Option<Found> {
    let all = tallies.iter().filter_map(|tally| tally.classes.get(class.name)).cloned();
    all.reduce(|mut all, one| {
        all.merge(&one);
        all
    })
}

fn version_row(tally: &Tally) -> String {
    format!("| {} | {} | {} |", tally.peer.name(), tally.version, tally.peer.package())
}

fn row(tally: &Tally) -> String {
    let numbers =
        [tally.messages, tally.agreed[0], tally.agreed[1], tally.agreed[2], tally.differences()];
    format!("{} {} |", version_row(tally), numbers.map(grouped).join(" | "))
}

fn page(run: &Run<'_>) -> String {
    let mut page = include_str!("introduction.md")
        .replace("{messages}", &grouped(run.messages))
        .replace("{seeds}", &grouped(run.seeds));
    page += "\n## Readers\n\n| reader | version | package | messages | both accept | both reject \
             | both wait | differences |\n";
    page += "|---|---|---|---:|---:|---:|---:|---:|\n";
    for tally in run.tallies {
        let _ = writeln!(page, "{}", row(tally));
    }
    let parts: [Part; 4] = [
        ("Errors of bareline", "To be fixed.", |why| *why == Why::Fault),
        (
            "Rules",
            "The RFC's grammar or a requirement decides, and bareline follows it. At least one \
             reader does not, or leaves the check to its caller.",
            |why| *why == Why::Rule,
        ),
        (
            "Choices",
            "The RFC leaves a choice or a limit. core/CHOICES.md has a row for each, whose first \
             cell is quoted.",
            |why| matches!(why, Why::Row(_) | Why::Limit(_)),
        ),
        ("What other readers document", "Their documentation or source says so.", |why| {
            matches!(why, Why::Theirs(..) | Why::Interface(..) | Why::Unnamed(_))
        }),
    ];
    for (title, text, is_part) in parts {
        let _ = write!(page, "\n## {title}\n\n{}\n", wrapped(text));
        for class in Class::all().filter(|class| is_part(&class.why)) {
            if let Some(found) = found(class, run.tallies) {
                page += &entry(class, &found);
            }
        }
    }
    page
}

/// A part of the page: its title, its text, and a predicate for its classes.
type Part = (&'static str, &'static str, fn(&Why) -> bool);

/// Writes a class, with its count and sample.
fn entry(class: &Class, found: &Found) -> String {
    let why = match class.why {
        Why::Rule | Why::Fault | Why::Unnamed(_) => String::new(),
        Why::Row(row) => format!(" Row: \"{}\".", row.replace("\\|", "|")),
        Why::Limit(limit) => format!(" Limit: {limit}."),
        Why::Theirs(peers, place) | Why::Interface(peers, place) => {
            let names: Vec<_> = peers.iter().map(|peer| peer.name()).collect();
            format!(" Of {}: {place}.", names.join(", "))
        }
    };
    let text = format!(
        "**{}**, {} times. {} [{}]{why}",
        class.name,
        grouped(found.count),
        class.what,
        class.section
    );
    let sample = match class.why {
        Why::Interface(..) => String::new(),
        _ => format!("\n{}", sample(&found.sample)),
    };
    format!("\n{}\n{sample}", wrapped(&text))
}

/// Writes a message as a block of text; a long message is broken after each LF.
fn sample(message: &Message) -> String {
    let role = match message.role {
        Role::Request | Role::Get => "",
        Role::Head => "(to HEAD) ",
        Role::Connect => "(to CONNECT) ",
    };
    let text = format!("{role}{}", escaped(&message.octets));
    let mut lines = vec![text.clone()];
    if text.len() > WIDTH {
        lines = text.split_inclusive("\\n").map(str::to_owned).collect();
    }
    let mut block = "```text\n".to_owned();
    for mut line in lines {
        while line.len() > WIDTH {
            let rest = line.split_off(WIDTH);
            block += &line;
            block.push('\n');
            line = rest;
        }
        block += &line;
        block.push('\n');
    }
    block + "```\n"
}

/// Escapes octets, and writes nine or more of `x` as `{x*9}`.
fn escaped(octets: &[u8]) -> String {
    octets
        .chunk_by(|one, other| one == other)
        .map(|run| {
            let octet = run[..1].escape_ascii();
            if run.len() > 8 {
                format!("{{{octet}*{}}}", run.len())
            } else {
                run.escape_ascii().to_string()
            }
        })
        .collect::<String>()
        // A block of text does not need these escapes.
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

/// Wraps a text into lines.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines.join("\n")
}

/// Writes a number with commas.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let places = digits.len();
    let with_commas = digits.char_indices().map(|(place, digit)| {
        let comma = if place > 0 && (places - place).is_multiple_of(3) { "," } else { "" };
        format!("{comma}{digit}")
    });
    with_commas.collect()
}
