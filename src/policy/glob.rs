//! Wildcards over the ASCII text of image references: `*`, `?`, `[…]`, `[!…]`, `{a,b}`, `\`.
//!
//! Groups are multiplied out when the pattern is read, so that matching needs no more than the
//! last `*` to go back to: time is at most pattern times text, whatever either says.

/// Alternatives that the groups of one pattern may multiply out to.
const MAX_ALTERNATIVES: usize = 64;
/// Steps of all alternatives together; times the longest reference (717 bytes) it bounds one match.
const MAX_STEPS: usize = 8192;
/// Groups inside groups.
const MAX_NESTING: usize = 8;

/// A compiled wildcard text. `*` matches any run of characters, `/` included.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    alternatives: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Exactly this byte.
    Byte(u8),
    /// One byte whose bit is set.
    OneOf(u128),
    /// Any run, empty too.
    Run,
}

impl Glob {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong with the text, in a few words.
    pub(super) fn compile(text: &str) -> Result<Self, &'static str> {
        let mut compiler = Compiler { rest: text, nesting: 0 };
        Ok(Self { alternatives: compiler.sequence()? })
    }

    /// Tells whether all of `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.alternatives.iter().any(|steps| walk(steps, text.as_bytes()))
    }

    /// Tells whether it is `*` alone and so matches everything.
    pub(super) fn is_everything(&self) -> bool {
        self.alternatives.iter().any(|steps| steps.as_slice() == [Step::Run])
    }

    /// The text with which everything that matches begins.
    pub(super) fn literal_prefix(&self) -> String {
        let mut alternatives = self.alternatives.iter().map(|steps| literal_start(steps));
        let first = alternatives.next().unwrap_or_default();
        alternatives.fold(first, |common, other| {
            let same = common.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
            common.chars().take(same).collect()
        })
    }
}

fn literal_start(steps: &[Step]) -> String {
    let literal = |step: &Step| match *step {
        Step::Byte(byte) => Some(char::from(byte)),
        Step::OneOf(_) | Step::Run => None,
    };
    steps.iter().map_while(literal).collect()
}

/// Matches by going back to the last `*` only: where a later `*` is reached, an earlier one can
/// gain nothing by taking more.
fn walk(steps: &[Step], text: &[u8]) -> bool {
    let (mut step, mut at) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(at) {
        match steps.get(step) {
            Some(Step::Run) => {
                step += 1;
                last_run = Some((step, at));
            }
            Some(&one) if one.accepts(byte) => {
                step += 1;
                at += 1;
            }
            _ => {
                let Some((after_run, taken)) = last_run else {
                    return false;
                };
                step = after_run;
                at = taken + 1;
                last_run = Some((after_run, at));
            }
        }
    }
    steps.iter().skip(step).all(|step| *step == Step::Run)
}

impl Step {
    fn accepts(self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => wanted == byte,
            Self::OneOf(set) => byte.is_ascii() && set >> byte & 1 == 1,
            Self::Run => false,
        }
    }
}

struct Compiler<'a> {
    rest: &'a str,
    nesting: usize,
}

impl Compiler<'_> {
    /// Reads up to the end, or up to the `,` or `}` that ends this alternative of a group.
    fn sequence(&mut self) -> Result<Vec<Vec<Step>>, &'static str> {
        let mut heads = vec![Vec::new()];
        while let Some(letter) = self.rest.chars().next() {
            if self.nesting > 0 && matches!(letter, ',' | '}') {
                break;
            }
            self.skip(letter);
            let step = match letter {
                '{' => {
                    heads = multiply(&heads, &self.group()?)?;
                    continue;
                }
                '}' => return Err("a `}` has no `{`"),
                ']' => return Err("a `]` has no `[`"),
                '[' => self.class()?,
                '*' => Step::Run,
                '?' => Step::OneOf(u128::MAX),
                '\\' => byte(self.next().ok_or("the pattern ends with `\\`")?)?,
                other => byte(other)?,
            };
            for head in &mut heads {
                if step != Step::Run || head.last() != Some(&Step::Run) {
                    head.push(step);
                }
            }
        }
        Ok(heads)
    }

    fn group(&mut self) -> Result<Vec<Vec<Step>>, &'static str> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err("groups are nested more than 8 deep");
        }
        let mut all = Vec::new();
        loop {
            all.append(&mut self.sequence()?);
            match self.next() {
                Some(',') => {}
                Some(_) => break,
                None => return Err("a `{` is not closed"),
            }
        }
        self.nesting -= 1;
        Ok(all)
    }

    fn class(&mut self) -> Result<Step, &'static str> {
        const OPEN: &str = "a `[` is not closed";
        let negated = self.rest.starts_with('!');
        if negated {
            self.skip('!');
        }
        let mut set = 0_u128;
        loop {
            let low = match self.next().ok_or(OPEN)? {
                ']' if set == 0 => return Err("a `[]` is empty"),
                ']' => break,
                '\\' => self.next().ok_or(OPEN)?,
                letter => letter,
            };
            let mut high = low;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.skip('-');
                high = self.next().ok_or(OPEN)?;
            }
            if !low.is_ascii() || !high.is_ascii() {
                return Err("only ASCII characters occur in an image reference");
            }
            if low > high {
                return Err("a range in `[]` runs backwards");
            }
            set |= (low..=high).fold(0, |set, letter| set | 1 << u32::from(letter));
        }
        Ok(Step::OneOf(if negated { !set } else { set }))
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.skip(letter);
        Some(letter)
    }

    fn skip(&mut self, letter: char) {
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or_default();
    }
}

