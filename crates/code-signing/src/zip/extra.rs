//! Extra fields of headers that change what a reader sees: the 64-bit sizes of Zip64 (APPNOTE.TXT, 4.5.3) and the
//! second name of Info-ZIP's Unicode Path (4.6.9).

use super::record::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;
/// The value of a 32-bit field whose value is in the Zip64 field.
const ELSEWHERE: u32 = u32::MAX;

/// The extra field of a header, split up.
pub(crate) struct Extra<'a> {
    zip64: Option<&'a [u8]>,
    unicode_path: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// Splits an extra field. `None` if a field is cut off, or one that is evaluated occurs twice.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut extra = Self { zip64: None, unicode_path: None };
        let mut fields = Fields(bytes);
        while fields.0.len() >= 4 {
            let id = fields.u16()?;
            let length = fields.u16()?;
            let data = fields.bytes(length.into())?;
            let place = match id {
                ZIP64 => &mut extra.zip64,
                UNICODE_PATH => &mut extra.unicode_path,
                _ => continue,
            };
            if place.replace(data).is_some() {
                return None;
            }
        }
        // Tools that align data pad with zeros.
        fields.0.iter().all(|byte| *byte == 0).then_some(extra)
    }

    /// Whether there is a second name, and it is another one than the header's.
    pub(crate) fn renames(&self, name: &[u8]) -> bool {
        // One byte of version, four of CRC, then the name.
        self.unicode_path.is_some_and(|data| data.get(5..) != Some(name))
    }

    /// The values of 32-bit fields, in the order of Zip64: those that are elsewhere are taken from the Zip64 field.
    /// `None` if one is missing there.
    pub(crate) fn resolve<const N: usize>(&self, values: [u32; N]) -> Option<[u64; N]> {
        let mut fields = Fields(self.zip64.unwrap_or_default());
        let mut resolved = [0; N];
        for (to, value) in resolved.iter_mut().zip(values) {
            *to = if value == ELSEWHERE { fields.u64()? } else { value.into() };
        }
        Some(resolved)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn field(id: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&id.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn takes_only_values_that_are_elsewhere_from_zip64() {
        let bytes = field(ZIP64, &[7u64.to_le_bytes(), 8u64.to_le_bytes()].concat());
        let extra = Extra::read(&bytes).unwrap();
        assert_eq!(extra.resolve([ELSEWHERE, 5, ELSEWHERE]), Some([7, 5, 8]));
        assert_eq!(extra.resolve([1, 2]), Some([1, 2]));
        assert_eq!(extra.resolve([ELSEWHERE; 3]), None);
    }

    #[test]
    fn rejects_cut_off_and_repeated_fields() {
        let one = field(ZIP64, &[0; 8]);
        assert!(Extra::read(&[one.clone(), one.clone()].concat()).is_none());
        assert!(Extra::read(&one[..9]).is_none());
        assert!(Extra::read(&[&one[..], &[0, 0, 0]].concat()).is_some());
        assert!(Extra::read(&[&one[..], &[0, 1, 0]].concat()).is_none());
    }

    #[test]
    fn finds_a_second_name() {
        let bytes = field(UNICODE_PATH, b"\x01\0\0\0\0evil");
        let extra = Extra::read(&bytes).unwrap();
        assert!(extra.renames(b"good") && !extra.renames(b"evil"));
        assert!(Extra::read(&field(UNICODE_PATH, b"")).unwrap().renames(b"x"));
    }
}
