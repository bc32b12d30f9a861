//! Writing the files of one run as a set: all of them are written whole beside their places before the
//! first is put in place.
//!
//! What they hold is left to the renderers.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::{Failure, output};

/// How temporary files are called, before random letters and digits.
const PREFIX: &str = ".lastgood-";
/// How many letters and digits follow.
const RANDOM: usize = 6;
/// The age from which a temporary file is taken for what a killed run left: no run writes for so long.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// Writes the content of a file.
pub(super) type Content<'a> = &'a dyn Fn(&mut dyn Write) -> Result<(), Failure>;

/// Writes one file. A reader sees the old content or the new one, never a part of it. A link stays and leads to
/// the new content; what is no file, such as a pipe or a device, is written to as it is.
pub(super) fn write_one(path: &Path, content: Content<'_>) -> Result<(), Failure> {
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = place.as_path();
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let cannot = |error: io::Error| Failure::Tool(format!("cannot write {}: {error}", path.display()));
        let file = File::options().write(true).open(path).map_err(cannot)?;
        let mut out = io::BufWriter::with_capacity(1 << 16, file);
        content(&mut out)?;
        return out.flush().map_err(cannot);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Failure::Usage { message: format!("{} names no file", path.display()), hint: None })?;
    write_set(folder, &[(name, content)])
}

/// Writes files into `folder`, each with its name, and puts them in place in the order given.
///
/// A run that fails leaves the files that were there. One that is killed leaves the old set or the new
/// one, unless it is killed between two of the last renames; no system can rename several files at once.
pub(super) fn write_set(folder: &Path, files: &[(&str, Content<'_>)]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::tool(&format!("cannot make {}", folder.display()), &error))?;
    // First, because the disk may be full of them.
    remove_leftovers(folder);
    let cannot = |name: &str, error: &dyn std::fmt::Display| {
        Failure::Tool(format!("cannot write {}: {error}", folder.join(name).display()))
    };
    let mut written = Vec::new();
    for (name, content) in files {
        // What no rename could replace is found before the first file is replaced.
        if folder.join(name).is_dir() {
            return Err(cannot(name, &"it is a folder"));
        }
        let file = write_beside(folder, *content).map_err(|failure| match failure {
            Beside::System(error) => cannot(name, &error),
            Beside::Content(failure) => failure,
        })?;
        written.push((name, file));
    }
    for (name, file) in written {
        file.persist(folder.join(name)).map_err(|error| cannot(name, &error.error))?;
    }
    // Brings the new names to the disk, where a folder can be opened as a file; what they name is there.
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
    Ok(())
}

/// Why a temporary file could not be written.
enum Beside {
    System(io::Error),
    Content(Failure),
}

impl From<io::Error> for Beside {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Returns a temporary file in `folder` with this content, on disk. It is removed when it is dropped.
fn write_beside(folder: &Path, content: Content<'_>) -> Result<NamedTempFile, Beside> {
    let file = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
    let mut out = io::BufWriter::with_capacity(1 << 16, file);
    content(&mut out).map_err(Beside::Content)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Else the name could reach the disk before the content.
    file.as_file().sync_all()?;
    readable(file.as_file())?;
    Ok(file)
}

/// Removes what runs that were killed left in `folder`; what a run that still writes may need stays.
fn remove_leftovers(folder: &Path) {
    // The folder may be on another machine, so its own clock says what is old.
    let Ok(now) = tempfile::tempfile_in(folder).and_then(|file| file.metadata()?.modified()) else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // Of the entry itself: a link is never followed.
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|modified| now.duration_since(modified).ok());
        let is_leftover = entry.file_name().to_str().is_some_and(is_temporary)
            && metadata.is_file()
            && age.is_some_and(|age| age > LEFT_BEHIND);
        if is_leftover && let Err(error) = fs::remove_file(entry.path()) {
            output::note(&format!("warning: cannot remove {}: {error}", entry.path().display()));
        }
    }
}

/// Returns whether a file is called as the temporary files are.
fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).unwrap_or_default();
    random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Gives a new file the rights that other new files have; temporary files are private.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// Elsewhere, temporary files have the rights of their folder already.
#[cfg(not(unix))]
fn readable(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &'static str) -> impl Fn(&mut dyn Write) -> Result<(), Failure> {
        move |out| out.write_all(text.as_bytes()).map_err(|error| Failure::tool("content", &error))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_that_fails_leaves_the_old_set_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write_set(path, &[("a", &content("old a")), ("b", &content("old b"))]).unwrap();
        let fails = |_: &mut dyn Write| Err(Failure::Tool("no".to_owned()));
        assert!(write_set(path, &[("a", &content("new a")), ("b", &fails)]).is_err());
        assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "old a");
        assert_eq!(names(path), ["a", "b"]);
        fs::create_dir(path.join("c")).unwrap();
        assert!(write_set(path, &[("a", &content("new a")), ("c", &content("new c"))]).is_err());
        assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "old a");
        assert_eq!(names(path), ["a", "b", "c"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::write(path.join("real"), "old").unwrap();
        std::os::unix::fs::symlink(path.join("real"), path.join("link")).unwrap();
        write_one(&path.join("link"), &content("new")).unwrap();
        assert!(path.join("link").is_symlink());
        assert_eq!(fs::read_to_string(path.join("real")).unwrap(), "new");
        std::os::unix::fs::symlink("/dev/null", path.join("nowhere")).unwrap();
        write_one(&path.join("nowhere"), &content("new")).unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
        write_one(&path.join("new"), &content("new")).unwrap();
        assert_eq!(names(path), ["link", "new", "nowhere", "real"]);
        assert!(write_one(path, &content("new")).is_err(), "a folder");
    }

    #[test]
    fn no_file_is_put_in_place_before_all_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let looks = |out: &mut dyn Write| {
            assert!(!path.join("a").exists(), "the first is in place while the second is written");
            content("b")(out)
        };
        write_set(path, &[("a", &content("a")), ("b", &looks)]).unwrap();
        assert_eq!(names(path), ["a", "b"]);
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let aged = |name: &str, minutes: u64| {
            let file = File::create(path.join(name)).unwrap();
            let then = file.metadata().unwrap().modified().unwrap() - Duration::from_secs(minutes * 60);
            file.set_modified(then).unwrap();
        };
        aged(".lastgood-Ab3dE9", 61);
        aged(".lastgood-young1", 59);
        aged(".lastgood-notes.md", 600);
        aged(".lastgood-", 600);
        aged("lastgood-Ab3dE9", 600);
        aged("report.html", 600);
        fs::create_dir(path.join(".lastgood-folder")).unwrap();
        write_set(path, &[("a", &content("a"))]).unwrap();
        let left = [".lastgood-", ".lastgood-folder", ".lastgood-notes.md", ".lastgood-young1", "a", "lastgood-Ab3dE9"];
        assert_eq!(names(path), [&left[..], &["report.html"]].concat());
    }
}
