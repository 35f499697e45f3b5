//! Lists that AWS Signer answers in pages: `nextToken` and `maxResults` of the AWS Signer API Reference.

use std::time::Duration;

/// The most items that a page may have. The API accepts no larger `maxResults`.
const PAGE: usize = 25;

/// The pages that are read without an item in any of them. A filter may leave pages empty.
const MAX_EMPTY: usize = 10_000;

/// How much of a list is read, and how long each call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The most items.
    pub limit: usize,
    /// The time for one page.
    pub budget: Duration,
}

impl Extent {
    /// The most items that are read unless the caller asks for another number.
    pub const MAX_ITEMS: usize = 100_000;
}

/// The items of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items, in AWS Signer's order.
    pub items: Vec<T>,
    /// Whether AWS Signer has more than were asked for.
    pub more: bool,
}

/// Reads a list page by page.
#[derive(Debug)]
pub(super) struct Pages<T> {
    limit: usize,
    items: Vec<T>,
    token: Option<String>,
    empty: usize,
    is_complete: bool,
}

impl<T> Pages<T> {
    pub fn new(limit: usize) -> Self {
        Self { limit, items: Vec::new(), token: None, empty: 0, is_complete: limit == 0 }
    }

    /// Whether another page is needed.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// `maxResults`, which is the same for all pages.
    pub fn size(&self) -> i32 {
        self.limit.clamp(1, PAGE) as i32
    }

    /// `nextToken` for the next page.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Adds a page with the token of the next one.
    ///
    /// # Errors
    /// Returns what is wrong with pages that would never end.
    pub fn add(&mut self, page: Vec<T>, next: Option<String>) -> Result<(), String> {
        self.empty = if page.is_empty() { self.empty + 1 } else { 0 };
        self.items.extend(page);
        let next = next.filter(|token| !token.is_empty());
        if next.is_some() && next == self.token {
            return Err("its nextToken leads to the same page again".to_owned());
        }
        if self.empty > MAX_EMPTY {
            return Err(format!("{MAX_EMPTY} pages in a row are empty"));
        }
        self.token = next;
        self.is_complete = self.token.is_none() || self.items.len() >= self.limit;
        Ok(())
    }

    /// The items of all pages.
    pub fn listed(mut self) -> Listed<T> {
        let more = self.token.is_some() || self.items.len() > self.limit;
        self.items.truncate(self.limit);
        Listed { items: self.items, more }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn token(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn reads_until_the_last_page() {
        let mut pages = Pages::new(100);
        assert_eq!((pages.size(), pages.token()), (25, None));
        pages.add(vec![1, 2], token("a")).unwrap();
        assert_eq!((pages.is_complete(), pages.token()), (false, token("a")));
        pages.add(Vec::new(), token("b")).unwrap();
        pages.add(vec![3], Some(String::new())).unwrap();
        assert!(pages.is_complete());
        assert_eq!(pages.listed(), Listed { items: vec![1, 2, 3], more: false });
    }

    #[test]
    fn stops_at_the_limit_and_says_that_there_are_more() {
        for (page, next, more) in [(2, None, false), (2, token("a"), true), (3, None, true)] {
            let mut pages = Pages::new(2);
            assert_eq!(pages.size(), 2);
            pages.add(vec![0; page], next.clone()).unwrap();
            assert!(pages.is_complete());
            assert_eq!(pages.listed(), Listed { items: vec![0; 2], more }, "{page} {next:?}");
        }
    }

    #[test]
    fn refuses_pages_that_never_end() {
        let mut pages = Pages::new(100);
        pages.add(vec![1], token("a")).unwrap();
        assert!(pages.add(vec![1], token("a")).unwrap_err().contains("same page"));
        let mut pages = Pages::<()>::new(100);
        let mut added = (0..=MAX_EMPTY).map(|number| pages.add(Vec::new(), token(&number.to_string())));
        assert!(added.find_map(Result::err).unwrap().contains("empty"));
    }
}
