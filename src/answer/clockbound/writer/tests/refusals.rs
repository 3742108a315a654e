//! Tests what hinders a writer, and what others do to its file.

use super::*;

#[test]
fn nothing_is_followed_and_nothing_is_waited_for() {
    let directory = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, nothing().to_bytes(2)).unwrap();
    let path = directory.path().join(FILE_NAME);
    // A valid link, a dangling link, and a directory.
    symlink(&victim, &path).unwrap();
    assert!(matches!(open(directory.path()), Err(Fault::NotAFile)));
    fs::remove_file(&path).unwrap();
    symlink(elsewhere.path().join("none"), &path).unwrap();
    assert!(matches!(open(directory.path()), Err(Fault::NotAFile)));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(open(directory.path()), Err(Fault::NotAFile)));
    fs::remove_dir(&path).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &path,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
    )
    .unwrap();
    assert!(matches!(open(directory.path()), Err(Fault::NotAFile)));
    fs::remove_file(&path).unwrap();

    // A link at the new file's name is removed, not followed.
    symlink(&victim, directory.path().join(NEW_FILE_NAME)).unwrap();
    let before = fs::read(&victim).unwrap();
    let (_, found) = open(directory.path()).unwrap();
    assert_eq!(found, OpenOutcome::New);
    assert_eq!(fs::read(&victim).unwrap(), before);
}

#[test]
fn a_new_file_left_over_is_no_obstacle() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(NEW_FILE_NAME), "half").unwrap();
    assert_eq!(open(directory.path()).unwrap().1, OpenOutcome::New);
    assert!(!directory.path().join(NEW_FILE_NAME).exists());
}

#[test]
fn there_is_one_writer() {
    let directory = TempDir::new().unwrap();
    let (mut first, _) = open(directory.path()).unwrap();
    assert!(matches!(open(directory.path()), Err(Fault::Locked)));

    // A writer that takes no lock is noticed by its writes.
    patch(directory.path(), &8_u16.to_ne_bytes(), GENERATION_OFFSET);
    assert!(matches!(
        first.publish(&nothing(), difference()),
        Err(Fault::OtherWriter)
    ));
    drop(first);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| Writer::open(directory.path(), &nothing(), Existing::Observe));
        let mut generation = 8_u16;
        while !looking.is_finished() {
            generation += 2;
            patch(
                directory.path(),
                &generation.to_ne_bytes(),
                GENERATION_OFFSET,
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(matches!(looking.join().unwrap(), Err(Fault::OtherWriter)));
    });
    let (_, found) = Writer::open(directory.path(), &nothing(), Existing::Observe).unwrap();
    assert!(
        matches!(found, OpenOutcome::Complete { .. }),
        "it rests: {found:?}"
    );
}

#[test]
fn a_file_that_was_removed_or_replaced_is_noticed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(FILE_NAME);
    let (mut writer, _) = open(directory.path()).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        writer.publish(&nothing(), difference()),
        Err(Fault::Removed)
    ));
    drop(writer);
    let (mut writer, _) = open(directory.path()).unwrap();
    fs::copy(&path, directory.path().join("other")).unwrap();
    fs::rename(directory.path().join("other"), &path).unwrap();
    assert!(matches!(
        writer.publish(&nothing(), difference()),
        Err(Fault::Replaced)
    ));
}

#[test]
fn a_directory_that_is_none_is_named() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing");
    let fault = open(&missing).unwrap_err();
    assert!(
        fault
            .to_string()
            .starts_with("the directory cannot be opened: "),
        "{fault}"
    );
    fs::write(&missing, "").unwrap();
    assert!(matches!(open(&missing), Err(Fault::Directory(_))));
}