fn byte(letter: char) -> Result<Step, &'static str> {
    u8::try_from(letter)
        .ok()
        .filter(u8::is_ascii)
        .map(Step::Byte)
        .ok_or("only ASCII characters occur in an image reference")
}

/// Every head followed by every tail.
fn multiply(heads: &[Vec<Step>], tails: &[Vec<Step>]) -> Result<Vec<Vec<Step>>, &'static str> {
    let steps = |all: &[Vec<Step>]| all.iter().map(Vec::len).sum::<usize>();
    if heads.len() * tails.len() > MAX_ALTERNATIVES
        || steps(heads) * tails.len() + steps(tails) * heads.len() > MAX_STEPS
    {
        return Err(
            "its groups multiply out to too many alternatives: split it into several rules",
        );
    }
    let joined = |head: &Vec<Step>, tail: &Vec<Step>| head.iter().chain(tail).copied().collect();
    Ok(heads.iter().flat_map(|head| tails.iter().map(move |tail| joined(head, tail))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        Glob::compile(glob).expect(glob).matches(text)
    }

    #[test]
    fn wildcards_match_what_they_say() {
        for (glob, yes, no) in [
            ("*", &["", "a", "a/b"][..], &[][..]),
            ("a*", &["a", "ab", "a/b"], &["", "ba"]),
            ("*a*b*", &["ab", "xaxbx"], &["ba", "a"]),
            ("a?c", &["abc", "a/c"], &["ac", "abbc"]),
            ("[abc]", &["a", "c"], &["d", "", "ab"]),
            ("[!abc]", &["d", "/"], &["a", ""]),
            ("[a-cx-z0]", &["b", "y", "0"], &["d", "-", "1"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[\\]]", &["]"], &["\\"]),
            ("{a,bc}d", &["ad", "bcd"], &["d", "abcd"]),
            ("x{,y}z", &["xz", "xyz"], &["xyyz"]),
            ("{a,b{c,d*}}", &["a", "bc", "bd", "bdxx"], &["b", "bcx"]),
            ("\\*a", &["*a"], &["aa"]),
            ("a,b", &["a,b"], &["a"]),
            ("a**b", &["ab", "axb"], &["a"]),
            ("", &[""], &["a"]),
        ] {
            for text in yes {
                assert!(matches(glob, text), "{glob} should match {text}");
            }
            for text in no {
                assert!(!matches(glob, text), "{glob} should not match {text}");
            }
        }
    }

    #[test]
    fn broken_globs_are_refused_with_words() {
        let nested = "{".repeat(9);
        let wide = "{a,b}".repeat(7);
        for (glob, why) in [
            ("[a", "not closed"),
            ("[", "not closed"),
            ("[a-", "not closed"),
            ("[a\\", "not closed"),
            ("[]", "empty"),
            ("[!]", "empty"),
            ("[z-a]", "backwards"),
            ("[ä]", "ASCII"),
            ("{a", "not closed"),
            ("{a,{b}", "not closed"),
            ("a}", "no `{`"),
            ("a]", "no `[`"),
            ("a\\", "ends with"),
            ("ä", "ASCII"),
            (&nested, "nested"),
            (&wide, "too many"),
        ] {
            let fault = Glob::compile(glob).expect_err(glob);
            assert!(fault.contains(why), "{glob}: {fault}");
        }
    }

    #[test]
    fn the_literal_prefix_is_what_all_alternatives_begin_with() {
        for (glob, prefix) in [
            ("ab*", "ab"),
            ("*", ""),
            ("abc", "abc"),
            ("a{bc,bd}", "ab"),
            ("{x,y}", ""),
            ("a?b", "a"),
        ] {
            assert_eq!(Glob::compile(glob).expect(glob).literal_prefix(), prefix, "{glob}");
        }
    }

    /// Matches in exponential time, from the definition.
    fn plainly(glob: &[char], text: &[char]) -> bool {
        match (glob.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some(('*', rest)), None) => plainly(rest, text),
            (Some(('*', rest)), Some((_, tail))) => plainly(rest, text) || plainly(glob, tail),
            (Some((wanted, rest)), Some((letter, tail))) => {
                (*wanted == '?' || wanted == letter) && plainly(rest, tail)
            }
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn going_back_to_the_last_run_is_enough(glob in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let plain = plainly(&glob.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&glob, &text), plain);
        }

        #[test]
        fn a_group_is_the_same_as_its_alternatives(
            a in "[ab*]{0,4}", b in "[ab*]{0,4}", end in "[ab*]{0,3}", text in "[ab]{0,8}",
        ) {
            let either = matches(&format!("{a}{end}"), &text) || matches(&format!("{b}{end}"), &text);
            prop_assert_eq!(matches(&format!("{{{a},{b}}}{end}"), &text), either);
        }

        #[test]
        fn compiling_never_panics(glob in "[ab*?{},\\[\\]!\\\\-]{0,40}|\\PC{0,20}", text in "[ -~]{0,20}") {
            if let Ok(glob) = Glob::compile(&glob) {
                prop_assert!(!glob.matches(&text) || text.starts_with(&glob.literal_prefix()));
            }
        }
    }
}
