//! The layers of core and net: no module imports from its own layer or one above it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The layers of core, from the lowest. A module may import from itself and the layers below.
const LAYERS: &[&[&str]] = &[
    &["octets", "record"],
    &["error", "scan"],
    &["grammar"],
    &["value"],
    &["framing"],
    &["head"],
    &["body", "write"],
    &["connection", "datagram", "hint"],
    &["embedded", "format", "http", "inside"],
];

/// The layers of net. Neither role imports the other.
const NET: &[&[&str]] =
    &[&["error", "settings"], &["wire"], &["client", "server", "udp"], &["http"]];

fn layer_of(layers: &[&[&str]], module: &str) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&module))
}

/// Returns the top-level modules that the code names after `crate::` or after as many `super::` as
/// lead to the root.
///
/// Comments are left out.
fn imports(source: &str, depth: usize) -> Vec<String> {
    let code = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    // Unit tests are at the end of a file, one module deeper.
    let code = code
        .split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .replace(&"super::".repeat(depth), "crate::");
    let after = code.split("crate::").skip(1);
    after.map(|rest| rest.chars().take_while(|&character| is_name(character)).collect()).collect()
}

fn arrows_up(
    layers: &[&[&str]],
    folder: &Path,
    module: Option<&str>,
    found: &mut Vec<String>,
) -> usize {
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_root = module.is_none();
        let module = module.unwrap_or(&name);
        if path.is_dir() {
            seen += arrows_up(layers, &path, Some(module), found);
        } else if module != "lib" && path.extension().is_some_and(|extension| extension == "rs") {
            // `head/mod.rs` and `framing.rs` are both one level below the root.
            let depth = if name == "mod" || is_root { 1 } else { 2 };
            let own = layer_of(layers, module).unwrap_or_else(|| panic!("{module} has no layer"));
            for import in imports(&fs::read_to_string(&path).unwrap(), depth) {
                seen += 1;
                let is_down = layer_of(layers, &import).is_some_and(|layer| layer < own);
                if import != module && !is_down {
                    found.push(format!("{} imports {import}", path.display()));
                }
            }
        }
    }
    seen
}

#[test]
fn arrows_point_down() {
    for (layers, folder) in [(LAYERS, "../../core/src"), (NET, "../../net/src")] {
        let mut found = Vec::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let seen = arrows_up(layers, &folder, None, &mut found);
        assert!(seen > 30, "only {seen} imports were seen");
        assert!(found.is_empty(), "arrows that point up:\n{}", found.join("\n"));
    }
}

/// Collects the files of a folder as modules, each with the modules that it imports.
fn graph(folder: &Path, prefix: &str, modules: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            graph(&path, &format!("{prefix}{name}::"), modules);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "lib" {
            let name = if name == "mod" {
                prefix.trim_end_matches(':').to_owned()
            } else {
                format!("{prefix}{name}")
            };
            modules.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// Returns a cycle of modules that import each other, if there is one.
fn cycle(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut left: BTreeMap<_, _> = imports.clone();
    // Removes modules that import no other one, as long as possible.
    while let Some(name) = left
        .iter()
        .find(|(_, targets)| targets.iter().all(|target| !left.contains_key(target)))
        .map(|(name, _)| name.clone())
    {
        left.remove(&name);
    }
    (!left.is_empty()).then(|| left.into_keys().collect())
}

#[test]
fn the_modules_of_net_import_each_other_in_no_cycle() {
    let mut modules = BTreeMap::new();
    graph(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../net/src"), "", &mut modules);
    let imports: BTreeMap<String, BTreeSet<String>> = modules
        .iter()
        .map(|(name, source)| (name.clone(), paths(source, &modules, name)))
        .collect();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 60, "{imports:?}");
    assert_eq!(cycle(&imports), None);
    let two = [("a", "b"), ("b", "a"), ("c", "a")]
        .map(|(one, other)| (one.to_owned(), BTreeSet::from([other.to_owned()])));
    assert_eq!(cycle(&BTreeMap::from(two)), Some(["a", "b", "c"].map(str::to_owned).to_vec()));
}

/// Returns the modules that the code of a file names after `crate::`, unit tests left out.
fn paths(source: &str, modules: &BTreeMap<String, String>, own: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join("\n");
    code.split("crate::")
        .skip(1)
        .filter_map(|rest| {
            let is_path =
                |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
            let path: String = rest.chars().take_while(|&character| is_path(character)).collect();
            let parts: Vec<_> = path.split("::").collect();
            (1..=parts.len())
                .rev()
                .map(|length| parts[..length].join("::"))
                .find(|path| modules.contains_key(path))
        })
        .filter(|path| path != own)
        .collect()
}

#[test]
fn an_arrow_that_points_up_is_seen() {
    assert_eq!(
        imports("use crate::head::Fields; // crate::no\nlet x = crate::value::Status::OK;", 1),
        ["head", "value"]
    );
    assert_eq!(
        imports("use super::super::head::Fields;\nuse super::section::Progress;", 2),
        ["head"]
    );
    assert_eq!(imports("use super::head::Fields;", 1), ["head"]);
    assert!(layer_of(LAYERS, "head") > layer_of(LAYERS, "value"));
}

/// Returns whether a line of code depends on the width of the machine, other than by a hint to the
/// inliner: a hint cannot be moved away from its function, and a closure around the body moves
/// values to memory.
fn knows_the_width(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_hint = code.trim_start().starts_with("#[cfg_attr(") && code.contains("inline(");
    ["target_pointer_width", "bareline_scan", "from_ne_bytes", "usize::BITS"]
        .iter()
        .any(|word| code.contains(word))
        && !is_hint
}

fn width_outside_scan(folder: &Path, found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("scan") {
            files += width_outside_scan(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files += 1;
            let code = fs::read_to_string(&path).unwrap();
            let lines = code.lines().filter(|line| knows_the_width(line));
            found.extend(lines.map(|line| format!("{}: {line}", path.display())));
        }
    }
    files
}

#[test]
fn the_width_of_the_machine_is_known_to_scan_alone() {
    let mut found = Vec::new();
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src");
    let files = width_outside_scan(&core, &mut found);
    assert!(files > 40, "only {files} files were seen");
    assert!(found.is_empty(), "move what differs to core/src/scan:\n{}", found.join("\n"));
    assert!(knows_the_width("if cfg!(target_pointer_width = \"64\") {"));
    assert!(!knows_the_width("#[cfg_attr(target_pointer_width = \"64\", inline(never))]"));
}
