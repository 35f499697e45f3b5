//! Tables for people.

use notary::text::printable;

use super::wrap::display_width;
use super::{DIM, paint};

/// The columns between two cells.
const GAP: usize = 2;
/// The columns before the further lines of a row.
const INDENT: usize = 2;

/// A table of text cells.
#[derive(Debug)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of untrusted text: unprintable characters are replaced.
    pub fn add(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| printable(cell)).collect());
    }

    /// The lines of the table. If a row is wider than `columns`, every row continues on further lines: cells are not
    /// cut, because digests and ARNs are copied.
    #[must_use]
    pub fn lines(&self, columns: Option<usize>) -> Vec<String> {
        let widths: Vec<usize> = (0..self.header.len()).map(|column| self.width(column)).collect();
        let parts = parts(&widths, columns);
        let header: Vec<String> = self.header.iter().map(|name| (*name).to_owned()).collect();
        let mut lines: Vec<String> = layout(&header, &widths, &parts).iter().map(|line| paint(DIM, line)).collect();
        lines.extend(self.rows.iter().flat_map(|row| layout(row, &widths, &parts)));
        lines
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell));
        cells.max().unwrap_or_default().max(self.header[column].len())
    }
}

/// The cells of each line of a row, as ranges.
fn parts(widths: &[usize], columns: Option<usize>) -> Vec<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (column, width) in widths.iter().enumerate() {
        if column > start && columns.is_some_and(|columns| used + GAP + width > columns) {
            parts.push(start..column);
            (start, used) = (column, INDENT + width);
        } else {
            used += width + if column > start { GAP } else { 0 };
        }
    }
    parts.push(start..widths.len());
    parts
}

fn layout(row: &[String], widths: &[usize], parts: &[std::ops::Range<usize>]) -> Vec<String> {
    let line = |(number, part): (usize, &std::ops::Range<usize>)| {
        let mut line = " ".repeat(if number > 0 { INDENT } else { 0 });
        for column in part.clone() {
            let cell = row.get(column).map_or("", String::as_str);
            line.push_str(cell);
            line.push_str(&" ".repeat((widths[column] + GAP).saturating_sub(display_width(cell))));
        }
        line.truncate(line.trim_end().len());
        line
    };
    parts.iter().enumerate().map(line).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn table() -> Table {
        let mut table = Table::new(&["A", "BBB", "C"]);
        table.add(vec!["aaaa".to_owned(), "b".to_owned(), "c\u{1b}[2J".to_owned()]);
        table.add(vec!["a".to_owned(), "unreadable".to_owned()]);
        table
    }

    fn plain(columns: Option<usize>) -> String {
        anstream::adapter::strip_str(&table().lines(columns).join("\n")).to_string()
    }

    #[test]
    fn aligns_cells() {
        let expected = "A     BBB         C\naaaa  b           c [2J\na     unreadable";
        assert_eq!((plain(None), plain(Some(80))), (expected.to_owned(), expected.to_owned()));
    }

    #[test]
    fn continues_rows_that_are_too_wide_without_cutting_cells() {
        assert_eq!(plain(Some(20)), "A     BBB\n  C\naaaa  b\n  c [2J\na     unreadable");
        assert_eq!(plain(Some(3)), "A\n  BBB\n  C\naaaa\n  b\n  c [2J\na\n  unreadable");
    }
}
