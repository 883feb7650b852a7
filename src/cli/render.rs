//! How results look: tables for people, colour only on a terminal (`anstream` strips it elsewhere).

pub(super) const RED: &str = "\x1b[31m";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const YELLOW: &str = "\x1b[33m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const RESET: &str = "\x1b[0m";

/// A cell of a table, with the colour of its text.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    text: String,
    colour: &'static str,
}

impl Cell {
    /// Text in the terminal's own colour.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), colour: "" }
    }

    /// Coloured text.
    pub(super) fn coloured(text: impl Into<String>, colour: &'static str) -> Self {
        Self { text: text.into(), colour }
    }
}

/// Columns as wide as their widest cell; the last one runs on.
pub(super) fn table(head: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    let mut out = String::new();
    let titles: Vec<Cell> = head.iter().map(|title| Cell::coloured(*title, BOLD)).collect();
    for row in std::iter::once(&titles).chain(rows) {
        write_row(&mut out, &widths, row);
    }
    out
}

fn write_row(out: &mut String, widths: &[usize], row: &[Cell]) {
    let last = row.len().saturating_sub(1);
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let reset = if cell.colour.is_empty() { "" } else { RESET };
        out.push_str(cell.colour);
        out.push_str(&cell.text);
        out.push_str(reset);
        if column < last {
            let gap = width.saturating_sub(cell.text.chars().count()) + 2;
            out.extend(std::iter::repeat_n(' ', gap));
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_the_last_one_runs_on() {
        let rows = vec![
            vec![Cell::plain("a"), Cell::coloured("yes", GREEN)],
            vec![Cell::plain("longer"), Cell::plain("no")],
        ];
        let text = anstream::adapter::strip_str(&table(&["image", "ok"], &rows)).to_string();
        assert_eq!(text, "image   ok\na       yes\nlonger  no\n");
    }
}
