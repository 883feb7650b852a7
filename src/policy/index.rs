//! Finds the rules that can match a name by the text with which their patterns begin.

/// The literal beginnings of all patterns, sorted; each knows the longest other one that it
/// itself begins with.
#[derive(Debug)]
pub(super) struct PrefixIndex {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    prefix: Box<str>,
    parent: Option<usize>,
    rules: Vec<usize>,
}

impl PrefixIndex {
    /// Takes the beginning of each pattern, in the order of the rules.
    pub(super) fn new<'a>(prefixes: impl Iterator<Item = &'a str>) -> Self {
        let mut sorted: Vec<(&str, usize)> = prefixes.zip(0..).collect();
        sorted.sort_unstable();
        let mut entries: Vec<Entry> = Vec::new();
        for (prefix, rule) in sorted {
            match entries.last_mut() {
                Some(last) if last.prefix.as_ref() == prefix => last.rules.push(rule),
                _ => {
                    let parent = longest_in(&entries, prefix);
                    entries.push(Entry { prefix: prefix.into(), parent, rules: vec![rule] });
                }
            }
        }
        Self { entries }
    }

    /// The rules whose beginning `name` has.
    pub(super) fn candidates(&self, name: &str) -> impl Iterator<Item = usize> {
        let first = longest_in(&self.entries, name).and_then(|at| self.entries.get(at));
        std::iter::successors(first, |entry| entry.parent.and_then(|at| self.entries.get(at)))
            .flat_map(|entry| entry.rules.iter().copied())
    }
}

/// The longest entry that `name` begins with.
///
/// Every such entry sorts at or before `name`, and the last one that does so begins with all of
/// them: so they are on its chain of parents.
fn longest_in(entries: &[Entry], name: &str) -> Option<usize> {
    let last = entries.partition_point(|entry| entry.prefix.as_ref() <= name).checked_sub(1)?;
    std::iter::successors(Some(last), |&at| entries.get(at)?.parent)
        .find(|&at| entries.get(at).is_some_and(|entry| name.starts_with(entry.prefix.as_ref())))
}
