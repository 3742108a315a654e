//! Which file uses which: imports within a room form no cycle.
//!
//! A `mod` declaration and a re-export do not count as uses; a re-exported name leads to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta, UseTree, Visibility};

/// A module: the crate's folder, then the names of the modules.
type Module = Vec<String>;

/// What a file imports, re-exports and names.
#[derive(Default)]
struct Names {
    used: Vec<Vec<String>>,
    exported: BTreeMap<String, Vec<String>>,
    idents: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for path in paths(&item.tree) {
            match (&item.vis, path.last()) {
                (Visibility::Inherited, _) => self.used.push(path),
                (_, Some(name)) => {
                    self.exported.insert(name.clone(), path.clone());
                }
                _ => {}
            }
        }
    }

    /// A macro's arguments are tokens: paths within the crate among them are uses.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let text = item.tokens.to_string();
        let text = text.replace(" ::", "::").replace(":: ", "::");
        for (at, _) in text.match_indices("::") {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let before = text[..at].trim_end_matches(is_part);
            let first = &text[before.len()..at];
            if !before.ends_with("::") && matches!(first, "crate" | "super" | "self") {
                let end = text[at..].find(|c| !is_part(c) && c != ':');
                let path = &text[before.len()..end.map_or(text.len(), |end| at + end)];
                let names = path.split("::").filter(|name| !name.is_empty());
                self.used.push(names.map(str::to_owned).collect());
            }
        }
        visit::visit_macro(self, item);
    }

    /// `pub(in path)` does not count as a use.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        self.idents.insert(names[0].clone());
        self.used.push(names);
        visit::visit_path(self, path);
    }
}

/// `#[cfg(test)]` and the like.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let tokens = list.tokens.to_string();
    let words: Vec<&str> = tokens.split(|c: char| !c.is_alphanumeric()).collect();
    list.path.is_ident("cfg") && words.contains(&"test") && !tokens.contains("test-util")
}

/// Each path of a `use` declaration.
fn paths(tree: &UseTree) -> Vec<Vec<String>> {
    match tree {
        UseTree::Path(path) => {
            let rest = paths(&path.tree).into_iter();
            let name = path.ident.to_string();
            rest.map(|rest| [vec![name.clone()], rest].concat())
                .collect()
        }
        UseTree::Group(group) => group.items.iter().flat_map(paths).collect(),
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        UseTree::Rename(name) => vec![vec![name.ident.to_string()]],
        UseTree::Glob(_) => vec![vec![]],
    }
}

/// The files of `src/`, each with the names in it.
pub(crate) struct Imports(BTreeMap<Module, Names>);

impl Imports {
    /// Takes files with their text. `crates` are the folders of other crates.
    pub(crate) fn new<'a>(
        files: impl IntoIterator<Item = (&'a Path, &'a str)>,
        crates: &[&str],
    ) -> Self {
        let mut modules = BTreeMap::new();
        for (path, text) in files {
            let module = module(path, crates);
            let file = syn::parse_file(text).unwrap();
            let mut names = Names::default();
            names.visit_file(&file);
            modules.insert(module, names);
        }
        Self(modules)
    }

    /// The files that `module` uses.
    fn uses(&self, module: &Module) -> BTreeSet<&Module> {
        let names = &self.0[module];
        let exported = names.exported.iter();
        // A name that a file re-exports and also uses itself is a use.
        let own = exported.filter(|(name, _)| names.idents.contains(*name));
        let paths = names.used.iter().chain(own.map(|(_, path)| path));
        let used = paths.filter_map(|path| self.resolve(module, path, 0));
        used.filter(|used| *used != module).collect()
    }

    /// The file that defines what `path` names in `module`; `None` outside of the crate.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<&Module> {
        let mut here = module.clone();
        let mut path = path;
        match path.first()?.as_str() {
            "crate" => here.truncate(1),
            "self" => {}
            "super" => {
                while path.first().is_some_and(|name| name == "super") {
                    here.pop();
                    path = &path[1..];
                }
                return self.descend(here, path, depth);
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                self.0.get_key_value(&child)?;
                return self.descend(here, path, depth);
            }
        }
        self.descend(here, &path[1..], depth)
    }

    fn descend(&self, mut here: Module, path: &[String], depth: usize) -> Option<&Module> {
        for name in path {
            let child = [here.as_slice(), std::slice::from_ref(name)].concat();
            if self.0.contains_key(&child) {
                here = child;
                continue;
            }
            let names = self.0.get(&here)?;
            return match names.exported.get(name) {
                Some(target) if depth < 8 => self.resolve(&here, target, depth + 1),
                _ => self.0.get_key_value(&here).map(|(module, _)| module),
            };
        }
        self.0.get_key_value(&here).map(|(module, _)| module)
    }

    /// The files of the same room that can be reached from `module`, over any number of steps.
    fn reachable(&self, module: &Module) -> BTreeSet<&Module> {
        let mut found = BTreeSet::new();
        let mut next = vec![module];
        while let Some(from) = next.pop() {
            for to in self.uses(from) {
                if room(to) == room(module) && found.insert(to) {
                    next.push(to);
                }
            }
        }
        found
    }

    /// The files that reach themselves.
    pub(crate) fn cycles(&self) -> Vec<String> {
        let modules = self.0.keys();
        let in_cycle = modules.filter(|module| self.reachable(module).contains(module));
        in_cycle.map(|module| module.join("/")).collect()
    }
}

/// Crates are rooms, and so are the folders of the crate in `src/`.
fn room(module: &Module) -> &[String] {
    let depth = if module[0] == "src" { 2 } else { 1 };
    &module[..depth.min(module.len())]
}

fn module(path: &Path, crates: &[&str]) -> Module {
    let path = path.with_extension("");
    let names: Vec<String> = path
        .components()
        .map(|name| name.as_os_str().to_str().unwrap().to_owned())
        .filter(|name| name != "lib")
        .collect();
    match names.first() {
        Some(first) if crates.contains(&first.as_str()) => names,
        _ => [vec!["src".to_owned()], names].concat(),
    }
}

#[test]
fn a_cycle_is_found_and_what_only_looks_like_one_is_not() {
    let cycles = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, text)| (Path::new(path), *text));
        Imports::new(files, &["other"]).cycles()
    };
    let parent = ("a.rs", "mod b; pub use self::b::B;");
    assert_eq!(cycles(&[parent, ("a/b.rs", "use super::X;")]), [""; 0]);
    let uses = ("a.rs", "mod b; pub use self::b::B; struct X(B);");
    assert_eq!(
        cycles(&[uses, ("a/b.rs", "use super::X;")]),
        ["src/a", "src/a/b"]
    );
    assert_eq!(
        cycles(&[
            ("a.rs", "mod b; mod c; pub use self::b::B;"),
            ("a/b.rs", "fn f() { super::c::g() }"),
            ("a/c.rs", "use crate::a::B;"),
        ]),
        ["src/a/b", "src/a/c"]
    );
    assert_eq!(
        cycles(&[
            uses,
            ("a/b.rs", "fn f() { assert!(super::x(), \"{}\", 1) }")
        ]),
        ["src/a", "src/a/b"]
    );
    let tests = "#[cfg(test)] mod tests { use super::super::X; }";
    assert_eq!(cycles(&[uses, ("a/b.rs", tests)]), [""; 0]);
    // Another test checks imports between rooms.
    assert_eq!(
        cycles(&[("a.rs", "use crate::c;"), ("c.rs", "use crate::a;")]),
        [""; 0]
    );
}
