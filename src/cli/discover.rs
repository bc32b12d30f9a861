//! `lastgood discover`: what is there, what of it no policy names, and a first policy.
//!
//! Listing is left to `collect`, the words of a first policy to `starter`.

use std::collections::BTreeSet;
use std::path::Path;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, LineStyle, Table};

use super::starter::{Account, Artifactory, Bucket, Controller, Seen, Target};
use super::{DiscoverArgs, Failure, exit, input, output};
use crate::collect::{self, plan};
use crate::evidence::{Evidence, Fact, Inventory, Item, Observation, bundle};
use crate::judge;
use crate::model::time::{Instant, human};
use crate::model::{Facet, ItemKind, UnseenReason};
use crate::policy::values::DefinedIn;
use crate::policy::{Policy, System};
use crate::render::escape::line;

/// The formats of `discover`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DiscoverFormat {
    /// Text for the terminal.
    Table,
    /// One JSON object with the items.
    Json,
}

/// Lists a system; the exit code says whether all of it could be seen.
pub(super) fn run(args: &DiscoverArgs) -> Result<u8, Failure> {
    let (policy, id, target) = if let Some(path) = &args.policy {
        let policy = input::policy(path)?;
        let id = named(&policy, &args.system)?;
        (policy, id, None)
    } else {
        let target = target(args)?;
        let policy = Policy::parse("discover", target.smallest().as_bytes())
            .map_err(|rejection| Failure::Usage { message: rejection.to_string(), hint: None })?;
        (policy, target.id().to_owned(), Some(target))
    };
    let folder = args.policy.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let mut options = args.network.options(false, &[], None)?;
    options.lists_of = Some(id.clone());
    let around = args.network.surroundings(folder, false)?;
    let gathered = collect::gather(&policy, folder, &options, &around)
        .map_err(|error| Failure::tool("nothing was listed", &error))?;
    let evidence = bundle::merge(gathered.observations);
    let found = Found::of(&evidence, &id);
    if let (true, Some(target)) = (args.init, &target) {
        let Some(inventory) = found.inventory.as_ref().filter(|_| !found.items.is_empty()) else {
            return Err(Failure::Tool(format!("{} could not be listed: {}", line(target.name()), found.why())));
        };
        let whole = inventory.complete && !inventory.public_only;
        let seen = Seen { items: &found.items, identity: &found.identity, whole, at: around.clock.now() };
        let text = target.policy(&seen);
        match &args.output {
            Some(file) => output::write_new(file, &text)?,
            None => output::print(|out| {
                out.write_all(text.as_bytes()).map_err(|error| Failure::tool("the starter policy", &error))
            })?,
        }
    } else {
        let undeclared = target.is_none().then(|| undeclared(&policy, &evidence, &id, around.clock.now()));
        output::print(|out| {
            let text = match args.format {
                DiscoverFormat::Table => found.table(undeclared.as_ref()),
                DiscoverFormat::Json => found.json(&id, undeclared.as_ref())?,
            };
            out.write_all(text.as_bytes()).map_err(|error| Failure::tool("discover", &error))
        })?;
    }
    for (reason, what) in &found.unseen {
        output::note(&format!("not seen: {} ({reason})", line(what)));
    }
    // A first policy that was written is what was asked for; what it could not see it says itself.
    Ok(if args.init || found.is_whole() { exit::OK } else { exit::UNKNOWN })
}

/// Returns what the argument names: `github:ORG`, `github:user/NAME`, `s3:BUCKET`, `artifactory:URL`,
/// `jenkins:URL`.
fn target(args: &DiscoverArgs) -> Result<Target, Failure> {
    let usage = || {
        Failure::Usage {
        message: format!("`{}` names no system that can be listed", args.system),
        hint: Some(
            "write github:ORG, github:user/NAME, s3:BUCKET, artifactory:URL or jenkins:URL, or the id of a system with --policy FILE"
                .to_owned(),
        ),
    }
    };
    if let Some(url) = args.base_url.as_ref().filter(|url| !is_address(url)) {
        return Err(Failure::Usage {
            message: format!("--base-url {url} is no http or https address"),
            hint: Some("write https://HOST/api/v3, or for a bucket https://HOST".to_owned()),
        });
    }
    let base_url = args.base_url.clone();
    match args.system.split_once(':') {
        Some(("github", name)) => {
            let (name, is_user) = name.strip_prefix("user/").map_or((name, false), |name| (name, true));
            // A login holds letters, digits and hyphens; anything else would be another path of the API.
            let is_login = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            let account = Account { name: name.to_owned(), is_user, base_url };
            is_login.then_some(Target::Github(account)).ok_or_else(usage)
        }
        Some(("s3", name)) => {
            let name = name.trim_start_matches("//").trim_end_matches('/');
            let is_bucket = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            is_bucket.then(|| Target::S3(Bucket { name: name.to_owned(), endpoint: base_url })).ok_or_else(usage)
        }
        Some((kind @ ("artifactory" | "jenkins"), url)) if base_url.is_none() && !url.is_empty() => {
            let url = if is_address(url) { url.to_owned() } else { format!("https://{url}") };
            Ok(match kind {
                "jenkins" => Target::Jenkins(Controller { url }),
                _ => Target::Artifactory(Artifactory { url }),
            })
        }
        _ => Err(usage()),
    }
}

