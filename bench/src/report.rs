//! The tables, in Markdown.

use crate::measure::{Figure, Group, Measured, Wanted, race};
use crate::rejected::CASES;
use crate::{chunked, connection, heads, inputs, rejected, serialise, trickle};

const HEAD_ONLY: &str = "ours-head";
const WHOLE: &str = "ours-whole";

/// Prints the text before the tables.
pub fn header(rustc: &str, command: &str) {
    inputs::check();
    println!("# How fast bareline is\n");
    println!("This file is the output of `{command}`. The program is in [bench/](.).\n");
    println!("- Processor: {}, {} logical cores, with {}", processor(), cores(), features());
    println!("- Compiler: {rustc}, `opt-level = 3`, link-time optimization of all crates\n");
    let average = |name| inputs::average(name).to_string();
    let notes =
        include_str!("notes.md").replace("{m}", &average("m")).replace("{mr}", &average("mr"));
    println!("{}", notes.trim_end());
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, model)| model.trim().to_string())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the processor's features that parsers detect at run time.
fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("SSE2", true),
        ("SSE4.2", is_x86_feature_detected!("sse4.2")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("AVX-512BW", is_x86_feature_detected!("avx512bw")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found = [("no x86 vector registers", true)];
    found.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Returns the features that this build uses without detection.
fn compiled() -> String {
    let found = [
        ("SSE2", cfg!(target_feature = "sse2")),
        ("SSE4.2", cfg!(target_feature = "sse4.2")),
        ("AVX2", cfg!(target_feature = "avx2")),
        ("BMI2", cfg!(target_feature = "bmi2")),
        ("AVX-512BW", cfg!(target_feature = "avx512bw")),
    ];
    let names: Vec<_> = found.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    if names.is_empty() { "no vector registers".to_string() } else { names.join(", ") }
}

/// Measures all groups, and prints their tables.
pub fn tables(section: &str, rounds: usize) {
    inputs::check();
    println!("\n## {section}\n\nCompiled for {}.", compiled());
    let mut slower = Vec::new();
    let measured = |groups: fn(Wanted<'_>) -> Vec<Group>| -> Vec<Measured> {
        groups(Wanted(None)).into_iter().map(|group| race(group, rounds)).collect()
    };

    head_tables(&measured(heads::groups), &mut slower);
    for group in measured(chunked::groups) {
        let what = if group.name.ends_with("16") {
            "in chunks of 16 octets"
        } else {
            "in chunks of 16 octets to 1 KB"
        };
        list(&format!("A body of 64 KB {what}, decoded"), &group, "httparse", &mut slower);
    }
    for group in measured(serialise::groups) {
        list(
            &format!(
                "A status line and five field lines, {} octets, written",
                serialise::HEAD.len()
            ),
            &group,
            "extend",
            &mut slower,
        );
    }
    for group in measured(connection::groups) {
        let of = group.name.rsplit('/').next().unwrap_or_default().to_string();
        list(
            &format!(
                "A connection: input {of} received, a response with 13 octets of content written"
            ),
            &group,
            "httparse",
            &mut slower,
        );
    }
    #[cfg(feature = "net")]
    for group in measured(crate::exchange::groups) {
        let of = group.name.rsplit('/').next().unwrap_or_default().to_string();
        list(
            &format!("An exchange in memory: input {of} read, a response sent"),
            &group,
            "floor",
            &mut slower,
        );
    }
    for group in measured(trickle::groups) {
        list(
            "One octet at a time into a head of 64 KB, for each octet",
            &group,
            "httparse",
            &mut slower,
        );
    }
    for group in measured(rejected::groups) {
        rejected_table(&group, &mut slower);
    }

    println!("\n### Slower than a peer\n");
    slower.iter().for_each(|line| println!("- {line}"));
    if slower.is_empty() {
        println!("Nothing.");
    }
}

fn row(cells: impl IntoIterator<Item = String>) {
    println!("| {} |", cells.into_iter().collect::<Vec<_>>().join(" | "));
}

fn rule(columns: usize) {
    println!("|---|{}", "---:|".repeat(columns - 1));
}

fn nanoseconds(figure: f64) -> String {
    match figure {
        ..10.0 => format!("{figure:.1}"),
        10.0..10_000.0 => format!("{figure:.0}"),
        _ => format!("{:.1} us", figure / 1000.0),
    }
}

fn ratio(figure: f64, reference: f64) -> String {
    match figure / reference {
        small @ ..0.095 => format!("{small:.4}"),
        ratio => format!("{ratio:.2}"),
    }
}

fn is_ours(id: &str) -> bool {
    id.starts_with("ours")
}

/// The ratio up to which the times of a parser on two messages of the same length count as equal.
const CHANCE: f64 = 1.03;

/// Returns whether the ratio rounds to more than one.
fn is_slower(ours: f64, peer: f64) -> bool {
    ours / peer >= 1.005
}

type Choice = fn(&Figure) -> f64;

fn head_tables(columns: &[Measured], slower: &mut Vec<String>) {
    let Some(first) = columns.first() else { return };
    let names = || columns.iter().map(|column| column.name.trim_start_matches("head/").to_string());
    let rows = || first.figures.iter().map(|(id, title, _)| (id.as_str(), title.clone()));

    println!("\n### Heads parsed: nanoseconds a message, minimum\n");
    row(["".to_string()].into_iter().chain(names()));
    rule(columns.len() + 1);
    for (id, title) in rows() {
        let figure = |column: &Measured| {
            column.of(id).map_or("-".to_string(), |figure| nanoseconds(figure.min))
        };
        row([bold(id, title)].into_iter().chain(columns.iter().map(figure)));
    }

    let kinds: [(&str, Choice); 2] =
        [("minima", |figure| figure.min), ("medians", |figure| figure.median)];
    for (kind, choice) in kinds {
        println!("\n### Heads parsed: ratio to httparse, of the {kind}\n");
        row(["".to_string()].into_iter().chain(names()).chain(["geometric mean".to_string()]));
        rule(columns.len() + 2);
        for (id, title) in rows() {
            let ratios = columns.iter().filter_map(|column| {
                let reference = column.of("httparse")?;
                Some(choice(&column.of(id)?) / choice(&reference))
            });
            let ratios: Vec<f64> = ratios.collect();
            let mean =
                (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
            row([bold(id, title)]
                .into_iter()
                .chain(ratios.iter().chain([&mean]).map(|ratio| format!("{ratio:.2}"))));
        }
    }

    for ours in [WHOLE, HEAD_ONLY] {
        for (id, title) in rows().filter(|(id, _)| !is_ours(id) && !heads::is_limit(id)) {
            let columns: Vec<String> = columns
                .iter()
                .zip(names())
                .filter_map(|(column, name)| {
                    let (ours, peer) = (column.of(ours)?.min, column.of(id)?.min);
                    is_slower(ours, peer).then(|| format!("{name} {}", ratio(ours, peer)))
                })
                .collect();
            if !columns.is_empty() {
                let what = if ours == WHOLE { "whole" } else { "head only" };
                slower.push(format!("{what}, than {title}: {}", columns.join(", ")));
            }
        }
    }
}

fn bold(id: &str, title: String) -> String {
    if is_ours(id) { format!("**{title}**") } else { title }
}

/// Prints a table with a row for each contender.
fn list(heading: &str, group: &Measured, reference: &str, slower: &mut Vec<String>) {
    let Some(reference) = group.of(reference) else { return };
    println!("\n### {heading}\n");
    row(["", "ns, minimum", "ns, median", "ratio of minima", "of medians"].map(str::to_string));
    rule(5);
    for (id, title, figure) in &group.figures {
        row([
            bold(id, title.clone()),
            nanoseconds(figure.min),
            nanoseconds(figure.median),
            ratio(figure.min, reference.min),
            ratio(figure.median, reference.median),
        ]);
    }
    // A connection does more than serialising.
    let compared = |id: &str| is_ours(id) && id != "ours-connection";
    for (_, ours, figure) in group.figures.iter().filter(|(id, ..)| compared(id)) {
        for (_, title, peer) in
            group.figures.iter().filter(|(id, ..)| !is_ours(id) && !heads::is_limit(id))
        {
            if is_slower(figure.min, peer.min) {
                slower.push(format!(
                    "{}: {ours}, than {title}: {}",
                    group.name,
                    ratio(figure.min, peer.min)
                ));
            }
        }
    }
}

fn rejected_table(group: &Measured, slower: &mut Vec<String>) {
    let [(accepted, taken), wrong @ ..] = &CASES;
    println!("\n### Rejected messages: nanoseconds, minimum, and ratio to the accepted message\n");
    let names = wrong.iter().flat_map(|(_, title)| [title.to_string(), "ratio".to_string()]);
    row(["".to_string(), taken.to_string()].into_iter().chain(names));
    rule(2 + 2 * wrong.len());
    let suffix = format!("-{accepted}");
    for (id, title, figure) in &group.figures {
        let Some(parser) = id.strip_suffix(&suffix) else { continue };
        let mut cells = vec![bold(id, title.clone()), nanoseconds(figure.min)];
        for (case, what) in wrong {
            let Some(rejected) = group.of(&format!("{parser}-{case}")) else {
                cells.extend(["accepts it".to_string(), "".to_string()]);
                continue;
            };
            cells.extend([nanoseconds(rejected.min), ratio(rejected.min, figure.min)]);
            if is_ours(id) && rejected.min > CHANCE * figure.min {
                slower.push(format!(
                    "{title}, rejected ({what}), than accepted: {}",
                    ratio(rejected.min, figure.min)
                ));
            }
        }
        row(cells);
    }
}
