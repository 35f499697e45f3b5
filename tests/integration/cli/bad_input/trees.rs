//! Index bombs: self-references, deep nesting and huge numbers of manifests.

use super::*;

/// An index that lists these manifests.
fn index(manifests: &[Descriptor]) -> Vec<u8> {
    let index = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": manifests });
    index.to_string().into_bytes()
}

/// Runs `verify --recursive`, `sign --recursive` and `copy`. Asserts that each fails with these words and writes
/// nothing.
#[track_caller]
fn fails(fixture: &Fixture, repository: Repository, code: i32, words: &str) {
    let server = repository.serve();
    fixture.verify(&reference(&server), &["--recursive"]).exits_with(code).says(words);
    fixture.sign(&reference(&server), &["--recursive"]).exits_with(code).says(words);
    assert!(server.seen().iter().all(|request| request.method == "GET"));
    fixture.run(&["copy", &reference(&server), "oci:copied:v1"]).exits_with(code).says(words);
    super::connections::assert_no_content(&fixture.file("copied"));
    assert!(server.seen().len() < 3500, "{}", server.seen().len());
}

#[test]
fn refuses_an_index_that_lists_itself() {
    let fixture = Fixture::new();
    let claimed = Descriptor::from_content(IMAGE_INDEX_MEDIA_TYPE, b"claimed");
    let mut repository = fixture.repository();
    repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(std::slice::from_ref(&claimed)), "v1");
    // The registry returns the outer index for the claimed digest.
    let bytes = index(std::slice::from_ref(&claimed));
    repository.put(&format!("manifests/{}", claimed.digest), IMAGE_INDEX_MEDIA_TYPE, &bytes);
    fails(&fixture, repository, 3, "its digest is not sha256:");
}

#[test]
fn limits_nested_indexes() {
    let fixture = Fixture::new();
    let mut repository = fixture.repository();
    let mut inner = fixture.image.clone();
    for _ in 0..20 {
        inner = repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(&[inner]), "v1");
    }
    fails(&fixture, repository, 2, "nested more than 4 deep");
}

#[test]
fn refuses_an_index_of_ten_thousand_manifests() {
    let fixture = Fixture::new();
    let image = |i: usize| Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &i.to_be_bytes());
    let mut repository = fixture.repository();
    let all: Vec<_> = (0..10_000).map(image).collect();
    repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(&all), "v1");
    fails(&fixture, repository, 2, "manifests has more than 1000 items");
    // The same number in ten indexes.
    let mut repository = fixture.repository();
    let tens: Vec<_> =
        all.chunks(1000).map(|part| repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(part), "part")).collect();
    repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(&tens), "v1");
    fails(&fixture, repository, 2, "has more than 1000 manifests");
}

#[test]
fn does_not_keep_the_annotations_of_an_index() {
    let fixture = Fixture::new();
    let mut repository = fixture.repository();
    let fat = |i: usize| {
        let mut image = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &i.to_be_bytes());
        image.annotations.insert("fat".to_owned(), "x".repeat(3_900_000));
        image
    };
    let parts: Vec<_> =
        (0..12).map(|i| repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(&[fat(i)]), "part")).collect();
    repository.put_manifest(IMAGE_INDEX_MEDIA_TYPE, &index(&parts), "v1");
    let server = repository.serve();
    // The listed manifests do not exist.
    fixture.verify(&reference(&server), &["--recursive"]).exits_with(1);
    fixture.sign(&reference(&server), &["--recursive"]).exits_with(2).says("404");
    fixture.run(&["copy", &reference(&server), "oci:copied:v1"]).exits_with(2).says("404");
}