fn is_address(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
}

/// Returns the id of the policy's system that `system` means: its id, or as `target` reads it.
fn named(policy: &Policy, system: &str) -> Result<String, Failure> {
    let meant = system.split_once(':');
    let bare = |url: &str| url.split("://").last().unwrap_or_default().trim_end_matches('/').to_owned();
    let is_meant = |id: &str, known: &System| {
        let by_name = match (known, meant) {
            (System::Github(github), Some(("github", meant))) => {
                let login = github.org.as_ref().or(github.user.as_ref());
                // Logins have no letter case.
                login.is_some_and(|login| meant.eq_ignore_ascii_case(&login.value))
            }
            (System::S3(s3), Some(("s3", meant))) => s3.bucket.value == meant,
            (System::Artifactory(artifactory), Some(("artifactory", meant))) => bare(&artifactory.url.0) == bare(meant),
            (System::Jenkins(jenkins), Some(("jenkins", meant))) => bare(&jenkins.url.0) == bare(meant),
            _ => false,
        };
        plan::can_list(known.kind()) && (id == system || by_name)
    };
    let systems = &policy.document().systems.0;
    let found = systems.iter().find(|(id, known)| is_meant(&id.value, known));
    found.map(|(id, _)| id.value.clone()).ok_or_else(|| Failure::Usage {
        message: format!("the policy has no system `{system}` that can be listed"),
        hint: Some("this version lists github, artifactory, s3 and jenkins systems".to_owned()),
    })
}

/// Returns the names that no asset and no exclusion of the policy matches.
fn undeclared(policy: &Policy, evidence: &Evidence, id: &str, now: Instant) -> BTreeSet<String> {
    let when = judge::When { as_of: now, period: crate::model::Period::ending(now, policy.review_every()) };
    let audit = judge::judge(policy, evidence, when);
    audit.estate.undeclared.get(id).into_iter().flatten().map(|name| (*name).to_owned()).collect()
}

/// A column of the list: its head, and its cell for an item.
type Column<'a> = (&'static str, Box<dyn Fn(&Item) -> String + 'a>);

/// What a system was found to hold.
struct Found {
    items: Vec<Item>,
    inventory: Option<Inventory>,
    identity: String,
    unseen: Vec<(UnseenReason, String)>,
}

