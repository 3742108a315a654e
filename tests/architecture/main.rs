//! Checks the structure that `src/README.md` describes: which room may use which, and how large files and functions
//! are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cycles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rooms of `src/`, top first: each uses only rooms below it.
const ROOMS: [&str; 11] = [
    "bin", "fuzzing", "program", "evidence", "answer", "sidecar", "clock", "source", "reading",
    "time", "text",
];
/// Rooms that are crates: they use no other room.
const CRATES: [&str; 2] = ["explain", "demo"];
/// A file of `src/`.
struct Source {
    /// Its path below `src/`.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The room it belongs to; `lib` for the root of the library.
    fn room(&self) -> &str {
        let first = self.path.components().next().unwrap().as_os_str();
        first.to_str().unwrap().trim_end_matches(".rs")
    }

    /// Whether it is compiled in tests only.
    fn is_test(&self) -> bool {
        let names = self.path.iter();
        self.room() == "fuzzing"
            || names
                .into_iter()
                .any(|name| name == "tests" || name == "tests.rs" || name == "fuzzing.rs")
    }

    /// The text without the tests at its end.
    fn production(&self) -> &str {
        let tests = self.text.find("\n#[cfg(test)]\nmod tests");
        &self.text[..tests.unwrap_or(self.text.len())]
    }

    /// The text without lines that are comments.
    fn code(&self) -> String {
        let code = self.text.lines();
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        code.collect::<Vec<_>>().join("\n")
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, sources: &mut Vec<Source>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(top().join("src")).unwrap().to_owned();
                sources.push(Source { path, text });
            }
        }
    }
    let mut sources = Vec::new();
    collect(&top().join("src"), &mut sources);
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(sources.len() > 60, "the sources are not where they were");
    sources
}

fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names that directly follow `crate::`, in `use` declarations, their lists, and paths.
fn names_after_crate(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(is_part_of_name) {
            continue;
        }
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            None => names.extend(first_name(rest)),
            Some(list) => names.extend(names_of_list(list)),
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c| !is_part_of_name(c)).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The first name of each entry of `a, b::{c, d}, e}`.
fn names_of_list(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut begins = true;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && is_part_of_name(c) => {
                names.extend(first_name(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

/// The public names of the library, each with its room: what `lib.rs` exports.
fn public_names() -> BTreeMap<String, String> {
    let lib = sources().into_iter().find(|source| source.room() == "lib");
    let code = lib.unwrap().code();
    let mut names = BTreeMap::new();
    for (at, found) in code.match_indices("pub use ") {
        let rest = &code[at + found.len()..];
        let (declaration, _) = rest.split_once(';').unwrap();
        // Names behind one feature are exported together: `self::{room::{…}, …}`.
        if let Some(rooms) = declaration.strip_prefix("self::{") {
            for (at, opens) in rooms.match_indices("::{") {
                let room = rooms[..at].rsplit(|c| !is_part_of_name(c)).next().unwrap();
                let exported = names_of_list(&rooms[at + opens.len()..]);
                names.extend(exported.into_iter().map(|name| (name, room.to_owned())));
            }
            continue;
        }
        let declaration = declaration.strip_prefix("self::").unwrap_or(declaration);
        let Some((room, exported)) = declaration.split_once("::") else {
            continue;
        };
        let exported = match exported.strip_prefix('{') {
            None => exported.rsplit("::").take(1).map(str::to_owned).collect(),
            Some(list) => names_of_list(list),
        };
        names.extend(exported.into_iter().map(|name| (name, room.to_owned())));
    }
    assert!(names.contains_key("Clock"), "{names:?}");
    names
}

#[test]
fn every_room_is_in_the_plan() {
    let rooms: BTreeSet<String> = sources()
        .iter()
        .map(|source| source.room().to_owned())
        .filter(|room| room != "lib" && !CRATES.contains(&room.as_str()))
        .collect();
    for room in &rooms {
        assert!(ROOMS.contains(&room.as_str()), "src/{room}");
    }
    let map = std::fs::read_to_string(top().join("src/README.md")).unwrap();
    for room in rooms {
        let name = if room == "text" {
            "text.rs".to_owned()
        } else {
            format!("{room}/")
        };
        assert!(map.contains(&name), "src/README.md does not show {name}");
    }
}

/// A map must not name files that no longer exist.
#[test]
fn what_the_map_names_is_there() {
    let map = std::fs::read_to_string(top().join("src/README.md")).unwrap();
    let quoted = map.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = quoted
        .filter(|text| text.contains('/') && !text.contains('\n'))
        .collect();
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        let exists = ["src", ""].map(|folder| top().join(folder).join(path).exists());
        assert!(exists.contains(&true), "{path}");
    }
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    let public = public_names();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(here) = ROOMS.iter().position(|room| *room == source.room()) else {
            continue;
        };
        for name in names_after_crate(&source.code()) {
            let room = public.get(&name).unwrap_or(&name);
            let there = ROOMS.iter().position(|other| other == room);
            if there.is_none_or(|there| there < here) {
                wrong.push(format!("{} uses crate::{name}", source.path.display()));
            }
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
}

/// A chain of `super` out of its room would bypass [`a_room_uses_only_rooms_below_it`].
#[test]
fn no_path_leaves_its_room_by_super() {
    for source in sources().iter().filter(|source| source.room() != "bin") {
        let depth = source.path.components().count();
        for line in source.code().lines() {
            let longest = line
                .split_whitespace()
                .map(|word| word.matches("super::").count());
            let longest = longest.max().unwrap_or_default();
            // An indented line may be within a module of the file, one level deeper.
            let allowed = depth - usize::from(!line.starts_with(' '));
            assert!(longest <= allowed, "{}: {line}", source.path.display());
        }
    }
}

#[test]
fn files_of_a_room_form_no_cycle() {
    let sources = sources();
    let production = sources.iter().filter(|source| !source.is_test());
    let files = production.map(|source| (source.path.as_path(), source.text.as_str()));
    let cycles = cycles::Imports::new(files, &CRATES).cycles();
    assert_eq!(cycles, [] as [String; 0]);
}

#[test]
fn the_face_of_the_library_is_short() {
    let lib = sources().into_iter().find(|source| source.room() == "lib");
    let code = lib.unwrap().code();
    let count = |is_one: fn(&str) -> bool| code.lines().filter(|line| is_one(line)).count();
    let modules = count(|line| line.starts_with("mod ") || line.starts_with("pub mod "));
    assert!((1..=12).contains(&modules), "{modules} modules");
    let conditions = count(|line| line.contains("cfg("));
    assert!(conditions <= 3, "{conditions} conditions");
}

/// A module with files below it is `x.rs` beside `x/`.
#[test]
fn no_file_is_called_mod() {
    for source in sources() {
        assert!(
            !source.path.ends_with("mod.rs"),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn files_are_small_and_say_in_their_first_line_what_they_are() {
    let sources = sources();
    for source in &sources {
        assert!(
            source.text.starts_with("//! "),
            "{} does not open with a sentence",
            source.path.display()
        );
    }
    let sizes = |text: fn(&Source) -> &str, with_tests: bool| {
        let wanted = sources
            .iter()
            .filter(move |source| with_tests || !source.is_test());
        Sizes::of(wanted.map(|source| {
            let lines = text(source).lines().count();
            (lines, source.path.display().to_string())
        }))
    };
    let (largest, path) = &sizes(|source| &source.text, true).0.pop().unwrap();
    assert!(*largest <= 450, "{path} has {largest} lines");
    let production = sizes(Source::production, false);
    assert!(production.at(0.5) <= 100, "median {}", production.at(0.5));
    assert!(
        production.at(0.9) <= 250,
        "of ten, one has {}",
        production.at(0.9)
    );
}

#[test]
fn functions_are_short() {
    let mut lengths = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let lines: Vec<&str> = source.production().lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let indent = &line[..line.len() - line.trim_start().len()];
            let words = line.split_whitespace();
            let is_function = words.clone().any(|word| word == "fn")
                && words.clone().all(|word| !word.starts_with("//"));
            if !is_function || line.ends_with(';') || line.ends_with('}') {
                continue;
            }
            // rustfmt puts the end at the indentation of the beginning.
            let end = format!("{indent}}}");
            let Some(length) = lines[at..].iter().position(|line| **line == *end) else {
                continue;
            };
            lengths.push((length + 1, format!("{}:{}", source.path.display(), at + 1)));
        }
    }
    assert!(lengths.len() > 300, "{} functions", lengths.len());
    let lengths = Sizes::of(lengths);
    assert!(lengths.at(0.9) <= 30, "of ten, one has {}", lengths.at(0.9));
    let (longest, place) = lengths.0.last().unwrap();
    assert!(*longest <= 60, "{place} has {longest} lines");
}

/// Sizes in order, each with the name of the measured item.
struct Sizes(Vec<(usize, String)>);

impl Sizes {
    fn of(sizes: impl IntoIterator<Item = (usize, String)>) -> Self {
        let mut sizes: Vec<_> = sizes.into_iter().collect();
        sizes.sort();
        Self(sizes)
    }

    /// The size that this share of all does not exceed, in tenths.
    fn at(&self, share: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a few hundred sizes"
        )]
        let index = ((self.0.len() - 1) as f64 * share) as usize;
        self.0[index].0
    }
}

#[test]
fn what_follows_crate_is_found_in_every_form() {
    let code = "use crate::a::B;\nuse crate::{c, d::{E, F}, self::g};\nlet x = crate::h::i();\n\
                pub(crate) use mycrate::no;\nuse crate::{\n    j,\n    k::{l, m},\n};";
    let names: Vec<String> = names_after_crate(code).into_iter().collect();
    assert_eq!(names, ["a", "c", "d", "h", "j", "k", "self"]);
}
