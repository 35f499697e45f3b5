//! Tables. Where the page is narrow, each row becomes a block whose values have their column's name before them.

use maud::{Markup, html};

/// A table. The first value of each row is its heading. The roles stay when the style changes the display of the parts.
pub(in crate::console) fn table(caption: &str, columns: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    html! {
        table role="table" {
            caption.unseen { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for column in columns { th scope="col" role="columnheader" data-column=(column) { (column) } } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (number, (column, value)) in columns.iter().zip(row).enumerate() {
                            @if number == 0 {
                                th scope="row" role="rowheader" data-column=(column) { (value) }
                            } @else {
                                td role="cell" data-column=(column) { (value) }
                            }
                        }
                    }
                }
            }
        }
    }
}