impl Found {
    fn of(evidence: &Evidence, id: &str) -> Self {
        let mut found = Self { items: Vec::new(), inventory: None, identity: "nobody".to_owned(), unseen: Vec::new() };
        let observations: Vec<&Observation> = evidence.of_system(id).collect();
        for observation in observations {
            if let Some(identity) = &observation.source().identity {
                found.identity = identity.to_string();
            }
            match &observation.fact {
                Fact::Item(item) => found.items.push(Item::clone(item)),
                Fact::Inventory(inventory) => found.inventory = Some(inventory.clone()),
                Fact::Unseen(unseen) => found.unseen.push((unseen.reason, unseen.what.to_string())),
                Fact::Changes(_)
                | Fact::Clock(_)
                | Fact::Comparison(_)
                | Fact::RecoveryPoints(_)
                | Fact::Runs(_)
                | Fact::Schedule(_)
                | Fact::Settings(_)
                | Fact::Statement(_) => {}
            }
        }
        found.items.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn is_whole(&self) -> bool {
        let is_all = |inventory: &Inventory| inventory.complete && !inventory.public_only;
        self.unseen.is_empty() && self.inventory.as_ref().is_some_and(is_all)
    }

    fn why(&self) -> String {
        let why: Vec<&str> = self.unseen.iter().map(|(_, what)| what.as_str()).collect();
        if why.is_empty() { "nothing was shown".to_owned() } else { line(&why.join("; ")).into_owned() }
    }

    /// Returns what was seen in a sentence.
    fn summary(&self) -> String {
        let count = |is: &dyn Fn(&Item) -> bool| self.items.iter().filter(|item| is(item)).count();
        let whole = match &self.inventory {
            Some(inventory) if !inventory.complete => "; the list was cut short",
            Some(inventory) if inventory.public_only => "; what is private may be missing",
            Some(_) => "",
            None => "; the list did not end",
        };
        let noun = match self.inventory.as_ref().map(|inventory| inventory.kind) {
            Some(ItemKind::Prefix) => "prefixes",
            Some(ItemKind::Job) => "jobs",
            Some(ItemKind::Repository) | None => "repositories",
        };
        let counts: Vec<String> = [
            (count(&|item| item.archived == Some(true)), "archived"),
            (count(&|item| item.fork == Some(true)), "forked"),
            (count(&|item| item.private == Some(true)), "private"),
            (count(&|item| item.empty == Some(true)), "empty"),
            (count(&|item| item.defined_in == Some(DefinedIn::Jenkins)), "defined only in Jenkins"),
            (count(&|item| item.defined_in == Some(DefinedIn::Unknown)), "defined nobody knows where"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
        format!("{} {noun} seen as {}{counts}{whole}", self.items.len(), line(&self.identity))
    }

    fn table(&self, undeclared: Option<&BTreeSet<String>>) -> String {
        let mut table = Table::new();
        table
            .load_style(NOTHING.header_separator(LineStyle::new('─', '─', '─', '─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(output::look().width);
        let declared = |item: &Item| match undeclared {
            Some(undeclared) if undeclared.contains(&*item.name) => "undeclared".to_owned(),
            Some(_) => "declared or excluded".to_owned(),
            None => String::new(),
        };
        let columns: Vec<Column<'_>> = vec![
            ("Name", Box::new(|item| line(&item.name).into_owned())),
            ("Class", Box::new(|item| item.class.as_deref().map(|class| line(class).into_owned()).unwrap_or_default())),
            (
                "Created",
                Box::new(|item| item.created_at.map(|at| human(at).chars().take(10).collect()).unwrap_or_default()),
            ),
            ("Defined in", Box::new(|item| item.defined_in.map(|is| is.to_string()).unwrap_or_default())),
            ("State", Box::new(state)),
            ("Besides git", Box::new(besides_git)),
            ("Policy", Box::new(declared)),
        ];
        // What no item of such a system has is no column.
        let shown: Vec<&Column<'_>> =
            columns.iter().filter(|(_, cell)| self.items.iter().any(|item| !cell(item).is_empty())).collect();
        table.set_header(shown.iter().map(|(head, _)| *head));
        for item in &self.items {
            table.add_row(shown.iter().map(|(_, cell)| cell(item)));
        }
        let mut text = format!("{}\n", self.summary());
        if let Some(undeclared) = undeclared {
            text.push_str(&format!(
                "{} undeclared: neither an asset nor an exclusion matches them\n",
                undeclared.len()
            ));
        }
        if !self.items.is_empty() {
            text.push_str(&format!("\n{table}\n"));
        }
        text
    }

    fn json(&self, id: &str, undeclared: Option<&BTreeSet<String>>) -> Result<String, Failure> {
        let value = serde_json::json!({
            "system": id,
            "as": self.identity,
            "complete": self.is_whole(),
            "public_only": self.inventory.as_ref().is_none_or(|inventory| inventory.public_only),
            "items": self.items,
            "undeclared": undeclared,
        });
        let text = serde_json::to_string_pretty(&value).map_err(|error| Failure::tool("discover", &error))?;
        Ok(text + "\n")
    }
}

fn state(item: &Item) -> String {
    let flags = [
        (item.archived, "archived"),
        (item.fork, "fork"),
        (item.private, "private"),
        (item.empty, "empty"),
        (item.disabled, "disabled"),
        (item.template, "template"),
    ];
    let words: Vec<&str> = flags.iter().filter(|(is, _)| *is == Some(true)).map(|(_, word)| *word).collect();
    // Of a prefix nothing of this can be known.
    let known = flags.iter().any(|(is, _)| is.is_some());
    if words.is_empty() && known { "live".to_owned() } else { words.join(", ") }
}

/// Returns the facets besides git that are there, or may be.
fn besides_git(item: &Item) -> String {
    // Only repositories of code have such parts; a class is what other repositories have.
    if item.kind != ItemKind::Repository || item.class.is_some() {
        return String::new();
    }
    let shown = [Facet::Wiki, Facet::Issues, Facet::Releases, Facet::Lfs];
    let has = |facet: &&Facet| item.facets.as_ref().is_none_or(|facets| facets.contains(facet));
    shown.iter().filter(has).map(|facet| facet.word()).collect::<Vec<_>>().join(", ")
}
