//! Reading the templates of `--template-dir`.
//!
//! Finds and reads files; what a template may say is left to the renderers.

use std::io::Read as _;
use std::path::Path;

use super::Failure;
use crate::model::nearest;
use crate::render::Templates;

/// The largest template, in bytes.
const LARGEST: u64 = 4 << 20;

/// Returns the templates that come with the program, with those of `folder` in place of the same name.
///
/// Everything that can be wrong with them is told before anybody is asked anything.
pub(super) fn load(folder: Option<&Path>) -> Result<Templates, Failure> {
    let mut templates = Templates::default();
    let Some(folder) = folder else { return Ok(templates) };
    let names = || Templates::names().collect::<Vec<_>>().join(", ");
    let cannot = |path: &Path, error: &dyn std::fmt::Display| Failure::Usage {
        message: format!("cannot read the templates of {}: {error}", path.display()),
        hint: Some("--template-dir is a folder with templates; `docs/templates.md` tells about them".to_owned()),
    };
    let mut found: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| cannot(folder, &error))? {
        let name = entry.map_err(|error| cannot(folder, &error))?.file_name();
        // What an editor or a version control keeps beside the files is nobody's template.
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            found.push(name);
        }
    }
    found.sort();
    for name in found {
        let path = folder.join(&name);
        if !Templates::names().any(|known| known == name) {
            let hint = nearest(&name, Templates::names()).map_or_else(
                || format!("the templates are {}", names()),
                |meant| format!("did you mean `{meant}`? The templates are {}", names()),
            );
            return Err(Failure::Usage {
                message: format!("{} is the name of no template", path.display()),
                hint: Some(hint),
            });
        }
        let mut text = String::new();
        let file = std::fs::File::open(&path).map_err(|error| cannot(&path, &error))?;
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| cannot(&path, &error))?;
        if text.len() as u64 > LARGEST {
            return Err(cannot(&path, &format!("it has more than {LARGEST} bytes")));
        }
        templates.replace(&name, text).map_err(|fault| Failure::Usage {
            message: format!("a template of {} has a fault: {fault}", folder.display()),
            hint: None,
        })?;
    }
    if templates.are_embedded() {
        return Err(Failure::Usage {
            message: format!("{} holds no template", folder.display()),
            hint: Some(format!("the templates are {}", names())),
        });
    }
    Ok(templates)
}
